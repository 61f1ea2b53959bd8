use std::fmt;

use sha2::{Digest, Sha256};
use store::Instant;
use uuid::Uuid;

/// An entry takes at most so many bytes in its canonical encoding; [`append`](crate::append) refuses a larger one.
pub const LARGEST_ENTRY: usize = 64 * 1024;
/// So many entries are sealed by one transaction at most.
pub(crate) const LARGEST_BATCH: usize = 200;
/// So many bytes of entries are sealed by one transaction at most, the first entry apart: the database writes each row anew.
const LARGEST_BATCH_BYTES: usize = 1024 * 1024;
/// The first field of every entry's encoding: another encoding will have another.
const ENCODING: &str = "staffrecord audit 1";

/// Who did it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// Somebody who is logged in.
    Person {
        /// Their own staff record.
        staff_record: Uuid,
        /// The role in which they acted; none where they acted as staff, on what is their own.
        role: Option<String>,
    },
    /// Whoever runs commands on the server.
    Operator,
    /// The portal by itself.
    System,
    /// Somebody who is not logged in.
    Stranger,
}

impl Actor {
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Person { .. } => "person",
            Self::Operator => "operator",
            Self::System => "system",
            Self::Stranger => "stranger",
        }
    }
}

/// Where it came from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The client's network address.
    pub address: Option<String>,
    /// The request's id, as it stands in the log.
    pub request: Option<String>,
}

/// What [`append`](crate::append) takes.
#[derive(Clone, Debug)]
pub struct NewEntry {
    /// Its id.
    pub id: Uuid,
    /// When it happened.
    pub at: Instant,
    /// Who did it.
    pub actor: Actor,
    /// The staff record it is about.
    pub about: Option<Uuid>,
    /// The employer whose trail it is on.
    pub employer: Option<Uuid>,
    /// What happened: `room.what_happened`, such as `access.logged_in`.
    pub event: &'static str,
    /// The reason that was given for it, or found.
    pub reason: Option<String>,
    /// What else belongs to it.
    pub data: serde_json::Value,
    /// Where it came from.
    pub origin: Origin,
}

impl NewEntry {
    /// One on an employer's trail, of the portal's own doing: about nobody, without a reason, from nowhere.
    #[must_use]
    pub fn own(id: Uuid, at: Instant, employer: Uuid, event: &'static str, data: serde_json::Value) -> Self {
        Self {
            id,
            at,
            actor: Actor::System,
            about: None,
            employer: Some(employer),
            event,
            reason: None,
            data,
            origin: Origin::default(),
        }
    }
}

/// An entry as it stands in the database.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Entry {
    /// Its id.
    pub id: Uuid,
    /// When it happened.
    pub at: Instant,
    /// Who did it: `person`, `operator`, `system` or `stranger`.
    pub actor: String,
    /// The person's own staff record.
    pub actor_staff_record: Option<Uuid>,
    /// The role in which the person acted.
    pub actor_role: Option<String>,
    /// The staff record it is about.
    pub about: Option<Uuid>,
    /// The employer whose trail it is on.
    pub employer: Option<Uuid>,
    /// What happened.
    pub event: String,
    /// The reason that was given for it, or found.
    pub reason: Option<String>,
    /// What else belongs to it, as JSON text.
    pub data: String,
    /// The client's network address.
    pub address: Option<String>,
    /// The request's id.
    pub request: Option<String>,
}

impl From<NewEntry> for Entry {
    fn from(new: NewEntry) -> Self {
        let actor = new.actor.word().to_owned();
        let (actor_staff_record, actor_role) = match new.actor {
            Actor::Person { staff_record, role } => (Some(staff_record), role),
            Actor::Operator | Actor::System | Actor::Stranger => (None, None),
        };
        Self {
            id: new.id,
            at: new.at,
            actor,
            actor_staff_record,
            actor_role: storable(actor_role),
            about: new.about,
            employer: new.employer,
            event: new.event.to_owned(),
            reason: storable(new.reason),
            data: new.data.to_string(), // JSON escapes a NUL
            address: storable(new.origin.address),
            request: storable(new.origin.request),
        }
    }
}

/// PostgreSQL keeps no NUL in text: it becomes U+FFFD, for what somebody typed must not keep an entry off the trail.
fn storable(text: Option<String>) -> Option<String> {
    text.map(|text| if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text })
}

impl Entry {
    /// The canonical encoding, see the crate's page.
    pub(crate) fn encode(&self, number: i64) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(512 + self.data.len());
        let mut field = |text: Option<&str>| match text {
            None => bytes.push(0),
            Some(text) => {
                bytes.push(1);
                bytes.extend_from_slice(&(text.len() as u64).to_be_bytes());
                bytes.extend_from_slice(text.as_bytes());
            }
        };
        let id = |id: Option<Uuid>| id.map(|id| id.to_string());
        field(Some(ENCODING));
        field(Some(&number.to_string()));
        field(Some(&self.id.to_string()));
        field(Some(&self.at.to_string()));
        field(Some(&self.actor));
        field(id(self.actor_staff_record).as_deref());
        field(self.actor_role.as_deref());
        field(id(self.about).as_deref());
        field(id(self.employer).as_deref());
        field(Some(&self.event));
        field(self.reason.as_deref());
        field(Some(&self.data));
        field(self.address.as_deref());
        field(self.request.as_deref());
        bytes
    }
}

/// A SHA-256 of the chain, shown as 64 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hash([u8; 32]);

