//! `audit verify`.

use std::fs;

use crate::common::{
    installation::Installation,
    serve::Serve,
    staff::{HELEN, set_password, staffed},
};

async fn lived_in() -> Installation {
    let installation = staffed(Installation::new());
    let serve = Serve::start(&installation);
    let mut browser = set_password(&installation, &serve, HELEN, "mail").await;
    browser.log_in(HELEN.username, "a wrong password").await.is(422);
    serve.stop();
    installation
}

async fn execute(installation: &Installation, statement: &'static str) {
    let mut database = installation.database().await;
    let done = sqlx::query(statement).execute(&mut database).await.unwrap();
    assert!(done.rows_affected() > 0, "{statement}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_altered_is_found() {
    let installation = lived_in().await;
    let verify = || installation.run(&["audit", "verify"]);
    verify().ends(0).says("Nothing was altered.").says_not("Not provable");
    execute(&installation, "UPDATE audit_entry SET reason = 'nothing to see' WHERE number = 2").await;
    verify().ends(3).says("ALTERED: Entry 2 ").says_not("Nothing was altered");
    execute(&installation, "UPDATE audit_entry SET reason = NULL WHERE number = 2").await;
    verify().ends(0);
    execute(&installation, "DELETE FROM audit_entry WHERE number = 3").await;
    verify().ends(3).says("ALTERED: Entry 3 is missing");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_that_was_cut_off_is_seen_by_the_anchor_only() {
    let installation = lived_in().await;
    let anchor = fs::read_to_string(installation.path("audit-anchor.txt")).unwrap();
    assert!(!anchor.is_empty());
    execute(&installation, "DELETE FROM audit_entry WHERE number > 3").await;
    execute(
        &installation,
        "UPDATE audit_head SET number = 3, hash = (SELECT hash FROM audit_entry WHERE number = 3)",
    )
    .await;
    let without = installation.run(&["audit", "verify", "--anchor", "none"]);
    without.ends(0).says("Not provable: Without the anchor file");
    installation.run(&["audit", "verify"]).ends(3).says("ALTERED: ").says("cut off");
    installation.write("copy.txt", anchor);
    installation.run(&["audit", "verify", "--anchor", "copy.txt"]).ends(3).says("cut off");
    installation.run(&["audit", "verify", "--anchor", "nowhere.txt"]).ends(1).says("nowhere.txt");
}
