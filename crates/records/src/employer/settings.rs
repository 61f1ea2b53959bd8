use std::{fmt, str::FromStr};

use ipnet::IpNet;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::{Role, words};

/// What an employer has chosen: contacts, mail domains, networks, links, policies. JSON in the database.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Who helps staff that cannot get in.
    pub service_desk: Contact,
    /// Who helps staff without a mail account, where that is somebody else.
    pub it_service_desk: Option<Contact>,
    /// The domains that mail may go to, such as `nhs.net`; a subdomain counts only where it is named.
    pub mail_domains: Vec<String>,
    /// The employer's own networks. They count for its own accounts only.
    pub networks: Vec<IpNet>,
    /// An IANA time zone.
    pub time_zone: String,
    /// Links for its staff's portal page.
    pub local_links: Vec<LocalLink>,
    /// Where its e-learning is, where it is elsewhere: then the tile `My e-Learning` says this and leads there.
    pub learning: Option<Learning>,
    /// What its staff are to know, on the portal page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The hash of its logo, which stands in the header of its staff's pages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logo: Option<String>,
    /// Its policies.
    pub policies: Policies,
}

/// Whom to ring or write to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Contact {
    /// What they are called.
    pub name: String,
    /// A telephone number.
    pub phone: String,
    /// An email address.
    pub email: String,
    /// When somebody answers, in words.
    pub hours: String,
}

/// A link on the portal page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LocalLink {
    /// Its words.
    pub title: String,
    /// `https:`, `mailto:`, or the path of a page of the portal.
    pub address: String,
    /// Whom it is for, besides being staff; none for everyone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only_for: Option<Role>,
}

/// The tile `My e-Learning`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Learning {
    /// Its information message.
    pub message: String,
    /// Where `Learner Homepage` leads: `https:`.
    pub homepage: String,
}

store::words! {
    /// Who decides a request for internet access.
    pub enum InternetAccess {
        /// Nobody: it is approved at once.
        Automatic = "automatic",
        /// HR.
        Hr = "hr",
    }
}

store::words! {
    /// Whether staff who log in from outside give more than a password.
    pub enum SecondFactor {
        /// They do not.
        Off = "off",
        /// Whoever has set one up does.
        Offered = "offered",
        /// Everybody does.
        Required = "required",
    }
}

/// An employer's policies.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Policies {
    /// Who decides a request for internet access.
    pub internet_access: InternetAccess,
    /// A session ends after so many minutes without a request.
    pub session_idle_minutes: u32,
    /// A session ends after so many hours in any case.
    pub session_most_hours: u32,
    /// A mailed link works so many minutes.
    pub link_minutes: u32,
    /// So many failures in a row lock an account.
    pub lock_failures: u32,
    /// The first lock lasts so many minutes; each further one twice as long.
    pub lock_minutes: u32,
    /// A lock lasts so many minutes at most.
    pub lock_most_minutes: u32,
    /// The fewest characters of a password that is the only factor (NIST SP 800-63B-4 §3.1.1.2).
    pub password_length: u32,
    /// The fewest characters of a password beside a second factor (NIST SP 800-63B-4 §3.1.1.2).
    pub password_length_beside_factor: u32,
    /// Whether staff who log in from outside its networks give a second factor. Whoever has another role always does.
    pub second_factor: SecondFactor,
    /// So many days from their first log-in, staff may put off setting one up.
    pub second_factor_grace_days: u32,
    /// So many days a browser outside may be remembered, so that staff need not give it there each time; 0 for never.
    pub remember_device_days: u32,
    /// Whoever has lost all their factors has so many hours to stop somebody else who says so.
    pub re_enrolment_hours: u32,
    /// A changed identity field of somebody who has been in works after so many hours.
    pub identity_hold_hours: u32,
    /// An old username works so many days beside a new one.
    pub username_change_days: u32,
    /// Whether a role's pages may be used from outside the employer's networks.
    pub roles_from_outside: bool,
    /// Whether it takes two people of payroll to publish a run of payslips.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub payslips_two_persons: bool,
    /// So many years after their last day, leavers may log in for their payslips and P60s; 0 for never.
    #[serde(skip_serializing_if = "is_usual_years")]
    pub leavers_years: u32,
}

