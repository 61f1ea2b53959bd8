//! What a file is, and how it is read.

use std::{
    io::{self, Cursor, Read, Seek, SeekFrom},
    ops::ControlFlow,
};

use crate::{
    Event, Finding, Form,
    csv::{self, PIECE, Written, fill},
    header::separator,
    rows::Rows,
    words,
    workbook::{Watched, Workbook},
};

/// Reads a file, and calls back with all that it comes upon, until the answer is that nobody wants to know more. It takes a processor for as
/// long as the file is: not to be called where pages are waiting.
///
/// Text is UTF-8 with or without a byte order mark, else Windows-1252; its separator is a comma, semicolon or tab.
///
/// # Errors
/// The source cannot be read. Whatever is wrong with what it holds is an [`Event`].
pub fn read<R: Read + Seek>(
    mut source: R,
    form: &Form<'_>,
    each: impl FnMut(Event<'_>) -> ControlFlow<()>,
) -> io::Result<()> {
    let mut rows = Rows::new(form, each);
    let told = match look(&mut source, form)? {
        Look::Refused(text) => rows.error(Finding::of_file(text)),
        Look::Book => return read_book(source, &mut rows),
        Look::Text { written, begin } => {
            source.seek(SeekFrom::Start(begin))?;
            csv::rows(source, written, &mut rows)?
        }
    };
    let _ = told;
    Ok(())
}

/// Reads a text as [`read`] does a file that is known to be one.
pub fn read_text(text: &str, form: &Form<'_>, each: impl FnMut(Event<'_>) -> ControlFlow<()>) {
    let written = Written { separator: separator(text, form), utf8: true, skipped: 0 };
    // Memory can always be read, and nothing more is to be done for who wants to know no more.
    let _ = csv::rows(Cursor::new(text), written, &mut Rows::new(form, each));
}

fn read_book<R: Read + Seek, F: FnMut(Event<'_>) -> ControlFlow<()>>(
    source: R,
    rows: &mut Rows<'_, F>,
) -> io::Result<()> {
    let watched = Watched::new(source);
    let failure = watched.failure();
    let read = Workbook::open(watched, rows.form().sheet).and_then(|book| book.rows(rows));
    // What looks damaged may be fine, and its source not.
    if let Some(error) = failure.lock().ok().and_then(|mut failure| failure.take()) {
        return Err(error);
    }
    if let Err(why) = read {
        let _ = rows.error(Finding::of_file(why));
    }
    Ok(())
}

/// What a file is.
enum Look {
    Refused(String),
    Book,
    Text { written: Written, begin: u64 },
}

/// Looks through a file, piece by piece.
fn look<R: Read + Seek>(source: &mut R, form: &Form<'_>) -> io::Result<Look> {
    let refused = |text: &str| Ok(Look::Refused(text.to_owned()));
    if source.seek(SeekFrom::End(0))? > form.limits.bytes {
        return Ok(Look::Refused(words::file_too_large(form.limits.bytes)));
    }
    source.rewind()?;
    let mut piece = vec![0; PIECE];
    let mut length = fill(source, &mut piece)?;
    let mark = if piece[..length].starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    let first = piece[mark..length].to_vec();
    let start = first.trim_ascii_start();
    let begins =
        |mark: &str| start.get(..mark.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(mark.as_bytes()));
    if first.starts_with(b"PK\x03\x04") || first.starts_with(b"\xd0\xcf\x11\xe0") {
        return Ok(Look::Book);
    }
    if ["<!doctype", "<html", "<?xml", "<table"].iter().any(|mark| begins(mark)) {
        return refused(words::FILE_IS_PAGE);
    }
    if first.starts_with(b"\xff\xfe") || first.starts_with(b"\xfe\xff") {
        return refused(words::FILE_IS_UTF16);
    }
    if begins("%PDF") {
        return refused(words::FILE_IS_BINARY);
    }
    let (mut letters, mut blank) = (Letters::default(), true);
    let mut from = mark;
    while length > 0 {
        let bytes = &piece[from..length];
        from = 0;
        blank &= bytes.trim_ascii().is_empty();
        if bytes.iter().fold(false, |found, byte| found | is_control(*byte)) || letters.pass(bytes) {
            return refused(words::FILE_IS_BINARY);
        }
        length = fill(source, &mut piece)?;
    }
    if blank {
        return refused(words::FILE_EMPTY);
    }
    // Excel may say its separator in a line of its own.
    let excel = first.iter().position(|byte| *byte == b'\n').filter(|end| {
        first[..*end].trim_ascii().get(..4).is_some_and(|begin| begin.eq_ignore_ascii_case(b"sep="))
    });
    let skip = excel.map_or(0, |end| end + 1);
    let written = Written {
        separator: separator(&String::from_utf8_lossy(&first[skip..]), form),
        utf8: letters.are_utf8(),
        skipped: u64::from(skip > 0),
    };
    Ok(Look::Text { written, begin: (mark + skip) as u64 })
}

