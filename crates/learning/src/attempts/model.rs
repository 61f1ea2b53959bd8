//! What commits say of items, and what follows from that for the whole: rules without a database and without a clock.

use scorm::{Item, Manifest, Standard};
use serde_json::Value;
use store::Instant;
use uuid::Uuid;

store::words! {
    /// How far somebody is. It only moves up.
    pub enum Status {
        /// Nothing was done.
        NotAttempted = "not_attempted",
        /// Something was.
        Incomplete = "incomplete",
        /// All was done, and it was not enough.
        Failed = "failed",
        /// It is done.
        Completed = "completed",
        /// It is done, and the test in it was passed.
        Passed = "passed",
    }
}

impl Status {
    /// Whether it counts as done.
    #[must_use]
    pub const fn is_done(self) -> bool {
        matches!(self, Self::Completed | Self::Passed)
    }
}

store::words! {
    /// Whether a commit was the newest of its item when it came.
    pub enum Verdict {
        /// It was: what it holds is what the course goes on with.
        Newest = "newest",
        /// A newer one had come: it counts for completion only.
        Late = "late",
    }
}

store::words! {
    /// What wrote a completion.
    pub enum Source {
        /// A commit.
        Commit = "commit",
        /// The nightly look, which found it missing.
        Repair = "repair",
    }
}

/// One person's way through one version, with its course.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Attempt {
    /// Its id.
    pub id: Uuid,
    /// Whose it is.
    pub staff_record_id: Uuid,
    /// The course.
    pub course_id: Uuid,
    /// The course's title, as it is now.
    pub title: String,
    /// The version that it stays on.
    pub version_id: Uuid,
    /// From 1, for this person and course.
    pub number: i64,
    /// When it was begun.
    pub began_at: Instant,
    /// When it was last opened, or something of it came.
    pub touched_at: Instant,
    /// When a newer attempt was begun.
    pub ended_at: Option<Instant>,
    /// How far it is.
    pub status: Status,
    /// When it was done, by the person's time.
    pub completed_at: Option<Instant>,
    /// In millionths of one; none where the course gives none.
    pub score: Option<i64>,
    /// In all of its launches.
    pub seconds: i64,
    /// The item that was open last.
    pub item: Option<String>,
    /// So often it was launched.
    pub launches: i64,
}

/// How far an attempt is in one item.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct ItemProgress {
    /// Its identifier in the manifest.
    pub item: String,
    /// The launch that its state is of.
    pub launch_number: i64,
    /// The commit that its state is of.
    pub sequence: i64,
    /// The best that it was.
    pub status: Status,
    /// In millionths of one.
    pub score: Option<i64>,
    /// In all launches.
    pub seconds: i64,
}

/// A launch of which the last that was done in it may be missing.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct OpenLaunch {
    /// Its id.
    pub id: Uuid,
    /// Of which attempt.
    pub attempt_id: Uuid,
    /// The course's title.
    pub title: String,
    /// The kind of device that it was opened on.
    pub device: String,
    /// When it was opened.
    pub created_at: Instant,
    /// When something of it last came.
    pub seen_at: Option<Instant>,
    /// When a newer one closed it.
    pub closed_at: Option<Instant>,
}

/// That somebody has done a course.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Completion {
    /// Its id.
    pub id: Uuid,
    /// Whose it is.
    pub staff_record_id: Uuid,
    /// The course.
    pub course_id: Uuid,
    /// The attempt.
    pub attempt_id: Uuid,
    /// `completed` or `passed`.
    pub status: Status,
    /// When, by the person's time.
    pub completed_at: Instant,
    /// When it was written down.
    pub recorded_at: Instant,
    /// In millionths of one.
    pub score: Option<i64>,
    /// So long it took.
    pub seconds: i64,
    /// What wrote it.
    pub source: Source,
    /// The person's name as it was then.
    pub name: String,
    /// The course's title as it was then.
    pub title: String,
    /// What it is verified by; see [`Code`](crate::Code).
    pub code: String,
}

/// What is known of an item, or of the whole: the best that was said of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Standing {
    /// How far.
    pub status: Status,
    /// In millionths of one; less than any score where there is none.
    pub score: Option<i64>,
}

impl Standing {
    /// Before anything was said.
    pub const NOTHING: Self = Self { status: Status::NotAttempted, score: None };

    /// The better of two, whichever came first.
    #[must_use]
    pub fn or_better(self, other: Self) -> Self {
        self.max(other)
    }
}

/// A score, or share, as millionths of one.
const MILLION: f64 = 1_000_000.0;
/// A course that says it took more than so many seconds is not believed: a thousand hours.
const MOST_SECONDS: i64 = 3_600_000;

/// What a run-time's data says, whichever way the player has wrapped it.
fn cmi(state: &Value) -> &Value {
    state.get("cmi").unwrap_or(state)
}

