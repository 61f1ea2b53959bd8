//! The `[mail]` table of the configuration.

use std::{
    fmt,
    net::IpAddr,
    path::{Path, PathBuf},
    sync::Mutex,
    time::Duration,
};

use lettre::transport::smtp::{
    authentication::Credentials,
    client::{Certificate, TlsParameters},
};
use serde::Deserialize;

use crate::{Sender, Smtp, Transport, smtp::Encryption};

store::words! {
    /// How the connection to the mail server is encrypted; the certificate is always verified.
    pub enum Tls {
        /// Plain at first, encrypted before anything is said.
        StartTls = "starttls",
        /// Encrypted from the first byte.
        Tls = "tls",
        /// Not at all; only to this very machine.
        None = "none",
    }
}

/// The `[mail]` table.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The address that mails come from.
    pub from: String,
    /// The name beside it.
    pub from_name: Option<String>,
    /// The address that answers go to.
    pub reply_to: Option<String>,
    /// The mail server. Either this or `folder`.
    pub smtp: Option<SmtpSettings>,
    /// The folder that mails are written to, relative to the configuration's.
    pub folder: Option<PathBuf>,
}

/// The `smtp` table within.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SmtpSettings {
    /// Its name, as in its certificate.
    pub host: String,
    /// Its port: 587 for `starttls`, 465 for `tls`, 25 for `none`.
    pub port: Option<u16>,
    /// `starttls` where nothing is said.
    pub tls: Option<Tls>,
    /// The name to log in with.
    pub username: Option<String>,
    /// The password to it.
    pub password: Option<Password>,
    /// A file that holds the password.
    pub password_file: Option<PathBuf>,
    /// A PEM file of certificate authorities that are trusted besides the system's.
    pub ca_file: Option<PathBuf>,
    /// How long one mail may take from connecting to the last answer, 1 to 600; 60 where nothing is said.
    pub timeout_seconds: Option<u64>,
}

/// A password that no log shows.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct Password(String);

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password")
    }
}

/// A setting that cannot stand.
#[derive(Debug, thiserror::Error)]
#[error("{key}: {problem}")]
pub struct SettingsError {
    /// The key, such as `mail.smtp.port`.
    pub key: &'static str,
    /// What is wrong with it.
    pub problem: String,
}

fn wrong(key: &'static str, problem: impl Into<String>) -> SettingsError {
    SettingsError { key, problem: problem.into() }
}

impl Settings {
    /// What the settings name, opened but not connected. Paths are relative to `base`, the configuration's folder.
    ///
    /// # Errors
    /// Names the key and what is wrong with it.
    pub fn open(&self, base: &Path) -> Result<(Transport, Sender), SettingsError> {
        let sender = self.sender()?;
        let transport = match (&self.smtp, &self.folder) {
            (Some(smtp), None) => Transport::Smtp(smtp.open(base)?),
            (None, Some(folder)) if folder.as_os_str().is_empty() => {
                return Err(wrong("mail.folder", "is empty"));
            }
            (None, Some(folder)) => Transport::folder(base.join(folder))
                .map_err(|error| wrong("mail.folder", error.to_string()))?,
            (Some(_), Some(_)) => return Err(wrong("mail", "has both smtp and folder; keep one of them")),
            (None, None) => return Err(wrong("mail", "has neither smtp nor folder; one of them is needed")),
        };
        Ok((transport, sender))
    }

    fn sender(&self) -> Result<Sender, SettingsError> {
        if self.from_name.as_deref().is_some_and(|name| name.len() > 200 || name.contains(char::is_control)) {
            return Err(wrong("mail.from_name", "is over 200 bytes or has a line end in it"));
        }
        Sender::new(&self.from, None, None).map_err(|error| wrong("mail.from", error.to_string()))?;
        Sender::new(&self.from, self.from_name.as_deref(), self.reply_to.as_deref())
            .map_err(|error| wrong("mail.reply_to", error.to_string()))
    }
}

