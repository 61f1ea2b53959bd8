//! What the host names of courses answer to whom: a launch's token finds its own, and nothing else is there.

use axum::body::Body;
use http::header;
use scorm::Standard;
use testing::{Answer, both_databases};

use crate::world::{
    AMINA, HELEN, ask, contents, course, import, manifest, open, part, publish, request, simple, state,
};

fn header_of<'a>(answer: &'a Answer, name: &str) -> &'a str {
    answer.headers.get(name).map_or("", |value| value.to_str().unwrap())
}

both_databases!(files_are_answered_with_their_type_for_half_a_day, |portal| async move {
    let large: Vec<u8> = (0..600_000_u32).map(|at| (at % 251) as u8).collect();
    let files: [(&str, &[u8]); 6] = [
        ("a.html", b"<h1>A</h1>"),
        ("img/b c.PNG", b"png"),
        ("data", b"<script>"),
        ("empty.js", b""),
        ("film.mp4", &large),
        ("é.css", b"b{}"),
    ];
    let fire = import(&portal, "FIRE", contents(manifest(Standard::Scorm12, vec![part("a")]), &files)).await;
    publish(&portal, fire.version).await;
    let player = open(&portal, HELEN, fire.course).await;
    for (path, kind, bytes) in [
        ("a.html", "text/html; charset=utf-8", files[0].1),
        ("a.html?x=1", "text/html; charset=utf-8", files[0].1),
        ("img/b%20c.PNG", "image/png", files[1].1),
        ("data", "application/octet-stream", files[2].1),
        ("empty.js", "text/javascript; charset=utf-8", files[3].1),
        ("film.mp4", "video/mp4", files[4].1),
        ("%C3%A9.css", "text/css; charset=utf-8", files[5].1),
    ] {
        let answer = player.get(&format!("course/{path}")).await;
        answer.is(200);
        assert_eq!(answer.bytes, bytes, "{path}");
        assert_eq!(header_of(&answer, "content-type"), kind);
        assert_eq!(header_of(&answer, "content-length"), bytes.len().to_string());
        assert_eq!(header_of(&answer, "cache-control"), "private, max-age=43200, immutable");
        assert_eq!(header_of(&answer, "accept-ranges"), "bytes");
        assert_eq!(header_of(&answer, "x-content-type-options"), "nosniff");
        assert_eq!(header_of(&answer, "referrer-policy"), "no-referrer");
        assert!(header_of(&answer, "permissions-policy").contains("camera=()"));
        let policy = header_of(&answer, "content-security-policy");
        assert!(policy.contains("frame-ancestors https://portal.example 'self'"), "{policy}");
        assert!(policy.contains("connect-src 'self'") && policy.contains("form-action 'self'"), "{policy}");
        assert!(answer.headers.get(header::SET_COOKIE).is_none());
        // The same again is not sent again.
        let again = request("GET", &player.host, &format!("{}course/{path}", player.path))
            .header(header::IF_NONE_MATCH, format!("\"x\", {}", header_of(&answer, "etag")));
        let again = portal.answer(again.body(Body::empty()).unwrap()).await;
        assert!(again.is(304).bytes.is_empty());
        // Its head alone.
        let head = request("HEAD", &player.host, &format!("{}course/{path}", player.path));
        let head = portal.answer(head.body(Body::empty()).unwrap()).await;
        assert!(head.is(200).bytes.is_empty());
        assert_eq!(header_of(&head, "content-length"), bytes.len().to_string());
    }
    // A part of one that is held, and of one that is streamed.
    for (path, range, status, is) in [
        ("a.html", "bytes=1-2", 206, "bytes 1-2/10"),
        ("film.mp4", "bytes=300000-", 206, "bytes 300000-599999/600000"),
        ("film.mp4", "bytes=-5", 206, "bytes 599995-599999/600000"),
        ("film.mp4", "bytes=600000-", 416, "bytes */600000"),
        ("film.mp4", "bytes=0-1,5-6", 200, ""),
        ("empty.js", "bytes=0-", 416, "bytes */0"),
    ] {
        let asked = request("GET", &player.host, &format!("{}course/{path}", player.path))
            .header(header::RANGE, range);
        let answer = portal.answer(asked.body(Body::empty()).unwrap()).await;
        answer.is(status);
        assert_eq!(header_of(&answer, "content-range"), is, "{path} {range}");
        if status == 206 {
            let all = files.iter().find(|file| file.0 == path).unwrap().1;
            let (first, last) = is[6..].split('/').next().unwrap().split_once('-').unwrap();
            assert_eq!(answer.bytes, all[first.parse().unwrap()..=last.parse().unwrap()]);
        }
    }
    let whole = player.get("course/film.mp4").await;
    for (validator, status) in
        [(header_of(&whole, "etag"), 206), ("\"other\"", 200), ("Tue, 24 Nov 2026 09:00:00 GMT", 200)]
    {
        let asked = request("GET", &player.host, &format!("{}course/film.mp4", player.path))
            .header(header::RANGE, "bytes=0-9")
            .header(header::IF_RANGE, validator);
        portal.answer(asked.body(Body::empty()).unwrap()).await.is(status);
    }
});