/// So many years, unless an employer says otherwise: then an older release, which refuses what it does not know, is not told.
const LEAVERS_YEARS: u32 = 7;

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_usual_years(years: &u32) -> bool {
    *years == LEAVERS_YEARS
}

impl Default for Policies {
    fn default() -> Self {
        Self {
            internet_access: InternetAccess::Automatic,
            session_idle_minutes: 15,
            session_most_hours: 12,
            link_minutes: 30,
            lock_failures: 10,
            lock_minutes: 15,
            lock_most_minutes: 240,
            password_length: 15,
            password_length_beside_factor: 12,
            second_factor: SecondFactor::Offered,
            second_factor_grace_days: 14,
            remember_device_days: 0,
            re_enrolment_hours: 24,
            identity_hold_hours: 24,
            username_change_days: 90,
            roles_from_outside: false,
            payslips_two_persons: false,
            leavers_years: LEAVERS_YEARS,
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            service_desk: Contact::default(),
            it_service_desk: None,
            mail_domains: Vec::new(),
            networks: Vec::new(),
            time_zone: "Europe/London".to_owned(),
            local_links: Vec::new(),
            learning: None,
            message: None,
            logo: None,
            policies: Policies::default(),
        }
    }
}

/// One thing that is wrong with an employer, by field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where it stands: `policies.link_minutes`.
    pub field: String,
    /// What stands there, shortened.
    pub value: String,
    /// What to write instead.
    pub text: String,
}

impl Fault {
    pub(crate) fn new(field: impl Into<String>, value: impl fmt::Display, text: impl Into<String>) -> Self {
        Self { field: field.into(), value: tables::shortened(&value.to_string()), text: text.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&words::fault(&self.field, &self.value, &self.text))
    }
}

impl TryFrom<String> for Settings {
    type Error = serde_json::Error;

    fn try_from(json: String) -> Result<Self, Self::Error> {
        serde_json::from_str(&json)
    }
}

impl Settings {
    /// The employer's time zone; UTC where this machine does not know it.
    #[must_use]
    pub fn zone(&self) -> TimeZone {
        TimeZone::get(&self.time_zone).unwrap_or(TimeZone::UTC)
    }

    /// Whether mail with links may go to `email`.
    #[must_use]
    pub fn mails_to(&self, email: &str) -> bool {
        let domain = email.rsplit_once('@').map_or("", |(_, domain)| domain);
        self.mail_domains.iter().any(|ours| ours.eq_ignore_ascii_case(domain))
    }

