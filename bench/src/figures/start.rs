use crate::{
    Failed,
    ranks::median,
    server::Server,
    table::Row,
    world::{Bench, World},
};

const TIMES: usize = 7;
const MOST_MILLISECONDS: f64 = 200.0;

/// How soon the portal is there.
pub(crate) async fn measure(bench: &Bench) -> Result<Vec<Row>, Failed> {
    let world = World::make(bench, "start", "", &[]).await?;
    let mut starts = Vec::new();
    for _ in 0..TIMES {
        let server = Server::start(&world).await?;
        starts.push(server.first_page.as_secs_f64() * 1e3);
        server.stop().await?;
    }
    let slowest = starts.iter().copied().fold(0.0, f64::max);
    let start = median(&starts);
    Ok(vec![Row::judged(
        "start to first page",
        format!("< {MOST_MILLISECONDS} ms"),
        format!("{start:.0} ms (the middle one of {TIMES}; the slowest {slowest:.0})"),
        start < MOST_MILLISECONDS,
    )])
}
