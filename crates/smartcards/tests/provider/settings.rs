use std::path::Path;

use smartcards::provider::{Assurance, Provider, Settings};

use crate::common::{REDIRECT, SECRET, clock, settings};

fn refusal(settings: &Settings, folder: &Path) -> Option<String> {
    Provider::new(settings, folder, REDIRECT, clock()).err().map(|error| error.key.to_owned())
}

#[test]
fn each_setting_is_checked() {
    type Change = fn(&mut Settings);
    let cases: [(&str, Change); 23] = [
        ("id", |s| s.id = String::new()),
        ("id", |s| s.id = "CIS2".to_owned()),
        ("id", |s| s.id = "a".repeat(33)),
        ("name", |s| s.name = " ".to_owned()),
        ("name", |s| s.name = "a\nb".to_owned()),
        ("name", |s| s.name = "n".repeat(61)),
        ("issuer", |s| s.issuer = "cis2".to_owned()),
        ("issuer", |s| s.issuer = "http://cis2.example".to_owned()),
        ("issuer", |s| s.issuer = "http://127.0.0.1.example".to_owned()),
        ("issuer", |s| s.issuer = "https://me@cis2.example".to_owned()),
        ("issuer", |s| s.issuer = "https://cis2.example/?a".to_owned()),
        ("client_id", |s| s.client_id = String::new()),
        ("client_secret", |s| s.client_secret = Some("fifteen letters".to_owned())),
        ("client_secret", |s| s.client_secret = None),
        ("client_secret_file", |s| s.client_secret_file = Some("secret".into())),
        ("scopes", |s| s.scopes = vec!["two words".to_owned()]),
        ("scopes", |s| s.scopes = vec!["s".to_owned(); 17]),
        ("uuid_claim", |s| s.uuid_claim = "u".repeat(201)),
        ("acr", |s| s.acr = Vec::new()),
        ("acr", |s| s.acr = vec![String::new()]),
        ("identity_assurance.claim", |s| {
            s.identity_assurance = Some(Assurance { claim: String::new(), least: 3 });
        }),
        ("identity_assurance.least", |s| {
            s.identity_assurance = Some(Assurance { claim: "level".to_owned(), least: 0 });
        }),
        ("client_secret_file", |s| {
            s.client_secret = None;
            s.client_secret_file = Some("missing".into());
        }),
    ];
    let folder = tempfile::tempdir().unwrap();
    for (at, (key, change)) in cases.into_iter().enumerate() {
        let mut settings = settings("https://cis2.example/realm");
        change(&mut settings);
        assert_eq!(refusal(&settings, folder.path()).as_deref(), Some(key), "case {at}");
    }
    for good in ["https://cis2.example:443/realm", "http://localhost:8080", "http://[::1]:8080"] {
        assert_eq!(refusal(&settings(good), folder.path()), None, "{good}");
    }
    let error =
        Provider::new(&settings("https://cis2.example"), folder.path(), "http://portal.example", clock());
    assert_eq!(error.err().unwrap().key, "redirect");
}

#[test]
fn the_secret_may_stand_in_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = settings("https://cis2.example");
    settings.client_secret = None;
    settings.client_secret_file = Some("secret".into());
    std::fs::write(folder.path().join("secret"), format!("{SECRET}\n")).unwrap();
    assert_eq!(refusal(&settings, folder.path()), None);
    std::fs::write(folder.path().join("secret"), "short\n").unwrap();
    assert_eq!(refusal(&settings, folder.path()).as_deref(), Some("client_secret_file"));
}

#[test]
fn a_table_is_read_and_shows_no_secret() {
    let text = r#"{"id": "cis2", "name": "NHS CIS2", "issuer": "https://cis2.example", "client_id": "portal",
        "client_secret": "a secret of the portal", "uuid_claim": "uid", "acr": ["AAL3_ANY"],
        "identity_assurance": {"claim": "level", "least": 3}}"#;
    let read: Settings = serde_json::from_str(text).unwrap();
    assert!(!format!("{read:?}").contains("a secret of the portal"));
    for (known, unknown) in [("\"name\"", "\"label\": 1, \"name\""), ("\"least\"", "\"most\": 4, \"least\"")]
    {
        assert!(serde_json::from_str::<Settings>(&text.replace(known, unknown)).is_err(), "{unknown}");
    }
    let mut no_acr: serde_json::Value = serde_json::from_str(text).unwrap();
    no_acr.as_object_mut().unwrap().remove("acr");
    assert!(serde_json::from_value::<Settings>(no_acr).is_err());
}
