//! The postman: takes mails from the outbox, has them written, hands them over, and notes what came of it.

use std::{
    collections::HashMap,
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures::{FutureExt, future::BoxFuture};
use store::{Clock, Db, Entropy, Result, StoreError};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::{
    Letter, Outgoing, Sender, State, Transport,
    message::{Message, MessageError},
    model::{Fate, Mark, Pace, mark},
    sql::{self, Taken},
};

/// The outbox is looked into so often.
const LOOK: Duration = Duration::from_millis(200);
/// The gauge is set so often.
const COUNT: Duration = Duration::from_secs(10);
/// A composer has so long.
const COMPOSE: Duration = Duration::from_secs(10);
/// What a lease has over the longest that writing and sending may take: time to note what came of it.
const NOTE_SECONDS: i64 = 20;
/// Mails that have ended are forgotten after 90 days, in seconds.
const KEPT: i64 = 90 * 24 * 3600;
/// So many of them at a time.
const FORGOTTEN: i64 = 200;

/// Why a composer could not write a letter now; it is asked again later. The text goes into the outbox, for `access why`.
#[derive(Debug, thiserror::Error)]
pub enum ComposeError {
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Anything else.
    #[error("{0}")]
    Other(String),
}

type Compose =
    dyn Fn(Outgoing) -> BoxFuture<'static, std::result::Result<Option<Letter>, ComposeError>> + Send + Sync;

/// Writes the mails of one kind, at the moment they are sent.
#[derive(Clone)]
pub struct Composer {
    /// Which mails.
    pub kind: &'static str,
    compose: Arc<Compose>,
}

impl Composer {
    /// A composer from an async function; `None` says that the mail is no longer wanted.
    pub fn new<F, R>(kind: &'static str, compose: F) -> Self
    where
        F: Fn(Outgoing) -> R + Send + Sync + 'static,
        R: Future<Output = std::result::Result<Option<Letter>, ComposeError>> + Send + 'static,
    {
        Self { kind, compose: Arc::new(move |mail| compose(mail).boxed()) }
    }
}

/// Sends what is due. Any number of them, in any number of processes, share an outbox.
#[derive(Clone)]
pub struct Postman(Arc<Bag>);

struct Bag {
    db: Db,
    clock: Clock,
    entropy: Entropy,
    transport: Transport,
    sender: Sender,
    composers: HashMap<&'static str, Composer>,
    pace: Mutex<Pace>,
}

impl Postman {
    /// A postman who has these kinds of mails written.
    #[must_use]
    pub fn new(
        db: Db,
        clock: Clock,
        entropy: Entropy,
        transport: Transport,
        sender: Sender,
        composers: Vec<Composer>,
    ) -> Self {
        let composers = composers.into_iter().map(|composer| (composer.kind, composer)).collect();
        Self(Arc::new(Bag {
            db,
            clock,
            entropy,
            transport,
            sender,
            composers,
            pace: Mutex::new(Pace::new()),
        }))
    }

    /// Sends what is due, until nothing is or the mail server cannot be reached; says how many tries that took.
    ///
    /// # Errors
    /// Where mails cannot be taken.
    pub async fn run_due(&self) -> Result<usize> {
        let bag = &self.0;
        let mut flying = JoinSet::new();
        let mut tried = 0;
        let ended = loop {
            match bag.take(flying.len()).await {
                Ok(taken) => bag.send_out(&mut flying, taken),
                Err(error) => break Err(error),
            }
            // One that is done makes room for the next, however long the others take.
            if flying.join_next().await.is_none() {
                break Ok(());
            }
            tried += 1;
        };
        while flying.join_next().await.is_some() {
            tried += 1;
        }
        bag.transport.rest().await;
        ended.map(|()| tried)
    }

    /// Sends mails as they fall due until `stop` is done; those that are on their way then are waited for.
    pub async fn run_until(&self, stop: impl Future<Output = ()>) {
        let bag = &self.0;
        let mut stop = std::pin::pin!(stop);
        let mut flying = JoinSet::new();
        let mut count = tokio::time::interval(COUNT);
        loop {
            match bag.take(flying.len()).await {
                Ok(taken) => bag.send_out(&mut flying, taken),
                Err(error) => tracing::warn!(%error, "mails could not be taken"),
            }
            if flying.is_empty() {
                bag.transport.rest().await;
            }
            tokio::select! {
                () = &mut stop => break,
                Some(_) = flying.join_next() => {}
                () = tokio::time::sleep(LOOK) => {}
                _ = count.tick() => bag.keep_up().await,
            }
        }
        while flying.join_next().await.is_some() {}
        bag.transport.rest().await;
    }
}

impl Bag {
    fn pace(&self) -> MutexGuard<'_, Pace> {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes as many mails as may set out beside those that are `flying`.
    async fn take(&self, flying: usize) -> Result<Vec<Taken>> {
        let now = self.clock.now();
        let free = self.pace().free(flying, now);
        if free == 0 || !sql::any_due(&mut self.db.read().await?.tx(), now).await? {
            return Ok(Vec::new());
        }
        let longest = i64::try_from((COMPOSE + self.transport.longest()).as_secs()).unwrap_or(i64::MAX);
        let (lease, until) = (self.entropy.id(now), now.plus_seconds(longest + NOTE_SECONDS));
        let limit = i64::try_from(free).unwrap_or(i64::MAX);
        let taken = self
            .db
            .write(move |tx| async move { sql::take(tx, lease, until, now, limit).await }.boxed())
            .await;
        match taken {
            // Another postman is at the same mails: what is left is taken at the next look.
            Err(StoreError::Busy) => Ok(Vec::new()),
            taken => taken,
        }
    }

    /// Each mail is a task of its own: one that was merely kept beside the look for more would hold its connection to the database
    /// while that look waits for one.
    fn send_out(self: &Arc<Self>, flying: &mut JoinSet<()>, taken: Vec<Taken>) {
        for taken in taken {
            let bag = self.clone();
            flying.spawn(async move { bag.send(taken).await });
        }
    }

    async fn send(&self, taken: Taken) {
        let message = self.compose(&taken.mail).await;
        let (fate, message_id) = match message {
            Ok(message) => (self.transport.deliver(&message).await, Some(message.message_id)),
            Err(fate) => (fate, None),
        };
        self.pace().note(&fate, self.clock.now());
        self.note(taken, fate, message_id).await;
    }

    async fn compose(&self, mail: &Outgoing) -> std::result::Result<Message, Fate> {
        let composer = self.composers.get(mail.kind.as_str());
        let composer = composer.ok_or_else(|| Fate::Unwritten("no composer here knows this kind".into()))?;
        // The function itself may panic as well as what it returns.
        let composing = AssertUnwindSafe(async { (composer.compose)(mail.clone()).await }).catch_unwind();
        let letter = match tokio::time::timeout(COMPOSE, composing).await {
            Ok(Ok(Ok(Some(letter)))) => letter,
            Ok(Ok(Ok(None))) => return Err(Fate::Unwanted),
            Ok(Ok(Err(error))) => return Err(Fate::Unwritten(error.to_string())),
            Ok(Err(_)) => return Err(Fate::Unwritten("the composer panicked".into())),
            Err(_) => return Err(Fate::Unwritten("the composer took too long".into())),
        };
        Message::new(&letter, &self.sender, &mail.to, mail.id, self.clock.now()).map_err(
            |error| match error {
                MessageError::Address(_) => Fate::Refused(error.to_string()),
                MessageError::Letter(_) | MessageError::Headers(_) => Fate::Unwritten(error.to_string()),
            },
        )
    }

    /// Notes what came of a try. Answers may name the address: they are for the outbox, not for the log.
    async fn note(&self, taken: Taken, fate: Fate, message_id: Option<String>) {
        let Taken { mail, lease } = taken;
        let mark = mark(&fate, &mail, message_id, self.clock.now());
        let (id, kind, attempt) = (mail.id, mail.kind.as_str(), mail.attempt);
        let state = mark.state;
        tracing::debug!(mail = %id, kind, attempt, %state, "a mail was tried");
        if !self.marked(id, lease, mark).await {
            return;
        }
        let permanent = matches!(fate, Fate::Refused(_));
        match state {
            State::Sent => metrics::counter!("staffrecord_mail_sent_total").increment(1),
            State::Failed => {
                let why = if permanent { "permanent" } else { "gave_up" };
                metrics::counter!("staffrecord_mail_failed_total", "why" => why).increment(1);
                tracing::warn!(mail = %id, kind, attempt, why, "a mail could not be sent");
            }
            State::Waiting => tracing::info!(mail = %id, kind, attempt, "a mail is tried again later"),
            State::Dropped => {}
        }
    }

    /// Writes the mark; says whether it stands. A mail that was sent and cannot be marked would be sent again, so it is tried
    /// for as long as the lease surely lives.
    async fn marked(&self, id: Uuid, lease: Uuid, mark: Mark) -> bool {
        for wait in [100, 500, 2000, 5000, 0] {
            let mark = mark.clone();
            match self.db.write(move |tx| async move { sql::mark(tx, id, lease, mark).await }.boxed()).await {
                Ok(true) => return true,
                Ok(false) => {
                    tracing::warn!(mail = %id, "a mail's lease ran out while it was tried: it may arrive twice");
                    return false;
                }
                Err(error) => {
                    tracing::warn!(mail = %id, %error, "what came of a mail could not be written down");
                    tokio::time::sleep(Duration::from_millis(wait)).await;
                }
            }
        }
        false
    }

    /// Counts what waits, and forgets what ended long ago.
    async fn keep_up(&self) {
        let before = self.clock.now().plus_seconds(-KEPT);
        let looked = async {
            let mut reader = self.db.read().await?;
            let queue = sql::queue(&mut reader.tx()).await?;
            metrics::gauge!("staffrecord_mail_waiting").set(queue.waiting as f64);
            if sql::any_ended(&mut reader.tx(), before).await? {
                drop(reader);
                self.db
                    .write(move |tx| async move { sql::forget(tx, before, FORGOTTEN).await }.boxed())
                    .await?;
            }
            Result::Ok(())
        };
        if let Err(error) = looked.await {
            tracing::warn!(%error, "the outbox could not be looked over");
        }
    }
}
