use rustls::{
    DistinguishedName, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};
use x509_parser::parse_x509_certificate;

use super::CERTIFICATE_BYTES;

/// So large the bundle may be.
pub(super) const BUNDLE_BYTES: u64 = 1024 * 1024;
/// A handshake has room for 64 KiB of names.
const NAMES_BYTES: usize = 32 * 1024;

/// An authority of the bundle.
pub(super) struct Authority {
    pub(super) der: CertificateDer<'static>,
    /// Its name as it stands in certificates and lists, DER.
    pub(super) subject: Vec<u8>,
    issuer: Vec<u8>,
    /// Its name for people.
    pub(super) name: String,
    /// Seconds since 1970.
    pub(super) not_before: i64,
    pub(super) not_after: i64,
}

impl Authority {
    pub(super) fn is_valid_at(&self, seconds: i64) -> bool {
        (self.not_before..=self.not_after).contains(&seconds)
    }

    pub(super) fn hint(&self) -> DistinguishedName {
        self.subject.clone().into()
    }
}

/// Reads a bundle.
pub(super) fn parse(bytes: &[u8]) -> Result<Vec<Authority>, String> {
    let mut authorities: Vec<Authority> = Vec::new();
    for (index, der) in CertificateDer::pem_slice_iter(bytes).enumerate() {
        let authority = authority(der.map_err(|error| format!("is no PEM file: {error}"))?)
            .map_err(|problem| format!("cannot be used: certificate {} in it {problem}", index + 1))?;
        if authorities.iter().all(|other| other.der != authority.der) {
            authorities.push(authority);
        }
    }
    if authorities.is_empty() {
        return Err("holds no certificate in PEM form".into());
    }
    if authorities.iter().map(|authority| authority.subject.len()).sum::<usize>() > NAMES_BYTES {
        return Err("holds more authorities than a handshake has room for".into());
    }
    Ok(authorities)
}

fn authority(der: CertificateDer<'static>) -> Result<Authority, String> {
    if der.len() > CERTIFICATE_BYTES {
        return Err(format!("is larger than {} KiB", CERTIFICATE_BYTES / 1024));
    }
    RootCertStore::empty().add(der.clone()).map_err(|error| format!("cannot be read: {error}"))?;
    let (_, certificate) =
        parse_x509_certificate(&der).map_err(|error| format!("cannot be read: {error}"))?;
    if !certificate.is_ca() {
        return Err(format!("({}) is not an authority's", certificate.subject()));
    }
    let (subject, issuer) = (certificate.subject(), certificate.issuer());
    Ok(Authority {
        subject: subject.as_raw().to_vec(),
        issuer: issuer.as_raw().to_vec(),
        name: subject.to_string(),
        not_before: certificate.validity().not_before.timestamp(),
        not_after: certificate.validity().not_after.timestamp(),
        der,
    })
}

/// Those that are trusted by themselves. One whose issuer is in the bundle is not: it has to be vouched for, and can be revoked.
pub(super) fn anchors(authorities: &[Authority]) -> impl Iterator<Item = &Authority> {
    authorities.iter().filter(|authority| {
        authority.issuer == authority.subject
            || authorities.iter().all(|other| other.subject != authority.issuer)
    })
}

/// The others.
pub(super) fn intermediates(authorities: &[Authority]) -> impl Iterator<Item = &Authority> {
    authorities.iter().filter(|authority| {
        authority.issuer != authority.subject
            && authorities.iter().any(|other| other.subject == authority.issuer)
    })
}
