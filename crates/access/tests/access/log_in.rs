use std::collections::BTreeMap;

use futures::future::join_all;
use testing::{Answer, INSIDE, PASSWORD, Portal, both_databases};

both_databases!(p1_says_the_guides_words_and_lets_in, |portal| async move {
    portal.set_password("427HOWSEA01").await;
    let mut browser = portal.browser();
    let page = browser.get("/").await;
    for words in [
        "NHS Electronic Staff Record",
        "Log in with your credentials",
        "Fields with an asterisk (*) are required fields",
        "Username*",
        "(Example: 999JSMITH01)",
        "Password*",
        "Forgotten | Request Username/Password | Unlock Account",
        "Log in via Username Password",
        "Help to log in",
    ] {
        page.is(200).has(words);
    }
    // In any case and with stray spaces.
    browser.log_in("  427 howsea01 ", PASSWORD).await.leads_to("/portal");
    let portal_page = browser.get("/portal").await;
    for words in [
        "Helen O'Wsea",
        "Manage Internet Access",
        "My e-Learning",
        "Learner Homepage",
        "Local Links",
        "This is your first log-in",
    ] {
        portal_page.is(200).has(words);
    }
    for words in ["Learning and Development Prospectus", "PC Checker", "STAR Homepage"] {
        portal_page.has(words);
    }
    browser.get("/").await.leads_to("/portal");
});

both_databases!(the_last_log_in_is_shown, |portal| async move {
    portal.logged_in("427HOWSEA01").await;
    portal.clock.advance(3600);
    let mut second = portal.browser();
    second.log_in("427HOWSEA01", PASSWORD).await.leads_to("/portal");
    second.get("/portal").await.has("You last logged in on 24 November 2026 at 09:00, Chrome on Linux");
});

/// One kind of refused log-in.
struct Kind {
    name: &'static str,
    username: &'static str,
    password: String,
}

/// Carol left in October; Joanne is locked; Gareth has a password.
async fn refused_kinds(portal: &Portal) -> Vec<Kind> {
    portal.set_password("427GPUGH01").await;
    portal.set_password("427JFLETC01").await;
    // She had a password before she left.
    portal.set_clock("2025-10-31T09:00:00Z");
    portal.set_password("427CWHITA01").await;
    portal.set_clock("2026-11-24T10:00:00Z");
    for _ in 0..10 {
        portal.browser_at("198.51.100.5").log_in("427JFLETC01", "wrong").await.is(422);
    }
    let kind = |name, username, password: &str| Kind { name, username, password: password.to_owned() };
    vec![
        kind("unknown", "427NOBODY77", "some password or other"),
        kind("no username at all", "¿quién?", "some password or other"),
        kind("wrong", "427GPUGH01", "some password or other"),
        kind("empty", "427GPUGH01", ""),
        kind("overlong", "427GPUGH01", &"x".repeat(10_000)),
        kind("leaver", "427CWHITA01", PASSWORD),
        kind("locked", "427JFLETC01", PASSWORD),
        kind("never set one", "427ADELAC01", PASSWORD),
    ]
}

fn shape(answer: &Answer, username: &str) -> (u16, Vec<(String, String)>, String) {
    let mut headers: Vec<(String, String)> = answer
        .headers
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect();
    headers.retain(|(name, _)| name != "set-cookie" && name != "content-length");
    headers.sort();
    (answer.status.as_u16(), headers, answer.fixed().replace(username, "USERNAME"))
}

