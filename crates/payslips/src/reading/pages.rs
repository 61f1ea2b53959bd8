use askama::{Template, filters::HtmlSafe};
use axum::{extract::State, response::Response};
use http::StatusCode;
use records::{Contact, holder_of, origin};
use store::{Day, Instant};
use uuid::Uuid;
use web::{
    Audience, Desk, Form, Page, PathId, Person, Problem, Route, see_other,
    ui::{
        BackLink, Button, Cell, Checkboxes, Content, Details, InsetText, NotificationBanner, Select, Size,
        SummaryList, Table,
    },
};

use super::{
    Listed, printed,
    service::{self, Beside, Choices, ReadError, Shown},
};
use crate::{App, Compared, Fact, LineView, P60View, PayslipView, TaxYear, WhichDocument, words};

pub(crate) fn routes(app: &App) -> Vec<Route> {
    let pages = vec![
        Route::get("/payslips", Audience::Staff, list, app.clone()).in_menu("Payslips").for_leavers(),
        Route::post("/payslips/choices", Audience::Staff, choose, app.clone()),
        Route::get("/payslips/{id}", Audience::Staff, payslip, app.clone()).for_leavers(),
        Route::get("/payslips/{id}/compare", Audience::Staff, compare, app.clone()).for_leavers(),
        Route::get("/payslips/p60/{id}", Audience::Staff, p60, app.clone()).for_leavers(),
    ];
    [pages, printed::routes(app)].concat()
}

#[derive(Template)]
#[template(path = "payslips.html")]
struct ListView<'v> {
    page: &'v Page,
    done: Option<NotificationBanner>,
    newest: Option<(String, Rows)>,
    earlier: Vec<Details>,
    /// Missing for leavers, who are told nothing.
    choices: Option<Checkboxes>,
    save: Button,
}

/// The documents of a tax year.
#[derive(Template)]
#[template(path = "payslips_of_year.html")]
struct Rows {
    rows: Vec<RowView>,
}

impl HtmlSafe for Rows {}

struct RowView {
    /// Where it is; none where nothing of it is shown any more.
    href: Option<String>,
    name: String,
    notes: Vec<String>,
}

async fn list(State(app): State<App>, page: Page, person: Person) -> Result<Response, Problem> {
    let (choices, listed) = service::list(&app, person.staff_record).await?;
    let today = person.now.day_in(&person.zone);
    let mut years = by_year(&listed, today, &person).into_iter();
    let body = ListView {
        page: &page,
        done: (page.query("done") == "choices").then(|| NotificationBanner::success("It is kept.")),
        newest: years.next().map(|(year, rows)| (format!("Tax year {year}"), rows)),
        earlier: years
            .map(|(year, rows)| {
                let details = Details::new(format!("Tax year {year}"), Content::html(rows));
                if page.query("year") == year.to_string() { details.open() } else { details }
            })
            .collect(),
        choices: (!person.leaver).then(|| choice_boxes(choices)),
        save: Button::submit("Save").secondary(),
    };
    page.shell("Payslips").show(&body)
}

fn choice_boxes(Choices { mail, paper }: Choices) -> Checkboxes {
    let ticked = [("mail", mail), ("paper", paper)].into_iter().filter(|(_, on)| *on).map(|(name, _)| name);
    Checkboxes::without_legend("mail")
        .named_item(
            "mail",
            "mail",
            "Mail me when a payslip is there",
            "The mail says which month it is for. It has no amounts.",
        )
        .named_item(
            "paper",
            "paper",
            "I want my payslips on paper as well",
            "Payroll send them to the address that they hold for you.",
        )
        .values(ticked)
}

/// Newest year first, as the list comes.
fn by_year(listed: &[Listed], today: Day, person: &Person) -> Vec<(TaxYear, Rows)> {
    let replaced = replacements(listed);
    let several = listed.iter().any(|one| one.assignment_number != listed[0].assignment_number);
    let mut years: Vec<(TaxYear, Rows)> = Vec::new();
    for one in listed {
        let year = TaxYear::of(one.pay_date);
        if years.last().is_none_or(|(last, _)| *last != year) {
            years.push((year, Rows { rows: Vec::new() }));
        }
        if let Some((_, rows)) = years.last_mut() {
            rows.rows.push(row(one, several, &replaced, today, person));
        }
    }
    years
}

/// Which documents have another in their place, and since when.
fn replacements(listed: &[Listed]) -> Vec<(Uuid, Instant)> {
    let standing = listed.iter().filter(|one| one.withdrawn_at.is_none());
    standing.filter_map(|one| Some((one.replaces?, one.published_at))).collect()
}

