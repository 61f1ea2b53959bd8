//! Mail: what a room wants to tell somebody, and getting it there.
//!
//! A use case queues a [`NewMail`] by [`enqueue`] in its own transaction: a kind and data, never a text and never a token. The
//! [`Postman`] takes what is due, lets the room's [`Composer`] for that kind write the [`Letter`] at that moment (a link's
//! token is made then, and a new one for every try), and hands it to the [`Transport`]: a mail server, or a folder.
//!
//! Delivery is at least once. Marking a mail as sent comes after the server's answer; a process that dies between the two
//! leaves a mail that is sent again when its lease runs out, with the same Message-ID, by which it can be recognised. A mail
//! that is marked as sent is never sent again.
//!
//! Each mail has its own fate: refused for good (5xx) it is `failed` with the server's answer kept; put off (4xx) or cut off
//! it is tried again after 30 seconds, doubling to an hour, for two days. A server that cannot be reached is nobody's
//! fault: nothing counts as a try, the postman waits 5 to 60 seconds and then goes on with all.
//!
//! This room knows `store` only. To add a mail: a kind (a word such as `"recovery"`) and its composer in the room that
//! sends it; nothing changes here.

mod folder;
mod letter;
mod message;
mod model;
mod service;
mod settings;
mod smtp;
mod sql;
mod transport;

pub use folder::Folder;
pub use letter::{Block, Letter, LetterError};
pub use message::{BadAddress, Sender};
pub use model::{NewMail, Outgoing, Queue, State, Status};
pub use service::{ComposeError, Composer, Postman};
pub use settings::{Password, Settings, SettingsError, SmtpSettings, Tls};
pub use smtp::Smtp;
pub use sql::{about, enqueue, forget, queue, sent_to, status};
pub use transport::{Transport, TransportError};
