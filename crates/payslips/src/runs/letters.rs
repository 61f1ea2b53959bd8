//! The mails of runs: none holds an amount, or a link.

use futures::FutureExt;
use jiff::tz::TimeZone;
use mail::{Block, ComposeError, Composer, Letter, NewMail, Outgoing};
use records::Holder;
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::{
    Db, Instant, Tx,
    jobs::{Job, JobError, end, finish},
};
use uuid::Uuid;

use super::{Run, State, jobs::Told, sql, words};
use crate::{App, RunKind};

/// To whoever has a new payslip or P60.
const PUBLISHED: &str = "payslips.published";
/// To whoever has had one withdrawn.
const WITHDRAWN: &str = "payslips.withdrawn";
/// To those who agreed, where a run was not published at its hour.
const NOT_PUBLISHED: &str = "payslips.not_published";

/// So many documents are told of by one transaction.
const TOLD_AT_ONCE: i64 = 50;

/// Who writes the mails of runs.
pub(crate) fn composers(app: &App) -> Vec<Composer> {
    let (published, withdrawn, failed) = (app.clone(), app.clone(), app.clone());
    vec![
        Composer::new(PUBLISHED, move |mail| write_published(published.clone(), mail)),
        Composer::new(WITHDRAWN, move |mail| write_withdrawn(withdrawn.clone(), mail)),
        Composer::new(NOT_PUBLISHED, move |mail| write_not_published(failed.clone(), mail)),
    ]
}

/// Queues the mails of a run that was published or withdrawn, a few people at a time. A try that is repeated tells nobody twice.
pub(super) async fn tell(app: App, job: Job, run: Uuid, what: Told) -> Result<(), JobError> {
    let kind = match what {
        Told::Published => PUBLISHED,
        Told::Withdrawn => WITHDRAWN,
    };
    let mut reader = app.db.read().await?;
    let told_of = sql::any_run(&mut reader.tx(), run).await?;
    drop(reader);
    if told_of.is_some_and(|run| what == Told::Published && is_history(&run, app.clock.now())) {
        return end(&app.db, job).await;
    }
    let mut after = Uuid::nil();
    loop {
        let mut reader = app.db.read().await?;
        let page = sql::whom_to_tell(&mut reader.tx(), run, after, TOLD_AT_ONCE).await?;
        drop(reader);
        let last = page.last().map(|(id, _, _)| *id);
        let (app_in, now, job) = (app.clone(), app.clock.now(), job.clone());
        app.db
            .write(move |tx| {
                async move {
                    let mut told = None;
                    for (_, staff_record, wanted) in page {
                        // Somebody's posts stand together in a file.
                        if wanted && told != Some(staff_record) {
                            tell_one(tx, &app_in, now, (run, kind), staff_record).await?;
                        }
                        told = Some(staff_record);
                    }
                    if last.is_none() {
                        finish(tx, &job).await?;
                    }
                    Ok::<_, JobError>(())
                }
                .boxed()
            })
            .await?;
        match last {
            Some(last) => after = last,
            None => return Ok(()),
        }
    }
}

/// Payslips of months long gone, which an employer that begins with the portal brings along: nobody is mailed about each of them. What
/// replaces a document is told at any time.
fn is_history(run: &Run, now: Instant) -> bool {
    const TOLD_DAYS: i64 = 62;
    let is_correction = run.kind == Some(RunKind::Correction);
    let told_until = now.plus_minutes(-TOLD_DAYS * 24 * 60).day_in(&TimeZone::UTC);
    !is_correction && run.pay_date.is_some_and(|day| day < told_until)
}