fn row(one: &Listed, several: bool, replaced: &[(Uuid, Instant)], today: Day, person: &Person) -> RowView {
    let mut notes = Vec::new();
    if one.document == WhichDocument::Payslips {
        notes.push(capital(&words::paid(one.pay_date, today)));
    }
    if several {
        notes.push(format!("Assignment {}", one.assignment_number));
    }
    let day = |at: Instant| at.day_in(&person.zone);
    if let Some(at) = one.withdrawn_at {
        notes.push(words::withdrawn(day(at)));
        return RowView { href: None, name: one.name(), notes };
    }
    if let Some((_, at)) = replaced.iter().find(|(id, _)| *id == one.id) {
        notes.push(words::replaced(day(*at)));
    } else if one.replaces.is_some() {
        notes.push("Replaces an earlier one".to_owned());
    }
    let folder = if one.document == WhichDocument::P60s { "/payslips/p60" } else { "/payslips" };
    RowView { href: Some(format!("{folder}/{}", one.id)), name: one.name(), notes }
}

/// A sentence begins with a capital letter.
fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

async fn choose(State(app): State<App>, page: Page, person: Person, form: Form) -> Result<Response, Problem> {
    let choices = Choices { mail: !form.get("mail").is_empty(), paper: !form.get("paper").is_empty() };
    let whose = (person.staff_record, person.employer);
    service::choose(&app, whose, choices, origin(&page), person.now).await?;
    Ok(see_other("/payslips?done=choices"))
}

#[derive(Template)]
#[template(path = "payslip_withdrawn.html")]
struct WithdrawnView<'v> {
    back: BackLink,
    name: String,
    withdrawn: String,
    desk: &'v Contact,
}

/// Where it was withdrawn, that is said, and nothing of it is shown.
pub(super) fn unless_withdrawn<T>(
    read: Result<T, ReadError>,
    page: &Page,
    person: &Person,
) -> Result<Result<T, Response>, Problem> {
    let (name, at) = match read {
        Ok(read) => return Ok(Ok(read)),
        Err(ReadError::Withdrawn { name, at }) => (name, at),
        Err(error) => return Err(error.into()),
    };
    let body = WithdrawnView {
        back: back(),
        withdrawn: words::withdrawn(at.day_in(&person.zone)),
        desk: &holder_of(person)?.employer.settings.service_desk,
        name: name.clone(),
    };
    page.shell(name).status(StatusCode::GONE).show(&body).map(Err)
}

fn back() -> BackLink {
    BackLink::new("/payslips").text("All payslips")
}

/// That another stands in its place, or that it stands in another's.
fn standing<V>(shown: &Shown<V>, folder: &str, person: &Person) -> Option<NotificationBanner> {
    let day = |at: Instant| at.day_in(&person.zone);
    match shown.replaced {
        Some((at, id)) => {
            let link = Link { href: format!("{folder}/{id}"), text: "Open the one that counts" };
            let says = Replaced { says: words::replaced(day(at)), link };
            Some(NotificationBanner::important(Content::html(says)))
        }
        None if shown.replaces => {
            Some(NotificationBanner::important(words::replaces(day(shown.published_at))))
        }
        None => None,
    }
}

#[derive(Template)]
#[template(source = "<p>{{ says }}. <a href=\"{{ link.href }}\">{{ link.text }}</a></p>", ext = "html")]
struct Replaced {
    says: String,
    link: Link,
}

impl HtmlSafe for Replaced {}

struct Link {
    href: String,
    text: &'static str,
}

#[derive(Template)]
#[template(path = "payslip.html")]
struct PayslipPage<'v> {
    back: BackLink,
    id: Uuid,
    standing: Option<NotificationBanner>,
    payslip: &'v PayslipView,
    payments: Table,
    deductions: Table,
    more: Vec<Table>,
    who: SummaryList,
    messages: Vec<InsetText>,
    contributions: Option<Table>,
    meanings: Option<Details>,
    looks: Vec<(String, String)>,
    desk: &'v Contact,
}

async fn payslip(
    State(app): State<App>,
    page: Page,
    person: Person,
    PathId(id): PathId,
) -> Result<Response, Problem> {
    let read = service::payslip(&app, person.staff_record, id).await;
    let shown = match unless_withdrawn(read, &page, &person)? {
        Ok(shown) => shown,
        Err(withdrawn) => return Ok(withdrawn),
    };
    let view = &shown.view;
    let more = [("Since 6 April", &view.year_to_date), ("This period", &view.this_period)];
    let more = more.into_iter().filter(|(_, facts)| !facts.is_empty());
    let contributions = Some(&view.contributions).filter(|facts| !facts.is_empty());
    let body = PayslipPage {
        back: back(),
        id,
        standing: standing(&shown, "/payslips", &person),
        payments: lines("Pay and allowances", &view.payments, "Total pay", &view.gross),
        deductions: lines("Deductions", &view.deductions, "Total deductions", &view.total_deductions),
        more: more.map(|(heading, facts)| amounts(heading, facts)).collect(),
        who: facts(&view.who),
        messages: view.messages.iter().map(|message| InsetText::new(message.clone())).collect(),
        contributions: contributions.map(|facts| amounts("What your employer pays besides", facts)),
        meanings: (!view.meanings.is_empty()).then(|| {
            Details::new("What the words on this payslip mean", facts(&view.meanings).without_border())
        }),
        looks: looks(&shown.looks, &person),
        desk: &holder_of(&person)?.employer.settings.service_desk,
        payslip: view,
    };
    page.shell(view.title.clone()).show(&body)
}

