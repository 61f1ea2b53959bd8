use std::{collections::BTreeMap, net::IpAddr, sync::Arc};

use axum::body::{Body, Bytes};
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use tower::ServiceExt;
use url::form_urlencoded::Serializer;
use web::{ClientCertificates, Peer};

use second_factors::testing::Phone;

use crate::{PASSWORD, Portal};

/// What stands between the fields of a form with files.
const BOUNDARY: &str = "----boundary-of-a-test";

/// A browser: it keeps cookies, and sends forms with the token of the page that it saw last.
#[derive(Clone)]
pub struct Browser {
    portal: Portal,
    /// Where it is.
    pub address: IpAddr,
    /// Its cookies.
    pub cookies: BTreeMap<String, String>,
    /// The certificates (DER, the holder's own first) that it shows at a card host: the card in the reader.
    pub card: Vec<Vec<u8>>,
    /// The phone of whoever is in front of it, with their authenticator app.
    pub phone: Option<Phone>,
    /// What it calls itself.
    pub user_agent: String,
    token: Option<String>,
}

/// What a browser was answered.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: String,
    /// The body as it came, where it is no text.
    pub bytes: Bytes,
}

impl Browser {
    pub(crate) fn new(portal: Portal, address: IpAddr) -> Self {
        Self {
            portal,
            address,
            cookies: BTreeMap::new(),
            card: Vec::new(),
            phone: None,
            user_agent: "Mozilla/5.0 (X11; Linux x86_64) Chrome/156.0 Safari/537.36".to_owned(),
            token: None,
        }
    }

    /// Asks for a page.
    pub async fn get(&mut self, path: &str) -> Answer {
        self.send(Method::GET, path, None, Body::empty()).await
    }

    /// Asks for the head of a page.
    pub async fn head(&mut self, path: &str) -> Answer {
        self.send(Method::HEAD, path, None, Body::empty()).await
    }

    /// Sends a form with a forgery token: the last page's, or that of `/`.
    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let token = self.a_token().await;
        let form = Serializer::new(String::new()).append_pair("csrf", &token).extend_pairs(fields).finish();
        self.post_body(path, "application/x-www-form-urlencoded", form).await
    }

    /// Sends a form with files (field, file name, contents) and a forgery token, as a browser does.
    pub async fn post_files(
        &mut self,
        path: &str,
        fields: &[(&str, &str)],
        files: &[(&str, &str, &[u8])],
    ) -> Answer {
        let token = self.a_token().await;
        let mut body = Vec::new();
        for (name, value) in [("csrf", token.as_str())].iter().chain(fields) {
            let head =
                format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
            body.extend(head.into_bytes());
        }
        for (name, file_name, contents) in files {
            let head = format!(
                "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{file_name}\"\r\n\
                 Content-Type: application/octet-stream\r\n\r\n"
            );
            body.extend(head.into_bytes());
            body.extend_from_slice(contents);
            body.extend(b"\r\n");
        }
        body.extend(format!("--{BOUNDARY}--\r\n").into_bytes());
        self.post_body(path, &format!("multipart/form-data; boundary={BOUNDARY}"), body).await
    }

    /// Sends a body of one's own under a content type.
    pub async fn post_body(&mut self, path: &str, kind: &str, body: impl Into<Body>) -> Answer {
        self.send(Method::POST, path, Some(kind), body.into()).await
    }

    /// A forgery token: the last page's, or that of `/`.
    pub async fn a_token(&mut self) -> String {
        if self.token.is_none() {
            self.get("/help-to-log-in").await;
            self.get("/").await;
        }
        self.token.clone().unwrap_or_default()
    }

    /// Logs in at `/`.
    pub async fn log_in(&mut self, username: &str, password: &str) -> Answer {
        self.post("/", &[("username", username), ("password", password)]).await
    }

    /// Logs in with [`PASSWORD`] and the next code of the phone.
    ///
    /// # Panics
    /// Where there is no phone, or it is refused.
    pub async fn log_in_again(&mut self, username: &str) {
        self.log_in(username, PASSWORD).await.leads_to("/second-factor");
        self.give_code().await;
    }

    /// Gives the code that the phone shows in half a minute: that of now may have been used to set it up.
    pub(crate) async fn give_code(&mut self) {
        let soon = self.portal.clock.now().plus_seconds(30);
        let code = self.phone.as_ref().expect("a phone").code(soon);
        self.post("/second-factor", &[("code", &code)]).await.leads_to("/portal");
    }

    async fn send(&mut self, method: Method, path: &str, kind: Option<&str>, body: Body) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, "portal.example")
            .header(header::USER_AGENT, &self.user_agent)
            .extension(Peer(self.address));
        if let Some(kind) = kind {
            request = request.header(header::CONTENT_TYPE, kind).header("sec-fetch-site", "same-origin");
        }
        if !self.cookies.is_empty() {
            let pairs: Vec<String> =
                self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request = request.header(header::COOKIE, pairs.join("; "));
        }
        let answer = Answer::to(&self.portal, request.body(body).expect("a request")).await;
        for cookie in answer.headers.get_all(header::SET_COOKIE) {
            let text = cookie.to_str().expect("a cookie in ASCII");
            let (name, value) =
                text.split(';').next().and_then(|pair| pair.split_once('=')).expect("a cookie");
            if text.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
            // The token of a page belongs to the session or visit that it was shown to.
            self.token = None;
        }
        if let Some(token) = answer.token() {
            self.token = Some(token);
        }
        answer
    }

    /// Follows a redirect: to a page of the portal, or to a card host, which sees no cookie but the card.
    ///
    /// # Panics
    /// Where the answer is none.
    pub async fn follow(&mut self, answer: &Answer) -> Answer {
        let place = answer.location().expect("a redirect").to_owned();
        let place = place.strip_prefix("https://portal.example").unwrap_or(&place);
        let Some(elsewhere) = place.strip_prefix("https://") else { return self.get(place).await };
        let (host, path) = elsewhere.split_at(elsewhere.find('/').unwrap_or(elsewhere.len()));
        let request = Request::builder()
            .uri(path)
            .header(header::HOST, host)
            .extension(Peer(self.address))
            .extension(ClientCertificates(Arc::new(self.card.clone())));
        Answer::to(&self.portal, request.body(Body::empty()).expect("a request")).await
    }
}

