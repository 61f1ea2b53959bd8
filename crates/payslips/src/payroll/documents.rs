//! Looking at one document while its run is checked, and at whom a published run does not reach.

use askama::Template;
use axum::{extract::State as Room, response::Response};
use records::{Permission, origin, permitted, reason_field};
use uuid::Uuid;
use web::{
    FieldErrors, Form, Page, PathId, PathIds, Person, Problem, Route, see_other,
    ui::{BackLink, Button, ErrorSummary, InsetText, SummaryList, Table, TextInput, WarningCallout},
};

use super::{
    PAYROLL, RECENT_MINUTES,
    pages::{Typed, acted, back, opened, place, run_view},
    view, words,
};
use crate::{
    App, Document, Fact, P60View, PayslipView, RunKind,
    reading::pages::{amounts, facts, lines, ni, pay_and_tax},
    runs::{self, BatchError, LookError, Run, StagedDocument},
};

pub(super) fn routes(app: &App) -> Vec<Route> {
    vec![
        Route::get("/payroll/runs/{id}/documents", PAYROLL, find, app.clone()),
        Route::get("/payroll/runs/{id}/documents/{document}", PAYROLL, ask, app.clone()),
        Route::post("/payroll/runs/{id}/documents/{document}", PAYROLL, look, app.clone()).not_kept(),
        Route::get("/payroll/runs/{id}/not-reached", PAYROLL, not_reached, app.clone()),
        Route::post("/payroll/runs/{id}/print", PAYROLL, print, app.clone()).not_kept(),
    ]
}

/// Leads to the document of an assignment.
async fn find(
    Room(app): Room<App>,
    page: Page,
    person: Person,
    PathId(id): PathId,
) -> Result<Response, Problem> {
    let (permit, run) = opened(&app, &person, id).await?;
    if !run.state.is_staged() {
        return Ok(not_staged(id));
    }
    let typed = page.query("assignment");
    let found = match runs::find_document(&app, &permit, id, &typed).await? {
        Some(document) => runs::staged_document(&app, &permit, id, document).await?,
        None => None,
    };
    let says = match found {
        None if typed.trim().is_empty() => words::ASSIGNMENT_NEEDED,
        None => words::ASSIGNMENT_UNKNOWN,
        Some(found) if found.staff_record_id == person.staff_record => words::OWN_DOCUMENT,
        Some(found) => return Ok(see_other(&of(id, found.id))),
    };
    let errors = FieldErrors::one("assignment", says);
    run_view(&app, &page, &person, (&permit, &run), &errors, Typed::Assignment(&typed)).await
}

fn of(run: Uuid, document: Uuid) -> String {
    format!("{}/documents/{document}", place(run))
}

fn not_staged(run: Uuid) -> Response {
    see_other(&format!("{}?done=not-staged", place(run)))
}

#[derive(Template)]
#[template(path = "payroll_look.html")]
struct AskView<'v> {
    page: &'v Page,
    back: BackLink,
    errors: ErrorSummary,
    what: &'static str,
    facts: SummaryList,
    warning: WarningCallout,
    place: String,
    reason: TextInput,
    button: Button,
}

/// A document of a run that is being checked, which is not the person's own.
enum Staged {
    There(Box<(Run, StagedDocument)>),
    /// The run is not being checked.
    Not,
}

async fn staged(app: &App, person: &Person, run: Uuid, document: Uuid) -> Result<Staged, Problem> {
    let (permit, run) = opened(app, person, run).await?;
    let found = runs::staged_document(app, &permit, run.id, document).await?.ok_or(Problem::NotFound)?;
    if found.staff_record_id == person.staff_record {
        return Err(Problem::refused(words::NOT_FOR_YOU, words::OWN_DOCUMENT));
    }
    Ok(if run.state.is_staged() { Staged::There(Box::new((run, found))) } else { Staged::Not })
}

async fn ask(
    Room(app): Room<App>,
    page: Page,
    person: Person,
    PathIds(id, document): PathIds,
) -> Result<Response, Problem> {
    match staged(&app, &person, id, document).await? {
        Staged::There(there) => ask_view(&page, &there, &FieldErrors::none(), ""),
        Staged::Not => Ok(not_staged(id)),
    }
}

