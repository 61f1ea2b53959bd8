use std::{env, time::Duration};

use crate::{
    Failed,
    pay::{self, Paid},
    ranks::{median, quantile},
    server::Server,
    table::Row,
    world::Bench,
};

/// How many payslips there are; another number in this variable makes it quicker, for trying it out.
const SIZE: &str = "STAFFRECORD_BENCH_PAYSLIPS";
const PAYSLIPS: usize = 1_000_000;
/// The smaller portal has one payslip in so many.
const SHARE: usize = 100;
const CONNECTIONS: usize = 8;
const WARM_UP: Duration = Duration::from_secs(3);
const MEASURED: Duration = Duration::from_secs(15);
const MOST_MILLISECONDS: f64 = 20.0;
const LEAST_SHARE: f64 = 0.8;

/// How quickly payslips are read among very many, and whether it is as quick as among few.
pub(crate) async fn measure(bench: &Bench) -> Result<Vec<Row>, Failed> {
    let many = match env::var(SIZE) {
        Ok(number) => number.parse()?,
        Err(_) => PAYSLIPS,
    };
    let few = (many / SHARE).max(1000);
    let mut rows = Vec::new();
    for kind in ["SQLite", "PostgreSQL"] {
        let (rate_of_few, _) = among(bench, kind, few).await?;
        let (rate, times) = among(bench, kind, many).await?;
        let p99 = quantile(&times, 0.99);
        rows.push(Row::judged(
            format!("{kind}, a payslip among {many} at half of its own best rate: 99 of 100 within"),
            format!("< {MOST_MILLISECONDS} ms"),
            format!(
                "{p99:.1} ms (of {}, the middle one {:.1} ms, the longest {:.1} ms)",
                times.len(),
                median(&times),
                quantile(&times, 1.0)
            ),
            p99 < MOST_MILLISECONDS,
        ));
        rows.push(Row::judged(
            format!("its best rate over that among {few}"),
            format!("≥ {LEAST_SHARE}"),
            format!("{:.2} ({rate:.0} a second over {rate_of_few:.0})", rate / rate_of_few),
            rate >= LEAST_SHARE * rate_of_few,
        ));
    }
    Ok(rows)
}

/// Pages a second at best, and the milliseconds of each at half of that.
async fn among(bench: &Bench, kind: &str, payslips: usize) -> Result<(f64, Vec<f64>), Failed> {
    let paid = Paid::make(bench, "reading", kind, (payslips, 0)).await?;
    let server = Server::start(&paid.world).await?;
    let readers = paid.readers().await?;
    pay::best(&paid.world, &readers, CONNECTIONS, WARM_UP).await?;
    let rate = pay::best(&paid.world, &readers, CONNECTIONS, MEASURED).await?;
    let times = pay::due(&paid.world, &readers, rate / 2.0, MEASURED).await?;
    server.stop().await?;
    paid.end().await?;
    Ok((rate, times))
}
