use futures::future::join_all;
use testing::{Browser, PASSWORD, Portal, both_databases};

const AMINA: &str = "amina.delacruz@nhs.net";

async fn ask(browser: &mut Browser, email: &str, (day, month, year): (&str, &str, &str), username: &str) {
    let fields = [("email", email), ("day", day), ("month", month), ("year", year), ("username", username)];
    browser.post("/forgotten", &fields).await.leads_to("/forgotten/sent");
}

fn secret(link: &str) -> String {
    link.rsplit_once('=').unwrap().1.to_owned()
}

/// The link as the portal's own path.
fn path(link: &str) -> String {
    link.strip_prefix("https://portal.example").unwrap().to_owned()
}

both_databases!(p2_says_the_guides_words, |portal| async move {
    let page = portal.browser().get("/forgotten").await;
    for words in [
        "Forgotten | Request Username/Password | Unlock Account",
        "Enter the email address associated with your account and your date of birth, your login details will then be emailed to you. If known, \
         entering your username will enable you to receive details for that account only.",
        "Email*",
        "(Example : first.last@domain.com)",
        "Date of Birth*",
        "REQUEST USERNAME AND RESET PASSWORD",
        "RESET PASSWORD ONLY",
        "Submit",
        "Help to log in",
    ] {
        page.is(200).has(words);
    }
    for label in ["Date", "Month", "Year", "Username"] {
        assert!(page.body.contains(label), "{label}");
    }
    let sent = portal.browser().get("/forgotten/sent").await;
    sent.has("If the details match, an email arrives within 10 minutes. Look in junk. None? Your employer may hold another address or date of birth: ring");
    sent.has("01632 960427").has("01632 960999").has("No NHS mail account? Ask the IT Service Desk");
});

both_databases!(username_blank_mails_every_username_with_a_link_each, |portal| async move {
    ask(&mut portal.browser(), "Amina.delaCruz@NHS.net", ("29", "02", "1992"), "").await;
    portal.settle().await;
    let mails = portal.mails_to(AMINA);
    assert_eq!(mails.len(), 1, "one mail for all");
    let mail = &mails[0];
    for words in
        ["427ADELAC01", "Northmoor Hospitals Trust", "999ADELAC01", "Southdown Community Health Trust"]
    {
        assert!(mail.text.contains(words) && mail.html.contains(words), "{words} in {}", mail.text);
    }
    assert_eq!(mail.links.len(), 2, "a link each, and no other");
    assert_eq!(mail.html.matches("href=").count(), 2);
    // Each link is for its own account.
    let mut browser = portal.browser();
    browser.get(&path(&mail.links[0])).await.is(200).has("427ADELAC01").has_not("999ADELAC01");
    browser.get(&path(&mail.links[1])).await.is(200).has("999ADELAC01").has_not("427ADELAC01");
});

both_databases!(username_given_mails_a_link_for_that_account_only, |portal| async move {
    ask(&mut portal.browser(), AMINA, ("29", "2", "1992"), " 999adelac01").await;
    portal.settle().await;
    let mails = portal.mails_to(AMINA);
    assert_eq!((mails.len(), mails[0].links.len()), (1, 1));
    portal.browser().get(&path(&mails[0].links[0])).await.has("999ADELAC01");
});

both_databases!(nothing_is_sent_where_nothing_matches, |portal| async move {
    portal.set("999", |settings| settings.mail_domains = vec!["southdown.example".into()]).await;
    for (email, born, username) in [
        ("nobody@nhs.net", ("1", "1", "1980"), ""),
        (AMINA, ("28", "2", "1992"), ""),                // wrong date of birth
        (AMINA, ("29", "2", "1992"), "427HOWSEA01"),     // somebody else's username
        (AMINA, ("29", "2", "1992"), "not a username"),  // none at all
        ("john.smith@nhs.net", ("2", "11", "1979"), ""), // outside the employer's mail domains
        ("carol.whitaker@nhs.net", ("30", "10", "1959"), ""), // left
    ] {
        ask(&mut portal.browser(), email, born, username).await;
    }
    portal.settle().await;
    assert!(portal.mails().is_empty(), "{:?}", portal.mails());
    // Of Amina's two records, the one whose employer mails to nhs.net still gets its link.
    ask(&mut portal.browser(), AMINA, ("29", "2", "1992"), "").await;
    portal.settle().await;
    assert_eq!(portal.mails_to(AMINA)[0].links.len(), 1);
});

