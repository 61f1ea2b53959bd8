//! What is said to a provider: no redirect is followed, no answer is read beyond its limit.

use std::{error::Error, pin::Pin};

use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse, http};
use reqwest::{header::CONTENT_TYPE, redirect::Policy};

/// Metadata, keys and tokens are a few KiB.
const LONGEST_ANSWER: usize = 256 * 1024;

pub(super) struct Http(reqwest::Client);

/// Why there is no answer. Never shows an address or a body: tokens travel in both.
#[derive(Debug, thiserror::Error)]
pub(super) enum HttpError {
    #[error("{}", chain(.0))]
    Transport(reqwest::Error),
    #[error("answered with status {0}")]
    Status(http::StatusCode),
    #[error("answered with more than {LONGEST_ANSWER} bytes")]
    TooLong,
    #[error("cannot be asked: {0}")]
    Unusable(#[from] http::Error),
}

impl From<reqwest::Error> for HttpError {
    fn from(error: reqwest::Error) -> Self {
        Self::Transport(error.without_url())
    }
}

/// The error and its causes, which alone say what is wrong ('connection refused').
fn chain(error: &reqwest::Error) -> String {
    let causes = std::iter::successors(Some(error as &dyn Error), |error| (*error).source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

impl Http {
    /// `loopback`: the provider is on this very machine, so HTTP will do and no proxy can reach it.
    pub(super) fn new(loopback: bool) -> Result<Self, HttpError> {
        let mut builder =
            reqwest::Client::builder().use_rustls_tls().redirect(Policy::none()).https_only(!loopback);
        if loopback {
            builder = builder.no_proxy();
        }
        Ok(Self(builder.build()?))
    }

    async fn ask(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let mut answer = self.0.execute(request.try_into()?).await?;
        let (status, kind) = (answer.status(), answer.headers().get(CONTENT_TYPE).cloned());
        let json = kind.as_ref().is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
        // A refusal as OAuth words it (RFC 6749 §5.2) is the caller's; anything else is no answer of a provider's.
        if !(status.is_success() || status.is_client_error() && json) {
            return Err(HttpError::Status(status));
        }
        let mut body = Vec::new();
        while let Some(piece) = answer.chunk().await? {
            if body.len() + piece.len() > LONGEST_ANSWER {
                return Err(HttpError::TooLong);
            }
            body.extend_from_slice(&piece);
        }
        let mut response = http::Response::builder().status(status);
        if let Some(kind) = kind {
            response = response.header(CONTENT_TYPE, kind);
        }
        Ok(response.body(body)?)
    }
}

impl<'c> AsyncHttpClient<'c> for Http {
    type Error = HttpError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.ask(request))
    }
}
