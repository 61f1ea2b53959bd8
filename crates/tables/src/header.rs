//! Which column stands where.

use crate::{Finding, Form, rows::Record, words};

/// Which cell of a row belongs to which column.
#[derive(Debug)]
pub(crate) struct Layout {
    /// Of each column of the form, in which cell it stands.
    at: Vec<Option<usize>>,
    width: usize,
    /// One more than the last cell that belongs to a column.
    named: usize,
    unnamed: Vec<usize>,
}

impl Layout {
    /// Reads a header. It is none where there is something wrong with it, which `found` is told.
    pub(crate) fn read(record: Record<'_>, form: &Form<'_>, mut found: impl FnMut(Finding)) -> Option<Self> {
        let mut layout =
            Self { at: vec![None; form.columns.len()], width: record.len(), named: 0, unnamed: Vec::new() };
        let mut right = true;
        let mut refuse = |finding| {
            found(finding);
            right = false;
        };
        for (at, name) in record.iter().enumerate() {
            if name.trim().is_empty() {
                layout.unnamed.push(at);
                continue;
            }
            match column(name, form) {
                Some(column) if layout.at[column].is_some() => {
                    refuse(Finding::of_header(name, words::COLUMN_TWICE));
                }
                Some(column) => {
                    layout.at[column] = Some(at);
                    layout.named = at + 1;
                }
                None => refuse(Finding::of_header(name, words::unknown_column(nearest(name, form), form))),
            }
        }
        for (column, at) in form.columns.iter().zip(&layout.at) {
            if column.required && at.is_none() {
                refuse(Finding::of_header(column.name, words::COLUMN_MISSING));
            }
        }
        right.then_some(layout)
    }

    /// In which cell a column stands.
    pub(crate) fn place(&self, column: usize) -> Option<usize> {
        *self.at.get(column)?
    }

    /// How many cells the header has.
    pub(crate) fn width(&self) -> usize {
        self.width
    }

    /// So many cells a row has to have.
    pub(crate) fn named(&self) -> usize {
        self.named
    }

    /// The cells under no name.
    pub(crate) fn unnamed(&self) -> &[usize] {
        &self.unnamed
    }

    /// Which column a cell stands in.
    pub(crate) fn column(&self, at: usize) -> Option<usize> {
        self.at.iter().position(|place| *place == Some(at))
    }
}

/// What stands between the cells of a text, by its first line.
pub(crate) fn separator(text: &str, form: &Form<'_>) -> u8 {
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let known = |separator: &u8| {
        let cells = first.split(char::from(*separator)).map(|cell| cell.trim().trim_matches('"'));
        cells.filter(|cell| column(cell, form).is_some()).count()
    };
    // Of equals, max_by_key takes the last.
    *b"\t;,".iter().max_by_key(|separator| known(separator)).unwrap_or(&b',')
}

/// A column by its name in any case, with or without spaces, underscores and the like.
fn column(name: &str, form: &Form<'_>) -> Option<usize> {
    let name = squeezed(name);
    form.columns.iter().position(|column| squeezed(column.name) == name)
}

fn squeezed(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn nearest(name: &str, form: &Form<'_>) -> usize {
    let name: String = squeezed(name).chars().take(100).collect();
    let likeness = |column: &usize| strsim::jaro_winkler(&name, &squeezed(form.columns[*column].name));
    (0..form.columns.len()).max_by(|a, b| likeness(a).total_cmp(&likeness(b))).unwrap_or_default()
}