both_databases!(every_answer_to_submit_is_the_same, |portal| async move {
    portal.set("999", |settings| settings.mail_domains.clear()).await;
    let mut seen = Vec::new();
    for (name, email, born) in [
        ("match", "helen.owsea@nhs.net", ("14", "3", "1984")),
        ("no match", "nobody@nhs.net", ("1", "1", "1980")),
        ("wrong date", "helen.owsea@nhs.net", ("15", "3", "1984")),
        ("outside the mail domains", "john.smith@nhs.net", ("2", "11", "1979")),
        ("over the limit", "gareth.pugh@nhs.net", ("22", "7", "1971")),
    ] {
        if name == "over the limit" {
            for _ in 0..4 {
                ask(&mut portal.browser(), email, born, "").await;
            }
            portal.settle().await;
        }
        for round in 0..20 {
            let mut browser = portal.browser_at(&format!("198.51.100.{round}"));
            browser.get("/forgotten").await.is(200);
            let _ = portal.db.recorded_statements();
            let fields =
                [("email", email), ("day", born.0), ("month", born.1), ("year", born.2), ("username", "")];
            let answer = browser.post("/forgotten", &fields).await;
            let statements = portal.db.recorded_statements();
            let headers: Vec<_> =
                answer.headers.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
            seen.push((name, answer.status, headers, answer.body.clone(), statements));
        }
    }
    for one in &seen {
        assert_eq!(
            (&one.1, &one.2, &one.3, &one.4),
            (&seen[0].1, &seen[0].2, &seen[0].3, &seen[0].4),
            "{} and {}",
            one.0,
            seen[0].0
        );
    }
    assert!(seen[0].4.len() >= 3, "statements are recorded");
});

both_databases!(somebody_new_sets_up_access_from_outside, |portal| async move {
    let link = portal.link_for("427ADELAC01").await;
    let mut browser = portal.browser();
    browser
        .get(&link)
        .await
        .is(200)
        .has("Set your password")
        .has("427ADELAC01")
        .has("Northmoor Hospitals Trust");
    // What is not good enough is said, and the link is still good.
    let fields = |new: &'static str| [("act", "set"), ("new_password", new)];
    for (new, says) in [
        ("short", "too short"),
        ("iloveyou iloveyou", "many people use"),
        ("amina.delacruz@nhs.net", "made of your name"),
    ] {
        let secret = secret(&link);
        let mut all = fields(new).to_vec();
        all.push(("link", &secret));
        browser.post("/reset", &all).await.is(422).has(says);
    }
    let secret = secret(&link);
    let done = browser.post("/reset", &[("link", &secret), ("act", "set"), ("new_password", PASSWORD)]).await;
    done.is(200).has("Your password is set").has("427ADELAC01").has("You can log in from anywhere.");
    browser.log_in("427ADELAC01", PASSWORD).await.leads_to("/portal");
    portal.settle().await;
    assert!(portal.mails_to(AMINA)[0].subject.contains("was set"));
});

both_databases!(opening_a_link_changes_nothing, |portal| async move {
    let link = portal.link_for("427HOWSEA01").await;
    for _ in 0..3 {
        portal.browser().get(&link).await.is(200);
        portal.browser().head(&link).await.is(200);
    }
    let mut browser = portal.browser();
    browser.get(&link).await.is(200);
    browser
        .post("/reset", &[("link", &secret(&link)), ("act", "set"), ("new_password", PASSWORD)])
        .await
        .is(200);
});

