//! A workbook as a package: a ZIP file with parts of XML, none of which is unpacked further than it is read.

use std::{
    io::{self, BufReader, Read, Seek, SeekFrom},
    sync::{Arc, Mutex},
};

use quick_xml::{
    Reader, XmlVersion,
    events::{BytesRef, BytesStart, Event},
};
use zip::{ZipArchive, read::ZipFile};

use crate::{
    csv::{PIECE, fill},
    words,
};

/// Why a workbook cannot be read: what the person is told.
pub(crate) type Why = &'static str;

/// A package has so many parts at most.
const MOST_PARTS: usize = 1000;
/// All parts together have so many bytes at most, unpacked.
pub(super) const MOST_UNPACKED: u64 = 512 * 1024 * 1024;
/// Parts that are held in memory have so many bytes at most.
pub(super) const MOST_HELD: u64 = 4 * 1024 * 1024;
/// Unpacked, a part is so many times larger at most; a sheet's XML is about twenty times.
const MOST_GROWTH: u64 = 200;
/// But for parts that are no larger than this.
const SMALL: u64 = 1024 * 1024;
/// An element's start, or a piece of text, has so many bytes at most: Excel's longest cell, escaped, has a fifth of that.
const LONGEST_PIECE: u64 = 1024 * 1024;
/// Elements stand so deep in each other at most.
const DEEPEST: usize = 64;

/// A source that remembers how it failed: what reads packages takes that for damage.
pub(crate) struct Watched<R> {
    source: R,
    failure: Arc<Mutex<Option<io::Error>>>,
}

impl<R> Watched<R> {
    pub(crate) fn new(source: R) -> Self {
        Self { source, failure: Arc::default() }
    }

    /// Where the first failure will be.
    pub(crate) fn failure(&self) -> Arc<Mutex<Option<io::Error>>> {
        Arc::clone(&self.failure)
    }

    fn noted<T>(&self, result: io::Result<T>) -> io::Result<T> {
        result.map_err(|error| {
            let kind = error.kind();
            // A seek to before the beginning is the package's fault.
            if !matches!(kind, io::ErrorKind::Interrupted | io::ErrorKind::InvalidInput)
                && let Ok(mut failure) = self.failure.lock()
            {
                failure.get_or_insert(error);
            }
            kind.into()
        })
    }
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let result = self.source.read(buffer);
        self.noted(result)
    }
}

impl<R: Seek> Seek for Watched<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let result = self.source.seek(to);
        self.noted(result)
    }
}

/// How often some bytes stand in a source, which is read to its end.
pub(super) fn count(source: &mut (impl Read + Seek), wanted: &[u8]) -> Result<usize, Why> {
    let broken = |_| words::BOOK_BROKEN;
    source.rewind().map_err(broken)?;
    let (mut piece, mut kept, mut found) = (vec![0; PIECE], 0, 0);
    loop {
        let length = kept + fill(source, &mut piece[kept..]).map_err(broken)?;
        if length == kept {
            return Ok(found);
        }
        found += piece[..length].windows(wanted.len()).filter(|part| *part == wanted).count();
        // What begins at the end of this piece may go on in the next.
        kept = length.min(wanted.len() - 1);
        piece.copy_within(length - kept..length, 0);
    }
}

pub(super) struct Package<R> {
    zip: ZipArchive<R>,
    /// The parts by name in small letters, as they are named in it.
    names: Vec<(String, usize)>,
}

impl<R: Read + Seek> Package<R> {
    /// Looks at what the package says of itself.
    pub(super) fn open(mut source: R) -> Result<Self, Why> {
        // Counted before anything makes room for them.
        if count(&mut source, b"PK\x01\x02")? > MOST_PARTS {
            return Err(words::BOOK_UNPACKS);
        }
        let mut zip = ZipArchive::new(source).map_err(|_| words::BOOK_BROKEN)?;
        let (mut names, mut unpacked) = (Vec::new(), 0_u64);
        for at in 0..zip.len() {
            let part = zip.by_index_raw(at).map_err(|_| words::BOOK_BROKEN)?;
            if part.encrypted() {
                return Err(words::BOOK_LOCKED);
            }
            unpacked = unpacked.saturating_add(part.size());
            if unpacked > MOST_UNPACKED || grows_too_much(part.size(), part.compressed_size()) {
                return Err(words::BOOK_UNPACKS);
            }
            let name = String::from_utf8_lossy(part.name_raw()).to_ascii_lowercase();
            names.push((name.trim_start_matches('/').replace('\\', "/"), at));
        }
        Ok(Self { zip, names })
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.names.iter().any(|(other, _)| other == name)
    }

