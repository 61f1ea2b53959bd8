//! Each page, asked for by everybody: a stranger, somebody logged in, somebody who has given their password and not yet their second
//! factor, somebody whose session has ended, somebody with another's ids; from inside and outside. The table is made from the
//! routes themselves: a new route fails here until it has its line.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use http::Method;
use records::Role;
use testing::{Browser, INSIDE, OUTSIDE, PASSWORD, Portal, both_databases};
use web::Audience;

/// What a caller is answered: a status, and where a redirect leads.
type Expected = (u16, Option<&'static str>);

const OK: Expected = (200, None);
const NOT_FOUND: Expected = (404, None);
const WRONG: Expected = (422, None);
const REFUSED: Expected = (403, None);
const CONFLICT: Expected = (409, None);
const NO_FILES: Expected = (415, None);
const GONE: Expected = (410, None);
const TO_PORTAL: Expected = (303, Some("/portal"));
const TO_LOG_IN: Expected = (303, Some("/"));
const LOGGED_OUT: Expected = (303, Some("/logged-out"));

/// The answers to somebody who has a second factor to give, and to somebody who has one to set up.
type Halfway = (Expected, Expected);

const TO_GIVE: Expected = (303, Some("/second-factor"));
const TO_SET_UP: Expected = (303, Some("/second-factor/set-up"));
/// They are led to their next step.
const NEXT: Halfway = (TO_GIVE, TO_SET_UP);

/// They are answered like anybody.
const fn alike(answer: Expected) -> Halfway {
    (answer, answer)
}

/// The answers to a stranger, to somebody who is logged in, and to somebody who has given their password only; inside or outside
/// alike. Forms are sent empty.
fn expected(method: &Method, path: &str) -> (Expected, Expected, Halfway) {
    match (method.as_str(), path) {
        ("GET", "/") => (OK, TO_PORTAL, alike(OK)),
        ("POST", "/") => (WRONG, WRONG, alike(WRONG)),
        ("GET", "/logo/{hash}") => (NOT_FOUND, NOT_FOUND, alike(NOT_FOUND)),
        ("GET", "/help-to-log-in" | "/forgotten" | "/forgotten/sent") => (OK, OK, alike(OK)),
        ("POST", "/forgotten") => (WRONG, WRONG, alike(WRONG)),
        ("GET" | "POST", "/reset") => (GONE, GONE, alike(GONE)),
        ("POST", "/log-out") => (LOGGED_OUT, LOGGED_OUT, alike(LOGGED_OUT)),
        ("GET", "/logged-out") => (OK, TO_PORTAL, alike(OK)),
        ("POST", "/session/stay") => (TO_LOG_IN, OK, NEXT),
        ("GET", "/portal") => ((303, Some("/?next=%2Fportal")), OK, NEXT),
        ("GET", "/kept") => ((303, Some("/?next=%2Fkept")), TO_PORTAL, NEXT),
        ("POST", "/kept/discard") => (TO_LOG_IN, TO_PORTAL, NEXT),
        ("GET", "/confirm") => ((303, Some("/?next=%2Fconfirm")), OK, NEXT),
        ("POST", "/confirm") => (TO_LOG_IN, WRONG, NEXT),
        ("GET", "/smartcard") => (OK, OK, alike(OK)),
        ("GET", "/smartcard/begin") => (NOT_FOUND, TO_PORTAL, alike(NOT_FOUND)),
        ("GET", "/smartcard/return" | "/smartcard/provider") => (REFUSED, REFUSED, alike(REFUSED)),
        ("POST", "/smartcard/choose") => (REFUSED, REFUSED, alike(REFUSED)),
        ("GET", "/passkey") => (OK, TO_PORTAL, alike(OK)),
        ("POST", "/passkey") => (WRONG, WRONG, alike(WRONG)),
        ("GET", "/second-factor") => (TO_LOG_IN, TO_PORTAL, (OK, TO_SET_UP)),
        ("POST", "/second-factor") => (TO_LOG_IN, TO_PORTAL, (WRONG, TO_SET_UP)),
        ("GET", "/second-factor/set-up") => (TO_LOG_IN, TO_PORTAL, (TO_GIVE, OK)),
        ("POST", "/second-factor/set-up/later") => (TO_LOG_IN, TO_PORTAL, NEXT),
        ("GET", "/second-factor/set-up/passkey" | "/second-factor/set-up/authenticator") => {
            (TO_LOG_IN, TO_PORTAL, (TO_GIVE, OK))
        }
        ("POST", "/second-factor/set-up/passkey" | "/second-factor/set-up/authenticator") => {
            (TO_LOG_IN, TO_PORTAL, (TO_GIVE, WRONG))
        }
        ("GET", "/my-account/second-factors/passkey") => {
            ((303, Some("/?next=%2Fmy-account%2Fsecond-factors%2Fpasskey")), OK, NEXT)
        }
        ("GET", "/my-account/second-factors/authenticator") => {
            ((303, Some("/?next=%2Fmy-account%2Fsecond-factors%2Fauthenticator")), OK, NEXT)
        }
        ("POST", "/my-account/second-factors/passkey" | "/my-account/second-factors/authenticator") => {
            (TO_LOG_IN, WRONG, NEXT)
        }
        ("POST", "/my-account/second-factors/{id}/remove") => (TO_LOG_IN, NOT_FOUND, NEXT),
        ("GET", "/my-account/recovery-codes") => {
            ((303, Some("/?next=%2Fmy-account%2Frecovery-codes")), (303, Some("/my-account")), NEXT)
        }
        ("POST", "/my-account/recovery-codes") => (TO_LOG_IN, (303, Some("/my-account")), NEXT),
        ("POST", "/my-account/re-enrolment/{id}/stop") => (TO_LOG_IN, NOT_FOUND, NEXT),
        ("GET", "/internet-access") => ((303, Some("/?next=%2Finternet-access")), OK, NEXT),
        ("POST", "/internet-access/request") => (TO_LOG_IN, (303, Some("/internet-access")), NEXT),
        ("GET", "/internet-access/reset-password") => {
            ((303, Some("/?next=%2Finternet-access%2Freset-password")), OK, NEXT)
        }
        ("POST", "/internet-access/reset-password") => (TO_LOG_IN, WRONG, NEXT),
        ("GET", "/my-account") => ((303, Some("/?next=%2Fmy-account")), OK, NEXT),
        ("POST", "/my-account/sessions/{id}/end") => (TO_LOG_IN, NOT_FOUND, NEXT),
        ("POST", "/my-account/sessions/end-others") => {
            (TO_LOG_IN, (303, Some("/my-account?done=others")), NEXT)
        }
        ("GET", "/payslips") => ((303, Some("/?next=%2Fpayslips")), OK, NEXT),
        ("POST", "/payslips/choices") => (TO_LOG_IN, (303, Some("/payslips?done=choices")), NEXT),
        (
            "GET",
            "/payslips/{id}"
            | "/payslips/{id}/compare"
            | "/payslips/{id}/pdf"
            | "/payslips/p60/{id}"
            | "/payslips/p60/{id}/pdf",
        ) => ((303, Some("/?next=PATH")), NOT_FOUND, NEXT),
        ("GET", "/e-learning") => ((303, Some("/?next=%2Fe-learning")), OK, NEXT),
        ("GET", "/e-learning/attempts/{id}" | "/e-learning/completions/{id}/certificate") => {
            ((303, Some("/?next=PATH")), NOT_FOUND, NEXT)
        }
        ("POST", "/e-learning/courses/{id}/start" | "/e-learning/attempts/{id}/launch") => {
            (TO_LOG_IN, NOT_FOUND, NEXT)
        }
        ("GET", "/pc-checker") => ((303, Some("/?next=%2Fpc-checker")), OK, NEXT),
        // Sent without script: it says what to do.
        ("POST", "/pc-checker") => (TO_LOG_IN, OK, NEXT),
        ("GET", "/verify") => (OK, OK, alike(OK)),
        ("GET", "/verify/{code}") => (NOT_FOUND, NOT_FOUND, alike(NOT_FOUND)),
        ("POST", "/my-account/changes/{id}/stop") => (TO_LOG_IN, NOT_FOUND, NEXT),
        ("GET", "/my-account/personal-address") => {
            ((303, Some("/?next=%2Fmy-account%2Fpersonal-address")), OK, NEXT)
        }
        ("POST", "/my-account/personal-address") => (TO_LOG_IN, WRONG, NEXT),
        ("POST", "/my-account/personal-address/{id}/stop" | "/my-account/personal-address/{id}/remove") => {
            (TO_LOG_IN, NOT_FOUND, NEXT)
        }
        ("GET" | "POST", "/personal-address/confirm" | "/personal-address/stop") => (GONE, GONE, alike(GONE)),
        ("GET", "/leavers") => (OK, TO_PORTAL, alike(OK)),
        ("POST", "/leavers" | "/leavers/forgotten") => (WRONG, WRONG, alike(WRONG)),
        ("GET", "/leavers/forgotten" | "/leavers/forgotten/sent") => (OK, OK, alike(OK)),
        ("GET" | "POST", "/leavers/reset") => (GONE, GONE, alike(GONE)),
        _ => panic!("{method} {path} is a new route: say here what each caller is answered"),
    }
}

/// The answers of a role's page: to whoever holds the role, inside, asking with an id that is nobody's at their employer; and where it
/// leads whoever has confirmed nothing lately, if it asks for that.
fn expected_of_role(method: &Method, path: &str) -> Expected {
    match (method.as_str(), path) {
        ("GET", "/hr/internet-access" | "/service-desk" | "/hr/staff" | "/hr/held-changes") => OK,
        ("POST", "/hr/internet-access/decide") => WRONG,
        ("GET", "/hr/staff/{id}" | "/hr/staff/{id}/correct")
        | ("POST", "/hr/staff/{id}/correct" | "/hr/staff/{id}/username" | "/hr/held-changes/{id}/release")
        | ("GET", "/hr/internet-access/{id}")
        | ("POST", "/hr/internet-access/{id}/decide")
        | ("GET", "/service-desk/{id}")
        | ("POST", "/service-desk/{id}/help" | "/service-desk/{id}/date-of-birth") => NOT_FOUND,
        ("GET", "/hr/roles" | "/hr/roles/grant") => OK,
        ("POST", "/hr/roles/grant") => WRONG,
        ("GET" | "POST", "/hr/roles/{id}/withdraw") => NOT_FOUND,
        ("GET", "/hr/roles/waiting/{id}") => NOT_FOUND,
        ("POST", "/hr/roles/waiting/{id}/confirm" | "/hr/roles/waiting/{id}/refuse") => NOT_FOUND,
        ("GET", "/hr/settings") => OK,
        ("GET", "/hr/settings/changes/{id}") => NOT_FOUND,
        ("POST", "/hr/settings/changes/{id}/apply") => NOT_FOUND,
        ("GET", "/hr/settings/links/{id}") => NOT_FOUND,
        ("GET", "/hr/settings/contacts" | "/hr/settings/networks" | "/hr/settings/mail-domains") => OK,
        ("GET", "/hr/settings/links" | "/hr/settings/links/add") => OK,
        ("GET", "/hr/settings/messages" | "/hr/settings/policies" | "/hr/settings/logo") => OK,
        // No form with files.
        ("POST", "/hr/settings/logo/preview") => (415, None),
        // A form without the revision that it was made from.
        (
            "POST",
            "/hr/settings/contacts/preview"
            | "/hr/settings/networks/preview"
            | "/hr/settings/mail-domains/preview"
            | "/hr/settings/links/preview"
            | "/hr/settings/logo/remove"
            | "/hr/settings/messages/preview"
            | "/hr/settings/policies/preview",
        ) => CONFLICT,
        ("GET", "/hr/staff-upload" | "/hr/staff-upload/template.csv") => OK,
        // It takes files, and is sent none.
        ("POST", "/hr/staff-upload") => NO_FILES,
        ("GET", "/hr/staff-upload/{id}" | "/hr/staff-upload/{id}/errors.csv") => NOT_FOUND,
        ("POST", "/hr/staff-upload/{id}/apply" | "/hr/staff-upload/{id}/discard") => NOT_FOUND,
        ("GET", "/payroll/runs" | "/payroll/runs/template.csv") => OK,
        // It takes files, and is sent none.
        ("POST", "/payroll/runs") => NO_FILES,
        (
            "GET",
            "/payroll/runs/{id}"
            | "/payroll/runs/{id}/findings.csv"
            | "/payroll/runs/{id}/publish"
            | "/payroll/runs/{id}/withdraw"
            | "/payroll/runs/{id}/documents"
            | "/payroll/runs/{id}/documents/{document}"
            | "/payroll/runs/{id}/not-reached",
        )
        | (
            "POST",
            "/payroll/runs/{id}/tick"
            | "/payroll/runs/{id}/totals"
            | "/payroll/runs/{id}/publish"
            | "/payroll/runs/{id}/call-off"
            | "/payroll/runs/{id}/discard"
            | "/payroll/runs/{id}/withdraw"
            | "/payroll/runs/{id}/print"
            | "/payroll/runs/{id}/documents/{document}",
        ) => NOT_FOUND,
        ("GET", "/learning/courses") => OK,
        ("POST", "/learning/courses") => NO_FILES,
        ("GET", "/learning/courses/{id}" | "/learning/courses/{id}/versions/{version}")
        | (
            "POST",
            "/learning/courses/{id}/describe"
            | "/learning/courses/{id}/versions/{version}/tested"
            | "/learning/courses/{id}/versions/{version}/publish"
            | "/learning/courses/{id}/versions/{version}/retire",
        ) => NOT_FOUND,
        _ => panic!("{method} {path} is a new route of a role: say here what its caller is answered"),
    }
}

async fn asked(browser: &mut Browser, method: &Method, path: &str) -> (u16, Option<String>) {
    let answer = if method == Method::POST { browser.post(path, &[]).await } else { browser.get(path).await };
    assert!(!answer.body.contains("Something went wrong on our side"), "{method} {path}");
    (answer.status.as_u16(), answer.location().map(str::to_owned))
}

/// Where a stranger is led: a path with an id is not known before.
fn led((status, place): Expected, path: &str) -> (u16, Option<String>) {
    let encoded: String = url::form_urlencoded::byte_serialize(path.as_bytes()).collect();
    (status, place.map(|place| place.replace("PATH", &encoded)))
}

fn owned((status, place): Expected) -> (u16, Option<String>) {
    (status, place.map(str::to_owned))
}

/// Amina has an authenticator app, and Joanne nothing but a password. Both hold a role, so that more is asked for anywhere.
async fn halfway(portal: &Portal) -> [(&'static str, &'static str); 2] {
    portal.with_role("427ADELAC01", Role::Hr).await;
    portal.set_password("427JFLETC01").await;
    portal.grant("427JFLETC01", Role::Hr).await;
    [("427ADELAC01", "/second-factor"), ("427JFLETC01", "/second-factor/set-up")]
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

    let halfway = halfway(&portal).await;
    for inside in [true, false] {
        let routes = portal.portal.routes.iter().filter(|route| !matches!(route.audience, Audience::Role(_)));
        let at = |portal: &Portal| if inside { portal.inside() } else { portal.browser() };
        for route in routes {
            let (stranger, person, (giving, setting_up)) = expected(&route.method, route.path);
            let path = route.path.replace("{id}", &others_id);
            let what = format!("{} {} (inside: {inside})", route.method, route.path);

            assert_eq!(
                asked(&mut at(&portal), &route.method, &path).await,
                led(stranger, &path),
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

            for ((username, step), answer) in halfway.into_iter().zip([giving, setting_up]) {
                let mut somebody = at(&portal);
                somebody.log_in(username, PASSWORD).await.leads_to(step);
                assert_eq!(
                    asked(&mut somebody, &route.method, &path).await,
                    owned(answer),
                    "somebody led to {step}: {what}"
                );
                if route.audience == Audience::Staff {
                    assert_eq!(answer.1, Some(step), "nothing but the next step: {what}");
                }
                // Whatever it was, they are not in by it.
                let place = if route.path == "/log-out" { "/?next=%2Fportal" } else { step };
                somebody.get("/portal").await.leads_to(place);
            }

            let mut late = at(&portal);
            late.log_in("427HOWSEA01", PASSWORD).await.is(303);
            late.get("/portal").await.is(200);
            portal.clock.advance(16 * 60);
            let answer = asked(&mut late, &route.method, &path).await;
            match route.audience {
                Audience::Anyone | Audience::Halfway => {
                    assert_eq!(answer, owned(stranger), "an ended session: {what}");
                }
                Audience::Staff | Audience::Role(_) => {
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

/// Somebody with each role; an employer's first has to be HR.
const ROLES: [(Role, &str); 5] = [
    (Role::Hr, "427GPUGH01"),
    (Role::ServiceDesk, "427JFLETC01"),
    (Role::Payroll, "427GOKAFO01"),
    (Role::Learning, "427TNOWAK01"),
    (Role::Auditor, "427PPATEL01"),
];

both_databases!(every_page_of_a_role_answers_that_role_alone_and_inside_alone, |portal| async move {
    let mut callers = Vec::new();
    for (role, username) in ROLES {
        callers.push((Some(role), portal.with_role(username, role).await));
    }
    portal.set_password("427HOWSEA01").await;
    let mut helen = portal.inside();
    helen.log_in("427HOWSEA01", PASSWORD).await.leads_to("/portal");
    callers.push((None, helen));
    let routes = portal.portal.routes.iter().filter_map(|route| match route.audience {
        Audience::Role(role) => Some((route, role)),
        _ => None,
    });
    for (route, role) in routes {
        // Somebody of the other employer: their id is real, and nobody's here.
        let elsewhere = portal.holder("999JSMITH01").await.record.id.to_string();
        let path = route.path.replace("{id}", &elsewhere);
        let path = path.replace("{document}", &elsewhere).replace("{version}", &elsewhere);
        for (held, browser) in &mut callers {
            for inside in [true, false] {
                let what = format!("{} {} as {held:?}, inside: {inside}", route.method, route.path);
                browser.address = if inside { INSIDE } else { OUTSIDE }.parse().unwrap();
                let answer = asked(browser, &route.method, &path).await;
                let expected = if held.is_some_and(|held| held.as_str() == role) && inside {
                    expected_of_role(&route.method, route.path)
                } else {
                    REFUSED
                };
                assert_eq!(answer, owned(expected), "{what}");
            }
        }
        let mut stranger = portal.inside();
        let (status, place) = asked(&mut stranger, &route.method, &path).await;
        assert!(
            status == 303 && place.unwrap().starts_with('/'),
            "a stranger: {} {}",
            route.method,
            route.path
        );
    }
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