both_databases!(of_two_presses_at_once_one_wins, |portal| async move {
    let link = portal.link_for("427HOWSEA01").await;
    let secret = secret(&link);
    let presses = (0..8).map(|press| {
        let (mut browser, secret) = (portal.browser(), secret.clone());
        async move {
            let password = format!("quite a long password {press}");
            let fields = [("link", secret.as_str()), ("act", "set"), ("new_password", password.as_str())];
            (browser.post("/reset", &fields).await.status.as_u16(), password)
        }
    });
    let answers = join_all(presses).await;
    let won: Vec<_> = answers.iter().filter(|(status, _)| *status == 200).collect();
    assert_eq!(
        (won.len(), answers.iter().filter(|(status, _)| *status == 410).count()),
        (1, 7),
        "{answers:?}"
    );
    portal.browser().log_in("427HOWSEA01", &won[0].1).await.leads_to("/portal");
});

both_databases!(a_dead_link_says_why, |portal| async move {
    let first = portal.link_for("427HOWSEA01").await;
    portal.clock.advance(60);
    let second = portal.link_for("427HOWSEA01").await;
    let mut browser = portal.browser();
    let page = browser.get(&first).await;
    page.is(410)
        .has("This link does not work any more")
        .has("A newer one was sent on 24 November 2026 at 09:01")
        .has("Help to log in");
    browser
        .post("/reset", &[("link", &secret(&first)), ("act", "set"), ("new_password", PASSWORD)])
        .await
        .is(410);
    browser.get(&second).await.is(200);
    browser
        .post("/reset", &[("link", &secret(&second)), ("act", "set"), ("new_password", PASSWORD)])
        .await
        .is(200);
    browser.get(&second).await.is(410).has("It was used on 24 November 2026 at 09:01");

    // The password changed in another way.
    portal.clock.advance(3600);
    let third = portal.link_for("427HOWSEA01").await;
    let mut logged_in = portal.browser();
    logged_in.log_in("427HOWSEA01", PASSWORD).await.leads_to("/portal");
    logged_in.get("/internet-access/reset-password").await.is(200);
    let fields = [("present_password", PASSWORD), ("new_password", "quite another long one")];
    logged_in.post("/internet-access/reset-password", &fields).await.is(303);
    portal.browser().get(&third).await.is(410).has("The password was set on 24 November 2026 at 10:01");

    portal.clock.advance(3600);
    let fourth = portal.link_for("427HOWSEA01").await;
    portal.clock.advance(30 * 60);
    portal.browser().get(&fourth).await.is(410).has("It ran out on 24 November 2026 at 11:31");
    for unknown in ["/reset", "/reset?link=", "/reset?link=abc", &format!("/reset?link={}", "0".repeat(64))] {
        portal.browser().get(unknown).await.is(410).has("It may have been cut off in the mail");
    }
});

both_databases!(a_proven_mail_lifts_the_lock_and_makes_the_browser_known, |portal| async move {
    portal.set_password("427HOWSEA01").await;
    for _ in 0..10 {
        portal.browser_at("198.51.100.5").log_in("427HOWSEA01", "wrong").await.is(422);
    }
    let mut browser = portal.browser();
    browser.log_in("427HOWSEA01", PASSWORD).await.is(422);
    portal.clock.advance(60);
    let link = portal.link_for("427HOWSEA01").await;
    browser
        .get(&link)
        .await
        .is(200)
        .has("log-in by password is stopped until 09:15")
        .has("Unlock and keep my password");
    browser
        .post("/reset", &[("link", &secret(&link)), ("act", "unlock")])
        .await
        .is(200)
        .has("Your account is unlocked");
    for _ in 0..50 {
        portal.browser_at("198.51.100.5").log_in("427HOWSEA01", "wrong").await.is(422);
    }
    browser.log_in("427HOWSEA01", PASSWORD).await.leads_to("/portal");
    portal.settle().await;
    assert!(portal.mails_to("helen.owsea@nhs.net")[0].subject.contains("unlocked"));
});

