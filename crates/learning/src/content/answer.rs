use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::Request,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures::TryStreamExt;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use serde_json::json;
use sha2::{Digest, Sha256};
use store::{Secret, StoreError};
use uuid::Uuid;

use super::{
    headers::Headers,
    host::{Host, Hosts},
    hot::{FileError, Opened},
    kinds,
    letters::Letters,
    range::{self, Asked},
};
use crate::{
    App,
    attempts::{self, COMMIT_MINUTES, Loaded, MOST_BYTES, READ_MINUTES, Refusal},
};

/// What the host names of courses answer. Whatever it is asked for, it is asked for by a launch's token; no cookie is read or set.
/// `None` where courses are not set up.
#[must_use]
pub fn router(app: &App) -> Option<Router> {
    let hosts = Hosts::new(&app.settings)?;
    let (app, headers) = (app.clone(), Headers::new(app));
    Some(Router::new().fallback(move |request: Request| {
        let (app, hosts, headers) = (app.clone(), hosts.clone(), headers.clone());
        async move {
            let mut response = answer(&app, &hosts, request).await.unwrap_or_else(NotAnswered::into_response);
            headers.add(response.headers_mut());
            response
        }
    }))
}

/// Why something is not answered.
enum NotAnswered {
    /// There is nothing here.
    Nothing,
    /// It was there, and is no more.
    Gone(&'static str),
    /// The path is for something else.
    Method(&'static str),
    /// A commit that is not taken.
    Refused(StatusCode, Refusal),
    /// It is our fault, or too much at once: worth asking again.
    Broken(StatusCode),
}

impl NotAnswered {
    fn into_response(self) -> Response {
        match self {
            Self::Nothing => (StatusCode::NOT_FOUND, "There is nothing here.\n").into_response(),
            Self::Gone(says) => (StatusCode::GONE, says).into_response(),
            Self::Method(allowed) => {
                let says = (StatusCode::METHOD_NOT_ALLOWED, "This is asked for in another way.\n");
                ([(header::ALLOW, allowed)], says).into_response()
            }
            Self::Refused(status, refusal) => {
                let why = refusal.as_str();
                metrics::counter!("staffrecord_learning_commits_refused_total", "why" => why).increment(1);
                let says = json!({ "result": false, "errorCode": 101, "why": why });
                let mut response = (status, json_body(&says)).into_response();
                if status == StatusCode::TOO_MANY_REQUESTS {
                    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
                }
                response
            }
            Self::Broken(status) => {
                let retry = [(header::RETRY_AFTER, "5")];
                (status, retry, "The portal could not do this. Try again in a moment.\n").into_response()
            }
        }
    }
}

impl From<StoreError> for NotAnswered {
    fn from(error: StoreError) -> Self {
        if matches!(error, StoreError::Busy | StoreError::Gone) {
            return Self::Broken(StatusCode::SERVICE_UNAVAILABLE);
        }
        tracing::error!(%error, "the content host failed");
        Self::Broken(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

impl From<FileError> for NotAnswered {
    fn from(error: FileError) -> Self {
        match error {
            FileError::Store(error) => error.into(),
            FileError::Files(error) => error.into(),
        }
    }
}

impl From<object_store::Error> for NotAnswered {
    fn from(error: object_store::Error) -> Self {
        tracing::error!(%error, "a file of a course cannot be read");
        Self::Broken(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

fn json_body(value: &serde_json::Value) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], value.to_string())
}

/// An address longer than this is none of ours.
const LONGEST_PATH: usize = 4096;

const GONE_CLOSED: &str =
    "This course was opened again somewhere else. Go on there, or open it anew from Learner Homepage.\n";
const GONE_OVER: &str = "This page was opened too long ago. Open the course anew from Learner Homepage.\n";

async fn answer(app: &App, hosts: &Hosts, request: Request) -> Result<Response, NotAnswered> {
    let host = web::authority(request.uri(), request.headers());
    let host = host.and_then(|named| hosts.of(named.host())).ok_or(NotAnswered::Nothing)?;
    let path = request.uri().path();
    if let Some(name) = path.strip_prefix("/check/").filter(|_| matches!(host, Host::Check | Host::All)) {
        let name = name.to_owned();
        return check(app, &name, request).await;
    }
    let rest =
        path.strip_prefix("/launch/").filter(|_| path.len() <= LONGEST_PATH).ok_or(NotAnswered::Nothing)?;
    let (token, place) = rest.split_once('/').ok_or(NotAnswered::Nothing)?;
    let (token, place) = (token.to_owned(), place.to_owned());
    if place == "commit" {
        let mut response = match *request.method() {
            Method::POST => {
                let committed = commit(app, host, &token, request).await;
                committed.unwrap_or_else(NotAnswered::into_response)
            }
            _ => NotAnswered::Method("POST").into_response(),
        };
        allow_portal(app, response.headers_mut());
        return Ok(response);
    }
    let opened =
        opened(app, host, &token).await?.filter(|opened| opened.reads).ok_or(NotAnswered::Nothing)?;
    if opened.launch.closed_at.is_some() {
        return Err(NotAnswered::Gone(GONE_CLOSED));
    }
    if app.clock.now() >= opened.launch.created_at.plus_minutes(READ_MINUTES) {
        return Err(NotAnswered::Gone(GONE_OVER));
    }
    if place == "begin" {
        return match *request.method() {
            Method::POST => begin(app, &opened).await,
            _ => Err(NotAnswered::Method("POST")),
        };
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return Err(NotAnswered::Method("GET, HEAD"));
    }
    let mut response = match place.strip_prefix("course/") {
        Some(path) => course_file(app, opened.launch.version_id, path, request.headers()).await?,
        None => player_file(&place, request.headers())?,
    };
    if request.method() == Method::HEAD {
        *response.body_mut() = Body::empty();
    }
    Ok(response)
}

/// What PC Checker sends back and forth has at most so many bytes.
const CHECK_BYTES: usize = 256 * 1024;
/// What it measures the network's speed by has so many.
const SPEED_BYTES: usize = 512 * 1024;

/// Bytes that no proxy makes smaller: a counter, hashed.
static SPEED: LazyLock<Bytes> = LazyLock::new(|| {
    let blocks = (0..SPEED_BYTES / 32).flat_map(|count| Sha256::digest(count.to_be_bytes()));
    blocks.collect::<Vec<u8>>().into()
});

/// What PC Checker tries from a frame: it is anybody's, and holds nothing of anybody.
async fn check(app: &App, name: &str, request: Request) -> Result<Response, NotAnswered> {
    let octets = [(header::CONTENT_TYPE, "application/octet-stream")];
    let text = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];
    if let Some(number) = name.strip_prefix("letter/") {
        return letter(app, Letters::parse(number).ok_or(NotAnswered::Nothing)?, request).await;
    }
    match (name, request.method()) {
        ("echo", &Method::POST) => {
            let body = whole(request.into_body(), CHECK_BYTES, PATIENCE).await;
            let body = body.map_err(|error| match error {
                NotWhole::TooLong => NotAnswered::Broken(StatusCode::PAYLOAD_TOO_LARGE),
                NotWhole::Late => NotAnswered::Broken(StatusCode::REQUEST_TIMEOUT),
            })?;
            let mut response = (text, body).into_response();
            // The portal's pages send what waits from where they are.
            allow_portal(app, response.headers_mut());
            Ok(response)
        }
        ("echo", _) => Err(NotAnswered::Method("POST")),
        ("speed", &Method::GET) => Ok((octets, SPEED.clone()).into_response()),
        ("" | "check.js", &Method::GET | &Method::HEAD) => {
            let mut response =
                player_file(if name.is_empty() { "check.html" } else { name }, request.headers())?;
            if request.method() == Method::HEAD {
                *response.body_mut() = Body::empty();
            }
            Ok(response)
        }
        ("" | "check.js" | "speed", _) => Err(NotAnswered::Method("GET")),
        _ => Err(NotAnswered::Nothing),
    }
}

/// What is sent has to be here after so long: whoever holds back the rest of it holds a connection.
const PATIENCE: Duration = Duration::from_secs(30);

/// Why a body was not read.
#[derive(Debug, PartialEq, Eq)]
enum NotWhole {
    /// It is longer than it may be, or broke off.
    TooLong,
    /// The rest of it did not come.
    Late,
}

/// A body of at most so many bytes that is here within so long.
async fn whole(body: Body, most: usize, patience: Duration) -> Result<Bytes, NotWhole> {
    let read = tokio::time::timeout(patience, axum::body::to_bytes(body, most)).await;
    read.map_err(|_| NotWhole::Late)?.map_err(|_| NotWhole::TooLong)
}

/// What a page sends as it is left, and whether it came: the same number in address and body, since a body that gets lost saves nothing.
async fn letter(app: &App, number: u128, request: Request) -> Result<Response, NotAnswered> {
    let letters = app.hot.letters();
    let written = format!("{number:032x}");
    match *request.method() {
        Method::POST => {
            let body = whole(request.into_body(), written.len(), PATIENCE).await;
            if body.is_ok_and(|body| body == written.as_bytes()) {
                letters.keep(number, app.clock.now());
            }
            Ok(StatusCode::NO_CONTENT.into_response())
        }
        Method::GET => {
            let came = letters.came(number, app.clock.now());
            Ok(if came { written } else { String::new() }.into_response())
        }
        _ => Err(NotAnswered::Method("GET, POST")),
    }
}

/// The launch of a token, at the host name of its own attempt.
async fn opened(app: &App, host: Host, token: &str) -> Result<Option<Arc<Opened>>, NotAnswered> {
    let Some(token) = Secret::parse(token) else { return Ok(None) };
    let opened = app.hot.launch(app, &token.hash()).await?;
    Ok(opened.filter(|opened| match host {
        Host::Attempt(attempt) => opened.launch.attempt_id == attempt,
        Host::All => true,
        Host::Check => false,
    }))
}

async fn begin(app: &App, opened: &Opened) -> Result<Response, NotAnswered> {
    if !opened.shared.is_in_pace(app.clock.now()) {
        return Err(NotAnswered::Refused(StatusCode::TOO_MANY_REQUESTS, Refusal::TooMany));
    }
    let Some(Loaded(says)) = attempts::begin(app, opened).await? else {
        return Err(NotAnswered::Gone(GONE_CLOSED));
    };
    Ok(json_body(&says).into_response())
}

/// What is not saved is sent again from pages of the portal, by a plain request without cookies.
fn allow_portal(app: &App, headers: &mut HeaderMap) {
    if let Ok(origin) = HeaderValue::from_str(&app.site.origin()) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    }
    headers.insert(header::VARY, HeaderValue::from_static("origin"));
}

async fn commit(app: &App, host: Host, token: &str, request: Request) -> Result<Response, NotAnswered> {
    let refused = |refusal: Refusal| {
        let status = match refusal {
            Refusal::Malformed => StatusCode::BAD_REQUEST,
            Refusal::TooLong => StatusCode::PAYLOAD_TOO_LARGE,
            Refusal::Unknown => StatusCode::NOT_FOUND,
            Refusal::Repeated => StatusCode::CONFLICT,
            Refusal::Closed | Refusal::Over => StatusCode::GONE,
            Refusal::TooMany => StatusCode::TOO_MANY_REQUESTS,
        };
        NotAnswered::Refused(status, refusal)
    };
    let opened = opened(app, host, token).await?.ok_or(refused(Refusal::Unknown))?;
    if app.clock.now() >= opened.launch.created_at.plus_minutes(COMMIT_MINUTES) {
        return Err(refused(Refusal::Over));
    }
    if !opened.shared.is_in_pace(app.clock.now()) {
        return Err(refused(Refusal::TooMany));
    }
    let said = request.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    if said.and_then(|length| length.parse::<usize>().ok()).is_some_and(|length| length > MOST_BYTES) {
        return Err(refused(Refusal::TooLong));
    }
    // What is longer than it may be is dropped on the way; a connection that breaks off can send it again.
    let body = whole(request.into_body(), MOST_BYTES, PATIENCE).await.map_err(|error| match error {
        NotWhole::TooLong => refused(Refusal::TooLong),
        NotWhole::Late => NotAnswered::Broken(StatusCode::REQUEST_TIMEOUT),
    })?;
    opened.shared.weigh(body.len());
    match attempts::commit(app, &opened, &body).await {
        Ok(committed) => {
            metrics::counter!("staffrecord_learning_commits_total").increment(1);
            let mut says = json!({
                "result": true,
                "errorCode": 0,
                "receipt": { "launch": committed.launch, "sequence": committed.sequence },
                "status": committed.status.as_str().replace('_', " "),
            });
            if committed.closed {
                says["closed"] = true.into();
            }
            Ok(json_body(&says).into_response())
        }
        // An item that the course does not have is the course's mistake, not the address's.
        Err(attempts::Answer::Refused(Refusal::Unknown)) => {
            Err(NotAnswered::Refused(StatusCode::BAD_REQUEST, Refusal::Unknown))
        }
        Err(attempts::Answer::Refused(refusal)) => Err(refused(refusal)),
        Err(attempts::Answer::Elsewhere) => Err(refused(Refusal::Unknown)),
        Err(attempts::Answer::Same { .. }) => Err(refused(Refusal::Repeated)),
        Err(attempts::Answer::Store(error)) => Err(error.into()),
    }
}

/// The player's own files. They change with an upgrade, so each is asked for anew.
fn player_file(name: &str, headers: &HeaderMap) -> Result<Response, NotAnswered> {
    let name = if name.is_empty() { "player.html" } else { name };
    let file = web::assets::content_file(name).ok_or(NotAnswered::Nothing)?;
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let takes_brotli = text(header::ACCEPT_ENCODING)
        .is_some_and(|takes| takes.split(',').any(|one| one.split(';').next().map(str::trim) == Some("br")));
    let tag = format!("\"{}{}\"", file.hash, if takes_brotli { "-br" } else { "" });
    let mut response = if range::matches(text(header::IF_NONE_MATCH), &tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let bytes = Bytes::from_static(if takes_brotli { file.brotli } else { file.plain });
        let mut response = Body::from(bytes).into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(file.content_type));
        if takes_brotli {
            response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("br"));
        }
        response
    };
    let answered = response.headers_mut();
    answered.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    answered.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        answered.insert(header::ETAG, tag);
    }
    Ok(response)
}