async fn tell_one(
    tx: &mut Tx<'_>,
    app: &App,
    now: Instant,
    (run, kind): (Uuid, &'static str),
    staff_record: Uuid,
) -> store::Result<()> {
    let Some(holder) = records::holder(tx, staff_record, now).await? else { return Ok(()) };
    let Some(to) = address(tx, &holder, now).await? else { return Ok(()) };
    let leaver = has_left(&holder, now);
    let mail = NewMail {
        id: app.entropy.id(now),
        key: Some(format!("{kind}:{run}:{staff_record}")),
        to,
        about: Some(staff_record),
        kind,
        data: json!(OfRun { run, leaver }),
    };
    mail::enqueue(tx, mail, now).await
}

/// Where somebody is told of their pay: at work while they are there, and after that at their personal address, where they get in by it.
async fn address(tx: &mut Tx<'_>, holder: &Holder, now: Instant) -> store::Result<Option<String>> {
    if !has_left(holder, now) {
        return Ok(holder.record.email.clone());
    }
    let personal = records::personal_address::confirmed(tx, holder.record.id).await?;
    Ok(personal.filter(|personal| personal.works(holder, now)).and_then(|personal| personal.address))
}

fn has_left(holder: &Holder, now: Instant) -> bool {
    holder.record.has_left(holder.employer.today(now))
}

/// Tells those who agreed that their run was not published at its hour.
pub(super) async fn tell_not_published(
    tx: &mut Tx<'_>,
    app: &App,
    run: &Run,
    now: Instant,
) -> store::Result<()> {
    for by in [run.agreed_by, run.second_by].into_iter().flatten() {
        let Some(holder) = records::holder(tx, by, now).await? else { continue };
        let Some(to) = address(tx, &holder, now).await? else { continue };
        let mail = NewMail {
            id: app.entropy.id(now),
            key: None,
            to,
            about: Some(by),
            kind: NOT_PUBLISHED,
            data: json!(OfRun { run: run.id, leaver: false }),
        };
        mail::enqueue(tx, mail, now).await?;
    }
    Ok(())
}

#[derive(Deserialize, Serialize)]
struct OfRun {
    run: Uuid,
    /// Whether its reader has left, and so logs in elsewhere.
    leaver: bool,
}

type Composed = Result<Option<Letter>, ComposeError>;

/// The run that a mail is about, the employer's name, and whether its reader has left.
async fn of_mail(db: &Db, mail: &Outgoing) -> Result<Option<(Run, String, bool)>, ComposeError> {
    let OfRun { run, leaver } =
        serde_json::from_value(mail.data.clone()).map_err(|error| ComposeError::Other(error.to_string()))?;
    let mut reader = db.read().await?;
    let tx = &mut reader.tx();
    let Some(run) = sql::any_run(tx, run).await? else { return Ok(None) };
    let employer = records::employer(tx, run.employer_id).await?;
    Ok(employer.map(|employer| (run, employer.name, leaver)))
}

/// Not wanted any more once the run is withdrawn.
async fn write_published(app: App, mail: Outgoing) -> Composed {
    let Some((run, employer, leaver)) = of_mail(&app.db, &mail).await? else { return Ok(None) };
    let (State::Published, Some(which), Some(day)) = (run.state, run.document, run.pay_date) else {
        return Ok(None);
    };
    let opening = match run.kind {
        Some(RunKind::Correction) => words::published::corrected(which, day, &employer, leaver),
        _ => words::published::opening(which, day, &employer, leaver),
    };
    let ending = if leaver { words::published::NO_LINK } else { words::published::SWITCH_OFF };
    let blocks = vec![Block::Text(opening), Block::Text(ending.to_owned())];
    Ok(Some(Letter { subject: words::published::subject(which, day), blocks }))
}

async fn write_withdrawn(app: App, mail: Outgoing) -> Composed {
    let Some((run, employer, leaver)) = of_mail(&app.db, &mail).await? else { return Ok(None) };
    let (Some(which), Some(day)) = (run.document, run.pay_date) else { return Ok(None) };
    let blocks = vec![
        Block::Text(words::withdrawn::opening(which, day, &employer)),
        Block::Text(words::withdrawn::seen_there(leaver)),
    ];
    Ok(Some(Letter { subject: words::withdrawn::subject(which, day), blocks }))
}

async fn write_not_published(app: App, mail: Outgoing) -> Composed {
    let Some((run, ..)) = of_mail(&app.db, &mail).await? else { return Ok(None) };
    let reference = run.reference.as_deref().unwrap_or(&run.file_name);
    let blocks = vec![
        Block::Text(words::not_published::opening(reference)),
        Block::Text(words::not_published::AGAIN.to_owned()),
    ];
    Ok(Some(Letter { subject: words::not_published::SUBJECT.to_owned(), blocks }))
}
