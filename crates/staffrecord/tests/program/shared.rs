//! Two processes on one PostgreSQL.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::{Connection, PgConnection};

use crate::common::{
    installation::Installation,
    mailbox::{self, MailServer},
    serve::Serve,
    staff::{HELEN, JOHN, PASSWORD, crowd, set_password, staffed},
    until,
};

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_share_sessions_counters_jobs_and_the_trail() {
    let address = store::testing::pg_address().await;
    let installation = staffed(Installation::on(&address));
    installation.does(&["employer", "set", "427", "--set", "policies.lock_failures=3"]);
    let (csv, crowd) = crowd(0..40);
    installation.import("427", csv).ends(0);
    let _server = MailServer::starttls(&installation);
    let config = std::fs::read_to_string(installation.path("staffrecord.toml")).unwrap();
    installation.write("second.toml", config);
    let (one, two) = (Serve::start(&installation), Serve::with(&installation, "second.toml"));

    // Sessions: in at one, known at the other; out there, out here.
    let mut here = set_password(&installation, &one, HELEN, "received").await;
    here.log_in(HELEN.username, PASSWORD).await.leads_to("/portal");
    let mut there = here.clone().moved_to(two.address);
    there.get("/portal").await.is(200).has("Helen O'Wsea");
    there.post("/log-out", &[]).await.is(303);
    here.get("/portal").await.leads_to("/?ended=yes&next=%2Fportal");

    // Counters: two failures at one and one at the other lock at both; a link lifts it at both.
    set_password(&installation, &two, JOHN, "received").await;
    for serve in [&one, &two, &one] {
        serve.browser().log_in(JOHN.username, "a wrong password").await.is(422);
    }
    for serve in [&one, &two] {
        serve.browser().log_in(JOHN.username, PASSWORD).await.is(422);
    }
    installation.run(&["access", "why", JOHN.username]).ends(0).says("Locked until ");
    installation.does(&["access", "unlock", JOHN.username]);
    two.browser().log_in(JOHN.username, PASSWORD).await.leads_to("/portal");

    // Jobs and mails: all at once through both, each mailed once.
    let asked = crowd.iter().enumerate().map(|(number, person)| {
        let mut browser = if number % 2 == 0 { one.browser() } else { two.browser() };
        async move {
            let (day, month, year) = person.born;
            let fields = [("email", person.email.as_str()), ("day", day), ("month", month), ("year", year)];
            browser.post("/forgotten", &fields).await.leads_to("/forgotten/sent");
        }
    });
    futures::future::join_all(asked).await;
    let mut database = PgConnection::connect(&address).await.unwrap();
    let database = tokio::sync::Mutex::new(&mut database);
    until("every request is dealt with and every mail is sent", || async {
        let open: i64 = sqlx::query_scalar(
            "SELECT (SELECT COUNT(*) FROM job) + (SELECT COUNT(*) FROM recovery_request WHERE done_at IS NULL)
                + (SELECT COUNT(*) FROM outbox WHERE state <> 'sent')",
        )
        .fetch_one(&mut **database.lock().await)
        .await
        .unwrap();
        (open == 0).then_some(())
    })
    .await;
    let mut received: BTreeMap<String, usize> = BTreeMap::new();
    let mut ids = BTreeSet::new();
    for mail in mailbox::read(&installation.path("received")) {
        assert!(ids.insert(mail.message_id.clone()), "{mail:?} arrived twice");
        *received.entry(mail.to).or_default() += 1;
    }
    for person in &crowd {
        assert_eq!(received.get(&person.email), Some(&1), "{}", person.email);
    }

    one.stop();
    two.stop();
    installation.run(&["audit", "verify"]).ends(0).says("Nothing was altered.").says_not("Not provable");
    installation.run(&["check"]).ends(0).says("ok    database: postgres, up to date");
}
