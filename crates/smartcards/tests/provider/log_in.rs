use std::collections::BTreeMap;

use smartcards::{provider::ProviderError, testing::provider::Server};

use crate::common::{
    BACK, REDIRECT, SECRET, UUID, asked, clock, log_in, new_browser, provider, settings, start,
};

#[tokio::test]
async fn a_card_is_presented_and_logged_out() {
    let server = start().await;
    let clock = clock();
    let provider = provider(&settings(&server.issuer), &clock);
    assert_eq!((provider.id(), provider.name()), ("cis2", "NHS CIS2"));

    let asked = asked(false);
    let begun = provider.begin(&asked).await.unwrap();
    let said: BTreeMap<_, _> = begun.query_pairs().into_owned().collect();
    for (name, value) in [
        ("response_type", "code"),
        ("client_id", "staffrecord"),
        ("redirect_uri", REDIRECT),
        ("scope", "openid staff"),
        ("acr_values", "AAL3_ANY AAL3_FIDO2"),
        ("code_challenge_method", "S256"),
        ("state", &asked.state),
        ("nonce", &asked.nonce),
    ] {
        assert_eq!(said[name], value, "{name}");
    }
    assert!(!said.contains_key("prompt") && !said.contains_key("max_age"));
    assert!(!begun.as_str().contains(&asked.verifier));

    let mut browser = new_browser();
    let returned = browser.log_in(begun).await;
    assert_eq!(returned.state, asked.state);
    let proven = provider.finish(&returned.code, &asked).await.unwrap();
    assert_eq!(
        (proven.uuid.as_str(), proven.subject.as_str(), proven.acr.as_str()),
        (UUID, "helen", "AAL3_ANY")
    );
    assert!((0..60).contains(&clock.now().seconds_since(proven.at)));
    assert!(!format!("{proven:?}").contains(&proven.id_token));

    // The provider knows the browser, until it is told to forget it.
    assert!(!browser.log_in(provider.begin(&asked).await.unwrap()).await.card_asked_for);
    let out = provider.log_out(&proven.id_token, BACK).await.unwrap();
    assert_eq!(browser.log_out(out).await.as_str(), BACK);
    assert!(browser.log_in(provider.begin(&asked).await.unwrap()).await.card_asked_for);
}

#[tokio::test]
async fn the_secret_is_sent_as_the_provider_wants_it() {
    for method in ["client_secret_basic", "client_secret_post"] {
        let server = Server::start(REDIRECT, BACK, &["--auth", method]).await;
        let mut settings = settings(&server.issuer);
        assert!(log_in(&provider(&settings, &clock())).await.is_ok(), "{method}");
        settings.client_secret = Some(SECRET.replace("secret", "wrong"));
        assert_eq!(log_in(&provider(&settings, &clock())).await, Err(ProviderError::Down), "{method}");
    }
}

#[tokio::test]
async fn keys_are_rotated_between_two_log_ins() {
    let mut server = start().await;
    let clock = clock();
    let provider = provider(&settings(&server.issuer), &clock);
    assert!(log_in(&provider).await.is_ok());
    server.order("rotate").await;
    assert!(log_in(&provider).await.is_ok());
    // Keys are not asked for at each strange token.
    server.order("rotate").await;
    clock.advance(9);
    assert_eq!(log_in(&provider).await, Err(ProviderError::BadToken));
    clock.advance(1);
    assert!(log_in(&provider).await.is_ok());
}

#[tokio::test]
async fn a_token_answers_its_own_request_only() {
    let mut server = start().await;
    let provider = provider(&settings(&server.issuer), &clock());
    server.order("nonce another").await;
    assert_eq!(log_in(&provider).await, Err(ProviderError::WrongNonce));
    assert!(log_in(&provider).await.is_ok());
}

#[tokio::test]
async fn a_code_is_taken_once_and_from_its_browser() {
    let server = start().await;
    let provider = provider(&settings(&server.issuer), &clock());
    let (mine, other) = (asked(false), asked(false));
    let code = new_browser().log_in(provider.begin(&mine).await.unwrap()).await.code;
    assert!(provider.finish(&code, &mine).await.is_ok());
    assert_eq!(provider.finish(&code, &mine).await, Err(ProviderError::Refused));

    let stolen = new_browser().log_in(provider.begin(&other).await.unwrap()).await.code;
    for code in [stolen.as_str(), "made-up", "", &"c".repeat(4097)] {
        assert_eq!(provider.finish(code, &mine).await, Err(ProviderError::Refused), "{code}");
    }
}

