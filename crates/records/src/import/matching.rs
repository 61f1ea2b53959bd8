//! A file against all that an employer holds. Records are read page by page, each is held against the file's rows of its number,
//! and only what comes of it is kept: neither all records nor all of what stays as it is has to fit into memory.

use std::collections::{HashMap, HashSet, hash_map::Entry};

use store::{Day, Db, Instant, StoreError};

use super::{
    Column, Finding,
    alike::{Alike, SHARED},
    compare::{Outcome, compare, new_record},
    elsewhere::Elsewhere,
    finding::{Findings, MOST_FINDINGS, Scattered},
    groups::Groups,
    sql,
    state::{self, Held, State, last_day},
};
use crate::{Employer, words};

/// What became of it.
pub(super) struct Matched {
    pub(super) employer: Employer,
    /// How many held records there are whose last day is not over.
    pub(super) employed: u64,
    /// The places of those that are new, in the order of the file.
    pub(super) new: Vec<usize>,
    /// Those that change, with their places, in the order of the file.
    pub(super) changed: Vec<(usize, Box<Outcome>)>,
    /// The file.
    pub(super) groups: Groups,
    /// Values that stand on records of other employers.
    pub(super) elsewhere: Vec<Elsewhere>,
}

/// Compares the whole file. Where there are errors, nothing is to be made of what became of it. `all_elsewhere`: also a value that stands
/// on a record of another employer with the same date of birth is found.
pub(super) async fn matched(
    db: &Db,
    employer: Employer,
    groups: Groups,
    all_elsewhere: bool,
    now: Instant,
    errors: &mut Findings,
    warnings: &mut Findings,
) -> Result<Matched, StoreError> {
    let mut reader = db.read().await?;
    let (id, tx) = (employer.id, &mut reader.tx());
    let state = State::new(employer, sql::holds(tx, id).await?);
    let mut matching = Matching::new(&groups, &state, now);
    let mut after = String::new();
    loop {
        let page = state::page(tx, id, &after).await?;
        let Some(last) = page.last() else { break };
        after.clone_from(&last.employee_number);
        page.into_iter().for_each(|held| matching.hold(held));
    }
    let others = sql::others_have_staff(tx, id).await?;
    drop(reader);
    matching.add_new();
    matching.changed.sort_unstable_by_key(|(place, _)| *place);
    matching.check_numbers(errors);
    errors.append(std::mem::take(&mut matching.errors));
    warnings.append(std::mem::take(&mut matching.warnings));
    matching.alike.check(&groups, &matching.absent, errors);
    let mut elsewhere = Vec::new();
    if others {
        elsewhere = matching.elsewhere(db, all_elsewhere).await?;
    }
    matching.warn(warnings);
    let new = matching.new_places().collect();
    let Matching { employed, changed, .. } = matching;
    Ok(Matched { employer: state.employer, employed, new, changed, groups, elsewhere })
}

struct Matching<'a> {
    groups: &'a Groups,
    state: &'a State,
    now: Instant,
    today: Day,
    /// By the place in the file, whether the number is held.
    met: Vec<bool>,
    /// Employee numbers that are held and not in the file.
    absent: Vec<String>,
    alike: Alike,
    employed: u64,
    /// With their place in the file. Of those that are new nothing is kept: it would take much more memory than their rows.
    changed: Vec<(usize, Box<Outcome>)>,
    errors: Scattered,
    warnings: Scattered,
}

impl<'a> Matching<'a> {
    fn new(groups: &'a Groups, state: &'a State, now: Instant) -> Self {
        Self {
            groups,
            state,
            now,
            today: state.employer.today(now),
            met: vec![false; groups.places().last().map_or(0, |last| last + 1)],
            absent: Vec::new(),
            alike: Alike::default(),
            employed: 0,
            changed: Vec::new(),
            errors: Scattered::default(),
            warnings: Scattered::default(),
        }
    }

    fn hold(&mut self, held: Held) {
        self.employed += u64::from(last_day(&held.assignments).is_none_or(|last| last >= self.today));
        if let Some(place) = self.groups.place(&held.employee_number) {
            self.met[place] = true;
            self.compare(place, &held);
        } else {
            self.alike.add_held(&held.fields, self.absent.len());
            self.absent.push(held.employee_number);
        }
    }

    fn new_places(&self) -> impl Iterator<Item = usize> {
        self.groups.places().filter(|place| !self.met[*place])
    }

    fn add_new(&mut self) {
        let new: Vec<usize> = self.new_places().collect();
        for place in new {
            let mut errors = Findings::default();
            let outcome = new_record(self.groups.group(place), &mut errors);
            self.errors.put(place, errors);
            self.alike.add(&outcome.fields, None, place);
        }
    }

