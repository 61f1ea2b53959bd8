//! The pages of an employer's settings: each section's form, what it would change, and the change.

mod facts;
mod links;
mod logo;
mod sections;

use std::net::IpAddr;

use askama::Template;
use axum::{extract::State, response::Response};
use store::Tx;
use uuid::Uuid;
use web::{
    FieldErrors, Form, Page, PathId, Person, Problem, Route, see_other,
    ui::{Button, Cell, Content, ErrorSummary, NotificationBanner, SummaryList, Table, WarningCallout},
};

use super::{
    Draft, DraftError, Employer, EmployerError, Fault, Section, Settings, draft, draft_apply, draft_make, sql,
};
use crate::{
    App, Permission,
    pages::{HR, RECENT_MINUTES, holder_of, origin, permitted},
    words,
};

pub(crate) fn routes(app: &App) -> Vec<Route> {
    let mut routes = vec![
        Route::get("/hr/settings", HR, overview, app.clone()).in_menu("Settings"),
        Route::get("/hr/settings/changes/{id}", HR, show_change, app.clone()),
        Route::post("/hr/settings/changes/{id}/apply", HR, apply, app.clone()),
    ];
    routes.extend(sections::routes(app));
    routes.extend(links::routes(app));
    routes.extend(logo::routes(app));
    routes
}

#[derive(Template)]
#[template(path = "settings.html")]
struct OverviewView {
    done: Option<NotificationBanner>,
    sections: Vec<SectionView>,
}

struct SectionView {
    path: String,
    title: &'static str,
    facts: SummaryList,
}

async fn overview(State(app): State<App>, page: Page, person: Person) -> Result<Response, Problem> {
    let settings = &own_employer(&app, &person).await?.settings;
    let section = |section: Section| SectionView {
        path: format!("/hr/settings/{section}"),
        title: words::section(section),
        facts: facts::of(section, settings)
            .into_iter()
            .fold(SummaryList::new(), |list, (key, value)| list.row(key, shown(value))),
    };
    let done = page
        .query("done")
        .parse::<Section>()
        .ok()
        .map(|section| NotificationBanner::success(words::section_changed(words::section(section))));
    let body = OverviewView { done, sections: Section::ALL.iter().copied().map(section).collect() };
    page.shell("Settings").show(&body)
}

fn shown(value: String) -> String {
    if value.is_empty() { words::NONE.to_owned() } else { value }
}

/// A section's form. It carries the revision that it was made from, so that nobody undoes what they have not seen.
#[derive(Template)]
#[template(path = "settings_form.html")]
struct FormView<'v> {
    page: &'v Page,
    errors: ErrorSummary,
    section: Section,
    revision: i64,
    title: &'static str,
    intro: &'static str,
    /// A field that is not seen.
    hidden: Option<(&'static str, String)>,
    fields: Vec<Content>,
    buttons: Vec<Button>,
}

impl<'v> FormView<'v> {
    fn new(page: &'v Page, employer: &Employer, section: Section, errors: &FieldErrors) -> Self {
        Self {
            page,
            errors: errors.summary(),
            section,
            revision: employer.revision,
            title: words::section(section),
            intro: words::section_intro(section),
            hidden: None,
            fields: Vec::new(),
            buttons: vec![Button::submit(words::SEE_CHANGE)],
        }
    }

    fn fields(mut self, fields: impl IntoIterator<Item = Content>) -> Self {
        self.fields = fields.into_iter().collect();
        self
    }

    fn show(self) -> Result<Response, Problem> {
        self.page.shell(self.title).invalid_if(!self.errors.is_empty()).show(&self)
    }
}

/// Several fields below one another.
#[derive(Template)]
#[template(source = "{% for field in fields %}{{ field }}{% endfor %}", ext = "html")]
struct Fields {
    fields: Vec<Content>,
}

impl Fields {
    fn content(fields: impl IntoIterator<Item = Content>) -> Content {
        Content::html(Self { fields: fields.into_iter().collect() })
    }
}

impl askama::filters::HtmlSafe for Fields {}

/// The employer of whoever may change its settings.
async fn own_employer<'p>(app: &App, person: &'p Person) -> Result<&'p Employer, Problem> {
    permitted(&app.db, person, Permission::ChangeSettings).await?;
    Ok(&holder_of(person)?.employer)
}

/// The same as it is, provided that the form was made from that.
async fn employer_of<'p>(app: &App, person: &'p Person, form: &Form) -> Result<&'p Employer, Problem> {
    let employer = own_employer(app, person).await?;
    if form.get("revision") == employer.revision.to_string() {
        Ok(employer)
    } else {
        Err(Problem::Conflict(words::SETTINGS_OVERTAKEN.to_owned()))
    }
}

/// Keeps what the form says as a draft and leads to the page that shows it; or says what is wrong at which field of the form, where
/// `field` knows the form's name for a setting.
async fn preview(
    app: &App,
    person: &Person,
    section: Section,
    settings: Settings,
    field: impl Fn(&Fault) -> &'static str,
) -> Result<Result<Response, FieldErrors>, Problem> {
    let employer = &holder_of(person)?.employer;
    let permit = permitted(&app.db, person, Permission::ChangeSettings).await?;
    let made = draft_make(&app.db, &app.entropy, person.now, &permit, employer, section, settings).await;
    match made {
        Ok(id) => Ok(Ok(see_other(&format!("/hr/settings/changes/{id}")))),
        Err(DraftError::Change(EmployerError::Invalid(faults))) => {
            let mut errors = FieldErrors::none();
            for fault in &faults {
                errors.add(field(fault), words::fault_at_field(&fault.value, &fault.text));
            }
            Ok(Err(errors))
        }
        Err(DraftError::Unchanged) => {
            let nothing = Fault::new("", "", words::NOTHING_CHANGED);
            Ok(Err(FieldErrors::one(field(&nothing), words::NOTHING_CHANGED)))
        }
        Err(error) => Err(error.into()),
    }
}

