//! Smartcards by certificate: the portal, the card host, and a browser with a card in its reader.

use http::header;
use records::{InternetAccess, SecondFactor};
use serde_json::json;
use smartcards::{
    certificate::Settings,
    testing::{
        self as cards, Authority, Issued,
        rcgen::{CertificateParams, ExtendedKeyUsagePurpose, SerialNumber},
    },
};
use store::{Instant, testing::strings};
use tempfile::TempDir;
use testing::{Answer, Browser, PASSWORD, Portal, START, both_databases};

use crate::ways::{IN_MY_ACCOUNT, SIX_MINUTES, field, grant_hr, phone, policy};

const HELEN: &str = "427HOWSEA01";
pub(crate) const HELENS_CARD: &str = "427000000001";
/// Amina has one card, and a staff record at each employer.
pub(crate) const AMINA: [&str; 2] = ["427ADELAC01", "999ADELAC01"];
pub(crate) const AMINAS_CARD: &str = "427000000002";

pub(crate) const CARD_HOST: &str = "card.portal.example";
pub(crate) const PROXY_SECRET: &str = "a-secret-between-the-proxy-and-us";
const RESET: &str = "/internet-access/reset-password";
const NEW_PASSWORD: &str = "quite another long one";
const STALE: (&str, &str) = ("This took too long", "Start again");

fn at(text: &str) -> Instant {
    text.parse().unwrap()
}

/// An authority whose cards are taken, and the files that say so.
pub(crate) struct Issuer {
    folder: TempDir,
    authority: Authority,
}

impl Issuer {
    fn new() -> Self {
        let authority = Authority::root(cards::authority("Card Authority"));
        let issuer = Self { folder: tempfile::tempdir().unwrap(), authority };
        issuer.write("authorities.pem", &issuer.authority.certificate.pem());
        issuer.revoke(&[]);
        issuer
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.folder.path().join(name), text).unwrap();
    }

    fn revoke(&self, revoked: &[&SerialNumber]) {
        let list = self.authority.list(at("2026-11-23T09:00:00Z"), at("2026-11-30T09:00:00Z"), revoked);
        self.write("list.pem", &list.pem().unwrap());
    }

    /// The same portal, taking these cards.
    fn portal(&self, portal: &Portal, lists: &[&str]) -> Portal {
        let path = |name: &&str| self.folder.path().join(name);
        let settings = json!({
            "host": CARD_HOST,
            "authorities": path(&"authorities.pem"),
            "revocation_lists": lists.iter().map(path).collect::<Vec<_>>(),
            "proxy_secret": PROXY_SECRET,
        });
        let settings: Settings = serde_json::from_value(settings).unwrap();
        Portal::reopened(portal, |access| access.smartcard_certificates = Some(settings.clone()))
    }

    pub(crate) fn card(&self, uuid: &str) -> Vec<Vec<u8>> {
        shown(&self.authority.issue(cards::card(uuid)))
    }

    fn changed(&self, change: impl FnOnce(&mut CertificateParams)) -> Vec<Vec<u8>> {
        let mut params = cards::card(HELENS_CARD);
        change(&mut params);
        shown(&self.authority.issue(params))
    }
}

fn shown(card: &Issued) -> Vec<Vec<u8>> {
    vec![card.der().to_vec()]
}

/// The portal, taking cards of an authority.
pub(crate) fn with_cards(portal: &Portal) -> (Issuer, Portal) {
    let issuer = Issuer::new();
    let portal = issuer.portal(portal, &["list.pem"]);
    (issuer, portal)
}

/// Where the portal sends the browser to show its card.
pub(crate) async fn begin(browser: &mut Browser) -> Answer {
    let begun = browser.get("/smartcard/begin?by=card").await;
    assert!(begun.is(303).location().unwrap().starts_with("https://card.portal.example/present?ticket="));
    begun
}

/// The card is shown: the path by which the card host sends the browser back.
pub(crate) async fn present(browser: &mut Browser, begun: &Answer) -> String {
    let presented = browser.follow(begun).await;
    assert!(!presented.headers.contains_key(header::SET_COOKIE));
    let place = presented.is(303).location().unwrap();
    place.strip_prefix("https://portal.example").unwrap().to_owned()
}

/// The whole way of a log-in by card, up to the portal's answer.
async fn show_card(browser: &mut Browser) -> Answer {
    let begun = begin(browser).await;
    let place = present(browser, &begun).await;
    browser.get(&place).await
}

