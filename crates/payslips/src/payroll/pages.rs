use askama::Template;
use axum::{extract::State as Room, response::Response};
use records::{Permission, Permit, origin, permitted};
use uuid::Uuid;
use web::{
    FieldErrors, Form, Page, PathId, Person, Problem, Route, export, format, see_other,
    ui::{
        BackLink, Button, Details, ErrorSummary, FileInput, InputMode, InsetText, NotificationBanner,
        SummaryList, Table, Tag, TextInput, Width,
    },
};

use super::{PAYROLL, view, words};
use crate::{
    App, FindingKind, Severity, run_file,
    runs::{self, ActError, MOST_BYTES, ReceiveError, ReportError, Run, State, Tick, Totals},
};

pub(super) fn routes(app: &App) -> Vec<Route> {
    vec![
        Route::get("/payroll/runs", PAYROLL, list, app.clone()).in_menu("Payslip runs"),
        Route::post("/payroll/runs", PAYROLL, send, app.clone()).files(MOST_BYTES),
        Route::get("/payroll/runs/template.csv", PAYROLL, example, app.clone()),
        Route::get("/payroll/runs/{id}", PAYROLL, show, app.clone()),
        Route::get("/payroll/runs/{id}/findings.csv", PAYROLL, findings, app.clone()),
        Route::post("/payroll/runs/{id}/tick", PAYROLL, tick, app.clone()),
        Route::post("/payroll/runs/{id}/totals", PAYROLL, totals, app.clone()),
        Route::post("/payroll/runs/{id}/discard", PAYROLL, discard, app.clone()).not_kept(),
    ]
}

pub(super) const RUNS: &str = "/payroll/runs";

pub(super) fn place(id: Uuid) -> String {
    format!("{RUNS}/{id}")
}

pub(super) fn back(id: Uuid) -> BackLink {
    BackLink::new(place(id)).text("Back to the run")
}

/// Where an act leads that came too late.
pub(super) fn moved_on(id: Uuid) -> Response {
    see_other(&format!("{}?done=moved-on", place(id)))
}

#[derive(Template)]
#[template(path = "payroll_runs.html")]
struct ListView<'v> {
    page: &'v Page,
    done: Option<NotificationBanner>,
    errors: ErrorSummary,
    help: Details,
    file: FileInput,
    button: Button,
    runs: Vec<RowView>,
}

struct RowView {
    id: Uuid,
    name: String,
    about: String,
    state: Tag,
}

async fn list(Room(app): Room<App>, page: Page, person: Person) -> Result<Response, Problem> {
    list_view(&app, &page, &person, &FieldErrors::none()).await
}

async fn list_view(
    app: &App,
    page: &Page,
    person: &Person,
    errors: &FieldErrors,
) -> Result<Response, Problem> {
    let permit = permitted(&app.db, person, Permission::CheckPayslips).await?;
    let mut rows = Vec::new();
    for run in runs::recent(app, &permit).await? {
        let by = view::named(app, run.uploaded_by, person).await?;
        let at = words::at_by(&format::day_and_time(run.uploaded_at, &person.zone), &by);
        rows.push(RowView {
            id: run.id,
            name: view::name(&run).to_owned(),
            about: run.pay_date.map_or_else(|| at.clone(), |day| words::paid(&format::day(day), &at)),
            state: view::tag(run.state),
        });
    }
    let done = (page.query("done") == "discarded").then(|| NotificationBanner::success(words::DISCARDED));
    let body = ListView {
        page,
        done,
        errors: errors.summary(),
        help: Details::new(
            "What each column and section holds",
            web::ui::Content::html(HelpView { sections: words::sections() }),
        ),
        file: FileInput::new("file", "Run file*")
            .hint(words::file_hint(MOST_BYTES))
            .accept(".csv,.xlsx,text/csv")
            .error(errors.at("file")),
        button: Button::submit("Upload and check"),
        runs: rows,
    };
    page.shell("Payslip runs").invalid_if(!errors.is_empty()).show(&body)
}

#[derive(Template)]
#[template(path = "payroll_help.html")]
struct HelpView {
    sections: SummaryList,
}

impl askama::filters::HtmlSafe for HelpView {}

async fn example() -> Response {
    export::file("payslips.csv", run_file::template())
}

