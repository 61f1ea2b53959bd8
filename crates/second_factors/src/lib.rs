//! Second factors: the ceremonies of passkeys, the codes of an authenticator app, and recovery codes.
//!
//! Rules only: it knows no account, no page and no table, and is handed time and randomness. What is kept, sealed and
//! offered to whom is `access`'s. A further kind of factor is a module of its own here.

pub mod authenticator;
pub mod passkeys;
pub mod recovery_codes;
#[cfg(feature = "testing")]
pub mod testing;
