use std::sync::{LazyLock, OnceLock};

use typst::{
    Library, LibraryExt, World, WorldExt, comemo,
    diag::{FileError, FileResult, SourceDiagnostic},
    foundations::{Bytes, Datetime, Duration, Smart},
    syntax::{FileId, RootedPath, Source, VirtualPath, VirtualRoot},
    text::{Font, FontBook},
    utils::LazyHash,
};
use typst_kit::fonts::FontStore;
use typst_layout::PagedDocument;
use typst_pdf::{PdfOptions, PdfStandard, PdfStandards, Timestamp};

use crate::{Data, letters::Letters};

/// What each template begins with, in its first line, so that the numbers of its lines stay.
const OPENING: &str = "#set document(title: sys.inputs.title);#set text(lang: \"en\", region: \"GB\");";
/// No page of A4 that can be read holds more text, in bytes.
const MOST_PER_PAGE: usize = 16 * 1024;

/// A document's markup: a `static` of the room whose document it is.
#[derive(Debug)]
pub struct Template {
    name: &'static str,
    markup: &'static str,
    most_pages: usize,
    source: OnceLock<Source>,
}

impl Template {
    /// A template of typst's markup; its document may have so many pages. The name is for errors, `payslip.typ`.
    #[must_use]
    pub const fn new(name: &'static str, markup: &'static str, most_pages: usize) -> Self {
        Self { name, markup, most_pages, source: OnceLock::new() }
    }

    fn source(&self) -> Result<&Source, PdfError> {
        if let Some(source) = self.source.get() {
            return Ok(source);
        }
        let path = VirtualPath::new(self.name).map_err(|_| self.fault(None))?;
        let id = RootedPath::new(VirtualRoot::Project, path).intern();
        Ok(self.source.get_or_init(|| Source::new(id, format!("{OPENING}{}", self.markup))))
    }

    /// What is wrong with the template, by the first thing that is said.
    fn fault(&self, found: Option<(&SourceDiagnostic, &Document<'_>)>) -> PdfError {
        let line = found.and_then(|(found, document)| {
            let range = document.range(found.span)?;
            document.source.lines().byte_to_line(range.start)
        });
        // In a release nothing is told of what stands in a document: logs keep it.
        let why = found.filter(|_| cfg!(debug_assertions)).map(|(found, _)| found.message.to_string());
        PdfError::Template {
            name: self.name,
            line: line.map_or(0, |line| line + 1),
            why: why.unwrap_or_default(),
        }
    }
}

/// Why there is no document.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PdfError {
    /// The data holds more text than so many pages could.
    #[error("more text than a document of this kind can hold: {bytes} bytes, {most} at most")]
    TooMuch {
        /// So many bytes of text.
        bytes: usize,
        /// So many may be.
        most: usize,
    },
    /// The document would have more pages than it may.
    #[error("the document would have {pages} pages, {most} at most")]
    TooLong {
        /// So many pages.
        pages: usize,
        /// So many may be.
        most: usize,
    },
    /// A part of the data is nothing that a template can be given.
    #[error("the part {name} of the data cannot be given to a template")]
    Data {
        /// The part's name.
        name: &'static str,
    },
    /// The template is wrong, or does not fit its data.
    #[error("the template {name} is wrong in line {line} {why}")]
    Template {
        /// The template's name.
        name: &'static str,
        /// The line, from 1; 0 where it is not known.
        line: usize,
        /// What typst says of it; empty in a release.
        why: String,
    },
}

/// Makes a PDF: A4 unless the template says otherwise, tagged, PDF/UA-1.
///
/// It takes milliseconds of processor time: whoever serves pages asks a [`Printer`](crate::Printer). Nothing of the document is kept.
///
/// # Errors
/// Where the document would be too long, or the template does not fit the data.
pub fn render(template: &Template, data: &Data) -> Result<Vec<u8>, PdfError> {
    let (bytes, most) = (data.weight(), template.most_pages.saturating_mul(MOST_PER_PAGE));
    if bytes > most {
        return Err(PdfError::TooMuch { bytes, most });
    }
    let made = accessible(template, data);
    // What typst remembers of one document is of no use for the next person's, and is nobody else's business.
    comemo::evict(0);
    made
}

