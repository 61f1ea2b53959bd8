//! Cookies: `__Host-`, `Secure`, `HttpOnly`, `SameSite=Lax`, path `/`.

use http::{HeaderMap, HeaderValue, header};

/// The session's secret.
pub const SESSION: &str = "__Host-session";
/// A visit without a session: what the log-in form's token is bound to.
pub const VISIT: &str = "__Host-visit";
/// A browser that has logged in to accounts before; signed.
pub const BROWSER: &str = "__Host-browser";

/// The value of the cookie `name`; the first where it is sent twice.
#[must_use]
pub fn read<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(found, _)| *found == name)
        .map(|(_, value)| value)
}

/// A `Set-Cookie` that lasts until the browser is closed, or for `seconds`.
///
/// # Panics
/// Where the value is not made of visible ASCII; ours are.
#[must_use]
pub fn set(name: &str, value: &str, seconds: Option<u64>) -> HeaderValue {
    let age = seconds.map(|seconds| format!("; Max-Age={seconds}")).unwrap_or_default();
    HeaderValue::from_str(&format!("{name}={value}; Path=/; Secure; HttpOnly; SameSite=Lax{age}"))
        .expect("our cookies are ASCII")
}

/// A `Set-Cookie` that removes the cookie.
#[must_use]
pub fn remove(name: &str) -> HeaderValue {
    set(name, "", Some(0))
}
