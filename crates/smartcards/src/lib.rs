//! Smartcards: what a card proves about its holder, namely the 12-digit UUID that stands on their staff record.
//!
//! A card proves it in one of two ways: by a TLS client [`certificate`], or by a log-in at a national identity [`provider`] that
//! has looked at the card. This crate knows no room, no database and no page; who has the UUID, and what may be done with the
//! proof, is for `access` to say. Files, certificates and answers come from outside: each is limited, and each refusal is a word
//! that stands on the trail. To add a third way, add a module that ends in a UUID or in such a word.

pub mod certificate;
pub mod provider;
#[cfg(feature = "testing")]
pub mod testing;