/// A page that says why a card let nobody in: its title, what to do, and a reference that stands on the trail beside the word.
#[track_caller]
pub(crate) fn is_refused(page: &Answer, status: u16, (title, says): (&str, &str)) -> String {
    page.is(status)
        .has(&format!("{title} "))
        .has(says)
        .has("Help to log in")
        .has("Try again with your smartcard");
    assert_eq!(page.body.matches("<h1").count(), 1);
    let (_, rest) = page.body.split_once("portal-reference\">").unwrap();
    rest.split('<').next().unwrap().to_owned()
}

/// What the trail says of the request with this reference: the word, and by which way.
pub(crate) async fn on_trail(portal: &Portal, reference: &str) -> (String, String) {
    let text = "SELECT request || ' ' || data FROM audit_entry WHERE event = 'access.smartcard_refused'";
    let entries = strings(&portal.db, text).await;
    let mut found = entries.iter().filter_map(|entry| entry.strip_prefix(&format!("{reference} ")));
    let data: serde_json::Value = serde_json::from_str(found.next().expect("an entry")).unwrap();
    assert_eq!(found.next(), None, "one entry for one refusal");
    let word = |name: &str| data[name].as_str().unwrap().to_owned();
    (word("outcome"), word("by"))
}

/// The page and the trail say why the card was refused.
pub(crate) async fn refused(portal: &Portal, page: &Answer, word: &str, words: (&str, &str)) {
    let reference = is_refused(page, 403, words);
    assert_eq!(on_trail(portal, &reference).await.0, word);
}

pub(crate) async fn stale(portal: &Portal, page: &Answer) {
    refused(portal, page, "stale", STALE).await;
}

pub(crate) async fn count(portal: &Portal, text: &'static str) -> usize {
    strings(&portal.db, text).await.len()
}

both_databases!(a_card_lets_in_from_anywhere_and_makes_the_account, |portal| async move {
    let (issuer, portal) = with_cards(&portal);
    // By password, nobody gets in from outside without HR's word; a card needs none.
    portal.set("427", |settings| settings.policies.internet_access = InternetAccess::Hr).await;
    let accounts = "SELECT 'x' FROM account";
    assert_eq!(count(&portal, accounts).await, 0);
    for mut browser in [portal.inside(), portal.browser()] {
        browser.card = issuer.card(HELENS_CARD);
        browser.get("/").await.is(200).has("Log in via Smartcard");
        let ways = browser.get("/smartcard").await;
        ways.leads_to("/smartcard/begin?by=card");
        let begun = browser.follow(&ways).await;
        let presented = browser.follow(&begun).await;
        browser.follow(&presented).await.leads_to("/portal");
        browser.get("/portal").await.is(200).has("Helen O'Wsea");
        let page = browser.get("/internet-access").await;
        assert_eq!(page.value_of("ESR Username").unwrap(), HELEN);
        assert_eq!(page.value_of("Password").unwrap(), "Not set");
        assert_eq!(page.value_of("Status").unwrap(), "Not requested");
        // Whoever is in has no way to begin another log-in.
        browser.get("/smartcard/begin?by=card").await.leads_to("/portal");
        assert_eq!(count(&portal, accounts).await, 1);
    }
    portal.settle().await;
    let mut reader = portal.db.read().await.unwrap();
    let helen = portal.holder(HELEN).await.record.id;
    let entries = audit::about(&mut reader.tx(), helen, 20).await.unwrap();
    let card = entries.iter().find(|entry| entry.event == "access.smartcard_shown").unwrap();
    for words in ["\"by\":\"card\"", "Card Authority", "\"number\":\""] {
        assert!(card.data.contains(words), "{}", card.data);
    }
    let log_in = entries.iter().find(|entry| entry.event == "access.logged_in").unwrap();
    assert!(log_in.data.contains("\"by\":\"smartcard\""), "{}", log_in.data);
    assert!(entries.iter().all(|entry| !entry.data.contains(HELENS_CARD)));
    drop(reader);
    let report = audit::verify(&portal.db, Some(&portal.anchor())).await.unwrap();
    assert!(report.findings.is_empty() && report.unsealed == 0, "{report:?}");
});