async fn send(Room(app): Room<App>, page: Page, person: Person, form: Form) -> Result<Response, Problem> {
    let permit = permitted(&app.db, &person, Permission::CheckPayslips).await?;
    let says = match form.file("file") {
        None => words::CHOOSE_FILE.to_owned(),
        Some(file) => match runs::receive(&app, &permit, file, origin(&page)).await {
            Ok(id) => return Ok(see_other(&place(id))),
            Err(ReceiveError::Refused(refused)) => return Err(refused.into()),
            Err(ReceiveError::Store(error)) => return Err(error.into()),
            Err(error) => error.to_string(),
        },
    };
    list_view(&app, &page, &person, &FieldErrors::one("file", says)).await
}

#[derive(Template)]
#[template(path = "payroll_run.html")]
struct RunView<'v> {
    page: &'v Page,
    back: BackLink,
    done: Option<NotificationBanner>,
    errors: ErrorSummary,
    name: &'v str,
    facts: SummaryList,
    place: String,
    /// What was seen: the check that staged it.
    seen: String,
    at_work: Option<AtWorkView>,
    says: Vec<InsetText>,
    wrong: Option<WrongView>,
    totals: Option<Table>,
    report: Option<ReportView>,
    warnings: Option<WarningsView>,
    look: Option<LookView>,
    publish: Option<PublishView>,
    links: Vec<(&'static str, &'static str)>,
    buttons: Vec<(&'static str, Button)>,
}

struct AtWorkView {
    counted: Option<String>,
    reloads: bool,
}

struct WrongView {
    number: String,
    kinds: Table,
    first: Table,
}

struct ReportView {
    fields: Vec<TextInput>,
    button: Button,
}

struct WarningsView {
    number: String,
    kinds: Vec<WarningView>,
}

struct WarningView {
    word: &'static str,
    name: &'static str,
    number: String,
    first: Details,
    ticked: Option<String>,
    tick: Option<(TextInput, Button)>,
}

struct LookView {
    assignment: TextInput,
    button: Button,
}

struct PublishView {
    says: Vec<InsetText>,
    button: Option<Button>,
}

/// A run of the person's employer, and the permit to look at it.
pub(super) async fn opened(app: &App, person: &Person, id: Uuid) -> Result<(Permit, Run), Problem> {
    let permit = permitted(&app.db, person, Permission::CheckPayslips).await?;
    let run = runs::run(app, &permit, id).await?.ok_or(Problem::NotFound)?;
    Ok((permit, run))
}

async fn show(
    Room(app): Room<App>,
    page: Page,
    person: Person,
    PathId(id): PathId,
) -> Result<Response, Problem> {
    let (permit, run) = opened(&app, &person, id).await?;
    run_view(&app, &page, &person, (&permit, &run), &FieldErrors::none(), Typed::Nothing).await
}

/// What was typed into one of the page's forms.
#[derive(Clone, Copy)]
pub(super) enum Typed<'t> {
    Nothing,
    Form(&'t Form),
    Assignment(&'t str),
}

impl Typed<'_> {
    fn get(&self, name: &str) -> &str {
        match self {
            Self::Form(form) => form.get(name),
            Self::Assignment(typed) if name == "assignment" => typed,
            _ => "",
        }
    }
}

