//! Smartcards by TLS client certificate.
//!
//! The [handshake](tls) at the card host asks for a certificate and proves that the client has its key, nothing else: a browser
//! shows no more of a refused handshake than a network error, and the person is owed a page. The [`Checker`] then says in the
//! handler what the certificate is worth: its chain, validity, use and revocation (RFC 5280 §6), by files of this machine alone.
//! Nothing is ever fetched from an address that stands in a certificate. Where a proxy ends TLS it does the handshake, and
//! [`from_proxy`] reads what it passes on.

mod authorities;
mod card;
mod checker;
mod findings;
mod handshake;
mod lists;
mod proxy;
mod remembered;
mod revocation;
mod scope;
mod settings;
mod watched;

pub use card::Card;
pub use checker::Checker;
pub use findings::Finding;
pub use handshake::tls;
pub use proxy::{PROXY_HEADER, from_proxy};
pub use settings::{ProxySecret, Settings, SettingsError, UuidField};

/// So many certificates a client may show, its own among them.
const CHAIN_CERTIFICATES: usize = 8;
/// So large each of them may be.
const CERTIFICATE_BYTES: usize = 16 * 1024;

/// Why a card proves nothing. Its word goes on the trail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum CardRefused {
    /// None was shown.
    #[error("no certificate was shown")]
    NoCertificate,
    /// It is no certificate, or one that cannot be read: too large, too many, or with algorithms or extensions of another world.
    #[error("the certificate cannot be read")]
    Unreadable,
    /// No valid chain leads from it to one of the configured authorities, none of which has expired.
    #[error("the certificate is of an authority that is not trusted here")]
    UnknownIssuer,
    /// Its time is over.
    #[error("the certificate has expired")]
    Expired,
    /// Its time has not come.
    #[error("the certificate is not valid yet")]
    NotYetValid,
    /// It was issued for something else than to log in: to sign, to encrypt, for a server, or for an authority.
    #[error("the certificate is not for logging in")]
    WrongUse,
    /// Its authority has revoked it, or the authority itself was revoked.
    #[error("the certificate was revoked")]
    Revoked,
    /// An authority in its chain has no current revocation list here.
    #[error("whether the certificate was revoked is not known")]
    RevocationUnknown,
    /// The configured field holds no 12-digit UUID, or several.
    #[error("the certificate holds no UUID")]
    NoUuid,
    /// The proxy's header came with another secret than the proxy's.
    #[error("the certificate was not passed on by the proxy")]
    Forged,
}

impl CardRefused {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoCertificate => "no_certificate",
            Self::Unreadable => "unreadable",
            Self::UnknownIssuer => "unknown_issuer",
            Self::Expired => "expired",
            Self::NotYetValid => "not_yet_valid",
            Self::WrongUse => "wrong_use",
            Self::Revoked => "revoked",
            Self::RevocationUnknown => "revocation_unknown",
            Self::NoUuid => "no_uuid",
            Self::Forged => "forged",
        }
    }
}
