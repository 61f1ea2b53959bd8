//! Logging in by smartcard: by its certificate, at a host name of its own, or by an identity provider's card log-in. Either way what
//! comes of it is the 12-digit UUID that stands on staff records.
//!
//! What the browser carries between the portal, the card host and the provider are sealed tickets, bound to the browser that
//! began; see [`crate::tickets`]. The card host writes nothing and knows nobody: it says what the card proved, and the portal
//! judges.

mod card_host;
pub(crate) mod pages;
mod service;

use std::path::Path;

use smartcards::{
    certificate::{Checker, ProxySecret},
    provider::{Provider, Settings, SettingsError},
};
use store::Clock;
use web::Site;

pub use card_host::card_host;
pub use pages::RETURN_PATH;
pub(crate) use service::{CardError, RECENT_MINUTES};

/// The ways by which cards are read here.
#[derive(Clone, Default)]
pub struct Cards {
    /// By certificate.
    pub certificates: Option<Certificates>,
    /// By identity provider.
    pub providers: Vec<Provider>,
}

/// What the card host needs.
#[derive(Clone)]
pub struct Certificates {
    /// Judges a certificate.
    pub checker: Checker,
    /// The card host's origin: `https://card.portal.example`.
    pub origin: String,
    /// What a proxy that ends TLS says first.
    pub proxy_secret: Option<ProxySecret>,
}

impl Cards {
    /// Whether any card can be read.
    pub(crate) fn are_read(&self) -> bool {
        self.certificates.is_some() || !self.providers.is_empty()
    }

    pub(crate) fn provider(&self, id: &str) -> Option<&Provider> {
        self.providers.iter().find(|provider| provider.id() == id)
    }
}

/// The way by certificate, beside the providers' ids.
pub(crate) const BY_CERTIFICATE: &str = "card";

/// The providers of the configuration in `folder`; each has an id of its own.
///
/// # Errors
/// Names the key and what is wrong with it.
pub fn providers(
    settings: &[Settings],
    folder: &Path,
    site: &Site,
    clock: &Clock,
) -> Result<Vec<Provider>, SettingsError> {
    let returns = site.link(RETURN_PATH);
    let mut ids = vec![BY_CERTIFICATE];
    for Settings { id, .. } in settings {
        if ids.contains(&id.as_str()) {
            let problem = format!("{id:?} is taken by another way to read cards; give each its own");
            return Err(SettingsError { key: "id", problem });
        }
        ids.push(id);
    }
    settings.iter().map(|settings| Provider::new(settings, folder, &returns, clock.clone())).collect()
}
