//! From bytes to rows of cells: encoding, separator, header.

use std::{borrow::Cow, io::Read};

use csv::{ReaderBuilder, StringRecord};
use unicode_normalization::{UnicodeNormalization, is_nfc};

use super::{
    Column,
    finding::{Finding, Findings},
    workbook::Workbook,
};
use crate::words;

/// A staff file has so many bytes at most.
pub const MOST_BYTES: usize = 64 * 1024 * 1024;
/// A staff file has so many lines at most, the header apart.
pub const MOST_LINES: usize = 250_000;

/// Stands alone on a line after the end: where it does not come back, a quotation mark was never closed. No file has it: it is
/// a control character.
const END: &str = "\u{1}END";

/// What a file is read as.
pub(super) enum Source<'b> {
    Csv(Cow<'b, str>),
    Workbook(Workbook<'b>),
}

/// The file opened, or why it is no staff file. Text is UTF-8 with or without a byte order mark, else Windows-1252.
pub(super) fn open(bytes: &[u8]) -> Result<Source<'_>, Finding> {
    let refuse = |text: &str| Err(Finding::of_file(text));
    if bytes.len() > MOST_BYTES {
        return refuse(words::FILE_TOO_LARGE);
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let start = bytes.trim_ascii_start();
    if start.is_empty() {
        return refuse(words::FILE_EMPTY);
    }
    let begins =
        |mark: &str| start.get(..mark.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(mark.as_bytes()));
    if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"\xd0\xcf\x11\xe0") {
        return Workbook::open(bytes).map(Source::Workbook).map_err(Finding::of_file);
    }
    if ["<!doctype", "<html", "<?xml", "<table"].iter().any(|mark| begins(mark)) {
        return refuse(words::FILE_IS_PAGE);
    }
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return refuse(words::FILE_IS_UTF16);
    }
    if bytes.iter().any(|byte| matches!(byte, 0..=8 | 0x0b | 0x0c | 0x0e..=0x1f)) || begins("%PDF") {
        return refuse(words::FILE_IS_BINARY);
    }
    Ok(Source::Csv(match str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => encoding_rs::WINDOWS_1252.decode_without_bom_handling(bytes).0,
    }))
}

impl Source<'_> {
    /// Reads row by row into `each`. Rows without a value are skipped, rows that are broken are found.
    pub(super) fn rows(
        self,
        findings: &mut Findings,
        warnings: &mut Findings,
        mut each: impl FnMut(&Cells<'_>, &mut Findings),
    ) {
        let mut table = Table::default();
        let whole = match self {
            Self::Csv(text) => csv_rows(&text, &mut table, findings, &mut each),
            Self::Workbook(book) => book.rows(&mut table, findings, warnings, &mut each),
        };
        if whole && table.lines == 0 {
            findings.push(Finding::of_file(words::NO_ROWS));
        }
    }
}

/// The rows that were read so far.
#[derive(Debug, Default)]
pub(super) struct Table {
    pub(super) layout: Option<Layout>,
    lines: usize,
}

impl Table {
    /// Takes the next row, of which the first is the header. Whether there is any use in going on.
    pub(super) fn take(
        &mut self,
        line: u64,
        record: &StringRecord,
        findings: &mut Findings,
        each: &mut impl FnMut(&Cells<'_>, &mut Findings),
    ) -> bool {
        let Some(layout) = &self.layout else {
            self.layout = header(record, findings);
            return self.layout.is_some();
        };
        if record.iter().all(|cell| cell.trim().is_empty()) {
            return true;
        }
        self.lines += 1;
        if self.lines > MOST_LINES {
            findings.push(Finding::of_line(line, words::TOO_MANY_LINES));
            return false;
        }
        row(&Cells { line, layout, record }, findings, each);
        true
    }

    /// Counts a row that was refused cell by cell.
    pub(super) fn refuse(&mut self) {
        self.lines += 1;
    }
}

/// Which cell of a row belongs to which column.
#[derive(Debug)]
pub(super) struct Layout {
    at: [Option<usize>; Column::ALL.len()],
    width: usize,
    unnamed: Vec<usize>,
}

impl Layout {
    pub(super) fn has(&self, column: Column) -> bool {
        self.at[column as usize].is_some()
    }