both_databases!(every_refusal_is_the_same_to_whoever_asks, |portal| async move {
    let kinds = refused_kinds(&portal).await;
    let mut seen: Vec<(&str, _, BTreeMap<_, _>)> = Vec::new();
    for Kind { name, username, password } in &kinds {
        for round in 0..20 {
            // A new network each time, so that no limit on networks plays a part; the lock of the wrong ones closes meanwhile.
            let mut browser = portal.browser_at(&format!("203.0.113.{}", 20 + round));
            browser.get("/").await.is(200);
            let _ = portal.db.recorded_statements();
            let hashes = portal.portal.access.hasher.hashes();
            let answer = browser.log_in(username, password).await;
            assert_eq!(
                portal.portal.access.hasher.hashes() - hashes,
                1,
                "{name}: one hash, no more and no less"
            );
            seen.push((name, shape(&answer, username), portal.db.recorded_statements()));
        }
    }
    let (first_name, first_shape, first_statements) = seen[0].clone();
    assert!(first_statements.len() > 8, "statements are recorded");
    for (name, shape, statements) in &seen {
        assert_eq!(shape, &first_shape, "{name} and {first_name}");
        assert_eq!(statements, &first_statements, "{name} and {first_name}");
    }
    assert_eq!(seen[0].1.0, 422);
});

both_databases!(ten_failures_lock_strangers_out_but_not_a_known_browser, |portal| async move {
    let mut known = portal.logged_in("427HOWSEA01").await;
    known.post("/log-out", &[]).await.leads_to("/logged-out");
    for guess in 0..1000 {
        portal.browser_at("198.51.100.5").log_in("427HOWSEA01", &format!("guess {guess}")).await.is(422);
        if guess == 9 {
            portal.browser().log_in("427HOWSEA01", PASSWORD).await.is(422);
        }
    }
    known.log_in("427HOWSEA01", PASSWORD).await.leads_to("/portal");
    // Nobody is kept out for longer than the policy says, however many more guesses there were.
    portal.clock.advance(15 * 60 - 1);
    portal.browser().log_in("427HOWSEA01", PASSWORD).await.is(422);
    portal.clock.advance(1);
    portal.browser().log_in("427HOWSEA01", PASSWORD).await.leads_to("/portal");
});

both_databases!(guesses_at_once_are_no_way_around_the_lock, |portal| async move {
    portal.set_password("427HOWSEA01").await;
    let guesses = (0..40).map(|guess| {
        let mut browser = portal.browser_at("198.51.100.5");
        async move {
            browser.log_in("427HOWSEA01", if guess == 39 { PASSWORD } else { "wrong" }).await.status.as_u16()
        }
    });
    let answers = join_all(guesses).await;
    // The right one may have been among the first ten, or not; afterwards the lock is shut or was never reached.
    if answers.iter().all(|status| *status == 422) {
        portal.browser().log_in("427HOWSEA01", PASSWORD).await.is(422);
    }
    assert_eq!(
        answers.iter().filter(|status| **status == 422).count()
            + answers.iter().filter(|status| **status == 303).count(),
        40
    );
});

both_databases!(a_known_browser_has_its_own_allowance, |portal| async move {
    let mut known = portal.logged_in("427HOWSEA01").await;
    known.post("/log-out", &[]).await;
    for _ in 0..10 {
        known.log_in("427HOWSEA01", "wrong").await.is(422);
    }
    known.log_in("427HOWSEA01", PASSWORD).await.is(422);
    // Its failures are its own: others are not locked out by them.
    portal.browser().log_in("427HOWSEA01", PASSWORD).await.leads_to("/portal");
    // The service desk lifts it, and so does a mailed link used on the phone.
    let holder = portal.holder("427HOWSEA01").await;
    let permit = records::Permit::operator(records::Permission::Unlock, holder.employer.id);
    access::unlock(&portal.portal.access, &permit, holder, None, audit::Origin::default()).await.unwrap();
    known.log_in("427HOWSEA01", PASSWORD).await.leads_to("/portal");
    known.post("/log-out", &[]).await;
    for _ in 0..5 {
        known.log_in("427HOWSEA01", "wrong").await.is(422);
    }
    known.log_in("427HOWSEA01", PASSWORD).await.is(422);
    portal.clock.advance(60);
    let link = portal.link_for("427HOWSEA01").await;
    let mut phone = portal.browser();
    phone.get(&link).await.is(200).has("log-in by password is stopped until");
    let secret = link.rsplit_once('=').unwrap().1;
    phone.post("/reset", &[("link", secret), ("act", "unlock")]).await.is(200);
    known.log_in("427HOWSEA01", PASSWORD).await.leads_to("/portal");
    // A cookie that nobody signed makes no browser known.
    let mut forged = portal.browser();
    forged.cookies.insert("__Host-browser".into(), format!("{}.{}", uuid::Uuid::nil(), "0".repeat(64)));
    forged.log_in("427HOWSEA01", PASSWORD).await.leads_to("/portal");
});

