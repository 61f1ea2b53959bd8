//! `serve` is killed at many points while people ask for links and log in ([`upload`]: while HR loads staff), and started again each time. At the end everything
//! that was answered has been done, nothing was done twice that was known to be done, and the trail holds.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod cluster;
#[path = "../common/mod.rs"]
#[expect(dead_code, reason = "what it offers to the tests of the program is not all needed here")]
mod common;
mod courses;
mod payslips;
mod upload;

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    fs,
    net::SocketAddr,
    path::Path,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use common::{
    browser::Browser,
    installation::{Installation, open},
    mailbox::{self, MailServer},
    serve::Serve,
    staff::{HELEN, JOHN, PASSWORD, Somebody, crowd, set_password, staffed},
};
use staffrecord::{Parts, Portal, config::Config};
use store::{Clock, Db, Entropy};
use tokio::sync::watch;

/// People who ask for a link between one kill and the next, at most.
const ASKING: usize = 100;
/// Requests under way at once.
const WORKERS: usize = 4;

#[tokio::test(flavor = "multi_thread")]
async fn nothing_answered_is_lost_at_ten_points() {
    killed_at(10).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes: cargo xtask soak"]
async fn nothing_answered_is_lost_at_many_points() {
    killed_at(points()).await;
}

fn points() -> usize {
    std::env::var("STAFFRECORD_KILL_POINTS").map_or(100, |points| points.parse().unwrap())
}

/// Dice, and the seed that they can be thrown again with.
fn seeded() -> (u64, Entropy) {
    let seed = std::env::var("STAFFRECORD_KILL_SEED").ok().map_or_else(
        || u64::from_le_bytes(Entropy::system().bytes()),
        |seed| seed.parse().expect("STAFFRECORD_KILL_SEED is a number"),
    );
    (seed, Entropy::seeded(seed))
}

/// What was answered, by the side that was answered.
#[derive(Default)]
struct Load {
    /// The next person to ask.
    next: AtomicUsize,
    /// All answers of this start of the program.
    answers: AtomicUsize,
    /// No more is asked.
    over: AtomicBool,
    /// Whose request was answered with 303.
    accepted: Mutex<BTreeSet<String>>,
    /// Browsers that were let in.
    let_in: Mutex<Vec<Browser>>,
    /// Wrong passwords that were answered.
    refused: AtomicUsize,
}

/// What the database said when the program had just been killed.
struct AtKill {
    /// How often each mail that was marked sent had arrived.
    sent: BTreeMap<String, usize>,
    /// Mails that a postman had taken and not marked.
    flying: HashSet<String>,
}

async fn killed_at(points: usize) {
    let (seed, dice) = seeded();
    println!("{points} points, STAFFRECORD_KILL_SEED={seed}");
    let roll = |below: u64| u64::from_le_bytes(dice.bytes()) % below;

    let installation = staffed(Installation::new());
    // All of them come from one address.
    installation.change("#network_failures = 2000", "network_failures = 1000000");
    let (csv, people) = crowd(0..ASKING * (points + 1));
    installation.import("427", csv).ends(0);
    let _server = MailServer::plain(&installation);
    let received = installation.path("received");
    let serve = Serve::start(&installation);
    for person in [HELEN, JOHN] {
        set_password(&installation, &serve, person, "received").await;
    }
    serve.stop();

    let load = Load::default();
    let (moved, address) = watch::channel(None::<SocketAddr>);
    let mut kills = Vec::new();
    let workers = async {
        let workers = (0..WORKERS).map(|number| work(&load, &people, number, address.clone()));
        futures::future::join_all(workers).await;
    };
    let killing = async {
        for point in 0..points {
            let serve = Serve::start(&installation);
            load.answers.store(0, Ordering::SeqCst);
            moved.send_replace(Some(serve.address));
            // Now and then at once, as it begins its work; else after so many answers and a moment.
            if point % 5 != 4 {
                let (answers, moment) = (roll(120) as usize, Duration::from_micros(roll(150_000)));
                let enough =
                    || std::future::ready((load.answers.load(Ordering::SeqCst) >= answers).then_some(()));
                common::until("so many answers", enough).await;
                tokio::time::sleep(moment).await;
            }
            serve.kill();
            kills.push(look(&installation, &received).await);
        }
        load.over.store(true, Ordering::SeqCst);
        moved.send_replace(None);
    };
    tokio::join!(workers, killing);

    let accepted = load.accepted.into_inner().unwrap();
    let let_in = load.let_in.into_inner().unwrap();
    let refused = load.refused.into_inner();
    assert!(accepted.len() >= points && !let_in.is_empty() && refused > 0, "there was no load");

    // What the killed processes had taken is free once their leases have run out: as if two minutes had passed.
    settle(&installation, 120).await;

    let counts = count(&received);
    let addresses: HashSet<String> = mailbox::read(&received).into_iter().map(|mail| mail.to).collect();
    let lost: Vec<&String> = accepted.iter().filter(|email| !addresses.contains(*email)).collect();
    assert!(lost.is_empty(), "answered and never mailed: {lost:?}");
    for (number, kill) in kills.iter().enumerate() {
        for (id, before) in &kill.sent {
            assert_eq!(counts.get(id), Some(before), "{id} was marked sent at kill {number} and sent again");
        }
    }
    // A mail may arrive twice only where a process was killed while it was being handed over.
    let mut twice = 0;
    for (id, count) in &counts {
        let flights = kills.iter().filter(|kill| kill.flying.contains(id)).count();
        assert!(*count <= 1 + flights, "{id} arrived {count} times and was on its way at {flights} kills");
        twice += count - 1;
    }

    let serve = Serve::start(&installation);
    for browser in &let_in {
        browser.clone().moved_to(serve.address).get("/portal").await.is(200);
    }
    serve.stop();
    whole(&installation, &accepted, refused, let_in.len()).await;
    installation.run(&["audit", "verify"]).ends(0).says("Nothing was altered.").says_not("Not provable");
    installation.run(&["check"]).ends(0).says("mail: 0 wait to be sent").says_not("given up");
    println!(
        "{} requests and {} log-ins were answered, {refused} refused; {} mails; {twice} arrived a second time, having been on \
         their way at a kill",
        accepted.len(),
        let_in.len(),
        counts.len(),
    );
}

/// Asks, and logs in, over and over, wherever the program is.
async fn work(
    load: &Load,
    people: &[Somebody],
    number: usize,
    mut address: watch::Receiver<Option<SocketAddr>>,
) {
    let mut browser: Option<Browser> = None;
    let mut turn = number;
    while !load.over.load(Ordering::SeqCst) {
        let Some(at) = *address.borrow_and_update() else {
            let _ = address.changed().await;
            continue;
        };
        let mut here = browser.take().map_or_else(|| Browser::at(at), |browser| browser.moved_to(at));
        turn += 1;
        let going_on = match turn % 6 {
            0 => log_in(load, Browser::at(at), PASSWORD).await,
            3 => log_in(load, Browser::at(at), "a wrong password").await,
            _ => ask(load, people, &mut here).await,
        };
        browser = Some(here);
        match going_on {
            Some(()) => {
                load.answers.fetch_add(1, Ordering::SeqCst);
            }
            // It was killed: wait for the next.
            None if *address.borrow() == Some(at) && !load.over.load(Ordering::SeqCst) => {
                let _ = address.changed().await;
            }
            None => {}
        }
    }
}

async fn ask(load: &Load, people: &[Somebody], browser: &mut Browser) -> Option<()> {
    // Each asks once, so that every answer is known by its address.
    let Some(person) = people.get(load.next.fetch_add(1, Ordering::SeqCst)) else {
        return log_in(load, Browser::at(browser.address), PASSWORD).await;
    };
    let (day, month, year) = person.born;
    let fields = [("email", person.email.as_str()), ("day", day), ("month", month), ("year", year)];
    let answer = browser.try_post("/forgotten", &fields).await.ok()?;
    answer.leads_to("/forgotten/sent");
    load.accepted.lock().unwrap().insert(person.email.clone());
    Some(())
}

/// Helen gets in; John is guessed at, and locked in the end, which is refused alike.
async fn log_in(load: &Load, mut browser: Browser, password: &str) -> Option<()> {
    let right = password == PASSWORD;
    let username = if right { HELEN.username } else { JOHN.username };
    let answer = browser.try_post("/", &[("username", username), ("password", password)]).await.ok()?;
    if right {
        answer.leads_to("/portal");
        load.let_in.lock().unwrap().push(browser);
    } else {
        answer.is(422);
        load.refused.fetch_add(1, Ordering::SeqCst);
    }
    Some(())
}

/// How often each mail has arrived, by its Message-ID.
fn count(received: &Path) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for mail in mailbox::read(received) {
        *counts.entry(mail.message_id).or_default() += 1;
    }
    counts
}