pub(super) async fn run_view(
    app: &App,
    page: &Page,
    person: &Person,
    (permit, run): (&Permit, &Run),
    errors: &FieldErrors,
    typed: Typed<'_>,
) -> Result<Response, Problem> {
    let reloads = run.state.is_at_work() && page.may_reload(run.changed_at, person.now);
    let place = place(run.id);
    let mut body = RunView {
        page,
        back: BackLink::new(RUNS).text("Payslip runs"),
        done: banner(&page.query("done")),
        errors: errors.summary(),
        name: view::name(run),
        facts: view::facts(app, run, person).await?,
        seen: seen(run),
        at_work: run.state.is_at_work().then(|| AtWorkView {
            counted: (run.done > 0).then(|| words::prepared(run.done.unsigned_abs(), run.document)),
            reloads,
        }),
        says: says(run, person),
        wrong: None,
        totals: None,
        report: None,
        warnings: None,
        look: None,
        publish: None,
        links: Vec::new(),
        buttons: Vec::new(),
        place,
    };
    if run.state == State::Wrong {
        body.wrong = Some(wrong_view(app, run).await?);
    }
    let summary = runs::summary(app, run.id).await?;
    if let Some(summary) = summary.filter(|_| run.state != State::Wrong) {
        let last = match runs::last_run(app, run).await? {
            Some(last) => runs::summary(app, last.id).await?.map(|summary| (last, summary)),
            None => None,
        };
        body.totals = Some(view::totals(run, &summary, last.as_ref()));
    }
    if run.state.is_staged() {
        let ticks = runs::ticks(app, run.id).await?;
        body.warnings = warnings_view(app, run, person, &ticks, errors, typed).await?;
        body.report = summary.filter(|_| !run.totals_agree).map(|_| report_view(errors, typed));
        body.look = Some(LookView {
            assignment: TextInput::new("assignment", "Assignment number")
                .value(typed.get("assignment"))
                .error(errors.at("assignment"))
                .autocomplete("off")
                .code()
                .width(Width::W20),
            button: Button::submit("Go on").secondary(),
        });
        body.publish = Some(publish_view(app, person, (permit, run), &ticks).await?);
    }
    match run.state {
        State::Checking | State::Wrong | State::Checked | State::Failed => {
            body.buttons.push(("discard", Button::submit("Discard this run").secondary()));
        }
        State::Waiting | State::Scheduled => {
            body.buttons.push(("call-off", Button::submit("Call it off").secondary()));
        }
        State::Published => {
            body.links.push(("not-reached", "Who is not reached, and what to print"));
            body.links.push(("withdraw", "Withdraw this run"));
        }
        _ => {}
    }
    page.shell("Payslip run").invalid_if(!errors.is_empty()).reloads_if(reloads).show(&body)
}

pub(super) fn seen(run: &Run) -> String {
    run.staging.map(|staging| staging.to_string()).unwrap_or_default()
}

fn banner(done: &str) -> Option<NotificationBanner> {
    let says = match done {
        "ticked" => words::TICKED,
        "totals" => words::TOTALS_AGREE,
        "agreed" => words::AGREED,
        "called-off" => words::CALLED_OFF,
        "published" => words::PUBLISHED,
        "scheduled" => words::SCHEDULED,
        "withdrawn" => words::WITHDRAWN,
        "moved-on" => return Some(NotificationBanner::important(words::MOVED_ON)),
        "not-staged" => return Some(NotificationBanner::important(words::NOT_STAGED)),
        _ => return None,
    };
    Some(NotificationBanner::success(says))
}

/// What there is to say of a run beside its facts.
fn says(run: &Run, person: &Person) -> Vec<InsetText> {
    let why = || run.says.clone().unwrap_or_default();
    let text = match run.state {
        State::Checked if run.again => words::AGAIN.to_owned(),
        State::Scheduled => {
            let at = run.publish_at.map(|at| format::day_and_time(at, &person.zone));
            words::scheduled(&at.unwrap_or_default())
        }
        State::Withdrawn => words::withdrawn(&why()),
        State::Failed => words::failed(&why()),
        State::Discarded => words::IS_DISCARDED.to_owned(),
        _ => return Vec::new(),
    };
    vec![InsetText::new(text)]
}

async fn wrong_view(app: &App, run: &Run) -> Result<WrongView, Problem> {
    let of_errors = || run.counts().iter().filter(|(kind, _)| kind.severity() == Severity::Error);
    let number: u64 = of_errors().map(|(_, number)| *number).sum();
    let mut first = Vec::new();
    for (kind, _) in of_errors() {
        first.extend(runs::findings_of(app, run.id, *kind).await?);
    }
    // Those of the whole file come first, then line by line.
    first.sort_by_key(|finding| finding.line);
    first.truncate(SHOWN);
    Ok(WrongView {
        number: words::errors(number),
        kinds: view::kinds(of_errors()),
        first: view::findings(words::first(first.len(), number), &first),
    })
}

/// So many errors are shown.
const SHOWN: usize = 50;

