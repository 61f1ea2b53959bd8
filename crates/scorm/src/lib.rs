//! Course packages of SCORM 1.2 and SCORM 2004: what is in them, checked, and what their manifest says, as plain types.
//!
//! A package is untrusted. It is a zip file whose `imsmanifest.xml` says what there is to do, in which order, and which of its files
//! is opened for it. This crate knows no database, no pages and no clock.
//!
//! What it says to whoever uploads a package is a [`Finding`]: an error keeps the package out, a warning does not.

mod budget;
mod finding;
mod limits;
mod manifest;
mod names;
mod package;
mod read;
mod sequencing;
pub mod write;
mod xml;

pub use finding::{Finding, FindingKind, ReadError, Refused, Severity};
pub use limits::Limits;
pub use manifest::{CompletionThreshold, Item, Launch, Manifest, Standard};
pub use package::{Package, PackagedFile};
pub use write::Writer;
