//! The personal address: an email address of a person's own, set while they work here, by which they get at payslips and P60s when
//! they have left. It is confirmed by a link, works 14 days later at the earliest and not before its holder has left, and can be stopped.
//!
//! Nobody else sees more of it than that there is one. The use cases around it, with their mails and links, are in the room `access`.

mod model;
mod sql;

pub use model::{EndedBy, PersonalAddress, Refusal, WAIT_DAYS, judge};
pub use sql::{
    by_confirm_link, by_stop_link, confirm, confirmed, end, has_confirmed, open, set, set_confirm_link,
    set_since, set_stop_link, sweep,
};
