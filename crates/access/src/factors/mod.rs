//! Second factors: passkeys, an authenticator app, recovery codes; who has to give one, and who may set one up.

mod model;
pub(crate) mod pages;
mod prove;
mod set_up;
pub(crate) mod sql;
mod step;
mod views;

pub(crate) use model::{Entry, Need};
pub use model::{Factor, FactorKind, History};
pub use prove::{FactorError, Given};
pub(crate) use prove::{codes_lock, prove_for};
pub use set_up::SetUpError;
pub(crate) use views::ProveView;
