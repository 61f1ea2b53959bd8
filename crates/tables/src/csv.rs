//! From text to rows, piece by piece.

use std::{
    io::{self, Read},
    ops::ControlFlow,
};

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};
use encoding_rs::{CoderResult, Decoder};

use crate::{
    Event, Finding,
    rows::{Record, Rows},
    words,
};

/// So much of a file is in memory at once.
pub(crate) const PIECE: usize = 64 * 1024;
/// A row has so many cells at most: as many as Excel's.
const MOST_CELLS: usize = 16_384;
/// Stands alone on a line after the end: where it does not come back, a quotation mark was never closed. No file has it: it is
/// a control character.
const END: &str = "\u{1}END";

/// How a text is written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Written {
    pub(crate) separator: u8,
    /// Whether it is UTF-8; else it is Windows-1252.
    pub(crate) utf8: bool,
    /// So many lines before it were left out.
    pub(crate) skipped: u64,
}

/// Reads a text to its end, or until nobody wants to know more of it.
pub(crate) fn rows<F: FnMut(Event<'_>) -> ControlFlow<()>>(
    source: impl Read,
    written: Written,
    rows: &mut Rows<'_, F>,
) -> io::Result<ControlFlow<()>> {
    let mut pieces = Pieces::new(source, written.utf8);
    let mut row = Row {
        reader: ReaderBuilder::new().delimiter(written.separator).build(),
        bytes: vec![0; 4096],
        ends: vec![0; 64],
        most: rows.form().limits.row,
    };
    let mut lines = Lines { line: 1 + written.skipped, begin: 0, began: false, after_return: false };
    loop {
        lines.began = false;
        let record = match row.next(&mut pieces, &mut lines)? {
            Next::Record(record) => record,
            Next::TooLong => return Ok(rows.stop(Finding::of_line(lines.begin, words::ROW_TOO_LONG))),
            Next::End => return Ok(rows.end()),
        };
        if record.get(0) == Some(END) {
            return Ok(rows.end());
        }
        if record.iter().next_back().is_some_and(|last| last.ends_with(END)) {
            return Ok(rows.stop(Finding::of_line(lines.begin, words::QUOTE_NOT_CLOSED)));
        }
        if rows.take(lines.begin, record).is_break() {
            return Ok(ControlFlow::Break(()));
        }
    }
}

struct Row {
    reader: Reader,
    bytes: Vec<u8>,
    ends: Vec<usize>,
    most: usize,
}

enum Next<'r> {
    Record(Record<'r>),
    TooLong,
    End,
}

impl Row {
    fn next(&mut self, pieces: &mut Pieces<impl Read>, lines: &mut Lines) -> io::Result<Next<'_>> {
        let (mut length, mut cells) = (0, 0);
        loop {
            let piece = pieces.piece()?;
            let (result, read, written, ended) =
                self.reader.read_record(piece, &mut self.bytes[length..], &mut self.ends[cells..]);
            lines.pass(&piece[..read]);
            pieces.pass(read);
            length += written;
            cells += ended;
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull if self.bytes.len() <= self.most => {
                    self.bytes.resize(2 * self.bytes.len(), 0);
                }
                ReadRecordResult::OutputEndsFull if self.ends.len() < MOST_CELLS => {
                    self.ends.resize(2 * self.ends.len(), 0);
                }
                ReadRecordResult::Record if length <= self.most => {
                    // It was looked through before.
                    let text = str::from_utf8(&self.bytes[..length])
                        .map_err(|_| io::Error::other("the file has changed while it was read"))?;
                    return Ok(Next::Record(Record { text, ends: &self.ends[..cells] }));
                }
                ReadRecordResult::OutputFull
                | ReadRecordResult::OutputEndsFull
                | ReadRecordResult::Record => {
                    return Ok(Next::TooLong);
                }
                ReadRecordResult::End => return Ok(Next::End),
            }
        }
    }
}

/// A text's pieces in UTF-8, and behind the last one its end.
struct Pieces<R> {
    source: R,
    decoder: Option<Decoder>,
    raw: Vec<u8>,
    /// What a piece becomes whose letters are not UTF-8 yet.
    decoded: Vec<u8>,
    length: usize,
    at: usize,
    ended: bool,
}

impl<R: Read> Pieces<R> {
    fn new(source: R, utf8: bool) -> Self {
        let decoder = (!utf8).then(|| encoding_rs::WINDOWS_1252.new_decoder_without_bom_handling());
        // A character of one byte has three in UTF-8 at most.
        let decoded = vec![0; if utf8 { 0 } else { 3 * PIECE + 16 }];
        Self { source, decoder, raw: vec![0; PIECE], decoded, length: 0, at: 0, ended: false }
    }

    /// What comes next; empty behind the end.
    fn piece(&mut self) -> io::Result<&[u8]> {
        if self.at == self.length {
            self.read()?;
        }
        let all = if self.decoder.is_some() { &self.decoded } else { &self.raw };
        Ok(&all[self.at..self.length])
    }

    fn pass(&mut self, read: usize) {
        self.at += read;
    }

    fn read(&mut self) -> io::Result<()> {
        (self.at, self.length) = (0, 0);
        if self.ended {
            return Ok(());
        }
        let read = fill(&mut self.source, &mut self.raw)?;
        if read == 0 {
            self.ended = true;
            let all = if self.decoder.is_some() { &mut self.decoded } else { &mut self.raw };
            let end = ["\n", END].concat();
            all[..end.len()].copy_from_slice(end.as_bytes());
            self.length = end.len();
            return Ok(());
        }
        self.length = match &mut self.decoder {
            None => read,
            Some(decoder) => {
                let (result, _, length, _) =
                    decoder.decode_to_utf8(&self.raw[..read], &mut self.decoded, false);
                debug_assert_eq!(result, CoderResult::InputEmpty, "there is room for three times as many");
                length
            }
        };
        Ok(())
    }
}

/// Reads until the piece is full, or the file at its end.
pub(crate) fn fill(source: &mut impl Read, piece: &mut [u8]) -> io::Result<usize> {
    let mut length = 0;
    while length < piece.len() {
        match source.read(&mut piece[length..]) {
            Ok(0) => break,
            Ok(read) => length += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(length)
}

/// Counts lines as an editor does, where LF, CRLF and CR each end one.
struct Lines {
    /// The line of what comes next.
    line: u64,
    /// The line on which the record begins.
    begin: u64,
    began: bool,
    after_return: bool,
}

impl Lines {
    /// What was read of a record. Before it, there may be the ends of empty lines.
    fn pass(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        if !self.began {
            let ends = bytes.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
            self.count(&bytes[..ends]);
            self.begin = self.line;
            rest = &bytes[ends..];
            self.began = !rest.is_empty();
        }
        self.count(rest);
    }

    fn count(&mut self, bytes: &[u8]) {
        for byte in bytes {
            let ends = *byte == b'\r' || (*byte == b'\n' && !self.after_return);
            self.line += u64::from(ends);
            self.after_return = *byte == b'\r';
        }
    }
}
