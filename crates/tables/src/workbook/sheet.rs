//! The rows of one sheet.

use std::{collections::HashSet, io::Read, ops::ControlFlow};

use jiff::{ToSpan, civil::Date};

use super::{
    MOST_CELL, Texts,
    package::{Piece, Why, Xml, attribute},
};
use crate::{
    Event, Finding, Kind,
    rows::{Record, Rows, without_name},
    words,
};

/// Excel's own limits.
const LAST_ROW: u64 = 1_048_576;
const LAST_COLUMN: usize = 16_384;
/// So many formulas that are written once for several cells look into another workbook at most.
const MOST_FORMULAS: usize = 100_000;
/// Beyond this, a number has more digits than Excel keeps.
const MOST_EXACT: f64 = 1e15;
/// A number that is not shown as a date may be a year; from this one on it is a day of 1908 or later.
const LEAST_SERIAL: f64 = 3000.0;
/// The last day that Excel knows, 31 December 9999, counted from 1900.
const MOST_SERIAL: f64 = 2_958_465.0;

pub(super) struct Reader<'r, 'p, R: Read> {
    pub(super) xml: Xml<'p, R>,
    pub(super) texts: &'r Texts,
    pub(super) dates: &'r [bool],
    pub(super) from_1904: bool,
}

/// What stands in a cell.
#[derive(Clone, Debug, Default, PartialEq)]
enum Content {
    #[default]
    Nothing,
    Text(String),
    /// A number, and whether it is shown as a date.
    Number(f64, bool),
    /// What is shown, and why it is refused.
    Refused(String, &'static str),
}

/// A cell as far as it is read.
#[derive(Debug, Default)]
struct Cell {
    at: usize,
    kind: String,
    is_date: bool,
    value: Option<String>,
    written: String,
    formula: bool,
    elsewhere: bool,
}

/// What the text that comes next belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Inside {
    Other,
    Value,
    Written,
    Formula,
}

impl<R: Read> Reader<'_, '_, R> {
    pub(super) fn read<F: FnMut(Event<'_>) -> ControlFlow<()>>(
        mut self,
        rows: &mut Rows<'_, F>,
    ) -> Result<ControlFlow<()>, Why> {
        let most = rows.form().limits.columns;
        let (mut line, mut row, mut cell) = (0_u64, Vec::new(), Cell::default());
        let (mut inside, mut spoken, mut next) = (Inside::Other, false, 0);
        // Formulas that are written once for several cells and look into another workbook.
        let mut elsewhere: HashSet<u32> = HashSet::new();
        let mut shared = None;
        loop {
            let piece = self.xml.next()?;
            let ended = matches!(piece, Piece::Empty(_));
            match piece {
                Piece::Start(element) | Piece::Empty(element) => match element.local_name().as_ref() {
                    "row" => {
                        line = match attribute(&element, "r") {
                            Some(number) => number.parse().ok().filter(|number| *number > line),
                            None => Some(line + 1),
                        }
                        .filter(|line| *line <= LAST_ROW)
                        .ok_or(words::BOOK_BROKEN)?;
                        row.clear();
                        next = 0;
                    }
                    "c" => {
                        let at = match attribute(&element, "r") {
                            Some(place) => column_of(&place).ok_or(words::BOOK_BROKEN)?,
                            None => next,
                        };
                        if at >= LAST_COLUMN {
                            return Err(words::BOOK_BROKEN);
                        }
                        next = at + 1;
                        let format = attribute(&element, "s").and_then(|format| format.parse::<usize>().ok());
                        cell = Cell {
                            at,
                            kind: attribute(&element, "t").unwrap_or_default(),
                            is_date: self.dates.get(format.unwrap_or(0)).copied().unwrap_or(false),
                            ..Cell::default()
                        };
                    }
                    "v" => {
                        cell.value = Some(String::new());
                        inside = if ended { Inside::Other } else { Inside::Value };
                    }
                    "t" if !spoken && !ended => inside = Inside::Written,
                    "rPh" if !ended => spoken = true,
                    "f" => {
                        cell.formula = true;
                        shared = attribute(&element, "si").and_then(|number| number.parse::<u32>().ok());
                        cell.elsewhere |= shared.is_some_and(|number| elsewhere.contains(&number));
                        inside = if ended { Inside::Other } else { Inside::Formula };
                    }
                    "mergeCell" => {
                        let place = attribute(&element, "ref").unwrap_or_default();
                        if merged(&place, rows).is_break() {
                            return Ok(ControlFlow::Break(()));
                        }
                    }
                    _ => {}
                },
                Piece::Text(text) => match inside {
                    Inside::Value => append(cell.value.get_or_insert_default(), &text)?,
                    Inside::Written => append(&mut cell.written, &text)?,
                    Inside::Formula if is_elsewhere(&text) => {
                        cell.elsewhere = true;
                        elsewhere.extend(shared);
                        if elsewhere.len() > MOST_FORMULAS {
                            return Err(words::BOOK_UNPACKS);
                        }
                    }
                    Inside::Formula | Inside::Other => {}
                },
                Piece::End(name) => match name.as_str() {
                    "v" | "t" | "f" => inside = Inside::Other,
                    "rPh" => spoken = false,
                    "c" => {
                        let (at, content) = (cell.at, self.content(&cell)?);
                        cell = Cell::default();
                        if content != Content::Nothing {
                            if at >= most {
                                let text = words::too_many_columns(most);
                                return Ok(rows.stop(Finding::of_line(line, text)));
                            }
                            if row.len() <= at {
                                row.resize(at + 1, Content::Nothing);
                            }
                            row[at] = content;
                        }
                    }
                    "row" if !row.is_empty() => {
                        let contents = std::mem::take(&mut row);
                        if self.take(line, &contents, rows).is_break() {
                            return Ok(ControlFlow::Break(()));
                        }
                    }
                    _ => {}
                },
                Piece::Done => return Ok(ControlFlow::Continue(())),
            }
        }
    }

