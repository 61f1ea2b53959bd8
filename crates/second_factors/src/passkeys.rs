//! Passkeys: registering one and logging in with it (W3C Web Authentication, level 2).
//!
//! Each ceremony begins with a [`Ceremony`], whose options go to the browser and whose state the caller seals for this
//! person and purpose, lets expire and takes once. It ends with the browser's answer. Every passkey is discoverable
//! and verifies its user, so that it is two factors by itself.

use std::fmt;

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use url::{Host, Url};
use uuid::Uuid;
use webauthn_rs::prelude::{
    DiscoverableAuthentication, Passkey, PasskeyRegistration, PublicKeyCredential,
    RegisterPublicKeyCredential, Webauthn, WebauthnBuilder, WebauthnError,
};

/// The longest answer of a browser that is read, in bytes; real ones are below 2 KiB where nobody asks for attestation.
const LONGEST_ANSWER: usize = 16 * 1024;

/// Why a portal at this address can have no passkeys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasskeysError {
    /// Not scheme, host and port alone.
    #[error(
        "passkeys need the portal's address as scheme, host and port alone, such as https://portal.example"
    )]
    NoOrigin,
    /// Browsers bind passkeys to a name only.
    #[error("passkeys need a portal with a host name; its address is a number")]
    NoHostName,
    /// Browsers offer passkeys in secure contexts only.
    #[error("passkeys need https; http is enough on localhost only")]
    NotSecure,
}

/// Why a ceremony failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasskeyError {
    /// The answer is too long or is not what a browser sends.
    #[error("the browser's answer cannot be read")]
    Unreadable,
    /// The passkey was used on another site, or in a frame of one.
    #[error("the passkey was used on another site")]
    WrongOrigin,
    /// The signature counter did not go on: there may be a copy of the passkey.
    #[error("the passkey's counter went back; there may be a copy of it")]
    Cloned,
    /// The device did not check who uses it.
    #[error("the device did not check who uses it")]
    NotVerified,
    /// Not one of the passkeys that count here.
    #[error("the passkey is not known here")]
    Unknown,
    /// Anything else: another ceremony's challenge, a bad signature, a passkey that is registered already.
    #[error("the passkey was not accepted")]
    Failed,
}

impl PasskeyError {
    /// As the trail and the metrics name it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::WrongOrigin => "wrong_origin",
            Self::Cloned => "cloned",
            Self::NotVerified => "not_verified",
            Self::Unknown => "unknown",
            Self::Failed => "failed",
        }
    }
}

impl From<WebauthnError> for PasskeyError {
    fn from(error: WebauthnError) -> Self {
        tracing::debug!(%error, "a passkey was not accepted");
        match error {
            WebauthnError::InvalidRPOrigin
            | WebauthnError::InvalidRPIDHash
            | WebauthnError::CredentialCrossOrigin => Self::WrongOrigin,
            WebauthnError::CredentialPossibleCompromise => Self::Cloned,
            WebauthnError::UserNotVerified | WebauthnError::UserNotPresent => Self::NotVerified,
            WebauthnError::CredentialNotFound | WebauthnError::InvalidUserUniqueId => Self::Unknown,
            WebauthnError::ParseBase64Failure(_)
            | WebauthnError::ParseCBORFailure(_)
            | WebauthnError::ParseJSONFailure(_)
            | WebauthnError::ParseNOMFailure
            | WebauthnError::ParseInsufficientBytesAvailable => Self::Unreadable,
            _ => Self::Failed,
        }
    }
}

/// A ceremony that has begun.
#[derive(Debug)]
pub struct Ceremony {
    /// JSON for `navigator.credentials`, with binary values in base64url: what `assets/passkeys.js` reads.
    pub options: String,
    /// JSON for the matching `finish_…`. The browser may keep it only sealed.
    pub state: String,
}

/// A passkey that was registered.
#[derive(Debug)]
pub struct Stored {
    /// The credential's id, unique to the passkey; at most 1,023 bytes.
    pub credential: Vec<u8>,
    /// JSON to keep.
    pub passkey: String,
}

