//! The room on both databases.

#![expect(clippy::unwrap_used, reason = "a test that goes wrong here has failed")]

mod employers;
mod file;
mod holds;
mod letters;
mod loading;
mod roles;
mod search;
mod usernames;
mod workbook;
mod world;