async fn warnings_view(
    app: &App,
    run: &Run,
    person: &Person,
    ticks: &[Tick],
    errors: &FieldErrors,
    typed: Typed<'_>,
) -> Result<Option<WarningsView>, Problem> {
    let (mut kinds, mut all) = (Vec::new(), 0);
    for kind in run.warnings() {
        let number = run.counts().get(&kind).copied().unwrap_or_default();
        all += number;
        let ticked = match ticks.iter().find(|tick| tick.kind == kind) {
            Some(tick) => {
                let by = view::named(app, tick.by_staff_record, person).await?;
                Some(words::ticked(&by, &format::day_and_time(tick.at, &person.zone), &tick.reason))
            }
            None => None,
        };
        let field = reason_of(kind);
        let tick = (ticked.is_none() && run.state == State::Checked).then(|| {
            let reason = TextInput::new(field.clone(), words::reason_for(words::kind(kind)))
                .value(typed.get(&field))
                .error(errors.at(&field));
            (reason, Button::submit(words::tick_off(number)).secondary())
        });
        kinds.push(WarningView {
            word: kind.as_str(),
            name: words::kind(kind),
            number: format::number(number),
            first: view::first(&runs::findings_of(app, run.id, kind).await?, number),
            ticked,
            tick,
        });
    }
    Ok((!kinds.is_empty()).then(|| WarningsView { number: words::warnings(all), kinds }))
}

/// The name of the field for the reason of a kind: a page has several.
fn reason_of(kind: FindingKind) -> String {
    format!("reason-{}", kind.as_str())
}

fn report_view(errors: &FieldErrors, typed: Typed<'_>) -> ReportView {
    let field = |name: &'static str, label: &'static str, mode| {
        TextInput::new(name, label)
            .value(typed.get(name))
            .error(errors.at(name))
            .autocomplete("off")
            .input_mode(mode)
            .width(Width::W10)
    };
    ReportView {
        fields: vec![
            field("people", "People*", InputMode::Numeric),
            field("gross", "Gross pay in pounds*", InputMode::Numeric),
            field("deductions", "Deductions in pounds*", InputMode::Numeric),
            field("net", "Net pay in pounds*", InputMode::Numeric),
        ],
        button: Button::submit("Compare with the file").secondary(),
    }
}

/// What has to be done before it can be published, or the way to it.
async fn publish_view(
    app: &App,
    person: &Person,
    (permit, run): (&Permit, &Run),
    ticks: &[Tick],
) -> Result<PublishView, Problem> {
    let mut says: Vec<String> = Vec::new();
    let left = run.warnings().filter(|kind| ticks.iter().all(|tick| tick.kind != *kind)).count();
    if left > 0 {
        says.push(words::first_tick(left));
    }
    if !run.totals_agree {
        says.push(words::FIRST_TOTALS.to_owned());
    }
    let mut ready = says.is_empty() && run.state != State::Scheduled;
    if run.state == State::Waiting {
        let by = view::named(app, run.agreed_by, person).await?;
        says.push(words::waits(&by));
        if run.agreed_by == Some(person.staff_record) {
            says.push(words::WAITS_FOR_OTHERS.to_owned());
            ready = false;
        }
    }
    if view::only_own(app, permit, run, person).await? {
        says.push(words::OWN_ALONE.to_owned());
        ready = false;
    }
    Ok(PublishView {
        says: says.into_iter().map(InsetText::new).collect(),
        button: ready.then(|| Button::link(words::PUBLISH, format!("{}/publish", place(run.id)))),
    })
}

/// What was found, as a file.
async fn findings(Room(app): Room<App>, person: Person, PathId(id): PathId) -> Result<Response, Problem> {
    let (_, run) = opened(&app, &person, id).await?;
    let found = runs::findings(&app, run.id).await?;
    if found.is_empty() {
        return Err(Problem::NotFound);
    }
    let head = ["line", "column", "assignment", "expected", "found", "what to do", "kind"].map(str::to_owned);
    let rows = found.iter().map(|finding| {
        let [line, column, person, expected, found, text] = view::cells(finding);
        [line, column, person, expected, found, text, words::kind(finding.kind).to_owned()]
    });
    let stem = run.file_name.rsplit_once('.').map_or(run.file_name.as_str(), |(stem, _)| stem);
    let rows: Vec<[String; 7]> = std::iter::once(head).chain(rows).collect();
    let rows = rows.iter().map(|row| row.each_ref().map(String::as_str));
    Ok(export::csv(&format!("{stem}-findings.csv"), rows))
}

