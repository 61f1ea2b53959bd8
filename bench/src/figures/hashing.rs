use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use super::INSIDE;
use crate::{
    Failed,
    client::Client,
    people::{Person, people},
    server::Server,
    table::Row,
    world::{Bench, World},
};

const CONNECTIONS: usize = 64;
const WARM_UP: Duration = Duration::from_secs(3);
const MEASURED: Duration = Duration::from_secs(20);
const LEAST: f64 = 0.93;

/// What log-ins cost beside the hash that they have to cost.
pub(crate) async fn measure(bench: &Bench) -> Result<Vec<Row>, Failed> {
    let people = Arc::new(people(0, 256));
    let world = Arc::new(World::make(bench, "hashing", "", &[INSIDE]).await?);
    world.populate(&people).await?;
    let server = Server::start(&world).await?;
    let (stop, done) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let running = (0..CONNECTIONS).map(|_| {
        let (world, people, stop, done) = (world.clone(), people.clone(), stop.clone(), done.clone());
        tokio::spawn(async move { go_on(&world, &people, &stop, &done).await })
    });
    let running: Vec<_> = running.collect();
    tokio::time::sleep(WARM_UP).await;
    let (before, done_before) = (server.usage()?, done.load(Ordering::Relaxed));
    tokio::time::sleep(MEASURED).await;
    let (after, done_after) = (server.usage()?, done.load(Ordering::Relaxed));
    stop.store(true, Ordering::Relaxed);
    for connection in running {
        connection.await??;
    }
    server.stop().await?;
    let (all, hashing) = (after.all - before.all, after.hashing - before.hashing);
    let (share, log_ins) = (hashing / all, (done_after - done_before) as f64);
    let rate = log_ins / MEASURED.as_secs_f64();
    let (each, rest) = (hashing / log_ins * 1e3, (all - hashing) / log_ins * 1e3);
    Ok(vec![Row::judged(
        "hashing's share of the server's processor time, 64 connections logging in without pause",
        format!("≥ {LEAST}"),
        format!("{share:.3} ({rate:.0} log-ins/s; {each:.1} ms hashing and {rest:.2} ms else each)"),
        share >= LEAST,
    )])
}

/// One connection that logs in as one after the other.
async fn go_on(
    world: &World,
    people: &[Person],
    stop: &AtomicBool,
    done: &AtomicUsize,
) -> Result<(), Failed> {
    let mut client = Client::connect(world).await?;
    let visit = client.visit().await?;
    while !stop.load(Ordering::Relaxed) {
        let next = done.fetch_add(1, Ordering::Relaxed) % people.len();
        client.log_in(&visit, &people[next].username).await?.expect(303)?;
    }
    Ok(())
}
