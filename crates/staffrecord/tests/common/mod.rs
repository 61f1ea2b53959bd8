//! The program as those meet it who run it and use it: a folder with its configuration, its commands, `serve` as a process,
//! browsers over HTTP, and a real mail server.

pub(crate) mod browser;
pub(crate) mod installation;
pub(crate) mod mailbox;
pub(crate) mod serve;
pub(crate) mod staff;

use std::{
    future::Future,
    time::{Duration, Instant},
};

/// So long anything that happens behind the pages may take here.
const PATIENCE: Duration = Duration::from_secs(30);

/// Looks again and again until there is something to see.
pub(crate) async fn until<T, L>(what: &str, mut look: impl FnMut() -> L) -> T
where
    L: Future<Output = Option<T>>,
{
    let began = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(began.elapsed() < PATIENCE, "it never happened: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