both_databases!(a_first_password_cannot_be_kept, |portal| async move {
    let link = portal.link_for("427ADELAC01").await;
    let mut browser = portal.browser();
    browser.get(&link).await.has_not("Unlock and keep my password");
    browser
        .post("/reset", &[("link", &secret(&link)), ("act", "unlock")])
        .await
        .is(400)
        .has("There is no password yet");
    browser.get(&link).await.is(200);
});

both_databases!(using_a_link_ends_every_session, |portal| async move {
    let mut before = portal.logged_in("427HOWSEA01").await;
    portal.clock.advance(60);
    let link = portal.link_for("427HOWSEA01").await;
    let mut phone = portal.browser();
    phone.get(&link).await.is(200);
    phone
        .post(
            "/reset",
            &[("link", &secret(&link)), ("act", "set"), ("new_password", "quite another long one")],
        )
        .await
        .is(200);
    before.get("/portal").await.is(303);
});

both_databases!(a_link_used_where_one_is_logged_in_leaves_that_session, |portal| async move {
    let mut browser = portal.logged_in("427HOWSEA01").await;
    let mut elsewhere = portal.inside();
    elsewhere.log_in("427HOWSEA01", PASSWORD).await.leads_to("/portal");
    portal.clock.advance(60);
    let link = portal.link_for("427HOWSEA01").await;
    browser.get(&link).await.is(200);
    browser
        .post(
            "/reset",
            &[("link", &secret(&link)), ("act", "set"), ("new_password", "quite another long one")],
        )
        .await
        .is(200);
    browser.get("/portal").await.is(200);
    elsewhere.get("/portal").await.is(303);
});

both_databases!(a_link_dies_with_the_address_it_was_sent_to, |portal| async move {
    let link = portal.link_for("427ADELAC01").await;
    portal
        .load("427", "employee_number,first_names,last_name,date_of_birth,email,position,department,location,start_date\n\
                      10002,Amina,de la Cruz,1992-02-29,amina.new@nhs.net,Healthcare Assistant,Ward 7,Main Site,2020-01-06\n")
        .await;
    portal.browser().get(&link).await.is(410).has("The email address on the staff record has changed");
});

both_databases!(many_requests_at_once_are_still_three_mails, |portal| async move {
    let asks = (0..40).map(|n| {
        let mut browser = portal.browser_at(&format!("198.51.100.{n}"));
        async move { ask(&mut browser, "helen.owsea@nhs.net", ("14", "3", "1984"), "").await }
    });
    join_all(asks).await;
    portal.settle().await;
    assert_eq!(portal.mails_to("helen.owsea@nhs.net").len(), 3);
});

both_databases!(where_somebody_else_is_logged_in_they_are_logged_out_first, |portal| async move {
    let mut ward = portal.logged_in("427GPUGH01").await;
    let link = portal.link_for("427HOWSEA01").await;
    let page = ward.get(&link).await;
    page.is(409).has("Somebody else is logged in here").has("Gareth Pugh").has_not("Helen");
    ward.post("/reset", &[("link", &secret(&link)), ("act", "set"), ("new_password", PASSWORD)])
        .await
        .is(409);
    ward.get(&link).await.is(409);
    let out = ward.post("/log-out", &[("link", &secret(&link))]).await;
    out.leads_to(&link);
    ward.follow(&out).await.is(200).has("427HOWSEA01");
    ward.post("/reset", &[("link", &secret(&link)), ("act", "set"), ("new_password", PASSWORD)])
        .await
        .is(200);
});

both_databases!(three_mails_an_hour_and_ten_a_day, |portal| async move {
    let born = ("14", "3", "1984");
    let sent = |portal: &Portal| portal.mails_to("helen.owsea@nhs.net").len();
    for hour in 0..5 {
        portal.set_clock(&format!("2026-11-24T1{hour}:30:00Z"));
        for _ in 0..5 {
            ask(&mut portal.browser(), "helen.owsea@nhs.net", born, "").await;
            portal.settle().await;
        }
        assert_eq!(sent(&portal), [3, 6, 9, 10, 10][hour], "hour {hour}");
    }
    portal.set_clock("2026-11-25T12:00:00Z");
    ask(&mut portal.browser(), "helen.owsea@nhs.net", born, "").await;
    portal.settle().await;
    assert_eq!(sent(&portal), 11);
});

