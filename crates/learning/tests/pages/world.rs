//! Courses and what people have made of them, written as rows: these tests are about what pages make of those.

use futures::FutureExt;
use learning::Code;
use store::{Instant, StoreError, on};
use testing::Portal;
use uuid::Uuid;

/// A course with one published version of two parts.
pub(crate) struct Course {
    pub(crate) id: Uuid,
    pub(crate) version: Uuid,
    pub(crate) title: String,
}

/// What somebody has done.
pub(crate) struct Done {
    pub(crate) id: Uuid,
    pub(crate) attempt: Uuid,
    pub(crate) code: String,
}

const MANIFEST: &str = r#"{"standard":"scorm12","edition":null,"title":"Course","root":{"identifier":"root","title":"Course",
"launch":null,"visible":true,"hidden_controls":[],"mastery_score":null,"scaled_passing":null,"completion_threshold":null,
"max_time":null,"time_limit_action":null,"data_from_lms":null,"prerequisites":null,"sequencing":null,"children":[
{"identifier":"one","title":"Lesson <one>","launch":{"path":"one.html","query":"","tracked":true},"visible":true,"hidden_controls":[],
"mastery_score":null,"scaled_passing":null,"completion_threshold":null,"max_time":null,"time_limit_action":null,"data_from_lms":null,
"prerequisites":null,"sequencing":null,"children":[]},
{"identifier":"two","title":"Test","launch":{"path":"two.html","query":"","tracked":true},"visible":true,"hidden_controls":[],
"mastery_score":80.0,"scaled_passing":null,"completion_threshold":null,"max_time":null,"time_limit_action":null,"data_from_lms":null,
"prerequisites":null,"sequencing":null,"children":[]}]}}"#;

