//! The demo's courses, taken in and published at both employers.

use std::io::Cursor;

use audit::Origin;
use learning::courses::{self, NewVersion};
use records::{Permission, Permit};

use crate::{DemoError, EXAMPLES};

/// What staff read of a course: its name, what it is about, and how many minutes it takes.
const ABOUT: [(&str, &str, i64); 2] = [
    (
        "fire-safety",
        "What to do when it burns, and how to keep it from burning. For everybody who works here.",
        20,
    ),
    (
        "moving-and-handling",
        "How to move people and things without hurting them or yourself. For everybody who lifts.",
        30,
    ),
];

/// Takes the courses in and publishes them.
///
/// # Errors
/// See [`DemoError`].
pub async fn teach(app: &learning::App) -> Result<(), DemoError> {
    for example in &EXAMPLES {
        let mut reader = app.db.read().await?;
        let employer = records::employer_by_code(&mut reader.tx(), example.code).await?;
        drop(reader);
        let Some(employer) = employer else { continue };
        let permit = Permit::operator(Permission::PublishCourses, employer.id);
        for (name, bytes) in crate::courses()? {
            let about = ABOUT.iter().find(|(about, _, _)| *about == name);
            let contents = courses::open(app, Cursor::new(bytes)).await?;
            let new = NewVersion {
                code: name.to_owned(),
                title: None,
                description: about.map(|(_, text, _)| (*text).to_owned()),
                minutes: about.map(|(_, _, minutes)| *minutes),
                tested_on: "Edge and Chrome on Windows; Safari on iPad; phones".to_owned(),
                file_name: format!("{name}.zip"),
            };
            let imported = courses::import(app, &permit, new, contents, Origin::default()).await?;
            courses::publish(app, &permit, imported.version, Origin::default()).await?;
        }
    }
    Ok(())
}
