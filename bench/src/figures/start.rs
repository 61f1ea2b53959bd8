use std::time::Duration;

use super::MIB;
use crate::{
    Failed,
    ranks::median,
    server::Server,
    table::Row,
    world::{Bench, World},
};

const TIMES: usize = 7;
const MOST_MILLISECONDS: f64 = 200.0;
const MOST_MEMORY_MIB: f64 = 40.0;
const MOST_BINARY_MIB: f64 = 40.0;

/// How soon the portal is there, and what it takes up.
pub(crate) async fn measure(bench: &Bench) -> Result<Vec<Row>, Failed> {
    let world = World::make(bench, "start", "", &[]).await?;
    let (mut starts, mut memory) = (Vec::new(), 0.0);
    for _ in 0..TIMES {
        let server = Server::start(&world).await?;
        starts.push(server.first_page.as_secs_f64() * 1e3);
        if starts.len() == TIMES {
            tokio::time::sleep(Duration::from_secs(3)).await;
            memory = server.memory()?.now as f64 / MIB;
        }
        server.stop().await?;
    }
    let slowest = starts.iter().copied().fold(0.0, f64::max);
    let start = median(&starts);
    let binary = std::fs::metadata(&bench.binary)?.len() as f64 / MIB;
    Ok(vec![
        Row::judged(
            "start to first page",
            format!("< {MOST_MILLISECONDS} ms"),
            format!("{start:.0} ms (the middle one of {TIMES}; the slowest {slowest:.0})"),
            start < MOST_MILLISECONDS,
        ),
        Row::judged(
            "memory at idle",
            format!("< {MOST_MEMORY_MIB} MiB"),
            format!("{memory:.1} MiB"),
            memory < MOST_MEMORY_MIB,
        ),
        Row::judged(
            "binary",
            format!("< {MOST_BINARY_MIB} MiB"),
            format!("{binary:.1} MiB"),
            binary < MOST_BINARY_MIB,
        ),
    ])
}