/// Looks at a copy: the files stay for the next start as the kill has left them.
async fn look(installation: &Installation, received: &Path) -> AtKill {
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("staffrecord.sqlite");
    for ending in ["", "-wal"] {
        let name = format!("staffrecord.sqlite{ending}");
        if installation.path(&name).exists() {
            fs::copy(installation.path(&name), folder.path().join(&name)).unwrap();
        }
    }
    let mut database = open(&copy).await;
    let sent: Vec<String> = sqlx::query_scalar("SELECT message_id FROM outbox WHERE state = 'sent'")
        .fetch_all(&mut database)
        .await
        .unwrap();
    let flying: Vec<sqlx::types::Uuid> =
        sqlx::query_scalar("SELECT id FROM outbox WHERE state = 'waiting' AND lease IS NOT NULL")
            .fetch_all(&mut database)
            .await
            .unwrap();
    let counts = count(received);
    let bare = |id: String| id.trim_matches(['<', '>']).to_owned();
    let sent = sent.into_iter().map(bare).map(|id| {
        let count = counts.get(&id).copied();
        (id.clone(), count.unwrap_or_else(|| panic!("{id} is marked sent and has not arrived")))
    });
    AtKill {
        sent: sent.collect(),
        flying: flying.into_iter().map(|id| format!("{id}@portal.example")).collect(),
    }
}

