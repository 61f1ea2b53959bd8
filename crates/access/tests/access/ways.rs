//! What the tests of second factors have in common: what is set up, read off a page and sent.

use ::second_factors::testing::{Device, Phone};
use records::{Grant, Permission, Permit, Policies, Role, SecondFactor, Username, role_grant};
use testing::{Answer, Browser, PASSWORD, Portal};

pub(crate) const HELEN: &str = "427HOWSEA01";
pub(crate) const HELENS_MAIL: &str = "helen.owsea@nhs.net";
pub(crate) const GARETH: &str = "427GPUGH01";

/// Where a first factor is set up on the way in.
pub(crate) const ON_THE_WAY: &str = "/second-factor/set-up";
/// Where one is set up by whoever is in.
pub(crate) const IN_MY_ACCOUNT: &str = "/my-account/second-factors";

pub(crate) const SIX_MINUTES: i64 = 6 * 60;
pub(crate) const DAY: i64 = 24 * 3600;

/// Changes the policies of 427.
pub(crate) async fn policies(portal: &Portal, change: impl FnOnce(&mut Policies)) {
    portal.set("427", |settings| change(&mut settings.policies)).await;
}

/// Its policy on second factors.
pub(crate) async fn policy(portal: &Portal, second_factor: SecondFactor) {
    policies(portal, |policies| policies.second_factor = second_factor).await;
}

/// Grants HR at 427.
pub(crate) async fn grant_hr(portal: &Portal, username: &str) {
    let employer = portal.holder(username).await.employer.id;
    let permit = Permit::operator(Permission::GrantRole, employer);
    let username = Username::parse(username).unwrap();
    let grant = Grant { username, role: Role::Hr, reason: None, recover: true };
    let origin = audit::Origin::default();
    role_grant(&portal.db, &portal.entropy, portal.clock.now(), &permit, grant, origin).await.unwrap();
}

fn between<'t>(text: &'t str, before: &str, after: &str) -> Option<&'t str> {
    Some(text.split_once(before)?.1.split_once(after)?.0)
}

/// The value of a hidden field, the first where there are several forms.
#[track_caller]
pub(crate) fn field(page: &Answer, name: &str) -> String {
    let value = between(&page.body, &format!("name=\"{name}\" value=\""), "\"");
    value.unwrap_or_else(|| panic!("no {name} in:\n{}", page.text())).to_owned()
}

/// What the page asks a passkey.
#[track_caller]
pub(crate) fn options(page: &Answer) -> String {
    let options = between(&page.body, "data-options=\"", "\"").expect("a form for a passkey");
    options
        .replace("&#34;", "\"")
        .replace("&#39;", "'")
        .replace("&#60;", "<")
        .replace("&#62;", ">")
        .replace("&#38;", "&")
}

/// A phone that was told the key on the page.
#[track_caller]
pub(crate) fn phone(page: &Answer) -> Phone {
    Phone::typed(between(&page.body, "Key to type: <strong class=\"portal-code\">", "<").expect("a key"))
}

/// The recovery codes on the page.
pub(crate) fn codes(page: &Answer) -> Vec<String> {
    let codes = page.body.split("<li><code>").skip(1);
    codes.map(|rest| rest.split('<').next().unwrap_or_default().to_owned()).collect()
}

/// The id in the first path like `/my-account/{what}/{id}/{act}` of a page.
#[track_caller]
pub(crate) fn id(page: &Answer, what: &str, act: &str) -> String {
    let mut parts = page.body.split(what).skip(1);
    let found = parts.find_map(|part| part.strip_prefix('/')?.split_once(act));
    found.unwrap_or_else(|| panic!("no {what} in:\n{}", page.text())).0.trim_end_matches('/').to_owned()
}

/// An authenticator app, just set up, and the recovery codes where it is the first factor.
pub(crate) struct App {
    pub(crate) phone: Phone,
    pub(crate) codes: Vec<String>,
}

