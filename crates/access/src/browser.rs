//! The browser's own cookie: signed, so that only a browser that has logged in to an account can claim to be known to it.

use http::HeaderValue;
use uuid::Uuid;
use web::{Page, cookies};

use crate::App;

/// A browser stays known for so long after its last log-in: 400 days, the most that browsers allow.
const KNOWN_SECONDS: u64 = 400 * 86_400;

/// The browser that this request comes from, by its cookie.
pub(crate) fn browser_of(app: &App, page: &Page) -> Option<Uuid> {
    app.keys.verified(page.cookie(cookies::BROWSER)?)?.parse().ok()
}

pub(crate) fn browser_cookie(app: &App, browser: Uuid) -> HeaderValue {
    cookies::set(cookies::BROWSER, &app.keys.sign(&browser.to_string()), Some(KNOWN_SECONDS))
}
