//! `access why | approve | refuse | withdraw | unlock`, beside a running `serve`.

use crate::common::{
    installation::Installation,
    mailbox::{MailServer, mail_to},
    serve::Serve,
    staff::{HELEN, JOHN, LI, PASSWORD, Person, set_password, staffed},
    until,
};

/// Runs `access why` until it says this; everything that it says.
async fn why(installation: &Installation, person: Person, words: &str) -> String {
    until(words, || {
        let ran = installation.does(&["access", "why", person.username]);
        std::future::ready(Some(ran.said).filter(|said| said.contains(words)))
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn why_names_every_reason_on_record() {
    let installation = staffed(Installation::new());
    installation.does(&["employer", "set", "427", "--set", "policies.lock_failures=3"]);
    let mut server = MailServer::plain(&installation);
    server.order(&format!("refuse {} 550 5.1.1 no such mailbox here", JOHN.email));
    let serve = Serve::start(&installation);

    // Never been here; another date of birth; an address outside the mail domains.
    let never = installation.does(&["access", "why", "427howsea01 "]);
    never
        .says("427HOWSEA01: Helen O'Wsea, employee number 20012345, River Trust")
        .says("never set a password");
    never.says(&format!("Links go to {}.", HELEN.email));
    let mut browser = serve.browser();
    browser.ask_for_link(Person { born: ("18", "3", "1984"), ..HELEN }).await.leads_to("/forgotten/sent");
    let said = why(&installation, HELEN, "another date of birth: nothing was sent").await;
    assert!(!said.contains("1984"), "{said}");
    browser.ask_for_link(LI).await.leads_to("/forgotten/sent");
    let said = why(&installation, LI, "the address is in none of the employer's mail domains").await;
    assert!(said.contains("li@elsewhere.example, is in none of the employer's mail domains"), "{said}");

    // Refused by the mail server.
    browser.ask_for_link(JOHN).await.leads_to("/forgotten/sent");
    why(
        &installation,
        JOHN,
        "Mail with a link was refused by the mail server: 550 5.1.1 no such mailbox here",
    )
    .await;

    // A link that is not used; then it is.
    browser.ask_for_link(HELEN).await.leads_to("/forgotten/sent");
    let said = why(&installation, HELEN, "has not been used yet. It works until ").await;
    assert!(said.contains("Asked for a link: a mail was queued."), "{said}");
    let mail = mail_to(&installation.path("received"), HELEN.email, "Your username").await;
    browser.use_link(&mail.link(), PASSWORD).await.is(200);
    let said = why(&installation, HELEN, "Mail that the password was set was taken by the mail server").await;
    assert!(!said.contains("has not been used") && !said.contains("never set"), "{said}");

    // Locked by a stranger, who is not this browser.
    let mut stranger = serve.browser();
    for _ in 0..3 {
        stranger.log_in(HELEN.username, "a wrong password").await.is(422);
    }
    stranger.log_in(HELEN.username, PASSWORD).await.is(422);
    let said = why(&installation, HELEN, "Locked until ").await;
    for words in ["Wrong password, or none set: ", "Refused because of the lock: ", "from 127.0.0.1."] {
        assert!(said.contains(words), "{words} in:\n{said}");
    }
    browser.log_in(HELEN.username, PASSWORD).await.leads_to("/portal");

    installation
        .run(&["access", "unlock", HELEN.username, "--reason", "rang up"])
        .ends(0)
        .says("is unlocked");
    installation.run(&["access", "unlock", HELEN.username]).ends(1).says("the account is not locked");
    stranger.log_in(HELEN.username, PASSWORD).await.leads_to("/portal");
    let said = why(&installation, HELEN, "Mail that the account was unlocked was taken").await;
    assert!(said.contains("Logged in: ") && !said.contains("Locked until"), "{said}");
    mail_to(&installation.path("received"), HELEN.email, "was unlocked").await;

    installation.run(&["access", "why", "427NOBODY01"]).ends(1).says("Nobody has the username");
    installation.run(&["access", "why", "Helen"]).ends(1).says("is no username");
    serve.stop();
    installation.run(&["audit", "verify"]).ends(0).says("Nothing was altered.").says_not("not sealed");
}

#[tokio::test(flavor = "multi_thread")]
async fn hr_decides_internet_access() {
    let installation = staffed(Installation::new());
    installation.does(&["employer", "set", "427", "--set", "policies.internet_access=hr"]);
    let access = |act: &str| installation.run(&["access", act, HELEN.username]);
    access("approve").ends(1).says("has no account yet");
    let serve = Serve::start(&installation);
    set_password(&installation, &serve, HELEN, "mail").await;
    let mut browser = serve.browser();
    let refusal = browser.log_in(HELEN.username, PASSWORD).await;
    refusal.is(403).has("You cannot log in from here yet").has("HR has your request");
    why(&installation, HELEN, "Internet access: Requested").await;
    why(&installation, HELEN, "Right, but outside without internet access: ").await;

    access("refuse").ends(0).says("internet access is Refused now");
    access("refuse").ends(1).says("Nothing was changed: internet access of 427HOWSEA01 is Refused.");
    browser.log_in(HELEN.username, PASSWORD).await.is(403);
    access("approve").ends(0).says("internet access is Approved now");
    access("approve").ends(1).says("Approved");
    browser.log_in(HELEN.username, PASSWORD).await.leads_to("/portal");
    browser.get("/portal").await.is(200);
    access("withdraw").ends(0).says("internet access is Withdrawn now");
    for words in ["refused", "approved", "withdrawn"] {
        mail_to(&installation.path("mail"), HELEN.email, &format!("Your internet access is {words}")).await;
    }
    serve.browser().log_in(HELEN.username, PASSWORD).await.is(403);
    serve.stop();
    installation.run(&["audit", "verify"]).ends(0).says("Nothing was altered.");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forwarded_address_is_believed_of_a_trusted_proxy_only() {
    let installation = staffed(Installation::new());
    installation.does(&[
        "employer",
        "set",
        "427",
        "--set",
        "networks=192.0.2.0/24",
        "--set",
        "policies.internet_access=hr",
    ]);
    let serve = Serve::start(&installation);
    let mut inside = set_password(&installation, &serve, HELEN, "mail").await;
    inside.headers = vec![("x-forwarded-for", "192.0.2.7".into()), ("forwarded", "for=192.0.2.7".into())];
    inside.log_in(HELEN.username, PASSWORD).await.is(403);
    let said = why(&installation, HELEN, "outside without internet access").await;
    assert!(said.contains("from 127.0.0.1.") && !said.contains("192.0.2.7"), "{said}");
    serve.stop();

    installation.change("#trusted_proxies", "trusted_proxies");
    let serve = Serve::start(&installation);
    let mut browser = inside.moved_to(serve.address);
    // The proxy adds the address that it sees; what its client claimed stands left of it.
    browser.headers = vec![("x-forwarded-for", "192.0.2.7, 203.0.113.9".into())];
    browser.log_in(HELEN.username, PASSWORD).await.is(403);
    why(&installation, HELEN, "from 203.0.113.9.").await;
    browser.headers = vec![("x-forwarded-for", "203.0.113.9, 192.0.2.7".into())];
    browser.log_in(HELEN.username, PASSWORD).await.leads_to("/portal");
    why(&installation, HELEN, "from 192.0.2.7.").await;
    serve.stop();
}
