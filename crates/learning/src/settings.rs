use std::path::PathBuf;

use serde::Deserialize;
use uuid::Uuid;
use web::Site;

/// The `[learning]` table of the configuration.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Each version of a course is served from a name of its own under this one, such as `content.example.org`. Best on another site
    /// than the portal's.
    pub content_base: Option<String>,
    /// Or all of them from one name: then courses can read what others keep in the browser.
    pub content_host: Option<String>,
    /// The folder of the courses' files; `files` beside the configuration unless set.
    pub files: Option<PathBuf>,
}

impl Settings {
    /// The origin that a version is served from; none where courses are not set up.
    #[must_use]
    pub fn content_origin(&self, site: &Site, version: Uuid) -> Option<String> {
        let host = match (&self.content_base, &self.content_host) {
            (Some(base), _) => format!("c-{}.{base}", version.as_simple()),
            (None, Some(host)) => host.clone(),
            (None, None) => return None,
        };
        Some(site.origin().replacen(site.host(), &host, 1))
    }

    /// The origin that PC Checker's frame comes from; none where courses are not set up.
    #[must_use]
    pub fn check_origin(&self, site: &Site) -> Option<String> {
        let host = match (&self.content_base, &self.content_host) {
            (Some(base), _) => format!("check.{base}"),
            (None, Some(host)) => host.clone(),
            (None, None) => return None,
        };
        Some(site.origin().replacen(site.host(), &host, 1))
    }

    /// All origins that courses are served from, as pages' policies name them.
    #[must_use]
    pub fn content_source(&self, site: &Site) -> Option<String> {
        let hosts = match (&self.content_base, &self.content_host) {
            (Some(base), _) => format!("*.{base}"),
            (None, Some(host)) => host.clone(),
            (None, None) => return None,
        };
        Some(site.origin().replacen(site.host(), &hosts, 1))
    }
}
