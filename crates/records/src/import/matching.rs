//! A file against all that an employer holds. Records are read page by page, each is held against the file's rows of its number,
//! and only what comes of it is kept: neither all records nor all of what stays as it is has to fit into memory.

use std::collections::{HashMap, HashSet, hash_map::Entry};

use store::{Day, Db, Instant, StoreError};

use super::{
    Column, Finding,
    alike::{Alike, SHARED},
    compare::{Outcome, compare},
    finding::{Findings, Scattered},
    groups::Groups,
    sql,
    state::{self, Held, State, last_day},
};
use crate::{Employer, words};

/// What became of it.
pub(super) struct Matched {
    pub(super) employer: Employer,
    /// How many staff records the file has.
    pub(super) records: u64,
    /// How many held records there are whose last day is not over.
    pub(super) employed: u64,
    /// Those that are new or change, in the order of the file.
    pub(super) outcomes: Vec<Outcome>,
}

/// Compares the whole file. Where there are errors, nothing is to be made of what became of it.
pub(super) async fn matched(
    db: &Db,
    employer: Employer,
    groups: Groups,
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
    matching.outcomes.sort_unstable_by_key(|(place, _)| *place);
    matching.check_numbers(errors);
    errors.append(std::mem::take(&mut matching.errors));
    warnings.append(std::mem::take(&mut matching.warnings));
    matching.alike.check(&groups, &matching.absent, errors);
    if others {
        matching.check_other_employers(db, errors).await?;
    }
    matching.warn(warnings);
    let Matching { employed, outcomes, .. } = matching;
    let outcomes = outcomes.into_iter().map(|(_, outcome)| outcome).collect();
    Ok(Matched { employer: state.employer, records: groups.len() as u64, employed, outcomes })
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
    /// With their place in the file.
    outcomes: Vec<(usize, Outcome)>,
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
            outcomes: Vec::new(),
            errors: Scattered::default(),
            warnings: Scattered::default(),
        }
    }

    fn hold(&mut self, held: Held) {
        self.employed += u64::from(last_day(&held.assignments).is_none_or(|last| last >= self.today));
        if let Some(place) = self.groups.place(&held.employee_number) {
            self.met[place] = true;
            self.compare(place, Some(&held));
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
        new.into_iter().for_each(|place| self.compare(place, None));
    }

    fn compare(&mut self, place: usize, held: Option<&Held>) {
        let (mut errors, mut warnings) = (Findings::default(), Findings::default());
        let group = self.groups.group(place);
        let outcome = compare(group, held, self.state, self.now, &mut errors, &mut warnings);
        self.errors.put(place, errors);
        self.warnings.put(place, warnings);
        self.alike.add(&outcome.fields, held.map(|held| &held.fields), place);
        if outcome.is_new() || !outcome.changes.is_empty() {
            self.outcomes.push((place, outcome));
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

    /// One email or smartcard UUID on records of other employers whose date of birth differs, for values that are new here.
    async fn check_other_employers(&self, db: &Db, errors: &mut Findings) -> Result<(), StoreError> {
        let mut reader = db.read().await?;
        for ((field, column), wanted) in SHARED.into_iter().zip(self.alike.brought(self.groups)) {
            let pairs: Vec<(&str, Day)> = wanted.iter().map(|(value, (born, _))| (*value, *born)).collect();
            for piece in pairs.chunks(sql::LOOKED_FOR) {
                for value in sql::unlike(&mut reader.tx(), field, piece).await? {
                    let Some((born, line)) = wanted.get(value.as_str()) else { continue };
                    for id in sql::with_value(&mut reader.tx(), field, &value).await? {
                        let other = sql::elsewhere(&mut reader.tx(), id, self.state.employer.id).await?;
                        if let Some((code, other)) = other
                            && other.identity(field).as_ref() == Some(&value)
                            && other.date_of_birth != *born
                        {
                            let text = words::alike_elsewhere(&code);
                            errors.push(Finding::of_value(*line, column, &value, text));
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// What HR should look at in records that are new or change.
    fn warn(&self, warnings: &mut Findings) {
        let absent: HashSet<&str> = self.absent.iter().map(String::as_str).collect();
        let settings = &self.state.employer.settings;
        for (_, outcome) in &self.outcomes {
            let line = outcome.line;
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
        }
    }
}
