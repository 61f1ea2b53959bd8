use std::{collections::BTreeSet, io::Write};

use flate2::{Compression, write::DeflateEncoder};
use futures::FutureExt;
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use store::{Instant, StoreError, Tx};
use uuid::Uuid;

use super::{
    fold::{End, Progress, Said},
    model::{self, Completion, Source, Standing, Status, Verdict},
    service::COMMIT_MINUTES,
    sql::{self, AttemptState, Found, Moved, NewCommit},
};
use crate::{App, Code, content::Opened};

/// A commit has at most so many bytes: eight times the most suspend data that any course was seen to keep.
pub(crate) const MOST_BYTES: usize = 512 * 1024;
/// A load of a launch's page counts its commits from its own multiple of this.
pub(crate) const SEQUENCES_PER_LOAD: i64 = 1_000_000;
/// The states of an attempt's items have at most so many bytes together.
const MOST_STATES_BYTES: i64 = 8 * 1024 * 1024;
/// Of a launch that was closed so many numbers are taken behind the newest that had come before: a player gives no more out while nothing
/// gets through.
const OUTSTANDING: i64 = 1000;
/// A last commit names so many at most that come before it.
const MOST_AFTER: usize = 100;
/// A session is written down as awake at most this often.
const AWAKE_SECONDS: i64 = 30;
/// And a launch as seen.
const SEEN_SECONDS: i64 = 10;

/// Why a commit is not taken, in the words that the player knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It is no commit.
    Malformed,
    /// It is too long.
    TooLong,
    /// No such launch, or no such item.
    Unknown,
    /// Its number was not given out before a newer launch had closed this one.
    Closed,
    /// The launch is too long ago.
    Over,
    /// There is another with its number.
    Repeated,
    /// Too many in too short a time.
    TooMany,
}

impl Refusal {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::TooLong => "too_long",
            Self::Unknown => "unknown",
            Self::Closed => "closed",
            Self::Over => "over",
            Self::Repeated => "repeated",
            Self::TooMany => "too_many",
        }
    }
}

/// Why a commit was not taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Answer {
    #[error("refused: {0:?}")]
    Refused(Refusal),
    /// It is of somebody else's launch.
    #[error("of another launch")]
    Elsewhere,
    /// It was taken before: nothing was written.
    #[error("taken before")]
    Same {
        /// How the attempt stands.
        status: Status,
        /// Whether the launch is closed.
        closed: bool,
    },
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A commit that is in the database.
pub(crate) struct Committed {
    pub(crate) launch: Uuid,
    pub(crate) sequence: i64,
    /// How the attempt stands now.
    pub(crate) status: Status,
    /// Whether a newer launch has closed this one: nothing that is done in it from now on is taken.
    pub(crate) closed: bool,
}

/// What the player sends. Its own reading of the state is not looked at.
#[derive(Deserialize)]
struct Sent {
    launch: Uuid,
    sequence: i64,
    item: String,
    at: Instant,
    #[serde(default, rename = "final")]
    ended: bool,
    /// Numbers that were sent before it and have no receipt yet.
    #[serde(default)]
    after: Vec<i64>,
    state: Value,
    #[serde(default)]
    root: Option<Value>,
    #[serde(default)]
    sequencing: Option<String>,
}

/// Reads a commit. Courses cut their data where it gets too long, also in the middle of a letter, and JavaScript sends what is left of it as
/// an escape that stands for nothing: those are read as the sign for a letter that got lost, so that all else is kept.
fn parse(body: &[u8]) -> Option<Sent> {
    let sent: Sent = serde_json::from_slice(body)
        .ok()
        .or_else(|| serde_json::from_str(&without_halves(std::str::from_utf8(body).ok()?)?).ok())?;
    let sound = sent.state.is_object() && sent.root.as_ref().is_none_or(Value::is_object);
    // A text column of PostgreSQL holds no NUL.
    let plain = |text: &Option<String>| text.as_ref().is_none_or(|text| !text.contains('\0'));
    (sound && plain(&sent.sequencing) && sent.after.len() <= MOST_AFTER).then_some(sent)
}