/// A character that no text has.
const fn is_control(byte: u8) -> bool {
    byte < 0x20 && byte != b'\t' && byte != b'\n' && byte != b'\r'
}

/// Whether a text is UTF-8, asked piece by piece.
#[derive(Debug, Default)]
struct Letters {
    other: bool,
    /// The beginning of a character whose rest is in the next piece.
    begun: Vec<u8>,
}

impl Letters {
    /// Takes the next piece. Whether there is half of a pair of UTF-16 in it, which is no character in any text.
    fn pass(&mut self, piece: &[u8]) -> bool {
        if self.other {
            return false;
        }
        let mut rest = piece;
        while !self.begun.is_empty() && !rest.is_empty() {
            self.begun.push(rest[0]);
            rest = &rest[1..];
            match str::from_utf8(&self.begun) {
                Ok(_) => self.begun.clear(),
                Err(error) if error.error_len().is_none() => {}
                Err(_) => return self.is_other(&[self.begun.clone(), rest.to_vec()].concat()),
            }
        }
        match str::from_utf8(rest) {
            Ok(_) => false,
            Err(error) if error.error_len().is_none() => {
                self.begun = rest[error.valid_up_to()..].to_vec();
                false
            }
            Err(error) => self.is_other(&rest[error.valid_up_to()..]),
        }
    }

    fn is_other(&mut self, wrong: &[u8]) -> bool {
        self.other = true;
        matches!(wrong, [0xed, 0xa0..=0xbf, 0x80..=0xbf, ..])
    }

    fn are_utf8(&self) -> bool {
        !self.other && self.begun.is_empty()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{Column, Kind, Limits};

    const COLUMNS: [Column; 3] = [
        Column { name: "number", required: true, kind: Kind::Text },
        Column { name: "name", required: false, kind: Kind::Text },
        Column { name: "born", required: false, kind: Kind::Day },
    ];
    const FORM: Form<'_> = Form {
        columns: &COLUMNS,
        sheet: "people",
        limits: Limits { bytes: 1024 * 1024, lines: 1000, columns: 10, row: 10_000 },
    };

    /// The lines that are read with their numbers, and what is found.
    pub(crate) fn lines(bytes: &[u8]) -> (Vec<(u64, String)>, Vec<String>) {
        let (mut lines, mut found) = (Vec::new(), Vec::new());
        read(Cursor::new(bytes), &FORM, |event| {
            match event {
                Event::Row(cells) => {
                    lines.push((cells.line(), cells.get(1).unwrap_or_default().into_owned()));
                }
                Event::Error(finding) | Event::Warning(finding) => found.push(finding.to_string()),
            }
            ControlFlow::Continue(())
        })
        .unwrap();
        (lines, found)
    }

    fn numbers(text: &str) -> Vec<u64> {
        lines(text.as_bytes()).0.into_iter().map(|(line, _)| line).collect()
    }

    #[test]
    fn lines_are_counted_as_an_editor_does() {
        for end in ["\n", "\r\n", "\r"] {
            let text = "number,name,born\n1,,\n\n2,,\n\"3\",\"a\nb\",\n\n\n4,,\n".replace('\n', end);
            assert_eq!(numbers(&text), [2, 4, 5, 9], "{end:?}");
        }
        assert_eq!(numbers("\n\nnumber\n1"), [4]);
        assert_eq!(numbers("sep=,\nnumber\n1"), [3]);
    }

