//! The sections that are one form each.

use std::net::IpAddr;

use axum::{extract::State, response::Response};
use ipnet::IpNet;
use web::{
    FieldErrors, Form, Page, Person, Problem, Route,
    ui::{Content, Fieldset, InputMode, Legend, Radios, Size, TextArea, TextInput, Width},
};

use super::{Fields, FormView, employer_of, own_employer, preview};
use crate::{
    App, Contact, Fault, InternetAccess, Learning, Policies, SecondFactor,
    employer::{Employer, Section},
    pages::HR,
    words::{self, settings as say},
};

pub(super) fn routes(app: &App) -> Vec<Route> {
    vec![
        Route::get("/hr/settings/contacts", HR, contacts, app.clone()),
        Route::post("/hr/settings/contacts/preview", HR, preview_contacts, app.clone()),
        Route::get("/hr/settings/networks", HR, networks, app.clone()),
        Route::post("/hr/settings/networks/preview", HR, preview_networks, app.clone()),
        Route::get("/hr/settings/mail-domains", HR, mail_domains, app.clone()),
        Route::post("/hr/settings/mail-domains/preview", HR, preview_mail_domains, app.clone()),
        Route::get("/hr/settings/messages", HR, messages, app.clone()),
        Route::post("/hr/settings/messages/preview", HR, preview_messages, app.clone()),
        Route::get("/hr/settings/policies", HR, policies, app.clone()),
        Route::post("/hr/settings/policies/preview", HR, preview_policies, app.clone()),
    ]
}

