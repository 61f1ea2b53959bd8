//! What these tests share: courses made of nothing but files, a person who opens them, and what a player sends.

use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use audit::Origin;
use axum::body::Body;
use http::{Request, header};
use learning::{
    App,
    attempts::{self, Launched},
    courses::{self, Contents, Imported, NewVersion},
};
use records::{Holder, Permission, Permit};
use scorm::{Item, Launch, Manifest, Standard};
use serde_json::{Value, json};
use store::testing::strings;
use testing::{Answer, Portal};
use uuid::Uuid;
use web::Peer;

pub(crate) const HELEN: &str = "427HOWSEA01";
pub(crate) const AMINA: &str = "427ADELAC01";
pub(crate) const JOHN: &str = "999JSMITH01";

pub(crate) fn app(portal: &Portal) -> App {
    portal.portal.learning.clone()
}

/// An item that opens `<identifier>.html`.
pub(crate) fn part(identifier: &str) -> Item {
    Item {
        identifier: identifier.to_owned(),
        title: format!("Part {identifier}"),
        launch: Some(Launch { path: format!("{identifier}.html"), query: String::new(), tracked: true }),
        visible: true,
        ..Item::default()
    }
}

pub(crate) fn manifest(standard: Standard, children: Vec<Item>) -> Manifest {
    let root = Item {
        identifier: "org".into(),
        title: "Fire safety".into(),
        visible: true,
        children,
        ..Item::default()
    };
    Manifest { standard, edition: None, title: "Fire safety".into(), root }
}

/// One part of SCORM 1.2.
pub(crate) fn simple() -> Manifest {
    manifest(Standard::Scorm12, vec![part("a")])
}

/// A package with these files.
pub(crate) fn contents(manifest: Manifest, files: &[(&str, &[u8])]) -> Contents {
    use sha2::{Digest, Sha256};
    let mut hash = Sha256::new().chain_update(serde_json::to_vec(&manifest).unwrap());
    for (path, bytes) in files {
        hash = hash.chain_update(path).chain_update(bytes);
    }
    let held: BTreeMap<String, Vec<u8>> =
        files.iter().map(|(path, bytes)| ((*path).to_owned(), bytes.to_vec())).collect();
    Contents {
        manifest,
        findings: Vec::new(),
        file_hash: hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect(),
        size: 1000,
        paths: held.keys().cloned().collect(),
        unpack: Box::new(move |path, sink: &mut dyn Write| {
            let bytes = held.get(path).ok_or_else(|| io::Error::other("no such file"))?;
            sink.write_all(bytes)
        }),
    }
}

pub(crate) async fn permit(portal: &Portal, username: &str) -> Permit {
    Permit::operator(Permission::PublishCourses, portal.holder(username).await.employer.id)
}

pub(crate) fn new(code: &str) -> NewVersion {
    NewVersion { code: code.to_owned(), file_name: "course.zip".into(), ..NewVersion::default() }
}

pub(crate) async fn import(portal: &Portal, code: &str, contents: Contents) -> Imported {
    let permit = permit(portal, HELEN).await;
    courses::import(&app(portal), &permit, new(code), contents, Origin::default()).await.unwrap()
}

pub(crate) async fn publish(portal: &Portal, version: Uuid) {
    let permit = permit(portal, HELEN).await;
    courses::publish(&app(portal), &permit, version, Origin::default()).await.unwrap();
}

/// A published course of Helen's employer.
pub(crate) async fn course(portal: &Portal, code: &str, manifest: Manifest) -> Imported {
    let imported = import(portal, code, contents(manifest, &[("a.html", b"<h1>A</h1>")])).await;
    publish(portal, imported.version).await;
    imported
}

/// A course that somebody has opened.
#[derive(Clone)]
pub(crate) struct Player {
    pub(crate) portal: Portal,
    pub(crate) host: String,
    pub(crate) path: String,
    /// Where the portal's pages send what was left, by a token that does nothing else.
    pub(crate) commit_path: String,
    pub(crate) launch: Uuid,
    pub(crate) attempt: Uuid,
}

pub(crate) async fn attempt(portal: &Portal, holder: &Holder, course: Uuid) -> Uuid {
    attempts::start_or_resume(&app(portal), holder, course, Origin::default()).await.unwrap()
}

pub(crate) async fn open_in(portal: &Portal, username: &str, course: Uuid, session: Uuid) -> Player {
    let holder = portal.holder(username).await;
    let attempt = attempt(portal, &holder, course).await;
    let launched =
        attempts::launch(&app(portal), &holder, attempt, session, "Chrome on Windows").await.unwrap();
    player(portal, attempt, &launched)
}

pub(crate) fn player(portal: &Portal, attempt: Uuid, launched: &Launched) -> Player {
    let (host, path) = launched.address.strip_prefix("https://").unwrap().split_once('/').unwrap();
    assert_eq!(format!("https://{host}"), launched.origin);
    assert_eq!(host, format!("c-{}.content.localhost", attempt.as_simple()));
    let commit_path = launched.commit_address.strip_prefix(&launched.origin).unwrap();
    let (host, path, commit_path) = (host.to_owned(), format!("/{path}"), commit_path.to_owned());
    Player { portal: portal.clone(), host, path, commit_path, launch: launched.id, attempt }
}