pub(crate) async fn course(
    portal: &Portal,
    employer: &str,
    code: &str,
    title: &str,
    description: &str,
) -> Course {
    let now = portal.clock.now();
    let (id, version) = (portal.entropy.id(now), portal.entropy.id(now));
    let mut reader = portal.db.read().await.unwrap();
    let employer = records::employer_by_code(&mut reader.tx(), employer).await.unwrap().unwrap().id;
    drop(reader);
    let course = Course { id, version, title: title.to_owned() };
    let words = format!("{title} {code} {description}").to_lowercase();
    let [code, title, description] = [code, title, description].map(str::to_owned);
    portal
        .db
        .write(move |tx| {
            async move {
                on!(tx, c => sqlx::query("INSERT INTO course (id, employer_id, code, title, description, words, minutes, created_at, current_version)
                     VALUES ($1, $2, $3, $4, $5, $8, 30, $6, $7)")
                    .bind(id).bind(employer).bind(code).bind(title).bind(description).bind(now).bind(version).bind(words)
                    .execute(c).await.map(drop))?;
                on!(tx, c => sqlx::query("INSERT INTO course_version (id, course_id, number, state, standard, manifest, findings, file_name,
                         file_hash, size, uploaded_at, published_at, tested_on)
                     VALUES ($1, $2, 1, 'published', 'scorm12', $3, '[]', 'course.zip', 'x', 1, $4, $4, 'Edge on Windows')")
                    .bind(version).bind(id).bind(MANIFEST).bind(now).execute(c).await.map(drop))?;
                Ok::<_, StoreError>(())
            }
            .boxed()
        })
        .await
        .unwrap();
    course
}

/// Takes a course out of the list.
pub(crate) async fn retire(portal: &Portal, course: &Course) {
    let id = course.id;
    portal
        .db
        .write(move |tx| {
            async move {
                on!(tx, c => sqlx::query("UPDATE course SET current_version = NULL WHERE id = $1").bind(id).execute(c).await.map(drop))
            }
            .boxed()
        })
        .await
        .unwrap();
}

pub(crate) async fn attempt(
    portal: &Portal,
    username: &str,
    course: &Course,
    number: i64,
    status: &str,
) -> Uuid {
    let now = portal.clock.now();
    let (id, holder) = (portal.entropy.id(now), portal.holder(username).await.record.id);
    let (course, version, status) = (course.id, course.version, status.to_owned());
    portal
        .db
        .write(move |tx| {
            async move {
                on!(tx, c => sqlx::query("INSERT INTO attempt (id, staff_record_id, course_id, version_id, number, began_at, touched_at, status,
                         seconds, launches, state_launch, state_sequence) VALUES ($1, $2, $3, $4, $5, $6, $6, $7, 754, 1, 0, 0)")
                    .bind(id).bind(holder).bind(course).bind(version).bind(number).bind(now).bind(status)
                    .execute(c).await.map(drop))?;
                on!(tx, c => sqlx::query("INSERT INTO attempt_item (attempt_id, item, launch_number, sequence, status, seconds, size, state)
                     VALUES ($1, 'one', 1, 1, 'completed', 60, 2, '{}')")
                    .bind(id).execute(c).await.map(drop))?;
                Ok::<_, StoreError>(())
            }
            .boxed()
        })
        .await
        .unwrap();
    id
}

/// A launch, opened or not, and whether the last of it has come.
pub(crate) async fn launch(
    portal: &Portal,
    attempt: Uuid,
    number: i64,
    (loads, is_final): (i64, bool),
) -> Uuid {
    let now = portal.clock.now();
    let id = portal.entropy.id(now);
    let final_at = is_final.then_some(now);
    portal
        .db
        .write(move |tx| {
            async move {
                on!(tx, c => sqlx::query("INSERT INTO launch (id, attempt_id, number, token_hash, commit_token_hash, session_id, device, created_at, loads, final_at)
                     VALUES ($1, $2, $3, $4, $4, $1, 'Edge on Windows', $5, $6, $7)")
                    .bind(id).bind(attempt).bind(number).bind(id.as_bytes().to_vec()).bind(now).bind(loads).bind(final_at)
                    .execute(c).await.map(drop))
            }
            .boxed()
        })
        .await
        .unwrap();
    id
}

/// Something of a launch has come.
pub(crate) async fn commit(portal: &Portal, launch: Uuid, at: Instant) {
    portal
        .db
        .write(move |tx| {
            async move {
                on!(tx, c => sqlx::query("INSERT INTO launch_commit (launch_id, sequence, received_at, at, item, final, body, hash, verdict, status)
                     VALUES ($1, 1, $2, $2, 'one', $3, $4, $4, 'newest', 'incomplete')")
                    .bind(launch).bind(at).bind(false).bind(Vec::<u8>::new()).execute(c).await.map(drop))
            }
            .boxed()
        })
        .await
        .unwrap();
}

/// That an attempt was completed or passed now.
pub(crate) async fn completion(
    portal: &Portal,
    username: &str,
    course: &Course,
    attempt: Uuid,
    status: &str,
) -> Done {
    let now = portal.clock.now();
    let holder = portal.holder(username).await.record;
    let done =
        Done { id: portal.entropy.id(now), attempt, code: Code::new(&portal.entropy).as_str().to_owned() };
    let (id, code, course_id) = (done.id, done.code.clone(), course.id);
    let (title, status, name) = (course.title.clone(), status.to_owned(), holder.name());
    let score = (status == "passed").then_some(833_333_i64);
    portal
        .db
        .write(move |tx| {
            async move {
                on!(tx, c => sqlx::query("INSERT INTO completion (id, staff_record_id, course_id, attempt_id, status, completed_at, recorded_at,
                         score, seconds, source, name, title, code) VALUES ($1, $2, $3, $4, $5, $6, $6, $7, 754, 'commit', $8, $9, $10)")
                    .bind(id).bind(holder.id).bind(course_id).bind(attempt).bind(status).bind(now).bind(score).bind(name).bind(title)
                    .bind(code).execute(c).await.map(drop))
            }
            .boxed()
        })
        .await
        .unwrap();
    done
}
