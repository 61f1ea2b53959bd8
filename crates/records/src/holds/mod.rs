//! Identity holds: a changed email, date of birth or smartcard UUID of somebody who has been in before works only after a while,
//! and the person can stop it until then: who changes one of these could become that person.

mod model;
pub(crate) mod pages;
mod service;
pub(crate) mod sql;

pub use model::{Hold, IdentityField};
pub use service::{HoldError, release_hold, stop_hold};
pub use sql::open_holds;
