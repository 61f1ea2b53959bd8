//! What a browser carries to the card host and back, and what the card host makes of it.

use axum::body::Body;
use http::{Method, Request, header};
use smartcards::certificate::PROXY_HEADER;
use testing::{INSIDE, PROXY, both_databases};
use web::Peer;

use crate::smartcards::{
    AMINAS_CARD, CARD_HOST, HELENS_CARD, PROXY_SECRET, begin, count, is_refused, present, refused, stale,
    with_cards,
};

both_databases!(a_ticket_is_good_once_in_its_browser_and_for_a_while, |portal| async move {
    let (issuer, portal) = with_cards(&portal);
    let mut browser = portal.browser();
    browser.card = issuer.card(HELENS_CARD);
    let begun = begin(&mut browser).await;
    let place = present(&mut browser, &begun).await;
    // A thief who sees it has another browser.
    let mut thief = portal.browser();
    stale(&portal, &thief.get(&place).await).await;
    assert!(!thief.cookies.contains_key("__Host-session"));
    thief.get("/").await.is(200);
    stale(&portal, &thief.get(&place).await).await;
    // Nor does one get anybody in as the thief.
    let ours = begin(&mut thief).await;
    thief.card = issuer.card(AMINAS_CARD);
    let theirs = present(&mut thief, &ours).await;
    stale(&portal, &browser.get(&theirs).await).await;

    browser.get(&place).await.leads_to("/portal");
    browser.get("/portal").await.is(200);
    stale(&portal, &browser.get(&place).await).await;
    browser.post("/log-out", &[]).await.leads_to("/logged-out");
    stale(&portal, &browser.get(&place).await).await;
    browser.get("/portal").await.is(303);

    // What the card host said is bound to the ticket that it was asked with.
    let mut parts = Vec::new();
    for _ in 0..2 {
        let begun = begin(&mut browser).await;
        let place = present(&mut browser, &begun).await;
        let (ticket, code) =
            place.strip_prefix("/smartcard/return?ticket=").unwrap().split_once("&code=").unwrap();
        parts.push((ticket.to_owned(), code.to_owned()));
    }
    let [(ticket, code), (ticket_2, code_2)] = parts.try_into().unwrap();
    let overlong = "A".repeat(10_000);
    for (ticket, code) in [
        (&ticket, &code_2),
        (&ticket_2, &code),
        (&code, &ticket),
        (&ticket, &ticket),
        (&ticket, &String::new()),
        (&String::new(), &code),
        (&ticket, &overlong),
        (&overlong, &code),
        (&"%00%ff../".to_owned(), &"é".to_owned()),
    ] {
        let place = format!("/smartcard/return?ticket={ticket}&code={}", code.replace('é', "%C3%A9"));
        stale(&portal, &browser.get(&place).await).await;
    }
    stale(&portal, &browser.get("/smartcard/return").await).await;
    browser.get(&format!("/smartcard/return?ticket={ticket}&code={code}")).await.leads_to("/portal");
});

both_databases!(tickets_lapse, |portal| async move {
    let (issuer, portal) = with_cards(&portal);
    for (finding, going_back, in_time) in
        [(15 * 60 - 1, 0, true), (15 * 60, 0, false), (0, 119, true), (0, 120, false), (14 * 60, 60, false)]
    {
        let mut browser = portal.browser();
        browser.card = issuer.card(HELENS_CARD);
        let begun = begin(&mut browser).await;
        portal.clock.advance(finding);
        let place = present(&mut browser, &begun).await;
        portal.clock.advance(going_back);
        let answer = browser.get(&place).await;
        if in_time {
            answer.leads_to("/portal");
        } else {
            stale(&portal, &answer).await;
        }
    }
    // What is spent and over is swept.
    portal.clock.advance(15 * 60);
    access::sweep(&portal.portal.access).await.unwrap();
    assert_eq!(count(&portal, "SELECT 'x' FROM spent_ticket").await, 0);
});

both_databases!(whoever_only_begins_leaves_nothing_behind, |portal| async move {
    let (issuer, portal) = with_cards(&portal);
    portal.browser().get("/").await.is(200);
    let before = portal.dump().await;
    for _ in 0..50 {
        let mut stranger = portal.browser();
        stranger.card = issuer.card(HELENS_CARD);
        let begun = begin(&mut stranger).await;
        present(&mut stranger, &begun).await;
    }
    assert!(portal.dump().await == before, "a stranger's beginnings are in the database");
});

fn to_card_host(method: Method, path: &str, from: &str) -> http::request::Builder {
    let peer = Peer(from.parse().unwrap());
    Request::builder().method(method).uri(path).header(header::HOST, CARD_HOST).extension(peer)
}

