//! The configuration: one TOML file, a table per room.

use std::{
    fs, io,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use ipnet::IpNet;
use serde::Deserialize;
use web::{Keys, KeysError, Site};

/// The whole file. Paths in it are relative to its folder.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// What the site is called and where.
    pub site: SiteConfig,
    /// The database.
    pub database: DatabaseConfig,
    /// How pages are served.
    #[serde(default)]
    pub serve: ServeConfig,
    /// What is logged, and how.
    #[serde(default)]
    pub log: LogConfig,
    /// Accounts.
    #[serde(default)]
    pub access: access::Settings,
    /// Payslips.
    #[serde(default)]
    pub payslips: payslips::Settings,
    /// e-Learning.
    #[serde(default)]
    pub learning: learning::Settings,
    /// Mail.
    pub mail: mail::Settings,
    /// The trail.
    #[serde(default)]
    pub audit: AuditConfig,
    /// The file's folder.
    #[serde(skip)]
    pub folder: PathBuf,
}

/// `[site]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SiteConfig {
    /// The name shown on pages.
    pub name: String,
    /// The address that people type.
    pub address: String,
    /// The folder of the site's keys; `keys` unless set.
    pub keys: Option<PathBuf>,
}

/// `[database]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseConfig {
    /// `sqlite:PATH` or `postgres://…`.
    pub address: String,
    /// Connections at most.
    pub connections: Option<u32>,
}

/// `[serve]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ServeConfig {
    /// Address and port.
    pub listen: SocketAddr,
    /// A PEM file of the certificate and its chain. With `tls_key`, pages are served by HTTPS.
    pub tls_certificate: Option<PathBuf>,
    /// A PEM file of its key.
    pub tls_key: Option<PathBuf>,
    /// Another certificate for the card host, where the portal's does not name it; with its key.
    pub card_tls_certificate: Option<PathBuf>,
    /// A PEM file of its key.
    pub card_tls_key: Option<PathBuf>,
    /// Another certificate for the host names of courses, where the portal's does not name them; with its key.
    pub content_tls_certificate: Option<PathBuf>,
    /// A PEM file of its key.
    pub content_tls_key: Option<PathBuf>,
    /// Networks of proxies that end TLS in front of this program: their `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Where metrics are served; nowhere unless set.
    pub metrics_listen: Option<SocketAddr>,
}

impl Default for ServeConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            tls_certificate: None,
            tls_key: None,
            card_tls_certificate: None,
            card_tls_key: None,
            content_tls_certificate: None,
            content_tls_key: None,
            trusted_proxies: Vec::new(),
            metrics_listen: None,
        }
    }
}

/// `[log]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LogConfig {
    /// `text` or `json`.
    pub format: LogFormat,
    /// `error`, `warn`, `info` or `debug`.
    pub level: String,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self { format: LogFormat::Text, level: "info".into() }
    }
}

const LEVELS: [&str; 4] = ["error", "warn", "info", "debug"];

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For eyes.
    Text,
    /// For machines.
    Json,
}

/// `[audit]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AuditConfig {
    /// The file that the trail is anchored in, best on another disk or a log server's.
    pub anchor: Option<PathBuf>,
}

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// It cannot be read.
    #[error(
        "{path:?} cannot be read: {source}. Make one with `staffrecord init`, or name another with --config."
    )]
    File {
        /// Which.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It is no TOML, or not of this form.
    #[error("{path:?}: {says}")]
    Form {
        /// Which.
        path: PathBuf,
        /// What is wrong, with the line.
        says: String,
    },
    /// A value makes no sense.
    #[error("{path:?}: {key}: {says}")]
    Value {
        /// Which file.
        path: PathBuf,
        /// Which key.
        key: String,
        /// What is wrong.
        says: String,
    },
}

