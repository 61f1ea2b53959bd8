use std::{
    fmt,
    path::{Path, PathBuf},
};

use openidconnect::{IssuerUrl, RedirectUrl};
use serde::Deserialize;
use url::{Host, Url};

/// One `[[access.smartcard_providers]]` table.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Stands in addresses and on the trail: up to 32 of `a`–`z`, `0`–`9` and `-`.
    pub id: String,
    /// On the button, such as `NHS CIS2`; up to 60 characters.
    pub name: String,
    /// Exactly as the provider itself writes it. HTTPS, except on this very machine.
    pub issuer: String,
    /// What the provider calls this portal.
    pub client_id: String,
    /// At least 16 characters. Either this or `client_secret_file`.
    pub client_secret: Option<String>,
    /// A file that holds the secret, relative to the configuration's folder.
    pub client_secret_file: Option<PathBuf>,
    /// Asked for besides `openid`.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// The claim that holds the card's 12-digit UUID, in the ID token or else in userinfo.
    pub uuid_claim: String,
    /// The values of the `acr` claim that count as a card; at least one.
    pub acr: Vec<String>,
    /// How well the provider must have checked who the person is; not asked about where this is missing.
    pub identity_assurance: Option<Assurance>,
}

/// The `identity_assurance` table within.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assurance {
    /// The claim that holds the level, as a number or its digits.
    pub claim: String,
    /// The lowest level that will do, from 1.
    pub least: u8,
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings").field("id", &self.id).field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

/// A setting that cannot stand.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("access.smartcard_providers.{key}: {problem}")]
pub struct SettingsError {
    /// The key within the table, such as `issuer`.
    pub key: &'static str,
    /// What is wrong with it.
    pub problem: String,
}

pub(super) fn wrong(key: &'static str, problem: impl Into<String>) -> SettingsError {
    SettingsError { key, problem: problem.into() }
}

impl Settings {
    /// Whatever needs no parsed form.
    pub(super) fn check(&self) -> Result<(), SettingsError> {
        let short = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if !(1..=32).contains(&self.id.len()) || !self.id.bytes().all(short) {
            return Err(wrong("id", "is not 1 to 32 of a to z, 0 to 9 and -"));
        }
        let name = self.name.trim();
        if name.is_empty() || name.chars().count() > 60 || name.contains(char::is_control) {
            return Err(wrong("name", "is empty, over 60 characters, or has a line end in it"));
        }
        let words: [(&'static str, &[String]); 4] = [
            ("client_id", std::slice::from_ref(&self.client_id)),
            ("scopes", &self.scopes),
            ("uuid_claim", std::slice::from_ref(&self.uuid_claim)),
            ("acr", &self.acr),
        ];
        for (key, values) in words {
            if values.len() > 16 || !values.iter().all(|value| is_word(value)) {
                return Err(wrong(
                    key,
                    "has an empty value, one over 200 characters, one with a space, or over 16 of them",
                ));
            }
        }
        if self.acr.is_empty() {
            return Err(wrong("acr", "is empty; name the values that count as a card"));
        }
        match &self.identity_assurance {
            Some(assurance) if !is_word(&assurance.claim) => {
                Err(wrong("identity_assurance.claim", "is empty, over 200 characters, or has a space in it"))
            }
            Some(Assurance { least: 0, .. }) => {
                Err(wrong("identity_assurance.least", "is 0; leave the table out to ask for nothing"))
            }
            _ => Ok(()),
        }
    }

    /// The issuer, and whether it is on this very machine.
    pub(super) fn issuer(&self) -> Result<(IssuerUrl, bool), SettingsError> {
        let url = address("issuer", &self.issuer)?;
        if url.query().is_some() {
            return Err(wrong("issuer", "has a ? in it"));
        }
        let issuer =
            IssuerUrl::new(self.issuer.clone()).map_err(|error| wrong("issuer", error.to_string()))?;
        Ok((issuer, is_loopback(&url)))
    }

    pub(super) fn secret(&self, folder: &Path) -> Result<String, SettingsError> {
        let (key, secret) = match (&self.client_secret, &self.client_secret_file) {
            (Some(secret), None) => ("client_secret", secret.clone()),
            (None, Some(file)) => {
                let (key, path) = ("client_secret_file", folder.join(file));
                let text = std::fs::read_to_string(&path)
                    .map_err(|error| wrong(key, format!("{}: {error}", path.display())))?;
                (key, text.trim_end_matches(['\n', '\r']).to_owned())
            }
            (Some(_), Some(_)) => {
                return Err(wrong("client_secret_file", "stands beside client_secret; keep one of them"));
            }
            (None, None) => return Err(wrong("client_secret", "is missing, and so is client_secret_file")),
        };
        if secret.chars().count() < 16 {
            return Err(wrong(key, "is shorter than 16 characters"));
        }
        Ok(secret)
    }
}

/// Where the provider sends people back to: this portal's own address.
pub(super) fn redirect(address_: &str) -> Result<RedirectUrl, SettingsError> {
    let url = address("redirect", address_)?;
    Ok(RedirectUrl::from_url(url))
}

fn address(key: &'static str, text: &str) -> Result<Url, SettingsError> {
    let url = Url::parse(text).map_err(|error| wrong(key, format!("is no address: {error}")))?;
    if !is_safe(&url, is_loopback(&url)) {
        return Err(wrong(key, "is not https:// (http:// is allowed to this very machine only)"));
    }
    if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        return Err(wrong(key, "has a user name or a # in it"));
    }
    Ok(url)
}

/// Whether people and secrets may be sent there: by HTTPS, or to this very machine.
pub(super) fn is_safe(url: &Url, loopback: bool) -> bool {
    url.scheme() == "https" || (loopback && url.scheme() == "http" && is_loopback(url))
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

fn is_word(text: &str) -> bool {
    (1..=200).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
}
