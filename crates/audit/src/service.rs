use std::{
    io,
    path::PathBuf,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use futures::FutureExt;
use store::{Clock, Db, Entropy, Instant, StoreError, Tx};
use uuid::Uuid;

use crate::{
    anchor::{self, Line},
    model::{Entry, Hash, Head, LARGEST_BATCH, LARGEST_ENTRY, NewEntry, continue_chain},
    sql,
};

/// Who holds it seals; see `store::lease`.
const LEASE: &str = "audit-seal";
/// A sealer keeps the lease so long after it last sealed. Short, since nobody seals for a holder that was killed.
const LEASE_SECONDS: i64 = 2;
/// The sealer looks for entries so often.
const PAUSE: Duration = Duration::from_millis(250);

/// Puts an entry on the trail in the caller's transaction: it is there exactly when the rest of the transaction is.
///
/// It waits for nobody. The entry gets its number and hash from the [`Sealer`], later.
///
/// # Errors
/// What the database says; an entry larger than [`LARGEST_ENTRY`] is refused.
pub async fn append(tx: &mut Tx<'_>, entry: NewEntry) -> store::Result<()> {
    let entry = Entry::from(entry);
    if entry.encode(i64::MAX).len() > LARGEST_ENTRY {
        let text = format!("an entry {} of the trail is larger than {LARGEST_ENTRY} bytes", entry.event);
        return Err(StoreError::Sql(sqlx::Error::Encode(text.into())));
    }
    sql::insert(tx, &entry).await
}

/// The newest entries about a staff record, newest first, sealed or not.
///
/// # Errors
/// What the database says.
pub async fn about(tx: &mut Tx<'_>, staff_record: Uuid, limit: i64) -> store::Result<Vec<Entry>> {
    sql::about(tx, staff_record, limit).await
}

/// The newest entries about a staff record of what others did in a role, or as the operator, newest first, sealed or not: what its
/// person may see.
///
/// # Errors
/// What the database says.
pub async fn done_by_others(tx: &mut Tx<'_>, staff_record: Uuid, limit: i64) -> store::Result<Vec<Entry>> {
    sql::done_by_others(tx, staff_record, limit).await
}

/// The newest entries about a staff record whose event begins with `event`, newest first, sealed or not.
///
/// # Errors
/// What the database says.
pub async fn about_with(
    tx: &mut Tx<'_>,
    staff_record: Uuid,
    event: &str,
    limit: i64,
) -> store::Result<Vec<Entry>> {
    sql::about_with(tx, staff_record, event, limit).await
}

/// How many entries wait to be sealed.
///
/// # Errors
/// What the database says.
pub async fn unsealed(tx: &mut Tx<'_>) -> store::Result<u64> {
    sql::count_unsealed(tx).await.map(i64::unsigned_abs)
}

/// Why entries were not sealed, or not anchored.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The database refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The row that holds the head is missing or damaged. Nothing is sealed.
    #[error("the head of the trail is missing or damaged; run: staffrecord audit verify")]
    NoHead,
    /// The head does not stand at the end of the chain. Nothing is sealed.
    #[error("the number after the head of the trail is taken; run: staffrecord audit verify")]
    Taken,
    /// The anchor file cannot be read or written. Entries are sealed all the same.
    #[error("the anchor file {} cannot be used: {source}", path.display())]
    Anchor {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The last line of the anchor file is not what the database holds: the end of the chain was cut off or rewritten, or an
    /// older database was restored. Said once; entries are sealed and anchored all the same.
    #[error(
        "the anchor file's last line, number {number}, is not in the database; run: staffrecord audit verify --anchor FILE"
    )]
    Contradicted {
        /// The number on that line.
        number: i64,
    },
}

/// Another sealer was quicker, which is as good.
enum Attempt {
    Overtaken,
    Failed(SealError),
}

impl From<StoreError> for Attempt {
    fn from(error: StoreError) -> Self {
        match error {
            error if error.is_duplicate() => Self::Failed(SealError::Taken),
            error => Self::Failed(error.into()),
        }
    }
}

