//! No space is left for the database.

use staffrecord::{Parts, Portal, config::Config, serve};
use store::{Clock, Db, Entropy, Options, StoreError};
use tokio::{net::TcpListener, sync::watch};

use crate::common::{
    browser::Browser,
    installation::Installation,
    staff::{HELEN, JOHN, LI, PASSWORD, staffed},
};

/// The portal of an installation, whose database may take so many pages.
async fn portal(installation: &Installation, most_pages: Option<u32>) -> (Portal, Db) {
    let config = Config::read(&installation.path("staffrecord.toml")).unwrap();
    let db = Db::open(&Options { most_pages, ..config.database() }).await.unwrap();
    let (transport, sender) = config.mail.open(&config.folder).unwrap();
    let entropy = Entropy::system();
    let portal = Portal::new(Parts {
        db: db.clone(),
        clock: Clock::system(),
        site: config.site().unwrap(),
        keys: config.keys(&entropy).unwrap(),
        entropy,
        access: config.access.clone(),
        learning: learning::Settings::default(),
        payslips: payslips::Settings::default(),
        transport,
        sender,
        anchor: config.anchor(),
        more_routes: Vec::new(),
        folder: config.folder.clone(),
    });
    (portal.unwrap(), db)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_said_plainly_and_costs_nothing_that_was_taken() {
    let installation = staffed(Installation::new());
    let mut database = installation.database().await;
    let pages: u32 = sqlx::query_scalar("PRAGMA page_count").fetch_one(&mut database).await.unwrap();
    let (full, db) = portal(&installation, Some(pages)).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (stop, stopped) = watch::channel(false);
    let mut browser = Browser::at(listener.local_addr().unwrap());
    let serving = tokio::spawn(serve::connections(listener, None, Vec::new(), full.router.clone(), stopped));

    // Some room is left in the pages that are there, for one thing more than for another.
    let mut taken = 0_i64;
    let refused = loop {
        let answer = browser.ask_for_link(LI).await;
        if answer.status == 503 {
            break answer;
        }
        answer.leads_to("/forgotten/sent");
        taken += 1;
        assert!(taken < 5000, "it is never full");
    };
    refused.has("Nothing can be saved at the moment").has("What you sent was not saved.").has("Reference: ");
    let mut tries = 0;
    let refused = loop {
        let answer = browser.log_in(JOHN.username, PASSWORD).await;
        if answer.status == 503 {
            break answer;
        }
        answer.is(422);
        tries += 1;
        assert!(tries < 5000, "it is never full");
    };
    refused.has("Nothing can be saved at the moment");
    browser.get("/").await.is(200).has("Log in with your credentials");
    browser.get("/help-to-log-in").await.is(200).has("01234 567890");
    let none = db
        .write(|tx| {
            Box::pin(async move {
                let filler = vec![0_u8; 1 << 20];
                store::on!(tx, c => sqlx::query("INSERT INTO audit_entry (id, at, actor, event, data) VALUES ($1, '', '', '', '')")
                    .bind(filler).execute(c).await.map(drop))
            })
        })
        .await;
    assert!(matches!(none, Err(StoreError::Full)), "{none:?}");
    let _ = stop.send(true);
    serving.await.unwrap();
    db.close().await;

    // With room again, all that was taken is there and is worked off, and the trail holds.
    let kept: i64 =
        sqlx::query_scalar("SELECT COUNT(*) FROM recovery_request").fetch_one(&mut database).await.unwrap();
    assert_eq!(kept, taken);
    let (roomy, db) = portal(&installation, None).await;
    roomy.settle().await.unwrap();
    db.close().await;
    let done: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM recovery_request WHERE done_at IS NOT NULL")
        .fetch_one(&mut database)
        .await
        .unwrap();
    assert_eq!(done, taken);
    installation.run(&["audit", "verify"]).ends(0).says("Nothing was altered.").says_not("not sealed");
    installation.run(&["access", "why", HELEN.username]).ends(0);
}