impl From<DraftError> for Problem {
    fn from(error: DraftError) -> Self {
        match error {
            DraftError::NotFound => Self::NotFound,
            DraftError::Unchanged => Self::Conflict(error.to_string()),
            DraftError::Change(error) => error.into(),
        }
    }
}

impl From<EmployerError> for Problem {
    fn from(error: EmployerError) -> Self {
        match error {
            EmployerError::Overtaken => Self::Conflict(words::SETTINGS_OVERTAKEN.to_owned()),
            EmployerError::Refused(refused) => refused.into(),
            EmployerError::Store(error) => error.into(),
            EmployerError::Invalid(_) | EmployerError::CodeTaken(_) => Self::Invalid(error.to_string()),
        }
    }
}

#[derive(Template)]
#[template(path = "settings_change.html")]
struct ChangeView<'v> {
    page: &'v Page,
    id: Uuid,
    title: &'static str,
    back: String,
    changes: Table,
    /// The logo that would be.
    logo: Option<String>,
    warnings: Vec<WarningCallout>,
    button: Button,
}

/// What would change, before and after.
async fn show_change(
    State(app): State<App>,
    page: Page,
    person: Person,
    PathId(id): PathId,
) -> Result<Response, Problem> {
    let permit = permitted(&app.db, &person, Permission::ChangeSettings).await?;
    let employer = &holder_of(&person)?.employer;
    let mut reader = app.db.read().await?;
    let found = draft(&mut reader.tx(), &permit, id, person.now).await?;
    let draft = found.ok_or(Problem::NotFound)?;
    if draft.revision != employer.revision {
        return Err(EmployerError::Overtaken.into());
    }
    let warnings = warnings(&mut reader.tx(), &person, employer, &draft, page.client().address).await?;
    drop(reader);
    let body = ChangeView {
        page: &page,
        id,
        title: words::section(draft.section),
        back: format!("/hr/settings/{}", draft.section),
        changes: changes(employer, &draft),
        logo: draft.settings.logo.clone().filter(|_| draft.section == Section::Logo),
        warnings,
        button: Button::submit("Apply this"),
    };
    page.shell(words::CHANGE_TITLE).show(&body)
}

fn changes(employer: &Employer, draft: &Draft) -> Table {
    let before = facts::of(draft.section, &employer.settings);
    let after = facts::of(draft.section, &draft.settings);
    let value = |facts: &[(String, String)], key: &str| {
        let found = facts.iter().find(|(found, _)| found == key);
        found.map(|(_, value)| value.clone()).unwrap_or_default()
    };
    let mut keys: Vec<&String> = before.iter().map(|(key, _)| key).collect();
    keys.extend(
        after.iter().map(|(key, _)| key).filter(|key| !before.iter().any(|(found, _)| found == *key)),
    );
    let table = Table::new(words::section(draft.section)).responsive().first_cell_is_header();
    keys.into_iter().map(|key| (key, value(&before, key), value(&after, key))).fold(
        table.head(["Setting", "Now", "Afterwards"]),
        |table, (key, before, after)| {
            if before == after {
                return table;
            }
            table.row::<Cell>([key.clone().into(), shown(before).into(), shown(after).into()])
        },
    )
}

/// What whoever changes this may not have thought of.
async fn warnings(
    tx: &mut Tx<'_>,
    person: &Person,
    employer: &Employer,
    draft: &Draft,
    address: IpAddr,
) -> Result<Vec<WarningCallout>, Problem> {
    let mut warnings = Vec::new();
    let mut warn = |text: String| warnings.push(WarningCallout::new("Important", text).level(2));
    let after = Employer { settings: draft.settings.clone(), ..employer.clone() };
    if employer.inside(address) && !after.inside(address) {
        warn(words::own_address_outside(&address.to_canonical().to_string()));
    }
    let open =
        |employer: &Employer| employer.inside(address) || employer.settings.policies.roles_from_outside;
    if open(employer) && !open(&after) {
        warn(words::PAGES_SHUT.to_owned());
    }
    let mut unreached = 0;
    for domain in &employer.settings.mail_domains {
        if !draft.settings.mails_to(&format!("@{domain}")) {
            unreached += sql::count_mailed(tx, employer.id, domain, employer.today(person.now)).await?;
        }
    }
    if unreached > 0 {
        warn(words::no_longer_mailed(unreached, sql::MOST_COUNTED));
    }
    Ok(warnings)
}

/// Applies a draft exactly as it was shown.
async fn apply(
    State(app): State<App>,
    page: Page,
    person: Person,
    PathId(id): PathId,
) -> Result<Response, Problem> {
    let permit = permitted(&app.db, &person, Permission::ChangeSettings).await?;
    let mut reader = app.db.read().await?;
    draft(&mut reader.tx(), &permit, id, person.now).await?.ok_or(Problem::NotFound)?;
    drop(reader);
    person.recent_proof(RECENT_MINUTES, &format!("/hr/settings/changes/{id}"))?;
    let section = draft_apply(&app.db, &app.entropy, person.now, &permit, id, origin(&page)).await?;
    Ok(see_other(&format!("/hr/settings?done={section}")))
}