both_databases!(a_log_in_that_waits_while_the_password_is_set_anew_is_refused, |portal| async move {
    portal.set_password("427HOWSEA01").await;
    portal.clock.advance(60);
    let link = portal.link_for("427HOWSEA01").await;
    let secret = link.rsplit_once('=').unwrap().1.to_owned();
    // Another process, whose hashing takes long: first a few strangers wait there, and behind them the old password.
    let slow = Portal::reopened(&portal, |settings| {
        (settings.hash_memory_kib, settings.hash_passes) = (32 * 1024, 3);
    });
    let strangers: Vec<_> = (0..8)
        .map(|n| {
            let mut browser = slow.browser();
            tokio::spawn(async move { browser.log_in(&format!("427NOBODY{n:02}"), "x").await })
        })
        .collect();
    let hasher = &slow.portal.access.hasher;
    while hasher.waiting() < 7 {
        tokio::task::yield_now().await;
    }
    let mut browser = slow.browser();
    let late = tokio::spawn(async move { browser.log_in("427HOWSEA01", PASSWORD).await });
    let before = hasher.waiting();
    while hasher.waiting() < before + 1 && hasher.hashes() < 8 {
        tokio::task::yield_now().await;
    }
    let mut phone = portal.browser();
    phone.get(&link).await.is(200);
    phone
        .post("/reset", &[("link", &secret), ("act", "set"), ("new_password", "quite another long one")])
        .await
        .is(200);
    for stranger in strangers {
        stranger.await.unwrap().is(422);
    }
    late.await.unwrap().is(422);
});

both_databases!(outside_it_takes_internet_access, |portal| async move {
    portal.set("427", |settings| settings.policies.internet_access = records::InternetAccess::Hr).await;
    portal.set_password("427HOWSEA01").await;
    let mut browser = portal.browser();
    let page = browser.log_in("427HOWSEA01", PASSWORD).await;
    page.is(403)
        .has("You cannot log in from here yet")
        .has("Requested")
        .has("427HOWSEA01")
        .has("01632 960427");
    assert!(!browser.cookies.contains_key("__Host-session"), "nobody is in");
    // With the wrong password nothing of it is told.
    browser.log_in("427HOWSEA01", "wrong").await.is(422).has_not("internet access");
    let mut inside = portal.inside();
    inside.log_in("427HOWSEA01", PASSWORD).await.leads_to("/portal");
    // One employer's network is not another's.
    portal.set("999", |settings| settings.networks.clear()).await;
    portal.set("999", |settings| settings.policies.internet_access = records::InternetAccess::Hr).await;
    portal.set_password("999JSMITH01").await;
    portal.browser_at(INSIDE).log_in("999JSMITH01", PASSWORD).await.is(403);
});

both_databases!(a_new_device_outside_is_mailed, |portal| async move {
    let link = portal.link_for("427HOWSEA01").await;
    let secret = link.rsplit_once('=').unwrap().1.to_owned();
    let mut first = portal.browser();
    first.get(&link).await.is(200);
    first.post("/reset", &[("link", &secret), ("act", "set"), ("new_password", PASSWORD)]).await.is(200);
    first.log_in("427HOWSEA01", PASSWORD).await.leads_to("/portal");
    let mails = |portal: &Portal| {
        portal
            .mails_to("helen.owsea@nhs.net")
            .iter()
            .filter(|mail| mail.subject.contains("new device"))
            .count()
    };
    portal.settle().await;
    assert_eq!(mails(&portal), 0, "the browser that the link was used on is known");
    first.post("/log-out", &[]).await;
    first.log_in("427HOWSEA01", PASSWORD).await.leads_to("/portal");
    portal.inside().log_in("427HOWSEA01", PASSWORD).await.leads_to("/portal");
    portal.settle().await;
    assert_eq!(mails(&portal), 0, "neither a known browser nor one inside is");
    portal.browser().log_in("427HOWSEA01", PASSWORD).await.leads_to("/portal");
    portal.settle().await;
    assert_eq!(mails(&portal), 1);
});

