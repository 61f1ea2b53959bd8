//! One card after the other.

use rustls::pki_types::CertificateDer;
use smartcards::{
    certificate::{CardRefused, Checker, UuidField},
    testing::{
        self, Authority,
        rcgen::{
            DistinguishedName, DnType, DnValue, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose, SanType,
        },
    },
};

use super::{Site, UUID, at, der, now, settings, shown};

/// A kind of attribute, extension or name that no registry knows.
const KIND: [u64; 6] = [1, 2, 826, 0, 1, 7];

#[test]
fn a_card_says_whose_it_is() {
    let site = Site::new();
    let card = site.card();
    let proved = shown(&site.checker(), &card).unwrap();
    assert_eq!(proved.uuid, UUID);
    assert_eq!(proved.issuer, "CN=Card Authority");
    let number = card.serial.to_bytes().into_iter().fold(0, |number, byte| number << 8 | u64::from(byte));
    assert_eq!(u64::from_str_radix(&proved.serial.replace(':', ""), 16).unwrap(), number);
}

#[test]
fn only_authorities_of_the_bundle_count() {
    let site = Site::new();
    let checker = site.checker();
    let stranger = Authority::root(testing::authority("Another Authority"));
    assert_eq!(shown(&checker, &stranger.issue(testing::card(UUID))), Err(CardRefused::UnknownIssuer));
    // Bringing its authority along helps no card.
    let chain = [stranger.issue(testing::card(UUID)).der(), der(&stranger)];
    assert_eq!(checker.check(&chain, now()), Err(CardRefused::UnknownIssuer));
    let namesake = Authority::root(testing::authority("Card Authority"));
    assert_eq!(shown(&checker, &namesake.issue(testing::card(UUID))), Err(CardRefused::UnknownIssuer));
    let own = testing::card(UUID).self_signed(&KeyPair::generate().unwrap()).unwrap();
    assert_eq!(checker.check(&[own.into()], now()), Err(CardRefused::UnknownIssuer));
    assert_eq!(checker.check(&[der(&stranger)], now()), Err(CardRefused::UnknownIssuer));
    assert_eq!(checker.check(&[der(&site.authority)], now()), Err(CardRefused::WrongUse));
}

#[test]
fn a_card_is_good_for_its_time_to_the_second() {
    let site = Site::new();
    let checker = site.checker();
    let mut params = testing::card(UUID);
    testing::valid(&mut params, at("2026-11-24T08:00:00Z"), at("2026-11-24T10:00:00Z"));
    let card = site.authority.issue(params);
    for (time, refused) in [
        ("2026-11-24T07:59:59Z", Some(CardRefused::NotYetValid)),
        ("2026-11-24T08:00:00Z", None),
        ("2026-11-24T10:00:00Z", None),
        ("2026-11-24T10:00:01Z", Some(CardRefused::Expired)),
    ] {
        assert_eq!(checker.check(&[card.der()], at(time)).err(), refused, "{time}");
    }
}

#[test]
fn a_card_is_for_logging_in() {
    use ExtendedKeyUsagePurpose::{ClientAuth, CodeSigning, EmailProtection, ServerAuth};
    use KeyUsagePurpose::{ContentCommitment, DigitalSignature, KeyEncipherment};
    let site = Site::new();
    let checker = site.checker();
    let mut authority = testing::authority("Not One");
    authority.distinguished_name.push(DnType::from_oid(&[2, 5, 4, 5]), UUID);
    authority.extended_key_usages = vec![ClientAuth];
    assert_eq!(shown(&checker, &site.authority.issue(authority)), Err(CardRefused::WrongUse));
    for (usages, extended, good) in [
        (&[DigitalSignature][..], &[ClientAuth][..], true),
        (&[DigitalSignature, KeyEncipherment], &[EmailProtection, ClientAuth], true),
        (&[], &[ClientAuth], true),
        (&[ContentCommitment], &[ClientAuth], false), // the card's other certificate, for signing documents
        (&[KeyEncipherment], &[ClientAuth], false),
        (&[DigitalSignature], &[ServerAuth], false),
        (&[DigitalSignature], &[CodeSigning, EmailProtection], false),
        (&[DigitalSignature], &[], false),
    ] {
        let mut params = testing::card(UUID);
        params.key_usages = usages.to_vec();
        params.extended_key_usages = extended.to_vec();
        let refused = shown(&checker, &site.authority.issue(params)).err();
        assert_eq!(refused, (!good).then_some(CardRefused::WrongUse), "{usages:?} {extended:?}");
    }
}

