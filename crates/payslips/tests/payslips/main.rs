//! Runs of payslips, from the file to what staff are told, on both databases.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod checking;
mod keys;
mod looking;
mod publishing;
mod scheduled;
mod world;
