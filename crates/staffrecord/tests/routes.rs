//! Each page, asked for by everybody: a stranger, somebody logged in, somebody whose session has ended, somebody with another's
//! ids; from inside and outside. The table is made from the routes themselves: a new route fails here until it has its line.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use http::Method;
use testing::{Browser, PASSWORD, Portal, both_databases};
use web::Audience;

/// What a caller is answered: a status, and where a redirect leads.
type Expected = (u16, Option<&'static str>);

const OK: Expected = (200, None);
const NOT_FOUND: Expected = (404, None);
const WRONG: Expected = (422, None);
const REFUSED: Expected = (403, None);
const TO_PORTAL: Expected = (303, Some("/portal"));
const TO_LOG_IN: Expected = (303, Some("/"));

/// The answers to a stranger and to somebody who is logged in, inside or outside alike. Forms are sent empty.
fn expected(method: &Method, path: &str) -> (Expected, Expected) {
    match (method.as_str(), path) {
        ("GET", "/") => (OK, TO_PORTAL),
        ("POST", "/") => (WRONG, WRONG),
        ("GET", "/help-to-log-in" | "/forgotten" | "/forgotten/sent") => (OK, OK),
        ("POST", "/forgotten") => (WRONG, WRONG),
        ("GET" | "POST", "/reset") => ((410, None), (410, None)),
        ("POST", "/log-out") => ((303, Some("/logged-out")), (303, Some("/logged-out"))),
        ("GET", "/logged-out") => (OK, TO_PORTAL),
        ("POST", "/session/stay") => (TO_LOG_IN, OK),
        ("GET", "/portal") => ((303, Some("/?next=%2Fportal")), OK),
        ("GET", "/kept") => ((303, Some("/?next=%2Fkept")), TO_PORTAL),
        ("POST", "/kept/discard") => (TO_LOG_IN, TO_PORTAL),
        ("GET", "/confirm") => ((303, Some("/?next=%2Fconfirm")), OK),
        ("POST", "/confirm") => (TO_LOG_IN, WRONG),
        ("GET", "/smartcard") => (OK, OK),
        ("GET", "/smartcard/begin") => (NOT_FOUND, TO_PORTAL),
        ("GET", "/smartcard/return" | "/smartcard/provider") => (REFUSED, REFUSED),
        ("POST", "/smartcard/choose") => (REFUSED, REFUSED),
        ("GET", "/passkey") => (OK, TO_PORTAL),
        ("POST", "/passkey") => (WRONG, WRONG),
        ("GET" | "POST", "/second-factor") => (TO_LOG_IN, TO_PORTAL),
        ("GET", "/second-factor/set-up") => (TO_LOG_IN, TO_PORTAL),
        ("POST", "/second-factor/set-up/later") => (TO_LOG_IN, TO_PORTAL),
        ("GET" | "POST", "/second-factor/set-up/passkey" | "/second-factor/set-up/authenticator") => {
            (TO_LOG_IN, TO_PORTAL)
        }
        ("GET", "/my-account/second-factors/passkey") => {
            ((303, Some("/?next=%2Fmy-account%2Fsecond-factors%2Fpasskey")), OK)
        }
        ("GET", "/my-account/second-factors/authenticator") => {
            ((303, Some("/?next=%2Fmy-account%2Fsecond-factors%2Fauthenticator")), OK)
        }
        ("POST", "/my-account/second-factors/passkey" | "/my-account/second-factors/authenticator") => {
            (TO_LOG_IN, WRONG)
        }
        ("POST", "/my-account/second-factors/{id}/remove") => (TO_LOG_IN, NOT_FOUND),
        ("GET", "/my-account/recovery-codes") => {
            ((303, Some("/?next=%2Fmy-account%2Frecovery-codes")), (303, Some("/my-account")))
        }
        ("POST", "/my-account/recovery-codes") => (TO_LOG_IN, (303, Some("/my-account"))),
        ("POST", "/my-account/re-enrolment/{id}/stop") => (TO_LOG_IN, NOT_FOUND),
        ("GET", "/internet-access") => ((303, Some("/?next=%2Finternet-access")), OK),
        ("POST", "/internet-access/request") => (TO_LOG_IN, (303, Some("/internet-access"))),
        ("GET", "/internet-access/reset-password") => {
            ((303, Some("/?next=%2Finternet-access%2Freset-password")), OK)
        }
        ("POST", "/internet-access/reset-password") => (TO_LOG_IN, WRONG),
        ("GET", "/my-account") => ((303, Some("/?next=%2Fmy-account")), OK),
        ("POST", "/my-account/sessions/{id}/end") => (TO_LOG_IN, NOT_FOUND),
        ("POST", "/my-account/sessions/end-others") => (TO_LOG_IN, (303, Some("/my-account?done=others"))),
        ("POST", "/my-account/changes/{id}/stop") => (TO_LOG_IN, NOT_FOUND),
        _ => panic!("{method} {path} is a new route: say here what each caller is answered"),
    }
}

async fn asked(browser: &mut Browser, method: &Method, path: &str) -> (u16, Option<String>) {
    let answer = if method == Method::POST { browser.post(path, &[]).await } else { browser.get(path).await };
    assert!(!answer.body.contains("Something went wrong on our side"), "{method} {path}");
    (answer.status.as_u16(), answer.location().map(str::to_owned))
}

fn owned((status, place): Expected) -> (u16, Option<String>) {
    (status, place.map(str::to_owned))
}

both_databases!(every_route_answers_every_caller_as_the_table_says, |portal| async move {
    portal.set_password("427HOWSEA01").await;
    portal.set_password("427GPUGH01").await;
    // Gareth's session: an id that is real, and nobody else's.
    let mut gareth = portal.inside();
    gareth.log_in("427GPUGH01", PASSWORD).await.leads_to("/portal");
    let mut second = portal.inside();
    second.log_in("427GPUGH01", PASSWORD).await.leads_to("/portal");
    let page = gareth.get("/my-account").await;
    let others_id = page
        .body
        .split("/my-account/sessions/")
        .find_map(|part| part.split_once("/end\""))
        .unwrap()
        .0
        .to_owned();

    for inside in [true, false] {
        let at = |portal: &Portal| if inside { portal.inside() } else { portal.browser() };
        for route in &portal.portal.routes {
            let (stranger, person) = expected(&route.method, route.path);
            let path = route.path.replace("{id}", &others_id);
            let what = format!("{} {} (inside: {inside})", route.method, route.path);

            assert_eq!(
                asked(&mut at(&portal), &route.method, &path).await,
                owned(stranger),
                "a stranger: {what}"
            );

            let mut helen = at(&portal);
            helen.log_in("427HOWSEA01", PASSWORD).await.is(303);
            helen.get("/portal").await.is(200);
            // What an ended session had sent in the round before is kept for her; it is not what is looked at here.
            helen.post("/kept/discard", &[]).await.leads_to("/portal");
            assert_eq!(
                asked(&mut helen, &route.method, &path).await,
                owned(person),
                "somebody logged in: {what}"
            );

            let mut late = at(&portal);
            late.log_in("427HOWSEA01", PASSWORD).await.is(303);
            late.get("/portal").await.is(200);
            portal.clock.advance(16 * 60);
            let answer = asked(&mut late, &route.method, &path).await;
            match route.audience {
                Audience::Anyone | Audience::Halfway => {
                    assert_eq!(answer, owned(stranger), "an ended session: {what}");
                }
                Audience::Staff => {
                    let place = answer.1.unwrap();
                    assert!(
                        answer.0 == 303 && place.starts_with("/?ended="),
                        "an ended session: {what}: {place}"
                    );
                }
            }
            second.get("/portal").await;
        }
    }
    // Whatever was asked, nobody has touched Gareth's session.
    let ended = gareth.get("/my-account").await;
    assert_eq!(ended.status, 303, "it ended by idleness alone: {}", ended.text());
});

both_databases!(another_method_or_path_is_no_page, |portal| async move {
    let mut browser = portal.browser();
    for path in [
        "/portals",
        "/my-account/",
        "/../etc/passwd",
        "/%2e%2e/",
        "/demo/mailbox",
        "/demo/mailbox.json",
        "//",
    ] {
        browser.get(path).await.is(404).has("Page not found");
    }
    browser.get("/log-out").await.is(405).has("Page not found");
    browser.post("/portal", &[]).await.is(405);
});
