//! A check: the file is read by a thread of its own and handed over in pieces; of each piece what is held is looked up, its documents are
//! judged against that and sealed, and written while the next one is read.

use std::{
    collections::{BTreeMap, HashMap},
    io::{self, Read, Seek},
    ops::ControlFlow,
    sync::Arc,
};

use futures::FutureExt;
use records::Employer;
use store::{Day, Instant, StoreError, Tx, Value, insert_many};
use tokio::{sync::mpsc, task::JoinHandle};
use uuid::Uuid;

use super::{
    RunSummary, State, Totals, jobs,
    model::Counts,
    reseal,
    service::{MOST_FINDINGS, SHOWN_OF_A_KIND},
    sql::{self, ASKED_AT_ONCE, Checked, DocumentRow, Post, Replaceable},
    words,
};
use crate::{
    App, Document, Finding, FindingKind, Heading, Payslip, Period, RunHead, RunKind, Severity, WhichDocument,
    body::{self, Place},
    checks,
    run_file::{self, Block, Event, Summary},
};

/// What can be read as a file of a run.
pub(super) trait ReadSeek: Read + Seek + Send {}
impl<T: Read + Seek + Send> ReadSeek for T {}
pub(super) type Source = Box<dyn ReadSeek>;

/// Why a check ended without a result.
#[derive(Debug, thiserror::Error)]
pub(super) enum StageError {
    /// It has lost its turn: another check of the same run has begun, or the run was discarded.
    #[error("the check was overtaken")]
    Overtaken,
    /// A thread of it panicked.
    #[error("the check ended early")]
    Panicked,
    /// The file cannot be read.
    #[error("the file cannot be read: {0}")]
    Source(#[from] io::Error),
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// So many records' assignments are read by one statement.
const RECORDS: i64 = 2000;
/// So many rows are deleted by one transaction.
pub(super) const SWEPT_AT_ONCE: i64 = 500;
/// Whoever left not longer ago than this before the pay day may be paid, also where the portal has never paid them before.
const PAID_AFTER_LEAVING_DAYS: i32 = 366;

/// What the reading thread hands over.
enum Part {
    Head(RunHead),
    Piece(Vec<Block>),
    End(Box<Summary>),
}

/// Checks a run whose bytes have arrived and stages its documents; its state says what came of it.
pub(super) async fn stage(
    app: &App,
    run: Uuid,
    source: Source,
    mut progress: impl FnMut(u64) + Send,
) -> Result<(), StageError> {
    if let Err(error) = app.keys.refresh() {
        tracing::error!(%error, "a newer key could not be read");
    }
    let mut check = Check::begin(app, run).await?;
    check.clear().await?;
    let posts = Arc::new(check.assignments().await?);
    let (send, mut receive) = mpsc::channel(2);
    let options = app.settings.options(check.employer.today(app.clock.now()));
    let reading = tokio::task::spawn_blocking(move || read(source, &options, &send));
    let mut writing: Option<JoinHandle<Result<(), StageError>>> = None;
    while let Some(part) = receive.recv().await {
        match part {
            Part::Head(head) => check.head = Some(head),
            Part::Piece(blocks) => {
                let piece = check.judge(blocks, &posts).await?;
                if let Some(before) = writing.take() {
                    before.await.map_err(|_| StageError::Panicked)??;
                }
                progress(check.done);
                writing = Some(tokio::spawn(piece.write(app.clone(), check.turn())));
            }
            Part::End(summary) => check.summary = Some(*summary),
        }
    }
    if let Some(before) = writing {
        before.await.map_err(|_| StageError::Panicked)??;
    }
    reading.await.map_err(|_| StageError::Panicked)??;
    progress(check.done);
    check.end().await
}

fn read(source: Source, options: &run_file::Options, send: &mpsc::Sender<Part>) -> io::Result<()> {
    let mut piece = Vec::with_capacity(ASKED_AT_ONCE);
    // Where nobody listens any more, the check has ended.
    let told = |part: Part| match send.blocking_send(part) {
        Ok(()) => ControlFlow::Continue(()),
        Err(_) => ControlFlow::Break(()),
    };
    let summary = run_file::read(source, options, |event| match event {
        Event::Head(head) => told(Part::Head(head)),
        Event::Block(block) => {
            piece.push(*block);
            if piece.len() < ASKED_AT_ONCE {
                return ControlFlow::Continue(());
            }
            told(Part::Piece(std::mem::replace(&mut piece, Vec::with_capacity(ASKED_AT_ONCE))))
        }
    })?;
    if piece.is_empty() || told(Part::Piece(piece)).is_continue() {
        // As above.
        let _ = told(Part::End(Box::new(summary)));
    }
    Ok(())
}

/// What each write of a check proves that it has its turn by.
#[derive(Clone, Copy)]
struct Turn {
    run: Uuid,
    staging: Uuid,
    done: u64,
}

impl Turn {
    async fn keep(self, tx: &mut Tx<'_>, now: Instant) -> Result<(), StageError> {
        let done = i64::try_from(self.done).unwrap_or(i64::MAX);
        if sql::go_on(tx, (self.run, self.staging), done, now).await? {
            Ok(())
        } else {
            Err(StageError::Overtaken)
        }
    }
}

/// One check of one run.
struct Check {
    app: App,
    run: Uuid,
    staging: Uuid,
    employer: Employer,
    file_hash: Option<String>,
    /// The key that its pieces were sealed with.
    first_key: i64,
    key: i64,
    head: Option<RunHead>,
    summary: Option<Summary>,
    done: u64,
    counts: BTreeMap<FindingKind, u64>,
    /// So many findings are kept.
    kept: i64,
    newest: Option<(Day, Period)>,
    /// The runs that corrections name.
    named: HashMap<String, Option<Uuid>>,
}

/// What one transaction writes.
struct Piece {
    documents: Vec<Vec<Value>>,
    findings: Vec<(i64, Finding)>,
}

impl Check {
    async fn begin(app: &App, run: Uuid) -> Result<Self, StageError> {
        let now = app.clock.now();
        let staging = app.entropy.id(now);
        let (held, employer) = app
            .db
            .write(move |tx| {
                async move {
                    let held = sql::hold(tx, run).await?.filter(|held| held.state == State::Checking);
                    let held = held.ok_or(StageError::Overtaken)?;
                    let employer =
                        records::employer(tx, held.employer_id).await?.ok_or(StageError::Overtaken)?;
                    let pay_change = sql::pay_change(tx, employer.id).await?;
                    sql::begin_check(tx, run, staging, (employer.record_change, pay_change), now).await?;
                    Ok::<_, StageError>((held, employer))
                }
                .boxed()
            })
            .await?;
        Ok(Self {
            app: app.clone(),
            run,
            staging,
            employer,
            file_hash: held.file_hash,
            first_key: held.key_number,
            key: if app.settings.encrypt { app.keys.newest_for_pay() } else { body::NOT_SEALED },
            head: None,
            summary: None,
            done: 0,
            counts: BTreeMap::new(),
            kept: 0,
            newest: None,
            named: HashMap::new(),
        })
    }

    fn turn(&self) -> Turn {
        Turn { run: self.run, staging: self.staging, done: self.done }
    }

    /// Clears away what an earlier check of the same run has staged.
    async fn clear(&self) -> Result<(), StageError> {
        loop {
            let (turn, now) = (self.turn(), self.app.clock.now());
            let removed = self.app.db.write(move |tx| {
                async move {
                    turn.keep(tx, now).await?;
                    let findings = sql::remove_findings(tx, turn.run, SWEPT_AT_ONCE).await?;
                    Ok::<_, StageError>(findings + sql::remove_documents(tx, turn.run, SWEPT_AT_ONCE).await?)
                }
                .boxed()
            });
            if removed.await? == 0 {
                return Ok(());
            }
        }
    }

    /// Whose each assignment of the employer is.
    async fn assignments(&self) -> Result<HashMap<Box<str>, Uuid>, StageError> {
        let mut found = HashMap::new();
        let mut after = String::new();
        loop {
            let mut reader = self.app.db.read().await?;
            let page = sql::assignments(&mut reader.tx(), self.employer.id, &after, RECORDS).await?;
            let Some(last) = page.last() else { return Ok(found) };
            after.clone_from(&last.employee_number);
            found.extend(
                page.into_iter().map(|row| (row.assignment_number.into_boxed_str(), row.staff_record_id)),
            );
        }
    }

    /// The published run that a correction names.
    async fn named(&mut self, reference: &str) -> Result<Option<Uuid>, StageError> {
        if let Some(found) = self.named.get(reference) {
            return Ok(*found);
        }
        let mut reader = self.app.db.read().await?;
        let found = sql::published_as(&mut reader.tx(), self.employer.id, reference).await?;
        // A file can name no end of runs that are not there.
        if self.named.len() < 1000 {
            self.named.insert(reference.to_owned(), found);
        }
        Ok(found)
    }

    /// Looks up what is held of a piece's people, and judges and seals it on a thread that may take its time.
    async fn judge(
        &mut self,
        blocks: Vec<Block>,
        posts: &Arc<HashMap<Box<str>, Uuid>>,
    ) -> Result<Piece, StageError> {
        let mut asked = Vec::with_capacity(blocks.len());
        for block in &blocks {
            let staff_record = posts.get(block.assignment_number.as_str()).copied();
            let named = match &block.replaces {
                Some(reference) => self.named(reference).await?,
                None => None,
            };
            asked.push((staff_record, named));
        }
        let mut reader = self.app.db.read().await?;
        let tx = &mut reader.tx();
        let wanted: Vec<Uuid> = asked.iter().filter_map(|(staff_record, _)| *staff_record).collect();
        let held: HashMap<(Uuid, String), Post> = sql::posts(tx, &wanted)
            .await?
            .into_iter()
            .map(|post| ((post.staff_record_id, post.assignment_number.clone()), post))
            .collect();
        let wanted: Vec<(Uuid, &str, Uuid)> = asked
            .iter()
            .zip(&blocks)
            .filter_map(|(asked, block)| Some((asked.0?, block.assignment_number.as_str(), asked.1?)))
            .collect();
        let replaceable = sql::replaceable(tx, &wanted).await?;
        let mut rows = Vec::with_capacity(blocks.len());
        for ((staff_record, named), block) in asked.into_iter().zip(blocks) {
            let post = staff_record.and_then(|id| held.get(&(id, block.assignment_number.clone())));
            let replaces = named.map(|named| replaced_by(&block, named, &replaceable));
            rows.push(Row { staff_record, post, block, replaces });
        }
        let mut wanted = Vec::with_capacity(rows.len());
        for row in &rows {
            let Document::Payslip(payslip) = &row.block.document else { continue };
            let Some(staff_record) = row.staff_record else { continue };
            // A correction is held against what was paid before that which it replaces.
            let until = match &row.replaces {
                Some(Ok(replaced)) => replaced.pay_date.min(payslip.pay_date).plus_days(-1),
                _ if row.block.replaces.is_some() => payslip.pay_date.plus_days(-1),
                _ => payslip.pay_date,
            };
            wanted.push((staff_record, row.block.assignment_number.clone(), until));
        }
        let wanted: Vec<(Uuid, &str, Day)> =
            wanted.iter().map(|(id, assignment, until)| (*id, assignment.as_str(), *until)).collect();
        let previous = sql::previous(tx, &wanted).await?;
        drop(reader);
        let rows: Vec<Judged> = rows.into_iter().map(Row::owned).collect();
        let (app, run, employer) = (self.app.clone(), self.run, self.employer.name.clone());
        let now = app.clock.now();
        let judged = tokio::task::spawn_blocking(move || judge(&app, run, &employer, rows, &previous, now));
        let judged = judged.await.map_err(|_| StageError::Panicked)??;
        let mut piece = Piece { documents: Vec::with_capacity(judged.len()), findings: Vec::new() };
        for (row, findings) in judged {
            self.newest = self.newest.max(Some(row.when));
            findings.into_iter().for_each(|finding| self.note(finding, &mut piece));
            piece.documents.push(row.values);
        }
        if Counts(self.counts.clone()).has_errors() {
            // Nothing of a wrong run is published: only what is wrong with it is of use.
            piece.documents.clear();
        }
        self.done += piece.documents.len() as u64;
        Ok(piece)
    }

    /// Counts a finding, and keeps it where it is among the first.
    fn note(&mut self, finding: Finding, piece: &mut Piece) {
        let count = self.counts.entry(finding.kind).or_default();
        *count += 1;
        if *count <= SHOWN_OF_A_KIND || self.kept < MOST_FINDINGS {
            self.kept += 1;
            piece.findings.push((self.kept, finding));
        }
    }

    /// What only all of the file can tell, and the result.
    async fn end(mut self) -> Result<(), StageError> {
        let mut last = Piece { documents: Vec::new(), findings: Vec::new() };
        let summary = self.summary.take().ok_or(StageError::Panicked)?;
        summary.findings.iter().cloned().for_each(|finding| self.note(finding, &mut last));
        if summary.more > 0 {
            *self.counts.entry(FindingKind::File).or_default() += summary.more;
        }
        let mut reader = self.app.db.read().await?;
        if let Some(head) = self.head.clone() {
            let tx = &mut reader.tx();
            let again = sql::published_as(tx, self.employer.id, &head.reference).await?.is_some();
            if again && !head.reference.is_empty() {
                self.note(words::reference_published(&head.reference), &mut last);
            }
        }
        if let Some(hash) = self.file_hash.clone()
            && sql::published_from(&mut reader.tx(), self.employer.id, &hash).await?.is_some()
        {
            self.note(words::file_published(), &mut last);
        }
        drop(reader);
        if !Counts(self.counts.clone()).has_errors() {
            self.missing(&mut last).await?;
        }
        let counts = Counts(self.counts.clone());
        let totals = Totals {
            people: summary.people,
            gross: summary.gross,
            deductions: summary.deductions,
            net: summary.net,
        };
        let known = RunSummary { rows: summary.rows, trailer: summary.trailer, totals };
        let (keys, entropy, encrypt) = (&self.app.keys, &self.app.entropy, self.app.settings.encrypt);
        let sealed =
            body::seal_alone(keys, entropy, encrypt, &summary_bound(self.run), &body::encode(&known)?);
        let checked = Checked {
            state: if counts.has_errors() { State::Wrong } else { State::Checked },
            head: self.head.clone(),
            pay_date: self.newest.map(|(day, _)| day),
            period: self.newest.map(|(_, period)| (period.from, period.to)),
            counts,
            key_number: self.first_key.min(self.key),
            summary: Some(sealed),
            totals_agree: summary.trailer,
        };
        let (app, turn) = (self.app.clone(), self.turn());
        last.write(app.clone(), turn).await?;
        // A key that was made meanwhile: its job has passed by a run that was being checked.
        let behind = app.keys.refresh().is_ok() && encrypt && app.keys.newest_for_pay() > checked.key_number;
        let now = app.clock.now();
        let (sweep, reseal) = (jobs::sweep_run(&app, self.run, now), reseal::queued(&app.entropy, now));
        app.db
            .write(move |tx| {
                async move {
                    turn.keep(tx, now).await?;
                    sql::set_checked(tx, turn.run, &checked, now).await?;
                    if checked.state == State::Wrong {
                        sweep.at(now).enqueue(tx).await?;
                    }
                    if behind {
                        reseal.enqueue(tx).await?;
                    }
                    Ok(())
                }
                .boxed()
            })
            .await
    }

    /// Who was in the last main run that is paid as often, and is not in this one. Whoever had left before its period is not missed.
    async fn missing(&mut self, last: &mut Piece) -> Result<(), StageError> {
        let Some(head) = &self.head else { return Ok(()) };
        let (Some((pay_date, period)), Some(frequency)) = (self.newest, head.frequency) else {
            return Ok(());
        };
        if head.kind != RunKind::Main || head.document != WhichDocument::Payslips {
            return Ok(());
        }
        let mut reader = self.app.db.read().await?;
        let before = sql::last_main(&mut reader.tx(), self.employer.id, frequency, pay_date).await?;
        let Some(before) = before else { return Ok(()) };
        let mut after = Uuid::nil();
        loop {
            let page = sql::missing(&mut reader.tx(), (before.id, self.run), pay_date, after).await?;
            let Some((end, _, _)) = page.last() else { return Ok(()) };
            after = *end;
            let wanted: Vec<Uuid> = page.iter().map(|(_, staff_record, _)| *staff_record).collect();
            let posts = sql::posts(&mut reader.tx(), &wanted).await?;
            for (_, staff_record, assignment) in page {
                let post = posts.iter().find(|post| {
                    post.staff_record_id == staff_record && post.assignment_number == assignment
                });
                let left = post.and_then(|post| post.leaving_date);
                if left.is_none_or(|left| left >= period.from) {
                    let reference = before.reference.as_deref().unwrap_or_default();
                    self.note(words::missing(&assignment, reference), last);
                }
            }
        }
    }
}

/// What the summary of a run is bound to.
pub(super) fn summary_bound(run: Uuid) -> Vec<u8> {
    body::bound(b"summary", &[run], 0)
}

/// What a finding of a run is bound to.
pub(super) fn finding_bound(run: Uuid, number: i64) -> Vec<u8> {
    body::bound(b"finding", &[run], number)
}

/// A block, with what is held of its assignment.
struct Row<'h> {
    staff_record: Option<Uuid>,
    post: Option<&'h Post>,
    block: Block,
    /// What it stands in the place of, or that this cannot be.
    replaces: Option<Result<Replaceable, Box<Finding>>>,
}

/// The same, on its own.
struct Judged {
    staff_record: Option<Uuid>,
    block: Block,
    replaces: Option<Result<Replaceable, Box<Finding>>>,
    heading: Option<Heading>,
    /// When the post began, and when it ended.
    employed: Option<(Day, Option<Day>)>,
}

impl Row<'_> {
    fn owned(self) -> Judged {
        let Self { staff_record, post, block, replaces } = self;
        let heading = post.map(|post| Heading {
            employer: String::new(),
            name: [post.title.as_deref().unwrap_or_default(), &post.first_names, &post.last_name]
                .into_iter()
                .filter(|part| !part.is_empty())
                .collect::<Vec<_>>()
                .join(" "),
            employee_number: post.employee_number.clone(),
            assignment_number: post.assignment_number.clone(),
            position: post.position.clone(),
            department: post.department.clone(),
            location: post.location.clone(),
        });
        let employed = post.map(|post| (post.start_date, post.leaving_date));
        // A run that is named and not there is known here only by there being none.
        let replaces = match (replaces, &block.replaces) {
            (None, Some(reference)) => Some(Err(Box::new(words::replaces_nothing(&block, reference)))),
            (found, _) => found,
        };
        Judged { staff_record, block, replaces, heading, employed }
    }
}

