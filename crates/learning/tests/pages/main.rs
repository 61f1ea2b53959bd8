//! The pages of e-Learning that staff read, through the router, on both databases.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod attempt;
mod certificates;
mod check;
mod desk;
mod homepage;
mod pc_checker;
mod world;

/// Helen's username, as whom most tests read.
const HELEN: &str = "427HOWSEA01";
/// Somebody of the same employer.
const GARETH: &str = "427GPUGH01";
/// Somebody of another.
const JOHN: &str = "999JSMITH01";
