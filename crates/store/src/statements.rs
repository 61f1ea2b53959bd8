use std::{
    collections::BTreeMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

/// A statement by the place in the code that runs it: `access::sql:42`.
pub type Statement = &'static str;

/// Counts statements, and where asked for, which ones: tests hold the number and kind of two paths against each other.
#[derive(Debug, Default)]
pub(crate) struct Statements {
    count: AtomicU64,
    recording: AtomicBool,
    seen: Mutex<BTreeMap<Statement, u64>>,
}

impl Statements {
    pub(crate) fn note(&self, statement: Statement) {
        self.count.fetch_add(1, Ordering::Relaxed);
        if self.recording.load(Ordering::Relaxed) {
            *self.seen.lock().unwrap_or_else(PoisonError::into_inner).entry(statement).or_default() += 1;
        }
    }

    pub(crate) fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    /// Starts anew and hands over what was seen since the last call.
    pub(crate) fn record(&self) -> BTreeMap<Statement, u64> {
        self.recording.store(true, Ordering::Relaxed);
        std::mem::take(&mut self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
