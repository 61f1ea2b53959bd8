use std::{num::NonZero, sync::Arc, thread};

use tokio::sync::Semaphore;

use crate::{Data, PdfError, Template, render};

/// So many wait for each that is being made: at some ten milliseconds each, nobody waits longer than a second or two.
const WAITING_PER_CORE: usize = 100;

/// Makes documents for pages: at most one per core at a time, on threads that may be busy, so that pages are served meanwhile.
/// Cheap to clone; all clones share the cores and the queue.
#[derive(Clone, Debug)]
pub struct Printer {
    at_work: Arc<Semaphore>,
    /// Those at work and those that wait.
    taken: Arc<Semaphore>,
}

/// Why nothing was printed.
#[derive(Debug, thiserror::Error)]
pub enum PrintError {
    /// Too many wait: try again in some seconds.
    #[error("too many documents wait to be made")]
    Busy,
    /// There is no such document.
    #[error(transparent)]
    Pdf(#[from] PdfError),
    /// Making it broke off.
    #[error("making the document broke off")]
    BrokeOff,
}

impl Printer {
    /// One that makes so many at a time, while at most so many wait.
    #[must_use]
    pub fn new(at_a_time: NonZero<usize>, waiting: usize) -> Self {
        let at_a_time = at_a_time.get();
        Self {
            at_work: Arc::new(Semaphore::new(at_a_time)),
            taken: Arc::new(Semaphore::new(at_a_time.saturating_add(waiting).min(Semaphore::MAX_PERMITS))),
        }
    }

    /// Makes a document as [`render`] does. Whoever does not wait for the end gives up their place in the queue; a document
    /// that is being made already is made to its end.
    ///
    /// # Errors
    /// [`render`]'s, or that too many wait.
    pub async fn print(&self, template: &'static Template, data: Data) -> Result<Vec<u8>, PrintError> {
        let taken = self.taken.clone().try_acquire_owned().map_err(|_| PrintError::Busy)?;
        let at_work = self.at_work.clone().acquire_owned().await.map_err(|_| PrintError::Busy)?;
        let made = tokio::task::spawn_blocking(move || {
            let made = render(template, &data);
            drop((at_work, taken));
            made
        });
        Ok(made.await.map_err(|_| PrintError::BrokeOff)??)
    }
}

impl Default for Printer {
    /// One document per core.
    fn default() -> Self {
        let cores = thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN);
        Self::new(cores, WAITING_PER_CORE.saturating_mul(cores.get()))
    }
}
