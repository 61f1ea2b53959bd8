//! From an Excel workbook to rows of cells: the sheet of the form's name, or the first one that is not hidden.
//!
//! A workbook comes from whoever sends it, so it is read as a stream with limits, part by part, and nothing in it decides how much
//! room is made. (Ready-made readers make room for as many strings and cells as the file says it has.)

mod package;
mod sheet;

use std::{
    collections::HashMap,
    io::{Read, Seek},
    ops::ControlFlow,
};

use quick_xml::events::BytesStart;

use package::{MOST_HELD, MOST_UNPACKED, Package, Piece, attribute, count};
pub(crate) use package::{Watched, Why};

use crate::{Event, Finding, rows::Rows, words};

/// How a file of the old kind begins, and one that is protected.
const OLD: [u8; 4] = *b"\xd0\xcf\x11\xe0";
/// A workbook has so many sheets at most, and so many formats (Excel's limit).
const MOST_SHEETS: usize = 1000;
const MOST_FORMATS: usize = 65_536;
/// The texts of a workbook have so many bytes at most, and there are so many.
const MOST_TEXT: usize = 48 * 1024 * 1024;
const MOST_TEXTS: usize = 4_000_000;
/// A cell has so many bytes at most: Excel's 32,767 characters.
const MOST_CELL: usize = 4 * 32_767;

/// A workbook whose sheet is known.
pub(crate) struct Workbook<R> {
    package: Package<R>,
    /// Where the sheet stands in the package.
    sheet: String,
    name: String,
    /// How many other sheets there are that are not hidden.
    others: usize,
    /// Whether days are counted from 1904.
    from_1904: bool,
    /// Where the texts and formats stand.
    texts: String,
    formats: String,
}

impl<R: Read + Seek> Workbook<R> {
    /// The workbook with its sheet of this name.
    pub(crate) fn open(mut source: R, sheet: &str) -> Result<Self, Why> {
        let mut begin = [0; OLD.len()];
        source.rewind().and_then(|()| source.read_exact(&mut begin)).map_err(|_| words::BOOK_BROKEN)?;
        if begin == OLD {
            // It writes names in UTF-16.
            let locked: Vec<u8> = "EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes).collect();
            let is_locked = count(&mut source, &locked)? > 0;
            return Err(if is_locked { words::BOOK_LOCKED } else { words::BOOK_OLD });
        }
        let mut package = Package::open(source)?;
        if package.has("xl/workbook.bin") {
            return Err(words::BOOK_BINARY);
        }
        if !package.has("xl/workbook.xml") {
            return Err(if package.has("content.xml") { words::BOOK_OPEN } else { words::BOOK_NONE });
        }
        if package.has("xl/vbaproject.bin") || has_macros(&mut package)? {
            return Err(words::BOOK_MACROS);
        }
        let (sheets, from_1904) = sheets(&mut package)?;
        let targets = targets(&mut package)?;
        let shown: Vec<&Sheet> = sheets.iter().filter(|sheet| !sheet.hidden).collect();
        let named = shown.iter().find(|shown| shown.name.trim().to_lowercase() == sheet);
        let chosen = *named.or(shown.first()).ok_or(words::BOOK_WITHOUT_SHEET)?;
        let target = |wanted: &dyn Fn(&Target) -> bool| targets.iter().find(|target| wanted(target));
        let sheet = target(&|target| target.id == chosen.target).ok_or(words::BOOK_BROKEN)?;
        let of_kind = |kind: &str| {
            let found = target(&|target| target.kind.ends_with(kind));
            found.map_or_else(String::new, |target| target.path.clone())
        };
        Ok(Self {
            sheet: sheet.path.clone(),
            name: chosen.name.clone(),
            others: shown.len() - 1,
            from_1904,
            texts: of_kind("/sharedStrings"),
            formats: of_kind("/styles"),
            package,
        })
    }