/// A passkey that was used.
#[derive(Debug)]
pub struct Used {
    /// The credential's id.
    pub credential: Vec<u8>,
    /// JSON to keep instead, where the counter or the backup state changed.
    pub passkey: Option<String>,
}

/// What is remembered between a ceremony's two ends. The name keeps one kind from ending as another.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum State {
    Registration(PasskeyRegistration),
    Authentication(DiscoverableAuthentication),
    LogIn(DiscoverableAuthentication),
}

/// The passkeys of one portal.
#[derive(Clone)]
pub struct Passkeys(Webauthn);

impl fmt::Debug for Passkeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Passkeys").field(&self.0.get_allowed_origins()).finish()
    }
}

impl Passkeys {
    /// Those of the portal at `origin` (`https://portal.example`, `http://localhost:8080`). They are bound to its host
    /// and work on no other; `site_name` is what a browser calls it.
    ///
    /// # Errors
    /// Where browsers offer no passkeys at such an address.
    pub fn new(origin: &str, site_name: &str) -> Result<Self, PasskeysError> {
        let origin = Url::parse(origin).map_err(|_| PasskeysError::NoOrigin)?;
        let host = match origin.host() {
            Some(Host::Domain(host)) => host,
            Some(_) => return Err(PasskeysError::NoHostName),
            None => return Err(PasskeysError::NoOrigin),
        };
        let alone = origin.as_str() == format!("{}/", origin.origin().ascii_serialization());
        if !alone || !matches!(origin.scheme(), "http" | "https") {
            return Err(PasskeysError::NoOrigin);
        }
        if origin.scheme() == "http" && host != "localhost" && !host.ends_with(".localhost") {
            return Err(PasskeysError::NotSecure);
        }
        WebauthnBuilder::new(host, &origin)
            .and_then(|builder| builder.rp_name(site_name).build())
            .map(Self)
            .map_err(|_| PasskeysError::NoOrigin)
    }

    /// Begins to register a passkey for `user`, who has those `stored` already; a device that holds one of them declines.
    /// `user` is what [`who`](Self::who) says later. The names are shown by the device.
    ///
    /// # Errors
    /// `Failed` where a stored passkey cannot be read or a name is empty.
    pub fn begin_registration(
        &self,
        user: Uuid,
        username: &str,
        display_name: &str,
        stored: &[String],
    ) -> Result<Ceremony, PasskeyError> {
        let stored = passkeys(stored)?.iter().map(|passkey| passkey.cred_id().clone()).collect();
        let (challenge, state) =
            self.0.start_passkey_registration(user, username, display_name, Some(stored))?;
        let mut options = value(&challenge)?;
        // The library leaves discoverability to the device; here it is what logging in without a username rests on.
        let selection = &mut options["publicKey"]["authenticatorSelection"];
        selection["residentKey"] = "required".into();
        selection["requireResidentKey"] = true.into();
        Ok(Ceremony { options: options.to_string(), state: json(&State::Registration(state))? })
    }

    /// Ends a registration. That no other account holds the credential is for the caller to see to.
    ///
    /// # Errors
    /// As [`PasskeyError`] says; one of those stored when it began is `Failed`.
    pub fn finish_registration(&self, answer: &str, state: &str) -> Result<Stored, PasskeyError> {
        let State::Registration(state) = ours(state)? else { return Err(PasskeyError::Failed) };
        let passkey =
            self.0.finish_passkey_registration(&read::<RegisterPublicKeyCredential>(answer)?, &state)?;
        Ok(Stored { credential: passkey.cred_id().clone(), passkey: json(&passkey)? })
    }

    /// Begins to ask a known account, which has those `stored`, for one of them as a second factor.
    ///
    /// # Errors
    /// `Unknown` where it has none, `Failed` where one cannot be read.
    pub fn begin_authentication(&self, stored: &[String]) -> Result<Ceremony, PasskeyError> {
        if stored.is_empty() {
            return Err(PasskeyError::Unknown);
        }
        let (known, _) = self.0.start_passkey_authentication(&passkeys(stored)?)?;
        let (mut challenge, state) = self.0.start_discoverable_authentication()?;
        // The library's own state would hold the passkeys as they are now; as they are when the answer comes is what
        // counts, so that of two ceremonies at once the slower one meets the counter that the other left.
        challenge.public_key.allow_credentials = known.public_key.allow_credentials;
        challenge.mediation = None;
        Ok(Ceremony { options: json(&challenge)?, state: json(&State::Authentication(state))? })
    }

