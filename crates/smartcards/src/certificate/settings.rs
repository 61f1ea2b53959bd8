use std::{
    fmt, fs,
    path::{Path, PathBuf},
    str::FromStr,
};

use serde::Deserialize;
use x509_parser::asn1_rs::Oid;

/// The shortest secret that nobody guesses.
pub(super) const SECRET_CHARACTERS: usize = 32;
const SECRET_CHARACTERS_MOST: usize = 512;

/// The `[access.smartcard_certificates]` table of the configuration.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The card host's name, such as `card.portal.example`; it is served on the portal's port.
    pub host: String,
    /// A PEM file of the authorities whose cards are accepted: roots, and intermediate ones that cards do not carry themselves.
    pub authorities: PathBuf,
    /// Their revocation lists, PEM or DER.
    #[serde(default)]
    pub revocation_lists: Vec<PathBuf>,
    /// Where the UUID stands in a card's certificate.
    #[serde(default)]
    pub uuid_field: UuidField,
    /// What a proxy that ends TLS writes before a certificate, so that no client can.
    pub proxy_secret: Option<ProxySecret>,
    /// A file that holds it.
    pub proxy_secret_file: Option<PathBuf>,
}

/// Where the 12-digit UUID stands in a certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum UuidField {
    /// `serialNumber`: the attribute of the subject, not the certificate's own number.
    #[default]
    SerialNumber,
    /// `CN`: the subject's common name.
    CommonName,
    /// `SAN`: a subject alternative name, or the part before the `@` of an address or principal name, or the last part of a URI.
    San,
    /// A dotted number: a subject attribute, an extension that is a string, or another name (`otherName`) of that kind.
    Oid(Oid<'static>),
}

impl FromStr for UuidField {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "serialNumber" => Ok(Self::SerialNumber),
            "CN" => Ok(Self::CommonName),
            "SAN" => Ok(Self::San),
            _ => text.parse().map(Self::Oid).map_err(|_| {
                format!(
                    "{text:?} is none of serialNumber, CN, SAN and no object identifier such as 1.2.826.0.1"
                )
            }),
        }
    }
}

impl TryFrom<String> for UuidField {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

/// The secret between a proxy and the portal, that no log shows.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct ProxySecret(String);

impl ProxySecret {
    /// For [`from_proxy`](super::from_proxy).
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ProxySecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ProxySecret")
    }
}

/// A setting that cannot stand.
#[derive(Debug, thiserror::Error)]
#[error("access.smartcard_certificates.{key}: {problem}")]
pub struct SettingsError {
    /// The key within the table.
    pub key: &'static str,
    /// What is wrong with it, with the file's name where there is one.
    pub problem: String,
}

impl SettingsError {
    pub(super) fn new(key: &'static str, problem: impl Into<String>) -> Self {
        Self { key, problem: problem.into() }
    }
}

impl Settings {
    /// The host must be a name, since TLS has no other way to ask for it.
    pub(super) fn check_host(&self) -> Result<(), SettingsError> {
        match url::Host::parse(&self.host) {
            Ok(url::Host::Domain(name)) if name.eq_ignore_ascii_case(&self.host) => Ok(()),
            _ => Err(SettingsError::new(
                "host",
                format!(
                    "{:?} is no host name (write it without port, scheme and path; an address has no name)",
                    self.host
                ),
            )),
        }
    }

    /// The secret between the proxy and the portal, if there is a proxy. Paths are relative to `folder`, the configuration's.
    ///
    /// # Errors
    /// Where both keys are set, the file cannot be read, or the secret is too short, too long or not one word.
    pub fn proxy_secret(&self, folder: &Path) -> Result<Option<ProxySecret>, SettingsError> {
        let (key, secret) = match (&self.proxy_secret, &self.proxy_secret_file) {
            (None, None) => return Ok(None),
            (Some(_), Some(_)) => {
                let problem = "stands beside proxy_secret; keep one of them";
                return Err(SettingsError::new("proxy_secret_file", problem));
            }
            (Some(ProxySecret(secret)), None) => ("proxy_secret", secret.clone()),
            (None, Some(file)) => {
                let (key, path) = ("proxy_secret_file", folder.join(file));
                let text = fs::read_to_string(&path)
                    .map_err(|error| SettingsError::new(key, format!("{path:?} cannot be read: {error}")))?;
                (key, text.trim_end_matches(['\n', '\r']).to_owned())
            }
        };
        let wrong = |problem: String| Err(SettingsError::new(key, problem));
        match secret.len() {
            ..SECRET_CHARACTERS => wrong(format!("is shorter than {SECRET_CHARACTERS} characters")),
            SECRET_CHARACTERS..=SECRET_CHARACTERS_MOST
                if secret.bytes().all(|byte| byte.is_ascii_graphic()) =>
            {
                Ok(Some(ProxySecret(secret)))
            }
            SECRET_CHARACTERS..=SECRET_CHARACTERS_MOST => {
                wrong("has a character in it that is no ASCII letter, digit or sign".into())
            }
            _ => wrong(format!("is longer than {SECRET_CHARACTERS_MOST} characters")),
        }
    }
}
