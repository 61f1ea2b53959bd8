//! The use cases and pages of this room, through the router, on both databases.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod internet_access;
mod limits;
mod log_in;
mod my_account;
mod recovery;
mod sessions;
mod trail;
mod why;
