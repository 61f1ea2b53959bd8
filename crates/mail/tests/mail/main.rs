//! The outbox and the postman, on both databases, into a folder and to a real mail server.

#![expect(clippy::unwrap_used, reason = "helpers of tests, too, stop where something is not as it should be")]

mod common;
mod letter;
mod outbox;
mod settings;
mod smtp;
