//! What a section of the settings says, as names and values: for the page of all settings, and for what a change would change.

use crate::{
    Contact, Settings,
    employer::Section,
    words::{self, settings as say},
};

/// The names and values of a section; an empty value where nothing is set.
pub(super) fn of(section: Section, settings: &Settings) -> Vec<(String, String)> {
    let policies = &settings.policies;
    match section {
        Section::Contacts => {
            let it = settings.it_service_desk.clone().unwrap_or_default();
            [contact(say::SERVICE_DESK, &settings.service_desk), contact(say::IT_SERVICE_DESK, &it)].concat()
        }
        Section::Networks => {
            let networks: Vec<String> = settings.networks.iter().map(ToString::to_string).collect();
            vec![fact(say::NETWORKS, networks.join(", "))]
        }
        Section::MailDomains => vec![fact(say::MAIL_DOMAINS, settings.mail_domains.join(", "))],
        Section::Links => {
            let links = settings.local_links.iter().enumerate();
            links.map(|(at, link)| (say::link(at + 1), say::link_is(link))).collect()
        }
        Section::Messages => {
            let learning = settings.learning.as_ref();
            vec![
                fact(say::MESSAGE, settings.message.clone().unwrap_or_default()),
                fact(say::LEARNING_MESSAGE, learning.map(|of| of.message.clone()).unwrap_or_default()),
                fact(say::LEARNING_HOMEPAGE, learning.map(|of| of.homepage.clone()).unwrap_or_default()),
            ]
        }
        Section::Policies => {
            let mut facts = vec![
                fact(say::INTERNET_ACCESS, say::internet_access(policies.internet_access)),
                fact(say::SECOND_FACTOR, say::second_factor(policies.second_factor)),
                fact(say::ROLES_FROM_OUTSIDE, words::yes_or_no(policies.roles_from_outside)),
                fact(say::PAYSLIPS_TWO_PERSONS, words::yes_or_no(policies.payslips_two_persons)),
            ];
            let numbers = policies.numbers().into_iter();
            facts.extend(numbers.map(|number| fact(say::policy(number.field), number.value.to_string())));
            facts
        }
        Section::Logo => vec![fact(say::LOGO, settings.logo.as_deref().map_or_else(String::new, say::logo))],
    }
}

fn fact(key: &str, value: impl Into<String>) -> (String, String) {
    (key.to_owned(), value.into())
}

fn contact(whose: &str, contact: &Contact) -> Vec<(String, String)> {
    [
        (say::NAME, &contact.name),
        (say::PHONE, &contact.phone),
        (say::EMAIL, &contact.email),
        (say::HOURS, &contact.hours),
    ]
    .map(|(what, value)| (say::of_contact(whose, what), value.clone()))
    .to_vec()
}
