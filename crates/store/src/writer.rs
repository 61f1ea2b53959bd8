use std::{
    any::Any,
    panic::AssertUnwindSafe,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use futures::{FutureExt, future::BoxFuture};
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection, sqlite::SqliteConnectOptions};
use tokio::sync::{mpsc, oneshot};

use crate::{Result, Statistics, StoreError, Tx, checkpointer::Checkpointer, statements::Statements};

/// So many writes share one commit at most.
const TOGETHER: usize = 64;
/// A transaction that holds the writer longer than this is counted and named in the log: everybody else waits behind it.
const LONG: Duration = Duration::from_millis(50);

#[derive(Debug, Default)]
pub(crate) struct Counts {
    writes: AtomicU64,
    commits: AtomicU64,
    long: AtomicU64,
}

impl Counts {
    pub(crate) fn committed(&self, writes: u64) {
        self.writes.fetch_add(writes, Ordering::Relaxed);
        self.commits.fetch_add(1, Ordering::Relaxed);
        metrics::counter!("staffrecord_store_writes_total").increment(writes);
        metrics::counter!("staffrecord_store_commits_total").increment(1);
    }

    fn held(&self, time: Duration, longest: &Longest) {
        metrics::histogram!("staffrecord_store_writer_hold_seconds").record(time.as_secs_f64());
        if time > LONG {
            self.long.fetch_add(1, Ordering::Relaxed);
            metrics::counter!("staffrecord_store_long_writes_total").increment(1);
            tracing::info!(held = ?time, work = longest.name, of_it = ?longest.time, "the writer was held for long");
        }
    }

    pub(crate) fn statistics(&self, statements: u64) -> Statistics {
        Statistics {
            statements,
            writes: self.writes.load(Ordering::Relaxed),
            commits: self.commits.load(Ordering::Relaxed),
            long: self.long.load(Ordering::Relaxed),
        }
    }
}

type Outcome = Box<dyn Any + Send>;
/// Runs in the writer's task; says whether its savepoint is kept, and what to answer after the commit.
type Work = Box<dyn for<'t, 'c> FnOnce(&'t mut Tx<'c>) -> BoxFuture<'t, (bool, Outcome)> + Send>;

struct Queued {
    work: Work,
    /// The code that asked for it, for the log.
    name: &'static str,
    answer: oneshot::Sender<Result<Outcome>>,
}

/// What took most of the time of a commit.
#[derive(Default)]
struct Longest {
    name: &'static str,
    time: Duration,
}

enum Order {
    Write(Queued),
    Close(oneshot::Sender<()>),
}

/// SQLite's one writer: a thread that owns the connection and runs what is queued, in order.
#[derive(Clone)]
pub(crate) struct Writer(mpsc::Sender<Order>);

impl Writer {
    /// Opens the connection and begins to work.
    pub(crate) async fn start(
        options: SqliteConnectOptions,
        statements: Arc<Statements>,
        counts: Arc<Counts>,
    ) -> Result<Self> {
        let (sender, queue) = mpsc::channel(1024);
        let (opened, wait) = oneshot::channel();
        // Before the writer stays on one core, where everything that it starts would have to stay too.
        let checkpointer = Checkpointer::start(options.clone())?;
        let working = async move {
            stay_on_this_core();
            match options.connect().await {
                Ok(connection) => {
                    let _ = opened.send(Ok(()));
                    work(connection, queue, &statements, &counts, checkpointer).await;
                }
                Err(error) => drop(opened.send(Err(error))),
            }
        };
        std::thread::Builder::new()
            .name("writer".into())
            .spawn(move || futures::executor::block_on(working))
            .map_err(|error| StoreError::Sql(sqlx::Error::Io(error)))?;
        wait.await.map_err(|_| StoreError::Gone)??;
        Ok(Self(sender))
    }

    pub(crate) async fn run<T, E, F>(&self, work: F) -> std::result::Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: for<'t, 'c> FnOnce(&'t mut Tx<'c>) -> BoxFuture<'t, std::result::Result<T, E>> + Send + 'static,
    {
        let (answer, wait) = oneshot::channel();
        let name = std::any::type_name::<F>();
        let work: Work = Box::new(move |tx| {
            async move {
                let result = work(tx).await;
                (result.is_ok(), Box::new(result) as Outcome)
            }
            .boxed()
        });
        self.0.send(Order::Write(Queued { work, name, answer })).await.map_err(|_| StoreError::Gone)?;
        let outcome = wait.await.map_err(|_| StoreError::Gone)??;
        *outcome
            .downcast::<std::result::Result<T, E>>()
            .expect("the writer answers with what the work returned")
    }

    pub(crate) async fn close(&self) {
        let (closed, wait) = oneshot::channel();
        if self.0.send(Order::Close(closed)).await.is_ok() {
            let _ = wait.await;
        }
    }
}

