//! The rows of a file by employee number, packed: a large employer's file has to fit into little memory.

use std::{
    collections::{HashMap, hash_map::Entry},
    io::Cursor,
    ops::ControlFlow,
};

use store::Day;
use tables::Event;

use super::{
    Column, Finding,
    file::{Cells, FORM},
    finding::Findings,
    row::{self, Cell, Person, Post, Row},
};
use crate::words;

/// A person of the file: all rows with one employee number.
#[derive(Debug, PartialEq)]
pub(super) struct Group {
    pub(super) employee_number: String,
    pub(super) line: u64,
    pub(super) person: Person,
    pub(super) posts: Vec<Post>,
}

/// A person has so many assignments in a file at most.
const MOST_POSTS: usize = 100;
/// So many cells of a row are text.
const TEXTS: usize = 11;

/// A row. Its texts stand one behind the other in the text of all rows.
#[derive(Debug)]
struct Packed {
    begin: usize,
    lengths: [u16; TEXTS],
    /// A bit for each text whose column the file does not have.
    missing: u16,
    /// Whether a row before it has the same employee number.
    further: bool,
    /// The next row with the same employee number; 0 for none, since the first row follows no other.
    next: usize,
    line: u64,
    date_of_birth: Day,
    start_date: Day,
    leaving_date: Cell<Day>,
    absent_from: Cell<Day>,
    absent_to: Cell<Day>,
}

/// All people of a file. One is known by the place of their first row.
#[derive(Debug, Default)]
pub(super) struct Groups {
    text: String,
    rows: Vec<Packed>,
    first: HashMap<Box<str>, usize>,
}

impl Groups {
    /// The people of a file, and what is wrong with it.
    pub(super) fn of_file(bytes: &[u8], today: Day, errors: &mut Findings, warnings: &mut Findings) -> Self {
        let mut groups = Self::default();
        let each = |event: Event<'_>| groups.take(event, today, errors, warnings);
        tables::read(Cursor::new(bytes), &FORM, each).expect("memory can always be read");
        groups.text.shrink_to_fit();
        groups.rows.shrink_to_fit();
        groups
    }

    /// The people of a file that was written here.
    pub(super) fn of_text(text: &str, today: Day, errors: &mut Findings, warnings: &mut Findings) -> Self {
        let mut groups = Self::default();
        tables::read_text(text, &FORM, |event| groups.take(event, today, errors, warnings));
        groups
    }

    fn take(
        &mut self,
        event: Event<'_>,
        today: Day,
        errors: &mut Findings,
        warnings: &mut Findings,
    ) -> ControlFlow<()> {
        match event {
            Event::Row(cells) => {
                if let Some(row) = row::read(&Cells::new(cells), today, errors) {
                    self.add(&row, errors);
                }
            }
            Event::Error(finding) => errors.push(finding),
            Event::Warning(finding) => warnings.push(finding),
        }
        ControlFlow::Continue(())
    }

    fn add(&mut self, row: &Row, errors: &mut Findings) {
        let place = self.rows.len();
        let first = match self.first.entry(row.employee_number.as_str().into()) {
            Entry::Vacant(free) => {
                free.insert(place);
                return self.pack(row, false);
            }
            Entry::Occupied(first) => *first.get(),
        };
        let (person, _) = self.unpack(first);
        check_same(&person, self.line(first), row, errors);
        let (mut last, mut posts) = (first, 1);
        while self.rows[last].next > 0 {
            last = self.rows[last].next;
            posts += 1;
        }
        if posts >= MOST_POSTS {
            errors.push(Finding::of_line(row.post.line, words::too_many_posts(MOST_POSTS)));
            return;
        }
        self.rows[last].next = place;
        self.pack(row, true);
    }

    fn pack(&mut self, row: &Row, further: bool) {
        fn cell(cell: &Cell<String>) -> Option<&str> {
            cell.as_ref().map(|text| text.as_deref().unwrap_or_default())
        }
        let Row { employee_number, person, post } = row;
        let texts: [Option<&str>; TEXTS] = [
            Some(employee_number),
            cell(&person.title),
            Some(&person.first_names),
            Some(&person.last_name),
            cell(&person.email),
            cell(&person.smartcard_uuid),
            Some(post.assignment_number.as_deref().unwrap_or_default()),
            cell(&post.position),
            cell(&post.department),
            cell(&post.location),
            cell(&post.manager),
        ];
        let (begin, mut lengths, mut missing) = (self.text.len(), [0; TEXTS], 0);
        for (at, text) in texts.into_iter().enumerate() {
            let Some(text) = text else {
                missing |= 1 << at;
                continue;
            };
            lengths[at] = u16::try_from(text.len()).expect("a cell has 500 characters at most");
            self.text.push_str(text);
        }
        self.rows.push(Packed {
            begin,
            lengths,
            missing,
            further,
            next: 0,
            line: post.line,
            date_of_birth: person.date_of_birth,
            start_date: post.start_date,
            leaving_date: post.leaving_date,
            absent_from: post.absent_from,
            absent_to: post.absent_to,
        });
    }

