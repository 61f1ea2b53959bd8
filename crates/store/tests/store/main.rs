//! The store on both databases.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod jobs;
mod migrations;
mod writes;