    /// What is wrong, field by field; empty where nothing is.
    #[must_use]
    pub fn validate(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        self.service_desk.check("service_desk", &mut faults);
        if let Some(contact) = &self.it_service_desk {
            contact.check("it_service_desk", &mut faults);
        }
        few("mail_domains", self.mail_domains.len(), 20, &mut faults);
        for domain in self.mail_domains.iter().filter(|domain| !is_domain(domain)) {
            faults.push(Fault::new("mail_domains", domain, words::MAIL_DOMAIN_FORM));
        }
        few("networks", self.networks.len(), 100, &mut faults);
        for network in self.networks.iter().filter(|network| network.prefix_len() == 0) {
            faults.push(Fault::new("networks", network, words::NETWORK_OF_ALL));
        }
        if TimeZone::get(&self.time_zone).is_err() {
            faults.push(Fault::new("time_zone", &self.time_zone, words::TIME_ZONE_FORM));
        }
        few("local_links", self.local_links.len(), 20, &mut faults);
        for link in &self.local_links {
            text("local_links.title", &link.title, 1..=60, &mut faults);
            if ![is_https, is_mailto, is_own_page].iter().any(|form| form(&link.address)) {
                faults.push(Fault::new("local_links.address", &link.address, words::LINK_FORM));
            }
        }
        if let Some(learning) = &self.learning {
            text("learning.message", &learning.message, 0..=500, &mut faults);
            if !is_https(&learning.homepage) {
                faults.push(Fault::new("learning.homepage", &learning.homepage, words::HTTPS_FORM));
            }
        }
        if let Some(message) = &self.message {
            text("message", message, 1..=500, &mut faults);
        }
        if let Some(logo) = &self.logo
            && !(logo.len() == 64 && logo.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')))
        {
            faults.push(Fault::new("logo", logo, words::LOGO_FORM));
        }
        self.policies.check(&mut faults);
        faults
    }
}

impl Policies {
    /// Those that are numbers.
    pub(crate) fn numbers(&self) -> [NumberPolicy; 14] {
        let number = |field, value, least, most| NumberPolicy { field, value, least, most };
        let least_lock = self.lock_minutes.min(1440);
        let most_beside = self.password_length.clamp(12, 64);
        [
            number("session_idle_minutes", self.session_idle_minutes, 5, 60),
            number("session_most_hours", self.session_most_hours, 1, 24),
            number("link_minutes", self.link_minutes, 5, 1440),
            number("lock_failures", self.lock_failures, 3, 100),
            number("lock_minutes", self.lock_minutes, 1, 1440),
            number("lock_most_minutes", self.lock_most_minutes, least_lock, 1440),
            number("password_length", self.password_length, 15, 64),
            number("password_length_beside_factor", self.password_length_beside_factor, 12, most_beside),
            number("second_factor_grace_days", self.second_factor_grace_days, 0, 90),
            number("remember_device_days", self.remember_device_days, 0, 90),
            number("re_enrolment_hours", self.re_enrolment_hours, 1, 168),
            number("identity_hold_hours", self.identity_hold_hours, 24, 168),
            number("username_change_days", self.username_change_days, 1, 365),
            number("leavers_years", self.leavers_years, 0, 10),
        ]
    }

    /// Sets one of [`Policies::numbers`].
    pub(crate) fn set_number(&mut self, field: &str, value: u32) {
        let place = match field {
            "session_idle_minutes" => &mut self.session_idle_minutes,
            "session_most_hours" => &mut self.session_most_hours,
            "link_minutes" => &mut self.link_minutes,
            "lock_failures" => &mut self.lock_failures,
            "lock_minutes" => &mut self.lock_minutes,
            "lock_most_minutes" => &mut self.lock_most_minutes,
            "password_length" => &mut self.password_length,
            "password_length_beside_factor" => &mut self.password_length_beside_factor,
            "second_factor_grace_days" => &mut self.second_factor_grace_days,
            "remember_device_days" => &mut self.remember_device_days,
            "re_enrolment_hours" => &mut self.re_enrolment_hours,
            "identity_hold_hours" => &mut self.identity_hold_hours,
            "username_change_days" => &mut self.username_change_days,
            "leavers_years" => &mut self.leavers_years,
            _ => return,
        };
        *place = value;
    }

    fn check(&self, faults: &mut Vec<Fault>) {
        for NumberPolicy { field, value, least, most } in self.numbers() {
            if !(least..=most).contains(&value) {
                faults.push(Fault::new(format!("policies.{field}"), value, words::number_form(least, most)));
            }
        }
    }
}

/// A policy that is a number.
pub(crate) struct NumberPolicy {
    /// Its field.
    pub(crate) field: &'static str,
    /// What it is.
    pub(crate) value: u32,
    /// The least that it may be.
    pub(crate) least: u32,
    /// The most.
    pub(crate) most: u32,
}

impl Contact {
    fn check(&self, at: &str, faults: &mut Vec<Fault>) {
        for (field, value) in [("name", &self.name), ("hours", &self.hours)] {
            text(&format!("{at}.{field}"), value, 0..=200, faults);
        }
        let phone = &self.phone;
        if phone.len() > 40 || !phone.bytes().all(|b| b.is_ascii_digit() || b" +()-#*,.ext".contains(&b)) {
            faults.push(Fault::new(format!("{at}.phone"), phone, words::PHONE_FORM));
        }
        if !self.email.is_empty() && !is_email(&self.email) {
            faults.push(Fault::new(format!("{at}.email"), &self.email, words::EMAIL_FORM));
        }
    }
}

/// Lists are short: all of an employer's settings, before and after, have to fit into one entry of the trail.
fn few(field: &str, number: usize, most: usize, faults: &mut Vec<Fault>) {
    if number > most {
        faults.push(Fault::new(field, number, words::at_most(most)));
    }
}

fn text(field: &str, value: &str, length: std::ops::RangeInclusive<usize>, faults: &mut Vec<Fault>) {
    if !length.contains(&value.chars().count()) || value.chars().any(char::is_control) {
        faults.push(Fault::new(field, value, words::text_form(*length.start(), *length.end())));
    }
}

fn is_domain(text: &str) -> bool {
    text.len() <= 253
        && text.contains('.')
        && text.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        })
}