    fn unpack(&self, place: usize) -> (Person, Post) {
        let row = &self.rows[place];
        let (mut at, mut begin) = (0, row.begin);
        let mut next = || {
            let end = begin + usize::from(row.lengths[at]);
            let text = (row.missing & (1 << at) == 0).then(|| &self.text[begin..end]);
            (at, begin) = (at + 1, end);
            text
        };
        let full = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let cell = |text: Option<&str>| text.map(full);
        let name = |text: Option<&str>| text.unwrap_or_default().to_owned();
        next();
        let person = Person {
            title: cell(next()),
            first_names: name(next()),
            last_name: name(next()),
            date_of_birth: row.date_of_birth,
            email: cell(next()),
            smartcard_uuid: cell(next()),
        };
        let post = Post {
            line: row.line,
            assignment_number: next().and_then(full),
            position: cell(next()),
            department: cell(next()),
            location: cell(next()),
            manager: cell(next()),
            start_date: row.start_date,
            leaving_date: row.leaving_date,
            absent_from: row.absent_from,
            absent_to: row.absent_to,
        };
        (person, post)
    }

    /// How many people there are.
    pub(super) fn len(&self) -> usize {
        self.first.len()
    }

    /// The places of all, in the order of the file.
    pub(super) fn places(&self) -> impl Iterator<Item = usize> {
        self.rows.iter().enumerate().filter(|(_, row)| !row.further).map(|(place, _)| place)
    }

    /// The place of whoever has this number.
    pub(super) fn place(&self, employee_number: &str) -> Option<usize> {
        self.first.get(employee_number).copied()
    }

    pub(super) fn line(&self, place: usize) -> u64 {
        self.rows[place].line
    }

    pub(super) fn employee_number(&self, place: usize) -> &str {
        let row = &self.rows[place];
        &self.text[row.begin..][..usize::from(row.lengths[0])]
    }

    pub(super) fn group(&self, place: usize) -> Group {
        let (person, post) = self.unpack(place);
        let mut posts = vec![post];
        let mut next = self.rows[place].next;
        while next > 0 {
            posts.push(self.unpack(next).1);
            next = self.rows[next].next;
        }
        let employee_number = self.employee_number(place).to_owned();
        Group { employee_number, line: self.line(place), person, posts }
    }
}

/// A further row has to say the same of the person as the first.
fn check_same(first: &Person, first_line: u64, row: &Row, findings: &mut Findings) {
    let (other, line) = (&row.person, row.post.line);
    let (birth, birth_here) = (Some(first.date_of_birth.to_string()), Some(other.date_of_birth.to_string()));
    let name = |text: &String| Some(text.clone());
    for (column, there, here) in [
        (Column::Title, first.title.clone().flatten(), other.title.clone().flatten()),
        (Column::FirstNames, name(&first.first_names), name(&other.first_names)),
        (Column::LastName, name(&first.last_name), name(&other.last_name)),
        (Column::DateOfBirth, birth, birth_here),
        (Column::Email, first.email.clone().flatten(), other.email.clone().flatten()),
        (
            Column::SmartcardUuid,
            first.smartcard_uuid.clone().flatten(),
            other.smartcard_uuid.clone().flatten(),
        ),
    ] {
        if there != here {
            let text = words::rows_differ(&row.employee_number, first_line, there.as_deref());
            findings.push(Finding::of_value(line, column, here.as_deref().unwrap_or_default(), text));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::{option, prelude::*};

    use super::*;

    fn day() -> impl Strategy<Value = Day> {
        (0i32..60_000).prop_map(|days| Day::new(1900, 1, 1).unwrap().plus_days(days))
    }

    fn cell(form: &'static str) -> impl Strategy<Value = Cell<String>> {
        option::of(option::of(form))
    }

    fn person() -> impl Strategy<Value = Person> {
        (cell("\\PC{1,3}"), "\\PC{0,4}", "\\PC{0,4}", day(), cell("[a-z@]{1,9}"), cell("[0-9]{12}")).prop_map(
            |(title, first_names, last_name, date_of_birth, email, smartcard_uuid)| Person {
                title,
                first_names,
                last_name,
                date_of_birth,
                email,
                smartcard_uuid,
            },
        )
    }

    fn post() -> impl Strategy<Value = Post> {
        let days = || option::of(option::of(day()));
        let texts = (cell("\\PC{1,5}"), cell("\\PC{1,500}"), cell("\\PC{1,5}"), cell("[0-9]{1,30}"));
        (option::of("[0-9]{1,3}"), texts, day(), days(), days(), days(), 2u64..1000).prop_map(
            |(assignment_number, texts, start_date, leaving_date, absent_from, absent_to, line)| {
                let (position, department, location, manager) = texts;
                Post {
                    line,
                    assignment_number,
                    position,
                    department,
                    location,
                    manager,
                    start_date,
                    leaving_date,
                    absent_from,
                    absent_to,
                }
            },
        )
    }

    proptest! {
        #[test]
        fn what_is_packed_is_unpacked(rows in proptest::collection::vec(("[1-4]", person(), post()), 0..12)) {
            let (mut groups, mut unpacked) = (Groups::default(), Vec::<Group>::new());
            let mut errors = Findings::default();
            for (employee_number, person, post) in rows {
                groups.add(&Row { employee_number: employee_number.clone(), person: person.clone(), post: post.clone() }, &mut errors);
                match unpacked.iter_mut().find(|group| group.employee_number == employee_number) {
                    Some(group) => group.posts.push(post),
                    None => unpacked.push(Group { employee_number, line: post.line, person, posts: vec![post] }),
                }
            }
            prop_assert_eq!(groups.len(), unpacked.len());
            let places: Vec<usize> = groups.places().collect();
            for (place, group) in places.iter().zip(&unpacked) {
                prop_assert_eq!(groups.place(&group.employee_number), Some(*place));
                prop_assert_eq!(&groups.group(*place), group);
            }
            prop_assert_eq!(places.len(), unpacked.len());
        }
    }
}