#[tokio::test]
async fn the_proof_is_by_card_and_the_identity_was_checked() {
    let mut server = start().await;
    let provider = provider(&settings(&server.issuer), &clock());
    for (order, outcome) in [
        ("set helen acr AAL1_USERPASS", Err(ProviderError::AcrTooLow)),
        ("set helen acr -", Err(ProviderError::AcrTooLow)),
        ("set helen acr AAL3_FIDO2", Ok(())),
        ("set helen assurance 2", Err(ProviderError::AssuranceTooLow)),
        ("set helen assurance high", Err(ProviderError::AssuranceTooLow)),
        ("set helen assurance -", Err(ProviderError::AssuranceTooLow)),
        ("set helen assurance 4", Ok(())),
    ] {
        server.order(order).await;
        assert_eq!(log_in(&provider).await.map(drop), outcome, "{order}");
    }
}

#[tokio::test]
async fn a_uuid_has_twelve_digits() {
    let mut server = start().await;
    let provider = provider(&settings(&server.issuer), &clock());
    for wrong in ["-", "55504270010", "5550427001011", "55504270010a", "５５５０42700101"] {
        server.order(&format!("set helen uuid {wrong}")).await;
        assert_eq!(log_in(&provider).await, Err(ProviderError::NoUuid), "{wrong}");
    }
}

#[tokio::test]
async fn claims_may_stand_in_userinfo() {
    let mut server = start().await;
    let provider = provider(&settings(&server.issuer), &clock());
    server.order("userinfo").await;
    assert_eq!(log_in(&provider).await.unwrap().uuid, UUID);
    server.order("set helen assurance 2").await;
    assert_eq!(log_in(&provider).await, Err(ProviderError::AssuranceTooLow));
}

#[tokio::test]
async fn a_fresh_proof_is_not_an_old_session() {
    let mut server = start().await;
    let clock = clock();
    let provider = provider(&settings(&server.issuer), &clock);
    let mut browser = new_browser();

    // Ten minutes ago she logged in at the provider, by card: good for a log-in, which says since when.
    server.order("set helen age 600").await;
    let asked_any = asked(false);
    let returned = browser.log_in(provider.begin(&asked_any).await.unwrap()).await;
    let proven = provider.finish(&returned.code, &asked_any).await.unwrap();
    assert!((540..=600).contains(&clock.now().seconds_since(proven.at)));

    // Fresh: the provider is told to ask for the card again.
    server.order("set helen age 0").await;
    let fresh = asked(true);
    let begun = provider.begin(&fresh).await.unwrap();
    assert!(begun.as_str().contains("prompt=login") && begun.as_str().contains("max_age=300"));
    let returned = browser.log_in(begun).await;
    assert!(returned.card_asked_for);
    let proven = provider.finish(&returned.code, &fresh).await.unwrap();
    assert!((0..60).contains(&clock.now().seconds_since(proven.at)));

    // A provider that does not ask is not believed.
    server.order("set helen age 600").await;
    server.order("careless").await;
    let mut browser = new_browser();
    browser.log_in(provider.begin(&asked(false)).await.unwrap()).await;
    let returned = browser.log_in(provider.begin(&fresh).await.unwrap()).await;
    assert!(!returned.card_asked_for);
    assert_eq!(provider.finish(&returned.code, &fresh).await, Err(ProviderError::TooOld));
}

#[tokio::test]
async fn a_provider_that_is_down_is_said_to_be() {
    let server = start().await;
    let settings = settings(&server.issuer);
    let clock = clock();
    let known = provider(&settings, &clock);
    let asked = asked(false);
    let code = new_browser().log_in(known.begin(&asked).await.unwrap()).await.code;
    drop(server);

    assert_eq!(known.finish(&code, &asked).await, Err(ProviderError::Down));
    assert_eq!(provider(&settings, &clock).begin(&asked).await, Err(ProviderError::Down));
    // Its metadata are good for an hour.
    clock.advance(3599);
    assert!(known.begin(&asked).await.is_ok());
    clock.advance(1);
    assert_eq!(known.begin(&asked).await, Err(ProviderError::Down));
    assert_eq!(known.log_out("token", BACK).await, None);
}

#[tokio::test]
async fn nobody_waits_longer_than_ten_seconds() {
    let mut server = start().await;
    let provider = provider(&settings(&server.issuer), &clock());
    let asked = asked(false);
    let code = new_browser().log_in(provider.begin(&asked).await.unwrap()).await.code;
    server.order("mute").await;
    // With nothing to do but wait, a paused clock goes on to what is waited for next.
    tokio::time::pause();
    let before = tokio::time::Instant::now();
    assert_eq!(provider.finish(&code, &asked).await, Err(ProviderError::Down));
    assert_eq!(before.elapsed().as_secs(), 10);
    tokio::time::resume();
    server.order("speak").await;
    assert!(log_in(&provider).await.is_ok());
}
