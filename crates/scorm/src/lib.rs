//! Course packages of SCORM 1.2 and SCORM 2004: what their manifest says, as plain types.
//!
//! A package is untrusted. It is a zip file whose `imsmanifest.xml` says what there is to do, in which order, and which of its files
//! is opened for it. This crate knows no database, no pages and no clock.

mod manifest;

pub use manifest::{CompletionThreshold, Finding, FindingKind, Item, Launch, Manifest, Severity, Standard};
