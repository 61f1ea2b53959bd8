//! Jobs: what is done later, by any process, until it has worked. A job is queued in the transaction of what caused it and
//! deleted in the transaction of what it did, so its effect on the database happens once.

use std::{collections::HashMap, sync::Arc, time::Duration};

use futures::{FutureExt, future::BoxFuture};
use uuid::Uuid;

use serde::{Serialize, de::DeserializeOwned};

use crate::{Clock, Db, Entropy, Instant, Result, StoreError, Tx, on};

/// A worker keeps a job for so long; after that another may take it.
const LEASE_SECONDS: i64 = 60;
/// After so many tries a job is dead: it stays in the table and `check` shows it.
const TRIES: i64 = 12;
/// So often a worker prolongs the lease of a job that takes longer.
const PROLONGED_AFTER: Duration = Duration::from_secs(20);
/// So many jobs are taken and run at once.
const AT_ONCE: i64 = 32;

/// The priority of jobs that take seconds to minutes. They are run one at a time and beside all others, so that nobody's mail waits
/// behind them.
pub const LONG: i64 = 1 << 40;

/// A job to queue.
#[derive(Clone, Debug)]
pub struct NewJob<'a> {
    /// Its id.
    pub id: Uuid,
    /// Which [`Handler`] does it.
    pub kind: &'static str,
    /// What it needs to know: ids, never secrets.
    pub payload: &'a serde_json::Value,
    /// Jobs with a smaller number are taken first; see [`LONG`].
    pub priority: i64,
    /// Not before this.
    pub run_at: Instant,
}

/// A job to queue that holds what it needs to know, so that it can be made before the transaction that queues it.
#[derive(Clone, Debug)]
pub struct Queued {
    id: Uuid,
    kind: &'static str,
    payload: serde_json::Value,
    priority: i64,
    run_at: Instant,
}

impl Queued {
    /// A job of this kind; see [`NewJob`].
    ///
    /// # Panics
    /// Where the payload cannot be JSON.
    #[must_use]
    pub fn new(
        id: Uuid,
        kind: &'static str,
        payload: impl Serialize,
        priority: i64,
        run_at: Instant,
    ) -> Self {
        Self { id, kind, payload: serde_json::json!(payload), priority, run_at }
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> Uuid {
        self.id
    }

    /// The same job, not before this.
    #[must_use]
    pub fn at(self, run_at: Instant) -> Self {
        Self { run_at, ..self }
    }

    /// Queues it.
    ///
    /// # Errors
    /// What the database says.
    pub async fn enqueue(&self, tx: &mut Tx<'_>) -> Result<()> {
        let Self { id, kind, ref payload, priority, run_at } = *self;
        enqueue(tx, NewJob { id, kind, payload, priority, run_at }).await
    }
}

/// A job that a worker has taken.
#[derive(Clone, Debug)]
pub struct Job {
    /// Its id.
    pub id: Uuid,
    /// The worker's proof that the job is still its own.
    lease: Uuid,
    /// Which [`Handler`] does it.
    pub kind: String,
    /// What was queued with it.
    pub payload: serde_json::Value,
    /// Which try this is, from 1.
    pub attempt: i64,
}

impl Job {
    /// What was queued with it.
    ///
    /// # Errors
    /// [`JobError::Other`] where that was something else.
    pub fn read<T: DeserializeOwned>(&self) -> std::result::Result<T, JobError> {
        serde_json::from_value(self.payload.clone()).map_err(|error| JobError::Other(error.to_string()))
    }
}

/// Why a job has to be tried again. The text goes into the table, for `check`.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Another worker has the job by now: this one's work is undone.
    #[error("the job's lease ran out")]
    Overtaken,
    /// Anything else.
    #[error("{0}")]
    Other(String),
}

type Run = dyn Fn(Job) -> BoxFuture<'static, std::result::Result<(), JobError>> + Send + Sync;

/// Does the jobs of one kind. It has to call [`finish`] in the transaction of its effect.
#[derive(Clone)]
pub struct Handler {
    /// Which jobs.
    pub kind: &'static str,
    run: Arc<Run>,
}

