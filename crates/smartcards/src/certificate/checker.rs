use std::{
    cmp::Reverse,
    fmt,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock, TryLockError},
    time::Duration,
};

use rustls::{
    DistinguishedName, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, SignatureVerificationAlgorithm, TrustAnchor, UnixTime},
};
use store::Instant;
use webpki::{EndEntityCert, Error, KeyUsage, VerifiedPath};
use x509_parser::{certificate::X509Certificate, parse_x509_certificate};

use super::{
    CERTIFICATE_BYTES, CHAIN_CERTIFICATES, Card, CardRefused, Finding, Settings, SettingsError, UuidField,
    authorities::{self, Authority, BUNDLE_BYTES},
    card, findings,
    lists::{self, LISTS_BYTES, List},
    remembered::remembering,
    revocation::LookUp,
    watched::Watched,
};

/// The files are looked at so often at most.
const LOOK_MICROSECONDS: u64 = 1_000_000;

/// Says what a client's certificate is worth. Clones share what was read from the files, which are read again when they change.
#[derive(Clone)]
pub struct Checker(Arc<Shared>);

struct Shared {
    uuid_field: UuidField,
    algorithms: Vec<Box<dyn SignatureVerificationAlgorithm>>,
    /// Whoever holds it looks at the files; nobody waits for it who only checks a card.
    files: Mutex<Files>,
    current: RwLock<Arc<Current>>,
    hints: Hints,
}

/// The files, and the time in microseconds at which they were looked at.
pub(super) struct Files {
    pub(super) authorities: Watched<Authority>,
    pub(super) lists: Vec<Watched<Arc<List>>>,
    looked_at: i64,
}

/// What cards are checked against.
struct Current {
    /// Of the authorities that are valid, and trusted by themselves.
    anchors: Vec<TrustAnchor<'static>>,
    /// Trusted by no means: they only help to find a chain.
    intermediates: Vec<CertificateDer<'static>>,
    /// The names of all authorities, DER.
    names: Vec<Vec<u8>>,
    /// The certificates of the anchors.
    valid: Vec<CertificateDer<'static>>,
    /// The newest first, which is the one that answers for a certificate.
    lists: Vec<Arc<List>>,
}

impl fmt::Debug for Checker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Checker").field("uuid_field", &self.0.uuid_field).finish_non_exhaustive()
    }
}

impl Checker {
    /// Reads the files. Paths are relative to `folder`, the configuration's.
    ///
    /// # Errors
    /// Names the key, the file and what is wrong with it. A list past its next update is no error, but refuses its authority's
    /// cards; see [`Checker::findings`].
    pub fn open(settings: &Settings, folder: &Path) -> Result<Self, SettingsError> {
        settings.check_host()?;
        settings.proxy_secret(folder)?;
        let authorities = Watched::open(
            "authorities",
            folder.join(&settings.authorities),
            BUNDLE_BYTES,
            authorities::parse,
        )?;
        let open_list =
            |path| Watched::open("revocation_lists", folder.join(path), LISTS_BYTES, lists::parse);
        let lists = settings.revocation_lists.iter().map(open_list).collect::<Result<Vec<_>, _>>()?;
        // Which authorities are valid is seen at the first look, since the time is not known here.
        let files = Files { authorities, lists, looked_at: i64::MIN };
        let current = files.current(i64::MIN);
        let hints = Hints { names: hints(&files), newer: OnceLock::new() };
        Ok(Self(Arc::new(Shared {
            uuid_field: settings.uuid_field.clone(),
            algorithms: remembering(ring::default_provider().signature_verification_algorithms.all),
            files: Mutex::new(files),
            current: RwLock::new(Arc::new(current)),
            hints,
        })))
    }

