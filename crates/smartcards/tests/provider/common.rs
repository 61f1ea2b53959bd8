//! A real provider, a browser, and a portal's settings.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, ChildStdin, Command, Stdio},
};

use reqwest::{
    StatusCode,
    header::{COOKIE, LOCATION, SET_COOKIE},
};
use smartcards::provider::{Asked, Assurance, Proven, Provider, ProviderError, Settings};
use store::{Clock, Entropy};
use tokio::sync::mpsc;
use url::Url;

pub(crate) const SECRET: &str = "the secret of the tests: it + percent % and &";
/// Nobody listens there; the browser stops in front of it.
pub(crate) const REDIRECT: &str = "https://portal.example/card/return";
pub(crate) const BACK: &str = "https://portal.example/";
pub(crate) const UUID: &str = "555042700101";

pub(crate) fn settings(issuer: &str) -> Settings {
    Settings {
        id: "cis2".to_owned(),
        name: "NHS CIS2".to_owned(),
        issuer: issuer.to_owned(),
        client_id: "staffrecord".to_owned(),
        client_secret: Some(SECRET.to_owned()),
        client_secret_file: None,
        scopes: vec!["staff".to_owned()],
        uuid_claim: "nhsid_useruid".to_owned(),
        acr: vec!["AAL3_ANY".to_owned(), "AAL3_FIDO2".to_owned()],
        identity_assurance: Some(Assurance { claim: "id_assurance_level".to_owned(), least: 3 }),
    }
}

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

/// `tests/oidc/provider.mjs`, running; ended with this value.
pub(crate) struct Server {
    child: Child,
    input: ChildStdin,
    lines: mpsc::UnboundedReceiver<serde_json::Value>,
    pub(crate) issuer: String,
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::start_with(&[]).await
    }

    pub(crate) async fn start_with(arguments: &[&str]) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/oidc/provider.mjs");
        let mut child = Command::new("node")
            .arg(script)
            .args(["--redirect", REDIRECT, "--back", BACK])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("node runs; `cargo xtask setup` says what is missing");
        let output = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = mpsc::unbounded_channel();
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                let _ = sender.send(serde_json::from_str(&line).unwrap());
            }
        });
        let input = child.stdin.take().unwrap();
        let mut server = Self { child, input, lines, issuer: String::new() };
        server.issuer = format!("http://127.0.0.1:{}", server.says("port").await);
        server
    }

    async fn says(&mut self, key: &str) -> serde_json::Value {
        let line = self.lines.recv().await;
        let line = line.expect("the provider runs; `cargo xtask setup` installs what it needs");
        line.get(key).unwrap_or_else(|| panic!("{line}")).clone()
    }

    /// Gives an order and waits until it is obeyed.
    pub(crate) async fn order(&mut self, order: &str) {
        writeln!(self.input, "{order}").unwrap();
        self.says("ok").await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Follows redirects, keeps cookies, and names `helen` where a card is asked for.
pub(crate) struct Browser {
    http: reqwest::Client,
    cookies: BTreeMap<String, String>,
}

/// How the browser came back.
pub(crate) struct Returned {
    pub(crate) code: String,
    pub(crate) state: String,
    pub(crate) card_asked_for: bool,
}

impl Browser {
    pub(crate) fn new() -> Self {
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build();
        Self { http: http.unwrap(), cookies: BTreeMap::new() }
    }

    /// Goes there, and on from redirect to redirect, until a page (its address and text) or the portal (its address alone).
    async fn go(&mut self, mut url: Url, mut form: Option<&[(&str, &str)]>) -> (Url, String) {
        for _ in 0..20 {
            if url.as_str().starts_with(BACK) {
                return (url, String::new());
            }
            let cookies: Vec<String> =
                self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let request = match form.take() {
                Some(form) => self.http.post(url.clone()).form(form),
                None => self.http.get(url.clone()),
            };
            let answer = request.header(COOKIE, cookies.join("; ")).send().await.unwrap();
            for cookie in answer.headers().get_all(SET_COOKIE) {
                let cookie = cookie.to_str().unwrap();
                let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
                if value.is_empty() {
                    self.cookies.remove(name);
                } else {
                    self.cookies.insert(name.to_owned(), value.to_owned());
                }
            }
            let Some(next) = answer.headers().get(LOCATION) else {
                let status = answer.status();
                let text = answer.text().await.unwrap();
                assert_eq!(status, StatusCode::OK, "{url}: {text}");
                return (url, text);
            };
            url = url.join(next.to_str().unwrap()).unwrap();
        }
        panic!("redirected without end");
    }

    pub(crate) async fn log_in(&mut self, begun: Url) -> Returned {
        let (mut url, page) = self.go(begun, None).await;
        let card_asked_for = page.contains("Present your card");
        if card_asked_for {
            (url, _) = self.go(url, Some(&[("account", "helen")])).await;
        }
        assert!(url.as_str().starts_with(REDIRECT), "{url}");
        let said: BTreeMap<_, _> = url.query_pairs().into_owned().collect();
        Returned { code: said["code"].clone(), state: said["state"].clone(), card_asked_for }
    }

    /// Logs out at the provider; where the browser is in the end.
    pub(crate) async fn log_out(&mut self, url: Url) -> Url {
        let (_, page) = self.go(url.clone(), None).await;
        assert!(page.contains("Log out of your card?"), "{page}");
        let after = |mark: &str| page.split_once(mark).unwrap().1.split('"').next().unwrap().to_owned();
        let (action, xsrf) = (after("action=\""), after("name=\"xsrf\" value=\""));
        let form = [("xsrf", xsrf.as_str()), ("logout", "yes")];
        self.go(url.join(&action).unwrap(), Some(&form)).await.0
    }
}

/// A whole log-in, in a browser of its own.
pub(crate) async fn log_in(provider: &Provider) -> Result<Proven, ProviderError> {
    let asked = asked(false);
    let begun = provider.begin(&asked).await?;
    let returned = Browser::new().log_in(begun).await;
    provider.finish(&returned.code, &asked).await
}
