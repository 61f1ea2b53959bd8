//! Revocation, chains, and files that change.

use std::fs;

use smartcards::{
    certificate::{CardRefused, Checker},
    testing::{self, Authority},
};
use store::Instant;

use super::{Site, UUID, at, der, last_update, next_update, now, settings, shown};

/// A second after another, so that the files are looked at again.
fn later(seconds: i64) -> Instant {
    now().plus_seconds(seconds)
}

#[test]
fn a_revoked_card_is_refused() {
    let site = Site::new();
    let (card, other) = (site.card(), site.card());
    site.revoke(&[&card.serial]);
    let checker = site.checker();
    assert_eq!(shown(&checker, &card), Err(CardRefused::Revoked));
    assert!(shown(&checker, &other).is_ok());
}

#[test]
fn a_list_counts_until_its_next_update() {
    let site = Site::new();
    let (checker, card) = (site.checker(), site.card());
    assert!(checker.check(&[card.der()], next_update().plus_seconds(-1)).is_ok());
    let refused = checker.check(&[card.der()], next_update());
    assert_eq!(refused, Err(CardRefused::RevocationUnknown));
}

#[test]
fn without_a_list_of_its_authority_no_card_is_accepted() {
    let site = Site::new();
    let card = site.card();
    let none = Checker::open(&settings(&[]), site.folder.path()).unwrap();
    assert_eq!(shown(&none, &card), Err(CardRefused::RevocationUnknown));
    let stranger = Authority::root(testing::authority("Another Authority"));
    site.write("list.pem", stranger.list(last_update(), next_update(), &[]).pem().unwrap());
    assert_eq!(shown(&site.checker(), &card), Err(CardRefused::RevocationUnknown));
    let namesake = Authority::root(testing::authority("Card Authority"));
    site.write("list.pem", namesake.list(last_update(), next_update(), &[]).pem().unwrap());
    assert_eq!(shown(&site.checker(), &card), Err(CardRefused::RevocationUnknown));
}

#[test]
fn of_two_lists_the_newer_counts_whatever_their_order() {
    let site = Site::new();
    let card = site.card();
    let newer = site.authority.list(last_update().plus_minutes(60), next_update(), &[&card.serial]);
    site.write("newer.crl", newer.der());
    for lists in [["list.pem", "newer.crl"], ["newer.crl", "list.pem"]] {
        let checker = Checker::open(&settings(&lists), site.folder.path()).unwrap();
        assert_eq!(shown(&checker, &card), Err(CardRefused::Revoked), "{lists:?}");
    }
    // One file may hold both.
    let older = fs::read_to_string(site.path("list.pem")).unwrap();
    site.write("list.pem", older + &newer.pem().unwrap());
    assert_eq!(shown(&site.checker(), &card), Err(CardRefused::Revoked));
}

#[test]
fn a_list_that_is_replaced_is_read_within_a_second() {
    let site = Site::new();
    let (checker, card) = (site.checker(), site.card());
    assert!(shown(&checker, &card).is_ok());
    site.revoke(&[&card.serial]);
    let just_before = Instant::from_microseconds(now().microseconds() + 999_999);
    assert!(checker.check(&[card.der()], just_before).is_ok());
    assert_eq!(checker.check(&[card.der()], later(1)), Err(CardRefused::Revoked));
}

#[test]
fn a_list_of_the_same_length_is_known_by_its_time() {
    let site = Site::new();
    let (card, other) = (site.card(), site.card());
    site.revoke(&[&other.serial]);
    let checker = site.checker();
    assert!(shown(&checker, &card).is_ok());
    let before = fs::metadata(site.path("list.pem")).unwrap();
    // A signature's length varies by a byte or two, so some lists are longer; one soon is not.
    let same_length = || {
        site.revoke(&[&card.serial]);
        fs::metadata(site.path("list.pem")).unwrap().len() == before.len()
    };
    assert!((0..1000).any(|_| same_length()));
    let file = fs::File::options().append(true).open(site.path("list.pem")).unwrap();
    file.set_modified(before.modified().unwrap() + std::time::Duration::from_secs(1)).unwrap();
    assert_eq!(checker.check(&[card.der()], later(1)), Err(CardRefused::Revoked));
}

#[test]
fn the_last_good_files_stay_in_use() {
    let site = Site::new();
    let (card, revoked) = (site.card(), site.card());
    site.revoke(&[&revoked.serial]);
    let checker = site.checker();
    let as_before = |time| {
        assert!(checker.check(&[card.der()], time).is_ok());
        assert_eq!(checker.check(&[revoked.der()], time), Err(CardRefused::Revoked));
    };
    as_before(now());
    let good = fs::read(site.path("list.pem")).unwrap();
    site.write("list.pem", &good[..good.len() / 2]);
    as_before(later(1));
    site.write("list.pem", "");
    as_before(later(2));
    fs::remove_file(site.path("list.pem")).unwrap();
    as_before(later(3));
    site.write("authorities.pem", "not written yet");
    as_before(later(4));
    let finding = checker.findings(later(5)).into_iter().find(|finding| finding.path.ends_with("list.pem"));
    assert!(finding.unwrap().what.contains("cannot be read"));
    // Then they are right again.
    site.write("authorities.pem", site.authority.certificate.pem());
    site.revoke(&[&card.serial, &revoked.serial]);
    assert_eq!(checker.check(&[card.der()], later(6)), Err(CardRefused::Revoked));
    assert!(checker.findings(later(7)).is_empty());
}

