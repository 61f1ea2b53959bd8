use std::{
    fs,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use futures::future::try_join_all;
use store::Entropy;

use crate::{
    Failed, courses, database::Database, nginx::Nginx, people::people, server::Server, table::Row,
    wire::Wire, world::Bench,
};

/// A course has so many files of so many bytes.
const FILES: usize = 50;
const BYTES: usize = 40_000;
const CONNECTIONS: usize = 8;
/// Each is measured so often, in turns.
const ROUNDS: usize = 6;
const ROUND: Duration = Duration::from_secs(3);
const WARM_UP: Duration = Duration::from_secs(1);
const LEAST: f64 = 0.5;

/// A server's address, and the request for each of the files there.
struct Files {
    address: SocketAddr,
    requests: Vec<Vec<u8>>,
}

/// How quickly courses' files come, held against a server that does nothing else: the same client asks both for the same files in the
/// same way, over connections that stay open, without TLS.
pub(crate) async fn measure(bench: &Bench) -> Result<Vec<Row>, Failed> {
    let database = Database::make("SQLite", "course_files").await?;
    let world = courses::world(bench, "course_files", &database).await?;
    let (entropy, mut files) = (Entropy::system(), Vec::new());
    let plain = world.folder.join("plain");
    fs::create_dir(&plain)?;
    for number in 0..FILES {
        let name = format!("slide-{number}.js");
        let bytes: Vec<u8> = (0..BYTES / 32).flat_map(|_| entropy.bytes::<32>()).collect();
        fs::write(plain.join(&name), &bytes)?;
        files.push((name, bytes));
    }
    courses::load(&world, &people(0, 1)).await?;
    courses::publish(&world, "FIRE", "Fire safety", &files).await?;
    let opened = courses::open(&world, 1, &["FIRE"]).await?;
    let opened = opened.first().ok_or_else(|| Failed::because("nobody has the course open"))?;
    let server = Server::start(&world).await?;
    let nginx = Nginx::start(&world.folder, &plain).await?;

    let of_nginx = |name: &str, more: &str| {
        format!("GET /{name} HTTP/1.1\r\nHost: localhost\r\n{more}\r\n").into_bytes()
    };
    let requests = files.iter().map(|(name, _)| opened.file(name, "")).collect();
    let portal = Arc::new(Files { address: world.address, requests });
    let requests = files.iter().map(|(name, _)| of_nginx(name, "")).collect();
    let other = Arc::new(Files { address: nginx.address, requests });
    let (name, bytes) = files.first().ok_or_else(|| Failed::because("there is no file"))?;
    alike(portal.address, |more| opened.file(name, more), bytes).await?;
    alike(other.address, |more| of_nginx(name, more), bytes).await?;

    a_second(&portal, WARM_UP).await?;
    a_second(&other, WARM_UP).await?;
    let (mut ours, mut theirs) = (0.0, 0.0);
    for _ in 0..ROUNDS {
        ours += a_second(&portal, ROUND).await? / ROUNDS as f64;
        theirs += a_second(&other, ROUND).await? / ROUNDS as f64;
    }
    nginx.stop()?;
    server.stop().await?;
    let share = ours / theirs;
    Ok(vec![Row::judged(
        format!(
            "files of a course of {} kB each, with ETag, ranges, immutable: their rate over nginx's",
            BYTES / 1000
        ),
        format!("≥ {LEAST}"),
        format!("{share:.2} ({ours:.0}/s over {theirs:.0}/s)"),
        share >= LEAST,
    )])
}

/// That a server does what both have to do: a file whole, with a tag and the word that it never changes; nothing where it is held already; a
/// part of it.
async fn alike(address: SocketAddr, request: impl Fn(&str) -> Vec<u8>, bytes: &[u8]) -> Result<(), Failed> {
    let mut wire = Wire::connect(address).await?;
    let heard = wire.ask(&request("")).await?;
    heard.expect(200)?;
    let tag = heard.header("etag").map(str::to_owned);
    let lasts = heard.header("cache-control").is_some_and(|value| value.contains("immutable"));
    let (Some(tag), true, true) = (tag, lasts, heard.body == bytes) else {
        return Err(Failed::because(format!("a file is not served as it should be:\n{}", heard.head)));
    };
    wire.ask(&request(&format!("If-None-Match: {tag}\r\n"))).await?.expect(304)?;
    let part = wire.ask(&request("Range: bytes=1000-1999\r\n")).await?;
    part.expect(206)?;
    if part.body == bytes.get(1000..2000).unwrap_or_default() {
        return Ok(());
    }
    Err(Failed::because("a part of a file is another"))
}

/// Asks for one file after another without pause by all connections; files a second.
async fn a_second(files: &Arc<Files>, lasting: Duration) -> Result<f64, Failed> {
    let began = Instant::now();
    let running = (0..CONNECTIONS).map(|number| {
        let files = files.clone();
        tokio::spawn(async move {
            let mut wire = Wire::connect(files.address).await?;
            let mut read = 0_usize;
            while began.elapsed() < lasting {
                let heard = wire.ask(&files.requests[(number * 7 + read) % FILES]).await?;
                heard.expect(200)?;
                if heard.body.len() != BYTES {
                    return Err(Failed::because("a file was cut off"));
                }
                read += 1;
            }
            Ok::<_, Failed>(read)
        })
    });
    let mut read = 0;
    for ended in try_join_all(running).await? {
        read += ended?;
    }
    Ok(read as f64 / began.elapsed().as_secs_f64())
}