impl Config {
    /// Reads a configuration.
    ///
    /// # Errors
    /// See [`ConfigError`].
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text =
            fs::read_to_string(path).map_err(|source| ConfigError::File { path: path.to_owned(), source })?;
        Self::parse(&text, path)
    }

    /// Reads a configuration's text.
    ///
    /// # Errors
    /// See [`ConfigError`].
    pub fn parse(text: &str, path: &Path) -> Result<Self, ConfigError> {
        let mut config: Self = toml::from_str(text).map_err(|error| {
            let hint =
                nearest(error.message()).map(|key| format!("Did you mean `{key}`?\n")).unwrap_or_default();
            ConfigError::Form { path: path.to_owned(), says: format!("{error}{hint}") }
        })?;
        config.folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
            .unwrap_or(Path::new("."))
            .to_owned();
        let value =
            |key: &str, says: String| ConfigError::Value { path: path.to_owned(), key: key.to_owned(), says };
        config.site().map_err(|says| value("site.address", says))?;
        if config.site.name.trim().is_empty() {
            return Err(value("site.name", "is empty: give the site a name".into()));
        }
        if !LEVELS.contains(&config.log.level.as_str()) {
            let says = format!("is {:?}: write one of {}", config.log.level, LEVELS.join(", "));
            return Err(value("log.level", says));
        }
        if config.serve.tls_certificate.is_some() != config.serve.tls_key.is_some() {
            return Err(value(
                "serve.tls_certificate",
                "goes together with serve.tls_key: set both or neither".into(),
            ));
        }
        if config.serve.card_tls_certificate.is_some() != config.serve.card_tls_key.is_some() {
            return Err(value(
                "serve.card_tls_certificate",
                "goes together with serve.card_tls_key: set both or neither".into(),
            ));
        }
        if config.serve.content_tls_certificate.is_some() != config.serve.content_tls_key.is_some() {
            return Err(value(
                "serve.content_tls_certificate",
                "goes together with serve.content_tls_key: set both or neither".into(),
            ));
        }
        if let Ok(site) = config.site() {
            let card = config.access.smartcard_certificates.as_ref().map(|cards| cards.host.as_str());
            config.learning.check(site.host(), card).map_err(|(key, says)| value(key, says))?;
        }
        if let Some(cards) = &config.access.smartcard_certificates {
            let own_tls = config.serve.tls_certificate.is_some();
            let has_secret = cards.proxy_secret.is_some() || cards.proxy_secret_file.is_some();
            if !own_tls && !has_secret {
                return Err(value(
                    "access.smartcard_certificates",
                    "needs HTTPS by this program (serve.tls_certificate), or a proxy that passes the certificate on \
                     (proxy_secret_file, and its network in serve.trusted_proxies)"
                        .into(),
                ));
            }
        }
        config.serve_is_safe().map_err(|says| value("serve.listen", says))?;
        Ok(config)
    }

    /// A path of the file, from its folder.
    #[must_use]
    pub fn path(&self, path: &Path) -> PathBuf {
        self.folder.join(path)
    }

    /// The site.
    ///
    /// # Errors
    /// In words, where its address is none.
    pub fn site(&self) -> Result<Site, String> {
        let mut site =
            Site::new(self.site.name.clone(), &self.site.address).map_err(|error| error.to_string())?;
        site.trusted_proxies.clone_from(&self.serve.trusted_proxies);
        Ok(site)
    }

    /// The site's keys, made where there are none yet.
    ///
    /// # Errors
    /// Where they cannot be read or made.
    pub fn keys(&self, entropy: &store::Entropy) -> Result<Keys, KeysError> {
        Keys::open(&self.keys_folder(), entropy)
    }

    /// The folder of the site's keys.
    #[must_use]
    pub fn keys_folder(&self) -> PathBuf {
        self.path(self.site.keys.as_deref().unwrap_or(Path::new("keys")))
    }

    /// The trail's anchor file.
    #[must_use]
    pub fn anchor(&self) -> Option<PathBuf> {
        self.audit.anchor.as_deref().map(|anchor| self.path(anchor))
    }

    /// How to open the database.
    #[must_use]
    pub fn database(&self) -> store::Options {
        let mut options = store::Options::new(self.database.address.clone());
        if let Some(file) = options.file() {
            options.address = format!("sqlite:{}", self.path(file).display());
        }
        options.connections = self.database.connections.unwrap_or(options.connections);
        options
    }

    /// Whether nobody can read along: HTTPS, loopback, or behind a proxy that ends TLS.
    fn serve_is_safe(&self) -> Result<(), String> {
        let serve = &self.serve;
        let safe = serve.tls_certificate.is_some()
            || serve.listen.ip().is_loopback()
            || !serve.trusted_proxies.is_empty();
        if safe {
            return Ok(());
        }
        Err(format!(
            "{} is reached from other machines, and without HTTPS everybody between could read passwords. Set \
             serve.tls_certificate and serve.tls_key; or listen on 127.0.0.1; or, behind a proxy that ends TLS, name its \
             network in serve.trusted_proxies.",
            serve.listen
        ))
    }
}

/// The known key that is nearest to the unknown one of serde's message.
fn nearest(message: &str) -> Option<String> {
    let mut quoted = message.split('`').skip(1).step_by(2);
    let unknown = quoted.next().filter(|_| message.starts_with("unknown field"))?;
    let close = |known: &&str| strsim::damerau_levenshtein(unknown, known) <= unknown.len().max(3) / 2;
    quoted.filter(close).min_by_key(|known| strsim::damerau_levenshtein(unknown, known)).map(str::to_owned)
}

