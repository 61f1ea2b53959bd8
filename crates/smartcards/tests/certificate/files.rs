//! Settings, the files that they name, and what `check` has to say about them.

use std::fs;

use serde_json::{Value, json};
use smartcards::{
    certificate::{Checker, Settings, UuidField},
    testing::{self, Authority},
};

use super::{Site, UUID, at, last_update, next_update, now, settings};

#[test]
fn settings_say_what_is_wrong_and_where() {
    let site = Site::new();
    let opened = |lists: &[&str]| Checker::open(&settings(lists), site.folder.path());
    let refused = |lists: &[&str], says: &[&str]| {
        let error = opened(lists).unwrap_err().to_string();
        assert!(says.iter().all(|part| error.contains(part)), "{error}");
    };
    refused(&["gone.pem"], &["smartcard_certificates.revocation_lists", "gone.pem", "cannot be read"]);
    site.write("empty.pem", "");
    refused(&["list.pem", "empty.pem"], &["empty.pem", "holds no revocation list"]);
    site.write("junk.crl", [0x30, 0x03, 1, 2, 3]);
    refused(&["junk.crl"], &["junk.crl", "is no revocation list"]);
    let good = fs::read_to_string(site.path("list.pem")).unwrap();
    site.write("cut.pem", &good[..good.len() / 2]);
    refused(&["cut.pem"], &["cut.pem", "neither a DER nor a PEM"]);
    site.write("certificate.pem", site.authority.certificate.pem());
    refused(&["certificate.pem"], &["certificate.pem", "holds no revocation list"]);
    site.write("certificate.der", site.authority.certificate.der());
    refused(&["certificate.der"], &["certificate.der", "is no revocation list"]);

    site.write("authorities.pem", "");
    refused(&[], &["smartcard_certificates.authorities", "authorities.pem", "holds no certificate"]);
    site.write("authorities.pem", site.authority.certificate.pem() + &site.card().certificate.pem());
    refused(&[], &["authorities.pem", "certificate 2", "CN=A Card", "is not an authority's"]);
    site.write("authorities.pem", vec![b'x'; 1024 * 1024 + 1]);
    refused(&[], &["authorities.pem", "larger than 1024 KiB"]);
    site.write("authorities.pem", "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n");
    refused(&[], &["certificate 1", "cannot be read"]);
    let named = |n: usize, length| Authority::root(testing::authority(&format!("{n}{}", "x".repeat(length))));
    site.write("authorities.pem", named(0, 16_000).certificate.pem());
    refused(&[], &["certificate 1", "larger than 16 KiB"]);
    let many: String = (0..5).map(|n| named(n, 7_000).certificate.pem()).collect();
    site.write("authorities.pem", many);
    refused(&[], &["more authorities than a handshake has room for"]);
    fs::remove_file(site.path("authorities.pem")).unwrap();
    refused(&[], &["authorities.pem", "cannot be read"]);
}

#[test]
fn the_card_host_is_a_name() {
    let site = Site::new();
    for (host, good) in [
        ("card.portal.example", true),
        ("CARD.portal.example", true),
        ("card.localhost", true),
        ("", false),
        ("192.0.2.1", false),
        ("[2001:db8::1]", false),
        ("card.portal.example:8443", false),
        ("https://card.portal.example", false),
        ("card portal", false),
    ] {
        let mut settings = settings(&["list.pem"]);
        settings.host = host.into();
        let opened = Checker::open(&settings, site.folder.path());
        assert_eq!(opened.is_ok(), good, "{host}");
        assert!(opened.err().is_none_or(|error| error.key == "host"), "{host}");
    }
}

fn table(more: &Value) -> Result<Settings, serde_json::Error> {
    let mut table = json!({ "host": "card.portal.example", "authorities": "authorities.pem" });
    table.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    serde_json::from_value(table)
}

#[test]
fn the_table_is_read_strictly() {
    let plain = table(&json!({})).unwrap();
    assert!(plain.revocation_lists.is_empty() && plain.uuid_field == UuidField::SerialNumber);
    for (text, field) in [
        ("serialNumber", UuidField::SerialNumber),
        ("CN", UuidField::CommonName),
        ("SAN", UuidField::San),
        ("1.2.826.0.1", UuidField::Oid("1.2.826.0.1".parse().unwrap())),
    ] {
        assert_eq!(table(&json!({ "uuid_field": text })).unwrap().uuid_field, field);
    }
    for text in ["", "cn", "uid", "1.", "1..2", "9.9", "1.2.x", "1.-2"] {
        assert!(table(&json!({ "uuid_field": text })).is_err(), "{text}");
    }
    assert!(table(&json!({ "uuid_feild": "CN" })).is_err());
}

