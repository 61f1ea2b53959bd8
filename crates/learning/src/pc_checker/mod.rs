//! PC Checker: whether the very device that somebody is on can do what courses need, in plain words; kept for the service desk.
//!
//! The measuring is done by a script, which shows no words of its own: it fills a form, and the page that answers judges and says what
//! to do. Without script the same form says that courses need it.

mod model;
pub(crate) mod pages;
mod service;
mod sql;
mod words;

pub use service::last_check;