    /// What the holder of the first certificate's key has proved by `chain`, the certificates that they showed.
    ///
    /// # Errors
    /// Says why it is nothing.
    pub fn check(&self, chain: &[CertificateDer<'_>], now: Instant) -> Result<Card, CardRefused> {
        // Also before a refusal: whoever has no card that is asked for may have one of an authority that was added.
        let current = self.current(now);
        let (own, others) = chain.split_first().ok_or(CardRefused::NoCertificate)?;
        if chain.len() > CHAIN_CERTIFICATES || chain.iter().any(|der| der.len() > CERTIFICATE_BYTES) {
            return Err(CardRefused::Unreadable);
        }
        let certificate = match parse_x509_certificate(own) {
            Ok(([], certificate)) => certificate,
            _ => return Err(CardRefused::Unreadable),
        };
        if certificate.is_ca() {
            let known = current.names.iter().any(|name| name == certificate.issuer().as_raw());
            return Err(if known { CardRefused::WrongUse } else { CardRefused::UnknownIssuer });
        }
        if current.anchors.is_empty() {
            return Err(CardRefused::UnknownIssuer);
        }
        // `webpki` reads certificates more strictly than was done above.
        let card = EndEntityCert::try_from(own).map_err(|_| CardRefused::Unreadable)?;
        let intermediates: Vec<_> =
            others.iter().chain(&current.intermediates).map(|der| CertificateDer::from(&**der)).collect();
        let algorithms: Vec<_> = self.0.algorithms.iter().map(|algorithm| &**algorithm).collect();
        let seconds = now.microseconds().max(0) / 1_000_000;
        let at = UnixTime::since_unix_epoch(Duration::from_secs(seconds.unsigned_abs()));
        let look_up = LookUp { lists: &current.lists, algorithms: &algorithms, seconds };
        // Asked of each chain that is found, so that another is looked for where it refuses one.
        let not_revoked = |path: &VerifiedPath<'_>| look_up.check(path);
        let (anchors, usage) = (&current.anchors, KeyUsage::client_auth());
        card.verify_for_usage(&algorithms, anchors, &intermediates, at, usage, None, Some(&not_revoked))
            .map_err(|error| refused(&error, &certificate, seconds))?;
        card::check_use(&certificate)?;
        Card::read(&certificate, &self.0.uuid_field)
    }

    /// What will stop cards from being accepted, or does already, the worst first.
    #[must_use]
    pub fn findings(&self, now: Instant) -> Vec<Finding> {
        let mut files = self.0.files.lock().unwrap_or_else(PoisonError::into_inner);
        self.look(&mut files, now);
        findings::all(&files, now)
    }

    /// The names of the authorities, from which a browser sees which certificate to offer.
    #[must_use]
    pub fn names(&self) -> &[DistinguishedName] {
        &self.0.hints.newest().names
    }

    /// What cards are checked against now.
    fn current(&self, now: Instant) -> Arc<Current> {
        match self.0.files.try_lock() {
            Ok(mut files) => self.look(&mut files, now),
            Err(TryLockError::Poisoned(files)) => self.look(&mut files.into_inner(), now),
            Err(TryLockError::WouldBlock) => {}
        }
        self.0.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Looks at the files, unless that was done within the same second.
    fn look(&self, files: &mut MutexGuard<'_, Files>, now: Instant) {
        if now.microseconds().abs_diff(files.looked_at) < LOOK_MICROSECONDS {
            return;
        }
        files.looked_at = now.microseconds();
        let mut changed = files.authorities.look(BUNDLE_BYTES, authorities::parse);
        for list in &mut files.lists {
            changed |= list.look(LISTS_BYTES, lists::parse);
        }
        let seconds = now.microseconds().div_euclid(1_000_000);
        let current = &self.0.current;
        if !changed {
            let current = current.read().unwrap_or_else(PoisonError::into_inner);
            let valid = valid_anchors(&files.authorities.content, seconds).map(|anchor| &anchor.der);
            if valid.eq(&current.valid) {
                return;
            }
        }
        let new = Arc::new(files.current(seconds));
        *current.write().unwrap_or_else(PoisonError::into_inner) = new;
        self.0.hints.replace(hints(files));
    }
}

fn valid_anchors(authorities: &[Authority], seconds: i64) -> impl Iterator<Item = &Authority> {
    authorities::anchors(authorities).filter(move |anchor| anchor.is_valid_at(seconds))
}

fn hints(files: &Files) -> Vec<DistinguishedName> {
    files.authorities.content.iter().map(Authority::hint).collect()
}

impl Files {
    fn current(&self, seconds: i64) -> Current {
        let authorities = &self.authorities.content;
        let valid: Vec<_> = valid_anchors(authorities, seconds).map(|anchor| anchor.der.clone()).collect();
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(valid.iter().cloned());
        let mut lists: Vec<_> = self.lists.iter().flat_map(|file| file.content.iter().cloned()).collect();
        lists.sort_by_key(|list| Reverse(list.this_update));
        Current {
            anchors: roots.roots,
            intermediates: authorities::intermediates(authorities)
                .map(|authority| authority.der.clone())
                .collect(),
            names: authorities.iter().map(|authority| authority.subject.clone()).collect(),
            valid,
            lists,
        }
    }
}

/// What a refused chain means to the card's holder.
fn refused(error: &Error, certificate: &X509Certificate<'_>, seconds: i64) -> CardRefused {
    let validity = certificate.validity();
    match error {
        Error::CertRevoked => CardRefused::Revoked,
        Error::UnknownRevocationStatus
        | Error::IssuerNotCrlSigner
        | Error::InvalidCrlSignatureForPublicKey
        | Error::UnsupportedCrlSignatureAlgorithmContext(_)
        | Error::UnsupportedCrlSignatureAlgorithmForPublicKeyContext(_) => CardRefused::RevocationUnknown,
        Error::RequiredEkuNotFoundContext(_) => CardRefused::WrongUse,
        Error::CertExpired { .. } | Error::InvalidCertValidity
            if validity.not_after.timestamp() < seconds =>
        {
            CardRefused::Expired
        }
        Error::CertNotValidYet { .. } if validity.not_before.timestamp() > seconds => {
            CardRefused::NotYetValid
        }
        Error::BadDer
        | Error::BadDerTime
        | Error::TrailingData(_)
        | Error::UnsupportedSignatureAlgorithmContext(_)
        | Error::UnsupportedSignatureAlgorithmForPublicKeyContext(_) => CardRefused::Unreadable,
        // A chain that breaks further up: a signature, an expired authority, a constraint.
        _ => CardRefused::UnknownIssuer,
    }
}

/// Names that were handed out stay where they are, since rustls borrows them; newer ones are hung on. A bundle changes a few times
/// a year.
#[derive(Debug)]
struct Hints {
    names: Vec<DistinguishedName>,
    newer: OnceLock<Box<Hints>>,
}

impl Hints {
    fn newest(&self) -> &Self {
        let mut newest = self;
        while let Some(newer) = newest.newer.get() {
            newest = newer;
        }
        newest
    }

    fn replace(&self, names: Vec<DistinguishedName>) {
        let newest = self.newest();
        if !newest.names.iter().map(AsRef::as_ref).eq(names.iter().map(AsRef::<[u8]>::as_ref)) {
            let _ = newest.newer.set(Box::new(Self { names, newer: OnceLock::new() }));
        }
    }
}
