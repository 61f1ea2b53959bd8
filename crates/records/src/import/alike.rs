//! One email or smartcard UUID on records whose date of birth differs: those of the file, and those of this employer that are not in it.

use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
};

use store::Day;

use super::{
    Column, Finding,
    finding::{Findings, Scattered},
    groups::Groups,
    state::Fields,
};
use crate::{IdentityField, words};

/// What two records share only where they are the same person's.
pub(super) const SHARED: [(IdentityField, Column); 2] =
    [(IdentityField::Email, Column::Email), (IdentityField::SmartcardUuid, Column::SmartcardUuid)];

/// Whose value it is. Those who are not in the file come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Whose {
    /// In the list of those who are not in the file.
    Held(usize),
    /// By their place in the file; and whether value or date of birth are new with it.
    File(usize, bool),
}

#[derive(Debug)]
struct Value {
    /// Where it ends in the text of all values; it begins where the one before it ends.
    end: usize,
    born: Day,
    whose: Whose,
}

/// The values of one field, without those who have none.
#[derive(Debug, Default)]
struct Values {
    text: String,
    list: Vec<Value>,
}

impl Values {
    fn add(&mut self, text: &str, born: Day, whose: Whose) {
        self.text.push_str(text);
        self.list.push(Value { end: self.text.len(), born, whose });
    }

    fn text(&self, at: usize) -> &str {
        let begin = at.checked_sub(1).map_or(0, |before| self.list[before].end);
        &self.text[begin..self.list[at].end]
    }

    /// Lists of values that may be alike, each in the order of the file.
    fn suspect(&self) -> Vec<Vec<usize>> {
        let state = RandomState::new();
        let mut hashed: Vec<(u64, usize)> =
            (0..self.list.len()).map(|at| (state.hash_one(self.text(at)), at)).collect();
        hashed.sort_unstable();
        let alike = hashed.chunk_by(|a, b| a.0 == b.0).filter(|alike| alike.len() > 1);
        let in_order = |alike: &[(u64, usize)]| {
            let mut list: Vec<usize> = alike.iter().map(|(_, at)| *at).collect();
            list.sort_by_key(|at| self.list[*at].whose);
            list
        };
        alike.map(in_order).collect()
    }
}

/// The values of all, told apart by their field as in [`SHARED`].
#[derive(Debug, Default)]
pub(super) struct Alike([Values; 2]);

impl Alike {
    /// Takes the record of somebody who is not in the file, by their place in the list of those.
    pub(super) fn add_held(&mut self, fields: &Fields, place: usize) {
        for (values, (field, _)) in self.0.iter_mut().zip(SHARED) {
            if let Some(text) = shared(fields, field) {
                values.add(text, fields.date_of_birth, Whose::Held(place));
            }
        }
    }

    /// Takes what becomes of the record of somebody who is.
    pub(super) fn add(&mut self, fields: &Fields, held: Option<&Fields>, place: usize) {
        for (values, (field, _)) in self.0.iter_mut().zip(SHARED) {
            let Some(text) = shared(fields, field) else { continue };
            let same = held.is_some_and(|held| {
                shared(held, field) == Some(text) && held.date_of_birth == fields.date_of_birth
            });
            values.add(text, fields.date_of_birth, Whose::File(place, !same));
        }
    }

    /// Finds those of the file that are alike. `absent` are the employee numbers of those who are not in it.
    pub(super) fn check(&self, groups: &Groups, absent: &[String], errors: &mut Findings) {
        for (values, (_, column)) in self.0.iter().zip(SHARED) {
            let mut found = Scattered::default();
            for alike in values.suspect() {
                let mut seen: HashMap<&str, (Day, Option<u64>, &str)> = HashMap::new();
                for at in alike {
                    let (text, Value { born, whose, .. }) = (values.text(at), &values.list[at]);
                    let place = match *whose {
                        Whose::Held(place) => {
                            seen.insert(text, (*born, None, &absent[place]));
                            continue;
                        }
                        Whose::File(place, _) => place,
                    };
                    let (number, line) = (groups.employee_number(place), groups.line(place));
                    let (other_born, other_line, other) =
                        *seen.entry(text).or_insert((*born, Some(line), number));
                    if other_born != *born {
                        let says = words::alike(other, other_line);
                        found.push(place, Finding::of_value(line, column, text, says));
                    }
                }
            }
            errors.append(found);
        }
    }