    fn content(&self, cell: &Cell) -> Result<Content, Why> {
        let has_text = |text: String| if text.is_empty() { Content::Nothing } else { Content::Text(text) };
        let shown = cell.value.clone().unwrap_or_default();
        if cell.elsewhere {
            return Ok(Content::Refused(shown, words::CELL_FROM_ELSEWHERE));
        }
        // The result of a formula may be the empty text, but then it says that it is one.
        if cell.formula && cell.value.as_ref().is_none_or(|value| value.is_empty() && cell.kind != "str") {
            return Ok(Content::Refused(shown, words::CELL_WITHOUT_RESULT));
        }
        Ok(match cell.kind.as_str() {
            "s" => {
                let Some(value) = &cell.value else { return Ok(Content::Nothing) };
                let at: usize = value.trim().parse().map_err(|_| words::BOOK_BROKEN)?;
                has_text(unescaped(self.texts.get(at).ok_or(words::BOOK_BROKEN)?))
            }
            "inlineStr" => has_text(unescaped(&cell.written)),
            "str" | "d" => has_text(unescaped(&shown)),
            "b" => match shown.trim() {
                "" => Content::Nothing,
                "1" | "true" => Content::Text("TRUE".into()),
                _ => Content::Text("FALSE".into()),
            },
            "e" => Content::Refused(shown, words::CELL_IS_ERROR),
            _ if shown.trim().is_empty() => Content::Nothing,
            _ => {
                let number: f64 = shown.trim().parse().map_err(|_| words::BOOK_BROKEN)?;
                if !number.is_finite() {
                    return Err(words::BOOK_BROKEN);
                }
                Content::Number(number, cell.is_date)
            }
        })
    }

