//! No secret stands in the database, its backup or the log; the log is one JSON value a line, with the request's reference.

use std::fs;

use store::Secret;

use crate::common::{
    installation::Installation,
    mailbox::{MailServer, mail_to},
    serve::Serve,
    staff::{HELEN, LI, PASSWORD, Person, staffed},
    until,
};

/// What somebody types into the wrong field.
const TYPED_AS_NAME: &str = "MY-OWN-PASSWORD-IN-THE-WRONG-FIELD";

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_stands_in_the_database_its_backup_or_the_log() {
    let installation = staffed(Installation::new());
    installation.change("format = \"text\"", "format = \"json\"");
    let mut server = MailServer::plain(&installation);
    server.order("refuse john.smith@nhs.net 550 5.1.1 <john.smith@nhs.net> has no mailbox here");
    let serve = Serve::start(&installation);
    let mut browser = serve.browser();
    let mut secrets: Vec<String> = vec![PASSWORD.into(), TYPED_AS_NAME.into(), "a wrong password".into()];
    let mut cookies = Vec::new();

    // A whole recovery, a refused one, one of somebody else's, and ways to do it wrong.
    browser.ask_for_link(Person { born: ("18", "3", "1984"), ..HELEN }).await.leads_to("/forgotten/sent");
    browser.ask_for_link(LI).await.leads_to("/forgotten/sent");
    browser.ask_for_link(crate::common::staff::JOHN).await.leads_to("/forgotten/sent");
    browser.post("/forgotten", &[("email", HELEN.email), ("username", TYPED_AS_NAME)]).await.is(422);
    browser.ask_for_link(HELEN).await.leads_to("/forgotten/sent");
    let link = mail_to(&installation.path("received"), HELEN.email, "Your username").await.link();
    let secret = link.rsplit_once('=').unwrap().1.to_owned();
    secrets.push(secret.clone());
    let page = browser.get(&link).await;
    secrets.push(page.token().unwrap());
    cookies.extend(browser.cookies.clone());
    browser.use_link(&link, "helen o'wsea 427").await.is(422);
    browser.use_link(&link, PASSWORD).await.is(200);
    browser.get(&link).await.is(410);
    browser.log_in(TYPED_AS_NAME, "a wrong password").await.is(422);
    browser.log_in(HELEN.username, "a wrong password").await.is(422);
    browser.log_in(HELEN.username, PASSWORD).await.leads_to("/portal");
    cookies.extend(browser.cookies.clone());
    secrets.push(browser.get("/portal").await.is(200).token().unwrap());
    browser.get("/a-path-that-is-nobodys/QUERYLESS?and=QUERYVALUE").await.is(404);
    let refused = server_refused(&installation).await;
    assert!(refused.contains("has no mailbox here"), "the answer stands where the service desk sees it");

    assert!(cookies.iter().any(|(name, _)| name == "__Host-session"), "{cookies:?}");
    for (name, value) in cookies {
        // The browser's own cookie is its number, which is no secret, and a signature, which is.
        secrets.push(if name == "__Host-browser" {
            value.rsplit_once('.').unwrap().1.to_owned()
        } else {
            value
        });
    }
    let mut needles: Vec<Vec<u8>> = Vec::new();
    for secret in &secrets {
        needles.extend([secret.clone().into_bytes(), secret.to_uppercase().into_bytes()]);
        needles.extend(Secret::parse(secret).map(|secret| <[u8; 32]>::from(secret).to_vec()));
    }

    // The files while it runs, a copy as a backup makes it, and the files after its end.
    let backup = installation.path("backup.sqlite");
    let mut database = installation.database().await;
    sqlx::query("VACUUM INTO $1").bind(backup.to_str().unwrap()).execute(&mut database).await.unwrap();
    drop(database);
    let mut files = vec![("backup", fs::read(&backup).unwrap())];
    for name in ["staffrecord.sqlite", "staffrecord.sqlite-wal"] {
        files.push((name, fs::read(installation.path(name)).unwrap()));
    }
    let log = serve.stop();
    files.push(("the file after the end", fs::read(installation.path("staffrecord.sqlite")).unwrap()));
    files.push(("log", log.clone().into_bytes()));
    assert!(
        find(&files[0].1, HELEN.username.as_bytes()),
        "a copy is looked through in a way that finds what is there"
    );
    for (name, bytes) in &files {
        for needle in &needles {
            assert!(!find(bytes, needle), "{:?} stands in {name}", String::from_utf8_lossy(needle));
        }
    }

    let lines: Vec<serde_json::Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    // Digits of a measured time may look like anything.
    let said: String = lines
        .iter()
        .cloned()
        .map(|mut line| {
            line["milliseconds"].take();
            line["timestamp"].take();
            format!("{line}\n")
        })
        .collect();
    for private in [
        "@",
        "1984",
        "17/03",
        "helen",
        "Helen",
        "O'Wsea",
        "427HOWSEA01",
        "link=",
        "?",
        "QUERYLESS",
        "QUERYVALUE",
        "mailbox",
        "cookie",
        "argon2",
    ] {
        assert!(!said.contains(private), "{private} stands in the log:\n{said}");
    }
    let answered: Vec<_> = lines.iter().filter(|line| line["message"] == "answered").collect();
    assert!(answered.len() > 15, "{log}");
    for line in answered {
        let span = &line["span"];
        assert_eq!(span["id"].as_str().map(str::len), Some(10), "{line}");
        let route = span["route"].as_str().unwrap();
        assert!(
            ["/", "/forgotten", "/forgotten/sent", "/reset", "/portal", "none"].contains(&route),
            "{line}"
        );
        assert!(
            line["status"].is_u64() && line["milliseconds"].is_f64() && line["timestamp"].is_string(),
            "{line}"
        );
    }
}

fn find(bytes: &[u8], needle: &[u8]) -> bool {
    bytes.windows(needle.len()).any(|window| window == needle)
}

async fn server_refused(installation: &Installation) -> String {
    until("the mail was refused", || {
        let said = installation.does(&["access", "why", "427JSMITH01"]).said;
        std::future::ready(said.contains("refused by the mail server").then_some(said))
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_refuses_shows_the_reference_that_the_log_has() {
    let installation = staffed(Installation::new());
    let serve = Serve::start(&installation);
    let answer = serve.browser().get("/nowhere").await;
    let text = answer.is(404).text();
    let reference = text.split_once("Reference: ").unwrap().1.split(' ').next().unwrap().to_owned();
    let log = serve.stop();
    assert!(
        log.lines().any(|line| line.contains(&reference) && line.contains("answered")),
        "{reference} in\n{log}"
    );
}
