//! The search for staff: who of an employer's staff fits what somebody types of a name, username, employee number or email address.
//!
//! Names are found by [keys](name_keys) that are written with the version that brings the name, so that old names stay findable; the
//! rest by the indexes that are there anyway. Where little fits, one letter is taken for wrong: every name that it may have been is
//! looked for.

mod jobs;
mod model;
mod sql;

use std::collections::{BTreeSet, HashMap};

use store::{Instant, StoreError, Tx, Value};
use uuid::Uuid;

pub(crate) use jobs::keys_handler;
pub(crate) use model::MOST_KEYS;
pub use model::{Found, FoundPerson, LEAST_TYPED, MOST_FOUND, MOST_TYPED, name_keys};
pub(crate) use sql::{page_end, sweep};

use crate::{Employer, Username, employer, staff::full_name};
use model::{MOST_ORDERS, Typed, beginning, folded};
use sql::{LOOKED_FOR, MOST_MATCHES, MOST_READ, Match, PersonRow, Ranges};

/// Where the keys stand.
pub(crate) const TABLE: &str = "staff_key";
pub(crate) const COLUMNS: &[&str] = &["employer_id", "key", "staff_record_id", "number"];

/// Where fewer than this many fit, one letter is taken for wrong.
const FEW: usize = 3;
/// So many names are looked into that differ by a letter.
const MOST_NEAR_NAMES: usize = 2 * MOST_ORDERS;

/// Why nobody was looked for.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// Too little or too much was typed; the text says which.
    #[error("{0}")]
    Typed(&'static str),
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The rows of the keys of a name that a change brings.
pub(crate) fn key_rows(
    employer: Uuid,
    staff_record: Uuid,
    number: i64,
    first_names: &str,
    last_name: &str,
) -> impl Iterator<Item = Vec<Value>> {
    name_keys(first_names, last_name).into_iter().map(move |key| {
        vec![employer.into(), Value::Bytes(key.into_bytes()), staff_record.into(), Value::Number(number)]
    })
}

/// Finds an employer's staff by what was typed: the beginning of a name in any order of its words, of a username with or without the
/// employer's code, of an employee number or of an email address, also of an earlier one. Where fewer than three fit, also those whose
/// name, username or email address differs by one letter that is wrong, missing, too many or swapped with the next.
///
/// # Errors
/// See [`SearchError`].
pub async fn search(
    tx: &mut Tx<'_>,
    employer: Uuid,
    typed: &str,
    now: Instant,
) -> Result<Found, SearchError> {
    let typed = Typed::read(typed).map_err(SearchError::Typed)?;
    let Some(employer) = employer::employer(tx, employer).await? else { return Ok(Found::default()) };
    let mut search = Search { employer: &employer, typed: &typed, now, found: Found::default() };
    let exact = ranges(&typed, &employer.code);
    search.add(tx, vec![exact], false).await?;
    if search.found.people.len() < FEW {
        let near = near(tx, &employer, &typed).await?;
        search.add(tx, near, true).await?;
    }
    Ok(search.found)
}

/// Where what was typed is looked for as it stands there.
fn ranges(typed: &Typed, code: &str) -> Ranges {
    Ranges {
        names: typed.orders.iter().map(|order| beginning(order)).collect(),
        username: typed.username(code).map(|name| beginning(&name)),
        employee_number: typed.employee_number().map(beginning),
        email: typed.email().map(|email| beginning(&email)),
    }
}

/// Where something is that what was typed may have been.
async fn near(tx: &mut Tx<'_>, employer: &Employer, typed: &Typed) -> store::Result<Vec<Ranges>> {
    let mut names = Vec::new();
    let near = typed.near_names();
    let begins: BTreeSet<&str> = near.iter().map(String::as_str).collect();
    let mut there = BTreeSet::new();
    for piece in near.chunks(LOOKED_FOR) {
        for key in sql::next_keys(tx, employer.id, piece).await? {
            let key = String::from_utf8_lossy(&key);
            let fitting = (1..=key.len()).filter_map(|end| begins.get(key.get(..end)?));
            there.extend(fitting.copied());
        }
    }
    names.extend(near.iter().filter(|name| there.contains(name.as_str())).take(MOST_NEAR_NAMES));
    let mut all: Vec<Ranges> = names
        .chunks(MOST_ORDERS)
        .map(|names| Ranges {
            names: names.iter().map(|name| beginning(name)).collect(),
            ..Ranges::default()
        })
        .collect();
    for piece in typed.near_usernames(&employer.code).chunks(LOOKED_FOR) {
        for name in sql::usernames_there(tx, piece).await? {
            all.push(Ranges { username: Some(only(&name)), ..Ranges::default() });
        }
    }
    let mut emails: Vec<_> = typed.local_part().map(|local| beginning(&local)).into_iter().collect();
    for piece in typed.near_emails().chunks(LOOKED_FOR) {
        emails.extend(sql::emails_there(tx, piece).await?.iter().map(|email| only(email)));
    }
    all.extend(emails.into_iter().map(|email| Ranges { email: Some(email), ..Ranges::default() }));
    Ok(all)
}

/// The range of one text.
fn only(text: &str) -> model::Range {
    (text.to_owned(), format!("{text} "))
}

struct Search<'s> {
    employer: &'s Employer,
    typed: &'s Typed,
    now: Instant,
    found: Found,
}