    /// Takes a row whose cells are all right; those that are not are found.
    fn take<F: FnMut(Event<'_>) -> ControlFlow<()>>(
        &self,
        line: u64,
        contents: &[Content],
        rows: &mut Rows<'_, F>,
    ) -> ControlFlow<()> {
        let (mut text, mut ends, mut right) = (String::new(), Vec::new(), true);
        for (at, content) in contents.iter().enumerate() {
            let column = rows.column(at);
            match self.text(content, column.map(|(kind, _)| kind)) {
                Ok(cell) => {
                    text.push_str(&cell);
                    ends.push(text.len());
                }
                Err((shown, why)) => {
                    rows.error(found(line, at, column, &shown, why))?;
                    right = false;
                }
            }
        }
        let Some(layout) = rows.layout() else {
            // Without its header, the rest of the sheet says nothing.
            return if right {
                rows.take(line, Record { text: &text, ends: &ends })
            } else {
                ControlFlow::Break(())
            };
        };
        let width = layout.width();
        if !right {
            rows.refuse();
            return ControlFlow::Continue(());
        }
        if text.len() > rows.form().limits.row {
            return rows.stop(Finding::of_line(line, words::ROW_TOO_LONG));
        }
        let record = Record { text: &text, ends: &ends };
        if let Some(value) = record.iter().skip(width).find(|cell| !cell.trim().is_empty()) {
            rows.refuse();
            return rows.error(without_name(line, value));
        }
        if ends.len() < width {
            ends.resize(width, text.len());
        }
        rows.take(line, Record { text: &text, ends: &ends })
    }

    /// A cell as it would stand in a CSV file.
    fn text(&self, content: &Content, kind: Option<Kind>) -> Result<String, (String, &'static str)> {
        match content {
            Content::Nothing => Ok(String::new()),
            Content::Text(text) if kind == Some(Kind::Day) => {
                // A day as ISO 8601 writes it, with midnight behind it.
                Ok(text.strip_suffix("T00:00:00").unwrap_or(text).to_owned())
            }
            Content::Text(text) => Ok(text.clone()),
            Content::Refused(shown, why) => Err((shown.clone(), why)),
            Content::Number(number, is_date) => {
                let shown = plain(*number);
                if kind == Some(Kind::Day) {
                    let least = if *is_date { 1.0 } else { LEAST_SERIAL };
                    if !(least..MOST_SERIAL + 1.0).contains(number) {
                        return Err((shown, words::DATE_FORM));
                    }
                    if number.fract() != 0.0 {
                        return Err((shown, words::DATE_WITH_TIME));
                    }
                    return match day(*number, self.from_1904) {
                        Some(day) => Ok(day.to_string()),
                        None => Err((shown, words::NO_SUCH_DAY)),
                    };
                }
                if *is_date {
                    return Err((shown, words::CELL_IS_DATE));
                }
                if number.abs() >= MOST_EXACT {
                    return Err((shown, words::CELL_TOO_PRECISE));
                }
                Ok(if kind == Some(Kind::Number) { plain(as_shown(*number)) } else { shown })
            }
        }
    }
}

fn append(to: &mut String, text: &str) -> Result<(), Why> {
    if to.len() + text.len() > MOST_CELL {
        return Err(words::BOOK_BROKEN);
    }
    to.push_str(text);
    Ok(())
}

/// A number without an exponent, whole ones without a point.
fn plain(number: f64) -> String {
    if number.abs() < 1e18 { number.to_string() } else { format!("{number:e}") }
}

/// A number with the fifteen digits that Excel keeps: the file says 1.1500000000000001 where 1.15 was computed and is shown.
fn as_shown(number: f64) -> f64 {
    format!("{number:.14e}").parse().unwrap_or(number)
}

/// The day that a number stands for. Counted from 1900, Excel knows a 29 February 1900, which there never was.
fn day(number: f64, from_1904: bool) -> Option<Date> {
    // Whole, and within what a date can hold: the caller has looked.
    let number = number as i32;
    let (first, last) = match (from_1904, number) {
        (true, _) => (Date::new(1904, 1, 1).ok()?, 2_957_003),
        (false, 60) => return None,
        (false, ..60) => (Date::new(1899, 12, 31).ok()?, 59),
        (false, _) => (Date::new(1899, 12, 30).ok()?, 2_958_465),
    };
    first.checked_add(number.days()).ok().filter(|_| number <= last)
}

fn found(line: u64, at: usize, column: Option<(Kind, &str)>, shown: &str, why: &'static str) -> Finding {
    match column {
        Some((_, name)) => Finding::of_value(line, name, shown, why),
        None => Finding::of_value(line, letters(at), shown, why),
    }
}

