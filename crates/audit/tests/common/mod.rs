#![expect(dead_code, reason = "each test file uses its part")]
#![expect(clippy::unwrap_used, reason = "for tests")]

use std::path::PathBuf;

use audit::{Actor, NewEntry, Origin, Report, Sealer, append, verify};
use futures::FutureExt;
use store::{Clock, Db, Entropy, Instant, StoreError, Value, on};
use uuid::Uuid;

/// A trail with a standing clock and an anchor file in a folder of its own.
pub(crate) struct Trail {
    pub(crate) db: Db,
    pub(crate) clock: Clock,
    pub(crate) entropy: Entropy,
    pub(crate) folder: tempfile::TempDir,
    pub(crate) sealer: Sealer,
}

pub(crate) const BEGAN: &str = "2026-11-24T14:00:00.123456Z";

impl Trail {
    pub(crate) fn new(db: Db) -> Self {
        let clock = Clock::standing(BEGAN.parse().unwrap());
        let entropy = Entropy::seeded(7);
        let folder = tempfile::tempdir().unwrap();
        let anchor = folder.path().join("anchor");
        let sealer = Sealer::new(db.clone(), clock.clone(), entropy.clone(), Some(anchor));
        Self { db, clock, entropy, folder, sealer }
    }

    pub(crate) fn anchor(&self) -> PathBuf {
        self.folder.path().join("anchor")
    }

    pub(crate) fn anchor_lines(&self) -> Vec<String> {
        std::fs::read_to_string(self.anchor()).unwrap().lines().map(str::to_owned).collect()
    }

    /// Another process: a holder of its own.
    pub(crate) fn other_sealer(&self, anchor: Option<PathBuf>) -> Sealer {
        Sealer::new(self.db.clone(), self.clock.clone(), self.entropy.clone(), anchor)
    }

    /// An entry with every field, a second later than the one before it.
    pub(crate) fn entry(&self, mark: u128) -> NewEntry {
        self.clock.advance(1);
        NewEntry {
            id: self.entropy.id(self.clock.now()),
            at: self.clock.now(),
            actor: Actor::Person { staff_record: Uuid::from_u128(mark), role: Some("service_desk".into()) },
            about: Some(Uuid::from_u128(1000 + mark)),
            employer: Some(Uuid::from_u128(427)),
            event: "access.unlocked",
            reason: Some(format!("rang, entry {mark}")),
            data: serde_json::json!({ "mark": mark.to_string() }),
            origin: Origin { address: Some("192.0.2.7".into()), request: Some(format!("r{mark}")) },
        }
    }

    pub(crate) async fn put(&self, entry: NewEntry) {
        self.db.write(move |tx| append(tx, entry).boxed()).await.unwrap();
    }

    /// Appends entries and seals them by one call: one more line of the anchor file each time a batch is full or the end reached.
    pub(crate) async fn sealed(&self, entries: u128) {
        for mark in 1..=entries {
            self.put(self.entry(mark)).await;
        }
        assert_eq!(u128::from(self.sealer.seal_due().await.unwrap()), entries);
    }

    pub(crate) async fn verify(&self) -> Report {
        verify(&self.db, Some(&self.anchor())).await.unwrap()
    }

    pub(crate) async fn verify_without_anchor(&self) -> Report {
        verify(&self.db, None).await.unwrap()
    }

    /// What somebody with the database's password does.
    pub(crate) async fn tamper(&self, text: &'static str, values: Vec<Value>) -> u64 {
        run(&self.db, text, values).await
    }

    pub(crate) async fn id_of(&self, number: i64) -> Uuid {
        let mut reader = self.db.read().await.unwrap();
        on!(reader.tx(), c => sqlx::query_scalar("SELECT id FROM audit_entry WHERE number = $1").bind(number).fetch_one(c).await)
            .unwrap()
    }

    /// The reasons of the sealed entries in the order of their numbers.
    pub(crate) async fn reasons(&self) -> Vec<String> {
        let mut reader = self.db.read().await.unwrap();
        on!(reader.tx(), c => sqlx::query_scalar("SELECT reason FROM audit_entry WHERE number IS NOT NULL ORDER BY number").fetch_all(c).await)
            .unwrap()
    }
}

pub(crate) async fn run(db: &Db, text: &'static str, values: Vec<Value>) -> u64 {
    db.write(move |tx| {
        async move {
            on!(tx, c => {
                let mut query = sqlx::query(text);
                for value in values.clone() {
                    query = match value {
                        Value::Text(text) => query.bind(text),
                        Value::Id(id) => query.bind(id),
                        Value::At(at) => query.bind(at),
                        Value::Day(day) => query.bind(day),
                        Value::Number(number) => query.bind(number),
                        Value::Bytes(bytes) => query.bind(bytes),
                    };
                }
                query.execute(c).await.map(|done| done.rows_affected())
            })
        }
        .boxed()
    })
    .await
    .map_err(|error: StoreError| panic!("{text}: {error}"))
    .unwrap()
}

pub(crate) fn at(text: &str) -> Instant {
    text.parse().unwrap()
}