#[test]
fn a_proxys_secret_is_long_and_one_word() {
    let site = Site::new();
    let folder = site.folder.path();
    let secret = "0123456789abcdef0123456789abcdef";
    let of = |more: &Value| table(more).unwrap().proxy_secret(folder);
    assert!(of(&json!({})).unwrap().is_none());
    assert_eq!(of(&json!({ "proxy_secret": secret })).unwrap().unwrap().reveal(), secret);
    site.write("secret", format!("{secret}\n"));
    let settings = table(&json!({ "proxy_secret_file": "secret" })).unwrap();
    assert_eq!(settings.proxy_secret(folder).unwrap().unwrap().reveal(), secret);
    assert!(!format!("{:?}", table(&json!({ "proxy_secret": secret })).unwrap()).contains(secret));
    for (more, key, says) in [
        (json!({ "proxy_secret": &secret[1..] }), "proxy_secret", "shorter than 32"),
        (json!({ "proxy_secret": "x".repeat(513) }), "proxy_secret", "longer than 512"),
        (json!({ "proxy_secret": format!("{secret} x") }), "proxy_secret", "no ASCII letter"),
        (json!({ "proxy_secret": secret, "proxy_secret_file": "secret" }), "proxy_secret_file", "beside"),
        (json!({ "proxy_secret_file": "gone" }), "proxy_secret_file", "gone"),
    ] {
        let error = of(&more).unwrap_err();
        assert_eq!(error.key, key);
        assert!(error.to_string().contains(says), "{error}");
    }
    // `Checker::open` says it too, so that `serve` does not start with it.
    assert!(Checker::open(&table(&json!({ "proxy_secret": "short" })).unwrap(), folder).is_err());
}

#[test]
fn findings_warn_in_time() {
    let mut params = testing::authority("Card Authority");
    testing::valid(&mut params, at("2020-01-01T00:00:00Z"), at("2026-12-31T00:00:00Z"));
    let site = Site::of(Authority::root(params));
    let checker = site.checker();
    let found = |time: &str| {
        let findings = checker.findings(at(time)).into_iter();
        findings.map(|finding| (finding.refuses, finding.what)).collect::<Vec<_>>()
    };
    // The list is due on 30 November, the authority's end is on 31 December.
    assert!(found("2026-11-24T09:00:00Z").is_empty());
    assert_eq!(
        found("2026-11-28T09:00:00Z"),
        [(false, "the list of CN=Card Authority has to be followed by another by 2026-11-30".to_owned())]
    );
    let findings = found("2026-12-01T00:00:00Z");
    assert!(findings[0].0 && findings[0].1.contains("its cards are refused"), "{findings:?}");
    assert_eq!(findings[1], (false, "the authority CN=Card Authority expires on 2026-12-31".to_owned()));
    site.write(
        "list.pem",
        site.authority.list(last_update(), at("2027-06-01T00:00:00Z"), &[]).pem().unwrap(),
    );
    let findings = found("2026-12-31T00:00:01Z");
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert!(findings[0].0 && findings[0].1.contains("expired on 2026-12-31"), "{findings:?}");
}

#[test]
fn findings_name_authorities_without_a_list() {
    let site = Site::new();
    let stranger = Authority::root(testing::authority("Another Authority"));
    site.write("authorities.pem", site.authority.certificate.pem() + &stranger.certificate.pem());
    let findings = site.checker().findings(now());
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert!(findings[0].refuses && findings[0].path == site.path("authorities.pem"));
    assert_eq!(findings[0].what, "no revocation list is of CN=Another Authority: what it issued is refused");
    let none = Checker::open(&settings(&[]), site.folder.path()).unwrap().findings(now());
    assert_eq!(none.len(), 1, "{none:?}");
    assert!(none[0].refuses && none[0].what.starts_with("no revocation list is configured"));
    assert!(none[0].to_do.contains("revocation_lists"));
}

#[test]
fn an_authority_without_an_end_is_no_trouble() {
    let mut params = testing::authority("Card Authority");
    testing::valid(&mut params, at("2020-01-01T00:00:00Z"), at("9999-12-30T00:00:00Z"));
    let mut forever = params.clone();
    // What authorities write for 'never' is later than the calendar goes.
    forever.not_after = forever.not_after.replace_day(31).unwrap() + std::time::Duration::from_secs(86_399);
    let site = Site::of(Authority::root(forever));
    assert!(site.checker().findings(now()).is_empty());
    assert!(
        site.checker()
            .check(&[site.authority.issue(testing::card(UUID)).der()], next_update().plus_seconds(-1))
            .is_ok()
    );
    let last = site.checker().findings(at("9999-12-28T00:00:00Z"));
    assert!(last.iter().any(|finding| finding.what.contains("expires on 9999-12-30")), "{last:?}");
}