/// Merged cells, by the first of them.
fn merged<F: FnMut(Event<'_>) -> ControlFlow<()>>(place: &str, rows: &mut Rows<'_, F>) -> ControlFlow<()> {
    let first = place.split(':').next().unwrap_or_default();
    let Some((at, line)) = column_of(first).zip(line_of(first)) else { return ControlFlow::Continue(()) };
    // What is beside the table is nobody's concern.
    if rows.layout().is_some_and(|layout| at >= layout.width()) {
        return ControlFlow::Continue(());
    }
    rows.error(found(line, at, rows.column(at), place, words::CELL_MERGED))
}

/// The column of a place such as `AB12`, from 0.
fn column_of(place: &str) -> Option<usize> {
    let mut column = 0_usize;
    let letters = place.bytes().take_while(u8::is_ascii_alphabetic);
    for letter in letters {
        column = column * 26 + usize::from(letter.to_ascii_uppercase() - b'A') + 1;
        if column > LAST_COLUMN {
            return None;
        }
    }
    column.checked_sub(1)
}

fn line_of(place: &str) -> Option<u64> {
    place.trim_start_matches(|c: char| c.is_ascii_alphabetic()).parse().ok()
}

/// How Excel names a column.
fn letters(at: usize) -> String {
    let (mut rest, mut letters) = (at + 1, String::new());
    while rest > 0 {
        rest -= 1;
        letters.insert(0, char::from(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ"[rest % 26]));
        rest /= 26;
    }
    letters
}

/// Whether a formula looks into another workbook: the file writes that as its number in brackets.
fn is_elsewhere(formula: &str) -> bool {
    formula.split('[').skip(1).any(|rest| {
        let number = rest.split(']').next().unwrap_or_default();
        rest.contains(']') && !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// Excel writes control characters as `_x000D_`, and `_x005F_` for the line that such a thing would begin with.
fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("_x") {
        let code = rest.get(at + 2..at + 6).filter(|_| rest.as_bytes().get(at + 6) == Some(&b'_'));
        let character = code.and_then(|code| u32::from_str_radix(code, 16).ok()).and_then(char::from_u32);
        let (end, put) = match character {
            Some(character) => (at + 7, character.to_string()),
            None => (at + 2, "_x".to_owned()),
        };
        plain.push_str(&rest[..at]);
        plain.push_str(&put);
        rest = &rest[end..];
    }
    plain.push_str(rest);
    plain
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_become_days() {
        for (number, from_1904, expected) in [
            (1.0, false, Some("1900-01-01")),
            (59.0, false, Some("1900-02-28")),
            (60.0, false, None),
            (61.0, false, Some("1900-03-01")),
            (30_758.0, false, Some("1984-03-17")),
            (29_296.0, true, Some("1984-03-17")),
            (2_958_465.0, false, Some("9999-12-31")),
        ] {
            let expected = expected.map(str::to_owned);
            assert_eq!(day(number, from_1904).map(|day| day.to_string()), expected, "{number} {from_1904}");
        }
    }

    #[test]
    fn places_are_read_and_written() {
        for (name, at) in [("A", 0), ("Z", 25), ("AA", 26), ("AB", 27), ("XFD", 16_383)] {
            assert_eq!((column_of(&format!("{name}12")), letters(at).as_str()), (Some(at), name));
        }
        for wrong in ["", "12", "XFE1", "ZZZZZZZZZZZZZZZZ1"] {
            assert_eq!(column_of(wrong), None, "{wrong}");
        }
        assert_eq!((line_of("AB12"), line_of("AB")), (Some(12), None));
    }

    #[test]
    fn formulas_that_look_elsewhere_are_told_apart() {
        assert!(is_elsewhere("[1]Sheet1!A1") && is_elsewhere("SUM('[12]Q 1'!A1:A2)"));
        for here in ["A1", "Table1[Column]", "SUM([])", "[x]", "[1"] {
            assert!(!is_elsewhere(here), "{here}");
        }
    }

    #[test]
    fn escaped_characters_are_read() {
        assert_eq!(unescaped("a_x000D_b"), "a\rb");
        assert_eq!(unescaped("_x005F_x000D_"), "_x000D_");
        assert_eq!(unescaped("first_xname _x12"), "first_xname _x12");
    }

    proptest! {
        #[test]
        fn no_text_is_too_much(text in "(_x|[0-9A-F]{4}|_|é|.){0,20}") {
            unescaped(&text);
            column_of(&text);
            is_elsewhere(&text);
        }
    }
}
