//! A browser over HTTP: it keeps cookies, and sends forms with the token of the page that it saw last.

use std::{collections::BTreeMap, error::Error, net::SocketAddr, sync::Arc, time::Duration};

use http::{Method, Request, header};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::{ClientConfig, pki_types::ServerName};
use testing::Answer;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use url::form_urlencoded::Serializer;

use super::installation::HOST;

pub(crate) type Failure = Box<dyn Error + Send + Sync>;

/// So long an answer may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// A browser.
#[derive(Clone)]
pub(crate) struct Browser {
    /// Where it connects to.
    pub(crate) address: SocketAddr,
    /// Its cookies.
    pub(crate) cookies: BTreeMap<String, String>,
    /// Headers that it sends with every request: a proxy's.
    pub(crate) headers: Vec<(&'static str, String)>,
    /// How it speaks TLS; where missing, plain HTTP.
    pub(crate) tls: Option<ClientConfig>,
    /// The forgery token of the page that it saw last.
    pub(crate) token: Option<String>,
}

/// The content type of a form without files.
const FORM: &str = "application/x-www-form-urlencoded";

impl Browser {
    pub(crate) fn at(address: SocketAddr) -> Self {
        Self { address, cookies: BTreeMap::new(), headers: Vec::new(), tls: None, token: None }
    }

    /// The same browser at another process.
    pub(crate) fn moved_to(mut self, address: SocketAddr) -> Self {
        self.address = address;
        self
    }

    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        self.try_get(path).await.unwrap()
    }

    pub(crate) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.try_post(path, fields).await.unwrap()
    }

    pub(crate) async fn try_get(&mut self, path: &str) -> Result<Answer, Failure> {
        self.send(Method::GET, path, None).await
    }

    /// Sends a form with the last page's token, or with that of `/`.
    pub(crate) async fn try_post(&mut self, path: &str, fields: &[(&str, &str)]) -> Result<Answer, Failure> {
        if self.token.is_none() {
            let first = self.try_get("/").await?;
            if let Some(place) = first.location().map(str::to_owned) {
                self.try_get(&place).await?;
            }
        }
        let token = self.token.clone().unwrap_or_default();
        let form = Serializer::new(String::new()).append_pair("csrf", &token).extend_pairs(fields).finish();
        self.send(Method::POST, path, Some((FORM, form.into()))).await
    }

    /// Sends a request, with a body of one's own under its content type.
    pub(crate) async fn send(
        &mut self,
        method: Method,
        path: &str,
        body: Option<(&str, Bytes)>,
    ) -> Result<Answer, Failure> {
        let mut request = Request::builder().method(method).uri(path).header(header::HOST, HOST);
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        if let Some((kind, _)) = &body {
            request = request.header(header::CONTENT_TYPE, *kind).header("sec-fetch-site", "same-origin");
        }
        if !self.cookies.is_empty() {
            let pairs: Vec<String> =
                self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request = request.header(header::COOKIE, pairs.join("; "));
        }
        let request = request.body(Full::from(body.map(|(_, body)| body).unwrap_or_default()))?;
        let answer = match &self.tls {
            Some(config) => exchange_by_tls(self.address, config.clone(), HOST, request).await?.0,
            None => exchange(self.address, request).await?,
        };
        for cookie in answer.headers.get_all(header::SET_COOKIE) {
            let text = cookie.to_str()?;
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
        self.token = answer.token().or(self.token.take());
        Ok(answer)
    }
}

/// One request on a connection of its own, in plain HTTP/1.1.
pub(crate) async fn exchange(address: SocketAddr, request: Request<Full<Bytes>>) -> Result<Answer, Failure> {
    let exchanged = async {
        let stream = TcpStream::connect(address).await?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        answer(sender.send_request(request).await?).await
    };
    tokio::time::timeout(PATIENCE, exchanged).await?
}

/// One request over TLS to `name`, in the HTTP that is agreed on with it; and which that is.
pub(crate) async fn exchange_by_tls(
    address: SocketAddr,
    config: ClientConfig,
    name: &str,
    request: Request<Full<Bytes>>,
) -> Result<(Answer, Vec<u8>), Failure> {
    let exchanged = async {
        let stream = TcpStream::connect(address).await?;
        let connector = TlsConnector::from(Arc::new(config));
        let stream = connector.connect(ServerName::try_from(name.to_owned())?, stream).await?;
        let agreed = stream.get_ref().1.alpn_protocol().unwrap_or_default().to_vec();
        let io = TokioIo::new(stream);
        let response = if agreed == b"h2" {
            let (mut sender, connection) =
                hyper::client::conn::http2::handshake(TokioExecutor::new(), io).await?;
            tokio::spawn(connection);
            sender.send_request(request).await?
        } else {
            let (mut sender, connection) = hyper::client::conn::http1::handshake(io).await?;
            tokio::spawn(connection);
            sender.send_request(request).await?
        };
        Ok((answer(response).await?, agreed))
    };
    tokio::time::timeout(PATIENCE, exchanged).await?
}

async fn answer(response: http::Response<hyper::body::Incoming>) -> Result<Answer, Failure> {
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await?.to_bytes();
    let body = String::from_utf8_lossy(&bytes).into_owned();
    Ok(Answer { status: parts.status, headers: parts.headers, body, bytes })
}
