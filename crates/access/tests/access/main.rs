//! The use cases and pages of this room, through the router, on both databases.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod authenticator;
mod card_host;
mod hr_internet_access;
mod internet_access;
mod leavers;
mod limits;
mod log_in;
mod my_account;
mod passkeys;
mod providers;
mod re_enrolment;
mod recovery;
mod second_factors;
mod service_desk;
mod sessions;
mod smartcards;
mod trail;
mod ways;
mod why;