fn text<'v>(value: &'v Value, path: &[&str]) -> &'v str {
    let found = path.iter().try_fold(value, |value, part| value.get(part));
    found.and_then(Value::as_str).map(str::trim).unwrap_or_default()
}

/// A number as courses write one: as text, or as JSON's own.
fn number(value: &Value, path: &[&str]) -> Option<f64> {
    let found = path.iter().try_fold(value, |value, part| value.get(part))?;
    let number = match found {
        Value::String(text) => text.trim().parse().ok()?,
        other => other.as_f64()?,
    };
    number.is_finite().then_some(number)
}

#[expect(clippy::cast_possible_truncation, reason = "what is held between -1 and 1 fits")]
fn millionths(share: f64) -> i64 {
    (share.clamp(-1.0, 1.0) * MILLION).round() as i64
}

/// A raw score as a share of what could be had; of a hundred where the course does not say.
fn share(score: &Value) -> Option<f64> {
    let raw = number(score, &["raw"])?;
    let least = number(score, &["min"]).unwrap_or(0.0);
    let most = number(score, &["max"]).filter(|most| *most > least);
    let (least, most) = most.map_or((0.0, 100.0), |most| (least, most));
    Some(((raw - least) / (most - least)).clamp(0.0, 1.0))
}

/// What a course has said of an item by this state. An item that only shows something is done once it was shown.
#[must_use]
pub fn read(standard: Standard, item: &Item, state: &Value) -> Standing {
    if item.launch.as_ref().is_some_and(|launch| !launch.tracked) {
        return Standing { status: Status::Completed, score: None };
    }
    match standard {
        Standard::Scorm12 => read_12(item, cmi(state)),
        Standard::Scorm2004 => read_2004(item, cmi(state)),
    }
}

fn read_12(item: &Item, cmi: &Value) -> Standing {
    let nothing = Value::Null;
    let score = cmi.get("core").and_then(|core| core.get("score")).unwrap_or(&nothing);
    let said = match text(cmi, &["core", "lesson_status"]) {
        "passed" => Status::Passed,
        "completed" => Status::Completed,
        "failed" => Status::Failed,
        "incomplete" | "browsed" => Status::Incomplete,
        _ => Status::NotAttempted,
    };
    // The manifest decides where the course has left it open (SCORM 1.2 RTE 3.4.4, cmi.core.lesson_status).
    let status = match (said, item.mastery_score, number(score, &["raw"])) {
        (Status::Completed, Some(mastery), Some(raw)) if raw >= mastery => Status::Passed,
        (Status::Completed, Some(_), Some(_)) => Status::Failed,
        _ => said,
    };
    Standing { status, score: share(score).map(millionths) }
}

fn read_2004(item: &Item, cmi: &Value) -> Standing {
    let scaled = number(cmi, &["score", "scaled"]);
    let measured = item.completion_threshold.filter(|threshold| threshold.completed_by_measure);
    // Where there is a threshold, progress decides and not what the course says (SCORM 2004 4th Ed. RTE 4.2.4.1).
    let completion = match (measured, number(cmi, &["progress_measure"])) {
        (Some(threshold), Some(progress)) if progress >= threshold.least_progress => "completed",
        (Some(_), Some(_)) => "incomplete",
        _ => text(cmi, &["completion_status"]),
    };
    // The same for the score (RTE 4.2.22.1).
    let success = match (item.scaled_passing, scaled) {
        (Some(passing), Some(scaled)) if scaled >= passing => "passed",
        (Some(_), Some(_)) => "failed",
        _ => text(cmi, &["success_status"]),
    };
    let status = combined(completion, success);
    let share = scaled.or_else(|| cmi.get("score").and_then(share));
    Standing { status, score: share.map(millionths) }
}

/// SCORM 2004 says twice how it stands. One who has passed, of whom nothing else is said, is done; one of whom it is said that there is
/// more to do is not.
fn combined(completion: &str, success: &str) -> Status {
    match (completion, success) {
        ("incomplete", _) => Status::Incomplete,
        (_, "passed") => Status::Passed,
        (_, "failed") => Status::Failed,
        ("completed", _) => Status::Completed,
        _ => Status::NotAttempted,
    }
}

/// What the player has reported of the whole, where the course's own rules of rollup say how that stands.
#[must_use]
pub fn read_root(root: &Value) -> Standing {
    let status = combined(text(root, &["completion"]), text(root, &["success"]));
    Standing { status, score: number(root, &["scaled"]).map(millionths) }
}

