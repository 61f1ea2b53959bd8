//! Confirming oneself again, by the strongest that the account has, before something that a stranger at an unlocked screen must
//! not do.

pub(crate) mod pages;
mod service;

pub use service::{ProofError, confirm};
pub(crate) use service::{Proven, prove_password, still_proven};
