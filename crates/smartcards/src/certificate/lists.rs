use std::sync::Arc;

use rustls::{
    RootCertStore,
    crypto::CryptoProvider,
    pki_types::{CertificateRevocationListDer, pem::PemObject},
    server::{VerifierBuilderError, WebPkiClientVerifier},
};
use x509_parser::{parse_x509_crl, time::ASN1Time};

/// So large a file of lists may be.
pub(super) const LISTS_BYTES: u64 = 64 * 1024 * 1024;

/// A revocation list.
pub(super) struct List {
    pub(super) der: CertificateRevocationListDer<'static>,
    /// Its issuer as it stands in certificates, DER.
    pub(super) issuer: Vec<u8>,
    /// Its issuer for people.
    pub(super) name: String,
    /// Seconds since 1970.
    pub(super) this_update: i64,
    pub(super) next_update: i64,
}

/// Reads a file of lists: one in DER, or any number in PEM. The verifier that will use them has to take them too; `roots` are only
/// there because it cannot be made without.
pub(super) fn parse(
    bytes: &[u8],
    roots: &Arc<RootCertStore>,
    provider: &Arc<CryptoProvider>,
) -> Result<Vec<List>, String> {
    let lists = if bytes.starts_with(b"0") {
        vec![CertificateRevocationListDer::from(bytes.to_vec())]
    } else {
        CertificateRevocationListDer::pem_slice_iter(bytes)
            .collect::<Result<_, _>>()
            .map_err(|error| format!("is neither a DER nor a PEM file: {error}"))?
    };
    if lists.is_empty() {
        return Err("holds no revocation list".into());
    }
    WebPkiClientVerifier::builder_with_provider(roots.clone(), provider.clone())
        .with_crls(lists.iter().cloned())
        .build()
        .map_err(|error| match error {
            VerifierBuilderError::InvalidCrl(says) => format!("is no revocation list: {says:?}"),
            error => error.to_string(),
        })?;
    lists.into_iter().map(list).collect()
}

fn list(der: CertificateRevocationListDer<'static>) -> Result<List, String> {
    let (_, parsed) = parse_x509_crl(&der).map_err(|error| format!("is no revocation list: {error}"))?;
    let next_update = parsed.next_update().ok_or("is a revocation list without a next update")?;
    Ok(List {
        issuer: parsed.issuer().as_raw().to_vec(),
        name: parsed.issuer().to_string(),
        this_update: parsed.last_update().timestamp(),
        next_update: ASN1Time::timestamp(&next_update),
        der,
    })
}
