//! What the role learning does: a package is taken in, looked at, published and retired.

use records::Role;
use scorm::Writer;
use store::testing::strings;
use testing::{Answer, Browser, Portal, both_databases};

use crate::HELEN;

const RUTH: &str = "427RCOHEN01";

async fn learning(portal: &Portal) -> Browser {
    portal.grant("427GPUGH01", Role::Hr).await;
    portal.with_role(RUTH, Role::Learning).await
}

fn manifest(parts: &str) -> String {
    format!(
        r#"<?xml version="1.0"?><manifest identifier="m" version="1" xmlns="http://www.imsproject.org/xsd/imscp_rootv1p1p2"
        xmlns:adlcp="http://www.adlnet.org/xsd/adlcp_rootv1p2"><metadata><schema>ADL SCORM</schema><schemaversion>1.2</schemaversion></metadata>
        <organizations default="o"><organization identifier="o"><title>Fire &amp; smoke</title>{parts}</organization></organizations>
        <resources><resource identifier="r" type="webcontent" adlcp:scormtype="sco" href="index.html"><file href="index.html"/>
        <file href="missing.png"/></resource></resources></manifest>"#
    )
}

const PART: &str = r#"<item identifier="a" identifierref="r"><title>Lesson</title></item>"#;

fn package(manifest: &str) -> Vec<u8> {
    let mut writer = Writer::new();
    writer.file("imsmanifest.xml", manifest.as_bytes()).unwrap();
    writer.file("index.html", b"<h1>Fire</h1>").unwrap();
    writer.done().unwrap()
}

async fn upload(browser: &mut Browser, fields: &[(&str, &str)], bytes: &[u8]) -> Answer {
    browser.get("/learning/courses").await.is(200);
    browser.post_files("/learning/courses", fields, &[("file", "fire.zip", bytes)]).await
}

both_databases!(a_package_goes_from_its_file_to_staff_and_back, |portal| async move {
    let mut ruth = learning(&portal).await;
    ruth.get("/learning/courses").await.has("There is no course here yet").has("at most 64 MiB");
    let fields = [("code", "fire"), ("description", "When it burns"), ("minutes", "20"), ("tested", "iPad")];
    let answer = upload(&mut ruth, &fields, &package(&manifest(PART))).await;
    let place = answer.is(303).location().unwrap().to_owned();
    let page = ruth.get(&place).await;
    page.is(200)
        .has("The package is taken in")
        .has("Fire & smoke, version 1")
        .has("Not published yet")
        .has("SCORM 1.2");
    page.has("A file that imsmanifest.xml lists is not in the package: missing.png")
        .has("fire.zip")
        .has("Ruth Cohen");
    assert!(page.body.contains(">iPad</textarea>"), "{}", page.body);
    let place = place.split('?').next().unwrap();

    let mut helen = portal.logged_in(HELEN).await;
    helen.get("/e-learning").await.has_not("Fire & smoke");
    ruth.post(&format!("{place}/publish"), &[]).await.leads_to(&format!("{place}?done=published"));
    ruth.get(place).await.has("State Published").has_not("Publish this version");
    helen.get("/e-learning").await.has("Fire & smoke (20 minutes) When it burns");

    // The very same again makes nothing new; another one is the next version.
    let same = upload(&mut ruth, &[("code", "fire")], &package(&manifest(PART))).await;
    same.leads_to(&format!("{place}?done=same"));
    let other = PART.replace("Lesson", "Another");
    let second = upload(&mut ruth, &[("code", "fire")], &package(&manifest(&other))).await;
    let second = second.is(303).location().unwrap().split('?').next().unwrap().to_owned();
    let course = place.split("/versions/").next().unwrap();
    ruth.get(course).await.has("Version 2").has("Version 1").has("Not published yet");
    ruth.post(&format!("{second}/publish"), &[]).await.is(303);
    ruth.get(place).await.has("State Retired");
    ruth.post(&format!("{second}/retire"), &[]).await.leads_to(&format!("{second}?done=retired"));
    helen.get("/e-learning").await.has_not("Fire & smoke");

    let events =
        strings(&portal.db, "SELECT event FROM audit_entry WHERE event LIKE 'learning.%' ORDER BY at, id")
            .await;
    let count = |event: &str| events.iter().filter(|one| *one == event).count();
    assert_eq!(
        ["learning.course_imported", "learning.course_published", "learning.course_retired"].map(count),
        [2, 2, 1],
        "{events:?}"
    );
});

