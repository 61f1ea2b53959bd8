//! Courses: what an employer teaches, and the packages that it is taught by.

mod files;
mod import;
mod jobs;
mod model;
pub(crate) mod pages;
mod service;
pub(crate) mod sql;
mod words;

pub use files::{Files, FilesError};
pub use import::{Contents, ImportError, Imported, OpenError, import, open};
pub(crate) use jobs::handlers;
pub(crate) use model::plain;
pub use model::{
    Course, MOST_CODE, MOST_MINUTES, MOST_TITLE, MOST_WORDS, NewVersion, Unfit, Version, VersionState,
};
pub use scorm::{Finding, Severity};
pub use service::{
    ChangeError, MOST_QUERY, PAGE, course, course_by_code, find, manifest, of_employer, publish, retire,
    version, versions,
};
