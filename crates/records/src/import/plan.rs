use std::collections::{HashMap, HashSet, hash_map::Entry};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use store::{Day, Db, Instant, StoreError};
use uuid::Uuid;

use super::{
    Column,
    compare::{Group, Outcome, compare},
    file::{self, Source},
    finding::{Finding, Findings},
    row, sql,
    state::{Held, State},
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
    let source = file::open(bytes).map_err(|finding| PlanError::Findings(vec![finding]))?;
    let (mut errors, mut warnings) = (Findings::default(), Findings::default());
    let groups = groups(source, employer.today(now), &mut errors, &mut warnings);
    // With a broken header or no right row, there is nothing to compare.
    if groups.is_empty() {
        return Err(PlanError::Findings(errors.finish()));
    }
    let state = State::load(db, employer).await?;
    check_numbers(&groups, &state, &mut errors);
    let in_file: HashSet<String> = groups.iter().map(|group| group.employee_number.clone()).collect();
    let outcomes: Vec<Outcome> =
        groups.into_iter().map(|group| compare(group, &state, now, &mut errors, &mut warnings)).collect();
    check_alike(&outcomes, &in_file, &state, &mut errors);
    if state.others {
        check_other_employers(db, &outcomes, &state, &mut errors).await?;
    }
    if !errors.is_empty() {
        return Err(PlanError::Findings(errors.finish()));
    }
    for outcome in &outcomes {
        warn(outcome, &in_file, &state, &mut warnings);
    }
    let mut plan = assemble(outcomes, state, now, warnings);
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

/// The rows of the file by employee number, in its order.
pub(super) fn groups(
    source: Source<'_>,
    today: Day,
    errors: &mut Findings,
    warnings: &mut Findings,
) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let mut at: HashMap<String, usize> = HashMap::new();
    source.rows(errors, warnings, |cells, errors| {
        let Some(row) = row::read(cells, today, errors) else { return };
        match at.entry(row.employee_number.clone()) {
            Entry::Occupied(at) => groups[*at.get()].add(row, errors),
            Entry::Vacant(free) => {
                free.insert(groups.len());
                groups.push(Group::new(row));
            }
        }
    });
    groups
}

/// Spreadsheets drop zeros at the start of numbers: a new number that is a known one but for them, or for its case, is an error.
fn check_numbers(groups: &[Group], state: &State, errors: &mut Findings) {
    let plain = |number: &str| number.trim_start_matches('0').to_ascii_uppercase();
    let mut known: HashMap<String, &str> =
        state.records.keys().map(|number| (plain(number), number.as_str())).collect();
    for group in groups.iter().filter(|group| !state.records.contains_key(&group.employee_number)) {
        let number = &group.employee_number;
        match known.entry(plain(number)) {
            Entry::Occupied(other) => {
                let text = words::like_another_number(other.get());
                errors.push(Finding::of_value(group.line, Column::EmployeeNumber, number, text));
            }
            Entry::Vacant(free) => {
                free.insert(number);
            }
        }
    }
}

const SHARED: [(IdentityField, Column); 2] =
    [(IdentityField::Email, Column::Email), (IdentityField::SmartcardUuid, Column::SmartcardUuid)];

/// One email or smartcard UUID on records of this employer whose date of birth differs.
fn check_alike(outcomes: &[Outcome], in_file: &HashSet<String>, state: &State, errors: &mut Findings) {
    let others: Vec<&Held> =
        state.records.values().filter(|held| !in_file.contains(&held.employee_number)).collect();
    for (field, column) in SHARED {
        let mut seen: HashMap<String, (Day, Option<u64>, &str)> = HashMap::new();
        for held in &others {
            if let Some(value) = held.fields.identity(field) {
                seen.insert(value, (held.fields.date_of_birth, None, &held.employee_number));
            }
        }
        for outcome in outcomes {
            let Some(value) = outcome.fields.identity(field) else { continue };
            let born = outcome.fields.date_of_birth;
            let (other_born, line, number) =
                *seen.entry(value.clone()).or_insert((born, Some(outcome.line), &outcome.employee_number));
            if other_born != born {
                errors.push(Finding::of_value(outcome.line, column, &value, words::alike(number, line)));
            }
        }
    }
}