impl Hash {
    /// What the first entry follows.
    pub const BEGINNING: Self = Self([0; 32]);

    /// Its bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The hash of the entry with these encoded fields, which follows this one.
    pub(crate) fn followed_by(&self, fields: &[u8]) -> Self {
        Self(Sha256::new().chain_update(self.0).chain_update(fields).finalize().into())
    }

    /// From the database; `None` where these are not 32 bytes.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// From 64 small hexadecimal digits; `None` for anything else.
    pub(crate) fn from_hex(text: &str) -> Option<Self> {
        if text.len() != 64 || !text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
            return None;
        }
        let mut bytes = [0; 32];
        for (byte, at) in bytes.iter_mut().zip((0..64).step_by(2)) {
            *byte = u8::from_str_radix(&text[at..at + 2], 16).ok()?;
        }
        Some(Self(bytes))
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The end of the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The number of the last entry, 0 where nothing is sealed yet.
    pub number: i64,
    /// Its hash.
    pub hash: Hash,
}

impl Head {
    /// The end of a chain that nothing is in.
    pub const BEGINNING: Self = Self { number: 0, hash: Hash::BEGINNING };
}

/// What an entry is given when it is sealed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seal {
    pub(crate) id: Uuid,
    pub(crate) number: i64,
    pub(crate) hash: Hash,
}

/// Continues the chain after `head` with as many of `due`, in their order, as one transaction may seal.
pub(crate) fn continue_chain(head: Head, due: &[Entry]) -> Vec<Seal> {
    let mut end = head;
    let mut bytes = 0;
    let mut seals = Vec::with_capacity(due.len().min(LARGEST_BATCH));
    for entry in due.iter().take(LARGEST_BATCH) {
        let number = end.number + 1;
        let fields = entry.encode(number);
        bytes += fields.len();
        if bytes > LARGEST_BATCH_BYTES && !seals.is_empty() {
            break;
        }
        end = Head { number, hash: end.hash.followed_by(&fields) };
        seals.push(Seal { id: entry.id, number, hash: end.hash });
    }
    seals
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> Entry {
        Entry::from(NewEntry {
            id: Uuid::from_u128(0x0193_5d6a_0000_7000_8000_0000_0000_0001),
            at: "2026-11-24T14:00:00.5Z".parse().unwrap(),
            actor: Actor::Person { staff_record: Uuid::from_u128(7), role: Some("hr".into()) },
            about: Some(Uuid::from_u128(8)),
            employer: None,
            event: "access.refused",
            reason: Some("Åström: no".into()),
            data: serde_json::json!({ "after": "refused" }),
            origin: Origin { address: Some("192.0.2.7".into()), request: None },
        })
    }

    /// The hash was computed apart from this code, from the crate's page alone: a change here breaks every chain there is.
    #[test]
    fn the_encoding_stands() {
        let hash = Hash::BEGINNING.followed_by(&entry().encode(1));
        assert_eq!(hash.to_string(), "056c565f8ffa5b0c85400d0df9badb2eaf0e0ef8d67e18790b9c4bddf8a382da");
    }

    #[test]
    fn missing_and_empty_and_shifted_fields_differ() {
        let (mut missing, mut empty, mut shifted) = (entry(), entry(), entry());
        missing.reason = None;
        empty.reason = Some(String::new());
        shifted.request = shifted.address.take();
        let encodings =
            [entry().encode(1), entry().encode(2), missing.encode(1), empty.encode(1), shifted.encode(1)];
        for (at, one) in encodings.iter().enumerate() {
            assert!(!encodings[at + 1..].contains(one), "{at}");
        }
    }

    #[test]
    fn a_batch_is_bounded_by_entries_and_by_bytes() {
        let small = vec![entry(); 250];
        assert_eq!(continue_chain(Head::BEGINNING, &small).len(), LARGEST_BATCH);
        let mut large = entry();
        large.data = "1".repeat(300 * 1024);
        let seals = continue_chain(Head { number: 41, hash: Hash::BEGINNING }, &vec![large.clone(); 10]);
        assert_eq!(seals.iter().map(|seal| seal.number).collect::<Vec<_>>(), [42, 43, 44]);
        large.data = "1".repeat(2 * LARGEST_BATCH_BYTES);
        assert_eq!(
            continue_chain(Head::BEGINNING, &vec![large; 3]).len(),
            1,
            "the first is sealed at any size"
        );
        assert!(continue_chain(Head::BEGINNING, &[]).is_empty());
    }

    #[test]
    fn what_nobody_can_store_is_replaced() {
        let new = NewEntry {
            id: Uuid::nil(),
            at: Instant::from_microseconds(0),
            actor: Actor::Stranger,
            about: None,
            employer: None,
            event: "access.refused",
            reason: Some("a\0b".into()),
            data: serde_json::json!({ "typed": "c\0d" }),
            origin: Origin::default(),
        };
        let entry = Entry::from(new);
        assert_eq!(
            (entry.reason.as_deref(), entry.data.as_str()),
            (Some("a\u{fffd}b"), r#"{"typed":"c\u0000d"}"#)
        );
    }

    #[test]
    fn a_hash_is_read_as_it_is_shown() {
        let hash = Hash::BEGINNING.followed_by(b"");
        assert_eq!(Hash::from_hex(&hash.to_string()), Some(hash));
        for wrong in ["", "00", &hash.to_string().to_uppercase(), &"é".repeat(32), &format!("{hash}0")] {
            assert_eq!(Hash::from_hex(wrong), None, "{wrong}");
        }
    }
}
