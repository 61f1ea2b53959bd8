//! A portal that teaches, people who have its courses open, and what a player sends.

use std::{fs, sync::Arc};

use audit::Origin;
use futures::stream::{self, StreamExt, TryStreamExt};
use learning::attempts;
use scorm::write::Writer;
use serde_json::{Value, json};
use uuid::Uuid;

use super::figures::INSIDE;
use crate::{
    Failed,
    database::Database,
    people::{EMPLOYER, Person, file},
    sql,
    wire::Wire,
    world::{Bench, World},
};

/// So many courses are opened at once while all is prepared.
const AT_ONCE: usize = 32;

const MANIFEST: &str = r#"<manifest identifier="m" xmlns="http://www.imsproject.org/xsd/imscp_rootv1p1p2"
    xmlns:adlcp="http://www.adlnet.org/xsd/adlcp_rootv1p2">
  <metadata><schema>ADL SCORM</schema><schemaversion>1.2</schemaversion></metadata>
  <organizations default="o"><organization identifier="o"><title>{title}</title>
    <item identifier="a" identifierref="r"><title>{title}</title></item></organization></organizations>
  <resources><resource identifier="r" type="webcontent" adlcp:scormtype="sco" href="index.html"><file href="index.html"/></resource></resources>
</manifest>"#;

/// A portal at whose content hosts courses are.
pub(crate) async fn world(bench: &Bench, name: &str, database: &Database) -> Result<Arc<World>, Failed> {
    let world = World::make_on(bench, name, "", &[INSIDE], database.address()).await?;
    world.configure("#content_base = \"content.example.net\"", "content_base = \"content.localhost\"")?;
    Ok(Arc::new(world))
}

/// Takes a course of these files in, beside the page that it begins with, and publishes it.
pub(crate) async fn publish(
    world: &World,
    code: &str,
    title: &str,
    files: &[(String, Vec<u8>)],
) -> Result<(), Failed> {
    let mut package = Writer::new();
    package.file("imsmanifest.xml", MANIFEST.replace("{title}", title).as_bytes())?;
    package.file("index.html", format!("<h1>{title}</h1>").as_bytes())?;
    for (path, bytes) in files {
        package.file(path, bytes)?;
    }
    let path = world.folder.join(format!("{code}.zip"));
    fs::write(&path, package.done()?)?;
    let path = path.to_string_lossy();
    world.command(&["course", "import", &path, "--employer", EMPLOYER, "--course", code, "--publish"]).await
}

/// Loads people, none of whom has a password.
pub(crate) async fn load(world: &World, people: &[Person]) -> Result<(), Failed> {
    world.import(&world.write("people.csv", &file(people))?).await
}

/// A course that somebody has open, and how far its player has counted.
#[derive(Clone)]
pub(crate) struct Open {
    host: String,
    /// Ends with `/`.
    path: String,
    launch: Uuid,
    now: String,
    sequence: i64,
}

/// Opens courses for the first people of the employer, each at all of them, while no `serve` runs.
pub(crate) async fn open(world: &World, people: usize, codes: &[&str]) -> Result<Vec<Open>, Failed> {
    let (db, portal) = world.portal().await?;
    let app = &portal.learning;
    let mut wanted = Vec::new();
    let mut reader = db.read().await?;
    let tx = &mut reader.tx();
    let none = |what: &str| Failed::because(format!("there is no {what}"));
    let employer = records::employer_by_code(tx, EMPLOYER).await?.ok_or_else(|| none("employer"))?;
    for (person, _) in sql::everybody(tx, employer.id).await?.into_iter().take(people) {
        let holder = records::holder(tx, person, app.clock.now()).await?;
        let holder = holder.ok_or_else(|| none("such person"))?;
        for code in codes {
            let course = learning::courses::course_by_code(tx, employer.id, code).await?;
            wanted.push((holder.clone(), course.ok_or_else(|| none(code))?.id));
        }
    }
    drop(reader);
    let opened = stream::iter(wanted).map(|(holder, course)| async move {
        let begun = attempts::start_or_resume(app, &holder, course, Origin::default()).await?;
        let launched = attempts::launch(app, &holder, begun, Uuid::nil(), "a benchmark").await?;
        let apart = |address: &str| {
            let (host, path) = address.strip_prefix("http://")?.split_once('/')?;
            Some((host.to_owned(), format!("/{path}")))
        };
        let unclear = || Failed::because(format!("{} is no address here", launched.address));
        let (host, path) = apart(&launched.address).ok_or_else(unclear)?;
        Ok::<_, Failed>(Open { host, path, launch: launched.id, now: String::new(), sequence: 0 })
    });
    let opened = opened.buffered(AT_ONCE).try_collect().await?;
    // What follows from it, so that `serve` begins with nothing to do.
    portal.settle().await?;
    db.close().await;
    Ok(opened)
}