/// Gives committed entries their number and hash, and keeps the anchor file. Every `serve` has one; whoever holds the lease
/// seals, the others wait for nothing.
pub struct Sealer {
    db: Db,
    clock: Clock,
    holder: Uuid,
    anchor: Option<PathBuf>,
    /// The head for which the anchor file is known to be up to date.
    anchored: Mutex<Option<Head>>,
}

/// What there is to do.
struct Work {
    head: Head,
    due: Vec<Entry>,
    /// Somebody else does it.
    elsewhere: bool,
}

impl Sealer {
    /// A sealer that writes to the anchor file `anchor`, which is made where it is missing.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "every service is handed its own entropy")]
    pub fn new(db: Db, clock: Clock, entropy: Entropy, anchor: Option<PathBuf>) -> Self {
        let holder = entropy.id(clock.now());
        Self { db, clock, holder, anchor, anchored: Mutex::default() }
    }

    /// Seals every committed entry, in batches; says how many that were. 0 where another process holds the lease.
    ///
    /// # Errors
    /// See [`SealError`]; what was sealed before it stays sealed.
    pub async fn seal_due(&self) -> Result<u64, SealError> {
        let mut sealed = 0;
        let mut anchored = Ok(());
        loop {
            let work = self.look().await?;
            // Before the next batch and after the last: what a crash kept out of the file is caught up here as well.
            anchored = anchored.and(self.anchor(work.head).await);
            if work.due.is_empty() || work.elsewhere {
                break;
            }
            match self.seal(work).await {
                Ok(count) => {
                    metrics::counter!("staffrecord_audit_sealed_total").increment(count);
                    sealed += count;
                }
                Err(Attempt::Overtaken) => break,
                Err(Attempt::Failed(error)) => return Err(error),
            }
        }
        anchored.map(|()| sealed)
    }

    /// Seals four times a second until `stop` is done, then once more, and gives the lease back. A failure is logged when it
    /// begins, not each time.
    pub async fn run_until(&self, stop: impl Future<Output = ()>) {
        let mut stop = std::pin::pin!(stop);
        let mut failing = String::new();
        loop {
            self.seal_and_log(&mut failing).await;
            tokio::select! {
                () = &mut stop => break,
                () = tokio::time::sleep(PAUSE) => {}
            }
        }
        self.seal_and_log(&mut failing).await;
        let holder = self.holder;
        let released = self.db.write(move |tx| store::lease::release(tx, LEASE, holder).boxed()).await;
        if let Err(error) = released {
            tracing::warn!(%error, "the lease on sealing the trail could not be given back");
        }
    }

    async fn seal_and_log(&self, failing: &mut String) {
        let text = self.seal_due().await.err().map(|error| error.to_string()).unwrap_or_default();
        if text != *failing && !text.is_empty() {
            tracing::error!(error = text, "the trail could not be sealed and anchored");
        }
        *failing = text;
    }

    async fn look(&self) -> Result<Work, SealError> {
        let now = self.clock.now();
        let mut reader = self.db.read().await?;
        let mut tx = reader.tx();
        let (number, hash) = sql::head(&mut tx).await?.ok_or(SealError::NoHead)?;
        let head = Head { number, hash: Hash::from_bytes(&hash).ok_or(SealError::NoHead)? };
        let due = sql::oldest_unsealed(&mut tx, LARGEST_BATCH as i64).await?;
        let elsewhere = !due.is_empty() && sql::leased_elsewhere(&mut tx, LEASE, self.holder, now).await?;
        metrics::gauge!("staffrecord_audit_unsealed_age_seconds")
            .set(due.first().map_or(0.0, |entry| age(entry.at, now)));
        Ok(Work { head, due, elsewhere })
    }

    /// Seals one batch in one transaction. The hashes are computed before it, so that nobody waits for them; that the head
    /// is still where it was when they were computed is what keeps the chain from forking, with or without the lease.
    async fn seal(&self, work: Work) -> Result<u64, Attempt> {
        let seals = continue_chain(work.head, &work.due);
        let count = seals.len() as u64;
        let (holder, now) = (self.holder, self.clock.now());
        self.db
            .write(move |tx| {
                async move {
                    let until = now.plus_seconds(LEASE_SECONDS);
                    let Some(last) = seals.last() else { return Err(Attempt::Overtaken) };
                    let to = Head { number: last.number, hash: last.hash };
                    if store::lease::take(tx, LEASE, holder, until, now).await?
                        && sql::move_head(tx, work.head, to).await?
                        && sql::seal(tx, &seals).await? == count
                    {
                        Ok(count)
                    } else {
                        Err(Attempt::Overtaken)
                    }
                }
                .boxed()
            })
            .await
    }