/// The same JSON with `\ufffd` in the place of each escaped surrogate that stands alone; `None` where there is none.
fn without_halves(text: &str) -> Option<String> {
    let unit = |at: usize| {
        let escape = text.get(at..at + 6)?.strip_prefix("\\u")?;
        u16::from_str_radix(escape, 16).ok()
    };
    let (mut mended, mut at, mut copied, mut any) = (String::with_capacity(text.len()), 0, 0, false);
    let bytes = text.as_bytes();
    while let Some(byte) = bytes.get(at) {
        if *byte != b'\\' {
            at += 1;
            continue;
        }
        match (unit(at), unit(at + 6)) {
            (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => at += 12,
            (Some(0xD800..=0xDFFF), _) => {
                mended.push_str(text.get(copied..at)?);
                mended.push_str("\\ufffd");
                at += 6;
                (copied, any) = (at, true);
            }
            // Any other escape, of which `\\` matters: what comes after it is none.
            _ => at += 2,
        }
    }
    mended.push_str(text.get(copied..)?);
    any.then_some(mended)
}

/// Bodies are kept for when something has to be proved, and read by nobody: quickly made small.
fn compressed(body: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::with_capacity(body.len() / 3 + 64), Compression::fast());
    let done = encoder.write_all(body).and_then(|()| encoder.finish());
    done.unwrap_or_default()
}

/// Takes a commit of a launch: it is stored once, folded into its attempt, and what follows from it is written down, in one transaction.
///
/// # Errors
/// See [`Answer`].
pub(crate) async fn commit(app: &App, opened: &Opened, body: &[u8]) -> Result<Committed, Answer> {
    let now = app.clock.now();
    if now >= opened.launch.created_at.plus_minutes(COMMIT_MINUTES) {
        return Err(Answer::Refused(Refusal::Over));
    }
    let sent = parse(body).ok_or(Answer::Refused(Refusal::Malformed))?;
    if sent.launch != opened.launch.id {
        return Err(Answer::Elsewhere);
    }
    match take(app, opened, &sent, body, now).await {
        Err(Answer::Same { status, closed }) => {
            Ok(Committed { launch: sent.launch, sequence: sent.sequence, status, closed })
        }
        other => other,
    }
}

/// What a transaction needs of a commit.
struct Work {
    said: Said,
    new: NewCommit,
    after: BTreeSet<i64>,
    state: String,
    sequencing: Option<String>,
    /// The session to keep awake.
    session: Option<(Uuid, Instant)>,
    completion: Completion,
    now: Instant,
}

async fn take(
    app: &App,
    opened: &Opened,
    sent: &Sent,
    body: &[u8],
    now: Instant,
) -> Result<Committed, Answer> {
    let work = work(app, opened, sent, body, now)?;
    let (app_in, launch, course) = (app.clone(), opened.launch.clone(), opened.course.clone());
    let keeps_awake = work.session.is_some();
    let committed = app
        .db
        .write(move |tx| {
            async move {
                let (attempt, sequence) = (launch.attempt_id, work.said.sequence);
                let damaged = || StoreError::Damaged(format!("launch {} has no attempt", launch.id));
                let held = sql::hold(tx, attempt).await?.ok_or_else(damaged)?;
                let found =
                    sql::found(tx, launch.id, sequence, &work.said.item).await?.ok_or_else(damaged)?;
                let closed = found.closed_at.is_some();
                if let Some(hash) = &found.hash {
                    let same = *hash == work.new.hash;
                    return Err(if same {
                        Answer::Same { status: held.status, closed }
                    } else {
                        Answer::Refused(Refusal::Repeated)
                    });
                }
                is_given_out(tx, launch.id, sequence, &found).await?;
                let mut said = work.said;
                // Nobody was in an item for longer than the attempt is old.
                said.seconds = said.seconds.min(said.at.seconds_since(held.began_at).max(0));
                let before = Standing { status: held.status, score: held.score };
                let mut progress = Progress::new(found.items, before);
                let verdict = progress.take(&course.manifest, course.rolls_up, &said);
                let state = (verdict == Verdict::Newest).then_some(work.state);
                if state
                    .as_ref()
                    .is_some_and(|state| found.others_bytes + sql::bytes(state) > MOST_STATES_BYTES)
                {
                    return Err(Answer::Refused(Refusal::TooLong));
                }
                let ended = work.new.ended && sequence / SEQUENCES_PER_LOAD == found.loads;
                let end = if found.newest.is_some_and(|newest| newest > sequence) {
                    found.end.older(sequence)
                } else if ended {
                    End::last(missing(tx, launch.id, work.after).await?)
                } else {
                    End::Open
                };
                sql::add_commit(tx, work.new, verdict, work.now).await?;
                if let Some(item) = progress.items.get(&said.item) {
                    sql::set_item(tx, attempt, item, state).await?;
                }
                let fact = progress.fact(held.status.is_done().then_some(held.status));
                let standing = AttemptState {
                    status: progress.whole.status,
                    score: progress.whole.score,
                    seconds: progress.seconds(),
                    completed_at: fact.map(|_| said.at),
                };
                let AttemptState { status, score, seconds, .. } = standing;
                let (place, at) = ((held.state_launch, held.state_sequence), (said.launch, sequence));
                let is_newest = at > place;
                let item = is_newest.then(|| said.item.clone());
                sql::move_on(tx, attempt, Moved { standing, at: at.max(place), item }, work.now).await?;
                if let Some(sequencing) = work.sequencing.filter(|_| is_newest) {
                    sql::set_state(tx, attempt, sequencing).await?;
                }
                if end != found.end {
                    sql::set_end(tx, launch.id, &end, work.now).await?;
                } else if found.seen_at.is_none_or(|seen| work.now.seconds_since(seen) >= SEEN_SECONDS) {
                    sql::see_launch(tx, launch.id, work.now).await?;
                }
                if let Some((session, seen_since)) = work.session {
                    app_in.awake.keep(tx, session, seen_since, work.now).await?;
                }
                if let Some(reached) = fact {
                    let new = Completion {
                        status: reached,
                        completed_at: said.at,
                        score,
                        seconds,
                        ..work.completion
                    };
                    complete(tx, &app_in, launch.employer_id, new).await?;
                }
                Ok(Committed { launch: launch.id, sequence, status, closed })
            }
            .boxed()
        })
        .await?;
    if keeps_awake {
        opened.shared.keep_awake(now);
    }
    Ok(committed)
}

