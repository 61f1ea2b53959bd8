use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use store::{Day, Db, Instant, StoreError};
use uuid::Uuid;

use super::{
    Finding,
    compare::Outcome,
    finding::Findings,
    groups::Groups,
    matching::{Matched, matched},
    sql,
};
use crate::{
    Employer, IdentityField, Username, employer,
    staff::{Allotment, full_name, stem},
    words,
};

/// One field that changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The column; for an assignment's, its number follows.
    pub field: String,
    /// What is held.
    pub before: Option<String>,
    /// What the file says.
    pub after: Option<String>,
    /// Whether it is an identity field.
    pub identity: bool,
}

/// One staff record that is new or changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Planned {
    /// The first line that is about it.
    pub line: u64,
    /// Its number.
    pub employee_number: String,
    /// The person's name.
    pub name: String,
    /// The username that is allotted, where the record is new.
    pub username: Option<Username>,
    /// Field by field; empty where the record is new.
    pub changes: Vec<Change>,
    /// Identity fields whose new values work only after a while.
    pub held: Vec<IdentityField>,
    /// The last day, where the record ends, or ends earlier than before.
    pub leaves: Option<Day>,
}

/// How much a load does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Staff records in the file.
    pub records: u64,
    /// Records that are not held yet.
    pub new: u64,
    /// Records with a changed field.
    pub changed: u64,
    /// Records that stay as they are.
    pub unchanged: u64,
    /// Records that end, or end earlier.
    pub leavers: u64,
    /// Records with a changed identity field.
    pub identity: u64,
    /// Records that end or have a changed identity field, each once: what is to be typed where they are many.
    pub delicate: u64,
}

/// What a file would do, checked whole. [`apply`](super::apply) does it.
#[derive(Debug)]
pub struct Plan {
    /// The employer as it was read.
    pub employer: Employer,
    /// The file's name, without its folder.
    pub file_name: String,
    /// SHA-256 of the file, in hexadecimal digits.
    pub file_hash: String,
    /// What it does, in numbers.
    pub counts: Counts,
    /// Records that are not held yet, in the order of the file.
    pub new: Vec<Planned>,
    /// Records with a changed field, in the order of the file.
    pub changed: Vec<Planned>,
    /// What HR should look at; nothing of it keeps the file from being loaded.
    pub warnings: Vec<Finding>,
    /// When it was made.
    pub(super) at: Instant,
    /// How many records there are whose last day is not over.
    pub(super) employed: u64,
    /// What is written, in the order of the file.
    pub(super) outcomes: Vec<(Outcome, Option<Username>)>,
}

impl Plan {
    /// Whether the file changes nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.outcomes.is_empty()
    }

    /// The number that has to be typed: more than ten records, and more than 2 % of those employed, end or have a changed
    /// identity field.
    #[must_use]
    pub fn number_to_type(&self) -> Option<u64> {
        let number = self.counts.delicate;
        (number > 10 && number * 50 > self.employed).then_some(number)
    }

    /// The staff records that are held and change.
    pub(super) fn existing(&self) -> impl Iterator<Item = Uuid> {
        self.outcomes.iter().filter_map(|(outcome, _)| outcome.id)
    }

    /// Tells this plan from every other: by what it does, and by the change of the records that it is based on.
    pub(super) fn fingerprint(&self) -> String {
        let told =
            (self.employer.record_change, self.number_to_type(), &self.counts, &self.new, &self.changed);
        let mut hash = Sha256::new();
        serde_json::to_writer(&mut hash, &told).expect("it is plain, and a hash takes everything");
        file_hash(hash)
    }

    /// The changed records that end, or end earlier.
    pub fn leavers(&self) -> impl Iterator<Item = &Planned> {
        self.changed.iter().filter(|planned| planned.leaves.is_some())
    }

    /// The changed records with a changed identity field.
    pub fn identity_changes(&self) -> impl Iterator<Item = &Planned> {
        self.changed.iter().filter(|planned| planned.changes.iter().any(|change| change.identity))
    }
}

