//! Roles: who may do what with other people's records. [`permit`] is the one check; use cases on others take its [`Permit`].

mod model;
pub(crate) mod pages;
mod service;
pub(crate) mod sql;
pub(crate) mod tell;
mod waiting;

pub use model::{Caller, Permission, Permit, Refused, Role};
pub use service::{
    Grant, GrantError, Granted, PermitError, WithdrawError, account_still, addresses, permit, permit_later,
    role_grant, role_held, role_withdraw, still_held,
};
pub use sql::{Held, roles_held, roles_of};
pub use waiting::{WaitingError, WaitingGrant, role_confirm, role_refuse, waiting_grant, waiting_grants};
