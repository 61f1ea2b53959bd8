//! What the host names of courses answer: the player, a version's files, and commits. Nothing of the portal is there, and no cookie.

mod answer;
mod headers;
mod host;
mod hot;
mod kinds;
mod letters;
mod pace;
mod range;

pub use answer::router;
pub use host::{Host, Hosts};
pub use hot::Hot;
pub(crate) use hot::Opened;
