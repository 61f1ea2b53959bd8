//! Roles: who may do what with other people's records. [`permit`] is the one check; use cases on others take its [`Permit`].

mod model;
mod service;
pub(crate) mod sql;

pub use model::{Caller, Permission, Permit, Refused, Role};
pub(crate) use service::permit_later;
pub use service::{Grant, GrantError, Granted, PermitError, addresses, permit, role_grant};
pub use sql::roles_of;
