//! `My account`: what the portal holds about whoever is logged in, where they are logged in, and what is about to change.

mod done;
pub(crate) mod pages;
