use webpki::{Cert, Error};
use x509_parser::{
    asn1_rs::{Any, Class, FromDer},
    oid_registry::OID_X509_EXT_CRL_DISTRIBUTION_POINTS,
    parse_x509_certificate,
};

/// What a list is about that says so: RFC 5280 §5.2.5. An authority may divide its list by the addresses at which
/// the parts are published, which stand in the certificates as well.
#[derive(Default)]
pub(super) struct Scope {
    only_cards: bool,
    only_authorities: bool,
    addresses: Vec<Vec<u8>>,
}

impl Scope {
    /// Reads a list's issuing distribution point. `webpki` has refused all but these fields before.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub(super) fn read(der: &[u8]) -> Result<Self, Error> {
        let mut scope = Self::default();
        for field in parts(whole(der)?.data)? {
            match field.tag().0 {
                0 => scope.addresses = addresses(field.data)?.into_iter().map(<[u8]>::to_vec).collect(),
                1 => scope.only_cards = field.data == [0xff],
                2 => scope.only_authorities = field.data == [0xff],
                _ => {}
            }
        }
        Ok(scope)
    }

    /// Whether a certificate of the list's issuer is in it. One that names no address may be in any part.
    ///
    /// # Errors
    /// Where the certificate's addresses cannot be read.
    pub(super) fn includes(&self, certificate: &Cert<'_>, is_authority: bool) -> Result<bool, Error> {
        if if is_authority { self.only_cards } else { self.only_authorities } {
            return Ok(false);
        }
        let der = certificate.der();
        let (_, certificate) = parse_x509_certificate(&der).map_err(|_| Error::UnknownRevocationStatus)?;
        let points = certificate.get_extension_unique(&OID_X509_EXT_CRL_DISTRIBUTION_POINTS);
        let Some(points) = points.map_err(|_| Error::UnknownRevocationStatus)? else {
            return Ok(true);
        };
        for point in parts(whole(points.value)?.data)? {
            // A point that names another issuer, or reasons, speaks of a kind of list that is not taken.
            if let [name] = &parts(point.data)?[..]
                && is(name, 0)
                && addresses(name.data)?.iter().any(|address| self.addresses.iter().any(|own| own == address))
            {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// The addresses among the names of a distribution point.
fn addresses(point: &[u8]) -> Result<Vec<&[u8]>, Error> {
    match &parts(point)?[..] {
        [names, ..] if is(names, 0) => {
            let names = parts(names.data)?.into_iter();
            Ok(names.filter(|name| is(name, 6)).map(|name| name.data).collect())
        }
        _ => Ok(Vec::new()),
    }
}

fn is(part: &Any<'_>, number: u32) -> bool {
    part.class() == Class::ContextSpecific && part.tag().0 == number
}

fn whole(der: &[u8]) -> Result<Any<'_>, Error> {
    match Any::from_der(der) {
        Ok(([], any)) => Ok(any),
        _ => Err(Error::UnknownRevocationStatus),
    }
}

/// What stands one after the other.
fn parts(mut der: &[u8]) -> Result<Vec<Any<'_>>, Error> {
    let mut parts = Vec::new();
    while !der.is_empty() {
        let (rest, part) = Any::from_der(der).map_err(|_| Error::UnknownRevocationStatus)?;
        parts.push(part);
        der = rest;
    }
    Ok(parts)
}