    /// Reads the sheet to its end, or until nobody wants to know more of it.
    pub(crate) fn rows<F: FnMut(Event<'_>) -> ControlFlow<()>>(
        mut self,
        rows: &mut Rows<'_, F>,
    ) -> Result<(), Why> {
        if self.others > 0
            && rows.warn(Finding::of_file(words::only_sheet(&self.name, self.others))).is_break()
        {
            return Ok(());
        }
        let texts = Texts::read(&mut self.package, &self.texts)?;
        let dates = date_formats(&mut self.package, &self.formats)?;
        let xml = self.package.part(&self.sheet, MOST_UNPACKED)?.ok_or(words::BOOK_BROKEN)?;
        let reader = sheet::Reader { xml, texts: &texts, dates: &dates, from_1904: self.from_1904 };
        if reader.read(rows)?.is_continue() {
            let _ = rows.end();
        }
        Ok(())
    }
}

fn has_macros(package: &mut Package<impl Read + Seek>) -> Result<bool, Why> {
    let Some(mut xml) = package.part("[content_types].xml", MOST_HELD)? else { return Ok(false) };
    loop {
        match xml.next()? {
            Piece::Start(element) | Piece::Empty(element) => {
                let kind = attribute(&element, "ContentType").unwrap_or_default();
                if kind.contains("macroEnabled") || kind.contains("vbaProject") {
                    return Ok(true);
                }
            }
            Piece::Done => return Ok(false),
            Piece::End(_) | Piece::Text(_) => {}
        }
    }
}

struct Sheet {
    name: String,
    target: String,
    hidden: bool,
}

/// The sheets in the order of their tabs, and whether days are counted from 1904.
fn sheets(package: &mut Package<impl Read + Seek>) -> Result<(Vec<Sheet>, bool), Why> {
    let mut xml = package.part("xl/workbook.xml", MOST_HELD)?.ok_or(words::BOOK_BROKEN)?;
    let (mut sheets, mut from_1904) = (Vec::new(), false);
    loop {
        match xml.next()? {
            Piece::Start(element) | Piece::Empty(element) => match element.local_name().as_ref() {
                "sheet" => {
                    let state = attribute(&element, "state").unwrap_or_default();
                    sheets.push(Sheet {
                        name: attribute(&element, "name").unwrap_or_default(),
                        target: attribute(&element, "id").unwrap_or_default(),
                        hidden: state == "hidden" || state == "veryHidden",
                    });
                    if sheets.len() > MOST_SHEETS {
                        return Err(words::BOOK_UNPACKS);
                    }
                }
                "workbookPr" => {
                    from_1904 =
                        matches!(attribute(&element, "date1904").as_deref(), Some("1" | "true" | "on"));
                }
                _ => {}
            },
            Piece::Done => return Ok((sheets, from_1904)),
            Piece::End(_) | Piece::Text(_) => {}
        }
    }
}

struct Target {
    id: String,
    kind: String,
    path: String,
}

/// Which part the workbook means by which name.
fn targets(package: &mut Package<impl Read + Seek>) -> Result<Vec<Target>, Why> {
    let mut xml = package.part("xl/_rels/workbook.xml.rels", MOST_HELD)?.ok_or(words::BOOK_BROKEN)?;
    let mut targets = Vec::new();
    loop {
        match xml.next()? {
            Piece::Start(element) | Piece::Empty(element)
                if element.local_name().as_ref() == "Relationship" =>
            {
                let path = attribute(&element, "Target").unwrap_or_default().to_ascii_lowercase();
                targets.push(Target {
                    id: attribute(&element, "Id").unwrap_or_default(),
                    kind: attribute(&element, "Type").unwrap_or_default(),
                    path: match path.strip_prefix('/') {
                        Some(whole) => whole.to_owned(),
                        None => format!("xl/{}", path.trim_start_matches("./")),
                    },
                });
                if targets.len() > 2 * MOST_SHEETS {
                    return Err(words::BOOK_UNPACKS);
                }
            }
            Piece::Done => return Ok(targets),
            _ => {}
        }
    }
}

/// The texts that cells share, one behind the other.
#[derive(Debug, Default)]
struct Texts {
    all: String,
    ends: Vec<u32>,
}

