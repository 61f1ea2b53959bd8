//! The demo's mailbox: what the portal would have mailed, as a page and as JSON. Only the demo has it.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use askama::Template;
use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use mail_parser::MessageParser;
use serde::Serialize;
use web::{Audience, Page, Problem, Route};

/// The newest so many mails are shown.
const SHOWN: usize = 50;

/// A mail that was written to the folder.
#[derive(Clone, Debug, Serialize)]
pub struct Mail {
    /// The address.
    pub to: String,
    /// Its subject.
    pub subject: String,
    /// Its plain text part.
    pub text: String,
    /// Its HTML part.
    pub html: String,
    /// The web addresses in its text, in order.
    pub links: Vec<String>,
    /// Its date, in seconds since 1970.
    pub at: i64,
}

/// The pages of the mailbox, for mails in `folder`.
#[must_use]
pub fn routes(folder: PathBuf) -> Vec<Route> {
    let folder = Arc::new(folder);
    vec![
        Route::get("/demo/mailbox", Audience::Anyone, show, folder.clone()),
        Route::get("/demo/mailbox.json", Audience::Anyone, list, folder),
    ]
}

/// The mails in `folder`, newest first.
///
/// # Errors
/// Where the folder cannot be read.
pub fn read(folder: &Path) -> io::Result<Vec<Mail>> {
    let mut mails = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "eml") {
            // The name is the mail's id, which is in the order of time.
            mails.extend(parse(&fs::read(&path)?).map(|mail| (path, mail)));
        }
    }
    mails.sort_by(|(a, _), (b, _)| b.cmp(a));
    Ok(mails.into_iter().map(|(_, mail)| mail).collect())
}

fn parse(bytes: &[u8]) -> Option<Mail> {
    let message = MessageParser::default().parse(bytes)?;
    let text = message.body_text(0)?.replace("\r\n", "\n");
    let links =
        text.split_whitespace().filter(|word| word.starts_with("http://") || word.starts_with("https://"));
    Some(Mail {
        to: message.to().and_then(|to| to.first()).and_then(|to| to.address()).unwrap_or_default().to_owned(),
        subject: message.subject().unwrap_or_default().to_owned(),
        links: links.map(str::to_owned).collect(),
        html: message.body_html(0).unwrap_or_default().into_owned(),
        at: message.date().map(mail_parser::DateTime::to_timestamp).unwrap_or_default(),
        text,
    })
}

#[derive(Template)]
#[template(path = "mailbox.html")]
struct MailboxView {
    mails: Vec<MailView>,
}

struct MailView {
    to: String,
    subject: String,
    /// Pieces of the text: what it is, and whether it is a link.
    lines: Vec<(String, bool)>,
}

async fn show(State(folder): State<Arc<PathBuf>>, page: Page) -> Result<Response, Problem> {
    let mails = newest(folder).await?.into_iter().map(|mail| MailView {
        to: mail.to,
        subject: mail.subject,
        lines: mail
            .text
            .lines()
            .map(|line| (line.to_owned(), mail.links.iter().any(|link| link == line)))
            .collect(),
    });
    page.shell("Mailbox of the demo").show(&MailboxView { mails: mails.collect() })
}

async fn list(State(folder): State<Arc<PathBuf>>) -> Result<Response, Problem> {
    Ok(Json(newest(folder).await?).into_response())
}

async fn newest(folder: Arc<PathBuf>) -> Result<Vec<Mail>, Problem> {
    let read = tokio::task::spawn_blocking(move || read(&folder)).await.map_err(Problem::broken)?;
    let mut mails = read.map_err(Problem::broken)?;
    mails.truncate(SHOWN);
    Ok(mails)
}