/// The document of the named run that a block stands in the place of: that of the same period, or the only one.
fn replaced_by(block: &Block, named: Uuid, found: &[Replaceable]) -> Result<Replaceable, Box<Finding>> {
    let reference = block.replaces.as_deref().unwrap_or_default();
    let of = |one: &&Replaceable| one.run_id == named && one.assignment_number == block.assignment_number;
    let mut all = found.iter().filter(of);
    let same = |one: &&Replaceable| (one.period_from, one.period_to) == (block.period.from, block.period.to);
    let chosen = found.iter().filter(of).find(same).or_else(|| match (all.next(), all.next()) {
        (only, None) => only,
        _ => None,
    });
    match chosen {
        None => Err(Box::new(words::replaces_nothing(block, reference))),
        Some(one) if one.replaced => Err(Box::new(words::replaced_already(block, reference))),
        Some(one) => Ok(one.clone()),
    }
}

/// A document that is ready to be written, with when it is paid.
struct Ready {
    values: Vec<Value>,
    when: (Day, Period),
}

fn judge(
    app: &App,
    run: Uuid,
    employer: &str,
    rows: Vec<Judged>,
    previous: &[DocumentRow],
    now: Instant,
) -> Result<Vec<(Ready, Vec<Finding>)>, StoreError> {
    let previous: HashMap<(Uuid, &str), &DocumentRow> =
        previous.iter().map(|row| ((row.staff_record_id, row.assignment_number.as_str()), row)).collect();
    let limits = app.settings.limits();
    let mut ready = Vec::with_capacity(rows.len());
    for Judged { staff_record, mut block, replaces, heading, employed } in rows {
        let mut findings = std::mem::take(&mut block.findings);
        let before = match staff_record {
            Some(staff_record) => {
                let found = previous.get(&(staff_record, block.assignment_number.as_str()));
                found.map(|row| payslip(app, row)).transpose()?.flatten()
            }
            None => None,
        };
        match employed {
            None => findings.push(words::unknown(&block)),
            Some((start, left)) => {
                let here = start <= block.period.to
                    && left.is_none_or(|left| left.plus_days(PAID_AFTER_LEAVING_DAYS) >= block.pay_date);
                if !here && before.is_none() && replaces.is_none() {
                    findings.push(words::not_employed(&block, start, left));
                }
            }
        }
        let replaced = match replaces {
            Some(Ok(replaced)) => Some(replaced.id),
            Some(Err(finding)) => {
                findings.push(*finding);
                None
            }
            None => None,
        };
        let heading = Heading { employer: employer.to_owned(), ..heading.unwrap_or_default() };
        findings.extend(checks::against_previous(&block, before.as_ref(), &limits));
        match &mut block.document {
            Document::Payslip(payslip) => payslip.heading = heading,
            Document::P60(p60) => {
                p60.heading = heading;
                p60.replacement = replaced.is_some();
            }
        }
        let id = app.entropy.id(now);
        let wrong = findings.iter().any(|finding| finding.kind.severity() == Severity::Error);
        let values = match staff_record.filter(|_| !wrong) {
            None => Vec::new(),
            Some(staff_record) => {
                let place = Place { document: id, staff_record, run };
                let (key_number, body) =
                    body::seal(&app.keys, &app.entropy, app.settings.encrypt, place, &block.document)?;
                vec![
                    staff_record.into(),
                    Value::Day(Some(block.pay_date)),
                    run.into(),
                    id.into(),
                    Value::Text(Some(block.assignment_number)),
                    Value::Day(Some(block.period.from)),
                    Value::Day(Some(block.period.to)),
                    Value::Id(replaced),
                    Value::Number(key_number),
                    Value::Bytes(body),
                ]
            }
        };
        ready.push((Ready { values, when: (block.pay_date, block.period) }, findings));
    }
    Ok(ready)
}