impl Texts {
    fn read(package: &mut Package<impl Read + Seek>, part: &str) -> Result<Self, Why> {
        let mut texts = Self::default();
        let Some(mut xml) = package.part(part, MOST_UNPACKED)? else { return Ok(texts) };
        // How a name is spoken stands beside it in Asian workbooks, in elements of its own.
        let (mut in_text, mut in_spoken) = (false, false);
        loop {
            match xml.next()? {
                Piece::Start(element) => match element.local_name().as_ref() {
                    "t" => in_text = true,
                    "rPh" => in_spoken = true,
                    _ => {}
                },
                Piece::Text(text) if in_text && !in_spoken => {
                    if texts.all.len() + text.len() > MOST_TEXT {
                        return Err(words::BOOK_UNPACKS);
                    }
                    texts.all.push_str(&text);
                }
                Piece::End(name) => match name.as_str() {
                    "t" => in_text = false,
                    "rPh" => in_spoken = false,
                    "si" => texts.end()?,
                    _ => {}
                },
                Piece::Empty(element) if element.local_name().as_ref() == "si" => texts.end()?,
                Piece::Empty(_) | Piece::Text(_) => {}
                Piece::Done => return Ok(texts),
            }
        }
    }

    fn end(&mut self) -> Result<(), Why> {
        if self.ends.len() >= MOST_TEXTS {
            return Err(words::BOOK_UNPACKS);
        }
        let begin = self.ends.last().map_or(0, |end| *end as usize);
        if self.all.len() - begin > MOST_CELL {
            return Err(words::BOOK_BROKEN);
        }
        self.ends.push(u32::try_from(self.all.len()).map_err(|_| words::BOOK_UNPACKS)?);
        Ok(())
    }

    fn get(&self, at: usize) -> Option<&str> {
        let end = *self.ends.get(at)? as usize;
        let begin = if at == 0 { 0 } else { *self.ends.get(at - 1)? as usize };
        self.all.get(begin..end)
    }
}

/// Of each format of a cell, whether it shows a number as a date.
fn date_formats(package: &mut Package<impl Read + Seek>, part: &str) -> Result<Vec<bool>, Why> {
    let (mut own, mut dates) = (HashMap::new(), Vec::new());
    let Some(mut xml) = package.part(part, MOST_UNPACKED)? else { return Ok(dates) };
    let mut in_cells = false;
    loop {
        match xml.next()? {
            Piece::Start(element) | Piece::Empty(element) => match element.local_name().as_ref() {
                "numFmt" => {
                    let code = attribute(&element, "formatCode").unwrap_or_default();
                    own.insert(format_number(&element), is_date_code(&code));
                }
                "cellXfs" => in_cells = true,
                "xf" if in_cells => {
                    let format = format_number(&element);
                    dates.push(own.get(&format).copied().unwrap_or_else(|| is_date_number(format)));
                }
                _ => {}
            },
            Piece::End(name) if name == "cellXfs" => in_cells = false,
            Piece::Done => return Ok(dates),
            Piece::End(_) | Piece::Text(_) => {}
        }
        if own.len() > MOST_FORMATS || dates.len() > MOST_FORMATS {
            return Err(words::BOOK_UNPACKS);
        }
    }
}

fn format_number(element: &BytesStart<'_>) -> u32 {
    attribute(element, "numFmtId").and_then(|number| number.parse().ok()).unwrap_or(0)
}

/// The numbers of Excel's own formats that have a day in them (ECMA-376-1 §18.8.30).
fn is_date_number(format: u32) -> bool {
    matches!(format, 14..=17 | 22 | 27..=31 | 36 | 50..=54 | 57..=58)
}

/// Whether a format shows a day or a year. What is quoted, escaped or in brackets is not shown as such.
fn is_date_code(code: &str) -> bool {
    let mut characters = code.chars();
    while let Some(c) = characters.next() {
        match c {
            '"' => drop(characters.by_ref().find(|c| *c == '"')),
            '[' => drop(characters.by_ref().find(|c| *c == ']')),
            '\\' | '_' | '*' => drop(characters.next()),
            'd' | 'D' | 'y' | 'Y' => return true,
            _ => {}
        }
    }
    false
}