impl Search<'_> {
    /// Adds whoever fits into the ranges and is not found yet.
    async fn add(&mut self, tx: &mut Tx<'_>, all: Vec<Ranges>, near: bool) -> store::Result<()> {
        let mut ids: Vec<Uuid> = Vec::new();
        let mut by_id: HashMap<Uuid, Vec<Match>> = HashMap::new();
        let mut begins: Vec<String> = Vec::new();
        for ranges in all {
            let matches = sql::matches(tx, self.employer.id, &ranges).await?;
            self.found.more |=
                matches.chunk_by(|a, b| a.source == b.source).any(|of| of.len() >= MOST_MATCHES);
            begins.extend(ranges.names.into_iter().map(|(from, _)| from));
            for found in matches {
                let id = found.staff_record_id;
                let theirs = by_id.entry(id).or_default();
                if theirs.is_empty() && !self.found.people.iter().any(|person| person.staff_record == id) {
                    ids.push(id);
                }
                theirs.push(found);
            }
        }
        ids.truncate(MOST_READ);
        let today = self.employer.today(self.now);
        let people = sql::people(tx, self.employer.id, &ids, today).await?;
        let mut ranked: Vec<(Rank, FoundPerson)> = Vec::new();
        for row in people {
            let matches = by_id.remove(&row.id).unwrap_or_default();
            let rank = Rank::of(&row, self.typed, &self.employer.code);
            let earlier = earlier(&row, &matches, &begins);
            ranked.push((rank, person(row, earlier, near, today)?));
        }
        ranked.sort_by(|(a, _), (b, _)| a.cmp(b));
        self.found.people.extend(ranked.into_iter().map(|(_, person)| person));
        self.found.more |= self.found.people.len() > MOST_FOUND;
        self.found.people.truncate(MOST_FOUND);
        Ok(())
    }
}

/// In which order people are shown: first those of whom just this is the username, employee number or email address, then by name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    unlike: bool,
    last_name: Vec<String>,
    first_names: Vec<String>,
    employee_number: String,
}

impl Rank {
    fn of(row: &PersonRow, typed: &Typed, code: &str) -> Self {
        let alike = typed.employee_number() == Some(&row.employee_number)
            || (row.username.is_some() && typed.username(code) == row.username)
            || (row.email.is_some() && typed.email() == row.email);
        Self {
            unlike: !alike,
            last_name: folded(&row.last_name),
            first_names: folded(&row.first_names),
            employee_number: row.employee_number.clone(),
        }
    }
}

/// What fits of somebody of whom nothing fits that they have now.
fn earlier(row: &PersonRow, matches: &[Match], begins: &[String]) -> Option<String> {
    let is_now = |found: &&Match| match found.source.as_str() {
        "username" => row.username.as_ref() == Some(&found.matched),
        "email" => row.email.as_ref() == Some(&found.matched),
        "employee_number" => true,
        _ => {
            let keys = name_keys(&row.first_names, &row.last_name);
            keys.iter().any(|key| begins.iter().any(|begin| key.starts_with(begin)))
        }
    };
    if matches.iter().any(|found| is_now(&found)) {
        return None;
    }
    matches.first().map(|found| found.matched.trim().to_owned())
}

fn person(
    row: PersonRow,
    earlier: Option<String>,
    near: bool,
    today: store::Day,
) -> store::Result<FoundPerson> {
    let damaged = |name: &str| StoreError::Damaged(format!("username {name}"));
    let username = match &row.username {
        Some(name) => Some(Username::parse(name).ok_or_else(|| damaged(name))?),
        None => None,
    };
    Ok(FoundPerson {
        staff_record: row.id,
        title: row.title,
        name: full_name(&row.first_names, &row.last_name),
        employee_number: row.employee_number,
        username,
        position: row.position,
        department: row.department,
        last_day: row.last_day,
        has_left: row.last_day.is_some_and(|last| last < today),
        earlier,
        near,
    })
}
