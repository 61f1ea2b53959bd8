use std::time::Duration;

use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::{
    body::Bytes,
    client::conn::http1::{self, SendRequest},
};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use web::cookies;

use crate::{Failed, people::PASSWORD, world::World};

/// So long an answer may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// One connection to the portal, kept open, that sends what a browser sends.
pub(crate) struct Client {
    sender: SendRequest<Full<Bytes>>,
    origin: String,
}

/// An answer, read whole.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// A visit without a session: its cookie, and the token of its forms.
#[derive(Clone, Debug)]
pub(crate) struct Visit {
    cookie: String,
    token: String,
}

impl Visit {
    pub(crate) fn cookie(&self) -> &str {
        &self.cookie
    }

    /// The same visit with a session.
    pub(crate) fn logged_in(self, session: &str) -> Self {
        Self { cookie: format!("{}; {session}", self.cookie), ..self }
    }

    /// The same visit with the token of another page.
    pub(crate) fn with_token(self, page: &Answer) -> Result<Self, Failed> {
        Ok(Self { token: page.token()?, ..self })
    }
}

impl Answer {
    /// The token of the page's forms.
    fn token(&self) -> Result<String, Failed> {
        let text = std::str::from_utf8(&self.body)?;
        let token = text.split_once("name=\"csrf\" value=\"").and_then(|(_, rest)| rest.split('"').next());
        token.map(str::to_owned).ok_or_else(|| Failed::because("the page has no token"))
    }

    pub(crate) fn expect(&self, status: u16) -> Result<(), Failed> {
        if self.status == status {
            return Ok(());
        }
        Err(Failed::because(format!("the answer was {} instead of {status}", self.status)))
    }

    /// `name=value` of a cookie that it sets.
    pub(crate) fn cookie(&self, name: &str) -> Result<String, Failed> {
        let lines = self.headers.get_all(header::SET_COOKIE).iter().filter_map(|line| line.to_str().ok());
        let mut pairs = lines.filter_map(|line| line.split(';').next());
        let found = pairs.find(|pair| pair.split('=').next() == Some(name));
        found.map(str::to_owned).ok_or_else(|| Failed::because(format!("the answer sets no cookie {name}")))
    }
}

impl Client {
    pub(crate) async fn connect(world: &World) -> Result<Self, Failed> {
        let stream = TcpStream::connect(world.address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        // It ends when the sender is dropped; a broken connection shows at the next request.
        tokio::spawn(async move { drop(connection.await) });
        Ok(Self { sender, origin: world.origin() })
    }

    pub(crate) async fn get(&mut self, path: &str, headers: &[(&str, &str)]) -> Result<Answer, Failed> {
        self.send(Method::GET, path, headers, String::new()).await
    }

    /// Opens the log-in page as a new visitor.
    pub(crate) async fn visit(&mut self) -> Result<Visit, Failed> {
        let page = self.get("/", &[]).await?;
        page.expect(200)?;
        Ok(Visit { cookie: page.cookie(cookies::VISIT)?, token: page.token()? })
    }

    /// Sends a form.
    pub(crate) async fn post(
        &mut self,
        path: &str,
        visit: &Visit,
        fields: &[(&str, &str)],
    ) -> Result<Answer, Failed> {
        let body = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("csrf", &visit.token)
            .extend_pairs(fields)
            .finish();
        let origin = self.origin.clone();
        let headers = [
            ("cookie", visit.cookie.as_str()),
            ("origin", &origin),
            ("sec-fetch-site", "same-origin"),
            ("content-type", "application/x-www-form-urlencoded"),
        ];
        self.send(Method::POST, path, &headers, body).await
    }

    /// Tries to log in with everybody's password.
    pub(crate) async fn log_in(&mut self, visit: &Visit, username: &str) -> Result<Answer, Failed> {
        self.try_password(visit, username, PASSWORD).await
    }

    pub(crate) async fn try_password(
        &mut self,
        visit: &Visit,
        username: &str,
        password: &str,
    ) -> Result<Answer, Failed> {
        self.post("/", visit, &[("next", ""), ("username", username), ("password", password)]).await
    }

    async fn send(
        &mut self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: String,
    ) -> Result<Answer, Failed> {
        let host = self.origin.trim_start_matches("http://");
        let mut request = Request::builder().method(method).uri(path).header(header::HOST, host).header(
            header::USER_AGENT,
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0",
        );
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::from(body))?;
        let whole = async {
            self.sender.ready().await?;
            let (parts, body) = self.sender.send_request(request).await?.into_parts();
            Ok::<_, Failed>(Answer {
                status: parts.status,
                headers: parts.headers,
                body: body.collect().await?.to_bytes(),
            })
        };
        tokio::time::timeout(PATIENCE, whole).await?
    }
}