impl Answer {
    pub(crate) async fn to(portal: &Portal, request: Request<Body>) -> Self {
        let response =
            portal.portal.router.clone().oneshot(request).await.expect("the router answers everything");
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.expect("a body").to_bytes();
        let body = String::from_utf8_lossy(&bytes).into_owned();
        Self { status: parts.status, headers: parts.headers, body, bytes }
    }

    /// Asserts the status.
    ///
    /// # Panics
    /// Where it is another.
    #[track_caller]
    pub fn is(&self, status: u16) -> &Self {
        assert_eq!(self.status.as_u16(), status, "{:?}\n{}", self.headers.get(header::LOCATION), self.text());
        self
    }

    /// Asserts that the page says this.
    ///
    /// # Panics
    /// Where it does not.
    #[track_caller]
    pub fn has(&self, words: &str) -> &Self {
        assert!(self.text().contains(words), "{words:?} is not in:\n{}", self.text());
        self
    }

    /// Asserts that the page does not say this.
    ///
    /// # Panics
    /// Where it does.
    #[track_caller]
    pub fn has_not(&self, words: &str) -> &Self {
        assert!(!self.text().contains(words), "{words:?} is in:\n{}", self.text());
        self
    }

    /// Asserts a redirect to this place.
    ///
    /// # Panics
    /// Where it is none, or to another.
    #[track_caller]
    pub fn leads_to(&self, place: &str) -> &Self {
        assert_eq!((self.status.as_u16(), self.location()), (303, Some(place)), "{}", self.text());
        self
    }

    /// Where a redirect leads.
    #[must_use]
    pub fn location(&self) -> Option<&str> {
        self.headers.get(header::LOCATION).and_then(|place| place.to_str().ok())
    }

    /// What stands in the page between two texts.
    ///
    /// # Panics
    /// Where they do not stand there.
    #[track_caller]
    #[must_use]
    pub fn between(&self, before: &str, after: &str) -> &str {
        let found = self.body.split_once(before).and_then(|(_, rest)| rest.split_once(after));
        found.unwrap_or_else(|| panic!("nothing is between {before:?} and {after:?} in:\n{}", self.text())).0
    }

    /// The page's words without markup, white space folded.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        let mut inside = false;
        for c in self.body.chars() {
            match c {
                '<' => inside = true,
                '>' => {
                    inside = false;
                    text.push(' ');
                }
                c if !inside => text.push(c),
                _ => {}
            }
        }
        let plain = text
            .replace("&#39;", "'")
            .replace("&#38;", "&")
            .replace("&#34;", "\"")
            .replace("&#60;", "<")
            .replace("&#62;", ">");
        plain.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// The value beside a key of a summary list.
    #[must_use]
    pub fn value_of(&self, key: &str) -> Option<String> {
        let (_, rest) = self.body.split_once("<main")?;
        let after = rest
            .split("<dt")
            .find(|part| part.split_once('>').is_some_and(|(_, text)| text.trim_start().starts_with(key)))?;
        let (_, value) = after.split_once("<dd")?;
        let (_, value) = value.split_once('>')?;
        Some(value.split('<').next()?.trim().to_owned())
    }

    /// The forgery token of the page.
    #[must_use]
    pub fn token(&self) -> Option<String> {
        let (_, rest) = self.body.split_once("name=\"csrf\" value=\"")?;
        rest.split('"').next().map(str::to_owned)
    }

    /// The page with what differs from one request to the next replaced by a fixed word: forgery tokens, the reference.
    #[must_use]
    pub fn fixed(&self) -> String {
        let marks = [
            ("name=\"csrf\" value=\"", '"'),
            ("name=\"portal-csrf\" content=\"", '"'),
            ("portal-reference\">", '<'),
        ];
        marks.iter().fold(self.body.clone(), |body, (before, end)| {
            let mut parts = body.split(before);
            let first = parts.next().unwrap_or_default().to_owned();
            parts.fold(first, |fixed, part| {
                let rest = part.find(*end).map_or("", |at| &part[at..]);
                fixed + before + "FIXED" + rest
            })
        })
    }
}
