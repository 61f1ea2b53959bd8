use std::{
    num::TryFromIntError,
    ops::Range,
    sync::{Arc, OnceLock},
};

use rustls::pki_types::{
    CertificateRevocationListDer, SignatureVerificationAlgorithm, SubjectPublicKeyInfoDer, pem::PemObject,
};
use webpki::{
    BorrowedCertRevocationList, Cert, CertRevocationList, Error, RawPublicKeyEntity,
    UnsupportedSignatureAlgorithmContext,
};
use x509_parser::{
    asn1_rs::{Any, FromDer},
    parse_x509_crl,
    time::ASN1Time,
};

use super::scope::Scope;

/// So large a file of lists may be.
pub(super) const LISTS_BYTES: u64 = 64 * 1024 * 1024;

/// A revocation list.
pub(super) struct List {
    /// Its issuer as it stands in certificates, DER.
    pub(super) issuer: Vec<u8>,
    /// Its issuer for people.
    pub(super) name: String,
    /// Seconds since 1970.
    pub(super) this_update: i64,
    pub(super) next_update: i64,
    /// What it is about, where that is not all that its issuer issued.
    scope: Option<Scope>,
    serials: Serials,
    signed: Signed,
    /// A key that it was seen to be signed with. To see that takes longer than all the rest of a card's check,
    /// and what was read here never changes.
    signed_with: OnceLock<SubjectPublicKeyInfoDer<'static>>,
}

/// What a list's signature is over, and the signature.
struct Signed {
    message: Vec<u8>,
    algorithm: Vec<u8>,
    signature: Vec<u8>,
}

/// The numbers of the certificates that were revoked, sorted, and in one piece since a list may hold hundreds
/// of thousands.
struct Serials {
    bytes: Vec<u8>,
    each: Vec<Range<u32>>,
}

/// Reads a file of lists: one in DER, or any number in PEM.
pub(super) fn parse(bytes: &[u8]) -> Result<Vec<Arc<List>>, String> {
    let lists = if bytes.starts_with(b"0") {
        vec![CertificateRevocationListDer::from(bytes)]
    } else {
        CertificateRevocationListDer::pem_slice_iter(bytes)
            .collect::<Result<_, _>>()
            .map_err(|error| format!("is neither a DER nor a PEM file: {error}"))?
    };
    if lists.is_empty() {
        return Err("holds no revocation list".into());
    }
    let list = |der: &CertificateRevocationListDer<'_>| match List::read(der) {
        Ok(list) => Ok(Arc::new(list)),
        Err(problem) => Err(format!("is no revocation list: {problem}")),
    };
    lists.iter().map(list).collect()
}

impl List {
    /// Whatever in a list cannot be understood refuses it, down to the last entry: `webpki` sees to that.
    fn read(der: &[u8]) -> Result<Self, String> {
        let list = BorrowedCertRevocationList::from_der(der).map_err(|error| error.to_string())?;
        let serials = Serials::read(&list)?;
        let list = CertRevocationList::from(list);
        let scope = list.issuing_distribution_point().map(Scope::read).transpose();
        let scope = scope.map_err(|error| error.to_string())?;
        let signed = Signed::read(der).ok_or("its signature cannot be read")?;
        let (_, parsed) = parse_x509_crl(der).map_err(|error| error.to_string())?;
        let next_update = parsed.next_update().ok_or("it has no next update")?;
        Ok(Self {
            issuer: parsed.issuer().as_raw().to_vec(),
            name: parsed.issuer().to_string(),
            this_update: parsed.last_update().timestamp(),
            next_update: ASN1Time::timestamp(&next_update),
            scope,
            serials,
            signed,
            signed_with: OnceLock::new(),
        })
    }

    /// Whether it is about a certificate that its issuer issued.
    ///
    /// # Errors
    /// Where the certificate does not say so in a way that can be read.
    pub(super) fn is_about(&self, certificate: &Cert<'_>, is_authority: bool) -> Result<bool, Error> {
        self.scope.as_ref().map_or(Ok(true), |scope| scope.includes(certificate, is_authority))
    }

    /// Whether the certificate of that number was revoked.
    pub(super) fn revokes(&self, serial: &[u8]) -> bool {
        self.serials.contain(serial)
    }

    /// Whether its issuer's key made it. A list is of one key, so one is remembered.
    ///
    /// # Errors
    /// Where another key did, or it cannot be told.
    pub(super) fn check_signature(
        &self,
        key: &SubjectPublicKeyInfoDer<'static>,
        algorithms: &[&dyn SignatureVerificationAlgorithm],
    ) -> Result<(), Error> {
        if self.signed_with.get() == Some(key) {
            return Ok(());
        }
        self.signed.check(key, algorithms)?;
        let _ = self.signed_with.set(key.clone());
        Ok(())
    }
}

impl Signed {
    fn read(der: &[u8]) -> Option<Self> {
        let (_, list) = Any::from_der(der).ok()?;
        let (after_message, _) = Any::from_der(list.data).ok()?;
        let (after_algorithm, algorithm) = Any::from_der(after_message).ok()?;
        let (_, signature) = Any::from_der(after_algorithm).ok()?;
        Some(Self {
            message: list.data.strip_suffix(after_message)?.to_vec(),
            algorithm: algorithm.data.to_vec(),
            // Before a bit string's octets stands how many of the last one's bits are unused.
            signature: signature.data.strip_prefix(&[0])?.to_vec(),
        })
    }

    fn check(
        &self,
        key: &SubjectPublicKeyInfoDer<'_>,
        algorithms: &[&dyn SignatureVerificationAlgorithm],
    ) -> Result<(), Error> {
        let key = RawPublicKeyEntity::try_from(key)?;
        let mut refused =
            Error::UnsupportedCrlSignatureAlgorithmContext(UnsupportedSignatureAlgorithmContext {
                signature_algorithm_id: self.algorithm.clone(),
                supported_algorithms: Vec::new(),
            });
        // Several go by one name, for different kinds of keys.
        for algorithm in algorithms.iter().filter(|one| *one.signature_alg_id() == *self.algorithm) {
            refused = match key.verify_signature(*algorithm, &self.message, &self.signature) {
                Err(Error::UnsupportedSignatureAlgorithmForPublicKeyContext(context)) => {
                    Error::UnsupportedCrlSignatureAlgorithmForPublicKeyContext(context)
                }
                Err(Error::InvalidSignatureForPublicKey) => {
                    return Err(Error::InvalidCrlSignatureForPublicKey);
                }
                decided => return decided,
            };
        }
        Err(refused)
    }
}

impl Serials {
    fn read(list: &BorrowedCertRevocationList<'_>) -> Result<Self, String> {
        let serials = list.into_iter().map(|revoked| revoked.map(|revoked| revoked.serial_number));
        let mut serials = serials.collect::<Result<Vec<_>, _>>().map_err(|error| error.to_string())?;
        serials.sort_unstable();
        let mut end = 0;
        let each = serials.iter().map(|serial| {
            let start = end;
            end += u32::try_from(serial.len())?;
            Ok(start..end)
        });
        let each = each.collect::<Result<_, TryFromIntError>>().map_err(|error| error.to_string())?;
        Ok(Self { each, bytes: serials.concat() })
    }

    fn contain(&self, serial: &[u8]) -> bool {
        let bytes = |at: &Range<u32>| &self.bytes[at.start as usize..at.end as usize];
        self.each.binary_search_by(|at| bytes(at).cmp(serial)).is_ok()
    }
}