both_databases!(nothing_but_the_launchs_own_is_there, |portal| async move {
    let fire = course(&portal, "FIRE", simple()).await;
    let water =
        import(&portal, "WATER", contents(simple(), &[("a.html", b"water"), ("secret.txt", b"s")])).await;
    publish(&portal, water.version).await;
    let player = open(&portal, HELEN, fire.course).await;
    let other = open(&portal, AMINA, water.course).await;
    player.get("").await.is(200).has("Course");
    for name in ["player.js", "player.css", "scorm12.js", "scorm2004.js"] {
        player.get(name).await.is(200);
    }
    for path in [
        "course/",
        "course",
        "course/b.html",
        "course/../player.js",
        "course/%2e%2e/player.js",
        "course//a.html",
        "course/a.html/",
        "course/A.html",
        "course/%E9",
        "course/%00",
        "course/secret.txt",
        "player.html/",
        "x",
        "begin/",
        "commit/x",
        "course/imsmanifest.xml",
    ] {
        let answer = player.get(path).await;
        answer.is(404).has("There is nothing here");
        assert_eq!(header_of(&answer, "content-type"), "text/plain; charset=utf-8");
    }
    // By the wrong name, the wrong token, or none.
    let token = player.path.trim_start_matches("/launch/").trim_end_matches('/').to_owned();
    for (host, path) in [
        (other.host.as_str(), format!("/launch/{token}/course/a.html")),
        ("check.content.localhost", format!("/launch/{token}/course/a.html")),
        ("content.localhost", format!("/launch/{token}/")),
        ("x.content.localhost", "/".to_owned()),
        (player.host.as_str(), "/".to_owned()),
        (player.host.as_str(), "/portal".to_owned()),
        (player.host.as_str(), "/launch/".to_owned()),
        (player.host.as_str(), format!("/launch/{token}")),
        (player.host.as_str(), format!("/launch/{}/", token.to_uppercase())),
        (player.host.as_str(), format!("/launch/{}/", "0".repeat(64))),
        (player.host.as_str(), format!("/launch/{token}0/")),
        (player.host.as_str(), format!("/launch/{token}/course/{}", "a".repeat(5000))),
        (player.host.as_str(), "/assets/portal.js".to_owned()),
    ] {
        ask(&portal, host, &path).await.is(404);
    }
    // The portal's name answers none of it, and a name with something added is the portal's to refuse.
    ask(&portal, "portal.example", &player.path).await.is(404);
    let evil = format!("{}.evil.example", player.host);
    ask(&portal, &evil, &player.path).await.is(421);
    ask(&portal, &player.host.to_uppercase(), &format!("{}course/a.html", player.path)).await.is(200);
    // Ways to ask that are none.
    for (method, path, allowed) in [
        ("POST", "course/a.html", "GET, HEAD"),
        ("PUT", "", "GET, HEAD"),
        ("GET", "commit", "POST"),
        ("OPTIONS", "commit", "POST"),
        ("GET", "begin", "POST"),
    ] {
        let asked = request(method, &player.host, &format!("{}{path}", player.path));
        let answer = portal.answer(asked.body(Body::empty()).unwrap()).await;
        assert_eq!(header_of(answer.is(405), "allow"), allowed);
    }
});

both_databases!(cookies_and_log_ins_are_nothing_there, |portal| async move {
    let fire = course(&portal, "FIRE", simple()).await;
    let browser = portal.logged_in(HELEN).await;
    let player = open(&portal, HELEN, fire.course).await;
    let cookies: Vec<String> =
        browser.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
    for path in ["/portal", "/my-account", "/"] {
        let asked = request("GET", &player.host, path).header(header::COOKIE, cookies.join("; "));
        portal.answer(asked.body(Body::empty()).unwrap()).await.is(404);
    }
    let with = async |path: &str, cookies: &str| {
        let path = format!("{}{path}", player.path);
        let asked = request("GET", &player.host, &path).header(header::COOKIE, cookies);
        portal.answer(asked.body(Body::empty()).unwrap()).await
    };
    // With a cookie or without, it is the same.
    let (one, other) = (with("course/a.html", &cookies.join("; ")).await, with("course/a.html", "a=b").await);
    assert_eq!((one.status, &one.headers, &one.bytes), (other.status, &other.headers, &other.bytes));
});

