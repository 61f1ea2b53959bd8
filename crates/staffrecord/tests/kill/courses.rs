//! `serve` is killed at many points while courses commit, each again until it has a receipt, some of them twice and in the wrong order. At the
//! end each commit is stored once, and each attempt is passed once.

use std::{
    collections::BTreeSet,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use audit::Origin;
use http::{Method, Request, header};
use http_body_util::Full;
use learning::attempts;
use scorm::write::Writer;
use serde_json::{Value, json};
use store::{Entropy, on, testing::strings};
use testing::Answer;
use tokio::sync::watch;
use uuid::Uuid;

use crate::{
    common::{
        browser::{Failure, exchange},
        installation::Installation,
        serve::Serve,
        staff::{crowd, staffed},
    },
    portal, seeded, settle,
};

#[tokio::test(flavor = "multi_thread")]
async fn no_commit_with_a_receipt_is_lost_at_ten_points() {
    killed_at(Installation::new(), 10, 120).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_commit_with_a_receipt_is_lost_at_ten_points_on_postgres() {
    killed_at(Installation::on(&store::testing::pg_address().await), 10, 120).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes: cargo xtask soak"]
async fn no_commit_with_a_receipt_is_lost_in_many_attempts() {
    let attempts =
        std::env::var("STAFFRECORD_KILL_ATTEMPTS").map_or(500, |attempts| attempts.parse().unwrap());
    killed_at(Installation::new(), 60, attempts).await;
    killed_at(Installation::on(&store::testing::pg_address().await), 60, attempts).await;
}

/// So many attempts go on at once.
const WORKERS: usize = 8;
/// So many commits has each.
const STEPS: i64 = 8;

const MANIFEST: &str = r#"<manifest identifier="m" xmlns="http://www.imsproject.org/xsd/imscp_rootv1p1p2"
    xmlns:adlcp="http://www.adlnet.org/xsd/adlcp_rootv1p2">
  <metadata><schema>ADL SCORM</schema><schemaversion>1.2</schemaversion></metadata>
  <organizations default="o"><organization identifier="o"><title>Fire safety</title>
    <item identifier="a" identifierref="r"><title>Fire safety</title></item></organization></organizations>
  <resources><resource identifier="r" type="webcontent" adlcp:scormtype="sco" href="a.html"><file href="a.html"/></resource></resources>
</manifest>"#;

/// A course that somebody has opened: where, and by which launch.
struct Opened {
    host: String,
    path: String,
    launch: Uuid,
}

async fn opened(installation: &Installation, attempts: usize) -> Vec<Opened> {
    let portal = portal(installation, 0).await;
    let app = &portal.learning;
    let mut reader = app.db.read().await.unwrap();
    let mut tx = reader.tx();
    let people: store::Result<Vec<Uuid>> = on!(tx, c => sqlx::query_scalar("SELECT id FROM staff WHERE employee_number LIKE 'C%' ORDER BY employee_number")
        .fetch_all(c).await);
    let employer = records::employer_by_code(&mut tx, "427").await.unwrap().unwrap();
    let course = learning::courses::course_by_code(&mut tx, employer.id, "FIRE").await.unwrap().unwrap();
    let mut all = Vec::new();
    for person in people.unwrap().into_iter().take(attempts) {
        let holder = records::holder(&mut tx, person, app.clock.now()).await.unwrap().unwrap();
        let attempt = attempts::start_or_resume(app, &holder, course.id, Origin::default()).await.unwrap();
        let launched = attempts::launch(app, &holder, attempt, Uuid::nil(), "a test").await.unwrap();
        let (host, path) = launched.address.strip_prefix("https://").unwrap().split_once('/').unwrap();
        all.push(Opened { host: host.to_owned(), path: format!("/{path}"), launch: launched.id });
    }
    drop(reader);
    assert_eq!(all.len(), attempts);
    app.db.close().await;
    all
}

/// The program, wherever it is now.
#[derive(Clone)]
struct Client(watch::Receiver<Option<std::net::SocketAddr>>);

impl Client {
    /// Asks until it is answered.
    async fn ask(&mut self, to: &Opened, path: &str, body: &str) -> Answer {
        loop {
            let at = *self.0.borrow_and_update();
            if let Some(at) = at
                && let Ok(answer) = Self::try_ask(at, to, path, body).await
                && !answer.status.is_server_error()
            {
                return answer;
            }
            // It was killed: wait for the next, or for the same to be ready.
            let _ = tokio::time::timeout(Duration::from_millis(50), self.0.changed()).await;
        }
    }

    async fn try_ask(
        at: std::net::SocketAddr,
        to: &Opened,
        path: &str,
        body: &str,
    ) -> Result<Answer, Failure> {
        let request = Request::builder()
            .method(Method::POST)
            .uri(format!("{}{path}", to.path))
            .header(header::HOST, &to.host)
            .header(header::CONTENT_TYPE, "text/plain");
        exchange(at, request.body(Full::from(body.to_owned()))?).await
    }
}

async fn attend(
    to: &Opened,
    mut client: Client,
    dice: &Entropy,
    receipts: &Mutex<BTreeSet<(Uuid, i64)>>,
    answers: &AtomicUsize,
) {
    let begun = client.ask(to, "begin", "").await;
    let begun: Value = serde_json::from_str(&begun.is(200).body).unwrap();
    let from = begun["sequence_from"].as_i64().unwrap();
    let mut bodies: Vec<(i64, String)> = (1..=STEPS)
        .map(|step| {
            let (status, raw) = if step == STEPS { ("passed", "90") } else { ("incomplete", "") };
            let body = json!({
                "launch": to.launch, "sequence": from + step, "item": "a", "at": begun["now"], "final": step == STEPS,
                "state": {
                    "suspend_data": "x".repeat(2000),
                    "core": { "lesson_status": status, "lesson_location": step.to_string(), "score": { "raw": raw } },
                },
            });
            (from + step, body.to_string())
        })
        .collect();
    let [first, second, ..] = dice.bytes::<8>();
    let count = bodies.len();
    bodies.swap(usize::from(first) % count, usize::from(second) % count);
    for (at, (sequence, body)) in bodies.iter().enumerate() {
        let answer = client.ask(to, "commit", body).await;
        let says: Value = serde_json::from_str(&answer.is(200).body).unwrap();
        assert_eq!(says["receipt"], json!({ "launch": to.launch, "sequence": sequence }));
        receipts.lock().unwrap().insert((to.launch, *sequence));
        answers.fetch_add(1, Ordering::SeqCst);
        if at % 3 == 2 {
            // The same again is the same.
            client.ask(to, "commit", body).await.is(200);
        }
    }
}

async fn killed_at(installation: Installation, points: usize, attempts: usize) {
    let (seed, dice) = seeded();
    println!("{points} points, STAFFRECORD_KILL_SEED={seed}");
    let roll = |below: u64| u64::from_le_bytes(dice.bytes()) % below.max(1);

    let installation = staffed(installation);
    installation.change("#content_base = \"content.example.net\"", "content_base = \"content.localhost\"");
    installation.import("427", crowd(0..attempts).0).ends(0);
    let mut package = Writer::new();
    package.file("imsmanifest.xml", MANIFEST.as_bytes()).unwrap();
    package.file("a.html", b"<h1>Fire safety</h1>").unwrap();
    installation.write("fire.zip", package.done().unwrap());
    installation
        .run(&["course", "import", "fire.zip", "--employer", "427", "--course", "FIRE", "--publish"])
        .ends(0)
        .says("Taken in: FIRE version 1 (Fire safety, 2 files)")
        .says("Published: FIRE version 1");
    installation
        .run(&["course", "import", "fire.zip", "--employer", "427", "--course", "FIRE"])
        .ends(0)
        .says("There already");
    let all = opened(&installation, attempts).await;

    let (receipts, answers, next) = (Mutex::new(BTreeSet::new()), AtomicUsize::new(0), AtomicUsize::new(0));
    let (moved, address) = watch::channel(None);
    let over = AtomicUsize::new(0);
    let workers = async {
        let one = || async {
            while let Some(to) = all.get(next.fetch_add(1, Ordering::SeqCst)) {
                attend(to, Client(address.clone()), &dice, &receipts, &answers).await;
            }
            over.fetch_add(1, Ordering::SeqCst);
        };
        futures::future::join_all((0..WORKERS).map(|_| one())).await;
    };
    let expected = attempts * usize::try_from(STEPS).unwrap();
    let killing = async {
        let mut under_load = 0;
        for _ in 0..points {
            let serve = Serve::start(&installation);
            moved.send_replace(Some(serve.address));
            let enough = answers.load(Ordering::SeqCst)
                + usize::try_from(roll(u64::try_from(expected / points).unwrap())).unwrap();
            while answers.load(Ordering::SeqCst) < enough.min(expected) {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            tokio::time::sleep(Duration::from_micros(roll(20_000))).await;
            under_load += usize::from(over.load(Ordering::SeqCst) < WORKERS);
            moved.send_replace(None);
            serve.kill();
        }
        assert!(under_load > points / 2, "there was no load");
        let serve = Serve::start(&installation);
        moved.send_replace(Some(serve.address));
        while over.load(Ordering::SeqCst) < WORKERS {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        serve.stop();
    };
    tokio::join!(workers, killing);
    settle(&installation, 120).await;

    let portal = portal(&installation, 120).await;
    let db = &portal.learning.db;
    let mut reader = db.read().await.unwrap();
    let mut tx = reader.tx();
    let stored: store::Result<Vec<(Uuid, i64)>> =
        on!(tx, c => sqlx::query_as("SELECT launch_id, sequence FROM launch_commit").fetch_all(c).await);
    let stored = stored.unwrap();
    drop(reader);
    let receipts = receipts.into_inner().unwrap();
    assert_eq!((stored.len(), receipts.len()), (expected, expected));
    assert_eq!(stored.into_iter().collect::<BTreeSet<_>>(), receipts, "each once");
    let text = "SELECT a.status || ' ' || i.status || ' ' || CAST(i.score AS TEXT) || ' ' || CAST(i.sequence % 1000000 AS TEXT)
         || ' ' || CAST((SELECT COUNT(*) FROM completion c WHERE c.attempt_id = a.id) AS TEXT)
         FROM attempt a LEFT JOIN attempt_item i ON i.attempt_id = a.id";
    let standing = strings(db, text).await;
    assert_eq!(standing.len(), attempts);
    assert!(standing.iter().all(|one| *one == format!("passed passed 900000 {STEPS} 1")), "{standing:?}");
    for (event, count) in [("learning.completed", attempts), ("learning.attempt_repaired", 0)] {
        let entries = strings(db, "SELECT event FROM audit_entry WHERE event LIKE 'learning.%'").await;
        assert_eq!(entries.iter().filter(|entry| *entry == event).count(), count, "{event}");
    }
    db.close().await;
    installation.run(&["audit", "verify"]).ends(0).says("Nothing was altered.");
    println!("{expected} commits of {attempts} attempts, each there once");
}
