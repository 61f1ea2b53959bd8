//! For tests: authorities, cards and revocation lists of any kind, and a real identity provider.

pub mod provider;

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

pub use rcgen;
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CertificateRevocationList,
    CertificateRevocationListParams, CustomExtension, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams, SerialNumber, date_time_ymd,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use store::Instant;

/// The subject's attribute serialNumber.
const SERIAL_NUMBER: [u64; 4] = [2, 5, 4, 5];

static NEXT: AtomicU64 = AtomicU64::new(1);

/// An authority that issues cards.
pub struct Authority {
    /// Its certificate.
    pub certificate: Certificate,
    /// The certificate's number.
    pub serial: SerialNumber,
    issuer: Issuer<'static, KeyPair>,
}

/// A card, or any other certificate with its key.
pub struct Issued {
    /// Its certificate.
    pub certificate: Certificate,
    /// Its key.
    pub key: KeyPair,
    /// The certificate's number.
    pub serial: SerialNumber,
}

/// What a card with this UUID has on it, as cards are: to be changed at will before it is issued.
#[must_use]
pub fn card(uuid: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "A Card");
    params.distinguished_name.push(DnType::from_oid(&SERIAL_NUMBER), uuid);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    params
}

/// What an authority of this name has on its certificate.
#[must_use]
pub fn authority(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

/// Makes it valid for that time only; it is for some thousand years otherwise.
pub fn valid(params: &mut CertificateParams, from: Instant, until: Instant) {
    params.not_before = date_time_ymd(1970, 1, 1) + since_1970(from);
    params.not_after = date_time_ymd(1970, 1, 1) + since_1970(until);
}

/// An extension that is a string.
///
/// # Panics
/// Over 127 bytes.
#[must_use]
pub fn extension(kind: &[u64], text: &str) -> CustomExtension {
    let length = u8::try_from(text.len()).ok().filter(|length| *length < 128).expect("a short text");
    let der = [&[0x0c, length], text.as_bytes()].concat();
    CustomExtension::from_oid_content(kind, der)
}

fn since_1970(at: Instant) -> Duration {
    Duration::from_micros(at.microseconds().try_into().expect("a time after 1970"))
}

fn numbered(mut params: CertificateParams) -> (CertificateParams, SerialNumber, KeyPair) {
    let serial = SerialNumber::from(NEXT.fetch_add(1, Ordering::Relaxed));
    params.serial_number = Some(serial.clone());
    (params, serial, KeyPair::generate().expect("a key"))
}

impl Authority {
    /// One that vouches for itself.
    ///
    /// # Panics
    /// Where a certificate cannot be made of that.
    #[must_use]
    pub fn root(params: CertificateParams) -> Self {
        let (params, serial, key) = numbered(params);
        let certificate = params.self_signed(&key).expect("a certificate");
        Self { certificate, serial, issuer: Issuer::new(params, key) }
    }

    /// One that this one vouches for.
    ///
    /// # Panics
    /// Where a certificate cannot be made of that.
    #[must_use]
    pub fn intermediate(&self, params: CertificateParams) -> Self {
        let (params, serial, key) = numbered(params);
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        Self { certificate, serial, issuer: Issuer::new(params, key) }
    }

    /// Issues a card, or any other certificate.
    ///
    /// # Panics
    /// Where a certificate cannot be made of that.
    #[must_use]
    pub fn issue(&self, params: CertificateParams) -> Issued {
        let (params, serial, key) = numbered(params);
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        Issued { certificate, key, serial }
    }

    /// Its revocation list.
    ///
    /// # Panics
    /// Where a list cannot be made of that.
    #[must_use]
    pub fn list(
        &self,
        this_update: Instant,
        next_update: Instant,
        revoked: &[&SerialNumber],
    ) -> CertificateRevocationList {
        let this_update = date_time_ymd(1970, 1, 1) + since_1970(this_update);
        let revoked = revoked.iter().map(|serial| RevokedCertParams {
            serial_number: (*serial).clone(),
            revocation_time: this_update,
            reason_code: None,
            invalidity_date: None,
        });
        CertificateRevocationListParams {
            this_update,
            next_update: date_time_ymd(1970, 1, 1) + since_1970(next_update),
            crl_number: SerialNumber::from(NEXT.fetch_add(1, Ordering::Relaxed)),
            issuing_distribution_point: None,
            revoked_certs: revoked.collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        }
        .signed_by(&self.issuer)
        .expect("a list")
    }
}

impl Issued {
    /// The certificate, as a client shows it.
    #[must_use]
    pub fn der(&self) -> CertificateDer<'static> {
        self.certificate.der().clone()
    }

    /// The key, as a client or a server uses it.
    #[must_use]
    pub fn key_der(&self) -> PrivateKeyDer<'static> {
        PrivatePkcs8KeyDer::from(self.key.serialize_der()).into()
    }
}