impl SmtpSettings {
    fn open(&self, base: &Path) -> Result<Smtp, SettingsError> {
        let tls = self.tls.unwrap_or(Tls::StartTls);
        let host = self.host.trim();
        if host.is_empty() || host.contains(|c: char| c.is_whitespace() || c == '/' || c == '@') {
            return Err(wrong("mail.smtp.host", "is no host name (write it without port, scheme and path)"));
        }
        if tls == Tls::None && !is_loopback(host) {
            return Err(wrong("mail.smtp.tls", "\"none\" is allowed to this very machine only (localhost)"));
        }
        let default_port = match tls {
            Tls::StartTls => 587,
            Tls::Tls => 465,
            Tls::None => 25,
        };
        let port = self.port.unwrap_or(default_port);
        if port == 0 {
            return Err(wrong("mail.smtp.port", "is 0"));
        }
        let seconds = self.timeout_seconds.unwrap_or(60);
        if !(1..=600).contains(&seconds) {
            return Err(wrong("mail.smtp.timeout_seconds", "is not between 1 and 600"));
        }
        let encryption = match tls {
            Tls::None if self.ca_file.is_some() => {
                return Err(wrong("mail.smtp.ca_file", "is of no use where tls is \"none\""));
            }
            Tls::None => Encryption::None,
            Tls::StartTls => Encryption::StartTls(self.tls_parameters(host, base)?),
            Tls::Tls => Encryption::Tls(self.tls_parameters(host, base)?),
        };
        Ok(Smtp {
            host: host.to_owned(),
            port,
            encryption,
            credentials: self.credentials(base)?,
            timeout: Duration::from_secs(seconds),
            idle: Mutex::default(),
        })
    }

    fn tls_parameters(&self, host: &str, base: &Path) -> Result<TlsParameters, SettingsError> {
        let mut builder = TlsParameters::builder(host.to_owned());
        if let Some(file) = &self.ca_file {
            let pem = read("mail.smtp.ca_file", &base.join(file))?;
            let certificate = Certificate::from_pem(pem.as_bytes())
                .ok()
                .filter(|_| pem.contains("-----BEGIN CERTIFICATE-----"))
                .ok_or_else(|| wrong("mail.smtp.ca_file", "holds no certificate in PEM form"))?;
            builder = builder.add_root_certificate(certificate);
        }
        builder.build().map_err(|error| wrong("mail.smtp.ca_file", format!("cannot be used: {error}")))
    }

    fn credentials(&self, base: &Path) -> Result<Option<Credentials>, SettingsError> {
        let password = match (&self.password, &self.password_file) {
            (Some(_), Some(_)) => {
                return Err(wrong("mail.smtp.password_file", "stands beside password; keep one of them"));
            }
            (Some(Password(password)), None) => Some(("mail.smtp.password", password.clone())),
            (None, Some(file)) => {
                let key = "mail.smtp.password_file";
                let text = read(key, &base.join(file))?;
                Some((key, text.trim_end_matches(['\n', '\r']).to_owned()))
            }
            (None, None) => None,
        };
        match (&self.username, password) {
            (Some(_), Some((key, password))) if password.is_empty() => Err(wrong(key, "is empty")),
            (Some(username), Some((_, password))) => Ok(Some(Credentials::new(username.clone(), password))),
            (Some(_), None) => Err(wrong("mail.smtp.username", "has no password or password_file beside it")),
            (None, Some((key, _))) => Err(wrong(key, "has no username beside it")),
            (None, None) => Ok(None),
        }
    }
}

fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

/// A small file; its name is in the error.
fn read(key: &'static str, path: &Path) -> Result<String, SettingsError> {
    let bad = |problem: &str| wrong(key, format!("{} {problem}", path.display()));
    let size = std::fs::metadata(path).map_err(|error| bad(&format!("cannot be read: {error}")))?.len();
    if size > 1 << 20 {
        return Err(bad("is over 1 MiB"));
    }
    std::fs::read_to_string(path).map_err(|error| bad(&format!("cannot be read: {error}")))
}
