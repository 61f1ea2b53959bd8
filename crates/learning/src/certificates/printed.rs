//! The certificate as a PDF.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::header;
use jiff::tz::TimeZone;
use pdf::{Data, Picture, PrintError, Template};
use records::holder_of;
use web::{PathId, Person, Problem};

use super::service;
use crate::App;

static CERTIFICATE: Template =
    Template::new("certificate.typ", include_str!("../../templates/certificate.typ"), 3);
/// So soon it is worth asking again where too many wait.
const SECONDS: u32 = 5;
/// As wide and high as a logo is printed, in pixels.
const LOGO: (u32, u32) = (400, 130);

/// It opens for viewing, as whoever is on a computer of a ward wants it; there it can be kept or printed.
pub(super) async fn certificate(
    State(app): State<App>,
    person: Person,
    PathId(id): PathId,
) -> Result<Response, Problem> {
    let employer = &holder_of(&person)?.employer;
    let view = service::certificate(&app, person.staff_record, employer, id).await?;
    let view = view.ok_or(Problem::NotFound)?;
    let title = format!("{}: {}", view.title, view.course);
    let data = Data::new(title, person.now.in_zone(&TimeZone::UTC).timestamp())
        .with("view", &view)
        .map_err(Problem::broken)?
        .with_picture("logo", logo(&app, employer.settings.logo.as_deref()).await?);
    let pdf = app.printer.print(&CERTIFICATE, data).await.map_err(|error| match error {
        PrintError::Busy => Problem::Busy { seconds: SECONDS },
        other => Problem::broken(other),
    })?;
    let headers = [
        (header::CONTENT_TYPE, "application/pdf".to_owned()),
        (header::CONTENT_DISPOSITION, format!("inline; filename=\"{}.pdf\"", view.file_name)),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    Ok((headers, pdf).into_response())
}

/// The employer's logo. A certificate without one is better than none.
async fn logo(app: &App, hash: Option<&str>) -> Result<Option<Picture>, Problem> {
    let Some(hash) = hash else { return Ok(None) };
    let mut reader = app.db.read().await?;
    let file = records::logo_picture(&mut reader.tx(), hash).await?;
    Ok(file.and_then(|file| Picture::new(&file, LOGO).ok()))
}
