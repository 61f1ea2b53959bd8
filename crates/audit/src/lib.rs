//! The trail: who did what, about whom, when and from where, in a chain of hashes that shows any change.
//!
//! It knows only `store`. A use case calls [`append`] in its own transaction, so that an entry is there exactly when what
//! it tells of is. That entry has no number yet and nobody waits for one: a [`Sealer`] in every `serve` gives committed
//! entries their number and hash within a second, one process at a time, and writes the newest hash to an anchor file
//! outside the database. [`verify`] walks the chain and says what was altered, and what it cannot prove.
//!
//! To record something new, call [`append`] with an event named `room.what_happened`. `data` never holds a password, a
//! token, a National Insurance number, a date of birth or a pay figure: the trail is kept for years and read by many.
//!
//! # The chain
//!
//! `hash = SHA-256(hash of the entry before || fields)`. The first entry has number 1 and follows 32 zero bytes. The fields
//! are, in this order: the text `staffrecord audit 1`, number, id, at, actor, the actor's staff record, the actor's role,
//! about, employer, event, reason, data, address, request. Each is one byte 0 where it is missing, or one byte 1, the
//! length as eight bytes (big-endian) and the text in UTF-8. Numbers are decimal, ids are hyphenated and in small letters,
//! times are `2026-11-24T14:00:00.000000Z`, data is the JSON text as it is stored.
//!
//! # The anchor file
//!
//! One line for each time the head moved: `NUMBER HASH TIME`, the hash as 64 hexadecimal digits. Whoever controls the
//! database can cut off the end of the chain or compute it anew, but not without contradicting this file, so it belongs
//! where they cannot write, or is copied there.

mod anchor;
mod model;
mod service;
mod sql;
mod verify;

pub use model::{Actor, Entry, Hash, Head, LARGEST_ENTRY, NewEntry, Origin};
pub use service::{SealError, Sealer, about, about_with, append, done_by_others, unsealed};
pub use verify::{Finding, MOST_FINDINGS, NotProvable, Report, VerifyError, verify};
