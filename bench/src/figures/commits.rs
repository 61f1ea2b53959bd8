use std::{
    fs::File,
    io::Write,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use futures::future::try_join_all;
use store::Entropy;

use crate::{
    Failed,
    courses::{self, Open, Says},
    database::Database,
    people::people,
    ranks::median,
    server::Server,
    sql,
    table::Row,
    wire::Wire,
    world::{Bench, World},
};

const CONNECTIONS: usize = 64;
/// Each connection commits for so many people in turn, so that no launch is faster than one may be.
const PEOPLE_EACH: usize = 16;
/// What one commit carries, in bytes.
const BYTES: usize = 30_000;
const WARM_UP: Duration = Duration::from_secs(2);
const MEASURED: Duration = Duration::from_secs(12);
const ALONE: Duration = Duration::from_secs(6);
const LEAST_TOGETHER: f64 = 8.0;
const LEAST_FASTER: f64 = 1.5;
/// On disks that are quicker than this many milliseconds, sharing a flush gains less than the statements cost.
const SLOW_FSYNC: f64 = 2.0;
const FSYNCS: usize = 200;

/// How far large commits that wait share the database's, each durable before it is answered.
pub(crate) async fn measure(bench: &Bench) -> Result<Vec<Row>, Failed> {
    let database = Database::make("SQLite", "commits").await?;
    let world = courses::world(bench, "commits", &database).await?;
    world.configure("#metrics_listen = \"127.0.0.1:9100\"", "metrics_listen = \"127.0.0.1:0\"")?;
    courses::load(&world, &people(0, CONNECTIONS * PEOPLE_EACH)).await?;
    courses::publish(&world, "FIRE", "Fire safety", &[]).await?;
    let opened = courses::open(&world, CONNECTIONS * PEOPLE_EACH, &["FIRE"]).await?;
    let data = Arc::new(suspend_data());
    let fsync = fsync(&world.folder.join("fsync"))?;
    let alone = alone(&world, &data, "before").await?;
    let server = Server::start(&world).await?;
    let opened = together(&world, opened, &data, WARM_UP).await?.opened;
    let before = server.metric("staffrecord_store_commits_total").await?;
    let Went { answered, a_second, .. } = together(&world, opened, &data, MEASURED).await?;
    let commits = server.metric("staffrecord_store_commits_total").await? - before;
    server.stop().await?;
    // Disks have moods.
    let alone = (alone + self::alone(&world, &data, "after").await?) / 2.0;
    let (each, faster) = (answered as f64 / commits, a_second / alone);
    let measured =
        format!("{faster:.2} ({a_second:.0}/s over {alone:.0}/s; an fsync takes {fsync:.2} ms here)");
    let what = "their rate over one fsynced insert of as many bytes after another";
    let reach = format!("≥ {LEAST_FASTER} where an fsync takes ≥ {SLOW_FSYNC} ms");
    Ok(vec![
        Row::judged(
            format!(
                "SQLite, {CONNECTIONS} connections that commit {} KB each: answered per COMMIT",
                BYTES / 1000
            ),
            format!("≥ {LEAST_TOGETHER}"),
            format!("{each:.1}"),
            each >= LEAST_TOGETHER,
        ),
        if fsync < SLOW_FSYNC && faster < LEAST_FASTER {
            Row::shown(format!("{what} ({reach}, which it does not)"), measured)
        } else {
            Row::judged(what, reach, measured, faster >= LEAST_FASTER)
        },
    ])
}

/// As courses pack it: nothing that could be made much smaller.
fn suspend_data() -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let entropy = Entropy::system();
    let bytes = (0..BYTES / 32).flat_map(|_| entropy.bytes::<32>());
    bytes.map(|byte| char::from(LETTERS[usize::from(byte % 64)])).collect()
}

/// How many milliseconds a small write takes to be on the disk.
fn fsync(path: &Path) -> Result<f64, Failed> {
    let mut file = File::create(path)?;
    let mut times = Vec::new();
    for _ in 0..FSYNCS {
        file.write_all(&[7; 4096])?;
        let began = Instant::now();
        file.sync_data()?;
        times.push(began.elapsed().as_secs_f64() * 1e3);
    }
    Ok(median(&times))
}

async fn alone(world: &World, data: &str, name: &str) -> Result<f64, Failed> {
    sql::one_after_another(&world.folder.join(format!("{name}.sqlite")), data.as_bytes(), ALONE).await
}

/// What came of it.
struct Went {
    opened: Vec<Open>,
    answered: usize,
    a_second: f64,
}

async fn together(
    world: &Arc<World>,
    opened: Vec<Open>,
    data: &Arc<String>,
    lasting: Duration,
) -> Result<Went, Failed> {
    let began = Instant::now();
    let running = opened.chunks(PEOPLE_EACH).map(|piece| {
        let (world, data, piece) = (world.clone(), data.clone(), piece.to_vec());
        tokio::spawn(async move { go_on(&world, piece, &data, began + lasting).await })
    });
    let (mut opened, mut answered) = (Vec::new(), 0);
    for ended in try_join_all(running).await? {
        let (piece, times) = ended?;
        opened.extend(piece);
        answered += times;
    }
    Ok(Went { opened, answered, a_second: answered as f64 / began.elapsed().as_secs_f64() })
}

async fn go_on(
    world: &World,
    mut opened: Vec<Open>,
    data: &str,
    until: Instant,
) -> Result<(Vec<Open>, usize), Failed> {
    let mut wire = Wire::connect(world.address).await?;
    let mut times = 0;
    while Instant::now() < until {
        let number = times % opened.len();
        let one = &mut opened[number];
        if !one.has_begun() {
            one.begin(&mut wire).await?;
        }
        // Never the same text twice in a row.
        let (end, begin) = data.split_at(times % data.len());
        let location = format!("page-{times}");
        let suspend_data = [begin, end].concat();
        let request = one.commit(&Says {
            status: "incomplete",
            location: &location,
            raw: "40",
            suspend_data: &suspend_data,
            ends: false,
        });
        wire.ask(&request).await?.expect(200)?;
        times += 1;
    }
    Ok((opened, times))
}