    /// A part by its name in small letters, which may have so many bytes, unpacked.
    pub(super) fn part(&mut self, name: &str, most: u64) -> Result<Option<Xml<'_, R>>, Why> {
        let Some((_, at)) = self.names.iter().find(|(other, _)| other == name) else { return Ok(None) };
        let part = self.zip.by_index(*at).map_err(|_| words::BOOK_BROKEN)?;
        let packed = part.compressed_size();
        let limited = Limited { part, packed, most, unpacked: 0, piece: 0, went_over: false };
        let mut reader = Reader::from_reader(BufReader::new(limited));
        reader.config_mut().check_end_names = false;
        Ok(Some(Xml { reader, buffer: Vec::new(), depth: 0 }))
    }
}

fn grows_too_much(unpacked: u64, packed: u64) -> bool {
    unpacked > SMALL && unpacked / MOST_GROWTH > packed
}

/// What is read of a part, as long as it stays within its limits, whatever the package says of its size.
struct Limited<'p, R: Read> {
    part: ZipFile<'p, R>,
    packed: u64,
    most: u64,
    unpacked: u64,
    /// Read since the last piece was complete.
    piece: u64,
    went_over: bool,
}

impl<R: Read> Read for Limited<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.part.read(buffer)?;
        self.unpacked += read as u64;
        self.piece += read as u64;
        let over = self.unpacked > self.most || grows_too_much(self.unpacked, self.packed);
        if over || self.piece > LONGEST_PIECE {
            self.went_over |= over;
            return Err(io::Error::other("a part is larger than it may be"));
        }
        Ok(read)
    }
}

/// The XML of a part, piece by piece.
pub(super) struct Xml<'p, R: Read> {
    reader: Reader<BufReader<Limited<'p, R>>>,
    buffer: Vec<u8>,
    depth: usize,
}

/// A piece of XML.
pub(super) enum Piece {
    Start(BytesStart<'static>),
    /// An element that has no content.
    Empty(BytesStart<'static>),
    End(String),
    Text(String),
    Done,
}

impl<R: Read> Xml<'_, R> {
    pub(super) fn next(&mut self) -> Result<Piece, Why> {
        loop {
            self.buffer.clear();
            self.reader.get_mut().get_mut().piece = 0;
            let Ok(event) = self.reader.read_event_into(&mut self.buffer).map(Event::into_owned) else {
                return Err(self.why());
            };
            return Ok(match event {
                Event::Start(start) => {
                    self.depth += 1;
                    if self.depth > DEEPEST {
                        return Err(words::BOOK_BROKEN);
                    }
                    Piece::Start(start)
                }
                Event::Empty(start) => Piece::Empty(start),
                Event::End(end) => {
                    self.depth = self.depth.saturating_sub(1);
                    Piece::End(end.local_name().as_ref().to_owned())
                }
                Event::Text(text) => Piece::Text(text.xml10_content().into_owned()),
                Event::CData(text) => Piece::Text(text.xml10_content().into_owned()),
                Event::GeneralRef(name) => Piece::Text(character(&name)?.to_string()),
                Event::Eof => Piece::Done,
                // It could name further parts and texts without end.
                Event::DocType(_) => return Err(words::BOOK_BROKEN),
                Event::Decl(_) | Event::PI(_) | Event::Comment(_) => continue,
            });
        }
    }

    fn why(&mut self) -> Why {
        if self.reader.get_mut().get_mut().went_over { words::BOOK_UNPACKS } else { words::BOOK_BROKEN }
    }
}

fn character(name: &BytesRef<'_>) -> Result<char, Why> {
    match name.as_ref() {
        "lt" => Ok('<'),
        "gt" => Ok('>'),
        "amp" => Ok('&'),
        "quot" => Ok('"'),
        "apos" => Ok('\''),
        _ => name.resolve_char_ref().ok().flatten().ok_or(words::BOOK_BROKEN),
    }
}

/// An attribute's value, by its name without a prefix.
pub(super) fn attribute(element: &BytesStart<'_>, name: &str) -> Option<String> {
    let found = element
        .attributes()
        .with_checks(false)
        .flatten()
        .find(|attribute| attribute.key.local_name().as_ref() == name)?;
    let value = found.normalized_value(XmlVersion::Implicit1_0);
    Some(value.map_or_else(|_| found.value.to_string(), std::borrow::Cow::into_owned))
}
