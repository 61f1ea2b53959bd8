//! The service desk: who is meant, why they cannot get in, and the safe things to do about it. It never sees or sets a password, and
//! no date of birth.

pub(crate) mod pages;
mod service;
mod sql;

pub use service::{
    BirthChecked, CheckError, OpenError, SendError, TellError, WrongField, check_date_of_birth, open,
    send_link, tell_hr,
};
