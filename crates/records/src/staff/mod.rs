//! Staff records: one person's employment at one employer, and the usernames that belong to it.

mod model;
pub(crate) mod sql;
mod username;

pub(crate) use model::full_name;
pub use model::{Holder, HolderRow, StaffRecord};
pub use sql::{
    RecordChange, any_record, changes_of, find_by_username, holder, holders_by_email, holders_by_smartcard,
    mark_proved, usernames, whose_username,
};
pub(crate) use username::Allotment;
pub use username::{Username, stem};
