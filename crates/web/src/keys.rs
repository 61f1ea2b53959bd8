use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use hmac::{Hmac, Mac};
use sha2::Sha256;
use store::{Entropy, Secret};
use subtle::ConstantTimeEq;

/// The site's keys: files in one folder beside the database, readable by their owner only, numbered. The newest of each
/// kind is used; older ones still verify and open what they made. All `serve` processes of a site share the folder.
#[derive(Clone)]
pub struct Keys(Arc<Inner>);

struct Inner {
    /// Newest first; never empty.
    cookie: Vec<[u8; 32]>,
    form: Vec<[u8; 32]>,
}

/// Why the keys are not to be had.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The folder or a file in it.
    #[error("the keys in {path:?} cannot be used: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file that is no key.
    #[error("{0:?} is no key: restore it from your backup of the keys")]
    NoKey(PathBuf),
    /// Others can read it.
    #[error("{0:?} can be read by others: run `chmod 600` on it")]
    Open(PathBuf),
}

const KINDS: [&str; 2] = ["cookie", "form"];

impl Keys {
    /// Reads the keys in `folder`, and makes what is missing.
    ///
    /// # Errors
    /// Where the folder cannot be read or written, or a file in it is no key or open to others.
    pub fn open(folder: &Path, entropy: &Entropy) -> Result<Self, KeysError> {
        let mut found = Self::read(folder)?;
        for (kind, keys) in KINDS.iter().zip(&mut found) {
            if keys.is_empty() {
                write_new(folder, kind, 1, &entropy.secret())?;
                *keys = Self::read_kind(folder, kind)?;
            }
        }
        let [cookie, form] = found;
        Ok(Self(Arc::new(Inner { cookie, form })))
    }

    /// Makes the next key of each kind. Running processes take it up when they are started again.
    ///
    /// # Errors
    /// As [`Keys::open`].
    pub fn rotate(folder: &Path, entropy: &Entropy) -> Result<(), KeysError> {
        let found = Self::read(folder)?;
        for (kind, keys) in KINDS.iter().zip(found) {
            write_new(folder, kind, keys.len() + 1, &entropy.secret())?;
        }
        Ok(())
    }

    /// Keys that are the same for the same seed. For tests only.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        let entropy = Entropy::seeded(seed);
        Self(Arc::new(Inner { cookie: vec![entropy.bytes()], form: vec![entropy.bytes()] }))
    }

    pub(crate) fn cookie(&self) -> &[u8; 32] {
        &self.0.cookie[0]
    }

    /// The keys that kept forms are sealed with, newest first; never empty.
    #[must_use]
    pub fn form(&self) -> &[[u8; 32]] {
        &self.0.form
    }

    /// `value` with a signature, for a cookie that outlives a rotation of keys.
    #[must_use]
    pub fn sign(&self, value: &str) -> String {
        format!("{value}.{}", signature(self.cookie(), value))
    }

    /// The value that [`Keys::sign`] signed with any of our keys.
    #[must_use]
    pub fn verified<'v>(&self, signed: &'v str) -> Option<&'v str> {
        let (value, given) = signed.rsplit_once('.')?;
        let good = |key| bool::from(signature(key, value).as_bytes().ct_eq(given.as_bytes()));
        self.0.cookie.iter().any(good).then_some(value)
    }

    fn read(folder: &Path) -> Result<[Vec<[u8; 32]>; 2], KeysError> {
        use std::os::unix::fs::DirBuilderExt;
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(|source| KeysError::File { path: folder.to_owned(), source })?;
        Ok([Self::read_kind(folder, KINDS[0])?, Self::read_kind(folder, KINDS[1])?])
    }

    fn read_kind(folder: &Path, kind: &str) -> Result<Vec<[u8; 32]>, KeysError> {
        use std::os::unix::fs::PermissionsExt;
        let mut keys = Vec::new();
        for number in 1.. {
            let path = folder.join(format!("{kind}-{number:04}.key"));
            let failed = |source| KeysError::File { path: path.clone(), source };
            let text = match fs::read_to_string(&path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => break,
                read => read.map_err(failed)?,
            };
            if fs::metadata(&path).map_err(failed)?.permissions().mode() & 0o077 != 0 {
                return Err(KeysError::Open(path));
            }
            let key = Secret::parse(text.trim()).ok_or_else(|| KeysError::NoKey(path.clone()))?;
            keys.insert(0, key.into());
        }
        Ok(keys)
    }
}

fn signature(key: &[u8; 32], value: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(b"cookie:");
    mac.update(value.as_bytes());
    Secret::from(<[u8; 32]>::from(mac.finalize().into_bytes())).reveal()
}

/// Writes a key whole or not at all, and never over one that another process has just made.
fn write_new(folder: &Path, kind: &str, number: usize, key: &Secret) -> Result<(), KeysError> {
    use std::{io::Write, os::unix::fs::OpenOptionsExt};
    let path = folder.join(format!("{kind}-{number:04}.key"));
    let half = folder.join(format!("{kind}-{number:04}.{}", std::process::id()));
    let written =
        fs::OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(&half).and_then(
            |mut file| {
                writeln!(file, "{}", key.reveal())?;
                file.sync_all()
            },
        );
    let linked = written.and_then(|()| match fs::hard_link(&half, &path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        linked => linked,
    });
    let _ = fs::remove_file(&half);
    linked.map_err(|source| KeysError::File { path, source })
}

#[cfg(test)]
mod tests {
    use store::Entropy;

    use super::{Keys, KeysError};

    #[test]
    fn keys_are_made_once_and_older_ones_still_verify() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys");
        let first = Keys::open(&path, &Entropy::seeded(1)).unwrap();
        let signed = first.sign("browser");
        Keys::rotate(&path, &Entropy::seeded(2)).unwrap();
        let second = Keys::open(&path, &Entropy::seeded(3)).unwrap();
        assert_eq!(second.verified(&signed), Some("browser"));
        assert_ne!(second.sign("browser"), signed);
        assert_eq!(second.form().len(), 2);
        for forged in
            ["browser", "browser.", "", &signed.replace("browser", "brewser"), &format!("{signed}0")]
        {
            assert_eq!(second.verified(forged), None, "{forged}");
        }
    }

    #[test]
    fn a_key_that_others_can_read_or_that_is_none_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys");
        Keys::open(&path, &Entropy::seeded(1)).unwrap();
        let key = path.join("cookie-0001.key");
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(Keys::open(&path, &Entropy::seeded(1)), Err(KeysError::Open(_))));
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
        std::fs::write(&key, "short").unwrap();
        assert!(matches!(Keys::open(&path, &Entropy::seeded(1)), Err(KeysError::NoKey(_))));
    }
}