    #[test]
    fn letters_are_read_wherever_a_piece_ends() {
        for before in PIECE - 40..PIECE {
            let fill = "x\n".repeat(before / 2);
            for (name, bytes) in [("Zoë €", "Zoë €".as_bytes()), ("Zoë €", b"Zo\xeb \x80")] {
                let mut file = b"number,name\n1,".to_vec();
                file.extend(bytes);
                file.extend(b"\n");
                let mut padded = b"number,name\n".to_vec();
                padded.extend(fill.replace("x\n", "1,x\n").bytes().take(before / 4 * 4));
                padded.extend(vec![b' '; before % 4]);
                padded.extend(&file[12..]);
                let form = Form { limits: Limits { lines: u64::MAX, ..FORM.limits }, ..FORM };
                let mut last = String::new();
                read(Cursor::new(padded), &form, |event| {
                    let Event::Row(cells) = event else { panic!("{event:?}") };
                    last = cells.get(1).unwrap_or_default().into_owned();
                    ControlFlow::Continue(())
                })
                .unwrap();
                assert_eq!(last, name);
            }
        }
    }

    #[test]
    fn half_a_pair_of_utf16_and_what_a_text_has_not_are_refused() {
        for wrong in [&b"\xed\xa0\x80"[..], b"\xed\xbf\xbf", b"\0", b"\x1b"] {
            let (read, found) = lines(&[b"number,name\n1,", wrong].concat());
            assert!(read.is_empty() && found[0].contains("characters that no text has"), "{found:?}");
        }
    }

    #[test]
    fn a_row_has_its_limit_and_nothing_behind_it_is_read() {
        let long = |cell: &str| format!("number,name\n1,a\n2,{cell}\n3,c\n");
        let (read, found) = lines(long(&"x".repeat(10_001)).as_bytes());
        assert_eq!(read, [(2, "a".to_owned())]);
        assert!(found[0].starts_with("line 3: this row is longer"), "{found:?}");
        let (read, found) = lines(long(&",".repeat(20_000)).as_bytes());
        assert!(read.len() == 1 && found[0].starts_with("line 3: this row is longer"), "{found:?}");
        assert_eq!(lines(long(&"x".repeat(9_999)).as_bytes()).0.len(), 3);
    }

    /// A source that gives out after so many bytes.
    struct Failing<'a>(Cursor<&'a [u8]>, u64);

    impl Read for Failing<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            if self.0.position() >= self.1 {
                return Err(io::Error::other("gone"));
            }
            let most = buffer.len().min(10);
            self.0.read(&mut buffer[..most])
        }
    }

    impl Seek for Failing<'_> {
        fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
            self.0.seek(to)
        }
    }

    #[test]
    fn a_source_that_gives_out_is_no_finding() {
        for file in [b"number,name\n1,a\n2,b\n".to_vec(), crate::workbook::tests::small()] {
            for after in 0..file.len() as u64 {
                let source = Failing(Cursor::new(&file), after);
                let result = read(source, &FORM, |event| {
                    assert!(matches!(event, Event::Row(_)), "{event:?}");
                    ControlFlow::Continue(())
                });
                // A workbook is not read to its last byte.
                assert!(result.is_err() || file.starts_with(b"PK"), "{after}");
            }
        }
    }

    #[test]
    fn who_wants_to_know_no_more_is_asked_no_more() {
        let mut asked = 0;
        read(Cursor::new("number\n1\n2\n3"), &FORM, |_| {
            asked += 1;
            ControlFlow::Break(())
        })
        .unwrap();
        assert_eq!(asked, 1);
    }

    proptest! {
        #[test]
        fn no_file_is_too_much(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            lines(&bytes);
            lines(&[b"number,name\n".as_slice(), &bytes].concat());
        }

        #[test]
        fn lines_ascend_whatever_the_rows_are(body in "[1a,;\"\r\n\t é]{0,200}") {
            let text = format!("number,name,born\n{body}");
            let read = numbers(&text);
            prop_assert!(read.windows(2).all(|pair| pair[0] < pair[1]), "{read:?}");
            let last = text.split(['\n', '\r']).count() as u64;
            prop_assert!(read.iter().all(|line| (2..=last).contains(line)));
        }

        #[test]
        fn letters_are_judged_alike_in_pieces_and_whole(bytes in proptest::collection::vec(prop_oneof![Just(b'a'), Just(0xc3), Just(0xa9), Just(0xe2), Just(0x82), Just(0xac), Just(0xed), Just(0xa0)], 0..12), at in 0usize..12) {
            let (first, second) = bytes.split_at(at.min(bytes.len()));
            let mut letters = Letters::default();
            let lone = letters.pass(first) | letters.pass(second);
            prop_assert_eq!(letters.are_utf8(), str::from_utf8(&bytes).is_ok());
            prop_assert!(!lone || bytes.windows(2).any(|pair| matches!(pair, [0xed, 0xa0..=0xbf])));
        }
    }
}
