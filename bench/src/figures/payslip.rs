use std::time::Duration;

use crate::{
    Failed,
    pay::{self, Paid},
    server::Server,
    table::Row,
    world::Bench,
};

const CONNECTIONS: usize = 8;
const WARM_UP: Duration = Duration::from_secs(2);
const MEASURED: Duration = Duration::from_secs(10);
const MOST_MILLISECONDS: f64 = 0.4;

/// What a payslip costs, as a browser asks for it: compressed, with a session, opened with its key.
pub(crate) async fn measure(bench: &Bench) -> Result<Vec<Row>, Failed> {
    let paid = Paid::make(bench, "payslip", "SQLite", (1000, 0)).await?;
    let server = Server::start(&paid.world).await?;
    let readers = paid.readers().await?;
    pay::best(&paid.world, &readers, CONNECTIONS, WARM_UP).await?;
    let before = server.usage()?.all;
    let began = std::time::Instant::now();
    let a_second = pay::best(&paid.world, &readers, CONNECTIONS, MEASURED).await?;
    let pages = a_second * began.elapsed().as_secs_f64();
    let used = server.usage()?.all - before;
    server.stop().await?;
    paid.end().await?;
    let milliseconds = used * 1e3 / pages;
    Ok(vec![Row::judged(
        format!("server's processor time of one payslip page ({pages:.0} requests)"),
        format!("< {MOST_MILLISECONDS} ms"),
        format!("{milliseconds:.3} ms ({a_second:.0} a second)"),
        milliseconds < MOST_MILLISECONDS,
    )])
}
