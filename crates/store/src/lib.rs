//! The store: one database, SQLite or PostgreSQL, behind one SQL text.
//!
//! It knows no room. A room's `sql.rs` uses [`on!`], [`later!`] and [`Tx`]; its `service.rs` uses [`Db::write`] and [`Db::read`].
//! To add a table, add a migration (see `migrations/README.md`); the text has to be valid on both databases.

mod bulk;
mod checkpointer;
mod clock;
mod day;
mod db;
mod entropy;
mod error;
mod instant;
pub mod jobs;
pub mod lease;
mod migrate;
mod put_off;
mod readers;
mod secret;
mod statements;
#[cfg(feature = "testing")]
pub mod testing;
mod words;
mod writer;

pub use bulk::{Value, insert_many, insert_missing};
pub use clock::Clock;
pub use day::Day;
pub use db::{Connection, Db, Options, Reader, Statistics, Tx};
pub use entropy::{Entropy, Ids};
pub use error::{Result, StoreError};
pub use instant::Instant;
pub use migrate::{Migration, Migrations};
pub use put_off::PutOff;
pub use secret::{Secret, SecretHash};
pub use statements::Statement;

#[doc(hidden)]
pub use sqlx;
