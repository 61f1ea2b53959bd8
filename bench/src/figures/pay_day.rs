use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::task::JoinSet;

use crate::{
    Failed,
    client::Client,
    pay::{self, Paid},
    people::Person,
    ranks::{median, quantile},
    server::Server,
    table::Row,
    world::{Bench, World},
};

/// Readers ask so often, whatever becomes of those before them.
const A_SECOND: f64 = 200.0;
/// Connections that log in without pause.
const LOGGING_IN: usize = 8;
const PEOPLE: usize = 256;
const PAYSLIPS: usize = 10_000;
const WARM_UP: Duration = Duration::from_secs(3);
const MEASURED: Duration = Duration::from_secs(20);
const MOST_MILLISECONDS: f64 = 50.0;
const LEAST_SHARE: f64 = 0.8;

/// Everybody comes at once: whoever is in reads at once, and whoever comes is let in nearly as quickly as on other days.
pub(crate) async fn measure(bench: &Bench) -> Result<Vec<Row>, Failed> {
    let paid = Paid::make(bench, "pay_day", "SQLite", (PAYSLIPS, PEOPLE)).await?;
    let server = Server::start(&paid.world).await?;
    let readers = paid.readers().await?;
    let log_ins = LogIns::begin(&paid.world, &paid.people);
    tokio::time::sleep(WARM_UP).await;
    let best = log_ins.a_second(tokio::time::sleep(MEASURED)).await.0;
    let (rate, times) = log_ins.a_second(pay::due(&paid.world, &readers, A_SECOND, MEASURED)).await;
    let times = times?;
    log_ins.end().await?;
    server.stop().await?;
    paid.end().await?;
    let p99 = quantile(&times, 0.99);
    Ok(vec![
        Row::judged(
            format!(
                "payslips at {A_SECOND} a second while {LOGGING_IN} connections log in without pause: 99 of 100 within"
            ),
            format!("< {MOST_MILLISECONDS} ms"),
            format!(
                "{p99:.1} ms (of {}, the middle one {:.1} ms, the longest {:.1} ms)",
                times.len(),
                median(&times),
                quantile(&times, 1.0)
            ),
            p99 < MOST_MILLISECONDS,
        ),
        Row::judged(
            "log-ins meanwhile over those without readers",
            format!("≥ {LEAST_SHARE}"),
            format!("{:.2} ({rate:.1} a second over {best:.1})", rate / best),
            rate >= LEAST_SHARE * best,
        ),
    ])
}

/// Connections that log in without pause.
struct LogIns {
    stop: Arc<AtomicBool>,
    done: Arc<AtomicUsize>,
    running: JoinSet<Result<(), Failed>>,
}

impl LogIns {
    fn begin(world: &Arc<World>, people: &Arc<Vec<Person>>) -> Self {
        let (stop, done) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let mut running = JoinSet::new();
        for number in 0..LOGGING_IN {
            let (world, people, stop, done) = (world.clone(), people.clone(), stop.clone(), done.clone());
            running.spawn(async move {
                let mut client = Client::connect(&world).await?;
                let visit = client.visit().await?;
                let mut next = number;
                while !stop.load(Ordering::Relaxed) {
                    client.log_in(&visit, &people[next % people.len()].username).await?.expect(303)?;
                    done.fetch_add(1, Ordering::Relaxed);
                    next += LOGGING_IN;
                }
                Ok(())
            });
        }
        Self { stop, done, running }
    }

    /// Log-ins a second while something else happens, and what comes of that.
    async fn a_second<T>(&self, meanwhile: impl Future<Output = T>) -> (f64, T) {
        let (began, before) = (Instant::now(), self.done.load(Ordering::Relaxed));
        let came = meanwhile.await;
        let done = self.done.load(Ordering::Relaxed) - before;
        (done as f64 / began.elapsed().as_secs_f64(), came)
    }

    async fn end(mut self) -> Result<(), Failed> {
        self.stop.store(true, Ordering::Relaxed);
        while let Some(ended) = self.running.join_next().await {
            ended??;
        }
        Ok(())
    }
}