/// The player that a page of the portal shows.
pub(crate) fn shown(portal: &Portal, page: &Answer) -> Player {
    let address = page.is(200).between(" src=\"https://c-", "\"").to_owned();
    let attempt: Uuid = address.split('.').next().unwrap().parse().unwrap();
    let address = format!("https://c-{address}");
    let origin = address.split("/launch/").next().unwrap().to_owned();
    let commit_address = page.between("data-commit-url=\"", "\"").to_owned();
    let id = page.between("data-launch=\"", "\"").parse().unwrap();
    player(portal, attempt, &Launched { id, origin, address, commit_address })
}

/// Somebody opens a course and its page is loaded once.
pub(crate) async fn open(portal: &Portal, username: &str, course: Uuid) -> Player {
    let player = open_in(portal, username, course, Uuid::nil()).await;
    player.begin().await;
    player
}

pub(crate) async fn ask(portal: &Portal, host: &str, path: &str) -> Answer {
    portal.answer(request("GET", host, path).body(Body::empty()).unwrap()).await
}

pub(crate) fn request(method: &str, host: &str, path: &str) -> http::request::Builder {
    Request::builder()
        .method(method)
        .uri(path)
        .header(header::HOST, host)
        .extension(Peer("203.0.113.9".parse().unwrap()))
}

impl Player {
    pub(crate) async fn get(&self, path: &str) -> Answer {
        ask(&self.portal, &self.host, &format!("{}{path}", self.path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: impl Into<Body>) -> Answer {
        let path = format!("{}{path}", self.path);
        let request = request("POST", &self.host, &path).header(header::CONTENT_TYPE, "text/plain");
        self.portal.answer(request.body(body.into()).unwrap()).await
    }

    /// A commit as the portal's pages send it.
    pub(crate) async fn send_left(&self, body: &Value) -> Answer {
        let request =
            request("POST", &self.host, &self.commit_path).header(header::CONTENT_TYPE, "text/plain");
        self.portal.answer(request.body(body.to_string().into()).unwrap()).await
    }

    pub(crate) async fn begin(&self) -> Value {
        let answer = self.post("begin", "").await;
        answer.is(200);
        serde_json::from_slice(&answer.bytes).unwrap()
    }

    /// A commit of part `a`, done now.
    #[expect(clippy::needless_pass_by_value, reason = "each state is made for one call")]
    pub(crate) fn body(&self, sequence: i64, state: Value) -> Value {
        json!({
            "launch": self.launch,
            "sequence": sequence,
            "item": "a",
            "at": self.portal.clock.now(),
            "final": false,
            "state": state,
            "status": { "completion": "completed" },
            "root": null,
            "sequencing": null,
        })
    }

    pub(crate) async fn commit(&self, body: &Value) -> Answer {
        self.post("commit", body.to_string()).await
    }

    /// A commit that must be taken; how the attempt stands after it.
    pub(crate) async fn says(&self, sequence: i64, state: Value) -> String {
        self.takes(&self.body(sequence, state)).await
    }

    pub(crate) async fn takes(&self, body: &Value) -> String {
        let answer = self.commit(body).await;
        answer.is(200);
        let says: Value = serde_json::from_slice(&answer.bytes).unwrap();
        assert_eq!((&says["result"], &says["errorCode"]), (&json!(true), &json!(0)));
        assert_eq!(says["receipt"], json!({ "launch": self.launch, "sequence": body["sequence"] }));
        says["status"].as_str().unwrap().to_owned()
    }

    /// A commit that must not be taken; why.
    pub(crate) async fn refuses(&self, body: &Value, status: u16) -> String {
        why(self.commit(body).await.is(status))
    }

    /// Everything that is committed, with the number of its launch, in order.
    pub(crate) async fn stored(&self) -> Vec<String> {
        strings(
            &self.portal.db,
            "SELECT CAST(l.number AS TEXT) || ':' || CAST(c.sequence AS TEXT) || ' ' || c.verdict || ' ' || c.status
             FROM launch_commit c JOIN launch l ON l.id = c.launch_id ORDER BY l.number, c.sequence",
        )
        .await
    }
}

pub(crate) fn why(answer: &Answer) -> String {
    let says: Value = serde_json::from_slice(&answer.bytes).unwrap();
    assert_eq!((&says["result"], &says["errorCode"]), (&json!(false), &json!(101)));
    says["why"].as_str().unwrap().to_owned()
}

/// The run-time's data of SCORM 1.2.
pub(crate) fn state(status: &str, raw: &str, location: &str) -> Value {
    json!({
        "suspend_data": format!("at {location}"),
        "core": {
            "lesson_status": status,
            "lesson_location": location,
            "score": { "raw": raw, "min": "0", "max": "100" },
            "total_time": "0000:00:00",
            "session_time": "00:02:05",
        },
    })
}

/// The completions there are.
pub(crate) async fn completions(portal: &Portal) -> Vec<String> {
    strings(
        &portal.db,
        "SELECT status || ' ' || COALESCE(CAST(score AS TEXT), '-') || ' ' || source FROM completion ORDER BY recorded_at, id",
    )
    .await
}
