use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
};

use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
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
    /// Newest first; never empty, as all of them.
    cookie: Vec<[u8; 32]>,
    form: Vec<[u8; 32]>,
    factor: Vec<[u8; 32]>,
    ticket: Vec<[u8; 32]>,
    /// Those of pay, by number, newest first: what they seal stays for years and says by which one.
    pay: RwLock<Arc<Vec<Numbered>>>,
    /// Where newer ones may have been made since; none where there are only these.
    folder: Option<PathBuf>,
}

type Numbered = (i64, [u8; 32]);

/// What is sealed, each with keys of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sealed {
    /// A form that is kept for half an hour.
    Form,
    /// What an authenticator app shares with us.
    Factor,
    /// What a browser carries from one request to a later one, and may neither read nor change.
    Ticket,
}

impl Sealed {
    fn word(self) -> &'static str {
        match self {
            Self::Form => "form",
            Self::Factor => "factor",
            Self::Ticket => "ticket",
        }
    }
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

const KINDS: [&str; 5] = ["cookie", "form", "factor", "ticket", PAY];
const PAY: &str = "pay";
const NONCE: usize = 24;

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
                *keys = read_kind(folder, kind)?;
            }
        }
        let [cookie, form, factor, ticket, pay] = found;
        let plain = |keys: Vec<Numbered>| keys.into_iter().map(|(_, key)| key).collect();
        Ok(Self(Arc::new(Inner {
            cookie: plain(cookie),
            form: plain(form),
            factor: plain(factor),
            ticket: plain(ticket),
            pay: RwLock::new(Arc::new(pay)),
            folder: Some(folder.to_owned()),
        })))
    }

    /// Makes the next key of each kind. Running processes take up the one for pay by themselves, and the others when they are started
    /// again.
    ///
    /// # Errors
    /// As [`Keys::open`].
    pub fn rotate(folder: &Path, entropy: &Entropy) -> Result<(), KeysError> {
        let found = Self::read(folder)?;
        for (kind, keys) in KINDS.iter().zip(found) {
            let next = keys.first().map_or(1, |(newest, _)| newest + 1);
            write_new(folder, kind, next, &entropy.secret())?;
        }
        Ok(())
    }

    /// Keys that are the same for the same seed. For tests only.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        let entropy = Entropy::seeded(seed);
        let key = || vec![entropy.bytes()];
        let (cookie, form, factor, ticket) = (key(), key(), key(), key());
        let pay = RwLock::new(Arc::new(vec![(1, entropy.bytes())]));
        Self(Arc::new(Inner { cookie, form, factor, ticket, pay, folder: None }))
    }

    /// Looks whether newer keys for pay have been made since.
    ///
    /// # Errors
    /// As [`Keys::open`].
    pub fn refresh(&self) -> Result<(), KeysError> {
        let Some(folder) = &self.0.folder else { return Ok(()) };
        let found = read_kind(folder, PAY)?;
        if !found.is_empty() {
            *self.0.pay.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(found);
        }
        Ok(())
    }

    fn pay(&self) -> Arc<Vec<Numbered>> {
        self.0.pay.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The number of the newest key for pay that is known here.
    #[must_use]
    pub fn newest_for_pay(&self) -> i64 {
        self.pay()[0].0
    }

    /// The numbers of all keys for pay that are known here, the newest first.
    #[must_use]
    pub fn numbers_for_pay(&self) -> Vec<i64> {
        self.pay().iter().map(|(number, _)| *number).collect()
    }

    /// [`Keys::seal`] for pay, and the number of the key that did it.
    ///
    /// # Panics
    /// As [`Keys::seal`].
    #[must_use]
    pub fn seal_pay(&self, bound: &[u8], text: &[u8], entropy: &Entropy) -> (i64, Vec<u8>) {
        let (number, key) = self.pay()[0];
        (number, seal_with(&key, PAY, bound, text, entropy))
    }

    /// What [`Keys::seal_pay`] sealed with the key of this number, bound to the same; `None` for anything else. A number that is not known
    /// here may have been made by another process since: the folder is read anew.
    #[must_use]
    pub fn open_pay(&self, number: i64, bound: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let find = || self.pay().iter().find(|(of, _)| *of == number).map(|(_, key)| *key);
        let key = find().or_else(|| {
            let refreshed = self.refresh();
            if let Err(error) = refreshed {
                tracing::error!(%error, "a newer key could not be read");
            }
            find()
        })?;
        open_with(&key, PAY, bound, sealed)
    }

    pub(crate) fn cookie(&self) -> &[u8; 32] {
        &self.0.cookie[0]
    }

    /// Seals `text` so that only this site can read it, and only together with `bound`, which is said again to open it.
    ///
    /// # Panics
    /// Where there is more than fits into memory.
    #[must_use]
    pub fn seal(&self, what: Sealed, bound: &[u8], text: &[u8], entropy: &Entropy) -> Vec<u8> {
        seal_with(&self.of(what)[0], what.word(), bound, text, entropy)
    }

    /// What [`Keys::seal`] sealed with any of our keys, bound to the same; `None` for anything else.
    #[must_use]
    pub fn open_sealed(&self, what: Sealed, bound: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        self.of(what).iter().find_map(|key| open_with(key, what.word(), bound, sealed))
    }

    fn of(&self, what: Sealed) -> &[[u8; 32]] {
        match what {
            Sealed::Form => &self.0.form,
            Sealed::Factor => &self.0.factor,
            Sealed::Ticket => &self.0.ticket,
        }
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

    fn read(folder: &Path) -> Result<[Vec<Numbered>; 5], KeysError> {
        use std::os::unix::fs::DirBuilderExt;
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(|source| KeysError::File { path: folder.to_owned(), source })?;
        let [cookie, form, factor, ticket, pay] = KINDS.map(|kind| read_kind(folder, kind));
        Ok([cookie?, form?, factor?, ticket?, pay?])
    }
}

/// The keys of one kind, newest first. Numbers may be missing: an old key that nothing needs any more can be removed.
fn read_kind(folder: &Path, kind: &str) -> Result<Vec<Numbered>, KeysError> {
    use std::os::unix::fs::PermissionsExt;
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| KeysError::File { path, source }
    };
    let mut keys = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed(folder))? {
        let path = entry.map_err(failed(folder))?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let digits = name
            .strip_prefix(kind)
            .and_then(|rest| rest.strip_prefix('-')?.strip_suffix(".key"))
            .unwrap_or_default();
        let Some(number) = digits.parse::<i64>().ok().filter(|_| digits.bytes().all(|b| b.is_ascii_digit()))
        else {
            continue;
        };
        let text = fs::read_to_string(&path).map_err(failed(&path))?;
        if fs::metadata(&path).map_err(failed(&path))?.permissions().mode() & 0o077 != 0 {
            return Err(KeysError::Open(path));
        }
        let key = Secret::parse(text.trim()).ok_or_else(|| KeysError::NoKey(path.clone()))?;
        keys.push((number, key.into()));
    }
    keys.sort_unstable_by_key(|(number, _): &Numbered| std::cmp::Reverse(*number));
    Ok(keys)
}