both_databases!(a_token_reads_for_twelve_hours, |portal| async move {
    let fire = course(&portal, "FIRE", simple()).await;
    let player = open(&portal, HELEN, fire.course).await;
    portal.clock.advance(12 * 3600 - 1);
    player.get("course/a.html").await.is(200);
    player.begin().await;
    portal.clock.advance(1);
    for path in ["", "player.js", "course/a.html"] {
        player.get(path).await.is(410).has("opened too long ago");
    }
    player.post("begin", "").await.is(410);
    player.says(1_000_001, state("completed", "", "1")).await;
});

both_databases!(the_portal_may_send_what_was_left, |portal| async move {
    let fire = course(&portal, "FIRE", simple()).await;
    let player = open(&portal, HELEN, fire.course).await;
    let body = player.body(1_000_001, state("completed", "", "1"));
    let taken = player.commit(&body).await;
    let refused = player.commit(&serde_json::json!({})).await;
    for answer in [taken.is(200), refused.is(400)] {
        assert_eq!(header_of(answer, "access-control-allow-origin"), "https://portal.example");
        assert_eq!(header_of(answer, "access-control-allow-credentials"), "");
        assert_eq!(header_of(answer, "cache-control"), "no-store");
        assert_eq!(header_of(answer, "content-type"), "application/json");
    }
    // Nothing else is for the portal to read.
    let page = player.get("course/a.html").await;
    assert_eq!(header_of(&page, "access-control-allow-origin"), "");
});

both_databases!(each_attempt_has_a_name_of_its_own, |portal| async move {
    let fire = course(&portal, "FIRE", simple()).await;
    let helen = open(&portal, HELEN, fire.course).await;
    let amina = open(&portal, AMINA, fire.course).await;
    assert_ne!(helen.host, amina.host, "the same version, on the same computer");
    let body = helen.body(1_000_001, state("completed", "", "1")).to_string();
    for path in [helen.path.clone() + "commit", helen.commit_path.clone()] {
        let asked = request("POST", &amina.host, &path).body(Body::from(body.clone()));
        portal.answer(asked.unwrap()).await.is(404).has("\"why\":\"unknown\"");
    }
    for path in ["", "player.js", "course/a.html"] {
        ask(&portal, &amina.host, &format!("{}{path}", helen.path)).await.is(404);
        ask(&portal, &helen.host, &format!("{}{path}", helen.path)).await.is(200);
    }
    let begin = request("POST", &amina.host, &format!("{}begin", helen.path)).body(Body::empty());
    portal.answer(begin.unwrap()).await.is(404);
    assert!(helen.stored().await.is_empty());
});

both_databases!(what_the_outbox_keeps_commits_and_does_nothing_else, |portal| async move {
    let fire = course(&portal, "FIRE", simple()).await;
    let player = open(&portal, HELEN, fire.course).await;
    let left = player.commit_path.trim_end_matches("commit");
    for path in ["", "player.js", "player.css", "scorm12.js", "course/a.html", "course/x", "begin", "x"] {
        ask(&portal, &player.host, &format!("{left}{path}")).await.is(404).has("There is nothing here");
    }
    let begin = request("POST", &player.host, &format!("{left}begin")).body(Body::empty());
    portal.answer(begin.unwrap()).await.is(404);
    let body = player.body(1_000_001, state("completed", "", "1"));
    let answer = player.send_left(&body).await;
    answer.is(200).has("\"sequence\":1000001");
    assert_eq!(header_of(&answer, "access-control-allow-origin"), "https://portal.example");
    // By either token it is the same launch, and the same commit.
    assert_eq!(player.takes(&body).await, "completed");
    assert_eq!(player.stored().await, ["1:1000001 newest completed"]);
    assert_eq!(player.begin().await["sequence_from"], 2_000_000, "nothing of that was a load of its page");
});

