//! Publishing is killed at many points, and the portal that tells people of it too. At the end each run is published for all of its people
//! or for none, and whoever has a payslip was told of it once, and nobody else.

use std::{
    process::Stdio,
    time::{Duration, Instant},
};

use payslips::{
    Amount, Frequency, Heading, Line, Payslip, Pence, Period, RunHead, RunKind, WhichDocument,
    run_file::{Block, Writer},
};
use rustix::process::{Pid, Signal, kill_process};
use staffrecord::config::Config;
use store::{Db, testing::strings};

use crate::{
    common::{
        installation::{Installation, program},
        serve::Serve,
        staff::{crowd, staffed},
    },
    seeded, settle,
};

#[tokio::test(flavor = "multi_thread")]
async fn publishing_is_all_or_nothing_at_ten_points() {
    killed_at(Installation::new(), 10, 300).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn publishing_is_all_or_nothing_at_ten_points_on_postgres() {
    killed_at(Installation::on(&store::testing::pg_address().await), 10, 300).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes an hour: cargo xtask soak"]
async fn publishing_is_all_or_nothing_at_many_points() {
    let number = |name: &str, usual: usize| std::env::var(name).map_or(usual, |text| text.parse().unwrap());
    let (points, people) =
        (number("STAFFRECORD_KILL_PUBLISH_POINTS", 200), number("STAFFRECORD_KILL_PUBLISH_PEOPLE", 10_000));
    killed_at(Installation::new(), points / 2, people).await;
    killed_at(Installation::on(&store::testing::pg_address().await), points / 2, people).await;
}

/// What each run has a number of its own in place of.
const REFERENCE: &str = "RUN 0000";

/// The run file of a month, for so many people.
fn run_file(people: usize) -> String {
    let head = RunHead {
        reference: REFERENCE.to_owned(),
        document: WhichDocument::Payslips,
        kind: RunKind::Supplementary,
        frequency: Some(Frequency::Month),
        paye_reference: None,
        employer_address: Vec::new(),
    };
    let mut writer = Writer::new(Vec::new(), &head).unwrap();
    let line = |description: &str, amount| Line {
        description: description.to_owned(),
        units: None,
        unit: None,
        rate: None,
        amount: Pence(amount),
    };
    for person in 0..people {
        let slip = Payslip {
            heading: Heading::default(),
            frequency: Frequency::Month,
            period: Period { from: "2026-11-01".parse().unwrap(), to: "2026-11-30".parse().unwrap() },
            pay_date: "2026-11-27".parse().unwrap(),
            details: Vec::new(),
            payments: vec![line("Basic Pay", 200_000)],
            deductions: vec![line("PAYE", 20_000)],
            employer: Vec::new(),
            this_period: Vec::new(),
            year_to_date: Vec::new(),
            gross: Pence(200_000),
            total_deductions: Pence(20_000),
            net: Pence(180_000),
            net_parts: vec![Amount { description: "BACS".into(), amount: Pence(180_000) }],
            messages: Vec::new(),
        };
        writer.block(&Block::of_payslip(&format!("C{person}"), None, slip)).unwrap();
    }
    String::from_utf8(writer.finish().unwrap()).unwrap()
}

/// Publishes a file by the command; where it is killed first, `false`.
async fn publish(installation: &Installation, kill_after: Option<Duration>) -> bool {
    let mut child = program(installation.folder())
        .args(["payslips", "publish", "run.csv", "--employer", "427"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let began = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            let mut said = String::new();
            std::io::Read::read_to_string(&mut child.stderr.take().unwrap(), &mut said).unwrap();
            assert!(status.success(), "{status}: {said}");
            return true;
        }
        if kill_after.is_some_and(|after| began.elapsed() >= after) {
            kill_process(Pid::from_child(&child), Signal::KILL).unwrap();
            child.wait().unwrap();
            return false;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// From so many mails on, the program sends them.
const MANY: usize = 20_000;
/// It takes over what others had taken when they were killed within two minutes.
const STANDSTILL: Duration = Duration::from_secs(300);

/// Has `serve` tell everybody, in the build that is killed: in this process, where nothing is optimised, so many mails take hours.
async fn tell_all(installation: &Installation) {
    let began = Instant::now();
    let serve = Serve::start(installation);
    let db = database(installation).await;
    let (mut last, mut since) = (String::new(), Instant::now());
    loop {
        let text =
            "SELECT CAST((SELECT COUNT(*) FROM outbox WHERE state = 'waiting') AS TEXT) || ' mails and '
             || CAST((SELECT COUNT(*) FROM job WHERE kind <> 'payslips.sweep') AS TEXT) || ' jobs'";
        let left = strings(&db, text).await.remove(0);
        if left == "0 mails and 0 jobs" {
            break;
        }
        if left != last {
            (last, since) = (left, Instant::now());
        }
        assert!(since.elapsed() < STANDSTILL, "{last} wait in vain");
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    db.close().await;
    serve.stop();
    println!("everybody was told within {} s", began.elapsed().as_secs());
}

async fn database(installation: &Installation) -> Db {
    let config = Config::read(&installation.path("staffrecord.toml")).unwrap();
    Db::open(&config.database()).await.unwrap()
}

async fn killed_at(installation: Installation, points: usize, people: usize) {
    let (seed, dice) = seeded();
    println!("{points} points, STAFFRECORD_KILL_SEED={seed}");
    let roll = |below: u64| u64::from_le_bytes(dice.bytes()) % below.max(1);

    let installation = staffed(installation);
    installation.import("427", crowd(0..people).0).ends(0);
    let run_file = run_file(people);
    installation.write("run.csv", &run_file);
    let began = Instant::now();
    assert!(publish(&installation, None).await);
    let whole = u64::try_from(began.elapsed().as_micros()).unwrap();
    let mut published = 1;
    for point in 1..=points {
        installation.write("run.csv", run_file.replacen(REFERENCE, &format!("RUN {point:04}"), 1));
        let after = Duration::from_micros(roll(whole + whole / 8));
        if publish(&installation, Some(after)).await {
            published += 1;
        }
        // Whoever tells people is killed as well, wherever it is.
        if point % 2 == 0 {
            let serve = Serve::start(&installation);
            tokio::time::sleep(Duration::from_micros(roll(whole))).await;
            serve.kill();
        }
    }
    if published * people > MANY {
        tell_all(&installation).await;
    }
    // What the killed processes had taken is free once their leases have run out: as if two minutes had passed.
    settle(&installation, 120).await;

    let db = database(&installation).await;
    let whole_runs = strings(
        &db,
        "SELECT CAST((SELECT COUNT(*) FROM pay_document d WHERE d.run_id = r.id) AS TEXT) FROM pay_run r WHERE r.state = 'published'",
    )
    .await;
    // A command that was killed after its switch and before it said so has published too.
    assert!(whole_runs.len() >= published, "{} are published, {published} said so", whole_runs.len());
    assert!(whole_runs.iter().all(|count| *count == people.to_string()), "{whole_runs:?}");
    let switched = strings(&db, "SELECT event FROM audit_entry WHERE event = 'payslips.run_published'").await;
    assert_eq!(switched.len(), whole_runs.len(), "one entry for each");
    let told =
        strings(&db, "SELECT key FROM outbox WHERE kind = 'payslips.published' AND state = 'sent'").await;
    assert_eq!(told.len(), whole_runs.len() * people, "each is told once of each");
    let undone = strings(&db, "SELECT kind FROM job WHERE kind <> 'payslips.sweep'").await;
    assert!(undone.is_empty(), "{undone:?}");
    db.close().await;
    installation.run(&["audit", "verify"]).ends(0).says("Nothing was altered.");
    println!("{} of {} runs are published, {published} said so", whole_runs.len(), points + 1);
}