both_databases!(sixty_newcomers_behind_one_address, |portal| async move {
    let header =
        "employee_number,first_names,last_name,date_of_birth,email,position,department,location,start_date\n";
    let rows: String = (0..60)
        .map(|n| {
            format!(
                "5{n:04},New{n},Comer,1990-01-02,new.comer{n}@nhs.net,Porter,Estates,Main Site,2026-11-01\n"
            )
        })
        .collect();
    portal.load("427", &(header.to_owned() + &rows)).await;
    for n in 0..60 {
        ask(&mut portal.browser(), &format!("new.comer{n}@nhs.net"), ("2", "1", "1990"), "").await;
    }
    portal.settle().await;
    let links: Vec<String> =
        (0..60).map(|n| portal.mails_to(&format!("new.comer{n}@nhs.net"))[0].links[0].clone()).collect();
    for link in links {
        let mut browser = portal.browser();
        browser.get(&path(&link)).await.is(200);
        browser
            .post("/reset", &[("link", &secret(&link)), ("act", "set"), ("new_password", PASSWORD)])
            .await
            .is(200);
    }
});

both_databases!(junk_makes_nobody_wait, |portal| async move {
    for n in 0..400 {
        ask(&mut portal.browser_at("198.51.100.200"), &format!("junk{n}@nhs.net"), ("1", "1", "1980"), "")
            .await;
    }
    // Someone else's is dealt with before the rest of that network's, and the employers' own networks before all.
    portal.clock.advance(1);
    ask(&mut portal.browser_at("203.0.113.77"), "helen.owsea@nhs.net", ("14", "3", "1984"), "").await;
    ask(&mut portal.inside(), "gareth.pugh@nhs.net", ("22", "7", "1971"), "").await;
    let order = portal.jobs_in_order().await;
    let place = |email: &str| order.iter().position(|found| found == email).unwrap();
    assert_eq!(place("gareth.pugh@nhs.net"), 0);
    assert!(place("helen.owsea@nhs.net") <= 102, "{}", place("helen.owsea@nhs.net"));
    portal.settle().await;
    assert_eq!(
        (portal.mails_to("helen.owsea@nhs.net").len(), portal.mails_to("gareth.pugh@nhs.net").len()),
        (1, 1)
    );
});

both_databases!(a_form_that_makes_no_sense_is_said_so, |portal| async move {
    let mut browser = portal.browser();
    let post =
        async |browser: &mut Browser, fields: &[(&str, &str)]| browser.post("/forgotten", fields).await;
    let page = post(
        &mut browser,
        &[
            ("email", "helen"),
            ("day", "31"),
            ("month", "02"),
            ("year", "1984"),
            ("username", &"x".repeat(200)),
        ],
    )
    .await;
    page.is(422)
        .has("There is a problem")
        .has("Enter an email address like first.last@domain.com.")
        .has("is in the calendar");
    page.has("too long for a username");
    assert!(page.body.contains("<title>Error: "), "the title says so");
    let page = post(&mut browser, &[]).await;
    page.is(422).has("Enter your email address.").has("Enter your date of birth.");
    // What was typed is there again, escaped.
    let page = post(&mut browser, &[("email", "\"><script>alert(1)</script>"), ("day", "1")]).await;
    page.is(422);
    assert!(!page.body.contains("<script>alert"));
});

both_databases!(no_secret_stands_in_the_database, |portal| async move {
    let link = portal.link_for("427HOWSEA01").await;
    let browser = portal.logged_in("427GPUGH01").await;
    for table in portal.dump().await {
        for secret in [secret(&link), browser.cookies["__Host-session"].clone(), PASSWORD.to_owned()] {
            assert!(!table.contains(&secret), "a secret stands in the database");
        }
    }
});