/// Why there is no plan.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// The file is not right: every error by line, column and value.
    #[error("{}", words::findings(.0))]
    Findings(Vec<Finding>),
    /// There is no such employer.
    #[error("{}", words::NO_SUCH_EMPLOYER)]
    NoEmployer,
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Reads and checks a staff file against what is held, and writes nothing. It takes a processor for up to seconds: not to be
/// called where pages are waiting.
///
/// # Errors
/// See [`PlanError`].
pub async fn plan(
    db: &Db,
    employer: Uuid,
    bytes: &[u8],
    file_name: &str,
    now: Instant,
) -> Result<Plan, PlanError> {
    let mut reader = db.read().await?;
    let employer = employer::employer(&mut reader.tx(), employer).await?.ok_or(PlanError::NoEmployer)?;
    drop(reader);
    let (mut errors, mut warnings) = (Findings::default(), Findings::default());
    let groups = Groups::of_file(bytes, employer.today(now), &mut errors, &mut warnings);
    // With a broken header or no right row, there is nothing to compare.
    if groups.len() == 0 {
        return Err(PlanError::Findings(errors.finish()));
    }
    let matched = matched(db, employer, groups, now, &mut errors, &mut warnings).await?;
    if !errors.is_empty() {
        return Err(PlanError::Findings(errors.finish()));
    }
    let mut taken = Vec::new();
    if matched.outcomes.iter().any(Outcome::is_new) {
        taken = sql::taken_usernames(&mut db.read().await?.tx(), matched.employer.id).await?;
    }
    let mut plan = assemble(matched, taken, now, warnings);
    plan.file_hash = file_hash(Sha256::new_with_prefix(bytes));
    plan.file_name = plain_name(file_name);
    Ok(plan)
}

pub(super) fn file_hash(hash: Sha256) -> String {
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A file's name without its folder.
pub(super) fn plain_name(file_name: &str) -> String {
    let name = file_name.rsplit(['/', '\\']).next().unwrap_or_default();
    name.chars().filter(|c| !c.is_control()).take(200).collect()
}

fn assemble(matched: Matched, taken: Vec<String>, now: Instant, warnings: Findings) -> Plan {
    let Matched { employer, records, employed, outcomes } = matched;
    let unchanged = records - outcomes.len() as u64;
    let mut plan = Plan {
        file_name: String::new(),
        file_hash: String::new(),
        counts: Counts { records, unchanged, ..Counts::default() },
        new: Vec::new(),
        changed: Vec::new(),
        warnings: warnings.finish(),
        at: now,
        employed,
        outcomes: Vec::with_capacity(outcomes.len()),
        employer,
    };
    let mut allotment = Allotment::after(taken);
    for outcome in outcomes {
        let (first_names, last_name) = (&outcome.fields.first_names, &outcome.fields.last_name);
        let username =
            outcome.is_new().then(|| allotment.next(&stem(&plan.employer.code, first_names, last_name)));
        let planned = Planned {
            line: outcome.line,
            employee_number: outcome.employee_number.clone(),
            name: full_name(first_names, last_name),
            username: username.clone(),
            changes: outcome.changes.clone(),
            held: outcome.holds.iter().map(|hold| hold.field).collect(),
            leaves: outcome.leaves,
        };
        let (leaves, identity) = (outcome.leaves.is_some(), outcome.changes_identity());
        plan.counts.leavers += u64::from(leaves);
        plan.counts.identity += u64::from(identity);
        plan.counts.delicate += u64::from(leaves || identity);
        if outcome.is_new() {
            plan.counts.new += 1;
            plan.new.push(planned);
        } else {
            plan.counts.changed += 1;
            plan.changed.push(planned);
        }
        plan.outcomes.push((outcome, username));
    }
    plan
}