/// Keeps this thread, and those that it starts, on the core where it is. sqlx runs SQLite on a thread of its own, so each statement is
/// a turn to that thread and back: on one core that is a switch, between two it wakes the other core each time, for several times as
/// much processor time.
fn stay_on_this_core() {
    use rustix::thread::{CpuSet, sched_getcpu, sched_setaffinity};
    let mut here = CpuSet::new();
    let core = sched_getcpu();
    if core < CpuSet::MAX_CPU {
        here.set(core);
        if let Err(error) = sched_setaffinity(None, &here) {
            tracing::info!(%error, "the writer may change cores, which costs processor time");
        }
    }
}

async fn work(
    mut connection: SqliteConnection,
    mut queue: mpsc::Receiver<Order>,
    statements: &Statements,
    counts: &Counts,
    checkpointer: Checkpointer,
) {
    let mut orders = Vec::with_capacity(TOGETHER);
    while queue.recv_many(&mut orders, TOGETHER).await > 0 {
        let mut batch = Vec::with_capacity(orders.len());
        let mut closing = None;
        for order in orders.drain(..) {
            match order {
                Order::Write(queued) => batch.push(queued),
                Order::Close(closed) => closing = Some(closed),
            }
        }
        if !batch.is_empty() {
            let began = Instant::now();
            let longest = commit_together(&mut connection, batch, statements, counts).await;
            counts.held(began.elapsed(), &longest);
            checkpointer.committed();
        }
        if let Some(closed) = closing {
            drop(checkpointer);
            let _ = connection.close().await;
            let _ = closed.send(());
            return;
        }
    }
}

const UNDO_AND_GO_ON: &str = "ROLLBACK TO work; RELEASE work; SAVEPOINT work";
const UNDO_AND_COMMIT: &str = "ROLLBACK TO work; RELEASE work; COMMIT";

async fn commit_together(
    connection: &mut SqliteConnection,
    batch: Vec<Queued>,
    statements: &Statements,
    counts: &Counts,
) -> Longest {
    let mut kept = 0;
    let mut longest = Longest::default();
    let mut done = Vec::with_capacity(batch.len());
    // One alone needs no savepoint, for which SQLite would keep a copy of each page that it changes.
    let alone = batch.len() == 1;
    let mut waiting = batch.into_iter();
    let ended = async {
        say(connection, if alone { "BEGIN IMMEDIATE" } else { "BEGIN IMMEDIATE; SAVEPOINT work" }).await?;
        while let Some(Queued { work, name, answer }) = waiting.next() {
            let began = Instant::now();
            let (ran, left) = {
                let mut tx = Tx::writing(connection, statements);
                let ran = AssertUnwindSafe(work(&mut tx)).catch_unwind().await.ok();
                (ran, tx.left())
            };
            let time = began.elapsed();
            if time > longest.time {
                longest = Longest { name, time };
            }
            let keep = matches!(ran, Some((true, _)));
            // As few turns as can be: each is a change of threads.
            let next = match (keep, waiting.len() > 0) {
                (true, _) if alone => "COMMIT",
                (false, _) if alone => "ROLLBACK",
                (true, true) => "RELEASE work; SAVEPOINT work",
                (true, false) => "RELEASE work; COMMIT",
                (false, true) => UNDO_AND_GO_ON,
                (false, false) => UNDO_AND_COMMIT,
            };
            let said = match left.filter(|_| keep) {
                None => say(connection, next).await,
                Some(left) => match left.run(connection, next).await {
                    // What one put off is its own matter, as long as the others' work is still there.
                    Err(error) if !alone => {
                        let undone = if waiting.len() > 0 { UNDO_AND_GO_ON } else { UNDO_AND_COMMIT };
                        if say(connection, undone).await.is_ok() {
                            drop(answer.send(Err(error)));
                            continue;
                        }
                        Err(error)
                    }
                    ran => ran,
                },
            };
            if let Err(error) = said {
                // On a full disk SQLite has rolled back everything by itself. The work that met it knows why; the others may
                // try again.
                let own = ran.filter(|_| !keep).map(|(_, outcome)| outcome);
                let others = if own.is_some() { StoreError::Busy } else { error.repeated() };
                drop(answer.send(own.ok_or(error)));
                return Err(others);
            }
            match ran {
                Some((keep, outcome)) => {
                    kept += u64::from(keep);
                    done.push((answer, outcome));
                }
                None => drop(answer.send(Err(StoreError::Panicked))),
            }
        }
        Ok(())
    }
    .await;
    match ended {
        Ok(()) => {
            if kept > 0 {
                counts.committed(kept);
            }
            for (answer, outcome) in done {
                let _ = answer.send(Ok(outcome));
            }
        }
        Err(error) => {
            // After some errors (a full disk) SQLite has rolled back by itself, and this says so.
            let _ = sqlx::query("ROLLBACK").execute(&mut *connection).await;
            tracing::error!(%error, "a shared commit failed");
            for answer in
                done.into_iter().map(|(answer, _)| answer).chain(waiting.map(|queued| queued.answer))
            {
                let _ = answer.send(Err(error.repeated()));
            }
        }
    }
    longest
}

async fn say(connection: &mut SqliteConnection, text: &'static str) -> Result<()> {
    // Each text is prepared once, with all its statements.
    sqlx::query(text).execute(connection).await?;
    Ok(())
}