/// Does all that is due `seconds` from now.
async fn settle(installation: &Installation, seconds: i64) {
    let portal = portal(installation, seconds).await;
    portal.settle().await.unwrap();
    portal.access.db.close().await;
}

/// The portal in this process, as if `seconds` had passed.
async fn portal(installation: &Installation, seconds: i64) -> Portal {
    let config = Config::read(&installation.path("staffrecord.toml")).unwrap();
    let db = Db::open(&config.database()).await.unwrap();
    let (transport, sender) = config.mail.open(&config.folder).unwrap();
    let entropy = Entropy::system();
    let portal = Portal::new(Parts {
        db,
        clock: Clock::standing(Clock::system().now().plus_seconds(seconds)),
        site: config.site().unwrap(),
        keys: config.keys(&entropy).unwrap(),
        entropy,
        access: config.access.clone(),
        learning: config.learning.clone(),
        payslips: config.payslips.clone(),
        transport,
        sender,
        anchor: config.anchor(),
        more_routes: Vec::new(),
        folder: config.folder.clone(),
    });
    portal.unwrap()
}

/// The database is whole, and holds a row for everything that was answered.
async fn whole(installation: &Installation, accepted: &BTreeSet<String>, refused: usize, let_in: usize) {
    let mut database = installation.database().await;
    let integrity: Vec<String> =
        sqlx::query_scalar("PRAGMA integrity_check").fetch_all(&mut database).await.unwrap();
    assert_eq!(integrity, ["ok"]);
    let dangling = sqlx::query("PRAGMA foreign_key_check").fetch_all(&mut database).await.unwrap();
    assert!(dangling.is_empty());
    let number = async |database: &mut sqlx::SqliteConnection, text: &'static str| -> usize {
        let number: i64 = sqlx::query_scalar(text).fetch_one(database).await.unwrap();
        usize::try_from(number).unwrap()
    };
    let undone = number(&mut database, "SELECT COUNT(*) FROM recovery_request WHERE done_at IS NULL").await;
    let jobs = number(&mut database, "SELECT COUNT(*) FROM job").await;
    let unsent = number(&mut database, "SELECT COUNT(*) FROM outbox WHERE state <> 'sent'").await;
    assert_eq!((undone, jobs, unsent), (0, 0, 0));
    let requests = number(&mut database, "SELECT COUNT(*) FROM recovery_request").await;
    assert!(requests >= accepted.len(), "{requests} requests, {} answered", accepted.len());
    let failures =
        number(&mut database, "SELECT COUNT(*) FROM log_in WHERE outcome IN ('wrong_password', 'locked')")
            .await;
    let successes = number(&mut database, "SELECT COUNT(*) FROM log_in WHERE outcome = 'logged_in'").await;
    assert!(failures >= refused && successes >= let_in, "{failures} of {refused}, {successes} of {let_in}");
    let outcomes =
        number(&mut database, "SELECT COUNT(*) FROM audit_entry WHERE event = 'access.recovery_requested'")
            .await;
    assert!(outcomes >= accepted.len(), "{outcomes} outcomes, {} answered", accepted.len());
}