/// Whether `text` has the form of an email address that mail can be sent to: plain ASCII, one `@`, a domain with a dot.
#[must_use]
pub fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let local_right = (1..=64).contains(&local.len())
        && local.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.".contains(&b))
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..");
    local_right && text.len() <= 254 && is_domain(domain)
}

fn is_https(address: &str) -> bool {
    let plain = address.bytes().all(|b| b.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&b));
    let Some(rest) = address.strip_prefix("https://") else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.split_once(':').map_or(authority, |(host, _)| host);
    let port_right =
        authority.split_once(':').is_none_or(|(_, port)| u16::from_str(port).is_ok_and(|port| port > 0));
    plain && address.len() <= 500 && port_right && (is_domain(host) || host == "localhost")
}

/// A path of the portal itself, such as `/pc-checker`. `//host` would lead elsewhere.
fn is_own_page(address: &str) -> bool {
    let plain = address.bytes().all(|b| b.is_ascii_alphanumeric() || b"/-_.#?=&".contains(&b));
    plain && address.len() <= 500 && address.starts_with('/') && !address.starts_with("//")
}

fn is_mailto(address: &str) -> bool {
    address.strip_prefix("mailto:").is_some_and(is_email)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(settings: &Settings) -> Vec<String> {
        settings.validate().into_iter().map(|fault| fault.field).collect()
    }

    #[test]
    fn the_defaults_are_right() {
        assert_eq!(Settings::default().validate(), []);
        let from_nothing: Settings = serde_json::from_str("{}").unwrap();
        assert_eq!(from_nothing, Settings::default());
    }

    #[test]
    fn each_fault_is_named_by_field() {
        let contact = |email: &str, phone: &str| Contact {
            email: email.into(),
            phone: phone.into(),
            ..Contact::default()
        };
        let link = |address: &str| LocalLink {
            title: "STAR Homepage".into(),
            address: address.into(),
            only_for: None,
        };
        type Change = Box<dyn Fn(&mut Settings)>;
        let wrong: Vec<(&str, Change)> = vec![
            ("service_desk.email", Box::new(move |s| s.service_desk = contact("nobody", ""))),
            ("service_desk.phone", Box::new(move |s| s.service_desk = contact("", "javascript:"))),
            (
                "it_service_desk.name",
                Box::new(|s| {
                    s.it_service_desk = Some(Contact { name: "x".repeat(201), ..Contact::default() });
                }),
            ),
            ("mail_domains", Box::new(|s| s.mail_domains = vec!["@nhs.net".into()])),
            ("mail_domains", Box::new(|s| s.mail_domains = vec!["nhs".into()])),
            ("networks", Box::new(|s| s.networks = vec!["0.0.0.0/0".parse().unwrap()])),
            ("time_zone", Box::new(|s| s.time_zone = "Europe/Londin".into())),
            ("local_links.address", Box::new(move |s| s.local_links = vec![link("http://star.example")])),
            ("local_links.address", Box::new(move |s| s.local_links = vec![link("javascript:alert(1)")])),
            ("local_links.address", Box::new(move |s| s.local_links = vec![link("//evil.example/")])),
            ("local_links.address", Box::new(move |s| s.local_links = vec![link("/\\evil.example/")])),
            ("local_links.address", Box::new(move |s| s.local_links = vec![link("pc-checker")])),
            (
                "local_links.address",
                Box::new(move |s| s.local_links = vec![link("https://a.example/\"onclick=")]),
            ),
            (
                "local_links.address",
                Box::new(move |s| s.local_links = vec![link("https://user@evil.example/")]),
            ),
            (
                "local_links.title",
                Box::new(|s| {
                    let address = "https://a.example".into();
                    s.local_links = vec![LocalLink { title: String::new(), address, only_for: None }];
                }),
            ),
            (
                "learning.homepage",
                Box::new(|s| {
                    s.learning =
                        Some(Learning { message: String::new(), homepage: "mailto:a@b.example".into() });
                }),
            ),
            ("message", Box::new(|s| s.message = Some(String::new()))),
            ("message", Box::new(|s| s.message = Some("a\nb".into()))),
            ("logo", Box::new(|s| s.logo = Some("../x".into()))),
            ("policies.session_idle_minutes", Box::new(|s| s.policies.session_idle_minutes = 0)),
            ("policies.link_minutes", Box::new(|s| s.policies.link_minutes = 1441)),
            ("policies.lock_most_minutes", Box::new(|s| s.policies.lock_most_minutes = 14)),
            ("policies.password_length", Box::new(|s| s.policies.password_length = 8)),
            (
                "policies.password_length_beside_factor",
                Box::new(|s| s.policies.password_length_beside_factor = 16),
            ),
            ("policies.second_factor_grace_days", Box::new(|s| s.policies.second_factor_grace_days = 91)),
            ("policies.remember_device_days", Box::new(|s| s.policies.remember_device_days = 91)),
            ("policies.re_enrolment_hours", Box::new(|s| s.policies.re_enrolment_hours = 0)),
            ("policies.leavers_years", Box::new(|s| s.policies.leavers_years = 11)),
            ("policies.identity_hold_hours", Box::new(|s| s.policies.identity_hold_hours = 0)),
        ];
        for (field, change) in wrong {
            let mut settings = Settings::default();
            change(&mut settings);
            assert_eq!(fields(&settings), [field], "{settings:?}");
        }
    }

    #[test]
    fn right_links_and_domains_are_taken() {
        let settings = Settings {
            mail_domains: vec!["nhs.net".into(), "example-trust.nhs.uk".into()],
            networks: vec!["10.20.0.0/16".parse().unwrap(), "2001:db8::/32".parse().unwrap()],
            local_links: ["https://star.example:8443/a?b=c#d", "mailto:help@nhs.net", "/e-learning#find"]
                .map(|address| LocalLink {
                    title: "A".into(),
                    address: address.into(),
                    only_for: Some(Role::Payroll),
                })
                .to_vec(),
            ..Settings::default()
        };
        assert_eq!(settings.validate(), []);
        assert!(settings.mails_to("a.b@NHS.net"));
        assert!(
            !settings.mails_to("a.b@evil-nhs.net")
                && !settings.mails_to("a.b@x.nhs.net")
                && !settings.mails_to("nhs.net")
        );
    }

    #[test]
    fn a_link_of_an_older_release_is_for_everyone() {
        let older = r#"{"local_links":[{"title":"A","address":"https://a.example"}]}"#;
        let settings: Settings = serde_json::from_str(older).unwrap();
        assert_eq!(settings.local_links[0].only_for, None);
        // An older release refuses what it does not know: it is not told where there is nothing to know.
        let written = serde_json::to_value(&settings).unwrap();
        assert_eq!(
            written["local_links"][0],
            serde_json::json!({ "title": "A", "address": "https://a.example" })
        );
        assert!(written.get("message").is_none() && written.get("logo").is_none());
        assert!(written["policies"].get("leavers_years").is_none());
    }

    #[test]
    fn each_number_is_set_by_its_field() {
        for (at, number) in Policies::default().numbers().into_iter().enumerate() {
            let mut policies = Policies::default();
            policies.set_number(number.field, number.value + 1);
            for (other, after) in policies.numbers().into_iter().enumerate() {
                let before = Policies::default().numbers()[other].value;
                assert_eq!(after.value, if other == at { before + 1 } else { before }, "{}", number.field);
            }
        }
    }

    #[test]
    fn an_unknown_setting_is_refused() {
        let error =
            serde_json::from_str::<Settings>(r#"{"policies":{"link_minute":30}}"#).unwrap_err().to_string();
        assert!(error.contains("link_minute"), "{error}");
    }
}
