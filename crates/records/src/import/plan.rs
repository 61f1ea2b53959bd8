use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use store::{Day, Db, Instant, StoreError};
use uuid::Uuid;

use super::{
    Finding,
    compare::{Outcome, new_record},
    elsewhere::{self, Asker},
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
    /// What HR should look at; nothing of it keeps the file from being loaded.
    pub warnings: Vec<Finding>,
    /// When it was made.
    pub(super) at: Instant,
    /// How many records there are whose last day is not over.
    pub(super) employed: u64,
    /// What is written, in the order of the file.
    pub(super) written: Vec<Written>,
    /// The file.
    pub(super) groups: Groups,
}

/// What is written of one person of the file.
#[derive(Debug)]
pub(super) enum Written {
    /// A new record. It is made of the file's rows when it is needed, since those take less memory.
    New {
        /// The person's place in the file.
        place: usize,
        username: Username,
    },
    /// A record that changes.
    Changed(Box<Outcome>),
}

impl Written {
    pub(super) fn outcome(self, groups: &Groups) -> Outcome {
        match self {
            // What is wrong with it kept the plan from being made.
            Self::New { place, username } => Outcome {
                username: Some(username),
                ..new_record(groups.group(place), &mut Findings::default())
            },
            Self::Changed(outcome) => *outcome,
        }
    }
}

impl Plan {
    /// Whether the file changes nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.written.is_empty()
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
        self.changed().filter_map(|outcome| outcome.id)
    }

    pub(super) fn changed(&self) -> impl Iterator<Item = &Outcome> {
        self.written.iter().filter_map(|written| match written {
            Written::Changed(outcome) => Some(outcome.as_ref()),
            Written::New { .. } => None,
        })
    }

    /// Tells this plan from every other: by what it does, and by the change of the records that it is based on.
    pub(super) fn fingerprint(&self) -> String {
        let mut hash = Sha256::new();
        tell(&mut hash, &(self.employer.record_change, self.number_to_type(), &self.counts));
        self.new_records().chain(self.changed_records()).for_each(|planned| tell(&mut hash, &planned));
        file_hash(hash)
    }

    /// Records that are not held yet, in the order of the file. They are made as they are asked for: of a large file, nobody keeps them all.
    pub fn new_records(&self) -> impl Iterator<Item = Planned> {
        self.written.iter().filter_map(|written| match written {
            Written::New { place, username } => {
                let new = Written::New { place: *place, username: username.clone() };
                Some(Planned::of(&new.outcome(&self.groups)))
            }
            Written::Changed(_) => None,
        })
    }

    /// Records with a changed field, in the order of the file.
    pub fn changed_records(&self) -> impl Iterator<Item = Planned> {
        self.changed().map(Planned::of)
    }

    /// The changed records that end, or end earlier.
    pub fn leavers(&self) -> impl Iterator<Item = Planned> {
        self.changed_records().filter(|planned| planned.leaves.is_some())
    }

    /// The changed records with a changed identity field.
    pub fn identity_changes(&self) -> impl Iterator<Item = Planned> {
        self.changed_records().filter(|planned| planned.changes.iter().any(|change| change.identity))
    }
}

impl Planned {
    fn of(outcome: &Outcome) -> Self {
        Self {
            line: outcome.line,
            employee_number: outcome.employee_number.clone(),
            name: full_name(&outcome.fields.first_names, &outcome.fields.last_name),
            username: outcome.username.clone(),
            changes: outcome.changes.clone(),
            held: outcome.holds.iter().map(|hold| hold.field).collect(),
            leaves: outcome.leaves,
        }
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
    plan_for(db, employer, bytes, file_name, None, now).await
}

/// The same for an HR person, who is told only so much of other employers' records, and of whom that is written down; for the operator where
/// there is no `asker`.
pub(super) async fn plan_for(
    db: &Db,
    employer: Uuid,
    bytes: &[u8],
    file_name: &str,
    asker: Option<Asker>,
    now: Instant,
) -> Result<Plan, PlanError> {
    let mut reader = db.read().await?;
    let employer = employer::employer(&mut reader.tx(), employer).await?.ok_or(PlanError::NoEmployer)?;
    let all_elsewhere = match &asker {
        Some(asker) if !asker.again => elsewhere::used_up(&mut reader.tx(), asker.person, now).await?,
        _ => false,
    };
    drop(reader);
    let (mut errors, mut warnings) = (Findings::default(), Findings::default());
    let groups = Groups::of_file(bytes, employer.today(now), &mut errors, &mut warnings);
    // With a broken header or no right row, there is nothing to compare.
    if groups.len() == 0 {
        return Err(PlanError::Findings(errors.finish()));
    }
    let mut matched = matched(db, employer, groups, all_elsewhere, now, &mut errors, &mut warnings).await?;
    let found = std::mem::take(&mut matched.elsewhere);
    elsewhere::tell(db, asker, found, now, &mut errors).await?;
    if !errors.is_empty() {
        return Err(PlanError::Findings(errors.finish()));
    }
    let mut taken = Vec::new();
    if !matched.new.is_empty() {
        taken = sql::taken_usernames(&mut db.read().await?.tx(), matched.employer.id).await?;
    }
    let mut plan = assemble(matched, taken, now, warnings);
    plan.file_hash = file_hash(Sha256::new_with_prefix(bytes));
    plan.file_name = plain_name(file_name);
    Ok(plan)
}

fn tell(hash: &mut Sha256, told: &impl Serialize) {
    serde_json::to_writer(hash, told).expect("it is plain, and a hash takes everything");
}

/// A file's hash, as the trail names it.
#[must_use]
pub fn file_hash(hash: Sha256) -> String {
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A file's name without its folder.
#[must_use]
pub fn plain_name(file_name: &str) -> String {
    let name = file_name.rsplit(['/', '\\']).next().unwrap_or_default();
    name.chars().filter(|c| !c.is_control()).take(200).collect()
}

fn assemble(matched: Matched, taken: Vec<String>, now: Instant, warnings: Findings) -> Plan {
    let Matched { employer, employed, new, changed, mut groups, .. } = matched;
    let records = groups.len() as u64;
    let mut counts = Counts {
        records,
        new: new.len() as u64,
        changed: changed.len() as u64,
        unchanged: records - (new.len() + changed.len()) as u64,
        ..Counts::default()
    };
    let mut written = Vec::with_capacity(new.len() + changed.len());
    let mut allotment = Allotment::after(taken);
    for place in new {
        let person = groups.group(place).person;
        let username = allotment.next(&stem(&employer.code, &person.first_names, &person.last_name));
        written.push((place, Written::New { place, username }));
    }
    if written.is_empty() {
        groups = Groups::default();
    }
    for (place, outcome) in changed {
        let (leaves, identity) = (outcome.leaves.is_some(), outcome.changes_identity());
        counts.leavers += u64::from(leaves);
        counts.identity += u64::from(identity);
        counts.delicate += u64::from(leaves || identity);
        written.push((place, Written::Changed(outcome)));
    }
    written.sort_unstable_by_key(|(place, _)| *place);
    let written = written.into_iter().map(|(_, written)| written).collect();
    let (file_name, file_hash, warnings) = (String::new(), String::new(), warnings.finish());
    Plan { employer, file_name, file_hash, counts, warnings, at: now, employed, written, groups }
}
