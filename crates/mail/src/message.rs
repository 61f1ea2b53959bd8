//! From a letter to the bytes that are sent.

use std::time::{Duration, SystemTime};

use lettre::{
    Address, Message as Built,
    message::{
        Mailbox, MultiPart, MultiPartKind, SinglePart,
        header::{Date, HeaderName, HeaderValue},
    },
};
use store::Instant;
use uuid::Uuid;

use crate::{Letter, LetterError};

/// An address that no mail can be sent to or from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is no mail address (first.last@domain.com)")]
pub struct BadAddress;

/// Who the mails come from.
#[derive(Clone, Debug)]
pub struct Sender {
    from: Mailbox,
    reply_to: Option<Mailbox>,
}

impl Sender {
    /// A sender by address, with a name that mail programs show, and the address that answers go to where it is another.
    ///
    /// # Errors
    /// [`BadAddress`] for either.
    pub fn new(from: &str, name: Option<&str>, reply_to: Option<&str>) -> Result<Self, BadAddress> {
        let reply_to = reply_to.map(address).transpose()?.map(|address| Mailbox::new(None, address));
        Ok(Self { from: Mailbox::new(name.map(str::to_owned), address(from)?), reply_to })
    }
}

/// A message as it is sent.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) id: Uuid,
    pub(crate) message_id: String,
    pub(crate) from: Address,
    pub(crate) to: Address,
    pub(crate) bytes: Vec<u8>,
}

/// Why a message could not be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MessageError {
    #[error(transparent)]
    Address(#[from] BadAddress),
    #[error(transparent)]
    Letter(#[from] LetterError),
    #[error(transparent)]
    Headers(#[from] lettre::error::Error),
}

impl Message {
    /// The message of `letter`. Its Message-ID is the same for every try.
    pub(crate) fn new(
        letter: &Letter,
        sender: &Sender,
        to: &str,
        id: Uuid,
        now: Instant,
    ) -> Result<Self, MessageError> {
        letter.check()?;
        let to = address(to)?;
        let from = sender.from.email.clone();
        let message_id = format!("<{id}@{}>", from.domain());
        let mut builder = Built::builder()
            .from(sender.from.clone())
            .to(Mailbox::new(None, to.clone()))
            .subject(letter.subject_line())
            .header(Date::new(
                SystemTime::UNIX_EPOCH + Duration::from_micros(now.microseconds().max(0).unsigned_abs()),
            ))
            .message_id(Some(message_id.clone()))
            // RFC 3834 §5: nobody's holiday notice answers this; the second says the same to Exchange.
            .raw_header(header("Auto-Submitted", "auto-generated"))
            .raw_header(header("X-Auto-Response-Suppress", "OOF, AutoReply"));
        if let Some(reply_to) = &sender.reply_to {
            builder = builder.reply_to(reply_to.clone());
        }
        // No encoded body can contain `=_` (RFC 2045 §6.7), so no text can end its part.
        let parts =
            MultiPart::builder().kind(MultiPartKind::Alternative).boundary(format!("=_{}", id.simple()));
        let built = builder.multipart(
            parts.singlepart(SinglePart::plain(letter.text())).singlepart(SinglePart::html(letter.html())),
        )?;
        Ok(Self { id, message_id, from, to, bytes: built.formatted() })
    }
}

/// An address, checked also for what could break out of a header or a command.
pub(crate) fn address(text: &str) -> Result<Address, BadAddress> {
    // RFC 5321 §4.5.3.1.3: a path has 256 octets with its brackets.
    if text.len() > 254
        || text.contains(|c: char| c.is_control() || c.is_whitespace() || matches!(c, '<' | '>'))
    {
        return Err(BadAddress);
    }
    text.parse().map_err(|_| BadAddress)
}

fn header(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
}
