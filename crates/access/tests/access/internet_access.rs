use access::internet_access::{Act, DecideError, Status, decide};
use records::{Permission, Permit};
use testing::{PASSWORD, Portal, both_databases};

async fn decided(portal: &Portal, username: &str, act: Act) -> Result<Status, DecideError> {
    let holder = portal.holder(username).await;
    let permit = Permit::operator(Permission::DecideInternetAccess, holder.employer.id);
    decide(
        &portal.portal.access,
        &permit,
        holder,
        act,
        Some("asked by phone".into()),
        audit::Origin::default(),
    )
    .await
}

both_databases!(p5_says_the_guides_words, |portal| async move {
    let mut browser = portal.logged_in("427HOWSEA01").await;
    let page = browser.get("/internet-access").await;
    page.is(200).has("Manage Internet Access").has("Reset Password");
    assert_eq!(page.value_of("ESR Username").unwrap(), "427HOWSEA01");
    assert_eq!(page.value_of("Password").unwrap(), "*****");
    assert_eq!(page.value_of("Status").unwrap(), "Approved");
});

both_databases!(hr_decides_and_the_holder_is_told, |portal| async move {
    portal.set("427", |settings| settings.policies.internet_access = records::InternetAccess::Hr).await;
    portal.set_password("427HOWSEA01").await;
    let status = |portal: Portal| async move {
        let mut browser = portal.inside();
        browser.log_in("427HOWSEA01", PASSWORD).await.leads_to("/portal");
        browser.get("/internet-access").await.value_of("Status").unwrap()
    };
    assert_eq!(status(portal.clone()).await, "Requested");
    for (act, word, subject) in [
        (Act::Approve, "Approved", "Your internet access is approved"),
        (Act::Withdraw, "Withdrawn", "Your internet access is withdrawn"),
    ] {
        decided(&portal, "427HOWSEA01", act).await.unwrap();
        portal.settle().await;
        assert_eq!(status(portal.clone()).await, word);
        assert_eq!(portal.mails_to("helen.owsea@nhs.net")[0].subject, subject);
    }
    // Withdrawn is decided by HR again, whatever the policy says about first requests.
    portal
        .set("427", |settings| settings.policies.internet_access = records::InternetAccess::Automatic)
        .await;
    let mut browser = portal.inside();
    browser.log_in("427HOWSEA01", PASSWORD).await.leads_to("/portal");
    browser.post("/internet-access/request", &[]).await.leads_to("/internet-access?done=requested");
    browser.get("/internet-access?done=requested").await.has("Your request is made.").has("Requested");
    browser.post("/internet-access/request", &[]).await.leads_to("/internet-access");
    decided(&portal, "427HOWSEA01", Act::Refuse).await.unwrap();
    assert_eq!(status(portal.clone()).await, "Refused");
    assert!(matches!(
        decided(&portal, "427HOWSEA01", Act::Refuse).await,
        Err(DecideError::Overtaken(Status::Refused))
    ));
    assert!(matches!(decided(&portal, "427ADELAC01", Act::Approve).await, Err(DecideError::NoAccount)));
});

both_databases!(only_a_permit_for_this_employer_decides, |portal| async move {
    portal.set_password("427HOWSEA01").await;
    let (holder, other) = (portal.holder("427HOWSEA01").await, portal.holder("999JSMITH01").await);
    for permit in [
        Permit::operator(Permission::DecideInternetAccess, other.employer.id),
        Permit::operator(Permission::Unlock, holder.employer.id),
    ] {
        let refused = decide(
            &portal.portal.access,
            &permit,
            holder.clone(),
            Act::Withdraw,
            None,
            audit::Origin::default(),
        )
        .await;
        assert!(matches!(refused, Err(DecideError::Refused(_))));
    }
});