fn accessible(template: &Template, data: &Data) -> Result<Vec<u8>, PdfError> {
    let document = Document::new(template, data, Letters::Known)?;
    let set = document.set()?;
    let fault = match document.exported(&set, true) {
        Ok(made) => return Ok(made),
        Err(fault) => fault,
    };
    // Each letter has a glyph, but some join or combine into shapes that stand for no letter any more. If the template is
    // right for plain letters, the document keeps its letters and tags, and only claims no standard.
    let plain = Document::new(template, data, Letters::Plain)?;
    if plain.exported(&plain.set()?, true).is_err() {
        return Err(fault);
    }
    document.exported(&set, false)
}

/// A template with its data: all that typst gets to see.
struct Document<'t> {
    template: &'t Template,
    source: &'t Source,
    library: LazyHash<Library>,
    created: Option<Timestamp>,
}

impl<'t> Document<'t> {
    fn new(template: &'t Template, data: &Data, letters: Letters) -> Result<Self, PdfError> {
        let library = Library::builder().with_inputs(data.inputs(letters)).build();
        let at = data.created.to_zoned(jiff::tz::TimeZone::UTC).datetime();
        let part = |part: i8| u8::try_from(part).unwrap_or_default();
        let created = Datetime::from_ymd_hms(
            at.year().into(),
            part(at.month()),
            part(at.day()),
            part(at.hour()),
            part(at.minute()),
            part(at.second()),
        );
        let source = template.source()?;
        Ok(Self {
            template,
            source,
            library: LazyHash::new(library),
            created: created.map(Timestamp::new_utc),
        })
    }

    /// The pages.
    fn set(&self) -> Result<PagedDocument, PdfError> {
        let set = typst::compile::<PagedDocument>(self).output;
        let set = set.map_err(|found| self.template.fault(found.first().map(|found| (found, self))))?;
        let (pages, most) = (set.pages().len(), self.template.most_pages);
        if pages > most { Err(PdfError::TooLong { pages, most }) } else { Ok(set) }
    }

    fn exported(&self, set: &PagedDocument, claimed: bool) -> Result<Vec<u8>, PdfError> {
        let standards: &[PdfStandard] = if claimed { &[PdfStandard::Ua_1] } else { &[] };
        let options = PdfOptions {
            standards: PdfStandards::new(standards).map_err(|_| self.template.fault(None))?,
            creator: Smart::Custom(Some("staffrecord".to_owned())),
            timestamp: self.created,
            ..PdfOptions::default()
        };
        typst_pdf::pdf(set, &options)
            .map_err(|found| self.template.fault(found.first().map(|found| (found, self))))
    }
}

impl World for Document<'_> {
    fn library(&self) -> &LazyHash<Library> {
        &self.library
    }

    fn book(&self) -> &LazyHash<FontBook> {
        fonts().store.book()
    }

    fn main(&self) -> FileId {
        self.source.id()
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        if id == self.source.id() { Ok(self.source.clone()) } else { Err(FileError::AccessDenied) }
    }

    fn file(&self, _: FileId) -> FileResult<Bytes> {
        Err(FileError::AccessDenied)
    }

    fn font(&self, index: usize) -> Option<Font> {
        fonts().store.font(index)
    }

    fn today(&self, _: Option<Duration>) -> Option<Datetime> {
        None
    }
}

/// The fonts that are built in.
pub(crate) struct Fonts {
    store: FontStore,
}

impl Fonts {
    /// Whether one of them has a glyph for it.
    pub(crate) fn have(&self, letter: char) -> bool {
        let book = self.store.book();
        let mut infos = (0..).map_while(|index| book.info(index));
        infos.any(|info| info.coverage.contains(letter.into()))
    }
}

/// Read when the first document is made, so that a process that makes none does not hold them.
pub(crate) fn fonts() -> &'static Fonts {
    static FONTS: LazyLock<Fonts> = LazyLock::new(|| {
        let mut store = FontStore::new();
        // Those for formulas would only be fallen back on for letters that look out of place.
        store.extend(typst_kit::fonts::embedded().filter(|(_, info)| !info.family.contains("Math")));
        Fonts { store }
    });
    &FONTS
}