    /// The values of a field, by its place in [`SHARED`], that are new here, with the date of birth and the line that they come with; of
    /// equals the last.
    pub(super) fn brought(&self, field: usize, groups: &Groups) -> HashMap<&str, (Day, u64)> {
        let values = &self.0[field];
        let new = |(at, value): (usize, &Value)| match value.whose {
            Whose::File(place, true) => Some((place, at)),
            _ => None,
        };
        let mut new: Vec<(usize, usize)> = values.list.iter().enumerate().filter_map(new).collect();
        new.sort_unstable();
        let told = |(place, at)| (values.text(at), (values.list[at].born, groups.line(place)));
        new.into_iter().map(told).collect()
    }
}

fn shared(fields: &Fields, field: IdentityField) -> Option<&str> {
    match field {
        IdentityField::Email => fields.email.as_deref(),
        IdentityField::SmartcardUuid => fields.smartcard_uuid.as_deref(),
        IdentityField::DateOfBirth => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(born: u8) -> Day {
        Day::new(1980, 1, 1).unwrap().plus_days(i32::from(born))
    }

    /// Only an email: five of them, or none.
    fn fields((email, born): (u8, u8)) -> Fields {
        Fields {
            title: None,
            first_names: "Ann".into(),
            last_name: "Lee".into(),
            date_of_birth: day(born),
            email: (email < 5).then(|| format!("{email}@nhs.net")),
            smartcard_uuid: None,
        }
    }

    fn people() -> impl Strategy<Value = Vec<(u8, u8)>> {
        proptest::collection::vec((0u8..6, 0u8..2), 1..12)
    }

    proptest! {
        #[test]
        fn in_whatever_order_they_come_the_first_of_the_file_tells(file in people(), absent in people(), turned in 0usize..12) {
            let mut text = "employee_number,first_names,last_name,date_of_birth,start_date\n".to_owned();
            (1..=file.len()).for_each(|at| text.push_str(&format!("{at},Ann,Lee,1980-01-01,2020-01-01\n")));
            let (mut errors, mut warnings) = (Findings::default(), Findings::default());
            let groups = Groups::of_text(&text, Day::new(2026, 11, 26).unwrap(), &mut errors, &mut warnings);
            prop_assert_eq!(groups.len(), file.len());
            let mut alike = Alike::default();
            let mut numbers = Vec::new();
            let mut seen: HashMap<String, (Day, Option<u64>, String)> = HashMap::new();
            let mut places: Vec<usize> = (0..file.len()).collect();
            places.rotate_left(turned % file.len());
            places.iter().for_each(|place| alike.add(&fields(file[*place]), None, *place));
            for person in absent {
                let (fields, number) = (fields(person), format!("H{}", numbers.len()));
                alike.add_held(&fields, numbers.len());
                numbers.push(number.clone());
                if let Some(email) = fields.email {
                    seen.insert(email, (fields.date_of_birth, None, number));
                }
            }
            let mut expected = Findings::default();
            for (line, (person, number)) in (2..).zip(file.into_iter().zip(1..)) {
                let Fields { email: Some(email), date_of_birth, .. } = fields(person) else { continue };
                let first = seen.entry(email.clone()).or_insert((date_of_birth, Some(line), number.to_string()));
                if first.0 != date_of_birth {
                    let says = words::alike(&first.2, first.1);
                    expected.push(Finding::of_value(line, Column::Email, &email, says));
                }
            }
            alike.check(&groups, &numbers, &mut errors);
            prop_assert_eq!(errors.finish(), expected.finish());
        }
    }
}
