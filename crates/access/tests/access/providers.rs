//! Smartcards by an identity provider: the portal in memory, and a real provider on this machine.

use http::header;
use smartcards::testing::provider::{Browser as AtProvider, Server, settings};
use store::{Clock, testing::strings};
use testing::{Answer, Browser, PASSWORD, Portal, both_databases};

use crate::{
    smartcards::{AMINA, AMINAS_CARD, HELENS_CARD, is_refused, on_trail},
    ways::field,
};

const HELEN: &str = "427HOWSEA01";
const ORIGIN: &str = "https://portal.example";
const REDIRECT: &str = "https://portal.example/smartcard/provider";
const BACK: &str = "https://portal.example/logged-out";
const RESET: &str = "/internet-access/reset-password";
const STALE: (&str, &str) = ("This took too long", "Start again");
const DOWN: (&str, &str) = ("The card log-in does not answer", "NHS CIS2 cannot be reached just now.");

/// A provider at which Helen and Amina have their cards.
async fn server() -> Server {
    let amina = format!("amina={AMINAS_CARD}");
    let mut server = Server::start(REDIRECT, BACK, &["--account", &amina]).await;
    server.order(&format!("set helen uuid {HELENS_CARD}")).await;
    server
}

/// The same portal, with log-in at these providers. Its time is that of now, since a real provider's cannot be set.
fn reading(portal: &Portal, servers: &[(&str, &str, &Server)]) -> Portal {
    portal.clock.set(Clock::system().now());
    let providers: Vec<_> = servers
        .iter()
        .map(|(id, name, server)| {
            let (id, name) = ((*id).to_owned(), (*name).to_owned());
            smartcards::provider::Settings { id, name, ..settings(&server.issuer) }
        })
        .collect();
    Portal::reopened(portal, |access| access.smartcard_providers.clone_from(&providers))
}

async fn with_provider(portal: &Portal) -> (Server, Portal) {
    let server = server().await;
    let portal = reading(portal, &[("cis2", "NHS CIS2", &server)]);
    (server, portal)
}

/// Somebody's browser: what it is to the portal, and what it is to the provider.
struct Both {
    portal: Browser,
    provider: AtProvider,
}

impl Both {
    fn of(portal: Browser) -> Self {
        Self { portal, provider: AtProvider::new(ORIGIN) }
    }

    /// Shows the card of `account` at the provider: the path by which that sends the browser back, and whether it asked for the card.
    async fn present(&mut self, account: &str, begin: &str) -> (String, bool) {
        let begun = self.portal.get(begin).await;
        let place = begun.is(303).location().expect("the provider's address").parse().unwrap();
        let returned = self.provider.log_in_as(account, place).await;
        let address = returned.address.as_str();
        (address.strip_prefix(ORIGIN).unwrap().to_owned(), returned.card_asked_for)
    }

    /// The whole way of a log-in by card, up to the portal's answer.
    async fn log_in(&mut self, account: &str) -> Answer {
        let (place, _) = self.present(account, "/smartcard/begin?by=cis2").await;
        self.portal.get(&place).await
    }
}

/// The page and the trail say why nobody was let in, and by whom they had come.
async fn refused(portal: &Portal, page: &Answer, status: u16, word: (&str, &str), words: (&str, &str)) {
    let reference = is_refused(page, status, words);
    let (outcome, by) = on_trail(portal, &reference).await;
    assert_eq!((outcome.as_str(), by.as_str()), word);
}