fn payslip(app: &App, row: &DocumentRow) -> Result<Option<Payslip>, StoreError> {
    let place = Place { document: row.id, staff_record: row.staff_record_id, run: row.run_id };
    Ok(match body::open(&app.keys, place, row.key_number, &row.body)? {
        Document::Payslip(payslip) => Some(*payslip),
        Document::P60(_) => None,
    })
}

const DOCUMENT: &[&str] = &[
    "staff_record_id",
    "pay_date",
    "run_id",
    "id",
    "assignment_number",
    "period_from",
    "period_to",
    "replaces",
    "key_number",
    "body",
];
const FINDING: &[&str] = &["run_id", "number", "kind", "key_number", "body"];
/// So many findings are written by one statement.
const FINDINGS_AT_ONCE: usize = 500;

impl Piece {
    async fn write(self, app: App, turn: Turn) -> Result<(), StageError> {
        let mut findings = Vec::with_capacity(self.findings.len());
        for (number, finding) in &self.findings {
            let (key_number, body) = body::seal_bytes(
                &app.keys,
                &app.entropy,
                app.settings.encrypt,
                &finding_bound(turn.run, *number),
                &body::encode(finding)?,
            );
            findings.push(vec![
                turn.run.into(),
                Value::Number(*number),
                finding.kind.as_str().into(),
                Value::Number(key_number),
                Value::Bytes(body),
            ]);
        }
        let (mut documents, now) = (Some(self.documents), app.clock.now());
        loop {
            let rest = findings.split_off(findings.len().min(FINDINGS_AT_ONCE));
            let (some, documents) =
                (std::mem::replace(&mut findings, rest), documents.take().unwrap_or_default());
            let began = std::time::Instant::now();
            app.db
                .write(move |tx| {
                    async move {
                        turn.keep(tx, now).await?;
                        insert_many(tx, "pay_document", DOCUMENT, documents).await?;
                        insert_many(tx, "pay_finding", FINDING, some).await?;
                        Ok::<_, StageError>(())
                    }
                    .boxed()
                })
                .await?;
            // Half of the time is left to other processes that write to the same SQLite file.
            tokio::time::sleep(began.elapsed()).await;
            if findings.is_empty() {
                return Ok(());
            }
        }
    }
}