    fn compare(&mut self, place: usize, held: &Held) {
        let (mut errors, mut warnings) = (Findings::default(), Findings::default());
        let group = self.groups.group(place);
        let outcome = compare(group, held, self.state, self.now, &mut errors, &mut warnings);
        self.errors.put(place, errors);
        self.warnings.put(place, warnings);
        self.alike.add(&outcome.fields, Some(&held.fields), place);
        if !outcome.changes.is_empty() {
            self.changed.push((place, Box::new(outcome)));
        }
    }

    /// Spreadsheets drop zeros at the start of numbers: a new number that is a known one but for them, or for its case, is an error.
    fn check_numbers(&self, errors: &mut Findings) {
        let plain = |number: &str| number.trim_start_matches('0').to_ascii_uppercase();
        let new: HashSet<String> =
            self.new_places().map(|place| plain(self.groups.employee_number(place))).collect();
        if new.is_empty() {
            return;
        }
        let met = self.groups.places().filter(|place| self.met[*place]);
        let held = self.absent.iter().map(String::as_str);
        let held = held.chain(met.map(|place| self.groups.employee_number(place)));
        let mut known: HashMap<String, &str> =
            held.map(|number| (plain(number), number)).filter(|(plain, _)| new.contains(plain)).collect();
        for place in self.new_places() {
            let number = self.groups.employee_number(place);
            match known.entry(plain(number)) {
                Entry::Occupied(other) => {
                    let (line, text) = (self.groups.line(place), words::like_another_number(other.get()));
                    errors.push(Finding::of_value(line, Column::EmployeeNumber, number, text));
                }
                Entry::Vacant(free) => {
                    free.insert(number);
                }
            }
        }
    }

    /// Values that are new here and stand on records of other employers: those whose date of birth differs, or the first of `all`.
    async fn elsewhere(&self, db: &Db, all: bool) -> Result<Vec<Elsewhere>, StoreError> {
        let mut found = Vec::new();
        let mut reader = db.read().await?;
        for (at, (field, column)) in SHARED.into_iter().enumerate() {
            let wanted = self.alike.brought(at, self.groups);
            let pairs: Vec<(&str, Day)> = wanted.iter().map(|(value, (born, _))| (*value, *born)).collect();
            for piece in pairs.chunks(sql::LOOKED_FOR) {
                for value in sql::standing_anywhere(&mut reader.tx(), field, piece, !all).await? {
                    let Some((born, line)) = wanted.get(value.as_str()) else { continue };
                    for id in sql::with_value(&mut reader.tx(), field, &value).await? {
                        let Some(other) = sql::at_employer(&mut reader.tx(), id).await? else { continue };
                        let differs = other.fields.date_of_birth != *born;
                        if other.employer_id == self.state.employer.id
                            || other.fields.identity(field).as_ref() != Some(&value)
                            || !(differs || all)
                        {
                            continue;
                        }
                        found.push(Elsewhere {
                            line: *line,
                            column,
                            value: value.clone(),
                            born: *born,
                            differs,
                            staff_record: id,
                            employer: other.employer_id,
                            code: other.code,
                        });
                    }
                    if found.len() >= if all { 1 } else { MOST_FINDINGS } {
                        return Ok(found);
                    }
                }
            }
        }
        // In the order of the file.
        found.sort_by_key(|one| one.line);
        Ok(found)
    }

    /// What HR should look at in records that are new or change.
    fn warn(&self, warnings: &mut Findings) {
        let absent: HashSet<&str> = self.absent.iter().map(String::as_str).collect();
        let mut found = Scattered::default();
        for place in self.new_places() {
            let outcome = new_record(self.groups.group(place), &mut Findings::default());
            found.put(place, self.warnings_of(&outcome, &absent));
        }
        for (place, outcome) in &self.changed {
            found.put(*place, self.warnings_of(outcome, &absent));
        }
        warnings.append(found);
    }

    fn warnings_of(&self, outcome: &Outcome, absent: &HashSet<&str>) -> Findings {
        let (mut warnings, line) = (Findings::default(), outcome.line);
        let settings = &self.state.employer.settings;
        let says_new =
            |field: &str| outcome.is_new() || outcome.changes.iter().any(|change| change.field == field);
        if let Some(email) = &outcome.fields.email
            && says_new(Column::Email.as_str())
            && !settings.mails_to(email)
        {
            let text = words::outside_mail_domains(&settings.mail_domains);
            warnings.push(Finding::of_value(line, Column::Email, email, text));
        }
        for assignment in &outcome.assignments {
            if let Some(manager) = &assignment.manager
                && says_new(&Column::Manager.of_assignment(&assignment.assignment_number))
                && self.groups.place(manager).is_none()
                && !absent.contains(manager.as_str())
            {
                let text = words::UNKNOWN_MANAGER;
                warnings.push(Finding::of_value(line, Column::Manager, manager, text));
            }
        }
        warnings
    }
}
