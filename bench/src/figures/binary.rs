use std::time::Duration;

use super::MIB;
use crate::{
    Failed,
    server::Server,
    table::Row,
    world::{Bench, World},
};

const MOST_BINARY_MIB: f64 = 90.0;
const MOST_MEMORY_MIB: f64 = 60.0;
/// Until whatever is done at the start is over.
const SETTLED: Duration = Duration::from_secs(3);

/// What the program takes up: on disk, with all that it serves and the PDF engine; and in memory while nobody is there.
pub(crate) async fn measure(bench: &Bench) -> Result<Vec<Row>, Failed> {
    let world = World::make(bench, "binary", "", &[]).await?;
    let server = Server::start(&world).await?;
    tokio::time::sleep(SETTLED).await;
    let memory = server.memory()?.now as f64 / MIB;
    server.stop().await?;
    let binary = std::fs::metadata(&bench.binary)?.len() as f64 / MIB;
    Ok(vec![
        Row::judged(
            "binary",
            format!("< {MOST_BINARY_MIB} MiB"),
            format!("{binary:.1} MiB"),
            binary < MOST_BINARY_MIB,
        ),
        Row::judged(
            "memory at idle",
            format!("< {MOST_MEMORY_MIB} MiB"),
            format!("{memory:.1} MiB"),
            memory < MOST_MEMORY_MIB,
        ),
    ])
}