/// A file of a version. It never changes, so browsers need not ask again while its launch can be read.
async fn course_file(
    app: &App,
    version: Uuid,
    path: &str,
    headers: &HeaderMap,
) -> Result<Response, NotAnswered> {
    let path = decoded(path).ok_or(NotAnswered::Nothing)?;
    let held = app.hot.file(app, version, &path).await?.ok_or(NotAnswered::Nothing)?;
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let tag = format!("\"{}\"", held.hash);
    let same = range::matches(text(header::IF_NONE_MATCH), &tag);
    let in_part = text(header::IF_RANGE).is_none_or(|held| held.trim() == tag);
    let asked = match range::asked(text(header::RANGE).filter(|_| in_part), held.size) {
        _ if same => None,
        asked => Some(asked),
    };
    let (status, part) = match &asked {
        None => (StatusCode::NOT_MODIFIED, 0..0),
        Some(Asked::Whole) => (StatusCode::OK, 0..held.size),
        Some(Asked::Part(part)) => (StatusCode::PARTIAL_CONTENT, part.clone()),
        Some(Asked::None) => (StatusCode::RANGE_NOT_SATISFIABLE, 0..0),
    };
    let length = part.end - part.start;
    let body = match &held.bytes {
        _ if length == 0 => Body::empty(),
        Some(bytes) => {
            let at = |place: u64| usize::try_from(place).unwrap_or(usize::MAX).min(bytes.len());
            Body::from(bytes.slice(at(part.start)..at(part.end)))
        }
        None => {
            let stream = app.files.stream(&held.hash, part.clone()).await?;
            Body::from_stream(
                stream.inspect_err(|error| tracing::error!(%error, "a file of a course broke off")),
            )
        }
    };
    let mut response = (status, body).into_response();
    let answered = response.headers_mut();
    answered.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=43200, immutable"));
    answered.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    let mut insert = |name, value: String| {
        if let Ok(value) = HeaderValue::from_str(&value) {
            answered.insert(name, value);
        }
    };
    insert(header::ETAG, tag);
    match asked {
        None => return Ok(response),
        Some(Asked::Part(part)) => {
            insert(header::CONTENT_RANGE, format!("bytes {}-{}/{}", part.start, part.end - 1, held.size));
        }
        Some(Asked::None) => insert(header::CONTENT_RANGE, format!("bytes */{}", held.size)),
        Some(Asked::Whole) => {}
    }
    insert(header::CONTENT_LENGTH, length.to_string());
    if status != StatusCode::RANGE_NOT_SATISFIABLE {
        answered.insert(header::CONTENT_TYPE, HeaderValue::from_static(kinds::of(&path)));
    }
    Ok(response)
}

