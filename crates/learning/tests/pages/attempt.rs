use testing::both_databases;

use crate::{
    GARETH, HELEN, JOHN,
    world::{attempt, completion, course},
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
