use std::{sync::Arc, time::Duration};

use futures::future::try_join_all;
use http::header;
use tokio::sync::Barrier;

use super::{INSIDE, MIB};
use crate::{
    Failed,
    client::Client,
    people::people,
    server::Server,
    table::Row,
    world::{Bench, World},
};

const WAITING: usize = 2000;
/// Memory of one password hash with the parameters of `serve`'s default.
const HASH_MIB: f64 = 19.0;
const BESIDE_MIB: f64 = 64.0;

/// Many log-ins at once: those that can be served in time wait, the others are told to come again, and memory stays as it is.
pub(crate) async fn measure(bench: &Bench) -> Result<Vec<Row>, Failed> {
    let people = people(0, 256);
    let world = Arc::new(World::make(bench, "storm", "", &[INSIDE]).await?);
    world.populate(&people).await?;
    let server = Server::start(&world).await?;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let idle = server.memory()?.now;
    let (all_there, go) = (Arc::new(Barrier::new(WAITING + 1)), Arc::new(Barrier::new(WAITING + 1)));
    let clients = (0..WAITING).map(|number| {
        let (world, all_there, go) = (world.clone(), all_there.clone(), go.clone());
        let username = people[number % people.len()].username.clone();
        async move {
            let opened = async {
                let mut client = Client::connect(&world).await?;
                let visit = client.visit().await?;
                Ok::<_, Failed>((client, visit))
            };
            // Whoever could not even open the page is counted, and the others do not wait for them in vain.
            let opened = opened.await;
            all_there.wait().await;
            go.wait().await;
            let (mut client, visit) = opened?;
            client.log_in(&visit, &username).await
        }
    });
    let storm: Vec<_> = clients.map(tokio::spawn).collect();
    all_there.wait().await;
    let connected = server.memory()?.now;
    go.wait().await;
    let answers = try_join_all(storm).await?;
    let peak = server.memory()?.peak;
    server.stop().await?;
    let (mut let_in, mut put_off, mut others) = (0, 0, 0);
    for answer in &answers {
        match answer {
            Ok(answer) if answer.status == 303 => let_in += 1,
            Ok(answer) if answer.status == 503 && answer.headers.contains_key(header::RETRY_AFTER) => {
                put_off += 1;
            }
            _ => others += 1,
        }
    }
    let first_failure = answers.iter().find_map(|answer| answer.as_ref().err());
    let over_idle = |memory: u64| memory.saturating_sub(idle) as f64 / MIB;
    let (grown, connections) = (over_idle(peak), over_idle(connected));
    let cores = std::thread::available_parallelism()?.get() as f64;
    let most = BESIDE_MIB + HASH_MIB * cores;
    let other = match (others, first_failure) {
        (0, _) => String::new(),
        (others, None) => format!(", {others} answered otherwise"),
        (others, Some(failure)) => format!(", {others} answered otherwise or not ({failure})"),
    };
    Ok(vec![Row::judged(
        format!("memory during a storm of {WAITING} waiting log-ins, over memory at idle"),
        format!("< {most:.0} MiB, the excess 503"),
        format!(
            "{grown:.1} MiB, {connections:.1} of them by open connections ({let_in} let in, {put_off} 503 with Retry-After{other})"
        ),
        grown < most && others == 0 && let_in > 0 && put_off > 0,
    )])
}
