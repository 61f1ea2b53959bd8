use std::time::{Duration, Instant};

use audit::{Actor, NewEntry, Origin};
use futures::{FutureExt, future::try_join_all};
use store::{Clock, Db, Entropy, Options, StoreError};

use crate::{Failed, table::Row, world::Bench};

const WRITERS: usize = 64;
const MEASURED: Duration = Duration::from_secs(8);
const LEAST_TOGETHER: f64 = 16.0;
const LEAST_FASTER: f64 = 5.0;

/// How far writes that wait share their commits: each an entry on the trail, on SQLite, durable before it is answered.
pub(crate) async fn measure(bench: &Bench) -> Result<Vec<Row>, Failed> {
    let folder = bench.folder("writes")?;
    let file = folder.join("writes.sqlite");
    let db = Db::open(&Options::new(format!("sqlite:{}", file.display()))).await?;
    db.migrate().await?;
    let alone = write(&db, 1).await?;
    let together = write(&db, WRITERS).await?;
    db.close().await;
    std::fs::remove_dir_all(folder)?;
    let faster = together.a_second / alone.a_second;
    Ok(vec![
        Row::judged(
            format!("SQLite, small writes by {WRITERS} writers: answered per COMMIT"),
            format!("≥ {LEAST_TOGETHER}"),
            format!("{:.1}", together.a_commit),
            together.a_commit >= LEAST_TOGETHER,
        ),
        Row::judged(
            "their rate over one writer's",
            format!("≥ {LEAST_FASTER}"),
            format!("{faster:.1} ({:.0}/s over {:.0}/s)", together.a_second, alone.a_second),
            faster >= LEAST_FASTER,
        ),
    ])
}

struct Pace {
    a_second: f64,
    a_commit: f64,
}

async fn write(db: &Db, writers: usize) -> Result<Pace, Failed> {
    let before = db.statistics();
    let began = Instant::now();
    let running = (0..writers).map(|_| tokio::spawn(go_on(db.clone(), began + MEASURED)));
    for ended in try_join_all(running).await? {
        ended?;
    }
    let seconds = began.elapsed().as_secs_f64();
    let after = db.statistics();
    let (writes, commits) = (after.writes - before.writes, after.commits - before.commits);
    Ok(Pace { a_second: writes as f64 / seconds, a_commit: writes as f64 / commits as f64 })
}

async fn go_on(db: Db, until: Instant) -> Result<(), StoreError> {
    let (clock, entropy) = (Clock::system(), Entropy::system());
    while Instant::now() < until {
        let now = clock.now();
        let entry = NewEntry {
            id: entropy.id(now),
            at: now,
            actor: Actor::System,
            about: Some(entropy.id(now)),
            employer: None,
            event: "bench.written",
            reason: None,
            data: serde_json::json!({ "outcome": "written", "device": "a benchmark" }),
            origin: Origin { address: Some("192.0.2.1".into()), request: Some("ABCDEFGHJK".into()) },
        };
        db.write(move |tx| async move { audit::append(tx, entry).await }.boxed()).await?;
    }
    Ok(())
}