fn looks(looks: &[(Instant, String)], person: &Person) -> Vec<(String, String)> {
    looks.iter().map(|(at, why)| (words::looked(*at, &person.zone), why.clone())).collect()
}

pub(crate) fn facts(facts: &[Fact]) -> SummaryList {
    facts.iter().fold(SummaryList::new(), |list, fact| list.row(fact.name.clone(), fact.text.clone()))
}

/// A table's caption that can be jumped to.
#[derive(Template)]
#[template(source = "<h2 class=\"portal-pay__heading\">{{ self.0 }}</h2>", ext = "html")]
struct Heading<'h>(&'h str);

impl HtmlSafe for Heading<'_> {}

/// The name of a line, and below it what it was computed from.
#[derive(Template)]
#[template(
    source = "{{ description }}{% if let Some(how) = how %} <span class=\"portal-pay__how\">{{ how }}</span>{% endif %}",
    ext = "html"
)]
struct LineName<'l> {
    description: &'l str,
    how: Option<&'l str>,
}

impl HtmlSafe for LineName<'_> {}

/// A total among other figures.
#[derive(Template)]
#[template(source = "<strong>{{ self.0 }}</strong>", ext = "html")]
struct Total<'t>(&'t str);

impl HtmlSafe for Total<'_> {}

/// Two columns: they fit the narrowest screen, and are a table to whoever hears the page.
fn money_table(heading: &str, what: &'static str) -> Table {
    Table::new(Content::html(Heading(heading)))
        .caption_size(Size::M)
        .head([Cell::from(what), Cell::numeric("Amount (£)")])
        .first_cell_is_header()
}

pub(crate) fn lines(heading: &str, lines: &[LineView], total: &str, sum: &str) -> Table {
    let table = lines.iter().fold(money_table(heading, "Line"), |table, line| {
        let name = LineName { description: &line.description, how: line.how.as_deref() };
        table.row([Content::html(name), line.amount.clone().into()])
    });
    table.row([Content::html(Total(total)), Content::html(Total(sum))])
}

pub(crate) fn amounts(heading: &str, facts: &[Fact]) -> Table {
    let table = money_table(heading, "Line");
    facts.iter().fold(table, |table, fact| table.row([fact.name.clone(), fact.text.clone()]))
}

#[derive(Template)]
#[template(path = "payslip_compare.html")]
struct ComparePage {
    back: BackLink,
    id: Uuid,
    name: String,
    net: Option<String>,
    /// Each with what it does to the net pay.
    reasons: Vec<(String, Option<String>)>,
    changed: Option<Table>,
    same: Option<Details>,
    choice: Option<(Select, Button)>,
}

async fn compare(
    State(app): State<App>,
    page: Page,
    person: Person,
    PathId(id): PathId,
) -> Result<Response, Problem> {
    let with = page.query("with");
    let with = match with.as_str() {
        "" => None,
        typed => Some(typed.parse().map_err(|_| Problem::NotFound)?),
    };
    let read = service::beside(&app, person.staff_record, id, with).await;
    let Beside { one, other, choice } = match unless_withdrawn(read, &page, &person)? {
        Ok(beside) => beside,
        Err(withdrawn) => return Ok(withdrawn),
    };
    let name = one.name();
    let (net, reasons, changed, same) = match &other {
        None => (None, Vec::new(), None, None),
        Some((other, comparison)) => (
            Some(words::net(comparison, &other.name())),
            comparison.reasons.iter().map(words::reason).collect(),
            beside_table("What differs", (other, &one), &comparison.changed),
            beside_table("What is the same", (other, &one), &comparison.same)
                .map(|table| Details::new(same_words(comparison.same.len()), table)),
        ),
    };
    let body = ComparePage {
        back: BackLink::new(format!("/payslips/{id}")).text(name.clone()),
        id,
        net,
        reasons,
        changed,
        same,
        choice: select(&one, other.as_ref().map(|(other, _)| other), &choice, &person),
        name,
    };
    page.shell("Compare payslips").show(&body)
}

fn same_words(lines: usize) -> String {
    if lines == 1 { "One line is the same".to_owned() } else { format!("{lines} lines are the same") }
}