fn seal_with(key: &[u8; 32], what: &str, bound: &[u8], text: &[u8], entropy: &Entropy) -> Vec<u8> {
    let nonce: [u8; NONCE] = entropy.bytes();
    let payload = Payload { msg: text, aad: &aad(what, bound) };
    let sealed = XChaCha20Poly1305::new(key.into()).encrypt(XNonce::from_slice(&nonce), payload);
    [nonce.as_slice(), &sealed.expect("what fits into memory can be sealed")].concat()
}

fn open_with(key: &[u8; 32], what: &str, bound: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    let (nonce, sealed) = sealed.split_at_checked(NONCE)?;
    let payload = Payload { msg: sealed, aad: &aad(what, bound) };
    XChaCha20Poly1305::new(key.into()).decrypt(XNonce::from_slice(nonce), payload).ok()
}

/// What is bound into a seal besides its text: of what kind it is, and to what it belongs.
fn aad(what: &str, bound: &[u8]) -> Vec<u8> {
    [what.as_bytes(), b":", bound].concat()
}

fn signature(key: &[u8; 32], value: &str) -> String {
    let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(b"cookie:");
    mac.update(value.as_bytes());
    Secret::from(<[u8; 32]>::from(mac.finalize().into_bytes())).reveal()
}

/// Writes a key whole or not at all, and never over one that another process has just made.
fn write_new(folder: &Path, kind: &str, number: i64, key: &Secret) -> Result<(), KeysError> {
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

    use super::{Keys, KeysError, Sealed};

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
        let sealed = first.seal(Sealed::Factor, b"helen", b"secret", &Entropy::seeded(4));
        let open = |keys: &Keys, what, bound: &[u8]| keys.open_sealed(what, bound, &sealed);
        assert_eq!(open(&second, Sealed::Factor, b"helen").as_deref(), Some(b"secret".as_slice()));
        assert_eq!(open(&second, Sealed::Factor, b"gareth"), None);
        assert_eq!(open(&second, Sealed::Ticket, b"helen"), None);
        assert_eq!(second.open_sealed(Sealed::Factor, b"helen", &sealed[..20]), None);
        for forged in
            ["browser", "browser.", "", &signed.replace("browser", "brewser"), &format!("{signed}0")]
        {
            assert_eq!(second.verified(forged), None, "{forged}");
        }
    }

    #[test]
    fn a_key_for_pay_is_taken_up_while_running_and_an_old_one_can_be_removed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys");
        let (one, other) = (
            Keys::open(&path, &Entropy::seeded(1)).unwrap(),
            Keys::open(&path, &Entropy::seeded(1)).unwrap(),
        );
        let entropy = Entropy::seeded(9);
        let (number, old) = one.seal_pay(b"helen", b"1234.56", &entropy);
        assert_eq!((number, one.newest_for_pay()), (1, 1));
        Keys::rotate(&path, &Entropy::seeded(2)).unwrap();
        one.refresh().unwrap();
        let (number, new) = one.seal_pay(b"helen", b"1234.56", &entropy);
        assert_eq!(number, 2);
        // The other process has not been told.
        assert_eq!(other.newest_for_pay(), 1);
        assert_eq!(other.open_pay(2, b"helen", &new).as_deref(), Some(b"1234.56".as_slice()));
        assert_eq!(other.newest_for_pay(), 2);
        for (number, bound, sealed) in [
            (1, b"helen", &new),
            (2, b"helen", &old),
            (3, b"helen", &new),
            (2, b"janes", &new),
            (0, b"helen", &new),
        ] {
            assert_eq!(other.open_pay(number, bound, sealed), None, "{number}");
        }
        std::fs::remove_file(path.join("pay-0001.key")).unwrap();
        let later = Keys::open(&path, &Entropy::seeded(3)).unwrap();
        assert_eq!(later.newest_for_pay(), 2);
        assert_eq!(later.open_pay(1, b"helen", &old), None);
        Keys::rotate(&path, &Entropy::seeded(4)).unwrap();
        later.refresh().unwrap();
        assert_eq!(later.newest_for_pay(), 3);
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