/// A commented configuration, as `init` writes it.
#[must_use]
pub fn template(name: &str, address: &str, database: &str, from: &str) -> String {
    let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
    include_str!("config.toml")
        .replace("{name}", &quoted(name))
        .replace("{address}", &quoted(address))
        .replace("{database}", &quoted(database))
        .replace("{from}", &quoted(from))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Config, template};

    fn parse(change: impl Fn(String) -> String) -> Result<Config, String> {
        let text = change(template(
            "Portal",
            "https://portal.example.org",
            "sqlite:staffrecord.sqlite",
            "portal@example.org",
        ));
        Config::parse(&text, Path::new("/etc/staffrecord/staffrecord.toml"))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn what_init_writes_is_read() {
        let config = parse(|text| text).unwrap();
        assert_eq!(config.site().unwrap().link("/"), "https://portal.example.org/");
        assert_eq!(config.database().address, "sqlite:/etc/staffrecord/staffrecord.sqlite");
        assert_eq!(config.keys_folder(), Path::new("/etc/staffrecord/keys"));
    }

    #[test]
    fn an_unknown_key_is_named_with_the_nearest_right_one() {
        let error = parse(|text| text.replace("address = \"https", "adress = \"https")).unwrap_err();
        assert!(error.contains("`adress`") && error.contains("Did you mean `address`?"), "{error}");
        let error = parse(|text| text.replace("[serve]", "[serv]")).unwrap_err();
        assert!(error.contains("Did you mean `serve`?"), "{error}");
        let error = parse(|text| text.replace("[log]", "[log]\nzzz = 1")).unwrap_err();
        assert!(error.contains("`zzz`") && !error.contains("Did you mean"), "{error}");
    }

    #[test]
    fn payslips_are_sealed_unless_it_says_otherwise_and_made_up_numbers_are_never_let_in() {
        assert!(parse(|text| text).unwrap().payslips.encrypt);
        let told = parse(|text| {
            text.replace("#encrypt = true", "encrypt = false")
                .replace("#net_moved_percent = 30", "net_moved_percent = 50")
                .replace("#pension_tiers", "pension_tiers")
        });
        let told = told.unwrap().payslips;
        assert_eq!((told.encrypt, told.net_moved_percent, told.pension_tiers.len()), (false, 50, 1));
        let error = parse(|text| text.replace("[payslips]", "[payslips]\ndemo_numbers = true")).unwrap_err();
        assert!(error.contains("`demo_numbers`"), "{error}");
    }

    #[test]
    fn plain_http_is_refused_where_others_could_listen() {
        let open = |text: String| text.replace("listen = \"127.0.0.1:8080\"", "listen = \"0.0.0.0:8080\"");
        let error = parse(open).unwrap_err();
        assert!(error.contains("serve.listen") && error.contains("serve.tls_certificate"), "{error}");
        let with = |more: &'static str| {
            move |text: String| open(text).replace("[serve]", &format!("[serve]\n{more}"))
        };
        assert!(parse(with("trusted_proxies = [\"10.0.0.0/8\"]")).is_ok());
        assert!(parse(with("tls_certificate = \"c.pem\"\ntls_key = \"k.pem\"")).is_ok());
        assert!(parse(with("tls_certificate = \"c.pem\"")).unwrap_err().contains("set both or neither"));
    }

    #[test]
    fn values_that_make_no_sense_name_their_key() {
        let learning = |more: &str| format!("[learning]\n{more}");
        let (base, host) = (learning("content_base = "), learning("content_host = "));
        for (from, to, key) in [
            ("[learning]", format!("{base}\"portal.example.org\"").as_str(), "learning.content_base"),
            ("[learning]", &format!("{base}\"example.org\""), "learning.content_base"),
            ("[learning]", &format!("{base}\"https://content.example.org\""), "learning.content_base"),
            ("[learning]", &format!("{base}\"\""), "learning.content_base"),
            ("[learning]", &format!("{host}\"portal.example.org\""), "learning.content_host"),
            (
                "[learning]",
                &format!("{host}\"a.example\"\ncontent_base = \"b.example\""),
                "learning.content_host",
            ),
            ("https://portal.example.org", "portal", "site.address"),
            ("https://portal.example.org", "https://portal.example.org/x", "site.address"),
            ("name = \"Portal\"", "name = \" \"", "site.name"),
            ("level = \"info\"", "level = \"loud\"", "log.level"),
        ] {
            let error = parse(|text| text.replace(from, to)).unwrap_err();
            assert!(error.contains(key), "{error}");
        }
    }
}