both_databases!(a_password_is_reset_with_the_present_one, |portal| async move {
    let mut browser = portal.logged_in("427HOWSEA01").await;
    let mut elsewhere = portal.browser();
    elsewhere.log_in("427HOWSEA01", PASSWORD).await.leads_to("/portal");
    let new = "quite another long one";
    let mut reset = async |present: &str, new: &str| {
        browser
            .get("/internet-access/reset-password")
            .await
            .is(200)
            .has("Present password*")
            .has("New password*");
        browser
            .post("/internet-access/reset-password", &[("present_password", present), ("new_password", new)])
            .await
    };
    for (present, new, says) in [
        (PASSWORD, "short", "The password is too short. Use 15 characters or more"),
        (PASSWORD, "passwordpassword", "one that many people use"),
        (PASSWORD, "Helen O'Wsea 427", "made of your name"),
        (PASSWORD, "Northmoor Hospitals", "made of your name"),
        (PASSWORD, &"long ".repeat(26), "at most 128 characters"),
        ("wrong", new, "This is not your present password"),
        ("", new, "This is not your present password"),
    ] {
        let page = reset(present, new).await;
        page.is(422).has(says).has("There is a problem");
        assert!(!page.body.contains(&format!("value=\"{new}")), "no password is ever shown again");
    }
    reset(PASSWORD, new).await.leads_to("/internet-access?done=password");
    let page = browser.get("/internet-access?done=password").await;
    page.is(200).has("Your password is set");
    elsewhere.get("/portal").await.is(303);
    portal.settle().await;
    let mail = &portal.mails_to("helen.owsea@nhs.net")[0];
    assert!(mail.subject.contains("was set") && mail.links.is_empty(), "{mail:?}");
    portal.browser().log_in("427HOWSEA01", PASSWORD).await.is(422);
    portal.browser().log_in("427HOWSEA01", new).await.leads_to("/portal");
});

both_databases!(many_guesses_at_once_at_the_present_password_end_the_session, |portal| async move {
    portal.set_password("427HOWSEA01").await;
    // Hashing takes long here, so that all of them wait before the first is answered.
    let slow = Portal::reopened(&portal, |settings| {
        (settings.hash_memory_kib, settings.hash_passes) = (32 * 1024, 3);
    });
    let mut browser = slow.browser();
    browser.log_in("427HOWSEA01", PASSWORD).await.leads_to("/portal");
    browser.get("/portal").await.is(200);
    let hasher = &slow.portal.access.hasher;
    let mut guesses = Vec::new();
    for n in 0..9 {
        let mut browser = browser.clone();
        let (hashes, waiting) = (hasher.hashes(), hasher.waiting());
        guesses.push(tokio::spawn(async move {
            let present = if n == 8 { PASSWORD.to_owned() } else { format!("guess {n}") };
            let fields =
                [("present_password", present.as_str()), ("new_password", "the thief's own long one")];
            browser.post("/internet-access/reset-password", &fields).await.status.as_u16()
        }));
        while (hasher.hashes(), hasher.waiting()) == (hashes, waiting) {
            tokio::task::yield_now().await;
        }
    }
    let mut answers = Vec::new();
    for guess in guesses {
        answers.push(guess.await.unwrap());
    }
    assert_eq!(answers[8], 303, "the right one came after the session had ended: {answers:?}");
    browser.get("/portal").await.is(303);
    slow.browser().log_in("427HOWSEA01", PASSWORD).await.leads_to("/portal");
});

both_databases!(passwords_of_any_script_up_to_128_characters, |portal| async move {
    let longest: String = "Ποιος ξέρει πού είναι; ".chars().cycle().take(128).collect();
    let mut present = PASSWORD.to_owned();
    let mut browser = portal.logged_in("427HOWSEA01").await;
    for new in [
        "一二三四五六七八九十日月火水木",
        "   leading and trailing   ",
        "🐝🐢🐈🌧🌳🏥🚲🎻🥖🧦🪁🛶🧭🎈🪴",
        longest.as_str(),
    ] {
        browser.get("/internet-access/reset-password").await.is(200);
        let fields = [("present_password", present.as_str()), ("new_password", new)];
        browser
            .post("/internet-access/reset-password", &fields)
            .await
            .leads_to("/internet-access?done=password");
        portal.inside().log_in("427HOWSEA01", new).await.leads_to("/portal");
        present = new.to_owned();
    }
});