both_databases!(a_card_at_the_provider_lets_in, |portal| async move {
    let (_server, portal) = with_provider(&portal).await;
    for (browser, status) in [(portal.inside(), "Not requested"), (portal.browser(), "Approved")] {
        let mut helen = Both::of(browser);
        helen.portal.get("/").await.is(200).has("Log in via Smartcard");
        helen.portal.get("/smartcard").await.leads_to("/smartcard/begin?by=cis2");
        helen.log_in("helen").await.leads_to("/portal");
        helen.portal.get("/portal").await.is(200).has("Helen O'Wsea");
        helen.portal.get("/internet-access").await.is(200).has(HELEN).has(status);
        helen.portal.get(RESET).await.is(200).has_not("Present password");
        let set = helen.portal.post(RESET, &[("new_password", PASSWORD)]).await;
        set.leads_to("/internet-access?done=password");
    }
    portal.browser().log_in(HELEN, PASSWORD).await.leads_to("/portal");
    let shown =
        strings(&portal.db, "SELECT data FROM audit_entry WHERE event = 'access.smartcard_shown'").await;
    for words in [r#""by":"cis2""#, r#""issuer":"AAL3_ANY""#, r#""number":"helen""#] {
        assert!(shown.len() == 2 && shown.iter().all(|data| data.contains(words)), "{shown:?}");
    }
});

both_databases!(whoever_has_two_staff_records_chooses_after_the_provider_too, |portal| async move {
    let (_server, portal) = with_provider(&portal).await;
    let mut amina = Both::of(portal.browser());
    let page = amina.log_in("amina").await;
    page.is(200).has("Your smartcard is on several staff records");
    let (ticket, id) = (field(&page, "ticket"), portal.holder(AMINA[1]).await.record.id.to_string());
    let chosen = [("ticket", ticket.as_str()), ("staff_record", id.as_str())];
    amina.portal.post("/smartcard/choose", &chosen).await.leads_to("/portal");
    amina.portal.get("/internet-access").await.is(200).has(AMINA[1]);
    // Her session knows by whom she came.
    let out = amina.portal.post("/log-out", &[]).await;
    assert!(out.is(303).location().unwrap().starts_with("/logged-out?provider="));
});

both_databases!(to_confirm_the_provider_asks_for_the_card_again, |portal| async move {
    let (mut server, portal) = with_provider(&portal).await;
    let mut helen = Both::of(portal.inside());
    helen.log_in("helen").await.leads_to("/portal");
    helen.portal.post("/log-out", &[]).await.is(303);
    // The provider knows this browser for a while, without a card.
    let (place, asked) = helen.present("helen", "/smartcard/begin?by=cis2").await;
    assert!(!asked);
    helen.portal.get(&place).await.leads_to("/portal");

    let confirm = "/smartcard/begin?by=cis2&return=/internet-access/reset-password";
    let (place, asked) = helen.present("helen", confirm).await;
    assert!(asked, "a fresh proof needs the card");
    let session = helen.portal.cookies["__Host-session"].clone();
    helen.portal.get(&place).await.leads_to(RESET);
    assert_ne!(helen.portal.cookies["__Host-session"], session);
    helen.provider = AtProvider::new(ORIGIN);
    let (place, _) = helen.present("amina", confirm).await;
    let another = ("This is somebody else's smartcard", "Put in your own card");
    refused(&portal, &helen.portal.get(&place).await, 403, ("another", "cis2"), another).await;

    // One that does not ask for the card again is not believed.
    let mut other = Both::of(portal.inside());
    server.order("set helen age 600").await;
    server.order("careless").await;
    other.log_in("helen").await.leads_to("/portal");
    let (place, asked) = other.present("helen", confirm).await;
    assert!(!asked);
    let again = ("Your smartcard has to be shown again", "NHS CIS2 did not ask for your card anew.");
    refused(&portal, &other.portal.get(&place).await, 403, ("too_old", "cis2"), again).await;
});

both_databases!(a_card_shown_at_the_provider_long_ago_stands_for_no_password, |portal| async move {
    let (mut server, portal) = with_provider(&portal).await;
    server.order("set helen age 600").await;
    let mut helen = Both::of(portal.inside());
    // She showed it there ten minutes ago, for another site: good to log in, not to reset her password.
    helen.log_in("helen").await.leads_to("/portal");
    helen.portal.get("/portal").await.is(200);
    let to_confirm = "/confirm?return=%2Finternet-access%2Freset-password";
    helen.portal.get(RESET).await.leads_to(to_confirm);
    helen.portal.post(RESET, &[("new_password", PASSWORD)]).await.leads_to(to_confirm);
    server.order("set helen age 0").await;
    let confirm = "/smartcard/begin?by=cis2&return=/internet-access/reset-password";
    let (place, asked) = helen.present("helen", confirm).await;
    assert!(asked);
    helen.portal.get(&place).await.leads_to(RESET);
    helen.portal.get(RESET).await.is(200).has_not("Present password");
});

