//! The pages of payroll: from the file to what staff read, and every way in which that goes wrong.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod file;
mod forms;
mod looking;
mod publishing;

use records::Role;
use store::testing::strings;
use testing::{Answer, Browser, Portal};

/// Payroll of 427, twice, and of 999.
const GRACE: &str = "427GOKAFO01";
const AMINA: &str = "427ADELAC01";
const JOHN: &str = "999JSMITH01";
/// Staff of 427 who hold no role.
const HELEN: &str = "427HOWSEA01";

/// Payroll of an employer, whose first role has to be HR.
async fn payroll(portal: &Portal, username: &str) -> Browser {
    let hr = if username.starts_with("427") { "427GPUGH01" } else { "999JSMITH02" };
    if strings(&portal.db, "SELECT role FROM role_grant").await.len() < 2 || username.starts_with("999") {
        portal.grant(hr, Role::Hr).await;
    }
    portal.with_role(username, Role::Payroll).await
}

/// Uploads a file; where its page is.
async fn upload(browser: &mut Browser, contents: &str) -> String {
    browser.get("/payroll/runs").await.is(200);
    let files = [("file", "november.csv", contents.as_bytes())];
    let answer = browser.post_files("/payroll/runs", &[], &files).await;
    answer.is(303).location().unwrap().to_owned()
}

/// Uploads a file and waits for its check.
async fn checked(portal: &Portal, browser: &mut Browser, contents: &str) -> String {
    let place = upload(browser, contents).await;
    portal.settle().await;
    place
}

/// Sends a form of a run, as its page shows it now.
async fn press(browser: &mut Browser, place: &str, act: &str, fields: &[(&str, &str)]) -> Answer {
    let seen = seen(browser, place).await;
    let fields = [&[("seen", seen.as_str())], fields].concat();
    browser.post(&format!("{place}/{act}"), &fields).await
}

/// What of a run its staging is called, which forms carry.
async fn seen(browser: &mut Browser, place: &str) -> String {
    let page = browser.get(&format!("{place}/publish")).await;
    if page.status == 200 {
        return page.between("name=\"seen\" value=\"", "\"").to_owned();
    }
    let page = browser.get(place).await;
    page.is(200);
    let seen = page.body.split_once("name=\"seen\" value=\"").and_then(|(_, rest)| rest.split_once('"'));
    seen.map(|(seen, _)| seen.to_owned()).unwrap_or_default()
}

/// Publishes a run that has nothing left to be done.
async fn published(portal: &Portal, browser: &mut Browser, place: &str) {
    press(browser, place, "publish", &[("when", "now")]).await.leads_to(&format!("{place}?done=published"));
    portal.settle().await;
}

async fn states(portal: &Portal) -> Vec<String> {
    strings(&portal.db, "SELECT state FROM pay_run ORDER BY uploaded_at, id").await
}

async fn trail(portal: &Portal) -> Vec<String> {
    strings(&portal.db, "SELECT event FROM audit_entry WHERE event LIKE 'payslips.%' ORDER BY id").await
}
