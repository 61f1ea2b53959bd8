use testing::both_databases;

use crate::{
    GARETH, HELEN, JOHN,
    world::{attempt, completion, course, retire},
};

both_databases!(an_attempt_says_how_far_it_is, |portal| async move {
    let fire = course(&portal, "427", "fire", "Fire safety", "What to do when it burns").await;
    let id = attempt(&portal, HELEN, &fire, 1, "incomplete").await;
    let path = format!("/e-learning/attempts/{id}");
    let mut helen = portal.logged_in(HELEN).await;
    let page = helen.get(&path).await;
    page.is(200).has("Fire safety Begun What to do when it burns").has("Resume");
    page.has("A course never asks for your password.").has("Tested on Edge on Windows");
    page.has("Parts of this course Lesson <one> Completed Test Not begun").has_not("Certificate");
    page.has_not("You are on a phone");
    for other in [GARETH, JOHN] {
        portal.logged_in(other).await.get(&path).await.is(404);
    }
    helen.get("/e-learning/attempts/x").await.is(404);

    let done = completion(&portal, HELEN, &fire, id, "completed").await;
    let page = helen.get(&path).await;
    page.has("Certificate (PDF)").has("Do the course once more");
    assert!(page.body.contains(&done.id.to_string()));
});

both_databases!(a_course_is_begun_opened_and_opened_again, |portal| async move {
    let fire = course(&portal, "427", "fire", "Fire safety", "").await;
    let mut helen = portal.logged_in(HELEN).await;
    let start = format!("/e-learning/courses/{}/start", fire.id);
    let place = helen.post(&start, &[]).await.is(303).location().unwrap().to_owned();
    helen.get(&place).await.is(200).has("Not begun").has("Start");
    // Once more leads to the same.
    helen.post(&start, &[]).await.leads_to(&place);

    let launch = format!("{place}/launch");
    let page = helen.post(&launch, &[]).await;
    page.is(200).has("Fire safety").has("A course never asks for your password.");
    let attempt: uuid::Uuid = place.rsplit_once('/').unwrap().1.parse().unwrap();
    let host = format!("https://c-{}.content.localhost/launch/", attempt.as_simple());
    let frame = page.between("<iframe", "</iframe>");
    let token = |before: &str, after: &str| page.between(&format!("{before}=\"{host}"), after).to_owned();
    let (reads, commits) = (token(" src", "/\""), token("data-commit-url", "/commit\""));
    assert!(store::Secret::parse(&reads).is_some() && store::Secret::parse(&commits).is_some(), "{frame}");
    assert_ne!(reads, commits, "what the outbox keeps opens nothing");
    assert!(
        frame.contains("credentialless sandbox=\"allow-scripts allow-same-origin allow-forms allow-modals\""),
        "{frame}"
    );
    assert_eq!(page.headers["cache-control"], "no-store");
    let first = page.between("data-launch=\"", "\"").to_owned();
    let again = helen.post(&launch, &[]).await;
    assert_ne!(again.is(200).between("data-launch=\"", "\""), first);
    helen.get("/e-learning").await.has("What I am on Fire safety");

    let (mut gareth, mut john) = (portal.logged_in(GARETH).await, portal.logged_in(JOHN).await);
    for other in [&mut gareth, &mut john] {
        other.get("/e-learning").await.is(200);
        other.post(&launch, &[]).await.is(404);
    }
    john.post(&start, &[]).await.is(404);
    retire(&portal, &fire).await;
    // Who is in it goes on; nobody else begins it.
    helen.post(&start, &[]).await.leads_to(&place);
    gareth.post(&start, &[]).await.is(404);
});

both_databases!(what_is_done_can_be_done_once_more, |portal| async move {
    let fire = course(&portal, "427", "fire", "Fire safety", "").await;
    let id = attempt(&portal, HELEN, &fire, 1, "passed").await;
    completion(&portal, HELEN, &fire, id, "passed").await;
    let old = format!("/e-learning/attempts/{id}");
    let mut helen = portal.logged_in(HELEN).await;
    helen.get(&old).await.has("Look at it again").has("Do the course once more");
    let start = format!("/e-learning/courses/{}/start", fire.id);
    let new = helen.post(&start, &[]).await.is(303).location().unwrap().to_owned();
    assert_ne!(new, old);
    helen
        .get(&old)
        .await
        .has("You have begun this course again since")
        .has_not("Look at it again")
        .has("Certificate");
    helen.post(&format!("{old}/launch"), &[]).await.leads_to(&old);
});

both_databases!(a_phone_is_told_once_what_is_recommended, |portal| async move {
    let fire = course(&portal, "427", "fire", "Fire safety", "").await;
    let id = attempt(&portal, HELEN, &fire, 1, "incomplete").await;
    let path = format!("/e-learning/attempts/{id}");
    let mut helen = portal.logged_in(HELEN).await;
    let words = [
        "It is recommended that eLearning is completed on a Windows PC or laptop.",
        "We do not recommend completing eLearning on your mobile phone.",
    ];
    helen.get(&path).await.has_not(words[1]);
    helen.user_agent =
        "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36".to_owned();
    let page = helen.get(&path).await;
    page.has("You are on a phone").has(words[0]).has(words[1]).has("Resume");
    helen.get(&path).await.has_not("You are on a phone").has("Resume");
});