both_databases!(no_lock_keeps_a_card_out_nor_the_browser_it_was_shown_on, |portal| async move {
    let (issuer, portal) = with_cards(&portal);
    portal.set_password(HELEN).await;
    for _ in 0..10 {
        portal.browser_at("198.51.100.5").log_in(HELEN, "wrong").await.is(422);
    }
    let mut ward = portal.browser();
    ward.log_in(HELEN, PASSWORD).await.is(422);
    ward.card = issuer.card(HELENS_CARD);
    show_card(&mut ward).await.leads_to("/portal");
    ward.post("/log-out", &[]).await.leads_to("/logged-out");
    // Still shut to strangers; this browser is none any more.
    portal.browser().log_in(HELEN, PASSWORD).await.is(422);
    ward.log_in(HELEN, PASSWORD).await.leads_to("/portal");
});

both_databases!(a_new_device_outside_is_mailed_after_a_card_too, |portal| async move {
    let (issuer, portal) = with_cards(&portal);
    let mut browser = portal.inside();
    browser.card = issuer.card(HELENS_CARD);
    show_card(&mut browser).await.leads_to("/portal");
    portal.settle().await;
    assert!(portal.mails().is_empty());
    let mut phone = portal.browser();
    phone.card = issuer.card(HELENS_CARD);
    show_card(&mut phone).await.leads_to("/portal");
    portal.settle().await;
    assert!(portal.mails_to("helen.owsea@nhs.net")[0].subject.contains("new device"));
});