/// So long somebody has been in an item in all, by its state. The session's time stands beside the total until the session has ended.
#[must_use]
pub fn seconds(standard: Standard, state: &Value, ended: bool) -> i64 {
    let cmi = cmi(state);
    let (total, session) = match standard {
        Standard::Scorm12 => {
            let of = |part| clock(text(cmi, &["core", part]));
            (of("total_time"), of("session_time"))
        }
        Standard::Scorm2004 => {
            let of = |part| duration(text(cmi, &[part]));
            (of("total_time"), of("session_time"))
        }
    };
    let all = if ended { total } else { total.saturating_add(session) };
    all.clamp(0, MOST_SECONDS)
}

/// `HHHH:MM:SS.SS`
fn clock(text: &str) -> i64 {
    let mut parts =
        text.split(':').map(|part| part.split('.').next().unwrap_or_default().parse::<u32>().ok());
    match (parts.next().flatten(), parts.next().flatten(), parts.next().flatten()) {
        (Some(hours), Some(minutes), Some(seconds)) => {
            i64::from(hours) * 3600 + i64::from(minutes) * 60 + i64::from(seconds)
        }
        _ => 0,
    }
}

/// `P1DT2H3M4.5S`; years and months, which no course takes, are left out.
fn duration(text: &str) -> i64 {
    let Some(rest) = text.strip_prefix('P') else { return 0 };
    let (mut seconds, mut in_day, mut digits) = (0_i64, false, String::new());
    for letter in rest.chars() {
        let each = match letter {
            '0'..='9' | '.' => {
                digits.push(letter);
                continue;
            }
            'T' => {
                in_day = true;
                continue;
            }
            'D' => 86_400,
            'H' => 3600,
            'M' if in_day => 60,
            'S' => 1,
            _ => 0,
        };
        let whole = digits.split('.').next().and_then(|whole| whole.parse::<u32>().ok()).unwrap_or_default();
        seconds = seconds.saturating_add(i64::from(whole) * each);
        digits.clear();
    }
    seconds
}

/// A total time as the standard writes it.
#[must_use]
pub fn total_time(standard: Standard, seconds: i64) -> String {
    let seconds = seconds.max(0);
    match standard {
        Standard::Scorm12 => format!("{:04}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60),
        Standard::Scorm2004 => format!("PT{}H{}M{}S", seconds / 3600, seconds / 60 % 60, seconds % 60),
    }
}

/// The items of a course, root and folders with them, in order.
pub fn items(manifest: &Manifest) -> impl Iterator<Item = &Item> {
    let mut waiting = vec![&manifest.root];
    std::iter::from_fn(move || {
        let item = waiting.pop()?;
        waiting.extend(item.children.iter().rev());
        Some(item)
    })
}

/// The items that have to be done: those that are shown and speak to the portal; where none does, all that are shown.
#[must_use]
pub fn required(manifest: &Manifest) -> Vec<&Item> {
    let opened = |tracked: bool| {
        let of = move |item: &&Item| item.launch.as_ref().is_some_and(|launch| launch.tracked || !tracked);
        items(manifest).filter(of)
    };
    let shown: Vec<&Item> = opened(true).filter(|item| item.visible).collect();
    if !shown.is_empty() {
        return shown;
    }
    // One that hides all of its items hides none that matters.
    let hidden: Vec<&Item> = opened(true).collect();
    if hidden.is_empty() { opened(false).collect() } else { hidden }
}

/// Whether the course has rules of its own for how the whole follows from its parts: then what the player's sequencing makes of them
/// counts.
#[must_use]
pub fn rolls_up(manifest: &Manifest) -> bool {
    manifest.standard == Standard::Scorm2004
        && items(manifest).any(|item| item.sequencing.as_ref().is_some_and(has_rollup_rules))
}

fn has_rollup_rules(sequencing: &Value) -> bool {
    let rules = sequencing.get("rollupRules");
    let rules = rules.and_then(|rules| rules.get("rules").unwrap_or(rules).as_array());
    rules.is_some_and(|rules| !rules.is_empty())
}

/// How the whole stands by its parts.
pub fn whole(manifest: &Manifest, of: impl Fn(&str) -> Standing) -> Standing {
    let parts: Vec<Standing> = required(manifest).iter().map(|item| of(&item.identifier)).collect();
    let all = |least: Status| !parts.is_empty() && parts.iter().all(|part| part.status >= least);
    let any = |status: Status| parts.iter().any(|part| part.status == status);
    let status = if all(Status::Completed) {
        if any(Status::Passed) { Status::Passed } else { Status::Completed }
    } else if all(Status::Failed) {
        Status::Failed
    } else if parts.iter().any(|part| part.status > Status::NotAttempted) {
        Status::Incomplete
    } else {
        Status::NotAttempted
    };
    let scores: Vec<i64> = parts.iter().filter_map(|part| part.score).collect();
    let count = i64::try_from(scores.len()).unwrap_or(i64::MAX).max(1);
    let score = (!scores.is_empty()).then(|| scores.iter().sum::<i64>() / count);
    Standing { status, score }
}