both_databases!(each_refusal_of_a_provider_says_what_to_do, |portal| async move {
    let (mut server, portal) = with_provider(&portal).await;
    let weak = (
        "This way of logging in is not strong enough",
        "Log in at NHS CIS2 with your smartcard, not in another way.",
    );
    let no_uuid =
        ("This smartcard has no number that we can read", "NHS CIS2 did not say which card it was.");
    let nobody = ("Your smartcard is not on a staff record", "Ask HR to put it on yours");
    let untrusted = ("The answer could not be trusted", "What came back from NHS CIS2 was not right");
    for (order, word, words, amends) in [
        ("set helen acr AAL1_USERPASS", "acr_too_low", weak, "set helen acr AAL3_ANY"),
        ("set helen acr -", "acr_too_low", weak, "set helen acr AAL3_ANY"),
        ("set helen assurance 2", "assurance_too_low", weak, "set helen assurance 3"),
        ("set helen assurance -", "assurance_too_low", weak, "set helen assurance 3"),
        ("set helen uuid -", "no_uuid", no_uuid, "set helen uuid 427000009999"),
        ("set helen uuid 427000009999", "nobody", nobody, "set helen uuid 427000000001"),
        ("nonce another", "wrong_nonce", untrusted, "careful"),
    ] {
        server.order(order).await;
        let mut browser = Both::of(portal.inside());
        let page = browser.log_in("helen").await;
        refused(&portal, &page, 403, (word, "cis2"), words).await;
        assert!(!browser.portal.cookies.contains_key("__Host-session"), "{order}");
        server.order(amends).await;
    }
    Both::of(portal.inside()).log_in("helen").await.leads_to("/portal");
});

both_databases!(keys_are_rotated_between_two_log_ins_here, |portal| async move {
    let (mut server, portal) = with_provider(&portal).await;
    Both::of(portal.inside()).log_in("helen").await.leads_to("/portal");
    server.order("rotate").await;
    Both::of(portal.inside()).log_in("helen").await.leads_to("/portal");
});

both_databases!(a_code_and_a_state_are_good_once_and_together, |portal| async move {
    let (_server, portal) = with_provider(&portal).await;
    let mut helen = Both::of(portal.inside());
    let (place, _) = helen.present("helen", "/smartcard/begin?by=cis2").await;
    // In another browser, with and without a visit of its own.
    let mut thief = portal.inside();
    for _ in 0..2 {
        refused(&portal, &thief.get(&place).await, 403, ("stale", ""), STALE).await;
    }
    assert!(!thief.cookies.contains_key("__Host-session"));
    helen.portal.get(&place).await.leads_to("/portal");
    helen.portal.post("/log-out", &[]).await.is(303);
    let used = ("The log-in was used before, or took too long", "NHS CIS2 does not confirm it any more.");
    refused(&portal, &helen.portal.get(&place).await, 403, ("refused", "cis2"), used).await;

    let (first, _) = helen.present("helen", "/smartcard/begin?by=cis2").await;
    let (second, _) = helen.present("helen", "/smartcard/begin?by=cis2").await;
    let part = |place: &str, name: &str| {
        let query = place.split_once('?').unwrap().1.split('&');
        query.filter_map(|pair| pair.strip_prefix(name)?.strip_prefix('=')).next().unwrap().to_owned()
    };
    let to = |code: &str, state: &str| format!("/smartcard/provider?code={code}&state={state}");
    let (code, state) = (part(&first, "code"), part(&second, "state"));
    let swapped = helen.portal.get(&to(&code, &state)).await;
    refused(&portal, &swapped, 403, ("refused", "cis2"), used).await;
    let overlong = "A".repeat(10_000);
    for junk in [&overlong, "", "junk", "%00"] {
        let page = helen.portal.get(&to(junk, &state)).await;
        refused(&portal, &page, 403, ("refused", "cis2"), used).await;
        let page = helen.portal.get(&to(&code, junk)).await;
        refused(&portal, &page, 403, ("stale", ""), STALE).await;
    }
    // What was begun for the card host is nothing here, and the other way round.
    let page = helen.portal.get(&format!("/smartcard/return?ticket={state}&code={code}")).await;
    refused(&portal, &page, 403, ("stale", "card"), STALE).await;
    helen.portal.get(&second).await.leads_to("/portal");
});

