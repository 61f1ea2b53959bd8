use std::path::PathBuf;

use serde::Deserialize;

/// The `[access]` table of the configuration. Employers' own policies live in the database.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Memory of one password hash in KiB (argon2id `m`).
    pub hash_memory_kib: u32,
    /// Passes of one password hash (argon2id `t`).
    pub hash_passes: u32,
    /// Threads that hash; one per core unless set.
    pub hash_threads: Option<usize>,
    /// A file of SHA-1 hashes of breached passwords, sorted, one `HASH` or `HASH:COUNT` a line.
    pub breached_passwords: Option<PathBuf>,
    /// Failed log-ins from one network in 15 minutes after which browsers that are not known are not let in from there for a while. It counts
    /// against no account, and never in employers' own networks.
    pub network_failures: i64,
    /// Smartcards by certificate.
    pub smartcard_certificates: Option<smartcards::certificate::Settings>,
    /// Smartcards by identity provider.
    pub smartcard_providers: Vec<smartcards::provider::Settings>,
}

impl Default for Settings {
    fn default() -> Self {
        // OWASP Password Storage Cheat Sheet: argon2id with m=19 MiB, t=2, p=1.
        let (hash_memory_kib, hash_passes) = (19_456, 2);
        Self {
            hash_memory_kib,
            hash_passes,
            hash_threads: None,
            breached_passwords: None,
            network_failures: 2000,
            smartcard_certificates: None,
            smartcard_providers: Vec::new(),
        }
    }
}

/// Why the settings make no sense.
#[derive(Debug, thiserror::Error)]
#[error("{key}: {says}")]
pub struct SettingsError {
    /// Which key of `[access]`.
    pub key: &'static str,
    /// What is wrong.
    pub says: String,
}

impl Settings {
    pub(crate) fn params(&self) -> Result<argon2::Params, SettingsError> {
        argon2::Params::new(self.hash_memory_kib, self.hash_passes, 1, None)
            .map_err(|error| SettingsError { key: "hash_memory_kib, hash_passes", says: error.to_string() })
    }
}