    /// Ends what [`begin_authentication`](Self::begin_authentication) began, with what the account has stored now.
    ///
    /// # Errors
    /// As [`PasskeyError`] says; `Unknown` where the passkey is none of those stored.
    pub fn finish_authentication(
        &self,
        answer: &str,
        state: &str,
        stored: &[String],
    ) -> Result<Used, PasskeyError> {
        let State::Authentication(state) = ours(state)? else { return Err(PasskeyError::Failed) };
        self.used(answer, state, stored)
    }

    /// Begins a log-in of somebody who has not said who they are: the device offers the passkeys that it holds.
    ///
    /// # Errors
    /// `Failed`, which nothing outside can bring about.
    pub fn begin_log_in(&self) -> Result<Ceremony, PasskeyError> {
        let (mut challenge, state) = self.0.start_discoverable_authentication()?;
        // Whether it is offered in the username's field is for the page to say.
        challenge.mediation = None;
        Ok(Ceremony { options: json(&challenge)?, state: json(&State::LogIn(state))? })
    }

    /// Who an answer *claims* to be from (the `user` of its registration) and its credential's id, both unproved until
    /// [`finish_log_in`](Self::finish_log_in).
    ///
    /// # Errors
    /// `Unreadable`, or `Unknown` where the answer names no user of ours.
    pub fn who(&self, answer: &str) -> Result<(Uuid, Vec<u8>), PasskeyError> {
        let answer = read(answer)?;
        let (user, credential) = self.0.identify_discoverable_authentication(&answer)?;
        Ok((user, credential.to_vec()))
    }

    /// Ends a log-in, with what the account of [`who`](Self::who)'s user has stored.
    ///
    /// # Errors
    /// As [`PasskeyError`] says; `Unknown` where the passkey is none of those stored.
    pub fn finish_log_in(&self, answer: &str, state: &str, stored: &[String]) -> Result<Used, PasskeyError> {
        let State::LogIn(state) = ours(state)? else { return Err(PasskeyError::Failed) };
        self.used(answer, state, stored)
    }

    fn used(
        &self,
        answer: &str,
        state: DiscoverableAuthentication,
        stored: &[String],
    ) -> Result<Used, PasskeyError> {
        let answer: PublicKeyCredential = read(answer)?;
        let mut passkey = passkeys(stored)?
            .into_iter()
            .find(|passkey| passkey.cred_id() == answer.get_credential_id())
            .ok_or(PasskeyError::Unknown)?;
        let result = self.0.finish_discoverable_authentication_v2(&answer, state, &passkey)?;
        let changed = passkey.update_credential(&result) == Some(true);
        Ok(Used {
            credential: passkey.cred_id().clone(),
            passkey: changed.then(|| json(&passkey)).transpose()?,
        })
    }
}

/// A browser's answer.
fn read<T: DeserializeOwned>(answer: &str) -> Result<T, PasskeyError> {
    if answer.len() > LONGEST_ANSWER {
        return Err(PasskeyError::Unreadable);
    }
    serde_json::from_str(answer).map_err(|_| PasskeyError::Unreadable)
}

/// What this module wrote itself. The error's own words could quote it, and are left out.
fn ours<T: DeserializeOwned>(text: &str) -> Result<T, PasskeyError> {
    serde_json::from_str(text).map_err(|error| {
        tracing::error!(kind = ?error.classify(), "a passkey or a ceremony's state that was kept cannot be read");
        PasskeyError::Failed
    })
}

fn passkeys(stored: &[String]) -> Result<Vec<Passkey>, PasskeyError> {
    stored.iter().map(|passkey| ours(passkey)).collect()
}

fn json(value: &impl Serialize) -> Result<String, PasskeyError> {
    serde_json::to_string(value).map_err(|_| PasskeyError::Failed)
}

fn value(value: &impl Serialize) -> Result<serde_json::Value, PasskeyError> {
    serde_json::to_value(value).map_err(|_| PasskeyError::Failed)
}