#[cfg(test)]
pub(crate) mod tests {
    use std::io::Cursor;

    use proptest::prelude::*;
    use rust_xlsxwriter::{Format, Workbook as Writer};

    use super::*;
    use crate::file::tests::lines;

    #[test]
    fn formats_of_dates_are_told_apart() {
        for code in ["dd/mm/yyyy", "yyyy-mm-dd", "[$-809]d mmmm yyyy;@", "m/d/yy h:mm", "DD.MM.YYYY"] {
            assert!(is_date_code(code), "{code}");
        }
        for code in [
            "General",
            "0",
            "00000000",
            "0.00\" days\"",
            "[Red]0",
            "h:mm",
            "#,##0\\d",
            "@",
            "",
            "\"unclosed d",
        ] {
            assert!(!is_date_code(code), "{code}");
        }
        assert!(is_date_number(14) && !is_date_number(0) && !is_date_number(49));
    }

    /// A header and a row.
    pub(crate) fn small() -> Vec<u8> {
        let mut book = Writer::new();
        let sheet = book.add_worksheet();
        for (at, name) in (0..).zip(["number", "name", "born"]) {
            sheet.write(0, at, name).unwrap();
        }
        sheet.write(1, 0, 123).unwrap();
        sheet.write(1, 1, "Ann").unwrap();
        sheet.write_with_format(1, 2, 29221, &Format::new().set_num_format("dd/mm/yyyy")).unwrap();
        book.save_to_buffer().unwrap()
    }

    /// The package with one part's text changed, packed without compression, so that the change is what is read.
    fn with_part(part: &str, change: impl Fn(&str) -> String) -> Vec<u8> {
        use std::io::Write;
        let book = small();
        let mut from = zip::ZipArchive::new(Cursor::new(&book)).unwrap();
        let mut to = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for at in 0..from.len() {
            let mut file = from.by_index(at).unwrap();
            let mut text = String::new();
            file.read_to_string(&mut text).unwrap();
            let name = String::from_utf8(file.name_raw().to_vec()).unwrap();
            let text = if name == part { change(&text) } else { text };
            let stored =
                zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
            to.start_file(name, stored).unwrap();
            to.write_all(text.as_bytes()).unwrap();
        }
        to.finish().unwrap().into_inner()
    }

    const PARTS: [&str; 6] = [
        "xl/worksheets/sheet1.xml",
        "xl/sharedStrings.xml",
        "xl/styles.xml",
        "xl/workbook.xml",
        "xl/_rels/workbook.xml.rels",
        "[Content_Types].xml",
    ];

    proptest! {
        #[test]
        fn no_bytes_are_too_much(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            lines(&[b"PK\x03\x04".as_slice(), &bytes].concat());
        }

        #[test]
        fn no_damage_is_too_much(damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8), cut in any::<prop::sample::Index>()) {
            let mut bytes = small();
            for (at, byte) in damage {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            lines(&bytes);
            bytes.truncate(cut.index(bytes.len()));
            lines(&bytes);
        }

        #[test]
        fn no_xml_is_too_much(
            part in 0..PARTS.len(),
            at in any::<prop::sample::Index>(),
            many in 0usize..20,
            put in "[<>/\"'= a-zA-Z0-9:&;!?\\[\\]]{0,30}|<!DOCTYPE x|&#x110000;|uniqueCount=\"99999999999\"|r=\"ZZZZZZZ99999999999\"|<c r=\"XFD1048576\"><v>1e308</v></c>|<v>-1</v>|<mergeCell ref=\"A1:XFD1048576\"/>",
        ) {
            let bytes = with_part(PARTS[part], |text| {
                let at = (0..=at.index(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
                let end = (at + many..=text.len()).find(|end| text.is_char_boundary(*end)).unwrap_or(text.len());
                format!("{}{put}{}", &text[..at], &text[end..])
            });
            lines(&bytes);
        }
    }
}