    /// How many cells the header has.
    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// Which column a cell stands in.
    pub(super) fn column(&self, at: usize) -> Option<Column> {
        Column::ALL.iter().copied().find(|column| self.at[*column as usize] == Some(at))
    }
}

/// One row of the file.
pub(super) struct Cells<'a> {
    pub(super) line: u64,
    layout: &'a Layout,
    record: &'a StringRecord,
}

impl<'a> Cells<'a> {
    /// What stands in a column, without space around it and with composed letters; `None` where the file has no such column.
    pub(super) fn get(&self, column: Column) -> Option<Cow<'a, str>> {
        let cell = self.record.get(self.layout.at[column as usize]?)?.trim();
        Some(if cell.is_ascii() || is_nfc(cell) {
            Cow::Borrowed(cell)
        } else {
            Cow::Owned(cell.nfc().collect())
        })
    }
}

/// Whether the text was read to its end.
fn csv_rows(
    text: &str,
    table: &mut Table,
    findings: &mut Findings,
    each: &mut impl FnMut(&Cells<'_>, &mut Findings),
) -> bool {
    // Excel may say its separator in a line of its own.
    let (body, skipped) = match text.split_once('\n') {
        Some((first, rest)) if first.trim().to_ascii_lowercase().starts_with("sep=") => (rest, 1),
        _ => (text, 0),
    };
    let separator = separator(body);
    let ended = body.as_bytes().chain(b"\n".as_slice()).chain(END.as_bytes());
    let mut reader =
        ReaderBuilder::new().has_headers(false).flexible(true).delimiter(separator).from_reader(ended);
    let mut record = StringRecord::new();
    let mut counter = LineCounter { text: body, at: 0, line: 1 + skipped };
    loop {
        // Reading text from memory never fails; if it did, the file would be at its end.
        let going_on = reader.read_record(&mut record).unwrap_or(false);
        let line = counter.line_of(record.position().map_or(0, csv::Position::byte));
        if !going_on || record.get(0) == Some(END) {
            return true;
        }
        if record.iter().next_back().is_some_and(|last| last.ends_with(END)) {
            findings.push(Finding::of_line(line, words::QUOTE_NOT_CLOSED));
            return false;
        }
        if !table.take(line, &record, findings, each) {
            return false;
        }
    }
}

/// Counts lines as an editor does. (The reader's own count lags behind after CRLF and after empty lines.)
struct LineCounter<'a> {
    text: &'a str,
    at: usize,
    line: u64,
}

impl LineCounter<'_> {
    /// The line of the record that the reader began to look for at `byte`; to be asked in ascending order.
    fn line_of(&mut self, byte: u64) -> u64 {
        let bytes = self.text.as_bytes();
        let from = usize::try_from(byte).map_or(bytes.len(), |from| from.min(bytes.len()));
        let ends = bytes[from..].iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        while self.at < from + ends {
            let lone_return = bytes[self.at] == b'\r' && bytes.get(self.at + 1) != Some(&b'\n');
            self.line += u64::from(bytes[self.at] == b'\n' || lone_return);
            self.at += 1;
        }
        self.line
    }
}

fn row(cells: &Cells<'_>, findings: &mut Findings, each: &mut impl FnMut(&Cells<'_>, &mut Findings)) {
    let (line, width, has) = (cells.line, cells.layout.width, cells.record.len());
    // Some programs leave empty cells at the end away, some add some.
    let surplus = cells.record.iter().skip(width).any(|cell| !cell.trim().is_empty());
    let last_named = cells.layout.at.iter().flatten().max().map_or(0, |last| last + 1);
    if surplus || has < last_named {
        findings.push(Finding::of_line(line, words::cell_count(has, width)));
        return;
    }
    let unnamed = cells.layout.unnamed.iter().filter_map(|at| cells.record.get(*at));
    if let Some(value) = unnamed.map(str::trim).find(|cell| !cell.is_empty()) {
        let value = Some(words::shortened(value));
        findings.push(Finding { value, ..Finding::of_line(line, words::CELL_WITHOUT_NAME) });
        return;
    }
    each(cells, findings);
}

