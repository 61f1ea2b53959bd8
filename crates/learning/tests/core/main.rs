//! Courses, attempts, and what the host names of courses answer, through the whole portal in memory.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod commits;
mod completion;
mod disk;
mod ends;
mod fold;
mod host;
mod importing;
mod nights;
mod world;
