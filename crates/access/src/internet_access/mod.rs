//! Internet access: may this account log in by username and password from outside its employer's networks?

pub(crate) mod hr_pages;
mod model;
pub(crate) mod pages;
mod service;
mod sql;

pub use model::{Act, Status};
pub(crate) use service::requested_by_setting_a_password;
pub use service::{DecideError, RequestError, decide, request};