/// What was typed into a line or a few, as one line without stray spaces.
fn line(form: &Form, field: &str) -> String {
    form.get(field).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What was typed below one another, or with commas between.
fn list(form: &Form, field: &str) -> Vec<String> {
    let parts = form.get(field).split(|c: char| c.is_whitespace() || matches!(c, ',' | ';'));
    parts.filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

/// A contact's fields: their names in the form, and in a fault.
const DESK: [[&str; 2]; 4] = [
    ["desk-name", "service_desk.name"],
    ["desk-phone", "service_desk.phone"],
    ["desk-email", "service_desk.email"],
    ["desk-hours", "service_desk.hours"],
];
const IT_DESK: [[&str; 2]; 4] = [
    ["it-name", "it_service_desk.name"],
    ["it-phone", "it_service_desk.phone"],
    ["it-email", "it_service_desk.email"],
    ["it-hours", "it_service_desk.hours"],
];

/// The form's field that a fault is about; the first where it is about none of them.
fn field_of(fields: &[[&'static str; 2]], fault: &Fault) -> &'static str {
    let found = fields.iter().find(|[_, of]| *of == fault.field).or_else(|| fields.first());
    found.map_or("", |[field, _]| *field)
}

async fn contacts(State(app): State<App>, page: Page, person: Person) -> Result<Response, Problem> {
    let employer = own_employer(&app, &person).await?;
    let it = employer.settings.it_service_desk.clone().unwrap_or_default();
    contacts_view(&page, employer, &[employer.settings.service_desk.clone(), it], &FieldErrors::none())
}

fn contacts_view(
    page: &Page,
    employer: &Employer,
    [desk, it]: &[Contact; 2],
    errors: &FieldErrors,
) -> Result<Response, Problem> {
    let group = |whose: &'static str, fields: [[&'static str; 2]; 4], contact: &Contact| -> Content {
        let [[name, _], [phone, _], [email, _], [hours, _]] = fields;
        let fields: [Content; 4] = [
            TextInput::new(name, say::NAME).value(&contact.name).error(errors.at(name)).into(),
            TextInput::new(phone, say::PHONE)
                .value(&contact.phone)
                .error(errors.at(phone))
                .input_mode(InputMode::Tel)
                .width(Width::W20)
                .into(),
            TextInput::email(email, say::EMAIL)
                .autocomplete("off")
                .value(&contact.email)
                .error(errors.at(email))
                .into(),
            TextInput::new(hours, say::HOURS).value(&contact.hours).error(errors.at(hours)).into(),
        ];
        Fieldset::new(Legend::new(whose).size(Size::M)).content(Fields::content(fields)).into()
    };
    FormView::new(page, employer, Section::Contacts, errors)
        .fields([group(say::SERVICE_DESK, DESK, desk), group(say::IT_SERVICE_DESK, IT_DESK, it)])
        .show()
}

async fn preview_contacts(
    State(app): State<App>,
    page: Page,
    person: Person,
    form: Form,
) -> Result<Response, Problem> {
    let employer = employer_of(&app, &person, &form).await?;
    let read = |[[name, _], [phone, _], [email, _], [hours, _]]: [[&str; 2]; 4]| Contact {
        name: line(&form, name),
        phone: line(&form, phone),
        email: line(&form, email),
        hours: line(&form, hours),
    };
    let typed = [read(DESK), read(IT_DESK)];
    let mut settings = employer.settings.clone();
    settings.service_desk = typed[0].clone();
    settings.it_service_desk = Some(typed[1].clone()).filter(|contact| *contact != Contact::default());
    let fields = [DESK, IT_DESK].concat();
    match preview(&app, &person, Section::Contacts, settings, |fault| field_of(&fields, fault)).await? {
        Ok(response) => Ok(response),
        Err(errors) => contacts_view(&page, employer, &typed, &errors),
    }
}

async fn networks(State(app): State<App>, page: Page, person: Person) -> Result<Response, Problem> {
    let employer = own_employer(&app, &person).await?;
    let lines: Vec<String> = employer.settings.networks.iter().map(ToString::to_string).collect();
    networks_view(&page, employer, &lines.join("\n"), &FieldErrors::none())
}

fn networks_view(
    page: &Page,
    employer: &Employer,
    typed: &str,
    errors: &FieldErrors,
) -> Result<Response, Problem> {
    let field = TextArea::new("networks", say::NETWORKS)
        .hint(say::networks_hint(&page.client().address.to_canonical().to_string()))
        .rows(8)
        .value(typed)
        .error(errors.at("networks"))
        .without_spellcheck();
    FormView::new(page, employer, Section::Networks, errors).fields([field.into()]).show()
}

/// A network, or one address.
fn network(text: &str) -> Option<IpNet> {
    let network = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
    network.ok().map(|network| network.trunc())
}

async fn preview_networks(
    State(app): State<App>,
    page: Page,
    person: Person,
    form: Form,
) -> Result<Response, Problem> {
    let employer = employer_of(&app, &person, &form).await?;
    let (mut networks, mut errors) = (Vec::new(), FieldErrors::none());
    for text in list(&form, "networks") {
        match network(&text) {
            Some(network) if networks.contains(&network) => {}
            Some(network) => networks.push(network),
            None => {
                errors.add("networks", words::fault_at_field(&tables::shortened(&text), words::NETWORK_FORM));
            }
        }
    }
    if errors.is_empty() {
        let mut settings = employer.settings.clone();
        settings.networks = networks;
        match preview(&app, &person, Section::Networks, settings, |_| "networks").await? {
            Ok(response) => return Ok(response),
            Err(wrong) => errors = wrong,
        }
    }
    networks_view(&page, employer, form.get("networks"), &errors)
}

async fn mail_domains(State(app): State<App>, page: Page, person: Person) -> Result<Response, Problem> {
    let employer = own_employer(&app, &person).await?;
    domains_view(&page, employer, &employer.settings.mail_domains.join("\n"), &FieldErrors::none())
}

fn domains_view(
    page: &Page,
    employer: &Employer,
    typed: &str,
    errors: &FieldErrors,
) -> Result<Response, Problem> {
    let field = TextArea::new("domains", say::MAIL_DOMAINS)
        .hint(say::MAIL_DOMAINS_HINT)
        .value(typed)
        .error(errors.at("domains"))
        .without_spellcheck();
    FormView::new(page, employer, Section::MailDomains, errors).fields([field.into()]).show()
}

async fn preview_mail_domains(
    State(app): State<App>,
    page: Page,
    person: Person,
    form: Form,
) -> Result<Response, Problem> {
    let employer = employer_of(&app, &person, &form).await?;
    let mut domains = Vec::new();
    for domain in list(&form, "domains") {
        let domain = domain.to_lowercase();
        if !domains.contains(&domain) {
            domains.push(domain);
        }
    }
    let mut settings = employer.settings.clone();
    settings.mail_domains = domains;
    match preview(&app, &person, Section::MailDomains, settings, |_| "domains").await? {
        Ok(response) => Ok(response),
        Err(errors) => domains_view(&page, employer, form.get("domains"), &errors),
    }
}

const MESSAGES: [[&str; 2]; 3] = [
    ["message", "message"],
    ["learning-message", "learning.message"],
    ["learning-homepage", "learning.homepage"],
];

async fn messages(State(app): State<App>, page: Page, person: Person) -> Result<Response, Problem> {
    let employer = own_employer(&app, &person).await?;
    let learning = employer.settings.learning.clone();
    let learning = learning.unwrap_or(Learning { message: String::new(), homepage: String::new() });
    let message = employer.settings.message.clone().unwrap_or_default();
    messages_view(&page, employer, &message, &learning, &FieldErrors::none())
}

fn messages_view(
    page: &Page,
    employer: &Employer,
    message: &str,
    learning: &Learning,
    errors: &FieldErrors,
) -> Result<Response, Problem> {
    let area = |name: &'static str, label: &'static str, hint: &'static str, value: &str| -> Content {
        TextArea::new(name, label).hint(hint).value(value).error(errors.at(name)).into()
    };
    let homepage = TextInput::new("learning-homepage", say::LEARNING_HOMEPAGE)
        .hint(say::LEARNING_HOMEPAGE_HINT)
        .value(&learning.homepage)
        .error(errors.at("learning-homepage"))
        .without_spellcheck();
    FormView::new(page, employer, Section::Messages, errors)
        .fields([
            area("message", say::MESSAGE, say::MESSAGE_HINT, message),
            area("learning-message", say::LEARNING_MESSAGE, say::LEARNING_MESSAGE_HINT, &learning.message),
            homepage.into(),
        ])
        .show()
}

async fn preview_messages(
    State(app): State<App>,
    page: Page,
    person: Person,
    form: Form,
) -> Result<Response, Problem> {
    let employer = employer_of(&app, &person, &form).await?;
    let message = line(&form, "message");
    let learning = Learning {
        message: line(&form, "learning-message"),
        homepage: form.get("learning-homepage").trim().to_owned(),
    };
    let mut settings = employer.settings.clone();
    settings.message = Some(message.clone()).filter(|message| !message.is_empty());
    let given = !learning.message.is_empty() || !learning.homepage.is_empty();
    settings.learning = Some(learning.clone()).filter(|_| given);
    match preview(&app, &person, Section::Messages, settings, |fault| field_of(&MESSAGES, fault)).await? {
        Ok(response) => Ok(response),
        Err(errors) => messages_view(&page, employer, &message, &learning, &errors),
    }
}

const CHOICES: [&str; 4] = ["internet_access", "second_factor", "roles_from_outside", "payslips_two_persons"];

async fn policies(State(app): State<App>, page: Page, person: Person) -> Result<Response, Problem> {
    let employer = own_employer(&app, &person).await?;
    let policies = &employer.settings.policies;
    let typed = |field: &str| match field {
        "internet_access" => policies.internet_access.to_string(),
        "second_factor" => policies.second_factor.to_string(),
        "roles_from_outside" => policies.roles_from_outside.to_string(),
        "payslips_two_persons" => policies.payslips_two_persons.to_string(),
        _ => {
            let number = policies.numbers().into_iter().find(|number| number.field == field);
            number.map(|number| number.value.to_string()).unwrap_or_default()
        }
    };
    policies_view(&page, employer, typed, &FieldErrors::none())
}

fn policies_view(
    page: &Page,
    employer: &Employer,
    typed: impl Fn(&str) -> String,
    errors: &FieldErrors,
) -> Result<Response, Problem> {
    let radios = |name: &'static str, legend: &'static str| {
        Radios::new(name, legend).value(typed(name)).error(errors.at(name))
    };
    let mut access = radios("internet_access", say::INTERNET_ACCESS);
    for &each in InternetAccess::ALL {
        access = access.item(each.as_str(), say::internet_access(each));
    }
    let mut factor = radios("second_factor", say::SECOND_FACTOR).hint(say::SECOND_FACTOR_HINT);
    for &each in SecondFactor::ALL {
        factor = factor.item(each.as_str(), say::second_factor(each));
    }
    let mut outside = radios("roles_from_outside", say::ROLES_FROM_OUTSIDE);
    for each in [false, true] {
        outside = outside.item(each.to_string(), words::yes_or_no(each));
    }
    let mut two = radios("payslips_two_persons", say::PAYSLIPS_TWO_PERSONS);
    for each in [false, true] {
        two = two.item(each.to_string(), words::yes_or_no(each));
    }
    let mut fields: Vec<Content> = vec![access.into(), factor.into(), outside.into(), two.into()];
    for number in Policies::default().numbers() {
        let field = TextInput::new(number.field, say::policy(number.field))
            .hint(say::policy_hint(number.field, number.least, number.most))
            .value(typed(number.field))
            .error(errors.at(number.field))
            .input_mode(InputMode::Numeric)
            .width(Width::W4);
        fields.push(field.into());
    }
    FormView::new(page, employer, Section::Policies, errors).fields(fields).show()
}

/// The policies that the form says, or what is wrong with it.
fn read_policies(form: &Form) -> Result<Policies, FieldErrors> {
    let (mut policies, mut errors) = (Policies::default(), FieldErrors::none());
    match form.get("internet_access").parse() {
        Ok(choice) => policies.internet_access = choice,
        Err(_) => errors.add("internet_access", words::CHOOSE_ONE),
    }
    match form.get("second_factor").parse() {
        Ok(choice) => policies.second_factor = choice,
        Err(_) => errors.add("second_factor", words::CHOOSE_ONE),
    }
    match form.get("roles_from_outside").parse() {
        Ok(choice) => policies.roles_from_outside = choice,
        Err(_) => errors.add("roles_from_outside", words::CHOOSE_ONE),
    }
    match form.get("payslips_two_persons").parse() {
        Ok(choice) => policies.payslips_two_persons = choice,
        Err(_) => errors.add("payslips_two_persons", words::CHOOSE_ONE),
    }
    for number in Policies::default().numbers() {
        let typed = form.get(number.field).trim();
        match typed.parse() {
            Ok(value) => policies.set_number(number.field, value),
            Err(_) => {
                let typed = tables::shortened(typed);
                errors.add(number.field, words::fault_at_field(&typed, words::WHOLE_NUMBER));
            }
        }
    }
    if errors.is_empty() { Ok(policies) } else { Err(errors) }
}

async fn preview_policies(
    State(app): State<App>,
    page: Page,
    person: Person,
    form: Form,
) -> Result<Response, Problem> {
    let employer = employer_of(&app, &person, &form).await?;
    let field = |fault: &Fault| {
        let field = fault.field.strip_prefix("policies.").unwrap_or_default();
        let number = Policies::default().numbers().into_iter().find(|number| number.field == field);
        number.map_or(CHOICES[0], |number| number.field)
    };
    let errors = match read_policies(&form) {
        Err(errors) => errors,
        Ok(policies) => {
            let mut settings = employer.settings.clone();
            settings.policies = policies;
            match preview(&app, &person, Section::Policies, settings, field).await? {
                Ok(response) => return Ok(response),
                Err(errors) => errors,
            }
        }
    };
    policies_view(&page, employer, |field| form.get(field).to_owned(), &errors)
}