/// The same against the records of other employers, for values that are new here.
async fn check_other_employers(
    db: &Db,
    outcomes: &[Outcome],
    state: &State,
    errors: &mut Findings,
) -> Result<(), StoreError> {
    let mut reader = db.read().await?;
    for (field, column) in SHARED {
        let mut wanted: HashMap<String, (Day, u64)> = HashMap::new();
        for outcome in outcomes {
            let Some(value) = outcome.fields.identity(field) else { continue };
            let held = state.records.get(&outcome.employee_number).map(|held| &held.fields);
            let same = held.is_some_and(|held| {
                held.identity(field).as_ref() == Some(&value)
                    && held.date_of_birth == outcome.fields.date_of_birth
            });
            if !same {
                wanted.insert(value, (outcome.fields.date_of_birth, outcome.line));
            }
        }
        let pairs: Vec<(&str, Day)> =
            wanted.iter().map(|(value, (born, _))| (value.as_str(), *born)).collect();
        for piece in pairs.chunks(sql::LOOKED_FOR) {
            for value in sql::unlike(&mut reader.tx(), field, piece).await? {
                let Some((born, line)) = wanted.get(&value) else { continue };
                for id in sql::with_value(&mut reader.tx(), field, &value).await? {
                    let other = sql::elsewhere(&mut reader.tx(), id, state.employer.id).await?;
                    if let Some((code, other)) = other
                        && other.identity(field).as_ref() == Some(&value)
                        && other.date_of_birth != *born
                    {
                        errors.push(Finding::of_value(*line, column, &value, words::alike_elsewhere(&code)));
                    }
                }
            }
        }
    }
    Ok(())
}

fn warn(outcome: &Outcome, in_file: &HashSet<String>, state: &State, warnings: &mut Findings) {
    let held = state.records.get(&outcome.employee_number);
    let settings = &state.employer.settings;
    if let Some(email) = &outcome.fields.email
        && held.is_none_or(|held| held.fields.email.as_ref() != Some(email))
        && !settings.mails_to(email)
    {
        let text = words::outside_mail_domains(&settings.mail_domains);
        warnings.push(Finding::of_value(outcome.line, Column::Email, email, text));
    }
    for assignment in &outcome.assignments {
        let before = held.and_then(|held| {
            held.assignments.iter().find(|a| a.assignment_number == assignment.assignment_number)
        });
        if let Some(manager) = &assignment.manager
            && before.is_none_or(|before| before.manager.as_ref() != Some(manager))
            && !in_file.contains(manager)
            && !state.records.contains_key(manager)
        {
            warnings.push(Finding::of_value(outcome.line, Column::Manager, manager, words::UNKNOWN_MANAGER));
        }
    }
}

fn assemble(outcomes: Vec<Outcome>, state: State, now: Instant, warnings: Findings) -> Plan {
    let today = state.employer.today(now);
    let employed = state
        .records
        .values()
        .filter(|held| super::state::last_day(&held.assignments).is_none_or(|last| last >= today));
    let mut plan = Plan {
        file_name: String::new(),
        file_hash: String::new(),
        counts: Counts { records: outcomes.len() as u64, ..Counts::default() },
        new: Vec::new(),
        changed: Vec::new(),
        warnings: warnings.finish(),
        at: now,
        employed: employed.count() as u64,
        outcomes: Vec::new(),
        employer: state.employer,
    };
    let mut allotment = Allotment::after(state.usernames);
    for outcome in outcomes {
        if !outcome.is_new() && outcome.changes.is_empty() {
            plan.counts.unchanged += 1;
            continue;
        }
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