/// Whether a number was given out by a load of the launch's page; where the launch was closed, whether that was before it was: by what
/// had come then, since the time that a commit claims is only a claim.
async fn is_given_out(tx: &mut Tx<'_>, launch: Uuid, sequence: i64, found: &Found) -> Result<(), Answer> {
    let load = sequence / SEQUENCES_PER_LOAD;
    let given = load <= found.loads;
    let Some(closed_at) = found.closed_at else {
        return given.then_some(()).ok_or(Answer::Refused(Refusal::Malformed));
    };
    let closed = Answer::Refused(Refusal::Closed);
    if !given {
        return Err(closed);
    }
    let first = load.saturating_mul(SEQUENCES_PER_LOAD);
    let block = (first, first.saturating_add(SEQUENCES_PER_LOAD));
    let newest = sql::newest_before(tx, launch, block, closed_at).await?;
    let most = newest.unwrap_or(first).saturating_add(OUTSTANDING);
    if sequence <= most { Ok(()) } else { Err(closed) }
}

/// Which of these have not come.
async fn missing(
    tx: &mut Tx<'_>,
    launch: Uuid,
    mut after: BTreeSet<i64>,
) -> Result<BTreeSet<i64>, StoreError> {
    let (Some(first), Some(last)) = (after.first(), after.last()) else { return Ok(after) };
    for number in sql::numbers(tx, launch, (*first, last.saturating_add(1))).await? {
        after.remove(&number);
    }
    Ok(after)
}

/// What is done before the transaction, so that nobody waits for it.
fn work(app: &App, opened: &Opened, sent: &Sent, body: &[u8], now: Instant) -> Result<Work, Answer> {
    let (launch, course) = (&opened.launch, &opened.course);
    let malformed = Answer::Refused(Refusal::Malformed);
    if sent.sequence <= 0 || sent.state.as_object().is_none() {
        return Err(malformed);
    }
    let item =
        model::items(&course.manifest).find(|item| item.identifier == sent.item && item.launch.is_some());
    let item = item.ok_or(Answer::Refused(Refusal::Unknown))?;
    let at = sent.at.min(now).max(launch.created_at);
    let standard = course.manifest.standard;
    let standing = model::read(standard, item, &sent.state);
    let whole = sent.root.as_ref().filter(|_| course.rolls_up).map(model::read_root);
    let said = Said {
        launch: launch.number,
        sequence: sent.sequence,
        at,
        item: sent.item.clone(),
        standing,
        seconds: model::seconds(standard, &sent.state, sent.ended),
        whole,
    };
    let new = NewCommit {
        launch: launch.id,
        sequence: sent.sequence,
        at,
        item: sent.item.clone(),
        ended: sent.ended,
        hash: Sha256::digest(body).to_vec(),
        status: standing.status,
        score: standing.score,
        whole_status: whole.map(|whole| whole.status),
        whole_score: whole.and_then(|whole| whole.score),
        body: compressed(body),
    };
    let due = now.seconds_since(opened.shared.kept_awake()) >= AWAKE_SECONDS;
    Ok(Work {
        said,
        new,
        after: sent.after.iter().copied().filter(|before| (1..sent.sequence).contains(before)).collect(),
        state: sent.state.to_string(),
        sequencing: sent.sequencing.clone(),
        session: due.then(|| (launch.session_id, now.plus_minutes(-opened.idle_minutes))),
        completion: unfinished(app, launch, now),
        now,
    })
}