impl Handler {
    /// A handler from an async function.
    pub fn new<F, R>(kind: &'static str, run: F) -> Self
    where
        F: Fn(Job) -> R + Send + Sync + 'static,
        R: Future<Output = std::result::Result<(), JobError>> + Send + 'static,
    {
        Self { kind, run: Arc::new(move |job| run(job).boxed()) }
    }
}

/// Queues a job.
///
/// # Errors
/// What the database says.
pub async fn enqueue(tx: &mut Tx<'_>, job: NewJob<'_>) -> Result<()> {
    on!(tx, c => sqlx::query("INSERT INTO job (id, kind, payload, priority, run_at, attempts) VALUES ($1, $2, $3, $4, $5, 0)")
        .bind(job.id).bind(job.kind).bind(job.payload.to_string()).bind(job.priority).bind(job.run_at)
        .execute(c).await.map(drop))
}

/// Ends a job in the transaction of what it did.
///
/// # Errors
/// [`JobError::Overtaken`] where another worker has it by now: the transaction must not be kept.
pub async fn finish(tx: &mut Tx<'_>, job: &Job) -> std::result::Result<(), JobError> {
    let (id, lease) = (job.id, job.lease);
    let ended = on!(tx, c => sqlx::query("DELETE FROM job WHERE id = $1 AND lease = $2")
        .bind(id).bind(lease).execute(c).await.map(|done| done.rows_affected()))?;
    if ended == 1 { Ok(()) } else { Err(JobError::Overtaken) }
}

/// Ends a job that finds nothing to do.
///
/// # Errors
/// As [`finish`].
pub async fn end(db: &Db, job: Job) -> std::result::Result<(), JobError> {
    db.write(move |tx| async move { finish(tx, &job).await }.boxed()).await
}

/// A job that was given up.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct DeadJob {
    /// Its id.
    pub id: Uuid,
    /// Its kind.
    pub kind: String,
    /// When it was given up.
    pub dead_at: Instant,
    /// What its last try said.
    pub last_error: String,
}

/// The first hundred jobs that were given up, oldest first.
///
/// # Errors
/// What the database says.
pub async fn dead(tx: &mut Tx<'_>) -> Result<Vec<DeadJob>> {
    on!(tx, c => sqlx::query_as("SELECT id, kind, dead_at, last_error FROM job WHERE dead_at IS NOT NULL ORDER BY dead_at, id LIMIT 100")
        .fetch_all(c).await)
}

/// How long a job takes, by its priority.
#[derive(Clone, Copy)]
enum Kind {
    Short,
    Long,
}

impl Kind {
    fn priorities(self) -> (i64, i64) {
        match self {
            Self::Short => (i64::MIN, LONG - 1),
            Self::Long => (LONG, i64::MAX),
        }
    }

    fn at_once(self) -> i64 {
        match self {
            Self::Short => AT_ONCE,
            Self::Long => 1,
        }
    }
}

/// Takes jobs and runs their handlers.
#[derive(Clone)]
pub struct Worker {
    db: Db,
    clock: Clock,
    entropy: Entropy,
    handlers: Arc<HashMap<&'static str, Handler>>,
}

impl Worker {
    /// A worker for these kinds of jobs.
    #[must_use]
    pub fn new(db: Db, clock: Clock, entropy: Entropy, handlers: Vec<Handler>) -> Self {
        let handlers = handlers.into_iter().map(|handler| (handler.kind, handler)).collect();
        Self { db, clock, entropy, handlers: Arc::new(handlers) }
    }

    /// Runs what is due, until nothing is; says how many tries that took.
    ///
    /// # Errors
    /// Where jobs cannot be taken or given back.
    pub async fn run_due(&self) -> Result<usize> {
        let mut ran = 0;
        loop {
            let tries = self.run_due_of(Kind::Short).await? + self.run_due_of(Kind::Long).await?;
            if tries == 0 {
                return Ok(ran);
            }
            ran += tries;
        }
    }

    async fn run_due_of(&self, kind: Kind) -> Result<usize> {
        let mut ran = 0;
        loop {
            let jobs = self.take(kind).await?;
            if jobs.is_empty() {
                return Ok(ran);
            }
            ran += jobs.len();
            futures::future::try_join_all(jobs.into_iter().map(|job| self.run_one(job))).await?;
        }
    }

    /// Runs jobs as they fall due until `stop` is done; looks five times a second. What is under way is ended first; a long job is
    /// dropped, and taken up again by whoever comes next.
    pub async fn run_until(&self, stop: impl Future<Output = ()> + Send) {
        let stop = stop.shared();
        let long = async {
            tokio::select! {
                () = stop.clone() => {}
                () = self.run_of_until(Kind::Long, std::future::pending()) => {}
            }
        };
        futures::future::join(self.run_of_until(Kind::Short, stop.clone()), long).await;
    }

    async fn run_of_until(&self, kind: Kind, stop: impl Future<Output = ()>) {
        let mut stop = std::pin::pin!(stop);
        loop {
            if let Err(error) = self.run_due_of(kind).await {
                tracing::warn!(%error, "jobs could not be taken");
            }
            tokio::select! {
                () = &mut stop => return,
                () = tokio::time::sleep(Duration::from_millis(200)) => {}
            }
        }
    }

    async fn run_one(&self, job: Job) -> Result<()> {
        let ended = match self.handlers.get(job.kind.as_str()) {
            Some(handler) => {
                let run = std::panic::AssertUnwindSafe((handler.run)(job.clone())).catch_unwind();
                tokio::select! {
                    ended = run => {
                        ended.unwrap_or_else(|_| Err(JobError::Other("the handler panicked".into())))
                    }
                    () = self.prolong(&job) => Err(JobError::Overtaken),
                }
            }
            None => Err(JobError::Other("no handler here knows this kind".into())),
        };
        metrics::counter!("staffrecord_store_jobs_total", "ended" => if ended.is_ok() { "done" } else { "failed" }).increment(1);
        match ended {
            Ok(()) | Err(JobError::Overtaken) => Ok(()),
            Err(error) => self.put_back(job, error.to_string()).await,
        }
    }

