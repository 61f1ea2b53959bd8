use std::path::{Path, PathBuf};

use scorm::Limits;
use serde::Deserialize;
use uuid::Uuid;
use web::Site;

/// The `[learning]` table of the configuration.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Each attempt's course is served from a name of its own under this one, such as `content.example.org`. Best on another site than
    /// the portal's.
    pub content_base: Option<String>,
    /// Or all of them from one name: then courses can read what others keep in the browser, and the next person on a computer what the
    /// last one's kept.
    pub content_host: Option<String>,
    /// The folder of the courses' files; `files` beside the configuration unless set.
    pub files: Option<PathBuf>,
    /// What a package may have of anything.
    pub limits: Limits,
}

impl Settings {
    /// Whether the host names of courses are names, and neither the portal's own (`site`) nor the card host's (`card`).
    ///
    /// # Errors
    /// The key, and what is wrong with it.
    pub fn check(&self, site: &str, card: Option<&str>) -> Result<(), (&'static str, String)> {
        let is_name = |name: &str| {
            let letters = |part: &str| {
                let inner = part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
                !part.is_empty()
                    && part.len() <= 63
                    && inner
                    && !part.starts_with('-')
                    && !part.ends_with('-')
            };
            name.len() <= 200 && name.split('.').all(letters)
        };
        let below = |name: &str, base: &str| {
            let (name, base) = (name.to_ascii_lowercase(), base.to_ascii_lowercase());
            name == base || name.ends_with(&format!(".{base}"))
        };
        let names =
            [("learning.content_base", &self.content_base), ("learning.content_host", &self.content_host)];
        for (key, name) in names {
            let Some(name) = name else { continue };
            if !is_name(name) {
                return Err((key, format!("{name:?} is no host name: write it like content.example.org")));
            }
            let taken = |other: &str| {
                below(other, name) && (key.ends_with("base") || other.eq_ignore_ascii_case(name))
            };
            if taken(site) || card.is_some_and(taken) {
                return Err((
                    key,
                    format!("{name} leads to the portal itself: courses need names that are not its own"),
                ));
            }
        }
        if self.content_base.is_some() && self.content_host.is_some() {
            return Err((
                "learning.content_host",
                "goes without learning.content_base: set one of them".into(),
            ));
        }
        Ok(())
    }

    /// The folder of courses' files, where paths start from `folder`.
    #[must_use]
    pub fn files_in(&self, folder: &Path) -> PathBuf {
        folder.join(self.files.as_deref().unwrap_or(Path::new("files")))
    }

    /// The origin that an attempt's course is served from, where a browser keeps what the course leaves there apart from what was left by
    /// another person's, or in another course; none where courses are not set up.
    #[must_use]
    pub fn content_origin(&self, site: &Site, attempt: Uuid) -> Option<String> {
        let host = match (&self.content_base, &self.content_host) {
            (Some(base), _) => format!("c-{}.{base}", attempt.as_simple()),
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
