use uuid::Uuid;

use crate::Settings;

/// What a host name is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Host {
    /// One attempt's, and no other's.
    Attempt(Uuid),
    /// All attempts', where they have one name together.
    All,
    /// What PC Checker looks at.
    Check,
}

/// The host names of courses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hosts {
    base: Option<String>,
    host: Option<String>,
}

impl Hosts {
    /// Those of the configuration; none where courses are not set up.
    #[must_use]
    pub fn new(settings: &Settings) -> Option<Self> {
        let (base, host) = (settings.content_base.clone(), settings.content_host.clone());
        (base.is_some() || host.is_some()).then_some(Self { base, host })
    }

    /// Whether a host name is one of them, whatever is found there.
    #[must_use]
    pub fn are(&self, host: &str) -> bool {
        let host = plain(host);
        let below = |base: &String| {
            let name = host.strip_suffix(&base.to_ascii_lowercase());
            name.is_some_and(|name| name.is_empty() || name.ends_with('.'))
        };
        self.base.as_ref().is_some_and(below)
            || self.host.as_ref().is_some_and(|own| host.eq_ignore_ascii_case(own))
    }

    /// What a host name is for; `None` where it is none of them, or of no use.
    #[must_use]
    pub fn of(&self, host: &str) -> Option<Host> {
        let host = plain(host);
        if let Some(base) = &self.base {
            let name = host.strip_suffix(&base.to_ascii_lowercase())?.strip_suffix('.')?;
            if name == "check" {
                return Some(Host::Check);
            }
            let id = name.strip_prefix("c-").filter(|id| id.len() == 32)?;
            return Uuid::try_parse(id).ok().map(Host::Attempt);
        }
        self.host.as_ref().filter(|own| host.eq_ignore_ascii_case(own)).map(|_| Host::All)
    }
}

fn plain(host: &str) -> String {
    host.trim_end_matches('.').to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::{Host, Hosts};
    use crate::Settings;

    #[test]
    fn an_attempt_has_a_name_of_its_own() {
        let settings = Settings { content_base: Some("Content.example".into()), ..Settings::default() };
        let hosts = Hosts::new(&settings).unwrap();
        let id = Uuid::from_u128(0x0193_f6a0_0000_7000_8000_0000_0000_0001);
        let name = format!("c-{}.content.example", id.as_simple());
        for right in [name.clone(), name.to_uppercase(), format!("{name}.")] {
            assert_eq!(hosts.of(&right), Some(Host::Attempt(id)), "{right}");
        }
        assert_eq!(hosts.of("check.content.example"), Some(Host::Check));
        for wrong in [
            "content.example".to_owned(),
            ".content.example".to_owned(),
            format!("c-{id}.content.example"),
            format!("x.{name}"),
            format!("{name}.evil.example"),
            "c-.content.example".to_owned(),
            format!("c-{}zz.content.example", &id.as_simple().to_string()[..30]),
            format!("c-{}evilcontent.example", id.as_simple()),
        ] {
            assert_eq!(hosts.of(&wrong), None, "{wrong}");
        }
        for (name, ours) in
            [("content.example", true), ("x.y.content.example", true), ("evilcontent.example", false)]
        {
            assert_eq!(hosts.are(name), ours, "{name}");
        }
    }

    #[test]
    fn or_all_have_one_name() {
        let settings = Settings { content_host: Some("content.example".into()), ..Settings::default() };
        let hosts = Hosts::new(&settings).unwrap();
        assert_eq!(hosts.of("CONTENT.example"), Some(Host::All));
        assert_eq!(hosts.of("check.content.example"), None);
        assert_eq!(Hosts::new(&Settings::default()), None);
    }
}