impl Open {
    /// The request for one of its files, as it goes over the wire.
    pub(crate) fn file(&self, path: &str, headers: &str) -> Vec<u8> {
        let (host, base) = (&self.host, &self.path);
        format!("GET {base}course/{path} HTTP/1.1\r\nHost: {host}\r\n{headers}\r\n").into_bytes()
    }

    pub(crate) fn has_begun(&self) -> bool {
        self.sequence > 0
    }

    /// The player's page is loaded.
    pub(crate) async fn begin(&mut self, wire: &mut Wire) -> Result<(), Failed> {
        let request = self.post(&format!("{}begin", self.path), "");
        let heard = wire.ask(&request).await?;
        heard.expect(200)?;
        let says: Value = serde_json::from_slice(heard.body)?;
        let told = says["sequence_from"].as_i64().zip(says["now"].as_str());
        let (from, now) = told.ok_or_else(|| Failed::because("the player is not told how to count"))?;
        (self.sequence, self.now) = (from, now.to_owned());
        Ok(())
    }

    /// The request for the next commit: five elements as the course has set them, in all that the player keeps of it.
    pub(crate) fn commit(&mut self, says: &Says<'_>) -> Vec<u8> {
        self.sequence += 1;
        let Says { status, location, raw, suspend_data, ends } = *says;
        let body = json!({
            "launch": self.launch,
            "sequence": self.sequence,
            "item": "a",
            "at": self.now,
            "final": ends,
            "state": {
                "suspend_data": HERE, "launch_data": "", "comments": "", "comments_from_lms": "",
                "core": {
                    "student_id": "5d1b4ad7c2f94fd8a52e0e6d3ba7c910", "student_name": "Xaaab, Ann", "lesson_location": location,
                    "credit": "credit", "lesson_status": status, "entry": "", "lesson_mode": "normal", "exit": "suspend",
                    "session_time": "00:00:00", "total_time": "00:05:12.5", "score": { "raw": raw, "min": "0", "max": "100" },
                },
                "objectives": {},
                "student_data": { "mastery_score": "", "max_time_allowed": "", "time_limit_action": "" },
                "student_preference": { "audio": "", "language": "", "speed": "", "text": "" },
                "interactions": {},
                "ended": false,
            },
            "status": { "completion": status, "success": "unknown", "raw": raw, "min": "0", "max": "100", "seconds": 312, "location": location },
            "root": null,
            "sequencing": null,
            "objectives": null,
        });
        // What is long is put in as it stands: a client that looks at each of its letters takes more of the processor than the server.
        self.post(&format!("{}commit", self.path), &body.to_string().replacen(HERE, suspend_data, 1))
    }

    fn post(&self, path: &str, body: &str) -> Vec<u8> {
        let (host, length) = (&self.host, body.len());
        format!(
            "POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        )
        .into_bytes()
    }
}

/// Where the suspend data goes in a commit's text.
const HERE: &str = "<suspend data>";

/// What a course has set.
#[derive(Clone, Copy)]
pub(crate) struct Says<'s> {
    pub(crate) status: &'s str,
    pub(crate) location: &'s str,
    pub(crate) raw: &'s str,
    /// Nothing in it has to be escaped in JSON.
    pub(crate) suspend_data: &'s str,
    /// Nothing comes after it.
    pub(crate) ends: bool,
}