/// The headers of each answer of these hosts.
const ALWAYS: [(&str, &str); 8] = [
    ("connection-allowlist", "(response-origin)"),
    (
        "content-security-policy",
        "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; connect-src 'self' data: blob:; form-action 'self'; \
         frame-ancestors https://portal.example 'self'; base-uri 'self'; object-src 'self'",
    ),
    ("cross-origin-resource-policy", "same-origin"),
    ("origin-agent-cluster", "?1"),
    (
        "permissions-policy",
        "accelerometer=(), ambient-light-sensor=(), bluetooth=(), camera=(), clipboard-read=(), display-capture=(), geolocation=(), \
         gyroscope=(), hid=(), idle-detection=(), local-fonts=(), magnetometer=(), microphone=(), midi=(), payment=(), \
         publickey-credentials-create=(), publickey-credentials-get=(), screen-wake-lock=(), serial=(), usb=(), \
         xr-spatial-tracking=()",
    ),
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
    ("x-robots-tag", "noindex"),
];

/// Those that a kind of answer has besides, of which `*` is any.
fn has_headers(answer: &Answer, what: &str, besides: &[(&str, &str)]) {
    let mut expected: Vec<(&str, &str)> = ALWAYS.iter().chain(besides).copied().collect();
    expected.sort_unstable();
    let mut found: Vec<(&str, &str)> =
        answer.headers.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
    found.sort_unstable();
    // As long as it is, where that is said.
    found.retain(|(name, value)| *name != "content-length" || *value != answer.bytes.len().to_string());
    let any: Vec<&str> = besides.iter().filter(|(_, value)| *value == "*").map(|(name, _)| *name).collect();
    for (name, value) in &mut found {
        if any.contains(name) {
            *value = "*";
        }
    }
    assert_eq!(found, expected, "{what}");
}

both_databases!(each_kind_of_answer_has_these_headers_and_no_other, |portal| async move {
    let fire = course(&portal, "FIRE", simple()).await;
    let player = open(&portal, HELEN, fire.course).await;
    let plain = ("content-type", "text/plain; charset=utf-8");
    let (html, js, json) = (
        ("content-type", "text/html; charset=utf-8"),
        ("content-type", "text/javascript; charset=utf-8"),
        ("content-type", "application/json"),
    );
    let never = ("cache-control", "no-store");
    let asked_anew = ("cache-control", "private, no-cache");
    let of_the_player = [asked_anew, ("etag", "*"), ("vary", "accept-encoding")];
    let with = |all: &[(&'static str, &'static str)], more: &[(&'static str, &'static str)]| {
        all.iter().chain(more).copied().collect::<Vec<_>>()
    };
    has_headers(&player.get("").await, "player page", &with(&of_the_player, &[html]));
    has_headers(&player.get("player.js").await, "player file", &with(&of_the_player, &[js]));
    let of_a_course = [
        ("accept-ranges", "bytes"),
        ("cache-control", "private, max-age=43200, immutable"),
        ("etag", "*"),
        html,
    ];
    has_headers(&player.get("course/a.html").await, "course file", &of_a_course);
    has_headers(&player.get("course/x").await, "nothing there", &[never, plain]);
    has_headers(&ask(&portal, &player.host, "/").await, "nothing at all", &[never, plain]);
    has_headers(&player.post("begin", "").await, "begin", &[never, json]);
    // What waits is sent from the portal's own pages, and PC Checker tries whether that goes.
    let from_the_portal =
        [never, ("access-control-allow-origin", "https://portal.example"), ("vary", "origin")];
    let for_the_portal = with(&from_the_portal, &[json]);
    let body = player.body(1_000_001, state("completed", "", "1"));
    has_headers(player.commit(&body).await.is(200), "commit", &for_the_portal);
    has_headers(player.send_left(&body).await.is(200), "commit of the outbox", &for_the_portal);
    has_headers(player.post("commit", "{").await.is(400), "refused commit", &for_the_portal);
    let nobody = request("POST", &player.host, "/launch/x/commit").body(Body::empty()).unwrap();
    has_headers(portal.answer(nobody).await.is(404), "nobody's commit", &for_the_portal);
    let check = "check.content.localhost";
    has_headers(&ask(&portal, check, "/check/").await, "check", &with(&of_the_player, &[html]));
    let octets = ("content-type", "application/octet-stream");
    has_headers(&ask(&portal, check, "/check/speed").await, "speed", &[never, octets]);
    let echo = request("POST", check, "/check/echo").body(Body::from("x")).unwrap();
    has_headers(portal.answer(echo).await.is(200), "echo", &with(&from_the_portal, &[plain]));
    let wrong = request("GET", check, "/check/echo").body(Body::empty()).unwrap();
    has_headers(portal.answer(wrong).await.is(405), "echo asked for", &[never, plain, ("allow", "POST")]);
    portal.clock.advance(12 * 3600);
    has_headers(player.get("").await.is(410), "too late", &[never, plain]);
});
