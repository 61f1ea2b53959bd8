//! Documents on paper: a template of the calling room and its data become a PDF.
//!
//! It knows no room and no database. A template is typst's markup, built into the program; what stands in the [`Data`] is never
//! read as markup, whatever it holds. The template sees the data as `sys.inputs` and nothing else: no file, no network, no
//! package, no clock. Title, language (British English) and the claim to be accessible (PDF/UA-1) come from here, so that no
//! template can forget them; a template with a picture that has no `alt`, or with headings out of order, is refused, and its
//! room's tests see that.
//!
//! **Letters.** Latin letters with every accent (Welsh, Polish), Greek, Cyrillic and Arabic have glyphs. A letter that
//! none of the fonts has (Chinese, an emoji) is shown as `�`, so that the document comes out and says that something is missing.
//!
//! To add a document: a `static` [`Template`] in its room, and a [`Data`] with the view that the page shows. A page asks a
//! [`Printer`] for it.

mod data;
mod letters;
mod picture;
mod printer;
mod render;
#[cfg(feature = "testing")]
pub mod testing;

pub use data::Data;
pub use picture::{Picture, PictureError};
pub use printer::{PrintError, Printer};
pub use render::{PdfError, Template, render};
