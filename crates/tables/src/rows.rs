use std::{borrow::Cow, ops::ControlFlow};

use unicode_normalization::{UnicodeNormalization, is_nfc};

use crate::{Finding, Form, Kind, header::Layout, words};

/// What reading a file comes upon.
#[derive(Debug)]
pub enum Event<'a> {
    /// A row that has its cells. Rows without a value are skipped.
    Row(Cells<'a>),
    /// Something is wrong with the file, a row or a cell. A row of which that is told is not read.
    Error(Finding),
    /// Something that the person should know.
    Warning(Finding),
}

/// The cells of one row, one behind the other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Record<'a> {
    pub(crate) text: &'a str,
    pub(crate) ends: &'a [usize],
}

impl<'a> Record<'a> {
    pub(crate) fn len(self) -> usize {
        self.ends.len()
    }

    pub(crate) fn get(self, at: usize) -> Option<&'a str> {
        let end = *self.ends.get(at)?;
        let begin = at.checked_sub(1).map_or(0, |before| self.ends[before]);
        self.text.get(begin..end)
    }

    pub(crate) fn iter(self) -> impl DoubleEndedIterator<Item = &'a str> {
        (0..self.len()).map(move |at| self.get(at).unwrap_or_default())
    }
}

/// One row of a file.
#[derive(Clone, Copy, Debug)]
pub struct Cells<'a> {
    line: u64,
    layout: &'a Layout,
    record: Record<'a>,
}

impl<'a> Cells<'a> {
    /// The line that it begins on, as an editor counts them.
    #[must_use]
    pub fn line(&self) -> u64 {
        self.line
    }

    /// What stands in a column, given by its place in the form: without space around it and with composed letters. `None` where the file has
    /// no such column.
    #[must_use]
    pub fn get(&self, column: usize) -> Option<Cow<'a, str>> {
        let cell = self.record.get(self.layout.place(column)?)?.trim();
        Some(if cell.is_ascii() || is_nfc(cell) {
            Cow::Borrowed(cell)
        } else {
            Cow::Owned(cell.nfc().collect())
        })
    }
}

/// The rows that were read so far, and who is told of the next.
pub(crate) struct Rows<'f, F> {
    form: &'f Form<'f>,
    layout: Option<Layout>,
    lines: u64,
    each: F,
}

impl<'f, F: FnMut(Event<'_>) -> ControlFlow<()>> Rows<'f, F> {
    pub(crate) fn new(form: &'f Form<'f>, each: F) -> Self {
        Self { form, layout: None, lines: 0, each }
    }

    pub(crate) fn form(&self) -> &'f Form<'f> {
        self.form
    }

    pub(crate) fn layout(&self) -> Option<&Layout> {
        self.layout.as_ref()
    }

    /// What kind of column a cell stands in, and its name.
    pub(crate) fn column(&self, at: usize) -> Option<(Kind, &'f str)> {
        let column = &self.form.columns[self.layout.as_ref()?.column(at)?];
        Some((column.kind, column.name))
    }

    pub(crate) fn error(&mut self, finding: Finding) -> ControlFlow<()> {
        (self.each)(Event::Error(finding))
    }

    pub(crate) fn warn(&mut self, finding: Finding) -> ControlFlow<()> {
        (self.each)(Event::Warning(finding))
    }

    /// Says what is wrong, and that there is no use in going on.
    pub(crate) fn stop(&mut self, finding: Finding) -> ControlFlow<()> {
        let _ = self.error(finding);
        ControlFlow::Break(())
    }

    /// Takes the next row, of which the first is the header.
    pub(crate) fn take(&mut self, line: u64, record: Record<'_>) -> ControlFlow<()> {
        let Some(layout) = &self.layout else {
            let mut told = ControlFlow::Continue(());
            self.layout = Layout::read(record, self.form, |finding| {
                if told.is_continue() {
                    told = (self.each)(Event::Error(finding));
                }
            });
            // Without its header, the rest says nothing.
            return if self.layout.is_some() { told } else { ControlFlow::Break(()) };
        };
        if record.iter().all(|cell| cell.trim().is_empty()) {
            return ControlFlow::Continue(());
        }
        self.lines += 1;
        if self.lines > self.form.limits.lines {
            let text = words::too_many_lines(self.form.limits.lines);
            return self.stop(Finding::of_line(line, text));
        }
        // Some programs leave empty cells at the end away, some add some.
        let surplus = record.iter().skip(layout.width()).any(|cell| !cell.trim().is_empty());
        if surplus || record.len() < layout.named() {
            let text = words::cell_count(record.len(), layout.width());
            return self.error(Finding::of_line(line, text));
        }
        let mut unnamed = layout.unnamed().iter().filter_map(|at| record.get(*at)).map(str::trim);
        if let Some(value) = unnamed.find(|cell| !cell.is_empty()) {
            return self.error(without_name(line, value));
        }
        (self.each)(Event::Row(Cells { line, layout, record }))
    }

    /// Counts a row that was refused cell by cell.
    pub(crate) fn refuse(&mut self) {
        self.lines += 1;
    }

    /// The file was read to its end.
    pub(crate) fn end(&mut self) -> ControlFlow<()> {
        if self.lines == 0 {
            return self.error(Finding::of_file(words::NO_ROWS));
        }
        ControlFlow::Continue(())
    }
}

/// A value that stands under no name.
pub(crate) fn without_name(line: u64, value: &str) -> Finding {
    let value = Some(words::shortened(value));
    Finding { value, ..Finding::of_line(line, words::CELL_WITHOUT_NAME) }
}