/// A completion of which is not known yet what it says: its ids and code are drawn before the transaction.
fn unfinished(app: &App, launch: &sql::LaunchRow, now: Instant) -> Completion {
    let (person, course) = (launch.staff_record_id, launch.course_id);
    new_completion(app, person, course, launch.attempt_id, Source::Commit, now)
}

pub(super) fn new_completion(
    app: &App,
    staff_record_id: Uuid,
    course_id: Uuid,
    attempt_id: Uuid,
    source: Source,
    now: Instant,
) -> Completion {
    Completion {
        id: app.entropy.id(now),
        staff_record_id,
        course_id,
        attempt_id,
        status: Status::NotAttempted,
        completed_at: now,
        recorded_at: now,
        score: None,
        seconds: 0,
        source,
        name: String::new(),
        title: String::new(),
        code: Code::new(&app.entropy).as_str().to_owned(),
    }
}

/// Writes down that somebody has done a course, under the names of today, and puts it on the trail.
pub(super) async fn complete(
    tx: &mut Tx<'_>,
    app: &App,
    employer: Uuid,
    mut new: Completion,
) -> Result<(), StoreError> {
    let now = new.recorded_at;
    let holder = records::holder(tx, new.staff_record_id, now).await?;
    new.name = holder.map(|holder| holder.record.name()).unwrap_or_default();
    new.title = sql::course_title(tx, new.course_id).await?.unwrap_or_default();
    sql::add_completion(tx, &new).await?;
    let data = json!({
        "completion": new.id,
        "course": new.course_id,
        "attempt": new.attempt_id,
        "status": new.status,
        "score": new.score,
        "completed_at": new.completed_at,
        "source": new.source,
    });
    let entry = app.own_entry(now, employer, Some(new.staff_record_id), "learning.completed", data);
    audit::append(tx, entry).await
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::{compressed, parse, without_halves};

    fn body(state: &str) -> String {
        format!(
            r#"{{"launch":"0193f6a0-0000-7000-8000-000000000001","sequence":1,"item":"a","at":"2026-11-24T09:00:00Z","state":{state}}}"#
        )
    }

    #[test]
    fn a_letter_that_was_cut_in_half_costs_nothing_else() {
        for (state, suspend_data) in [
            (r#"{"suspend_data":"ab\ud83d"}"#, "ab\u{fffd}"),
            (r#"{"suspend_data":"\ude00ab"}"#, "\u{fffd}ab"),
            (r#"{"suspend_data":"\ud83d\ud83d\ude00"}"#, "\u{fffd}\u{1f600}"),
            (r#"{"suspend_data":"\\ud83d \ud83d"}"#, "\\ud83d \u{fffd}"),
            (r#"{"suspend_data":"\ud83d\ude00"}"#, "\u{1f600}"),
        ] {
            let sent = parse(body(state).as_bytes()).unwrap();
            assert_eq!(sent.state["suspend_data"], suspend_data, "{state}");
        }
        assert_eq!(without_halves(r#"{"a":"\\ud83d"}"#), None);
    }

    #[test]
    fn what_is_no_commit_is_not_read() {
        let deep = format!("{}{}", r#"{"a":"#.repeat(500), "1".to_owned() + &"}".repeat(500));
        let more = |more: &str| body(&format!("{{}},{more}"));
        for wrong in [
            String::new(),
            "null".into(),
            "{}".into(),
            body("[]"),
            body("7"),
            body("null"),
            body(&deep),
            body("{}").replace("\"sequence\":1", "\"sequence\":1.5"),
            body("{}").replace("\"sequence\":1", "\"sequence\":99999999999999999999"),
            body("{}").replace("2026-11-24T09:00:00Z", "yesterday"),
            body("{}").replace("0193f6a0", "zzzzzzzz"),
            more(r#""root":[]"#),
            more(r#""sequencing":"a\u0000b""#),
            more(r#""sequencing":{}"#),
        ] {
            assert!(parse(wrong.as_bytes()).is_none(), "{wrong}");
        }
        assert!(parse(&[0xff, 0xfe]).is_none());
        assert!(parse(more(r#""root":null,"final":true,"status":{"what":1}"#).as_bytes()).is_some());
    }

    #[test]
    fn a_body_is_kept_whole() {
        let body = "Zauberflöte 🎺 ".repeat(4000);
        let small = compressed(body.as_bytes());
        assert!(small.len() < body.len() / 10);
        let mut read = String::new();
        flate2::read::DeflateDecoder::new(small.as_slice()).read_to_string(&mut read).unwrap();
        assert_eq!(read, body);
    }
}
