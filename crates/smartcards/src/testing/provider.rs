//! A real identity provider (npm's `oidc-provider`), and a browser that presents a card there.

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
use tokio::sync::mpsc;
use url::Url;

use crate::provider::{Assurance, Settings};

/// What the provider knows the portal by.
pub const SECRET: &str = "the secret of the tests: it + percent % and &";
/// The UUID of `helen`, unless it is set.
pub const UUID: &str = "555042700101";

/// A portal's settings for the provider at this address.
#[must_use]
pub fn settings(issuer: &str) -> Settings {
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

/// `tests/oidc/provider.mjs`, running; ended with this value.
pub struct Server {
    child: Child,
    input: ChildStdin,
    lines: mpsc::UnboundedReceiver<serde_json::Value>,
    /// Its address.
    pub issuer: String,
}

impl Server {
    /// Starts it for a portal that takes people at `redirect` and, logged out, at `back`.
    ///
    /// # Panics
    /// Where it does not run.
    pub async fn start(redirect: &str, back: &str, more: &[&str]) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/oidc/provider.mjs");
        let mut child = Command::new("node")
            .arg(script)
            .args(["--redirect", redirect, "--back", back])
            .args(more)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("node runs; `cargo xtask setup` says what is missing");
        let output = BufReader::new(child.stdout.take().expect("its stdout"));
        let (sender, lines) = mpsc::unbounded_channel();
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                let _ = sender.send(serde_json::from_str(&line).expect("it writes JSON"));
            }
        });
        let input = child.stdin.take().expect("its stdin");
        let mut server = Self { child, input, lines, issuer: String::new() };
        server.issuer = format!("http://127.0.0.1:{}", server.says("port").await);
        server
    }

    async fn says(&mut self, key: &str) -> serde_json::Value {
        let line = self.lines.recv().await;
        let line = line.expect("the provider runs; `cargo xtask setup` installs what it needs");
        line.get(key).unwrap_or_else(|| panic!("{line}")).clone()
    }

    /// Gives an order, one of those at the head of the script, and waits until it is obeyed.
    ///
    /// # Panics
    /// Where it is not.
    pub async fn order(&mut self, order: &str) {
        writeln!(self.input, "{order}").expect("it listens");
        self.says("ok").await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A browser at the provider: it follows redirects, keeps cookies, and stops in front of the portal.
pub struct Browser {
    http: reqwest::Client,
    cookies: BTreeMap<String, String>,
    portal: String,
}

/// How it came back to the portal.
pub struct Returned {
    /// The address.
    pub address: Url,
    /// The code in it.
    pub code: String,
    /// The state in it.
    pub state: String,
    /// Whether the provider had asked for a card.
    pub card_asked_for: bool,
}

impl Browser {
    /// A new one, for the portal whose addresses begin so.
    ///
    /// # Panics
    /// Where it cannot be made.
    #[must_use]
    pub fn new(portal: &str) -> Self {
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build();
        Self { http: http.expect("a client"), cookies: BTreeMap::new(), portal: portal.to_owned() }
    }

    /// Goes there, and on from redirect to redirect, until a page (its address and text) or the portal (its address alone).
    async fn go(&mut self, mut url: Url, mut form: Option<&[(&str, &str)]>) -> (Url, String) {
        for _ in 0..20 {
            if url.as_str().starts_with(&self.portal) {
                return (url, String::new());
            }
            let cookies: Vec<String> =
                self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let request = match form.take() {
                Some(form) => self.http.post(url.clone()).form(form),
                None => self.http.get(url.clone()),
            };
            let answer = request.header(COOKIE, cookies.join("; ")).send().await.expect("an answer");
            for cookie in answer.headers().get_all(SET_COOKIE) {
                let cookie = cookie.to_str().expect("a cookie in ASCII");
                let pair = cookie.split(';').next().and_then(|pair| pair.split_once('='));
                let (name, value) = pair.expect("a cookie");
                if value.is_empty() {
                    self.cookies.remove(name);
                } else {
                    self.cookies.insert(name.to_owned(), value.to_owned());
                }
            }
            let Some(next) = answer.headers().get(LOCATION) else {
                let status = answer.status();
                let text = answer.text().await.expect("a page");
                assert_eq!(status, StatusCode::OK, "{url}: {text}");
                return (url, text);
            };
            url = url.join(next.to_str().expect("an address in ASCII")).expect("an address");
        }
        panic!("redirected without end");
    }

    /// Goes where the portal sends it, and shows `helen`'s card where one is asked for.
    pub async fn log_in(&mut self, begun: Url) -> Returned {
        self.log_in_as("helen", begun).await
    }

    /// The same with somebody else's card.
    ///
    /// # Panics
    /// Where the provider does not send it back with a code.
    pub async fn log_in_as(&mut self, account: &str, begun: Url) -> Returned {
        let (mut url, page) = self.go(begun, None).await;
        let card_asked_for = page.contains("Present your card");
        if card_asked_for {
            (url, _) = self.go(url, Some(&[("account", account)])).await;
        }
        assert!(url.as_str().starts_with(&self.portal), "{url}");
        let said: BTreeMap<_, _> = url.query_pairs().into_owned().collect();
        let said = |name: &str| said.get(name).cloned().unwrap_or_else(|| panic!("no {name} in {url}"));
        Returned { code: said("code"), state: said("state"), card_asked_for, address: url.clone() }
    }

    /// Logs out at the provider; where the browser is in the end.
    ///
    /// # Panics
    /// Where the provider does not ask whether to.
    pub async fn log_out(&mut self, url: Url) -> Url {
        let (_, page) = self.go(url.clone(), None).await;
        assert!(page.contains("Log out of your card?"), "{page}");
        let after = |mark: &str| {
            let value = page.split_once(mark).and_then(|(_, rest)| rest.split('"').next());
            value.expect("a form").to_owned()
        };
        let (action, xsrf) = (after("action=\""), after("name=\"xsrf\" value=\""));
        let form = [("xsrf", xsrf.as_str()), ("logout", "yes")];
        self.go(url.join(&action).expect("an address"), Some(&form)).await.0
    }
}
