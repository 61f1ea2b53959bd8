//! The program as processes: commands, `serve`, configuration, HTTPS, limits, logs, two processes on one database.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../common/mod.rs"]
mod common;

mod access;
mod courses;
mod employers;
mod full;
mod https;
mod installing;
mod loading;
mod payslips;
mod roles;
mod secrets;
mod serving;
mod shared;
mod smartcards;
mod trail;
