//! Jobs: what is done later, by any process, until it has worked. A job is queued in the transaction of what caused it and
//! deleted in the transaction of what it did, so its effect on the database happens once.

use std::{collections::HashMap, sync::Arc, time::Duration};

use futures::{FutureExt, future::BoxFuture};
use uuid::Uuid;

use crate::{Clock, Db, Entropy, Instant, Result, StoreError, Tx, on};

/// A worker keeps a job for so long; after that another may take it.
const LEASE_SECONDS: i64 = 60;
/// After so many tries a job is dead: it stays in the table and `check` shows it.
const TRIES: i64 = 12;
/// So many jobs are taken and run at once.
const AT_ONCE: i64 = 32;

/// A job to queue.
#[derive(Clone, Debug)]
pub struct NewJob<'a> {
    /// Its id.
    pub id: Uuid,
    /// Which [`Handler`] does it.
    pub kind: &'static str,
    /// What it needs to know: ids, never secrets.
    pub payload: &'a serde_json::Value,
    /// Jobs with a smaller number are taken first.
    pub priority: i64,
    /// Not before this.
    pub run_at: Instant,
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
            let jobs = self.take().await?;
            if jobs.is_empty() {
                return Ok(ran);
            }
            ran += jobs.len();
            futures::future::try_join_all(jobs.into_iter().map(|job| self.run_one(job))).await?;
        }
    }

    /// Runs jobs as they fall due until `stop` is done; looks five times a second.
    pub async fn run_until(&self, stop: impl Future<Output = ()>) {
        let mut stop = std::pin::pin!(stop);
        loop {
            if let Err(error) = self.run_due().await {
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
                match std::panic::AssertUnwindSafe((handler.run)(job.clone())).catch_unwind().await {
                    Ok(ended) => ended,
                    Err(_) => Err(JobError::Other("the handler panicked".into())),
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

    async fn take(&self) -> Result<Vec<Job>> {
        let mut reader = self.db.read().await?;
        let now = self.clock.now();
        if !any_due(&mut reader.tx(), now).await? {
            return Ok(Vec::new());
        }
        drop(reader);
        let lease = self.entropy.id(now);
        self.db.write(move |tx| async move { take(tx, lease, now).await }.boxed()).await
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

async fn any_due(tx: &mut Tx<'_>, now: Instant) -> Result<bool> {
    let found: Option<Uuid> = on!(tx, c => sqlx::query_scalar(
        "SELECT id FROM job WHERE dead_at IS NULL AND run_at <= $1 AND (leased_until IS NULL OR leased_until < $1) LIMIT 1")
        .bind(now).fetch_optional(c).await)?;
    Ok(found.is_some())
}

const TAKE_LITE: &str = "UPDATE job SET lease = $1, leased_until = $2, attempts = attempts + 1 WHERE id IN (
    SELECT id FROM job WHERE dead_at IS NULL AND run_at <= $3 AND (leased_until IS NULL OR leased_until < $3)
    ORDER BY priority, run_at, id LIMIT $4) RETURNING id, kind, payload, attempts";
const TAKE_PG: &str = "UPDATE job SET lease = $1, leased_until = $2, attempts = attempts + 1 WHERE id IN (
    SELECT id FROM job WHERE dead_at IS NULL AND run_at <= $3 AND (leased_until IS NULL OR leased_until < $3)
    ORDER BY priority, run_at, id LIMIT $4 FOR UPDATE SKIP LOCKED) RETURNING id, kind, payload, attempts";

async fn take(tx: &mut Tx<'_>, lease: Uuid, now: Instant) -> Result<Vec<Job>> {
    let text = if tx.is_lite() { TAKE_LITE } else { TAKE_PG };
    let until = now.plus_seconds(LEASE_SECONDS);
    let rows: Vec<(Uuid, String, String, i64)> = on!(tx, c => sqlx::query_as(text)
        .bind(lease).bind(until).bind(now).bind(AT_ONCE).fetch_all(c).await)?;
    rows.into_iter()
        .map(|(id, kind, payload, attempt)| {
            let payload = serde_json::from_str(&payload)
                .map_err(|_| StoreError::Damaged(format!("payload of job {id}")))?;
            Ok(Job { id, lease, kind, payload, attempt })
        })
        .collect()
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
