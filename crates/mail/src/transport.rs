use std::{path::PathBuf, time::Duration};

use crate::{Folder, Smtp, message::Message, model::Fate};

/// Where mails are handed to. Built from [`Settings`](crate::Settings).
#[derive(Debug)]
pub enum Transport {
    /// A mail server.
    Smtp(Smtp),
    /// A folder.
    Folder(Folder),
}

/// Why mails cannot be handed over, in words for the operator.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct TransportError(pub(crate) String);

impl Transport {
    /// A folder, made where it is not there.
    ///
    /// # Errors
    /// Where it cannot be made.
    pub fn folder(path: impl Into<PathBuf>) -> Result<Self, TransportError> {
        Folder::open(path.into()).map(Self::Folder)
    }

    /// Connects, encrypts and logs in (or writes a file), and sends nothing.
    ///
    /// # Errors
    /// What is wrong.
    pub async fn check(&self) -> Result<(), TransportError> {
        match self {
            Self::Smtp(smtp) => smtp.check().await,
            Self::Folder(folder) => folder.check().await,
        }
    }

    pub(crate) async fn deliver(&self, message: &Message) -> Fate {
        match self {
            Self::Smtp(smtp) => smtp.deliver(message).await,
            Self::Folder(folder) => folder.deliver(message).await,
        }
    }

    /// The longest that one delivery may take.
    pub(crate) fn longest(&self) -> Duration {
        match self {
            Self::Smtp(smtp) => smtp.timeout(),
            Self::Folder(_) => Duration::from_secs(10),
        }
    }

    /// Nothing is to be sent for now: connections end politely.
    pub(crate) async fn rest(&self) {
        if let Self::Smtp(smtp) = self {
            smtp.rest().await;
        }
    }
}
