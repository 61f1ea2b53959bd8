use axum::body::Body;
use http::{Request, header};
use testing::{Answer, Portal, both_databases};
use web::Peer;

/// A request to `/` as a browser would make it, with a body of one's own.
async fn post(portal: &Portal, body: Vec<u8>, change: impl Fn(&mut Request<Body>)) -> Answer {
    let mut browser = portal.browser();
    let token = browser.get("/").await.token().unwrap();
    let visit = browser.cookies["__Host-visit"].clone();
    let mut whole = format!("csrf={token}&").into_bytes();
    whole.extend(body);
    let mut request = Request::post("/")
        .header(header::HOST, "portal.example")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::COOKIE, format!("__Host-visit={visit}"))
        .header("sec-fetch-site", "same-origin")
        .extension(Peer(browser.address))
        .body(Body::from(whole))
        .unwrap();
    change(&mut request);
    portal.answer(request).await
}

fn set(request: &mut Request<Body>, name: &'static str, value: &'static str) {
    request.headers_mut().insert(name, value.parse().unwrap());
}

both_databases!(a_request_that_makes_no_sense_gets_a_plain_answer, |portal| async move {
    let good = || b"username=427HOWSEA01&password=x".to_vec();
    post(&portal, good(), |_| {}).await.is(422);
    let ten_megabytes = [b"username=".to_vec(), vec![b'x'; 10_000_000]].concat();
    post(&portal, ten_megabytes, |_| {}).await.is(413).has("This is too much to send");
    for (body, says) in [
        (&b"username=%00&password=x"[..], "holds the character NUL"),
        (b"username=a\0b&password=x", "holds the character NUL"),
        (b"username=%ED%A0%80&password=x", "not written in UTF-8"),
        (b"username=\xff&password=x", "not written in UTF-8"),
        (b"username=a&username=b", "a field twice"),
    ] {
        post(&portal, body.to_vec(), |_| {})
            .await
            .is(400)
            .has("This could not be read")
            .has(says)
            .has("Reference:");
    }
    let many: String = (0..1001).map(|n| format!("f{n}=x&")).collect();
    post(&portal, many.into_bytes(), |_| {}).await.is(400).has("too many fields");
    post(&portal, good(), |request| set(request, "content-type", "application/json")).await.is(415);
    post(&portal, good(), |request| drop(request.headers_mut().remove("content-type"))).await.is(415);
    post(&portal, good(), |request| set(request, "content-length", "99999999")).await.is(413);
    post(&portal, good(), |request| set(request, "host", "evil.example"))
        .await
        .is(421)
        .has("This address is not served here");
    post(&portal, good(), |request| drop(request.headers_mut().remove("host"))).await.is(421);
});

both_databases!(a_forged_form_does_nothing, |portal| async move {
    let good = || b"username=427HOWSEA01&password=x".to_vec();
    for (name, value) in
        [("sec-fetch-site", "cross-site"), ("sec-fetch-site", "same-site"), ("sec-fetch-site", "none")]
    {
        post(&portal, good(), |request| set(request, name, value))
            .await
            .is(403)
            .has("The page was open too long");
    }
    let without = |request: &mut Request<Body>| drop(request.headers_mut().remove("sec-fetch-site"));
    post(&portal, good(), without).await.is(403);
    let from = |origin: &'static str| {
        move |request: &mut Request<Body>| {
            without(request);
            set(request, "origin", origin);
        }
    };
    post(&portal, good(), from("https://evil.example")).await.is(403);
    post(&portal, good(), from("null")).await.is(403);
    post(&portal, good(), from("https://portal.example")).await.is(422);
    // A token of another visit.
    let strange = "__Host-visit=0000000000000000000000000000000000000000000000000000000000000000";
    post(&portal, good(), |request| set(request, "cookie", strange)).await.is(403);
    post(&portal, good(), |request| drop(request.headers_mut().remove("cookie"))).await.is(403);
});

both_databases!(every_answer_is_protected, |portal| async move {
    let mut browser = portal.browser();
    for path in ["/", "/forgotten", "/forgotten/sent", "/reset?link=x", "/nothing-here", "/portal"] {
        let answer = browser.get(path).await;
        let header =
            |name: &str| answer.headers.get(name).map_or("", |value| value.to_str().unwrap()).to_owned();
        let policy = header("content-security-policy");
        for part in [
            "default-src 'none'",
            "script-src 'self'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
            "form-action 'self'",
        ] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(header("cache-control"), "no-store", "{path}");
        assert_eq!(header("referrer-policy"), "same-origin", "{path}");
        assert_eq!(header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(header("strict-transport-security"), "max-age=31536000", "{path}");
        for script in answer.body.split("<script").skip(1) {
            assert!(script.split('>').next().unwrap().contains("src="), "no script stands in a page");
        }
        assert!(!answer.body.contains(" style=\"") && !answer.body.contains("onclick="), "{path}");
    }
    for cookie in portal.browser().get("/").await.headers.get_all("set-cookie") {
        let text = cookie.to_str().unwrap();
        assert!(text.starts_with("__Host-") && text.contains("; Secure; HttpOnly; SameSite=Lax"), "{text}");
    }
});

both_databases!(every_dead_end_helps, |portal| async move {
    let mut browser = portal.browser();
    for path in ["/", "/forgotten", "/forgotten/sent", "/reset?link=x", "/nothing-here", "/help-to-log-in"] {
        let page = browser.get(path).await;
        page.has("Help to log in")
            .has("Northmoor Hospitals Trust")
            .has("01632 960427")
            .has("Monday to Friday, 8 am to 6 pm");
        page.has("No NHS mail account? Ask the IT Service Desk");
        assert!(page.body.contains("href=\"tel:01632960427\""), "{path}");
    }
    browser.log_in("427NOBODY01", "x").await.has("Help to log in");
});

#[tokio::test(flavor = "multi_thread")]
async fn a_full_database_says_so_and_keeps_nothing() {
    let portal = Portal::lite_of_pages(220).await;
    let mut browser = portal.browser();
    let mut last = browser.get("/").await;
    for n in 0..2000 {
        let fields = [
            ("email", format!("{}{n}@nhs.net", "x".repeat(50))),
            ("day", "1".into()),
            ("month", "1".into()),
            ("year", "1980".into()),
            ("username", "x".repeat(100)),
        ];
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        last = browser.post("/forgotten", &fields).await;
        if last.status != 303 {
            break;
        }
    }
    last.is(503).has("Nothing can be saved at the moment").has("What you sent was not saved");
    // What only reads goes on.
    browser.get("/forgotten").await.is(200);
}