fn separator(text: &str) -> u8 {
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let known = |separator: &u8| {
        let cells = first.split(char::from(*separator)).map(|cell| cell.trim().trim_matches('"'));
        cells.filter(|cell| column(cell).is_some()).count()
    };
    // Of equals, max_by_key takes the last.
    *b"\t;,".iter().max_by_key(|separator| known(separator)).unwrap_or(&b',')
}

/// A column by its name in any case, with or without spaces, underscores and the like.
fn column(name: &str) -> Option<Column> {
    let name = squeezed(name);
    Column::ALL.iter().copied().find(|column| squeezed(column.as_str()) == name)
}

fn squeezed(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn header(record: &StringRecord, findings: &mut Findings) -> Option<Layout> {
    let mut layout = Layout { at: [None; Column::ALL.len()], width: record.len(), unnamed: Vec::new() };
    let mut right = true;
    let mut refuse = |finding| {
        findings.push(finding);
        right = false;
    };
    for (at, name) in record.iter().enumerate() {
        if name.trim().is_empty() {
            layout.unnamed.push(at);
            continue;
        }
        match column(name) {
            Some(column) if layout.has(column) => refuse(Finding::of_header(name, words::COLUMN_TWICE)),
            Some(column) => layout.at[column as usize] = Some(at),
            None => refuse(Finding::of_header(name, words::unknown_column(nearest(name)))),
        }
    }
    for column in Column::ALL.iter().filter(|column| column.is_required() && !layout.has(**column)) {
        refuse(Finding::of_header(column.as_str(), words::COLUMN_MISSING));
    }
    right.then_some(layout)
}

fn nearest(name: &str) -> Column {
    let name: String = squeezed(name).chars().take(100).collect();
    let likeness = |column: &Column| strsim::jaro_winkler(&name, &squeezed(column.as_str()));
    let best = Column::ALL.iter().copied().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    best.unwrap_or(Column::EmployeeNumber)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lines(text: &str) -> Vec<u64> {
        let mut lines = Vec::new();
        let (mut findings, mut warnings) = (Findings::default(), Findings::default());
        Source::Csv(text.into()).rows(&mut findings, &mut warnings, |cells, _| lines.push(cells.line));
        lines
    }

    const HEADER: &str = "employee_number,first_names,last_name,date_of_birth,start_date";

    #[test]
    fn lines_are_counted_as_an_editor_does() {
        for end in ["\n", "\r\n", "\r"] {
            let text = format!("{HEADER}\n1,,,,\n\n2,,,,\n\"3\",\"a\nb\",,,\n\n\n4,,,,\n").replace('\n', end);
            assert_eq!(lines(&text), [2, 4, 5, 9], "{end:?}");
        }
        assert_eq!(lines(&format!("\n\n{HEADER}\n1,,,,")), [4]);
        assert_eq!(lines(&format!("sep=,\n{HEADER}\n1,,,,")), [3]);
    }

    proptest! {
        #[test]
        fn no_file_is_too_much(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            if let Ok(Source::Csv(text)) = open(&bytes) {
                lines(&text);
            }
        }

        #[test]
        fn lines_ascend_whatever_the_rows_are(body in "[1a,;\"\r\n\t é]{0,200}") {
            let text = format!("{HEADER}\n{body}");
            let read = lines(&text);
            prop_assert!(read.windows(2).all(|pair| pair[0] < pair[1]), "{read:?}");
            let last = text.split(['\n', '\r']).count() as u64;
            prop_assert!(read.iter().all(|line| (2..=last).contains(line)));
        }
    }
}
