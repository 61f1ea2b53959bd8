//! The program: it knows every room, reads the configuration, wires them together, and serves.
//!
//! [`Portal`] is a portal ready to answer, from its [`Parts`]; `serve`, `demo`, the commands and the tests all build it the same
//! way. To add a room: its table in [`config::Config`], its routes, jobs and mails in [`Portal::new`].

pub mod commands;
pub mod config;
mod hosts;
mod portal;
mod portal_page;
pub mod serve;

pub use portal::{OpenError, Parts, Portal};