/// Line by line: on a phone each line is a block with both amounts in it.
fn beside_table(
    heading: &'static str,
    (other, one): (&Listed, &Listed),
    compared: &[Compared],
) -> Option<Table> {
    if compared.is_empty() {
        return None;
    }
    let head = [
        Cell::from("Line"),
        Cell::numeric(short(other)),
        Cell::numeric(short(one)),
        Cell::numeric("Difference"),
    ];
    let table = Table::new(heading).caption_size(Size::M).head(head).first_cell_is_header().responsive();
    Some(compared.iter().fold(table, |table, line| {
        let amount = |total: &Option<crate::model::Total>| {
            total.as_ref().map_or_else(|| "none".to_owned(), |total| total.amount.to_string())
        };
        let difference = words::difference(line.difference());
        table.row([
            format!("{} ({})", line.description, words::block(line)),
            amount(&line.then),
            amount(&line.now),
            difference,
        ])
    }))
}

/// `27 October`: the day it was paid, as the head of a column.
fn short(listed: &Listed) -> String {
    listed.pay_date.date().strftime("%-d %b %Y").to_string()
}

fn select(
    one: &Listed,
    other: Option<&Listed>,
    choice: &[Listed],
    person: &Person,
) -> Option<(Select, Button)> {
    if choice.is_empty() {
        return None;
    }
    let replaced = replacements(choice);
    let several = choice.iter().any(|listed| listed.assignment_number != one.assignment_number);
    let today = person.now.day_in(&person.zone);
    let select = choice.iter().fold(Select::new("with", "Another payslip"), |select, listed| {
        let mut text = format!("{}, {}", listed.name(), words::paid(listed.pay_date, today));
        if several {
            text = format!("{text}, assignment {}", listed.assignment_number);
        }
        if replaced.iter().any(|(id, _)| *id == listed.id) || one.replaces == Some(listed.id) {
            text.push_str(", replaced");
        }
        select.item(listed.id.to_string(), text)
    });
    Some((select.value(other.map(|other| other.id.to_string())), Button::submit("Compare").secondary()))
}

#[derive(Template)]
#[template(path = "p60.html")]
struct P60Page<'v> {
    back: BackLink,
    id: Uuid,
    standing: Option<NotificationBanner>,
    p60: &'v P60View,
    who: SummaryList,
    pay_and_tax: Table,
    ni: Option<Table>,
    more: Vec<Table>,
    looks: Vec<(String, String)>,
    desk: &'v Contact,
}

async fn p60(
    State(app): State<App>,
    page: Page,
    person: Person,
    PathId(id): PathId,
) -> Result<Response, Problem> {
    let read = service::p60(&app, person.staff_record, id).await;
    let shown = match unless_withdrawn(read, &page, &person)? {
        Ok(shown) => shown,
        Err(withdrawn) => return Ok(withdrawn),
    };
    let view = &shown.view;
    let more = [("Statutory payments in the pay above", &view.statutory), ("Loan deductions", &view.loans)];
    let more = more.into_iter().filter(|(_, facts)| !facts.is_empty());
    let body = P60Page {
        back: back(),
        id,
        standing: standing(&shown, "/payslips/p60", &person),
        who: facts(&view.who),
        pay_and_tax: pay_and_tax(view),
        ni: ni(view),
        more: more.map(|(heading, facts)| amounts(heading, facts)).collect(),
        looks: looks(&shown.looks, &person),
        desk: &holder_of(&person)?.employer.settings.service_desk,
        p60: view,
    };
    page.shell(view.title.clone()).show(&body)
}

pub(crate) fn pay_and_tax(view: &P60View) -> Table {
    let table = Table::new(Content::html(Heading("Pay and Income Tax")))
        .caption_size(Size::M)
        .head([Cell::from("Employment"), Cell::numeric("Pay (£)"), Cell::numeric("Tax deducted (£)")])
        .first_cell_is_header();
    view.pay_and_tax
        .iter()
        .fold(table, |table, row| table.row([row.name.clone(), row.pay.clone(), row.tax.clone()]))
}

pub(crate) fn ni(view: &P60View) -> Option<Table> {
    if view.ni.is_empty() {
        return None;
    }
    let table = Table::new("National Insurance contributions in this employment")
        .caption_size(Size::M)
        .head([
            Cell::from("NI letter"),
            Cell::numeric("Earnings at the lower earnings limit (£)"),
            Cell::numeric("Earnings above it, up to the primary threshold (£)"),
            Cell::numeric("Earnings above that, up to the upper earnings limit (£)"),
            Cell::numeric("Your contributions (£)"),
        ])
        .first_cell_is_header()
        .responsive();
    Some(view.ni.iter().fold(table, |table, row| {
        table.row([
            row.letter.clone(),
            row.at_lower_limit.clone(),
            row.to_primary_threshold.clone(),
            row.to_upper_limit.clone(),
            row.contributions.clone(),
        ])
    }))
}
