//! `serve`, or PostgreSQL itself, is killed at many points while courses commit, some of it twice and in the wrong order. What has no receipt is
//! sent again later, as the outbox does. At the end each commit is stored once, and each attempt is passed once.

use std::{
    collections::BTreeSet,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
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
use tokio::{sync::watch, task::JoinHandle};
use uuid::Uuid;

use crate::{
    cluster::Cluster,
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
    killed_at(Installation::new(), Victim::Portal, 10, 120).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_commit_with_a_receipt_is_lost_at_ten_points_on_postgres() {
    killed_at(Installation::on(&store::testing::pg_address().await), Victim::Portal, 10, 120).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_commit_with_a_receipt_is_lost_where_postgres_is_killed_at_ten_points() {
    let cluster = Cluster::new();
    killed_at(Installation::on(&cluster.address()), Victim::Postgres(cluster), 10, 120).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes: cargo xtask soak"]
async fn no_commit_with_a_receipt_is_lost_in_many_attempts() {
    let attempts = attempts();
    killed_at(Installation::new(), Victim::Portal, 60, attempts).await;
    let on_postgres = Installation::on(&store::testing::pg_address().await);
    killed_at(on_postgres, Victim::Portal, 60, attempts).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes: cargo xtask soak"]
async fn no_commit_with_a_receipt_is_lost_where_postgres_is_killed_in_many_attempts() {
    let cluster = Cluster::new();
    killed_at(Installation::on(&cluster.address()), Victim::Postgres(cluster), 60, attempts()).await;
}

fn attempts() -> usize {
    std::env::var("STAFFRECORD_KILL_ATTEMPTS").map_or(500, |attempts| attempts.parse().unwrap())
}

/// What is killed.
enum Victim {
    /// `serve`.
    Portal,
    /// All processes of the database, while `serve` goes on.
    Postgres(Cluster),
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

/// A course that somebody has opened.
struct Opened {
    host: String,
    /// The player's page; ends with `/`.
    path: String,
    /// Where the portal's pages send what the player has left in the outbox.
    outbox_path: String,
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
        let apart = |address: &str| {
            let (host, path) = address.strip_prefix("https://").unwrap().split_once('/').unwrap();
            (host.to_owned(), format!("/{path}"))
        };
        let ((host, path), (_, outbox_path)) = (apart(&launched.address), apart(&launched.commit_address));
        all.push(Opened { host, path, outbox_path, launch: launched.id });
    }
    drop(reader);
    assert_eq!(all.len(), attempts);
    app.db.close().await;
    all
}

/// The program, wherever it is now.
#[derive(Clone)]
struct Client(watch::Receiver<Option<SocketAddr>>);

impl Client {
    /// Asks until it is answered.
    async fn ask(&mut self, to: &Opened, path: &str, body: &str) -> Answer {
        loop {
            if let Some(answer) = self.ask_once(to, path, body).await {
                return answer;
            }
        }
    }

    /// Asks once. Where something was killed meanwhile, nothing, after a moment: it may be there again.
    async fn ask_once(&mut self, to: &Opened, path: &str, body: &str) -> Option<Answer> {
        let at = *self.0.borrow_and_update();
        if let Some(at) = at
            && let Ok(answer) = Self::try_ask(at, to, path, body).await
            && !answer.status.is_server_error()
        {
            return Some(answer);
        }
        let _ = tokio::time::timeout(Duration::from_millis(50), self.0.changed()).await;
        None
    }

    async fn try_ask(at: SocketAddr, to: &Opened, path: &str, body: &str) -> Result<Answer, Failure> {
        let request = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header(header::HOST, &to.host)
            .header(header::CONTENT_TYPE, "text/plain");
        exchange(at, request.body(Full::from(body.to_owned()))?).await
    }
}

/// A commit: its number and what it says.
type Commit = (i64, String);

/// All who attend, and what came of it.
struct Class {
    all: Vec<Opened>,
    dice: Entropy,
    next: AtomicUsize,
    /// What was answered with a receipt.
    receipts: Mutex<BTreeSet<(Uuid, i64)>>,
    answers: AtomicUsize,
    /// What was left without one, by the place of its course in `all`.
    outbox: Mutex<Vec<(usize, Commit)>>,
}

impl Class {
    fn new(all: Vec<Opened>, dice: Entropy) -> Self {
        let (receipts, outbox) = (Mutex::new(BTreeSet::new()), Mutex::new(Vec::new()));
        let none = || AtomicUsize::new(0);
        Self { all, dice, next: none(), receipts, answers: none(), outbox }
    }

    fn roll(&self, below: u64) -> u64 {
        u64::from_le_bytes(self.dice.bytes()) % below.max(1)
    }

    /// Until so many more are answered, or all are `through`; and a moment.
    async fn goes_on(&self, more: u64, through: impl Fn() -> bool) {
        let enough = self.answers.load(Ordering::SeqCst) + usize::try_from(more).unwrap();
        while self.answers.load(Ordering::SeqCst) < enough && !through() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        tokio::time::sleep(Duration::from_micros(self.roll(20_000))).await;
    }

    /// Notes the receipt that an answer holds.
    fn receive(&self, to: &Opened, sequence: i64, answer: &Answer) {
        let says: Value = serde_json::from_str(&answer.is(200).body).unwrap();
        assert_eq!(says["receipt"]["launch"], json!(to.launch));
        assert_eq!(says["receipt"]["sequence"], sequence);
        if self.receipts.lock().unwrap().insert((to.launch, sequence)) {
            self.answers.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// Somebody attends after another.
    async fn attend(&self, mut client: Client) {
        loop {
            let place = self.next.fetch_add(1, Ordering::SeqCst);
            let Some(to) = self.all.get(place) else { return };
            let left = self.attempt(to, &mut client).await;
            // What has no receipt waits for the next visit, which now and then is at once.
            if self.roll(2) == 0 {
                self.send(to, &left, &mut client).await;
            } else {
                self.outbox.lock().unwrap().extend(left.into_iter().map(|commit| (place, commit)));
            }
        }
    }

    /// Commits each once, two of them in the wrong order, some a second time; those that have no receipt.
    async fn attempt(&self, to: &Opened, client: &mut Client) -> Vec<Commit> {
        let begun = client.ask(to, &format!("{}begin", to.path), "").await;
        let begun: Value = serde_json::from_str(&begun.is(200).body).unwrap();
        let from = begun["sequence_from"].as_i64().unwrap();
        let mut steps: Vec<i64> = (1..=STEPS).collect();
        let count = u64::try_from(steps.len()).unwrap();
        let place = || usize::try_from(self.roll(count)).unwrap();
        steps.swap(place(), place());
        let path = format!("{}commit", to.path);
        let mut left: Vec<Commit> = Vec::new();
        for (number, step) in steps.into_iter().enumerate() {
            let sequence = from + step;
            let (status, raw) = if step == STEPS { ("passed", "90") } else { ("incomplete", "") };
            let body = json!({
                "launch": to.launch, "sequence": sequence, "item": "a", "at": begun["now"], "final": step == STEPS,
                "after": left.iter().map(|(before, _)| before).collect::<Vec<_>>(),
                "state": {
                    "suspend_data": "x".repeat(2000),
                    "core": { "lesson_status": status, "lesson_location": step.to_string(), "score": { "raw": raw } },
                },
            })
            .to_string();
            let mut answer = client.ask_once(to, &path, &body).await;
            if number % 3 == 2 {
                // The same again is the same.
                answer = client.ask_once(to, &path, &body).await.or(answer);
            }
            match answer {
                Some(answer) => self.receive(to, sequence, &answer),
                None => left.push((sequence, body)),
            }
        }
        left
    }

    /// Sends what was left, until each has its receipt: as any page of the portal does on that computer.
    async fn send(&self, to: &Opened, left: &[Commit], client: &mut Client) {
        for (sequence, body) in left {
            let answer = client.ask(to, &to.outbox_path, body).await;
            self.receive(to, *sequence, &answer);
        }
    }
}

/// An installation with a course that so many have opened.
async fn class(installation: &Installation, attempts: usize, dice: Entropy) -> Class {
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
    Class::new(opened(installation, attempts).await, dice)
}

async fn killed_at(installation: Installation, mut victim: Victim, points: usize, attempts: usize) {
    let (seed, dice) = seeded();
    println!("{points} points, STAFFRECORD_KILL_SEED={seed}");
    let installation = staffed(installation);
    let class = Arc::new(class(&installation, attempts, dice).await);
    let expected = attempts * usize::try_from(STEPS).unwrap();
    let (moved, address) = watch::channel(None);
    let start = || {
        let serve = Serve::start(&installation);
        moved.send_replace(Some(serve.address));
        serve
    };
    let attending: Vec<_> = (0..WORKERS)
        .map(|_| {
            let (class, client) = (class.clone(), Client(address.clone()));
            tokio::spawn(async move { class.attend(client).await })
        })
        .collect();
    let through = || attending.iter().all(JoinHandle::is_finished);
    let (mut serve, mut under_load) = (start(), 0);
    for point in 0..points {
        class.goes_on(class.roll(u64::try_from(expected / points).unwrap()), through).await;
        under_load += usize::from(!through());
        match &mut victim {
            Victim::Portal => {
                moved.send_replace(None);
                serve.kill();
                serve = start();
            }
            Victim::Postgres(cluster) => {
                cluster.kill();
                cluster.start();
                // Now and then again while it puts itself together.
                if point % 4 == 3 {
                    tokio::time::sleep(Duration::from_micros(class.roll(200_000))).await;
                    cluster.kill();
                    cluster.start();
                }
                cluster.ready();
            }
        }
    }
    assert!(under_load > points / 2, "there was no load");
    for worker in attending {
        worker.await.unwrap();
    }
    // The next visit.
    let left = std::mem::take(&mut *class.outbox.lock().unwrap());
    let (count, mut client) = (left.len(), Client(address));
    for (place, commit) in left {
        class.send(&class.all[place], &[commit], &mut client).await;
    }
    serve.stop();
    settle(&installation, 120).await;
    judge(&installation, &class, (attempts, expected)).await;
    installation.run(&["audit", "verify"]).ends(0).says("Nothing was altered.");
    println!(
        "{expected} commits of {attempts} attempts, each there once; {count} of them came at a later visit"
    );
}

/// Each commit is there once, and each attempt has come to its end once.
async fn judge(installation: &Installation, class: &Class, (attempts, expected): (usize, usize)) {
    let portal = portal(installation, 120).await;
    let db = &portal.learning.db;
    let mut reader = db.read().await.unwrap();
    let mut tx = reader.tx();
    let stored: store::Result<Vec<(Uuid, i64)>> =
        on!(tx, c => sqlx::query_as("SELECT launch_id, sequence FROM launch_commit").fetch_all(c).await);
    let stored = stored.unwrap();
    drop(reader);
    let receipts = class.receipts.lock().unwrap().clone();
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
    let awaited = "SELECT 'one' FROM launch WHERE final_at IS NULL OR final_awaits IS NOT NULL";
    assert!(strings(db, awaited).await.is_empty(), "Learner Homepage would name what is there");
    db.close().await;
}
