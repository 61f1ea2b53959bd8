//! Whose lists count for what. The verifier of rustls, which looks at every signature every time, has to say
//! the same.

use std::{sync::Arc, time::Duration};

use rustls::{
    CertificateError, Error, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, UnixTime},
    server::WebPkiClientVerifier,
};
use smartcards::{
    certificate::{CardRefused, Checker},
    testing::{
        self, Authority,
        rcgen::{
            CertificateParams, CertificateRevocationList, CertificateRevocationListParams, CertifiedIssuer,
            CrlDistributionPoint, CrlIssuingDistributionPoint, CrlScope, Issuer, KeyIdMethod, KeyPair,
            KeyUsagePurpose, RevokedCertParams, SerialNumber, date_time_ymd,
        },
    },
};

use super::{Site, UUID, last_update, next_update, now, settings, shown};

type Certified = CertifiedIssuer<'static, KeyPair>;

const ISSUING: u64 = 4_000_000;
const CARD: u64 = 5_000_000;

fn root(params: CertificateParams) -> Certified {
    Certified::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// One that a root vouches for, whose lists and cards are good whatever its certificate says.
fn issuing(by: &Certified, mut params: CertificateParams) -> (CertificateDer<'static>, Certified) {
    params.serial_number = Some(SerialNumber::from(ISSUING));
    let mut signs = params.clone();
    signs.key_usages = testing::authority("any").key_usages;
    let may = root(signs);
    let key = KeyPair::try_from(may.key().serialize_der()).unwrap();
    (params.signed_by(&key, by).unwrap().into(), may)
}

fn card(issuer: &Issuer<'_, KeyPair>, addresses: &[&[&str]]) -> CertificateDer<'static> {
    let mut params = testing::card(UUID);
    params.serial_number = Some(SerialNumber::from(CARD));
    let point = |uris: &&[&str]| CrlDistributionPoint { uris: uris.iter().map(|&uri| uri.into()).collect() };
    params.crl_distribution_points = addresses.iter().map(point).collect();
    params.signed_by(&KeyPair::generate().unwrap(), issuer).unwrap().into()
}

fn list(issuer: &Issuer<'_, KeyPair>, revoked: &[u64]) -> CertificateRevocationList {
    part(issuer, revoked, None)
}

/// A list of what is published at those addresses.
fn part(
    issuer: &Issuer<'_, KeyPair>,
    revoked: &[u64],
    addresses: Option<(&[&str], Option<CrlScope>)>,
) -> CertificateRevocationList {
    let this_update = date_time_ymd(2026, 11, 23);
    let revoked = revoked.iter().map(|&serial| RevokedCertParams {
        serial_number: SerialNumber::from(serial),
        revocation_time: this_update,
        reason_code: None,
        invalidity_date: None,
    });
    let point = addresses.map(|(uris, scope)| CrlIssuingDistributionPoint {
        distribution_point: CrlDistributionPoint { uris: uris.iter().map(|&uri| uri.into()).collect() },
        scope,
    });
    CertificateRevocationListParams {
        this_update,
        next_update: date_time_ymd(2026, 11, 30),
        crl_number: SerialNumber::from(1),
        issuing_distribution_point: point,
        revoked_certs: revoked.collect(),
        key_identifier_method: KeyIdMethod::Sha256,
    }
    .signed_by(issuer)
    .unwrap()
}

/// Checks twice, since a signature that was good is remembered.
fn judge(
    roots: &[&Certified],
    lists: &[&CertificateRevocationList],
    chain: &[CertificateDer<'static>],
) -> Option<CardRefused> {
    let site = Site::new();
    site.write("authorities.pem", roots.iter().map(|root| root.pem()).collect::<String>());
    site.write("list.pem", lists.iter().map(|list| list.pem().unwrap()).collect::<String>());
    let checker = site.checker();
    let refused = checker.check(chain, now()).err();
    assert_eq!(checker.check(chain, now()).err(), refused);
    assert_eq!(rustls_judges(roots, lists, chain), refused);
    refused
}

fn rustls_judges(
    roots: &[&Certified],
    lists: &[&CertificateRevocationList],
    chain: &[CertificateDer<'static>],
) -> Option<CardRefused> {
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(roots.iter().map(|root| root.der().clone()));
    let provider = Arc::new(ring::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(store), provider)
        .with_crls(lists.iter().map(|list| list.der().clone()))
        .enforce_revocation_expiration()
        .build()
        .unwrap();
    let seconds = Duration::from_micros(now().microseconds().try_into().unwrap());
    let at = UnixTime::since_unix_epoch(Duration::from_secs(seconds.as_secs()));
    match verifier.verify_client_cert(&chain[0], &chain[1..], at) {
        Ok(_) => None,
        Err(Error::InvalidCertificate(CertificateError::Revoked)) => Some(CardRefused::Revoked),
        Err(
            Error::InvalidCertRevocationList(_)
            | Error::InvalidCertificate(CertificateError::UnknownRevocationStatus),
        ) => Some(CardRefused::RevocationUnknown),
        Err(Error::InvalidCertificate(CertificateError::BadSignature)) => Some(CardRefused::UnknownIssuer),
        Err(error) => panic!("{error:?}"),
    }
}

#[test]
fn a_list_of_another_key_answers_for_nothing() {
    let [one, namesake] = [(); 2].map(|()| root(testing::authority("Card Authority")));
    let cards = [card(&one, &[]), card(&namesake, &[])];
    let lists = [&list(&one, &[]), &list(&namesake, &[])];
    for (roots, order, good) in [
        (&[&one][..], &[lists[0]][..], [true, false]),
        (&[&one], &[lists[1]], [false, false]),
        (&[&one, &namesake], &[lists[0]], [true, false]),
        (&[&one, &namesake], &[lists[1]], [false, true]),
        (&[&one, &namesake], &[lists[0], lists[1]], [true, false]),
        (&[&namesake, &one], &[lists[1], lists[0]], [false, true]),
    ] {
        for (card, good) in cards.iter().zip(good) {
            assert_eq!(judge(roots, order, std::slice::from_ref(card)).is_none(), good);
        }
    }
}

#[test]
fn each_of_a_chain_that_the_client_sends_is_looked_up() {
    let root = root(testing::authority("Card Authority"));
    let (certificate, issuing) = issuing(&root, testing::authority("Issuing Authority"));
    let chain = [card(&issuing, &[]), certificate];
    let (good, bad) = (list(&root, &[]), list(&root, &[ISSUING]));
    let (card_good, card_bad) = (list(&issuing, &[]), list(&issuing, &[CARD]));
    // The other's number is nobody's concern.
    let other = list(&root, &[CARD]);
    for (lists, expected) in [
        ([&good, &card_good], None),
        ([&other, &card_good], None),
        ([&bad, &card_good], Some(CardRefused::Revoked)),
        ([&good, &card_bad], Some(CardRefused::Revoked)),
        ([&good, &good], Some(CardRefused::RevocationUnknown)),
        ([&card_good, &card_good], Some(CardRefused::RevocationUnknown)),
    ] {
        assert_eq!(judge(&[&root], &lists, &chain), expected);
    }
}

#[test]
fn another_way_to_an_authority_is_looked_for() {
    let roots = ["Old Root", "New Root"].map(|name| root(testing::authority(name)));
    let params = testing::authority("Issuing Authority");
    let (by_old, issuing) = issuing(&roots[0], params.clone());
    let mut params = params;
    params.serial_number = Some(SerialNumber::from(ISSUING));
    let by_new = params.signed_by(issuing.key(), &roots[1]).unwrap().into();
    let chain = [card(&issuing, &[]), by_old, by_new];
    let cards = list(&issuing, &[]);
    let lists = |old: &[u64], new: &[u64]| {
        let lists = [list(&roots[0], old), list(&roots[1], new)];
        judge(&[&roots[0], &roots[1]], &[&lists[0], &lists[1], &cards], &chain)
    };
    assert_eq!(lists(&[ISSUING], &[]), None);
    assert_eq!(lists(&[], &[ISSUING]), None);
    assert_eq!(lists(&[ISSUING], &[ISSUING]), Some(CardRefused::Revoked));
}

#[test]
fn an_authority_signs_lists_only_where_its_certificate_says_so() {
    use KeyUsagePurpose::{CrlSign, KeyCertSign};
    let root = root(testing::authority("Card Authority"));
    let unknown = Some(CardRefused::RevocationUnknown);
    for (usages, expected) in
        [(vec![KeyCertSign, CrlSign], None), (vec![], None), (vec![KeyCertSign], unknown)]
    {
        let mut params = testing::authority("Issuing Authority");
        params.key_usages = usages.clone();
        let (certificate, issuing) = issuing(&root, params.clone());
        let lists = [&list(&root, &[]), &list(&issuing, &[])];
        assert_eq!(judge(&[&root], &lists, &[card(&issuing, &[]), certificate]), expected, "{usages:?}");
        // One that is trusted by itself need not.
        let key = KeyPair::try_from(issuing.key().serialize_der()).unwrap();
        let anchor = Certified::self_signed(params, key).unwrap();
        assert_eq!(judge(&[&anchor], &[lists[1]], &[card(&issuing, &[])]), None, "{usages:?}");
    }
}

#[test]
fn a_part_of_a_list_is_about_what_is_published_there() {
    let root = root(testing::authority("Card Authority"));
    let [one, two] = ["http://crl.example/1", "http://crl.example/2"];
    let unknown = Some(CardRefused::RevocationUnknown);
    for (card_says, list_says, scope, expected) in [
        (&[][..], &[one][..], None, None),
        (&[&[one][..]], &[one], None, None),
        (&[&[one]], &[two, one], None, None),
        (&[&[two], &[one]], &[one], None, None),
        (&[&[two, one]], &[one], None, None),
        (&[&[two]], &[one], None, unknown),
        (&[&[one]], &[one], Some(CrlScope::UserCertsOnly), None),
        (&[&[one]], &[one], Some(CrlScope::CaCertsOnly), unknown),
        (&[], &[one], Some(CrlScope::CaCertsOnly), unknown),
    ] {
        let card = [card(&root, card_says)];
        let says = format!("{card_says:?} {list_says:?} {scope:?}");
        let part = |revoked| part(&root, revoked, Some((list_says, scope)));
        assert_eq!(judge(&[&root], &[&part(&[])], &card), expected, "{says}");
        // One about everything stands in for it, or does not where it comes second.
        let of_all = list(&root, &[CARD]);
        let then = expected.and(Some(CardRefused::Revoked));
        assert_eq!(judge(&[&root], &[&part(&[]), &of_all], &card), then, "{says}");
        let first = Some(CardRefused::Revoked);
        assert_eq!(judge(&[&root], &[&of_all, &part(&[])], &card), first, "{says}");
    }
}

#[test]
fn a_part_of_a_list_may_be_about_authorities_only() {
    let root = root(testing::authority("Card Authority"));
    let (certificate, issuing) = issuing(&root, testing::authority("Issuing Authority"));
    let chain = [card(&issuing, &[]), certificate];
    let cards = list(&issuing, &[]);
    for (scope, revoked, expected) in [
        (CrlScope::CaCertsOnly, &[][..], None),
        (CrlScope::CaCertsOnly, &[ISSUING], Some(CardRefused::Revoked)),
        (CrlScope::UserCertsOnly, &[], Some(CardRefused::RevocationUnknown)),
    ] {
        let part = part(&root, revoked, Some((&["http://crl.example/authorities"], Some(scope))));
        assert_eq!(judge(&[&root], &[&part, &cards], &chain), expected, "{scope:?} {revoked:?}");
    }
}

#[test]
fn any_number_is_found_among_many() {
    let root = root(testing::authority("Card Authority"));
    let card = [card(&root, &[])];
    let around: Vec<u64> =
        (0..2_000).map(|n| n * n * 977 + 1).chain([CARD - 1, CARD + 1, CARD << 8]).collect();
    assert!(!around.contains(&CARD));
    assert_eq!(judge(&[&root], &[&list(&root, &around)], &card), None);
    for place in [0, around.len() / 2, around.len()] {
        let mut revoked = around.clone();
        revoked.insert(place, CARD);
        assert_eq!(judge(&[&root], &[&list(&root, &revoked)], &card), Some(CardRefused::Revoked));
    }
}

#[test]
fn what_was_seen_of_a_list_is_not_said_of_its_successor() {
    let site = Site::new();
    let (checker, card) = (site.checker(), site.card());
    let later = |seconds| checker.check(&[card.der()], now().plus_seconds(seconds)).err();
    assert_eq!(later(0), None);
    let namesake = Authority::root(testing::authority("Card Authority"));
    let forged = namesake.list(last_update().plus_minutes(1), next_update(), &[]).pem().unwrap();
    site.write("list.pem", &forged);
    assert_eq!(later(1), Some(CardRefused::RevocationUnknown));
    site.revoke(&[]);
    assert_eq!(later(2), None);
    // Nor of a list that stays, when its authority is followed by one of the same name.
    site.write("authorities.pem", namesake.certificate.pem());
    let card = namesake.issue(testing::card(UUID));
    let refused = |seconds| checker.check(&[card.der()], now().plus_seconds(seconds)).err();
    assert_eq!(refused(3), Some(CardRefused::RevocationUnknown));
    site.write("list.pem", forged);
    assert_eq!(refused(4), None);
}

#[test]
fn a_list_whose_signature_was_tampered_with_is_not_used() {
    let site = Site::new();
    let card = site.card();
    let mut list = site.authority.list(last_update(), next_update(), &[]).der().to_vec();
    // The last octet is of the signature's last number.
    *list.last_mut().unwrap() ^= 1;
    site.write("list.crl", list);
    let checker = Checker::open(&settings(&["list.crl"]), site.folder.path()).unwrap();
    for _ in 0..2 {
        assert_eq!(shown(&checker, &card), Err(CardRefused::RevocationUnknown));
    }
}
