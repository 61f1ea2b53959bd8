//! Certificates: that somebody has done a course, on paper, and the public page that verifies it.
//!
//! What a certificate says is what stood on the completion when it was written: nothing that changes later changes it.

mod code;
pub(crate) mod pages;
mod printed;
mod service;
mod sql;

pub use code::Code;
