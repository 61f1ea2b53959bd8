//! Talking to a mail server (RFC 5321). Each step is its own command here, since what an answer means depends on the step:
//! refusing us says nothing about a mail, refusing the recipient says nothing about the server.
//!
//! lettre's own pool is not used: a conversation that is cut short by a timeout would go back into it half-way.

use std::{
    error::Error as _,
    fmt,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use lettre::transport::smtp::{
    Error,
    authentication::{Credentials, DEFAULT_MECHANISMS},
    client::{AsyncSmtpConnection, TlsParameters},
    commands::{Data, Mail, Rcpt, Rset},
    extension::{ClientId, Extension, MailBodyParameter, MailParameter},
};
use tokio::time::{Instant, timeout_at};

use crate::{TransportError, message::Message, model::Fate};

/// Answers are kept up to so many characters.
const ANSWER: usize = 500;

/// How a connection is encrypted; there is no "if possible".
pub(crate) enum Encryption {
    None,
    StartTls(TlsParameters),
    Tls(TlsParameters),
}

/// A mail server.
pub struct Smtp {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) encryption: Encryption,
    pub(crate) credentials: Option<Credentials>,
    pub(crate) timeout: Duration,
    pub(crate) idle: Mutex<Vec<AsyncSmtpConnection>>,
}

impl fmt::Debug for Smtp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

impl Smtp {
    pub(crate) fn timeout(&self) -> Duration {
        self.timeout
    }

    pub(crate) async fn check(&self) -> Result<(), TransportError> {
        let mut connection = self.connect(Instant::now() + self.timeout).await.map_err(TransportError)?;
        end(&mut connection).await;
        Ok(())
    }

    pub(crate) async fn rest(&self) {
        let idle = std::mem::take(&mut *self.idle.lock().unwrap_or_else(PoisonError::into_inner));
        futures::future::join_all(
            idle.into_iter().map(|mut connection| async move { end(&mut connection).await }),
        )
        .await;
    }

    /// One try. All of it, from connecting to the last answer, takes no longer than the timeout.
    pub(crate) async fn deliver(&self, message: &Message) -> Fate {
        let deadline = Instant::now() + self.timeout;
        let mut connection = match self.begun(message, deadline).await {
            Ok(connection) => connection,
            Err(fate) => return fate,
        };
        match timeout_at(deadline, converse(&mut connection, message)).await {
            Ok((fate, reusable)) => {
                if reusable {
                    self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
                }
                fate
            }
            Err(_) => Fate::Deferred(self.silent()),
        }
    }

    /// A connection on which the server has taken our address as the sender's.
    async fn begun(&self, message: &Message, deadline: Instant) -> Result<AsyncSmtpConnection, Fate> {
        // An idle connection that the server has closed, or on which it wants no more, is no reason to wait.
        while let Some(mut connection) = self.pop() {
            let Some(mail) = opening(&connection, message) else { break };
            if let Ok(Ok(_)) = timeout_at(deadline, connection.command(mail)).await {
                return Ok(connection);
            }
        }
        let mut connection = self.connect(deadline).await.map_err(Fate::Unreachable)?;
        let Some(mail) = opening(&connection, message) else {
            end(&mut connection).await;
            return Err(Fate::Refused(
                "the mail server takes only addresses in plain letters (no SMTPUTF8)".into(),
            ));
        };
        match timeout_at(deadline, connection.command(mail)).await {
            Ok(Ok(_)) => Ok(connection),
            Ok(Err(error)) => {
                Err(Fate::Unreachable(format!("the mail server refuses the sender: {}", answer(&error))))
            }
            Err(_) => Err(Fate::Unreachable(self.silent())),
        }
    }

    fn pop(&self) -> Option<AsyncSmtpConnection> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    async fn connect(&self, deadline: Instant) -> Result<AsyncSmtpConnection, String> {
        let at = format!("the mail server {}:{}", self.host, self.port);
        let connected = timeout_at(deadline, async {
            let name = ClientId::default();
            let tls = match &self.encryption {
                Encryption::Tls(tls) => Some(tls.clone()),
                Encryption::None | Encryption::StartTls(_) => None,
            };
            let address = (self.host.as_str(), self.port);
            let mut connection =
                AsyncSmtpConnection::connect_tokio1(address, Some(self.timeout), &name, tls, None)
                    .await
                    .map_err(|error| format!("{at} cannot be reached: {}", answer(&error)))?;
            if let Encryption::StartTls(tls) = &self.encryption {
                let encrypted = connection.starttls(tls.clone(), &name).await;
                encrypted.map_err(|error| format!("{at} does not encrypt as asked: {}", answer(&error)))?;
            }
            if let Some(credentials) = &self.credentials {
                let known = connection.auth(DEFAULT_MECHANISMS, credentials).await;
                known
                    .map_err(|error| format!("{at} refuses our username and password: {}", answer(&error)))?;
            }
            Ok(connection)
        });
        connected.await.unwrap_or_else(|_| Err(self.silent()))
    }

    fn silent(&self) -> String {
        format!(
            "the mail server {}:{} gave no answer within {} s",
            self.host,
            self.port,
            self.timeout.as_secs()
        )
    }
}

/// `MAIL FROM` with what this message needs, or `None` where the server cannot do it.
fn opening(connection: &AsyncSmtpConnection, message: &Message) -> Option<Mail> {
    let plain = message.from.as_ref() as &str;
    let plain = plain.is_ascii() && (message.to.as_ref() as &str).is_ascii();
    let mut parameters = Vec::new();
    if !plain {
        if !connection.server_info().supports_feature(Extension::SmtpUtfEight) {
            return None;
        }
        parameters.push(MailParameter::SmtpUtfEight);
        parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
    }
    Some(Mail::new(Some(message.from.clone()), parameters))
}

/// The rest of one mail's conversation: what came of it, and whether the connection can take another.
async fn converse(connection: &mut AsyncSmtpConnection, message: &Message) -> (Fate, bool) {
    let sent = async {
        connection.command(Rcpt::new(message.to.clone(), vec![])).await?;
        connection.command(Data).await?;
        connection.message(&message.bytes).await
    };
    match sent.await {
        Ok(response) => {
            let text: Vec<&str> = response.message().collect();
            (Fate::Accepted(shortened(&format!("{} {}", response.code(), text.join(" ")))), true)
        }
        Err(error) => {
            let fate = fate(&error);
            // 421: the server hangs up. Without a code the connection itself is broken.
            let open = error.status().is_some_and(|code| u16::from(code) != 421);
            (fate, open && connection.command(Rset).await.is_ok())
        }
    }
}

/// What an answer to the recipient or the message means for the mail.
fn fate(error: &Error) -> Fate {
    let text = answer(error);
    match error.status().map(u16::from) {
        // RFC 4954 §6: we are to log in first, or better: the operator's to mend.
        Some(530 | 534 | 535 | 538) => Fate::Unreachable(text),
        Some(500..) => Fate::Refused(text),
        _ => Fate::Deferred(text),
    }
}

/// The server's answer as it came, or what became of the connection.
fn answer(error: &Error) -> String {
    let text = match (error.status(), error.source()) {
        (Some(code), Some(said)) => format!("{code} {said}"),
        _ => error.to_string(),
    };
    shortened(&text)
}

fn shortened(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(ANSWER).collect()
}

async fn end(connection: &mut AsyncSmtpConnection) {
    let _ = tokio::time::timeout(Duration::from_secs(2), connection.abort()).await;
}
