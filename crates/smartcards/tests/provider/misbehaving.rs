use std::{
    io::Write,
    sync::{Arc, Mutex},
};

use serde_json::{Value, json};
use smartcards::provider::{Asked, Proven, Provider, ProviderError};
use store::Clock;

use crate::{
    common::{SECRET, UUID, asked, clock, provider, settings},
    stub::{Key, Stub, sign_with_secret, unsigned},
};

const METADATA: &str = "/.well-known/openid-configuration";

struct Site {
    key: Key,
    stub: Stub,
    clock: Clock,
    provider: Provider,
    asked: Asked,
}

impl Site {
    async fn new() -> Self {
        let key = Key::new("one");
        let stub = Stub::start(&key).await;
        let clock = clock();
        let provider = provider(&settings(&stub.issuer), &clock);
        Self { key, stub, clock, provider, asked: asked(false) }
    }

    fn claims(&self) -> Value {
        self.stub.claims(self.clock.now(), &self.asked.nonce)
    }

    fn claims_with(&self, name: &str, value: Value) -> Value {
        let mut claims = self.claims();
        claims[name] = value;
        claims
    }

    fn claims_without(&self, name: &str) -> Value {
        let mut claims = self.claims();
        claims.as_object_mut().unwrap().remove(name);
        claims
    }

    /// What becomes of this ID token.
    async fn given(&self, token: &str) -> Result<Proven, ProviderError> {
        self.stub.token(token);
        self.provider.finish("code", &self.asked).await
    }

    /// What becomes of somebody who comes while nothing of the provider is known yet.
    async fn begun(&self) -> Result<(), ProviderError> {
        let provider = provider(&settings(&self.stub.issuer), &self.clock);
        provider.begin(&self.asked).await.map(drop)
    }
}

#[tokio::test]
async fn a_token_is_the_providers_for_us_and_valid() {
    let site = Site::new().await;
    let good = site.given(&site.key.sign(&site.claims())).await.unwrap();
    assert_eq!((good.uuid.as_str(), good.at.seconds_since(site.clock.now())), (UUID, 0));

    let now = site.clock.now().microseconds() / 1_000_000;
    for (name, value) in [
        ("iss", json!("https://another.example")),
        ("iss", json!(format!("{}/", site.stub.issuer))),
        ("aud", json!("another")),
        ("aud", json!(["staffrecord", "another"])),
        ("aud", json!([])),
        ("exp", json!(now - 61)),
        ("iat", json!(now + 62)),
        ("auth_time", json!(now + 62)),
        ("auth_time", json!(-1)),
        ("auth_time", json!(8_000_000_000_000_i64)),
    ] {
        let token = site.key.sign(&site.claims_with(name, value.clone()));
        assert_eq!(site.given(&token).await, Err(ProviderError::BadToken), "{name}: {value}");
    }
    for name in ["iss", "sub", "aud", "exp", "iat"] {
        let token = site.key.sign(&site.claims_without(name));
        assert_eq!(site.given(&token).await, Err(ProviderError::BadToken), "{name}");
    }
    let token = site.key.sign(&site.claims_without("nonce"));
    assert_eq!(site.given(&token).await, Err(ProviderError::WrongNonce));

    // Clocks differ.
    for (name, value) in [("exp", now - 30), ("iat", now + 30), ("auth_time", now + 30)] {
        let proven = site.given(&site.key.sign(&site.claims_with(name, json!(value)))).await.unwrap();
        assert!(proven.at <= site.clock.now(), "{name}");
    }
}

#[tokio::test]
async fn only_the_providers_own_signature_counts() {
    let site = Site::new().await;
    let claims = site.claims();
    let good = site.key.sign(&claims);
    let (head, signature) = good.rsplit_once('.').unwrap();
    let forged = unsigned(&json!({"alg": "EdDSA", "kid": "one"}), &site.claims_with("sub", json!("eve")));
    for (what, token) in [
        ("none", format!("{}.", unsigned(&json!({"alg": "none"}), &claims))),
        ("HS256", sign_with_secret(&claims)),
        ("another's key", Key::new("two").sign(&claims)),
        ("another's key, by our name", Key::new("one").sign(&claims)),
        ("changed claims", format!("{forged}.{signature}")),
        ("no signature", format!("{head}.")),
        (
            "critical header",
            format!("{}.{signature}", unsigned(&json!({"alg": "EdDSA", "crit": ["x"]}), &claims)),
        ),
        ("two parts", head.to_owned()),
        ("junk", "junk".to_owned()),
    ] {
        assert_eq!(site.given(&token).await, Err(ProviderError::BadToken), "{what}");
    }
    site.stub.says("/token", "200 OK", &json!({"access_token": "access", "token_type": "Bearer"}));
    assert_eq!(site.provider.finish("code", &site.asked).await, Err(ProviderError::BadToken));
}

