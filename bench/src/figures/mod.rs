//! The figures, one a module.

pub(crate) mod binary;
pub(crate) mod card;
pub(crate) mod commit;
pub(crate) mod commits;
pub(crate) mod course_files;
pub(crate) mod hashing;
pub(crate) mod homepage;
pub(crate) mod import;
mod page;
pub(crate) mod pay_day;
pub(crate) mod payslip;
pub(crate) mod pdf;
pub(crate) mod portal;
pub(crate) mod publish;
pub(crate) mod reading;
pub(crate) mod recovery;
pub(crate) mod search;
pub(crate) mod second_factor;
pub(crate) mod start;
pub(crate) mod storm;
pub(crate) mod times;
pub(crate) mod update;
pub(crate) mod weight;
pub(crate) mod writes;

/// Everybody at this machine is on the employer's network, so that accounts can be used before anybody approves them.
pub(crate) const INSIDE: &str = "networks=127.0.0.0/8";

const MIB: f64 = 1024.0 * 1024.0;