both_databases!(a_network_that_fails_too_often_waits, |portal| async move {
    let portal = Portal::reopened(&portal, |settings| settings.network_failures = 200);
    portal.set_password("427HOWSEA01").await;
    portal.set_password("427GPUGH01").await;
    let mut known = portal.browser_at("198.51.100.9");
    known.log_in("427HOWSEA01", PASSWORD).await.leads_to("/portal");
    known.post("/log-out", &[]).await;
    for guess in 0..200 {
        portal
            .browser_at("198.51.100.9")
            .log_in(&format!("427NOBODY{guess:02}"), "a common password")
            .await
            .is(422);
    }
    // What is refused for the network's sake counts against no account: elsewhere Gareth gets in.
    for _ in 0..20 {
        portal.browser_at("198.51.100.9").log_in("427GPUGH01", PASSWORD).await.is(422);
    }
    known.log_in("427HOWSEA01", PASSWORD).await.leads_to("/portal");
    portal.browser_at("198.51.100.10").log_in("427GPUGH01", PASSWORD).await.leads_to("/portal");
    portal.set("427", |settings| settings.networks = vec!["198.51.100.0/24".parse().unwrap()]).await;
    portal.browser_at("198.51.100.9").log_in("427GPUGH01", PASSWORD).await.leads_to("/portal");
    portal.set("427", |settings| settings.networks.clear()).await;
    portal.clock.advance(16 * 60);
    portal.browser_at("198.51.100.9").log_in("427GPUGH01", PASSWORD).await.leads_to("/portal");
});

both_databases!(five_hundred_at_the_start_of_a_shift_all_get_in, |portal| async move {
    let rows = (0..500).map(|n| {
        format!("6{n:04},Shift{n},Starter,1990-01-02,shift{n}@nhs.net,Porter,Estates,Main Site,2026-11-01\n")
    });
    let header =
        "employee_number,first_names,last_name,date_of_birth,email,position,department,location,start_date\n";
    portal.load("427", &(header.to_owned() + &rows.collect::<String>())).await;
    let usernames = portal.set_passwords("shift").await;
    assert_eq!(usernames.len(), 500);
    // All behind one address outside the employers' networks, and every tenth types it wrong at first.
    let log_ins = usernames.iter().enumerate().map(|(n, username)| {
        let mut browser = portal.browser();
        async move {
            if n % 10 == 0 {
                browser.log_in(username, "typed too fast").await.is(422);
            }
            browser.log_in(username, PASSWORD).await.status.as_u16()
        }
    });
    let answers = join_all(log_ins).await;
    assert!(answers.iter().all(|status| *status == 303), "{answers:?}");
});

both_databases!(an_old_hash_is_made_anew, |portal| async move {
    portal.logged_in("427HOWSEA01").await;
    let dearer = Portal::reopened(&portal, |settings| settings.hash_memory_kib = 16);
    let before = dearer.portal.access.hasher.hashes();
    dearer.browser().log_in("427HOWSEA01", PASSWORD).await.leads_to("/portal");
    assert_eq!(dearer.portal.access.hasher.hashes() - before, 2, "one to verify, one to make it anew");
    let before = dearer.portal.access.hasher.hashes();
    dearer.browser().log_in("427HOWSEA01", PASSWORD).await.leads_to("/portal");
    assert_eq!(dearer.portal.access.hasher.hashes() - before, 1, "it was stored");
});

both_databases!(nobody_is_led_to_another_site, |portal| async move {
    portal.set_password("427HOWSEA01").await;
    for (next, place) in [
        ("/my-account", "/my-account"),
        ("//evil.example", "/portal"),
        ("https://evil.example", "/portal"),
        ("", "/portal"),
    ] {
        let mut browser = portal.inside();
        browser
            .post("/", &[("username", "427HOWSEA01"), ("password", PASSWORD), ("next", next)])
            .await
            .leads_to(place);
    }
});