fn ask_view(
    page: &Page,
    (run, found): &(Run, StagedDocument),
    errors: &FieldErrors,
    typed: &str,
) -> Result<Response, Problem> {
    let body = AskView {
        page,
        back: back(run.id),
        errors: errors.summary(),
        what: words::one(run.document),
        facts: SummaryList::new()
            .row("Name", format!("{} {}", found.first_names, found.last_name))
            .row("Employee number", found.employee_number.clone())
            .row("Assignment", found.assignment_number.clone())
            .row("Run", view::name(run).to_owned()),
        warning: WarningCallout::new("They will see that you looked", words::WILL_SEE).level(2),
        place: of(run.id, found.id),
        reason: reason_field(typed, errors),
        button: Button::submit("Look at it"),
    };
    page.shell("Look at one document").invalid_if(!errors.is_empty()).show(&body)
}

#[derive(Template)]
#[template(path = "payroll_document.html")]
struct DocumentView {
    back: BackLink,
    shown: InsetText,
    figures: Figures,
}

/// A document as its person sees it, without what only they can do with it.
#[derive(Template)]
#[template(path = "payroll_figures.html")]
struct Figures {
    title: String,
    /// Whose it is, line by line.
    whose: Vec<String>,
    /// What has to stand on it.
    notes: Vec<String>,
    tables: Vec<Table>,
    who: SummaryList,
    messages: Vec<InsetText>,
    /// The level of its heading: on a page of many it is not the first.
    level: u8,
}

impl askama::filters::HtmlSafe for Figures {}

impl Figures {
    fn of(document: Document, kind: Option<RunKind>, level: u8) -> Self {
        match document {
            Document::Payslip(payslip) => {
                Self::of_payslip(PayslipView::of(*payslip, kind.unwrap_or(RunKind::Main)), level)
            }
            Document::P60(p60) => Self::of_p60(P60View::of(*p60), level),
        }
    }

    fn of_payslip(view: PayslipView, level: u8) -> Self {
        let mut tables = vec![
            lines("Pay and allowances", &view.payments, "Total pay", &view.gross),
            lines("Deductions", &view.deductions, "Total deductions", &view.total_deductions),
        ];
        tables.extend(amount_tables([
            ("How it is paid", &view.net_parts),
            ("Since 6 April", &view.year_to_date),
            ("This period", &view.this_period),
            ("What the employer pays besides", &view.contributions),
        ]));
        Self {
            whose: vec![view.name, view.employer, words::net(&view.net, &view.pay_date, &view.period)],
            title: view.title,
            notes: Vec::new(),
            tables,
            who: facts(&view.who),
            messages: view.messages.into_iter().map(InsetText::new).collect(),
            level,
        }
    }

    fn of_p60(view: P60View, level: u8) -> Self {
        let mut tables = vec![pay_and_tax(&view)];
        tables.extend(ni(&view));
        tables.extend(amount_tables([
            ("Statutory payments in the pay above", &view.statutory),
            ("Loan deductions", &view.loans),
        ]));
        let mut notes = vec![view.printed];
        notes.extend(view.replacement);
        notes.push(words::year_to(&view.year_ended));
        notes.push(words::paye(&view.paye_reference));
        notes.extend(view.notes);
        Self {
            title: view.title,
            whose: [vec![view.name, view.employer], view.employer_address].concat(),
            notes,
            tables,
            who: facts(&view.who),
            messages: Vec::new(),
            level,
        }
    }
}

/// A table of each of these that has something in it.
fn amount_tables<'f>(of: impl IntoIterator<Item = (&'static str, &'f Vec<Fact>)>) -> Vec<Table> {
    let some = of.into_iter().filter(|(_, facts)| !facts.is_empty());
    some.map(|(heading, facts)| amounts(heading, facts)).collect()
}