    /// Sees to it that the anchor file ends with this head.
    async fn anchor(&self, head: Head) -> Result<(), SealError> {
        let Some(path) = &self.anchor else { return Ok(()) };
        if self.known_anchored(None) == Some(head) {
            return Ok(());
        }
        let last = self.on_file(path.clone(), |path| anchor::last(&path)).await?;
        let mut contradicted = Ok(());
        if let Some(last) = last {
            let stored = sql::sealed(&mut self.db.read().await?.tx(), last.head.number).await?;
            if stored.and_then(|row| row.hash) != Some(last.head.hash) {
                contradicted = Err(SealError::Contradicted { number: last.head.number });
            } else if last.head.number >= head.number {
                // Written by a process that shares the file.
                self.known_anchored(Some(head));
                return Ok(());
            }
        }
        if head.number > 0 {
            let line = Line { head, at: self.clock.now() };
            if !self.on_file(path.clone(), move |path| anchor::append(&path, &line, last.as_ref())).await? {
                return Ok(()); // somebody else is at it; the next look will see
            }
        }
        self.known_anchored(Some(head));
        contradicted
    }

    /// The head that the anchor file is known to end with; `now` where that has changed.
    fn known_anchored(&self, now: Option<Head>) -> Option<Head> {
        let mut known = self.anchored.lock().unwrap_or_else(PoisonError::into_inner);
        *known = now.or(*known);
        *known
    }

    async fn on_file<T: Send + 'static>(
        &self,
        path: PathBuf,
        work: impl FnOnce(PathBuf) -> io::Result<T> + Send + 'static,
    ) -> Result<T, SealError> {
        let used = path.clone();
        let done = tokio::task::spawn_blocking(move || work(used)).await;
        done.unwrap_or_else(|stopped| Err(io::Error::other(stopped)))
            .map_err(|source| SealError::Anchor { path, source })
    }
}

/// Seconds from `at` until `now`; none where a clock went back.
fn age(at: Instant, now: Instant) -> f64 {
    (now.microseconds() - at.microseconds()).max(0) as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Actor, Origin, verify};

    /// Two sealers look at the same head; only one can move it, although each may take the lease.
    #[tokio::test]
    async fn a_late_sealer_changes_nothing() {
        store::testing::both("late sealer", |db| async move {
            let (clock, entropy) =
                (Clock::standing("2026-11-24T14:00:00Z".parse().unwrap()), Entropy::seeded(1));
            let [quick, late] =
                [(); 2].map(|()| Sealer::new(db.clone(), clock.clone(), entropy.clone(), None));
            for _ in 0..3 {
                let (id, at) = (entropy.id(clock.now()), clock.now());
                let entry = NewEntry {
                    id,
                    at,
                    actor: Actor::System,
                    about: None,
                    employer: None,
                    event: "access.locked",
                    reason: None,
                    data: serde_json::json!({}),
                    origin: Origin::default(),
                };
                db.write(move |tx| append(tx, entry).boxed()).await.unwrap();
            }
            let (first, second) = (quick.look().await.unwrap(), late.look().await.unwrap());
            assert_eq!((first.due.len(), second.due.len()), (3, 3));
            assert!(matches!(quick.seal(first).await, Ok(3)));
            // Within the lease it is the lease that stops the other, after it the head.
            for seconds in [0, LEASE_SECONDS + 1] {
                clock.advance(seconds);
                let second = Work { due: second.due.clone(), ..second };
                assert!(matches!(late.seal(second).await, Err(Attempt::Overtaken)), "{seconds}");
            }
            let report = verify(&db, None).await.unwrap();
            assert_eq!((report.entries, report.findings), (3, vec![]));
        })
        .await;
    }
}
