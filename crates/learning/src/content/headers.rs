use http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::App;

/// What a course may not use of a device.
const DENIED: &str = "accelerometer=(), ambient-light-sensor=(), bluetooth=(), camera=(), clipboard-read=(), display-capture=(), \
                      geolocation=(), gyroscope=(), hid=(), idle-detection=(), local-fonts=(), magnetometer=(), microphone=(), midi=(), \
                      payment=(), publickey-credentials-create=(), publickey-credentials-get=(), screen-wake-lock=(), serial=(), usb=(), \
                      xr-spatial-tracking=()";

/// The headers of every answer of the content host.
#[derive(Clone)]
pub(super) struct Headers {
    policy: HeaderValue,
}

impl Headers {
    pub(super) fn new(app: &App) -> Self {
        // Courses carry their scripts within their pages and make some as they run. They reach their own host and nothing else, and
        // nobody but the portal frames them.
        let policy = format!(
            "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; connect-src 'self' data: blob:; form-action 'self'; \
             frame-ancestors {} 'self'; base-uri 'self'; object-src 'self'",
            app.site.origin()
        );
        let strict = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
        Self { policy: HeaderValue::from_str(&policy).unwrap_or(strict) }
    }

    pub(super) fn add(&self, headers: &mut HeaderMap) {
        headers.insert(header::CONTENT_SECURITY_POLICY, self.policy.clone());
        for (name, value) in [
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (header::REFERRER_POLICY, "no-referrer"),
            (HeaderName::from_static("permissions-policy"), DENIED),
            (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
            (HeaderName::from_static("origin-agent-cluster"), "?1"),
            // What no policy of content says: names abroad are not looked up by WebRTC either.
            (HeaderName::from_static("connection-allowlist"), "(response-origin)"),
            (HeaderName::from_static("x-robots-tag"), "noindex"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    }
}