both_databases!(what_staff_read_of_a_course_is_changed, |portal| async move {
    let mut ruth = learning(&portal).await;
    let answer = upload(&mut ruth, &[("code", "fire"), ("title", "Fire")], &package(&manifest(PART))).await;
    let place = answer.is(303).location().unwrap().split('?').next().unwrap().to_owned();
    let course = place.split("/versions/").next().unwrap().to_owned();
    let fields = [("title", " Fire safety "), ("description", "For everybody"), ("minutes", "45")];
    ruth.post(&format!("{course}/describe"), &fields).await.leads_to(&format!("{course}?done=kept"));
    let page = ruth.get(&course).await;
    assert!(page.body.contains("value=\"Fire safety\"") && page.body.contains(">For everybody</textarea>"));
    ruth.post(&format!("{place}/tested"), &[("tested", "Edge on Windows")]).await.is(303);
    ruth.post(&format!("{place}/publish"), &[]).await.is(303);
    let mut helen = portal.logged_in(HELEN).await;
    let page = helen.get("/e-learning").await;
    page.has("Fire safety (45 minutes) For everybody");
    let start = page.between("formaction=\"", "\"").to_owned();
    let attempt = helen.post(&start, &[]).await.is(303).location().unwrap().to_owned();
    helen.get(&attempt).await.has("Tested on Edge on Windows").has("It takes about 45 minutes");

    // It is found by what it is called now, in large and small letters of any script.
    let fields = [("title", "Für Ärzte"), ("description", "ПОЖАР")];
    ruth.post(&format!("{course}/describe"), &fields).await.is(303);
    for (words, is_found) in
        [("%C3%A4rzte", true), ("%D0%BF%D0%BE%D0%B6%D0%B0%D1%80+F%C3%9CR", true), ("safety", false)]
    {
        let page = helen.get(&format!("/e-learning?q={words}")).await;
        assert_eq!(page.body.contains("ПОЖАР"), is_found, "{words}");
    }

    for (fields, says) in [
        (vec![("title", "")], "Enter a title"),
        (vec![("title", "Fire"), ("minutes", "soon")], "Enter how many minutes it takes"),
        (vec![("title", "Fire"), ("minutes", "0")], "must be between 1 and 6,000 minutes"),
    ] {
        let page = ruth.post(&format!("{course}/describe"), &fields).await;
        page.is(422).has("There is a problem").has(says);
    }
    let long = "x".repeat(2001);
    ruth.post(&format!("{place}/tested"), &[("tested", &long)])
        .await
        .is(422)
        .has("2,000 characters or fewer");
});

both_databases!(a_package_that_is_none_is_refused_with_what_to_do, |portal| async move {
    let mut ruth = learning(&portal).await;
    let good = package(&manifest(PART));
    for (code, bytes, says) in [
        ("fire", b"no zip".to_vec(), "This is not a zip file, or it is damaged"),
        ("fire", package("<manifest"), "imsmanifest.xml"),
        ("fire", package(&manifest("")), "Nothing in this package can be opened"),
        ("", good.clone(), "The course code must be 1 to 40 letters"),
        ("fire & smoke", good.clone(), "The course code must be 1 to 40 letters"),
    ] {
        let page = upload(&mut ruth, &[("code", code), ("title", "<b>")], &bytes).await;
        page.is(422).has("There is a problem").has(says);
        assert!(page.body.contains("value=\"&#60;b&#62;\""), "what was typed is still there");
    }
    ruth.post_files("/learning/courses", &[("code", "fire")], &[]).await.is(422).has("Choose a file");
    ruth.get("/learning/courses").await.has("There is no course here yet");
});

both_databases!(courses_are_nobodys_but_their_employers, |portal| async move {
    let mut ruth = learning(&portal).await;
    let answer = upload(&mut ruth, &[("code", "fire")], &package(&manifest(PART))).await;
    let place = answer.is(303).location().unwrap().split('?').next().unwrap().to_owned();
    let course = place.split("/versions/").next().unwrap().to_owned();
    let second = upload(&mut ruth, &[("code", "smoke")], &package(&manifest(PART))).await;
    let version =
        second.is(303).location().unwrap().split('?').next().unwrap().rsplit('/').next().unwrap().to_owned();
    // A version of another course.
    ruth.get(&format!("{course}/versions/{version}")).await.is(404);

    portal.grant("999JSMITH02", Role::Hr).await;
    let mut john = portal.with_role("999JSMITH01", Role::Learning).await;
    john.get("/learning/courses").await.has("There is no course here yet");
    for path in [&course, &place] {
        john.get(path).await.is(404);
    }
    for act in ["publish", "retire", "tested"] {
        john.post(&format!("{place}/{act}"), &[]).await.is(404);
    }
    john.post(&format!("{course}/describe"), &[("title", "Mine")]).await.is(404);
    ruth.get(&place).await.has("Not published yet").has("Fire & smoke");
});