#[tokio::test]
async fn keys_are_fetched_for_a_new_key_but_not_for_each_forgery() {
    let site = Site::new().await;
    let forged = Key::new("two").sign(&site.claims());
    for _ in 0..5 {
        assert_eq!(site.given(&forged).await, Err(ProviderError::BadToken));
    }
    assert_eq!(site.stub.asked("/jwks"), 2);
    site.clock.advance(10);
    // A provider may use a name twice, or none.
    let new = Key::new("one");
    site.stub.says("/jwks", "200 OK", &json!({"keys": [{"kty": "unheard-of"}, new.public()]}));
    assert!(site.given(&new.sign(&site.claims())).await.is_ok());
    assert_eq!((site.stub.asked("/jwks"), site.stub.asked(METADATA)), (3, 1));

    site.clock.advance(10);
    site.stub.says("/jwks", "500 Internal Server Error", &json!({}));
    assert_eq!(site.given(&forged).await, Err(ProviderError::Down));
    site.clock.advance(3600);
    site.stub.says("/jwks", "200 OK", &json!({"keys": [new.public()]}));
    assert!(site.given(&new.sign(&site.claims())).await.is_ok());
    assert_eq!(site.stub.asked(METADATA), 2);
}

#[tokio::test]
async fn when_the_card_was_presented() {
    let mut site = Site::new().await;
    let now = site.clock.now().microseconds() / 1_000_000;
    let mut silent = site.claims_without("auth_time");
    silent["iat"] = json!(now - 100);
    let proven = site.given(&site.key.sign(&silent)).await.unwrap();
    assert_eq!(proven.at.microseconds(), (now - 100) * 1_000_000);

    site.asked.fresh = true;
    assert_eq!(site.given(&site.key.sign(&silent)).await, Err(ProviderError::TooOld));
    for (age, outcome) in [(300, Ok(())), (301, Err(ProviderError::TooOld))] {
        let token = site.key.sign(&site.claims_with("auth_time", json!(now - age)));
        assert_eq!(site.given(&token).await.map(drop), outcome, "{age}");
    }
}

#[tokio::test]
async fn userinfo_is_asked_only_where_the_token_is_silent() {
    let site = Site::new().await;
    for wrong in [json!(555_042_700_101_u64), json!(null), json!([UUID])] {
        let token = site.key.sign(&site.claims_with("nhsid_useruid", wrong.clone()));
        assert_eq!(site.given(&token).await, Err(ProviderError::NoUuid), "{wrong}");
    }
    assert_eq!(site.stub.asked("/userinfo"), 0);

    let silent = site.key.sign(&site.claims_without("nhsid_useruid"));
    for (status, info, outcome) in [
        ("200 OK", json!({"sub": "helen", "nhsid_useruid": UUID}), Ok(())),
        ("200 OK", json!({"sub": "helen", "nhsid_useruid": UUID, "id_assurance_level": 1}), Ok(())),
        ("200 OK", json!({"sub": "eve", "nhsid_useruid": UUID}), Err(ProviderError::BadToken)),
        ("200 OK", json!({"nhsid_useruid": UUID}), Err(ProviderError::Down)),
        ("200 OK", json!({"sub": "helen"}), Err(ProviderError::NoUuid)),
        ("401 Unauthorized", json!({"error": "invalid_token"}), Err(ProviderError::Down)),
        ("500 Internal Server Error", json!({}), Err(ProviderError::Down)),
    ] {
        site.stub.says("/userinfo", status, &info);
        assert_eq!(site.given(&silent).await.map(drop), outcome, "{status} {info}");
    }

    let mut metadata = site.stub.metadata();
    metadata.as_object_mut().unwrap().remove("userinfo_endpoint");
    site.stub.says(METADATA, "200 OK", &metadata);
    site.clock.advance(3600);
    let silent = site.key.sign(&site.claims_without("nhsid_useruid"));
    assert_eq!(site.given(&silent).await, Err(ProviderError::NoUuid));
}

#[tokio::test]
async fn a_uuid_may_stand_in_a_claim_that_the_standard_names() {
    let site = Site::new().await;
    let mut settings = settings(&site.stub.issuer);
    settings.uuid_claim = "preferred_username".to_owned();
    let provider = provider(&settings, &site.clock);
    site.stub.token(&site.key.sign(&site.claims_with("preferred_username", json!(UUID))));
    assert_eq!(provider.finish("code", &site.asked).await.unwrap().uuid, UUID);
}