both_databases!(whoever_breaks_it_off_is_told_so, |portal| async move {
    let (_server, portal) = with_provider(&portal).await;
    let mut helen = Both::of(portal.inside());
    let begun = helen.portal.get("/smartcard/begin?by=cis2").await;
    let state = begun.is(303).location().unwrap().split_once("&state=").unwrap().1.split('&').next().unwrap();
    let broken_off =
        ("The log-in was broken off", "NHS CIS2 sent you back without logging you in. Try again");
    for error in ["access_denied", "server_error&error_description=%3Cscript%3E", "x&code=made-up"] {
        let page = helen.portal.get(&format!("/smartcard/provider?state={state}&error={error}")).await;
        refused(&portal, &page, 403, ("broken_off", "cis2"), broken_off).await;
        page.has_not("script>").has_not("error");
    }
    // That used nothing up.
    portal.clock.advance(15 * 60);
    let page = helen.portal.get(&format!("/smartcard/provider?state={state}&error=access_denied")).await;
    refused(&portal, &page, 403, ("stale", ""), STALE).await;
});

both_databases!(a_provider_that_is_down_is_said_to_be, |portal| async move {
    let (server, portal) = with_provider(&portal).await;
    let mut helen = Both::of(portal.inside());
    let (place, _) = helen.present("helen", "/smartcard/begin?by=cis2").await;
    drop(server);
    refused(&portal, &helen.portal.get(&place).await, 502, ("down", "cis2"), DOWN).await;
    // Nothing is kept of it in another process, which cannot even begin.
    let portal = Portal::reopened(&portal, |access| {
        access.smartcard_providers.clone_from(&portal.portal.access.settings.smartcard_providers);
    });
    let page = portal.inside().get("/smartcard/begin?by=cis2").await;
    refused(&portal, &page, 502, ("down", "cis2"), DOWN).await;
    page.has("log in with your username and password").has("ESR Service Desk");
});

both_databases!(logging_out_here_logs_out_there, |portal| async move {
    let (server, portal) = with_provider(&portal).await;
    let mut helen = Both::of(portal.inside());
    helen.log_in("helen").await.leads_to("/portal");
    helen.portal.get("/portal").await.is(200);
    let in_use = portal.dump().await;
    let out = helen.portal.post("/log-out", &[]).await;
    let place = out.is(303).location().unwrap().to_owned();
    assert!(place.starts_with("/logged-out?provider="));
    helen.portal.get("/portal").await.is(303);

    let page = helen.portal.get(&place).await;
    page.is(200).has("You are logged out").has("You are being logged out of your card log-in too.");
    let onward = page.headers[header::REFRESH].to_str().unwrap().strip_prefix("0; url=").unwrap().to_owned();
    assert!(onward.starts_with(&format!("{}/session/end?id_token_hint=", server.issuer)), "{onward}");
    assert!(
        onward.contains("post_logout_redirect_uri=https%3A%2F%2Fportal.example%2Flogged-out"),
        "{onward}"
    );
    assert_eq!(helen.provider.log_out(onward.parse().unwrap()).await.as_str(), BACK);
    let back = helen.portal.get("/logged-out").await;
    assert!(!back.is(200).headers.contains_key(header::REFRESH));
    let (_, asked) = helen.present("helen", "/smartcard/begin?by=cis2").await;
    assert!(asked, "the provider has forgotten her");

    // It leads nobody else anywhere, nor anybody for long.
    let mut stranger = portal.inside();
    for place in [&place, "/logged-out?provider=junk", "/logged-out?provider=https://evil.example/"] {
        let page = stranger.get(place).await;
        assert!(
            !page.is(200).headers.contains_key(header::REFRESH) && !page.body.contains("evil"),
            "{place}"
        );
    }
    portal.clock.advance(2 * 60);
    assert!(!helen.portal.get(&place).await.is(200).headers.contains_key(header::REFRESH));

    // The token itself stands nowhere but in that one address.
    portal.settle().await;
    let token = onward.split_once("id_token_hint=").unwrap().1.split('&').next().unwrap();
    assert_eq!(token.split('.').count(), 3, "{token}");
    let held = [in_use, portal.dump().await].concat();
    for piece in token.as_bytes().chunks_exact(40) {
        let clear = std::str::from_utf8(piece).unwrap();
        let bytes: String = piece.iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(held.iter().all(|text| !text.contains(clear) && !text.contains(&bytes)), "{clear} is held");
    }
});

