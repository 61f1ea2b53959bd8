use base64::{Engine, prelude::BASE64_STANDARD};
use rustls::pki_types::{CertificateDer, pem::PemObject};
use subtle::ConstantTimeEq;

use super::{CardRefused, settings::SECRET_CHARACTERS};

/// The header in which a proxy that ends TLS passes on the client's certificate.
pub const PROXY_HEADER: &str = "Staffrecord-Client-Certificate";
const HEADER_BYTES: usize = 16 * 1024;

/// The certificates that a proxy passes on, having seen that the client has their key. The header holds the proxy's secret, a
/// space, and the certificate: PEM, percent-encoded (nginx: `$ssl_client_escaped_cert`), or base64 of its DER between colons
/// (RFC 9440). It is for the secret alone that the header is believed, so a client cannot forge it even where the proxy
/// forgets to strip its own; that the header came from a trusted address is for the caller to see.
///
/// # Errors
/// [`CardRefused::Forged`] with another secret, `NoCertificate` where the client had none, `Unreadable` for anything else that is
/// neither form or over 16 KiB.
pub fn from_proxy(header: &str, secret: &str) -> Result<Vec<CertificateDer<'static>>, CardRefused> {
    let header = header.trim();
    let (given, certificate) = header.split_once(' ').unwrap_or((header, ""));
    let same: bool = given.as_bytes().ct_eq(secret.as_bytes()).into();
    // Never by an empty or guessable secret, whatever is configured.
    if !same || secret.len() < SECRET_CHARACTERS {
        return Err(CardRefused::Forged);
    }
    if header.len() > HEADER_BYTES {
        return Err(CardRefused::Unreadable);
    }
    let certificate = certificate.trim();
    if certificate.is_empty() || certificate == "::" {
        return Err(CardRefused::NoCertificate);
    }
    let chain = match certificate.strip_prefix(':') {
        Some(rest) => rest
            .strip_suffix(':')
            .and_then(|base64| BASE64_STANDARD.decode(base64).ok())
            .map(|der| vec![CertificateDer::from(der)]),
        None => percent_decoded(certificate)
            .and_then(|pem| CertificateDer::pem_slice_iter(&pem).collect::<Result<Vec<_>, _>>().ok()),
    };
    chain.filter(|chain| !chain.is_empty()).ok_or(CardRefused::Unreadable)
}

/// Unlike a form's, a `+` stands for itself: base64 has it, and not every proxy encodes it.
fn percent_decoded(text: &str) -> Option<Vec<u8>> {
    let mut bytes = text.bytes();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => {
                let mut digit = || char::from(bytes.next()?).to_digit(16);
                u8::try_from(digit()? * 16 + digit()?).ok()?
            }
            byte => byte,
        });
    }
    Some(decoded)
}