#[tokio::test]
async fn metadata_that_make_no_sense() {
    let site = Site::new().await;
    assert_eq!(site.begun().await, Ok(()));
    for (name, value) in [
        ("issuer", json!("https://another.example")),
        ("issuer", json!(format!("{}/", site.stub.issuer))),
        ("issuer", json!(null)),
        ("authorization_endpoint", json!("http://cis2.example/auth")),
        ("authorization_endpoint", json!("javascript:alert(1)")),
        ("end_session_endpoint", json!("http://cis2.example/out")),
        ("jwks_uri", json!(format!("{}/nothing", site.stub.issuer))),
        ("token_endpoint_auth_methods_supported", json!(["private_key_jwt"])),
    ] {
        let mut metadata = site.stub.metadata();
        metadata[name] = value.clone();
        site.stub.says(METADATA, "200 OK", &metadata);
        assert_eq!(site.begun().await, Err(ProviderError::Down), "{name}: {value}");
    }
    for status in ["404 Not Found", "500 Internal Server Error", "204 No Content"] {
        site.stub.says(METADATA, status, &site.stub.metadata());
        assert_eq!(site.begun().await, Err(ProviderError::Down), "{status}");
    }
    site.stub.says(METADATA, "200 OK", &json!("junk"));
    assert_eq!(site.begun().await, Err(ProviderError::Down));
}

#[tokio::test]
async fn no_redirect_is_followed_and_no_long_answer_read() {
    let site = Site::new().await;
    let metadata = site.stub.metadata().to_string();
    let moved = "302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n".to_owned();
    site.stub.raw(METADATA, moved);
    site.stub.says("/elsewhere", "200 OK", &site.stub.metadata());
    assert_eq!(site.begun().await, Err(ProviderError::Down));
    assert_eq!(site.stub.asked("/elsewhere"), 0);

    // Without its length: an answer ends with the connection.
    for (length, outcome) in [(256 * 1024, Ok(())), (256 * 1024 + 1, Err(ProviderError::Down))] {
        let body = format!("{metadata}{}", " ".repeat(length - metadata.len()));
        site.stub.raw(METADATA, format!("200 OK\r\nContent-Type: application/json\r\n\r\n{body}"));
        assert_eq!(site.begun().await, outcome, "{length}");
    }
    site.stub.says(METADATA, "200 OK", &site.stub.metadata());
    let long = site.key.sign(&site.claims_with("long", json!("x".repeat(256 * 1024))));
    assert_eq!(site.given(&long).await, Err(ProviderError::Down));
}

#[tokio::test]
async fn refusals_of_the_code_and_refusals_of_us() {
    let site = Site::new().await;
    for (status, answer, outcome) in [
        ("400 Bad Request", json!({"error": "invalid_grant"}), ProviderError::Refused),
        ("401 Unauthorized", json!({"error": "invalid_client"}), ProviderError::Down),
        ("400 Bad Request", json!({"error": "unsupported_grant_type"}), ProviderError::Down),
        ("500 Internal Server Error", json!({"error": "invalid_grant"}), ProviderError::Down),
        ("503 Service Unavailable", json!({}), ProviderError::Down),
    ] {
        site.stub.says("/token", status, &answer);
        assert_eq!(site.provider.finish("code", &site.asked).await, Err(outcome), "{status} {answer}");
    }
    let page = "<p>We'll be back".to_owned();
    for head in ["404 Not Found\r\nContent-Type: text/html", "200 OK\r\nContent-Type: text/html"] {
        site.stub.raw("/token", format!("{head}\r\n\r\n{page}"));
        assert_eq!(site.provider.finish("code", &site.asked).await, Err(ProviderError::Down), "{head}");
    }
}

/// What was logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn no_secret_is_logged() {
    let log = Log::default();
    let written = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || written.clone())
        .finish();
    // For all threads: one that has none would switch a place off for the others as it comes there first.
    tracing::subscriber::set_global_default(subscriber).unwrap();
    tracing::callsite::rebuild_interest_cache();

    let site = Site::new().await;
    let forged = Key::new("two").sign(&site.claims());
    site.stub.token(&forged);
    let code = "a-code-that-nobody-reads";
    assert_eq!(site.provider.finish(code, &site.asked).await, Err(ProviderError::BadToken));
    site.stub.says(
        "/token",
        "200 OK",
        &json!({"access_token": "access-of-helen", "id_token": 5, "token_type": 5}),
    );
    assert_eq!(site.provider.finish(code, &site.asked).await, Err(ProviderError::BadToken));
    site.stub.says("/token", "503 Service Unavailable", &json!({}));
    assert_eq!(site.provider.finish(code, &site.asked).await, Err(ProviderError::Down));

    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(text.contains("cis2") && text.contains("503"), "{text}");
    for secret in [code, &forged, "access-of-helen", SECRET, &site.asked.nonce, &site.asked.verifier, UUID] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}
