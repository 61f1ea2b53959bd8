//! The tables and tags of a run.

use records::Permit;
use store::StoreError;
use web::{
    Person, format,
    ui::{Cell, Details, Size, SummaryList, Table, Tag, TagColour},
};

use super::words;
use crate::{
    App, Finding, FindingKind, Pence, WhichDocument,
    runs::{self, Run, RunSummary, State},
};

pub(super) fn tag(state: State) -> Tag {
    let (text, colour) = match state {
        State::Receiving | State::Checking => ("Being checked", TagColour::Blue),
        State::Wrong => ("Has errors", TagColour::Red),
        State::Checked => ("Waits for you", TagColour::Yellow),
        State::Waiting => ("Waits for a second person", TagColour::Yellow),
        State::Scheduled => ("Will be published", TagColour::Blue),
        State::Published => ("Published", TagColour::Green),
        State::Withdrawn => ("Withdrawn", TagColour::Grey),
        State::Failed => ("Failed", TagColour::Red),
        State::Discarded => ("Discarded", TagColour::Grey),
    };
    Tag::new(text).colour(colour)
}

/// What a run is called: payroll's own name for it, once that is read.
pub(super) fn name(run: &Run) -> &str {
    run.reference.as_deref().unwrap_or(&run.file_name)
}

/// What a run is made of, and by whom.
pub(super) async fn facts(app: &App, run: &Run, person: &Person) -> Result<SummaryList, StoreError> {
    let mut facts = SummaryList::new().row("State", tag(run.state));
    if let (Some(document), Some(kind)) = (run.document, run.kind) {
        facts = facts.row("What it is", words::what(document, kind, run.frequency));
    }
    if let Some(pay_date) = run.pay_date {
        facts = facts.row("Pay date", format::day(pay_date));
    }
    if let (Some(from), Some(to)) = (run.period_from, run.period_to) {
        facts = facts.row("Period", words::period(from, to));
    }
    if run.done > 0 {
        facts = facts.row("Holds", words::documents(run.done.unsigned_abs(), run.document));
    }
    let by = named(app, run.uploaded_by, person).await?;
    facts = facts
        .row("File", run.file_name.clone())
        .row("Uploaded", words::at_by(&format::day_and_time(run.uploaded_at, &person.zone), &by));
    if let Some(at) = run.published_at {
        let by = named(app, run.second_by.or(run.agreed_by), person).await?;
        facts = facts.row("Published", words::at_by(&format::day_and_time(at, &person.zone), &by));
    }
    if let Some(at) = run.withdrawn_at {
        facts = facts.row("Withdrawn", format::day_and_time(at, &person.zone));
    }
    Ok(facts)
}

/// The name of who did something; where it is nobody, the operator did it by a command.
pub(super) async fn named(app: &App, id: Option<uuid::Uuid>, person: &Person) -> Result<String, StoreError> {
    match id {
        Some(id) => records::name_of(&app.db, id, person.now).await,
        None => Ok(words::OPERATOR.to_owned()),
    }
}

/// Whether a run holds nothing but one person's own documents. Nobody has so many that they fill a page of the list.
pub(super) async fn only_own(
    app: &App,
    permit: &Permit,
    run: &Run,
    person: &Person,
) -> Result<bool, StoreError> {
    let documents = runs::documents(app, permit, run.id, None).await?;
    Ok(!documents.is_empty() && documents.iter().all(|one| one.staff_record_id == person.staff_record))
}

/// A run's totals beside those of the last one like it.
pub(super) fn totals(run: &Run, summary: &RunSummary, last: Option<&(Run, RunSummary)>) -> Table {
    let this = summary.totals;
    let head = ["Total".into(), Cell::numeric("This run")];
    let caption =
        Table::new("What the run comes to").caption_size(Size::M).first_cell_is_header().responsive();
    let people = if run.document == Some(WhichDocument::P60s) { "P60s" } else { "Payslips" };
    let money = [("Gross pay", this.gross), ("Deductions", this.deductions), ("Net pay", this.net)];
    let Some((last, before)) = last else {
        let table = caption.head(head).row([people.to_owned(), format::number(this.people)]);
        return money
            .iter()
            .fold(table, |table, (name, amount)| table.row([(*name).to_owned(), pounds(*amount)]));
    };
    let before = before.totals;
    let head = head.into_iter().chain([Cell::numeric(words::last(name(last))), Cell::numeric("Difference")]);
    let difference =
        i64::try_from(this.people).unwrap_or(i64::MAX) - i64::try_from(before.people).unwrap_or(i64::MAX);
    let table = caption.head(head).row([
        people.to_owned(),
        format::number(this.people),
        format::number(before.people),
        signed(difference, format::number(difference.unsigned_abs())),
    ]);
    money.iter().zip([before.gross, before.deductions, before.net]).fold(
        table,
        |table, ((name, now), then)| {
            let difference = *now - then;
            let shown = signed(difference.0, pounds(if difference.0 < 0 { -difference } else { difference }));
            table.row([(*name).to_owned(), pounds(*now), pounds(then), shown])
        },
    )
}

fn signed(of: i64, amount: String) -> String {
    match of {
        0 => amount,
        1.. => format!("+{amount}"),
        _ => format!("-{amount}"),
    }
}

pub(super) fn pounds(amount: Pence) -> String {
    if amount.0 < 0 { format!("-£{}", -amount) } else { format!("£{amount}") }
}

/// So many of each kind.
pub(super) fn kinds<'k>(all: impl Iterator<Item = (&'k FindingKind, &'k u64)>) -> Table {
    let table = Table::new("Kinds of errors")
        .caption_size(Size::M)
        .head(["What is wrong".into(), Cell::numeric("How many")])
        .responsive();
    all.fold(table, |table, (kind, number)| {
        table.row([words::kind(*kind).to_owned(), format::number(*number)])
    })
}

/// Some of what was found, row by row.
pub(super) fn findings(caption: String, found: &[Finding]) -> Table {
    let head = ["Where", "Assignment", "Found", "What to do"];
    let table = Table::new(caption).caption_size(Size::M).head(head).responsive();
    found.iter().fold(table, |table, finding| {
        table.row([
            words::place(finding.line, finding.column.as_deref()),
            finding.person.clone().unwrap_or_default(),
            words::found(finding.expected.as_deref(), finding.found.as_deref()),
            finding.text.clone(),
        ])
    })
}

/// The same, to be opened.
pub(super) fn first(found: &[Finding], all: u64) -> Details {
    let caption = words::first(found.len(), all);
    Details::new(caption.clone(), web::ui::Content::html(findings(caption, found).caption_hidden()))
}

/// A finding as a row of a file.
pub(super) fn cells(finding: &Finding) -> [String; 6] {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    [
        finding.line.map(|line| line.to_string()).unwrap_or_default(),
        text(&finding.column),
        text(&finding.person),
        text(&finding.expected),
        text(&finding.found),
        finding.text.clone(),
    ]
}
