//! A portal's side of a log-in at a provider.

use std::path::Path;

use smartcards::{
    provider::{Asked, Proven, Provider, ProviderError, Settings},
    testing::provider as real,
};
use store::{Clock, Entropy};

pub(crate) use real::{SECRET, UUID, settings};

/// Nobody listens there; the browser stops in front of it.
pub(crate) const REDIRECT: &str = "https://portal.example/card/return";
pub(crate) const BACK: &str = "https://portal.example/";

pub(crate) fn provider(settings: &Settings, clock: &Clock) -> Provider {
    Provider::new(settings, Path::new("."), REDIRECT, clock.clone()).unwrap()
}

/// It stands at the time of now: a real provider's clock cannot be set.
pub(crate) fn clock() -> Clock {
    Clock::standing(Clock::system().now())
}

pub(crate) fn asked(fresh: bool) -> Asked {
    let entropy = Entropy::system();
    Asked::new(&entropy, entropy.secret().reveal(), fresh)
}

/// A real provider for this portal.
pub(crate) async fn start() -> real::Server {
    real::Server::start(REDIRECT, BACK, &[]).await
}

/// A browser that comes back to this portal.
pub(crate) fn new_browser() -> real::Browser {
    real::Browser::new(BACK)
}

/// A whole log-in, in a browser of its own.
pub(crate) async fn log_in(provider: &Provider) -> Result<Proven, ProviderError> {
    let asked = asked(false);
    let begun = provider.begin(&asked).await?;
    let returned = new_browser().log_in(begun).await;
    provider.finish(&returned.code, &asked).await
}