/// The look itself: what was asked for is the answer, so that it is on nobody's screen again without another look.
async fn look(
    Room(app): Room<App>,
    page: Page,
    person: Person,
    PathIds(id, document): PathIds,
    form: Form,
) -> Result<Response, Problem> {
    let there = match staged(&app, &person, id, document).await? {
        Staged::There(there) => there,
        Staged::Not => return Ok(not_staged(id)),
    };
    let typed = form.get("reason");
    let reason = match records::reason(typed) {
        Ok(reason) => reason,
        Err(says) => return ask_view(&page, &there, &FieldErrors::one("reason", says), typed),
    };
    let permit = permitted(&app.db, &person, Permission::LookAtPayslip).await?;
    match runs::look(&app, &permit, id, document, &reason, origin(&page)).await {
        Ok(document) => page.shell("One document").show(&DocumentView {
            back: back(id),
            shown: InsetText::new(words::SHOWN),
            figures: Figures::of(document, there.0.kind, 1),
        }),
        Err(LookError::NotStaged) => Ok(not_staged(id)),
        Err(LookError::NoDocument) => Err(Problem::NotFound),
        Err(LookError::Act(error)) => acted(id, error),
    }
}

#[derive(Template)]
#[template(path = "payroll_not_reached.html")]
struct NotReachedView<'v> {
    page: &'v Page,
    back: BackLink,
    errors: ErrorSummary,
    name: &'v str,
    place: String,
    people: Option<Table>,
    reason: TextInput,
    print: Button,
    after: String,
    more: Option<Uuid>,
}

async fn not_reached(
    Room(app): Room<App>,
    page: Page,
    person: Person,
    PathId(id): PathId,
) -> Result<Response, Problem> {
    let (_, run) = opened(&app, &person, id).await?;
    let after = page.query("after");
    not_reached_view(&app, &page, &person, &run, &after, &FieldErrors::none(), "").await
}

async fn not_reached_view(
    app: &App,
    page: &Page,
    person: &Person,
    run: &Run,
    after: &str,
    errors: &FieldErrors,
    typed: &str,
) -> Result<Response, Problem> {
    let permit = permitted(&app.db, person, Permission::PrintPayslips).await?;
    let people = match runs::not_reached(app, &permit, run.id, after.parse().ok()).await {
        Ok(people) => people,
        Err(error) => return not_printed(run.id, error),
    };
    let table = Table::new("For the post").caption_hidden().head(["Name", "Assignment", "Why"]).responsive();
    let all = people.iter().fold(table, |table, one| {
        table.row([one.name.clone(), one.assignment_number.clone(), words::unreached(one.why).to_owned()])
    });
    let body = NotReachedView {
        page,
        back: back(run.id),
        errors: errors.summary(),
        name: view::name(run),
        place: place(run.id),
        reason: reason_field(typed, errors),
        print: Button::submit(words::print(people.len())),
        after: after.to_owned(),
        more: people.last().map(|last| last.document).filter(|_| people.len() >= runs::PART),
        people: (!people.is_empty()).then_some(all),
    };
    page.shell("Not reached").invalid_if(!errors.is_empty()).show(&body)
}

fn not_printed(id: Uuid, error: BatchError) -> Result<Response, Problem> {
    match error {
        BatchError::NotPublished => Ok(see_other(&place(id))),
        BatchError::Act(error) => acted(id, error),
    }
}

#[derive(Template)]
#[template(path = "payroll_print.html")]
struct PrintView {
    back: BackLink,
    name: String,
    all: Vec<Figures>,
}

/// A part of them for the post, one a sheet: like a look, it is the answer to the form.
async fn print(
    Room(app): Room<App>,
    page: Page,
    person: Person,
    PathId(id): PathId,
    form: Form,
) -> Result<Response, Problem> {
    let (_, run) = opened(&app, &person, id).await?;
    person.recent_proof(RECENT_MINUTES, &format!("{}/not-reached", place(id)))?;
    let (after, typed) = (form.get("after"), form.get("reason"));
    let reason = match records::reason(typed) {
        Ok(reason) => reason,
        Err(says) => {
            let errors = FieldErrors::one("reason", says);
            return not_reached_view(&app, &page, &person, &run, after, &errors, typed).await;
        }
    };
    let permit = permitted(&app.db, &person, Permission::PrintPayslips).await?;
    match runs::print_batch(&app, &permit, id, after.parse().ok(), &reason, origin(&page)).await {
        Ok(all) => page.shell("For the post").show(&PrintView {
            back: BackLink::new(format!("{}/not-reached", place(id))).text("Back to the list"),
            name: view::name(&run).to_owned(),
            all: all.into_iter().map(|(_, document)| Figures::of(document, run.kind, 2)).collect(),
        }),
        Err(error) => not_printed(id, error),
    }
}
