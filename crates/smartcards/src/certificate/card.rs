use x509_parser::{
    asn1_rs::{Any, Class, FromDer, Oid, Tag},
    certificate::X509Certificate,
    extensions::GeneralName,
    oid_registry::{OID_X509_COMMON_NAME, OID_X509_SERIALNUMBER},
};

use super::{CardRefused, UuidField};

const UUID_DIGITS: usize = 12;

/// What a card has proved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Card {
    /// Whose it is: 12 digits.
    pub uuid: String,
    /// The name of the authority that issued the certificate.
    pub issuer: String,
    /// The certificate's number there, in hexadecimal.
    pub serial: String,
}

impl Card {
    /// What stands on a certificate that has been checked.
    pub(super) fn read(certificate: &X509Certificate<'_>, field: &UuidField) -> Result<Self, CardRefused> {
        Ok(Self {
            uuid: uuid(certificate, field).ok_or(CardRefused::NoUuid)?,
            issuer: certificate.issuer().to_string(),
            serial: certificate.raw_serial_as_string(),
        })
    }
}

/// Whether it is for proving to a server who one is: RFC 5280 §4.2.1.3 and §4.2.1.12. The extended use has to be named, since the
/// authority of a card issues certificates for signing as well.
pub(super) fn check_use(certificate: &X509Certificate<'_>) -> Result<(), CardRefused> {
    let usage = certificate.key_usage().map_err(|_| CardRefused::Unreadable)?;
    let extended = certificate.extended_key_usage().map_err(|_| CardRefused::Unreadable)?;
    let signs = usage.is_none_or(|usage| usage.value.digital_signature());
    if signs && extended.is_some_and(|extended| extended.value.client_auth) {
        Ok(())
    } else {
        Err(CardRefused::WrongUse)
    }
}

/// The one UUID in that field; two that differ are as good as none.
fn uuid(certificate: &X509Certificate<'_>, field: &UuidField) -> Option<String> {
    let mut values = match field {
        UuidField::SerialNumber => attributes(certificate, &OID_X509_SERIALNUMBER),
        UuidField::CommonName => attributes(certificate, &OID_X509_COMMON_NAME),
        UuidField::San => alternative_names(certificate),
        UuidField::Oid(oid) => of_kind(certificate, oid),
    };
    values.retain(|value| value.len() == UUID_DIGITS && value.bytes().all(|byte| byte.is_ascii_digit()));
    let (first, others) = values.split_first()?;
    others.iter().all(|other| other == first).then(|| (*first).to_owned())
}

fn attributes<'a>(certificate: &'a X509Certificate<'_>, kind: &Oid<'_>) -> Vec<&'a str> {
    let attributes = certificate.subject().iter_attributes();
    attributes
        .filter(|attribute| attribute.attr_type() == kind)
        .filter_map(|attribute| attribute.as_str().ok())
        .collect()
}

fn general_names<'a>(certificate: &'a X509Certificate<'_>) -> &'a [GeneralName<'a>] {
    match certificate.subject_alternative_name() {
        Ok(Some(names)) => &names.value.general_names,
        _ => &[],
    }
}

fn alternative_names<'a>(certificate: &'a X509Certificate<'_>) -> Vec<&'a str> {
    let before_at = |name: &'a str| name.split_once('@').map_or(name, |(before, _)| before);
    let names = general_names(certificate).iter();
    names
        .filter_map(|name| match name {
            GeneralName::RFC822Name(name) => Some(before_at(name)),
            GeneralName::OtherName(_, value) => string(value).map(before_at),
            GeneralName::DNSName(name) => Some(name),
            GeneralName::URI(name) => name.rsplit([':', '/']).next(),
            _ => None,
        })
        .collect()
}

fn of_kind<'a>(certificate: &'a X509Certificate<'_>, kind: &Oid<'_>) -> Vec<&'a str> {
    let extensions = certificate.iter_extensions().filter(|extension| extension.oid == *kind);
    let names = general_names(certificate).iter().filter_map(|name| match name {
        GeneralName::OtherName(oid, value) if oid == kind => string(value),
        _ => None,
    });
    let mut found = attributes(certificate, kind);
    found.extend(extensions.filter_map(|extension| string(extension.value)));
    found.extend(names);
    found
}

/// A DER string, also one within the explicit tag that another name has.
fn string(der: &[u8]) -> Option<&str> {
    let (_, mut any) = Any::from_der(der).ok()?;
    if any.class() == Class::ContextSpecific {
        (_, any) = Any::from_der(any.data).ok()?;
    }
    let is_string =
        matches!(any.tag(), Tag::Utf8String | Tag::PrintableString | Tag::NumericString | Tag::Ia5String);
    is_string.then(|| str::from_utf8(any.data).ok()).flatten()
}