both_databases!(the_card_host_answers_one_address, |portal| async move {
    let (issuer, portal) = with_cards(&portal);
    let mut browser = portal.browser();
    browser.card = issuer.card(HELENS_CARD);
    let begun = begin(&mut browser).await;
    let ticket = begun.location().unwrap().rsplit_once('=').unwrap().1;
    let overlong = format!("/present?ticket={}", "A".repeat(2001));
    let more = [format!("/present?ticket={ticket}&x=1"), format!("/present?x=1&ticket={ticket}"), overlong];
    let places = [
        "/",
        "/portal",
        "/smartcard",
        "/smartcard/return",
        "/log-out",
        "/presents",
        "/present/",
        "/present",
        "/present?",
        "/present?ticket=a%22b",
        "/present?ticket=%0d%0aset-cookie:x",
        "/assets/x",
    ];
    for place in places.into_iter().chain(more.iter().map(String::as_str)) {
        for method in [Method::GET, Method::POST] {
            let answer =
                portal.answer(to_card_host(method.clone(), place, INSIDE).body(Body::empty()).unwrap()).await;
            if method == Method::POST && place.split('?').next() == Some("/present") {
                answer.is(405);
            } else {
                answer.leads_to("https://portal.example/");
                assert_eq!(answer.headers["cache-control"], "no-store");
            }
            assert!(!answer.headers.contains_key(header::SET_COOKIE) && answer.body.is_empty(), "{place}");
        }
    }
    // What carries a ticket is neither kept nor passed on as a referrer.
    let answer = browser.follow(&begun).await;
    for (name, value) in [("cache-control", "no-store"), ("referrer-policy", "no-referrer")] {
        assert_eq!(answer.is(303).headers[name], value);
    }
    // The portal's own name has no such page.
    browser.get("/present").await.is(404);
});

/// A certificate as RFC 9440 has it in a header.
fn passed_on(secret: &str, card: &[Vec<u8>]) -> String {
    use base64::{Engine, prelude::BASE64_STANDARD};
    format!("{secret} :{}:", card.first().map(|der| BASE64_STANDARD.encode(der)).unwrap_or_default())
}

both_databases!(a_proxy_passes_cards_on_and_nobody_else_does, |portal| async move {
    let (issuer, portal) = with_cards(&portal);
    let card = issuer.card(HELENS_CARD);
    let right = passed_on(PROXY_SECRET, &card);
    let forged = passed_on("A-secret-between-the-proxy-and-us", &card);
    let through = async |from: &str, headers: &[&str]| {
        let mut browser = portal.browser();
        let begun = begin(&mut browser).await;
        let place = begun.location().unwrap().strip_prefix("https://card.portal.example").unwrap();
        let mut request = to_card_host(Method::GET, place, from);
        for header in headers {
            request = request.header(PROXY_HEADER, *header);
        }
        let answer = portal.answer(request.body(Body::empty()).unwrap()).await;
        browser.follow(&answer).await
    };
    through(PROXY, &[&right]).await.leads_to("/portal");
    let bare = passed_on("", &card);
    let unreadable = ("This smartcard could not be read", "try once more");
    for (from, headers) in [
        (INSIDE, vec![right.as_str()]),
        ("127.0.0.1", vec![&right]),
        (INSIDE, vec![&forged]),
        (PROXY, vec![&forged]),
        (PROXY, vec![&forged, &forged]),
        (PROXY, vec![&right, &right]),
        // A client's own, which the proxy did not strip, before or after the real one.
        (PROXY, vec![&forged, &right]),
        (PROXY, vec![&right, &forged]),
        (PROXY, vec![bare.trim_start()]),
        (PROXY, vec![""]),
    ] {
        refused(&portal, &through(from, &headers).await, "forged", unreadable).await;
    }
    let none = ("No smartcard was read", "Put your card into the reader");
    refused(&portal, &through(PROXY, &[]).await, "no_certificate", none).await;
    refused(&portal, &through(PROXY, &[&passed_on(PROXY_SECRET, &[])]).await, "no_certificate", none).await;

    // Where the program itself has done the handshake, a header says nothing.
    let with_header = async |own: Vec<Vec<u8>>| {
        let mut browser = portal.browser();
        let begun = begin(&mut browser).await;
        let place = begun.location().unwrap().strip_prefix("https://card.portal.example").unwrap();
        let request = to_card_host(Method::GET, place, PROXY)
            .header(PROXY_HEADER, &right)
            .extension(web::ClientCertificates(std::sync::Arc::new(own)));
        let answer = portal.answer(request.body(Body::empty()).unwrap()).await;
        browser.follow(&answer).await
    };
    refused(&portal, &with_header(Vec::new()).await, "no_certificate", none).await;
    let page = with_header(issuer.card("427000009999")).await;
    refused(&portal, &page, "nobody", ("Your smartcard is not on a staff record", "Ask HR")).await;
});

both_databases!(where_no_card_can_be_read_it_is_said, |portal| async move {
    let mut browser = portal.browser();
    browser.get("/").await.is(200).has_not("Log in via Smartcard");
    let page = browser.get("/smartcard").await;
    page.is(200).has("Smartcards cannot be used here").has("Log in with your username and password");
    let no_way = ("Smartcards cannot be used in this way here", "or ask your service desk.");
    for by in ["card", "cis2", "", "%00"] {
        is_refused(&browser.get(&format!("/smartcard/begin?by={by}")).await, 404, no_way);
    }
    let answer =
        portal.answer(to_card_host(Method::GET, "/present", INSIDE).body(Body::empty()).unwrap()).await;
    answer.is(421);
});