    /// Keeps a job that takes long for this worker; comes back where another one has it.
    async fn prolong(&self, job: &Job) {
        loop {
            tokio::time::sleep(PROLONGED_AFTER).await;
            let (id, lease, until) = (job.id, job.lease, self.clock.now().plus_seconds(LEASE_SECONDS));
            let prolonged: Result<bool> =
                self.db.write(move |tx| async move { prolong(tx, id, lease, until).await }.boxed()).await;
            // Where the database cannot be asked, it is asked again; the job's end says whose it is.
            if let Ok(false) = prolonged {
                return;
            }
        }
    }

    async fn take(&self, kind: Kind) -> Result<Vec<Job>> {
        let mut reader = self.db.read().await?;
        let now = self.clock.now();
        if !any_due(&mut reader.tx(), kind, now).await? {
            return Ok(Vec::new());
        }
        drop(reader);
        let lease = self.entropy.id(now);
        self.db.write(move |tx| async move { take(tx, kind, lease, now).await }.boxed()).await
    }

    async fn put_back(&self, job: Job, error: String) -> Result<()> {
        let now = self.clock.now();
        tracing::warn!(job = %job.id, kind = job.kind, attempt = job.attempt, error, "a job failed");
        // 2 s, 4 s, 8 s … one hour at most.
        let again = now.plus_seconds((1 << job.attempt.clamp(1, 12)).min(3600));
        let dead = (job.attempt >= TRIES).then_some(now);
        self.db.write(move |tx| async move { put_back(tx, &job, &error, again, dead).await }.boxed()).await
    }
}

async fn any_due(tx: &mut Tx<'_>, kind: Kind, now: Instant) -> Result<bool> {
    let (least, most) = kind.priorities();
    let found: Option<Uuid> = on!(tx, c => sqlx::query_scalar(
        "SELECT id FROM job WHERE dead_at IS NULL AND priority BETWEEN $2 AND $3 AND run_at <= $1
         AND (leased_until IS NULL OR leased_until < $1) LIMIT 1")
        .bind(now).bind(least).bind(most).fetch_optional(c).await)?;
    Ok(found.is_some())
}

const TAKE_LITE: &str = "UPDATE job SET lease = $1, leased_until = $2, attempts = attempts + 1 WHERE id IN (
    SELECT id FROM job WHERE dead_at IS NULL AND priority BETWEEN $5 AND $6 AND run_at <= $3 AND (leased_until IS NULL OR leased_until < $3)
    ORDER BY priority, run_at, id LIMIT $4) RETURNING id, kind, payload, attempts";
const TAKE_PG: &str = "UPDATE job SET lease = $1, leased_until = $2, attempts = attempts + 1 WHERE id IN (
    SELECT id FROM job WHERE dead_at IS NULL AND priority BETWEEN $5 AND $6 AND run_at <= $3 AND (leased_until IS NULL OR leased_until < $3)
    ORDER BY priority, run_at, id LIMIT $4 FOR UPDATE SKIP LOCKED) RETURNING id, kind, payload, attempts";

async fn take(tx: &mut Tx<'_>, kind: Kind, lease: Uuid, now: Instant) -> Result<Vec<Job>> {
    let (least, most) = kind.priorities();
    let text = if tx.is_lite() { TAKE_LITE } else { TAKE_PG };
    let until = now.plus_seconds(LEASE_SECONDS);
    let rows: Vec<(Uuid, String, String, i64)> = on!(tx, c => sqlx::query_as(text)
        .bind(lease).bind(until).bind(now).bind(kind.at_once()).bind(least).bind(most).fetch_all(c).await)?;
    rows.into_iter()
        .map(|(id, kind, payload, attempt)| {
            let payload = serde_json::from_str(&payload)
                .map_err(|_| StoreError::Damaged(format!("payload of job {id}")))?;
            Ok(Job { id, lease, kind, payload, attempt })
        })
        .collect()
}

async fn prolong(tx: &mut Tx<'_>, id: Uuid, lease: Uuid, until: Instant) -> Result<bool> {
    let prolonged = on!(tx, c => sqlx::query("UPDATE job SET leased_until = $3 WHERE id = $1 AND lease = $2")
        .bind(id).bind(lease).bind(until).execute(c).await.map(|done| done.rows_affected()))?;
    Ok(prolonged == 1)
}

async fn put_back(
    tx: &mut Tx<'_>,
    job: &Job,
    error: &str,
    again: Instant,
    dead: Option<Instant>,
) -> Result<()> {
    on!(tx, c => sqlx::query(
        "UPDATE job SET run_at = $3, last_error = $4, dead_at = $5, lease = NULL, leased_until = NULL WHERE id = $1 AND lease = $2")
        .bind(job.id).bind(job.lease).bind(again).bind(error).bind(dead).execute(c).await.map(drop))
}
