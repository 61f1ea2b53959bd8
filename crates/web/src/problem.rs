use std::{error::Error, sync::Arc};

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use store::StoreError;

use crate::see_other;

/// Why a person does not get what they asked for. The corridor makes a page of it: what happened, what to do, a reference.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Problem {
    /// The request itself makes no sense (400), in a sentence.
    #[error("{0}")]
    Invalid(String),
    /// They may not (403): a title and what to do about it.
    #[error("{title}: {says}")]
    Refused {
        /// What happened.
        title: String,
        /// What to do.
        says: String,
    },
    /// There is no such page, or it is somebody else's (404).
    #[error("not found")]
    NotFound,
    /// The page takes another method (405).
    #[error("method not allowed")]
    WrongMethod,
    /// Something changed in the meantime (409), in a sentence.
    #[error("{0}")]
    Conflict(String),
    /// The form is larger than its route takes (413).
    #[error("too large")]
    TooLarge,
    /// The body is no form (415).
    #[error("not a form")]
    WrongType,
    /// The form was not sent from a page of ours, or the page was too old (403).
    #[error("forgery token missing or wrong")]
    Forged,
    /// The request was for another site (421).
    #[error("another host")]
    WrongHost,
    /// Everybody is at work; try again in so many seconds (503).
    #[error("busy")]
    Busy {
        /// Seconds to wait.
        seconds: u32,
    },
    /// Nothing can be saved at present (503).
    #[error("nothing can be saved")]
    ReadOnly,
    /// They have to log in first: a redirect to `/`.
    #[error("not logged in")]
    LogIn,
    /// They have to confirm who they are: a redirect to `/confirm` and back.
    #[error("confirmation needed")]
    Confirm {
        /// The path to come back to.
        back: String,
    },
    /// Our fault (500). Only this is logged with its source.
    #[error("broken: {0}")]
    Broken(Arc<dyn Error + Send + Sync>),
}

impl Problem {
    /// Our fault, in words for the log.
    pub fn broken(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Broken(Arc::from(source.into()))
    }

    /// A refusal with a title and what to do.
    pub fn refused(title: impl Into<String>, says: impl Into<String>) -> Self {
        Self::Refused { title: title.into(), says: says.into() }
    }

    /// The status it is answered with.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Invalid(_) => StatusCode::BAD_REQUEST,
            Self::Refused { .. } | Self::Forged => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::WrongMethod => StatusCode::METHOD_NOT_ALLOWED,
            Self::Conflict(_) => StatusCode::CONFLICT,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::WrongType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::WrongHost => StatusCode::MISDIRECTED_REQUEST,
            Self::Busy { .. } | Self::ReadOnly => StatusCode::SERVICE_UNAVAILABLE,
            Self::LogIn | Self::Confirm { .. } => StatusCode::SEE_OTHER,
            Self::Broken(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// Title and sentences of its page.
    pub(crate) fn words(&self) -> (String, String) {
        let (title, says) = match self {
            Self::Invalid(says) => ("This could not be read", says.as_str()),
            Self::Refused { title, says } => (title.as_str(), says.as_str()),
            Self::NotFound => ("Page not found", "Check the address, or start again from the page below."),
            Self::WrongMethod => (
                "Page not found",
                "This address only takes a form. Go to the first page and start from there.",
            ),
            Self::Conflict(says) => ("Something has changed in the meantime", says.as_str()),
            Self::TooLarge => (
                "This is too much to send",
                "What you typed, or the file you chose, is larger than this form takes. Go back, make it smaller and try again.",
            ),
            Self::WrongType => ("This could not be read", "Go back and send the form on the page."),
            Self::Forged => (
                "The page was open too long",
                "For your safety nothing was done. Go back, reload the page and try again. If it happens again, allow cookies for this site.",
            ),
            Self::WrongHost => (
                "This address is not served here",
                "Type the address of the portal as your employer gave it to you.",
            ),
            Self::Busy { .. } => (
                "Very many people are here just now",
                "Nothing is wrong with what you typed. Wait a few seconds and try again.",
            ),
            Self::ReadOnly => (
                "Nothing can be saved at the moment",
                "What you sent was not saved. Try again later; the people who run the portal can see this too.",
            ),
            Self::LogIn | Self::Confirm { .. } => ("Log in", ""),
            Self::Broken(_) => (
                "Something went wrong on our side",
                "Try again in a minute. If it goes on, ring your service desk and give them the reference.",
            ),
        };
        (title.to_owned(), says.to_owned())
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Busy => Self::Busy { seconds: 5 },
            StoreError::Full | StoreError::ReadOnly => Self::ReadOnly,
            other => Self::broken(other),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        match &self {
            Self::LogIn => return see_other("/"),
            Self::Confirm { back } => {
                let query: String =
                    url::form_urlencoded::Serializer::new(String::new()).append_pair("return", back).finish();
                return see_other(&format!("/confirm?{query}"));
            }
            _ => {}
        }
        let mut response = self.status().into_response();
        if let Self::Busy { seconds } = self {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response.extensions_mut().insert(self);
        response
    }
}