#[test]
fn an_authority_may_be_added_and_taken_out() {
    let site = Site::new();
    let stranger = Authority::root(testing::authority("Another Authority"));
    let card = stranger.issue(testing::card(UUID));
    site.write("stranger.crl", stranger.list(last_update(), next_update(), &[]).der());
    let checker = Checker::open(&settings(&["list.pem", "stranger.crl"]), site.folder.path()).unwrap();
    assert_eq!(shown(&checker, &card), Err(CardRefused::UnknownIssuer));
    let names = |count| assert_eq!(checker.names().len(), count);
    names(1);
    let one = site.authority.certificate.pem();
    site.write("authorities.pem", one.clone() + &stranger.certificate.pem() + &one);
    // Seen even where a browser had no certificate to offer.
    assert_eq!(checker.check(&[], later(1)), Err(CardRefused::NoCertificate));
    names(2);
    assert!(checker.check(&[card.der()], later(1)).is_ok());
    site.write("authorities.pem", one);
    assert_eq!(checker.check(&[card.der()], later(2)), Err(CardRefused::UnknownIssuer));
    names(1);
}

#[test]
fn an_authority_counts_within_its_own_time() {
    let mut params = testing::authority("Card Authority");
    testing::valid(&mut params, at("2026-11-24T08:00:00Z"), at("2026-11-24T10:00:00Z"));
    let site = Site::of(Authority::root(params));
    let (checker, card) = (site.checker(), site.card());
    for (time, good) in [
        ("2026-11-24T07:59:59Z", false),
        ("2026-11-24T08:00:00Z", true),
        ("2026-11-24T10:00:00Z", true),
        ("2026-11-24T10:00:01Z", false),
        ("2026-11-24T09:00:00Z", true),
    ] {
        let refused = checker.check(&[card.der()], at(time)).err();
        assert_eq!(refused, (!good).then_some(CardRefused::UnknownIssuer), "{time}");
    }
}

#[test]
fn each_authority_of_a_chain_is_asked_for() {
    let site = Site::new();
    let root = &site.authority;
    let issuing = root.intermediate(testing::authority("Issuing Authority"));
    let card = issuing.issue(testing::card(UUID));
    let chain = [card.der(), der(&issuing)];
    let lists = || Checker::open(&settings(&["list.pem", "issuing.crl"]), site.folder.path()).unwrap();
    let issued = |next_update| site.write("issuing.crl", issuing.list(last_update(), next_update, &[]).der());
    issued(next_update());

    // Without the one between nobody knows where the card is from.
    assert_eq!(shown(&lists(), &card), Err(CardRefused::UnknownIssuer));
    assert!(lists().check(&chain, now()).is_ok());
    let only_root = Checker::open(&settings(&["list.pem"]), site.folder.path()).unwrap();
    assert_eq!(only_root.check(&chain, now()), Err(CardRefused::RevocationUnknown));
    let only_issuing = Checker::open(&settings(&["issuing.crl"]), site.folder.path()).unwrap();
    assert_eq!(only_issuing.check(&chain, now()), Err(CardRefused::RevocationUnknown));
    issued(now());
    assert_eq!(lists().check(&chain, now()), Err(CardRefused::RevocationUnknown));
    issued(next_update());

    // It may stand in the bundle, which does not spare it from being vouched for.
    site.write("authorities.pem", root.certificate.pem() + &issuing.certificate.pem());
    assert!(shown(&lists(), &card).is_ok());
    site.revoke(&[&issuing.serial]);
    assert_eq!(shown(&lists(), &card), Err(CardRefused::Revoked));
    site.revoke(&[]);
    issued(next_update());

    // Alone in the bundle it is trusted by itself.
    site.write("authorities.pem", issuing.certificate.pem());
    let alone = Checker::open(&settings(&["issuing.crl"]), site.folder.path()).unwrap();
    assert!(shown(&alone, &card).is_ok());
}

#[test]
fn an_expired_authority_in_between_is_not_the_cards_fault() {
    let site = Site::new();
    let mut params = testing::authority("Issuing Authority");
    testing::valid(&mut params, at("2020-01-01T00:00:00Z"), at("2026-01-01T00:00:00Z"));
    let issuing = site.authority.intermediate(params);
    let card = issuing.issue(testing::card(UUID));
    assert_eq!(site.checker().check(&[card.der(), der(&issuing)], now()), Err(CardRefused::UnknownIssuer));
}

#[test]
fn a_holder_of_a_card_is_no_authority() {
    let site = Site::new();
    let holder = site.authority.intermediate(testing::card(UUID));
    let forged = holder.issue(testing::card("555000000000"));
    assert_eq!(site.checker().check(&[forged.der(), der(&holder)], now()), Err(CardRefused::UnknownIssuer));
}