both_databases!(logging_out_here_works_while_the_provider_does_not, |portal| async move {
    let (server, portal) = with_provider(&portal).await;
    let mut helen = Both::of(portal.inside());
    helen.log_in("helen").await.leads_to("/portal");
    drop(server);
    // What is known of it is over after an hour; a log-out does not wait for it.
    portal.clock.advance(10 * 60);
    helen.portal.get("/portal").await.is(200);
    for _ in 0..5 {
        portal.clock.advance(11 * 60);
        helen.portal.get("/portal").await.is(200);
    }
    helen.portal.post("/log-out", &[]).await.leads_to("/logged-out");
    helen.portal.get("/portal").await.is(303);
});

both_databases!(of_several_providers_each_has_its_own_way, |portal| async move {
    let (one, mut other) = (server().await, server().await);
    let portal = reading(&portal, &[("cis2", "NHS CIS2", &one), ("local", "Northmoor log-in", &other)]);
    let mut helen = Both::of(portal.inside());
    let ways = helen.portal.get("/smartcard").await;
    ways.is(200).has("Log in via Smartcard").has("Use NHS CIS2").has("Use Northmoor log-in");
    for by in ["cis2", "local"] {
        assert!(ways.body.contains(&format!("href=\"/smartcard/begin?by={by}\"")), "{by}");
    }
    let (place, _) = helen.present("helen", "/smartcard/begin?by=local").await;
    helen.portal.get(&place).await.leads_to("/portal");
    let confirm = helen.portal.get("/smartcard?return=/internet-access/reset-password").await;
    assert!(
        confirm.body.contains("href=\"/smartcard/begin?by=cis2&#38;return=/internet-access/reset-password\""),
        "{}",
        confirm.body
    );
    let out = helen.portal.post("/log-out", &[]).await;
    let page = helen.portal.follow(&out).await;
    assert!(page.headers[header::REFRESH].to_str().unwrap().contains(&other.issuer), "out where she came in");

    // One's code is nothing to the other, and one's weakness is told by its name.
    let (place, _) = helen.present("helen", "/smartcard/begin?by=cis2").await;
    let begun = helen.portal.get("/smartcard/begin?by=local").await;
    let state = begun.location().unwrap().split_once("&state=").unwrap().1.split('&').next().unwrap();
    let code = place.split_once("code=").unwrap().1.split('&').next().unwrap();
    let page = helen.portal.get(&format!("/smartcard/provider?code={code}&state={state}")).await;
    let used =
        ("The log-in was used before, or took too long", "Northmoor log-in does not confirm it any more.");
    refused(&portal, &page, 403, ("refused", "local"), used).await;
    other.order("set helen acr -").await;
    let mut again = Both::of(portal.inside());
    let (place, _) = again.present("helen", "/smartcard/begin?by=local").await;
    let weak =
        ("This way of logging in is not strong enough", "Log in at Northmoor log-in with your smartcard");
    refused(&portal, &again.portal.get(&place).await, 403, ("acr_too_low", "local"), weak).await;
    Both::of(portal.inside()).log_in("helen").await.leads_to("/portal");
});