/// A path without its `%` escapes; `None` where that is no text.
fn decoded(path: &str) -> Option<String> {
    if !path.contains('%') {
        return Some(path.to_owned());
    }
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        if *first == b'%' {
            let digits = after.get(..2).filter(|digits| digits.iter().all(u8::is_ascii_hexdigit))?;
            bytes.push(u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?);
            rest = after.get(2..)?;
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    String::from_utf8(bytes).ok().filter(|path| !path.contains('\0'))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::body::Body;
    use bytes::Bytes;
    use futures::{StreamExt, stream};

    use super::{NotWhole, decoded, whole};

    #[tokio::test]
    async fn a_body_that_does_not_come_is_given_up() {
        let some = || stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(b"half"))]);
        let (patience, soon) = (Duration::from_secs(30), Duration::from_millis(1));
        assert_eq!(whole(Body::from_stream(some()), 4, patience).await, Ok(Bytes::from_static(b"half")));
        assert_eq!(whole(Body::from_stream(some()), 3, patience).await, Err(NotWhole::TooLong));
        let never = some().chain(stream::pending());
        assert_eq!(whole(Body::from_stream(never), 100, soon).await, Err(NotWhole::Late));
    }

    #[test]
    fn a_path_is_decoded_once() {
        for (path, is) in [
            ("a/b.html", Some("a/b.html")),
            ("a%20b.html", Some("a b.html")),
            ("%2e%2e/x", Some("../x")),
            ("100%2525", Some("100%25")),
            ("%C3%A9", Some("é")),
            ("%E9", None),
            ("%", None),
            ("%4", None),
            ("%zz", None),
            ("%00", None),
        ] {
            assert_eq!(decoded(path).as_deref(), is, "{path}");
        }
    }
}