#[test]
fn what_is_no_certificate_is_refused_unread() {
    let site = Site::new();
    let checker = site.checker();
    let refused = |chain: &[CertificateDer<'_>]| checker.check(chain, now()).unwrap_err();
    assert_eq!(refused(&[]), CardRefused::NoCertificate);
    let card = site.card().der();
    let more = CertificateDer::from([&card[..], b"more"].concat());
    let cut = CertificateDer::from(card[..card.len() - 1].to_vec());
    let large = CertificateDer::from(vec![0x30; 16 * 1024 + 1]);
    for junk in [CertificateDer::from(Vec::new()), b"junk".to_vec().into(), more, cut, large.clone()] {
        assert_eq!(refused(&[junk]), CardRefused::Unreadable);
    }
    assert_eq!(refused(&[card.clone(), large]), CardRefused::Unreadable);
    let mut chain = vec![card; 8];
    assert!(checker.check(&chain, now()).is_ok());
    chain.push(chain[0].clone());
    assert_eq!(refused(&chain), CardRefused::Unreadable);
}

#[test]
fn an_extension_that_must_be_understood_and_is_not_refuses() {
    let site = Site::new();
    let mut params = testing::card(UUID);
    let mut extension = testing::extension(&KIND, UUID);
    extension.set_criticality(true);
    params.custom_extensions.push(extension);
    assert_eq!(shown(&site.checker(), &site.authority.issue(params)), Err(CardRefused::Unreadable));
}

#[test]
fn a_uuid_is_12_digits_in_the_field_that_is_configured() {
    let site = Site::new();
    let subject = |kind: &[u64], text: &str| {
        let mut params = testing::card("none");
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::from_oid(kind), text);
        params
    };
    let named = |name: SanType| {
        let mut params = testing::card("none");
        params.subject_alt_names.push(name);
        params
    };
    let extended = |text: &str| {
        let mut params = testing::card("none");
        params.custom_extensions.push(testing::extension(&KIND, text));
        params
    };
    let serial_number = |text| subject(&[2, 5, 4, 5], text);
    let common_name = |text| subject(&[2, 5, 4, 3], text);
    let ia5 = |text: &str| text.to_owned().try_into().unwrap();
    let dns = |text| named(SanType::DnsName(ia5(text)));
    let mail = |text| named(SanType::Rfc822Name(ia5(text)));
    let uri = |text| named(SanType::URI(ia5(text)));
    let principal = |text: &str| named(SanType::OtherName((KIND.to_vec(), text.into())));
    let oid = "1.2.826.0.1.7";
    let table = [
        ("serialNumber", serial_number(UUID), true),
        ("serialNumber", serial_number("55501234567"), false),
        ("serialNumber", serial_number("5550123456789"), false),
        ("serialNumber", serial_number("55501234567X"), false),
        ("serialNumber", serial_number(" 555012345678"), false),
        ("serialNumber", serial_number("٥٥٥٠١٢٣٤٥٦٧٨"), false),
        ("serialNumber", common_name(UUID), false),
        ("CN", common_name(UUID), true),
        ("CN", serial_number(UUID), false),
        ("CN", common_name("O'Wsea 555012345678"), false),
        ("SAN", dns(UUID), true),
        ("SAN", mail("555012345678@nhs.net"), true),
        ("SAN", uri("urn:uuid:555012345678"), true),
        ("SAN", uri("https://cards.example/555012345678"), true),
        ("SAN", principal("555012345678@cards.example"), true),
        ("SAN", dns("555012345678.cards.example"), false),
        ("SAN", serial_number(UUID), false),
        (oid, subject(&KIND, UUID), true),
        (oid, principal(UUID), true),
        (oid, extended(UUID), true),
        (oid, extended("none"), false),
        (oid, serial_number(UUID), false),
        ("2.5.4.5", serial_number(UUID), true),
    ];
    for (index, (field, params, good)) in table.into_iter().enumerate() {
        let mut settings = settings(&["list.pem"]);
        settings.uuid_field = field.parse().unwrap();
        let checker = Checker::open(&settings, site.folder.path()).unwrap();
        let uuid = shown(&checker, &site.authority.issue(params)).map(|card| card.uuid);
        let expected = if good { Ok(UUID.to_owned()) } else { Err(CardRefused::NoUuid) };
        assert_eq!(uuid, expected, "row {index}: {field}");
    }
}

#[test]
fn two_uuids_are_none() {
    let site = Site::new();
    let mut settings = settings(&["list.pem"]);
    settings.uuid_field = UuidField::San;
    let checker = Checker::open(&settings, site.folder.path()).unwrap();
    for (second, good) in [("555012345678@nhs.net", true), ("555012345679@nhs.net", false)] {
        let mut params = testing::card("none");
        for name in ["555012345678@cards.example", second] {
            params.subject_alt_names.push(SanType::Rfc822Name(name.to_owned().try_into().unwrap()));
        }
        let refused = shown(&checker, &site.authority.issue(params)).err();
        assert_eq!(refused, (!good).then_some(CardRefused::NoUuid), "{second}");
    }
}

#[test]
fn a_uuid_may_be_any_plain_string() {
    let site = Site::new();
    let checker = site.checker();
    let printable = DnValue::PrintableString(UUID.to_owned().try_into().unwrap());
    let ia5 = DnValue::Ia5String(UUID.to_owned().try_into().unwrap());
    for value in [printable, ia5] {
        let mut params = testing::card("none");
        params.distinguished_name.push(DnType::from_oid(&[2, 5, 4, 5]), value);
        assert_eq!(shown(&checker, &site.authority.issue(params)).unwrap().uuid, UUID);
    }
}

#[test]
fn words_for_the_trail_are_told_apart() {
    use CardRefused::{
        Expired, Forged, NoCertificate, NoUuid, NotYetValid, RevocationUnknown, Revoked, UnknownIssuer,
        Unreadable, WrongUse,
    };
    let all = [
        NoCertificate,
        Unreadable,
        UnknownIssuer,
        Expired,
        NotYetValid,
        WrongUse,
        Revoked,
        RevocationUnknown,
        NoUuid,
        Forged,
    ];
    let words: std::collections::HashSet<_> = all.iter().map(|refused| refused.as_str()).collect();
    assert_eq!(words.len(), all.len());
    assert!(words.iter().all(|word| word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')));
}