/// What the form says was seen.
pub(super) fn was_seen(form: &Form) -> Option<Uuid> {
    form.get("seen").parse().ok()
}

async fn tick(
    Room(app): Room<App>,
    page: Page,
    person: Person,
    PathId(id): PathId,
    form: Form,
) -> Result<Response, Problem> {
    let (permit, run) = opened(&app, &person, id).await?;
    let (Some(seen), Ok(kind)) = (was_seen(&form), form.get("kind").parse::<FindingKind>()) else {
        return Ok(moved_on(id));
    };
    let field = reason_of(kind);
    let reason = match records::reason(form.get(&field)) {
        Ok(reason) => reason,
        Err(says) => {
            let errors = FieldErrors::one(field, says);
            return run_view(&app, &page, &person, (&permit, &run), &errors, Typed::Form(&form)).await;
        }
    };
    match runs::tick(&app, &permit, id, seen, kind, &reason, origin(&page)).await {
        Ok(()) => Ok(see_other(&format!("{}?done=ticked", place(id)))),
        Err(error) => acted(id, error),
    }
}

/// The answer to an act that was not done.
pub(super) fn acted(id: Uuid, error: ActError) -> Result<Response, Problem> {
    match error {
        ActError::NotFound => Err(Problem::NotFound),
        ActError::MovedOn | ActError::NotAWarning => Ok(moved_on(id)),
        ActError::Refused(refused) => Err(refused.into()),
        ActError::Store(error) => Err(error.into()),
    }
}

async fn totals(
    Room(app): Room<App>,
    page: Page,
    person: Person,
    PathId(id): PathId,
    form: Form,
) -> Result<Response, Problem> {
    let (permit, run) = opened(&app, &person, id).await?;
    let Some(seen) = was_seen(&form) else { return Ok(moved_on(id)) };
    let errors = match typed_totals(&form) {
        Err(errors) => errors,
        Ok(totals) => match runs::report_totals(&app, &permit, id, seen, totals, origin(&page)).await {
            Ok(()) => return Ok(see_other(&format!("{}?done=totals", place(id)))),
            Err(ReportError::Act(error)) => return acted(id, error),
            Err(ReportError::Differ(held)) => differing(&totals, &held),
        },
    };
    run_view(&app, &page, &person, (&permit, &run), &errors, Typed::Form(&form)).await
}

fn typed_totals(form: &Form) -> Result<Totals, FieldErrors> {
    let mut errors = FieldErrors::none();
    let people: String = form.get("people").chars().filter(|c| !c.is_whitespace() && *c != ',').collect();
    let people = people.parse::<u64>().unwrap_or_else(|_| {
        errors.add("people", words::PEOPLE_FORM);
        0
    });
    let mut amount = |name: &'static str| {
        run_file::amount(form.get(name)).unwrap_or_else(|_| {
            errors.add(name, words::AMOUNT_FORM);
            crate::Pence(0)
        })
    };
    let totals =
        Totals { people, gross: amount("gross"), deductions: amount("deductions"), net: amount("net") };
    if errors.is_empty() { Ok(totals) } else { Err(errors) }
}

/// Which of the typed totals are not the file's.
fn differing(typed: &Totals, held: &Totals) -> FieldErrors {
    let mut errors = FieldErrors::none();
    if typed.people != held.people {
        errors.add("people", words::differs(&format::number(held.people)));
    }
    for (name, typed, held) in [
        ("gross", typed.gross, held.gross),
        ("deductions", typed.deductions, held.deductions),
        ("net", typed.net, held.net),
    ] {
        if typed != held {
            errors.add(name, words::differs(&view::pounds(held)));
        }
    }
    errors
}

async fn discard(
    Room(app): Room<App>,
    page: Page,
    person: Person,
    PathId(id): PathId,
    _: Form,
) -> Result<Response, Problem> {
    let (permit, _) = opened(&app, &person, id).await?;
    match runs::discard(&app, &permit, id, origin(&page)).await {
        Ok(()) => Ok(see_other(&format!("{RUNS}?done=discarded"))),
        Err(error) => acted(id, error),
    }
}
