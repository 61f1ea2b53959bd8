use std::sync::Arc;

use rustls::{
    DistinguishedName,
    pki_types::{SignatureVerificationAlgorithm, TrustAnchor},
};
use webpki::{Cert, Error, VerifiedPath, spki_for_anchor};
use x509_parser::parse_x509_certificate;

use super::lists::List;

/// What a chain's certificates are looked up in. The rules are those of `webpki`, which would however check the
/// lists' signatures every time: <https://github.com/rustls/webpki/issues/81>.
pub(super) struct LookUp<'a> {
    /// The first that is about a certificate answers for it.
    pub(super) lists: &'a [Arc<List>],
    pub(super) algorithms: &'a [&'a dyn SignatureVerificationAlgorithm],
    /// Now, in seconds since 1970.
    pub(super) seconds: i64,
}

impl LookUp<'_> {
    /// Looks up the certificates of a chain that is valid but for revocation, from the anchor down to the card.
    ///
    /// # Errors
    /// Where one was revoked, or it is not known whether it was.
    pub(super) fn check(&self, path: &VerifiedPath<'_>) -> Result<(), Error> {
        let anchor = path.anchor();
        let mut issuer = None;
        for authority in path.intermediate_certificates().rev() {
            self.check_one(authority, true, issuer, anchor)?;
            issuer = Some(authority);
        }
        self.check_one(path.end_entity(), false, issuer, anchor)
    }

    /// Without an `issuer` it is the anchor.
    fn check_one(
        &self,
        certificate: &Cert<'_>,
        is_authority: bool,
        issuer: Option<&Cert<'_>>,
        anchor: &TrustAnchor<'_>,
    ) -> Result<(), Error> {
        let list = self.list(certificate, is_authority)?;
        let key = issuer.map_or_else(|| spki_for_anchor(anchor), Cert::subject_public_key_info);
        list.check_signature(&key, self.algorithms)?;
        if list.next_update <= self.seconds {
            return Err(Error::UnknownRevocationStatus);
        }
        // An anchor is trusted with all that its key has signed.
        if let Some(issuer) = issuer {
            check_signs_lists(issuer)?;
        }
        if list.revokes(certificate.serial()) { Err(Error::CertRevoked) } else { Ok(()) }
    }

    fn list(&self, certificate: &Cert<'_>, is_authority: bool) -> Result<&List, Error> {
        let issuer = DistinguishedName::in_sequence(certificate.issuer());
        for list in self.lists.iter().filter(|list| list.issuer == issuer.as_ref()) {
            if list.is_about(certificate, is_authority)? {
                return Ok(list);
            }
        }
        Err(Error::UnknownRevocationStatus)
    }
}

/// Whether an authority that says what its key is for says so of lists: RFC 5280 §4.2.1.3.
fn check_signs_lists(authority: &Cert<'_>) -> Result<(), Error> {
    let der = authority.der();
    let (_, authority) = parse_x509_certificate(&der).map_err(|_| Error::UnknownRevocationStatus)?;
    let usage = authority.key_usage().map_err(|_| Error::BadDer)?;
    if usage.is_none_or(|usage| usage.value.crl_sign()) { Ok(()) } else { Err(Error::IssuerNotCrlSigner) }
}
