//! The personal address: set in `My account`, confirmed by a link that is mailed to it, stopped by the notice to the address on the
//! staff record. What it is and when it works stands in `records`.

pub(crate) mod pages;
mod service;

pub(crate) use service::{mint_confirm_link, mint_stop_link};