both_databases!(a_card_shown_just_now_stands_for_the_present_password, |portal| async move {
    let (issuer, portal) = with_cards(&portal);
    portal.set("427", |settings| settings.policies.internet_access = InternetAccess::Hr).await;
    let mut browser = portal.inside();
    browser.card = issuer.card(HELENS_CARD);
    show_card(&mut browser).await.leads_to("/portal");
    let mut elsewhere = portal.inside();
    elsewhere.card = issuer.card(HELENS_CARD);
    show_card(&mut elsewhere).await.leads_to("/portal");

    portal.clock.advance(5 * 60);
    browser.get(RESET).await.is(200).has("New password*").has_not("Present password");
    browser.post(RESET, &[("new_password", "short")]).await.is(422).has_not("Present password");
    let set = browser.post(RESET, &[("new_password", NEW_PASSWORD)]).await;
    set.leads_to("/internet-access?done=password");
    // Set while nothing was requested, it is the request.
    let page = browser.follow(&set).await;
    assert_eq!(page.value_of("Password").unwrap(), "*****");
    assert_eq!(page.value_of("Status").unwrap(), "Requested");
    elsewhere.get("/portal").await.is(303);
    portal.settle().await;
    let subjects: Vec<_> =
        portal.mails_to("helen.owsea@nhs.net").into_iter().map(|mail| mail.subject).collect();
    assert!(subjects.iter().any(|subject| subject.contains("was set")), "{subjects:?}");
    portal.inside().log_in(HELEN, NEW_PASSWORD).await.leads_to("/portal");
    let by = strings(&portal.db, "SELECT data FROM audit_entry WHERE event = 'access.password_set'").await;
    assert_eq!(by, [r#"{"by":"smartcard"}"#]);
});

both_databases!(six_minutes_later_the_card_is_asked_for_again, |portal| async move {
    let (issuer, portal) = with_cards(&portal);
    let mut browser = portal.inside();
    browser.card = issuer.card(HELENS_CARD);
    show_card(&mut browser).await.leads_to("/portal");
    browser.get("/portal").await.is(200);
    portal.clock.advance(SIX_MINUTES);
    let to_confirm = "/confirm?return=%2Finternet-access%2Freset-password";
    browser.post(RESET, &[("new_password", NEW_PASSWORD)]).await.leads_to(to_confirm);
    let asked = browser.get(RESET).await;
    asked.leads_to(to_confirm);
    let page = browser.follow(&asked).await;
    page.is(200).has("Confirm that it is you").has("Show your smartcard").has_not("Password*");
    assert!(page.body.contains("href=\"/smartcard?return=/internet-access/reset-password\""));

    let ways = browser.get("/smartcard?return=/internet-access/reset-password").await;
    ways.leads_to("/smartcard/begin?by=card&return=/internet-access/reset-password");
    let begun = browser.follow(&ways).await;
    let place = present(&mut browser, &begun).await;
    let (before, session) = (browser.clone(), browser.cookies["__Host-session"].clone());
    browser.get(&place).await.leads_to(RESET);
    assert_ne!(browser.cookies["__Host-session"], session, "the session goes on under a new secret");
    before.clone().get("/portal").await.is(303);
    browser.get(RESET).await.is(200).has_not("Present password");
    browser.post(RESET, &[("new_password", NEW_PASSWORD)]).await.leads_to("/internet-access?done=password");
    // Back to another site it does not lead.
    browser.get("/smartcard/begin?by=card&return=https://evil.example/").await.leads_to("/portal");
});

both_databases!(another_persons_card_confirms_nothing, |portal| async move {
    let (issuer, portal) = with_cards(&portal);
    let mut browser = portal.inside();
    browser.card = issuer.card(HELENS_CARD);
    show_card(&mut browser).await.leads_to("/portal");
    browser.get("/portal").await.is(200);
    portal.clock.advance(SIX_MINUTES);
    let confirm = "/smartcard/begin?by=card&return=/internet-access/reset-password";
    for uuid in [AMINAS_CARD, "427000009999"] {
        browser.card = issuer.card(uuid);
        let begun = browser.get(confirm).await;
        let place = present(&mut browser, &begun).await;
        let page = browser.get(&place).await;
        let words = ("This is somebody else's smartcard", "Put in your own card and try again");
        refused(&portal, &page, "another", words).await;
        page.has("Go to the portal page");
    }
    browser.get(RESET).await.leads_to("/confirm?return=%2Finternet-access%2Freset-password");
    // What was begun in a session is good in that one only.
    let begun = browser.get(confirm).await;
    let place = present(&mut browser, &begun).await;
    browser.post("/log-out", &[]).await.leads_to("/logged-out");
    stale(&portal, &browser.get(&place).await).await;
    browser.card = issuer.card(HELENS_CARD);
    show_card(&mut browser).await.leads_to("/portal");
    browser.get("/portal").await.is(200);
    stale(&portal, &browser.get(&place).await).await;
});

both_databases!(a_card_is_enough_by_itself, |portal| async move {
    let (issuer, portal) = with_cards(&portal);
    policy(&portal, SecondFactor::Required).await;
    let let_in = async |mut browser: Browser| {
        browser.card = issuer.card(HELENS_CARD);
        show_card(&mut browser).await.leads_to("/portal");
        browser.get("/portal").await.is(200);
        browser
    };
    let_in(portal.browser()).await;
    grant_hr(&portal, HELEN).await;
    let_in(portal.inside()).await;
    let mut browser = let_in(portal.browser()).await;

    // With a factor set up, it is not asked for either; and it is the card that is asked for again.
    let form = format!("{IN_MY_ACCOUNT}/authenticator");
    let page = browser.get(&form).await;
    let code = phone(page.is(200)).code(portal.clock.now());
    let fields = [("ticket", field(&page, "ticket")), ("code", code), ("name", "App".to_owned())];
    let fields = fields.each_ref().map(|(name, value)| (*name, value.as_str()));
    browser.post(&form, &fields).await.is(303);
    let mut browser = let_in(portal.browser()).await;
    portal.clock.advance(SIX_MINUTES);
    browser.get("/confirm").await.is(200).has("Show your smartcard").has_not("Code*");
    // Somebody who had only given the password shows the card instead of the factor.
    portal.set_password(HELEN).await;
    let mut halfway = portal.browser();
    halfway.log_in(HELEN, PASSWORD).await.leads_to("/second-factor");
    halfway.card = issuer.card(HELENS_CARD);
    show_card(&mut halfway).await.leads_to("/portal");
    halfway.get("/portal").await.is(200);
});

const HEADER: &str = "employee_number,first_names,last_name,date_of_birth,email,smartcard_uuid,position,department,location,\
                      start_date,leaving_date\n";

both_databases!(each_refusal_says_what_to_do_and_stands_on_the_trail, |portal| async move {
    let issuer = Issuer::new();
    let (stranger, late) =
        (Authority::root(cards::authority("Another")), Authority::root(cards::authority("Late")));
    issuer.write("authorities.pem", &(issuer.authority.certificate.pem() + &late.certificate.pem()));
    let list = late.list(at("2026-11-17T09:00:00Z"), at("2026-11-24T08:59:59Z"), &[]);
    issuer.write("late.pem", &list.pem().unwrap());
    let revoked = issuer.authority.issue(cards::card(HELENS_CARD));
    issuer.revoke(&[&revoked.serial]);
    let portal = issuer.portal(&portal, &["list.pem", "late.pem"]);
    let carol = "10006,Carol,Whitaker,1959-10-30,carol.whitaker@nhs.net,427000000006,Ward Clerk,Ward 12,Main Site,1990-08-01,2025-10-31\n";
    portal.load("427", &format!("{HEADER}{carol}")).await;

    let (now, hour) = (at(START), at("2026-11-24T10:00:00Z"));
    let last_year = at("2025-11-24T09:00:00Z");
    type Words = (&'static str, &'static str);
    let cases: [(&str, Vec<Vec<u8>>, Words); 12] = [
        (
            "no_certificate",
            Vec::new(),
            ("No smartcard was read", "Put your card into the reader, close all windows"),
        ),
        (
            "revoked",
            shown(&revoked),
            ("Your smartcard was cancelled", "Ask whoever issued it for a new one."),
        ),
        (
            "expired",
            issuer.changed(|card| cards::valid(card, last_year, at("2026-11-24T08:00:00Z"))),
            ("Your smartcard has expired", "Ask whoever issued it to renew it."),
        ),
        (
            "not_yet_valid",
            issuer.changed(|card| cards::valid(card, hour, at("2027-11-24T09:00:00Z"))),
            ("Your smartcard is not valid yet", "Ask whoever issued it."),
        ),
        (
            "unknown_issuer",
            shown(&stranger.issue(cards::card(HELENS_CARD))),
            ("This smartcard is not one that is taken here", "choose the certificate of your NHS smartcard"),
        ),
        (
            "wrong_use",
            issuer.changed(|card| card.extended_key_usages = vec![ExtendedKeyUsagePurpose::EmailProtection]),
            ("This certificate is not for logging in", "try again and choose the one for logging in."),
        ),
        (
            "no_uuid",
            issuer.card("42700000000"),
            ("This smartcard has no number that we can read", "or ask whoever issued it."),
        ),
        (
            "revocation_unknown",
            shown(&late.issue(cards::card(HELENS_CARD))),
            (
                "Smartcards cannot be checked at the moment",
                "Log in with your username and password, or try again later.",
            ),
        ),
        (
            "unreadable",
            vec![b"junk".to_vec()],
            ("This smartcard could not be read", "put the card in again and try once more."),
        ),
        (
            "nobody",
            issuer.card("427000009999"),
            ("Your smartcard is not on a staff record", "Ask HR to put it on yours"),
        ),
        (
            "left",
            issuer.card("427000000006"),
            ("Your smartcard does not let you in any more", "If you still work there, ask HR to correct it."),
        ),
        // The same number on another authority's card is no better.
        (
            "unknown_issuer",
            shown(&stranger.issue(cards::card("427000000006"))),
            (
                "This smartcard is not one that is taken here",
                "It was issued by somebody whom the portal does not know.",
            ),
        ),
    ];
    for (word, card, words) in cases {
        for mut browser in [portal.inside(), portal.browser()] {
            browser.card = card.clone();
            let page = show_card(&mut browser).await;
            refused(&portal, &page, word, words).await;
            page.has("ESR Service Desk").has("Log in another way");
            assert!(!browser.cookies.contains_key("__Host-session"), "{word}");
        }
    }
    assert_eq!(portal.clock.now(), now);
    assert_eq!(count(&portal, "SELECT 'x' FROM account").await, 0);
    // Cancelled while the portal runs: from the next time on that the file is looked at.
    let mut browser = portal.inside();
    let card = issuer.authority.issue(cards::card(HELENS_CARD));
    browser.card = shown(&card);
    show_card(&mut browser).await.leads_to("/portal");
    browser.post("/log-out", &[]).await.leads_to("/logged-out");
    issuer.revoke(&[&revoked.serial, &card.serial]);
    portal.clock.advance(1);
    refused(&portal, &show_card(&mut browser).await, "revoked", ("Your smartcard was cancelled", "")).await;
});

both_databases!(a_changed_uuid_waits_and_the_old_one_works_meanwhile, |portal| async move {
    let (issuer, portal) = with_cards(&portal);
    let try_card = async |uuid: &str| {
        let mut browser = portal.inside();
        browser.card = issuer.card(uuid);
        show_card(&mut browser).await
    };
    let nobody = ("Your smartcard is not on a staff record", "Ask HR");
    try_card(HELENS_CARD).await.leads_to("/portal");
    let row = "10001,Helen,O'Wsea,1984-03-14,helen.owsea@nhs.net,427000000099,Staff Nurse,Ward 7,Main Site,2012-09-03,\n";
    portal.load("427", &format!("{HEADER}{row}")).await;
    portal.clock.advance(24 * 3600 - 1);
    refused(&portal, &try_card("427000000099").await, "nobody", nobody).await;
    try_card(HELENS_CARD).await.leads_to("/portal");
    portal.clock.advance(1);
    try_card("427000000099").await.leads_to("/portal");
    refused(&portal, &try_card(HELENS_CARD).await, "nobody", nobody).await;
});

/// The choice that a card on two staff records leads to: its ticket.
async fn choice(browser: &mut Browser) -> String {
    let page = show_card(browser).await;
    page.is(200).has("Your smartcard is on several staff records");
    page.has("Northmoor Hospitals Trust, Amina de la Cruz")
        .has("Southdown Community Health Trust, Amina de la Cruz");
    assert!(!browser.cookies.contains_key("__Host-session"));
    field(&page, "ticket")
}

both_databases!(whoever_has_two_staff_records_chooses, |portal| async move {
    let (issuer, portal) = with_cards(&portal);
    let card = issuer.card(AMINAS_CARD);
    let choose = async |browser: &mut Browser, ticket: &str, id: &str| {
        browser.post("/smartcard/choose", &[("ticket", ticket), ("staff_record", id)]).await
    };
    for (username, at_work) in AMINA.iter().zip(["Northmoor", "Southdown"]) {
        let mut browser = portal.browser();
        browser.card = card.clone();
        let ticket = choice(&mut browser).await;
        let id = portal.holder(username).await.record.id.to_string();
        choose(&mut browser, &ticket, &id).await.leads_to("/portal");
        browser.get("/internet-access").await.is(200).has(username);
        // Her card is for both; her session is for one.
        assert!(browser.get("/my-account").await.is(200).text().contains(username), "{at_work}");
        stale(&portal, &choose(&mut browser, &ticket, &id).await).await;
        browser.get("/portal").await.is(200);
    }

    let (mut browser, mut other) = (portal.browser(), portal.browser());
    browser.card = card;
    let ticket = choice(&mut browser).await;
    for nothing in ["", "427", "../../portal"] {
        let page = choose(&mut browser, &ticket, nothing).await;
        page.is(422).has("There is a problem").has("Choose where you want to log in.").has("Northmoor");
        assert_eq!(field(&page, "ticket"), ticket);
    }
    let another = ("This is somebody else's smartcard", "Put in your own card");
    for somebody in [portal.holder(HELEN).await, portal.holder("999JSMITH01").await] {
        let page = choose(&mut browser, &ticket, &somebody.record.id.to_string()).await;
        refused(&portal, &page, "another", another).await;
    }
    let nobody = ("Your smartcard is not on a staff record", "Ask HR");
    refused(&portal, &choose(&mut browser, &ticket, &uuid::Uuid::nil().to_string()).await, "nobody", nobody)
        .await;
    let id = portal.holder(AMINA[0]).await.record.id.to_string();
    other.get("/").await.is(200);
    for (ticket, id) in [(ticket.as_str(), id.as_str()), (&ticket, ""), ("junk", &id), ("junk", ""), ("", "")]
    {
        let page = choose(&mut other, ticket, id).await;
        let reference = is_refused(&page, 403, STALE);
        if !id.is_empty() {
            assert_eq!(on_trail(&portal, &reference).await.0, "stale");
        }
    }
    portal.clock.advance(10 * 60 - 1);
    let mut in_time = browser.clone();
    choose(&mut in_time, &ticket, &id).await.leads_to("/portal");
    let ticket = choice(&mut browser).await;
    portal.clock.advance(10 * 60);
    stale(&portal, &choose(&mut browser, &ticket, &id).await).await;

    // Once she has left one of them, there is nothing to choose.
    let row = "10002,Amina,de la Cruz,1992-02-29,amina.delacruz@nhs.net,427000000002,Healthcare Assistant,Bank,Priory Street,\
               2022-03-01,2026-11-23\n";
    portal.load("999", &format!("{HEADER}{row}")).await;
    show_card(&mut browser).await.leads_to("/portal");
    browser.get("/internet-access").await.has(AMINA[0]);
});
