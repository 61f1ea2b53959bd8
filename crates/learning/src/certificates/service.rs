use records::Employer;
use serde::Serialize;
use store::{Day, StoreError};
use uuid::Uuid;
use web::{Site, format};

use super::{Code, sql};
use crate::{App, attempts::Status, words};

/// What stands on a certificate: finished strings.
#[derive(Clone, Debug, Serialize)]
pub(super) struct CertificateView {
    pub(super) title: &'static str,
    pub(super) employer: String,
    pub(super) name: String,
    pub(super) course: String,
    pub(super) sentence: &'static str,
    pub(super) facts: Vec<Fact>,
    pub(super) verify: &'static str,
    pub(super) address: String,
    pub(super) code: String,
    #[serde(skip)]
    pub(super) file_name: String,
}

/// A line of it.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Fact {
    name: &'static str,
    text: String,
}

/// The certificate of one of somebody's own completions.
pub(super) async fn certificate(
    app: &App,
    holder: Uuid,
    employer: &Employer,
    id: Uuid,
) -> Result<Option<CertificateView>, StoreError> {
    let mut reader = app.db.read().await?;
    let completed = sql::own(&mut reader.tx(), holder, id).await?;
    drop(reader);
    Ok(completed.map(|completed| view(&app.site, employer, completed)))
}

fn view(site: &Site, employer: &Employer, completed: sql::Completed) -> CertificateView {
    let sql::Completed { name, title: course, status, completed_at, score, code } = completed;
    let day = completed_at.day_in(&employer.zone());
    let mut facts = vec![Fact { name: "Completed on", text: format::day(day) }];
    if let Some(score) = score {
        facts.push(Fact { name: "Score", text: words::percent(score) });
    }
    CertificateView {
        title: "Certificate",
        employer: employer.name.clone(),
        file_name: file_name(&course, day),
        name,
        course,
        sentence: if status == Status::Passed { "has passed the course" } else { "has completed the course" },
        facts,
        verify: "Anybody who is shown this certificate can verify it: open the address below and type the code.",
        address: site.link("/verify"),
        code: Code::parse(&code).map_or(code, |code| code.to_string()),
    }
}

/// `Certificate Fire safety 2026-11-24`: letters that stand in any header and on any disk.
fn file_name(course: &str, day: Day) -> String {
    let plain: String =
        course.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { ' ' }).take(80).collect();
    let course: Vec<&str> = plain.split_whitespace().collect();
    let parts = [vec!["Certificate"], course].concat().join(" ");
    format!("{parts} {}", day.date())
}

/// What a verification code stands for, and no more than that.
pub(super) struct Verified {
    pub(super) name: String,
    pub(super) course: String,
    pub(super) completed: String,
}

/// What a code stands for, if there is such a certificate.
pub(super) async fn verify(app: &App, code: &Code) -> Result<Option<Verified>, StoreError> {
    let mut reader = app.db.read().await?;
    let Some((name, course, at, employer)) = sql::verified(&mut reader.tx(), code.as_str()).await? else {
        return Ok(None);
    };
    let employer = records::employer(&mut reader.tx(), employer).await?;
    let employer = employer.ok_or_else(|| StoreError::Damaged("a completion without an employer".into()))?;
    let completed = format::day(at.day_in(&employer.zone()));
    Ok(Some(Verified { name, course, completed }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_a_name_that_every_disk_takes() {
        let day = Day::new(2026, 11, 24).unwrap();
        for (course, name) in [
            ("Fire safety: the basics", "Certificate Fire safety the basics 2026-11-24"),
            ("../../\"x\"\r\n", "Certificate x 2026-11-24"),
            ("火災安全", "Certificate 2026-11-24"),
        ] {
            assert_eq!(file_name(course, day), name);
        }
    }
}