/// Sets up an authenticator app.
pub(crate) async fn set_up_app(portal: &Portal, browser: &mut Browser, base: &str) -> App {
    let path = format!("{base}/authenticator");
    let page = browser.get(&path).await;
    page.is(200);
    let (phone, ticket) = (phone(&page), field(&page, "ticket"));
    let code = phone.code(portal.clock.now());
    let done = browser.post(&path, &[("ticket", &ticket), ("code", &code), ("name", "My phone")]).await;
    let codes = codes(browser.follow(&done).await.is(200));
    App { phone, codes }
}

/// Sets up a passkey, and hands over the recovery codes where it is the first factor.
pub(crate) async fn set_up_passkey(browser: &mut Browser, device: &mut Device, base: &str) -> Vec<String> {
    let path = format!("{base}/passkey");
    let page = browser.get(&path).await;
    page.is(200);
    let (ticket, answer) = (field(&page, "ticket"), device.create(&options(&page)));
    let done = browser.post(&path, &[("ticket", &ticket), ("answer", &answer), ("name", "My key")]).await;
    codes(browser.follow(&done).await.is(200))
}

/// Gives the code that the phone shows next: the one of this step may have been used.
pub(crate) async fn give_next(portal: &Portal, browser: &mut Browser, path: &str, phone: &Phone) -> Answer {
    portal.clock.advance(30);
    browser.get(path).await.is(200);
    let code = phone.code(portal.clock.now());
    browser.post(path, &[("code", &code)]).await
}

/// Answers `path`'s question with a passkey.
pub(crate) async fn give_passkey(browser: &mut Browser, path: &str, device: &mut Device) -> Answer {
    let page = browser.get(path).await;
    page.is(200);
    let (ticket, answer) = (field(&page, "ticket"), device.get(&options(&page)));
    browser.post(path, &[("ticket", &ticket), ("answer", &answer)]).await
}

/// Somebody who is in, outside, with an authenticator app and a proof that is a few seconds old.
pub(crate) async fn with_app(portal: &Portal, username: &str) -> (Browser, App) {
    let mut browser = portal.logged_in(username).await;
    let app = set_up_app(portal, &mut browser, IN_MY_ACCOUNT).await;
    (browser, app)
}

/// The password given in a new browser outside, the second factor outstanding.
pub(crate) async fn halfway(portal: &Portal, username: &str) -> Browser {
    let mut browser = portal.browser();
    browser.log_in(username, PASSWORD).await.leads_to("/second-factor");
    browser
}

/// What stands on the trail about somebody, newest first: the event and its data.
pub(crate) async fn trail(portal: &Portal, username: &str) -> Vec<(String, serde_json::Value)> {
    let staff_record = portal.holder(username).await.record.id;
    let mut reader = portal.db.read().await.unwrap();
    let entries = audit::about(&mut reader.tx(), staff_record, 1000).await.unwrap();
    let data = |text: &str| serde_json::from_str(text).unwrap_or_default();
    entries.into_iter().map(|entry| (entry.event, data(&entry.data))).collect()
}

/// How often it stands on the trail about somebody.
pub(crate) async fn times(portal: &Portal, username: &str, event: &str) -> usize {
    trail(portal, username).await.iter().filter(|(found, _)| found == event).count()
}

/// Nothing is wrong with the trail.
pub(crate) async fn verify(portal: &Portal) {
    portal.settle().await;
    let report = audit::verify(&portal.db, Some(&portal.anchor())).await.unwrap();
    assert!(report.findings.is_empty() && report.unsealed == 0 && report.entries > 0, "{report:?}");
}

/// None of these stands in the database as it is.
pub(crate) async fn nowhere_in_clear(portal: &Portal, secrets: &[&str]) {
    let dump = portal.dump().await;
    assert!(dump.iter().any(|table| table.contains("My ")), "what is in the database is read");
    for secret in secrets {
        assert!(secret.len() > 5, "{secret}");
        for table in &dump {
            assert!(!table.contains(secret), "{secret} stands in:\n{table}");
        }
    }
}

/// The subjects of the mails to somebody, newest first.
pub(crate) fn subjects(portal: &Portal, email: &str) -> Vec<String> {
    portal.mails_to(email).into_iter().map(|mail| mail.subject).collect()
}
