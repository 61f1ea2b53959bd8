//! HR's staff upload: from the file to the loaded records, and every way in which that goes wrong.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod elsewhere;
mod forms;
mod interrupted;
mod many;
mod one;

use records::{Role, Username};
use store::testing::strings;
use testing::{Answer, Browser, Portal};

/// Two people in HR of 427, and one of 999.
const GARETH: &str = "427GPUGH01";
const AMINA: &str = "427ADELAC01";
const JOHN: &str = "999JSMITH01";

const HEADER: &str =
    "employee_number,first_names,last_name,date_of_birth,start_date,leaving_date,email,smartcard_uuid";

fn csv(rows: &[&str]) -> String {
    std::iter::once(HEADER).chain(rows.iter().copied()).map(|row| format!("{row}\n")).collect()
}

/// Rows for people `from..to`, whose last column but two is `leaves`.
fn many_rows(from: usize, to: usize, leaves: &str) -> Vec<String> {
    (from..to).map(|n| format!("X{n:05},Jo,Person,1980-01-02,2020-01-01,{leaves},jo{n}@nhs.net,")).collect()
}

fn file(rows: &[String]) -> String {
    csv(&rows.iter().map(String::as_str).collect::<Vec<_>>())
}

async fn hr(portal: &Portal, username: &str) -> Browser {
    portal.with_role(username, Role::Hr).await
}

/// Uploads a file; where its page is.
async fn upload(browser: &mut Browser, contents: &str) -> String {
    browser.get("/hr/staff-upload").await.is(200);
    let files = [("file", "staff.csv", contents.as_bytes())];
    let answer = browser.post_files("/hr/staff-upload", &[], &files).await;
    answer.is(303).location().unwrap().to_owned()
}

/// Uploads a file and waits for its check.
async fn checked(portal: &Portal, browser: &mut Browser, contents: &str) -> String {
    let place = upload(browser, contents).await;
    portal.settle().await;
    place
}

/// Presses the button under the preview, as the page shows it now.
async fn press(browser: &mut Browser, place: &str, fields: &[(&str, &str)]) -> Answer {
    let page = browser.get(place).await;
    let seen = page.is(200).between("name=\"seen\" value=\"", "\"").to_owned();
    let fields = [&[("seen", seen.as_str())], fields].concat();
    browser.post(&format!("{place}/apply"), &fields).await
}

/// What the portal knows of somebody: name, email, last day.
async fn person(portal: &Portal, username: &str) -> (String, String, String) {
    let record = portal.holder(username).await.record;
    let last_day = record.last_day.map(|day| day.to_string()).unwrap_or_default();
    (record.name(), record.email.unwrap_or_default(), last_day)
}

/// Whether somebody has this username.
async fn exists(portal: &Portal, username: &str) -> bool {
    let username = Username::parse(username).unwrap();
    let mut reader = portal.db.read().await.unwrap();
    records::find_by_username(&mut reader.tx(), &username, portal.clock.now()).await.unwrap().is_some()
}

async fn trail(portal: &Portal) -> Vec<String> {
    let text = "SELECT event FROM audit_entry WHERE event LIKE 'records.staff_upload%' OR event = 'records.staff_loaded' ORDER BY id";
    strings(&portal.db, text).await
}

async fn pieces(portal: &Portal) -> usize {
    strings(&portal.db, "SELECT CAST(number AS TEXT) FROM staff_upload_piece").await.len()
}

async fn states(portal: &Portal) -> Vec<String> {
    strings(&portal.db, "SELECT state FROM staff_upload ORDER BY uploaded_at, id").await
}
