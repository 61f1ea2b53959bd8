//! The documents as PDFs: the view that the page shows, set by a template, so that both say the same.

use std::sync::{Arc, Mutex, PoisonError};

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::header;
use jiff::tz::TimeZone;
use pdf::{Data, PdfError, Picture, PrintError, Printer, Template};
use records::holder_of;
use serde::Serialize;
use web::{Audience, Page, PathId, Person, Problem, Route};

use super::{
    pages::unless_withdrawn,
    service::{self, Shown},
};
use crate::{App, words};

/// A usual one has one page; hundreds of lines are printed too.
static PAYSLIP: Template = Template::new("payslip.typ", include_str!("../../templates/payslip.typ"), 20);
static P60: Template = Template::new("p60.typ", include_str!("../../templates/p60.typ"), 5);
/// So soon it is worth asking again where too many wait.
const SECONDS: u32 = 5;
/// As wide and high as a logo is printed, in pixels: 230 to an inch.
const LOGO: (u32, u32) = (300, 100);
/// So many employers' logos are kept.
const MOST_LOGOS: usize = 20;

/// What makes documents, and the logos that stand on them. Cheap to clone.
#[derive(Clone, Default)]
pub struct Printing {
    printer: Printer,
    /// By their hash, the one used last at the end.
    logos: Arc<Mutex<Vec<(String, Picture)>>>,
}

impl Printing {
    /// A logo as it is printed. What is under a hash never changes.
    fn logo(&self, hash: &str) -> Option<Picture> {
        let mut logos = self.logos.lock().unwrap_or_else(PoisonError::into_inner);
        let place = logos.iter().position(|(kept, _)| kept == hash)?;
        let found = logos.remove(place);
        let picture = found.1.clone();
        logos.push(found);
        Some(picture)
    }

    fn keep(&self, hash: &str, picture: &Picture) {
        let mut logos = self.logos.lock().unwrap_or_else(PoisonError::into_inner);
        logos.retain(|(kept, _)| kept != hash);
        if logos.len() == MOST_LOGOS {
            logos.remove(0);
        }
        logos.push((hash.to_owned(), picture.clone()));
    }
}

pub(super) fn routes(app: &App) -> Vec<Route> {
    vec![
        Route::get("/payslips/{id}/pdf", Audience::Staff, payslip, app.clone()).for_leavers(),
        Route::get("/payslips/p60/{id}/pdf", Audience::Staff, p60, app.clone()).for_leavers(),
    ]
}

async fn payslip(
    State(app): State<App>,
    page: Page,
    person: Person,
    PathId(id): PathId,
) -> Result<Response, Problem> {
    let read = service::payslip(&app, person.staff_record, id).await;
    let shown = match unless_withdrawn(read, &page, &person)? {
        Ok(shown) => shown,
        Err(withdrawn) => return Ok(withdrawn),
    };
    let note = note(&shown, &person);
    printed(&app, &person, &PAYSLIP, (&shown.view.title, &shown.view.file_name), note, &shown.view).await
}

async fn p60(
    State(app): State<App>,
    page: Page,
    person: Person,
    PathId(id): PathId,
) -> Result<Response, Problem> {
    let read = service::p60(&app, person.staff_record, id).await;
    let shown = match unless_withdrawn(read, &page, &person)? {
        Ok(shown) => shown,
        Err(withdrawn) => return Ok(withdrawn),
    };
    let note = note(&shown, &person);
    printed(&app, &person, &P60, (&shown.view.title, &shown.view.file_name), note, &shown.view).await
}

/// That another stands in its place, or that it stands in another's: paper that is kept says so too.
fn note<V>(shown: &Shown<V>, person: &Person) -> Option<String> {
    match shown.replaced {
        Some((at, _)) => Some(words::replaced(at.day_in(&person.zone))),
        None => shown.replaces.then(|| words::replaces(shown.published_at.day_in(&person.zone))),
    }
}

/// On the employer's computers, which others use too, it opens for viewing; elsewhere it is kept as a file.
async fn printed(
    app: &App,
    person: &Person,
    template: &'static Template,
    (title, file_name): (&str, &str),
    note: Option<String>,
    view: &impl Serialize,
) -> Result<Response, Problem> {
    let data = Data::new(title, person.now.in_zone(&TimeZone::UTC).timestamp())
        .with("view", view)
        .and_then(|data| data.with("note", &note))
        .map_err(Problem::broken)?
        .with_picture("logo", logo(app, person).await?);
    let pdf = app.printing.printer.print(template, data).await.map_err(|error| match error {
        PrintError::Busy => Problem::Busy { seconds: SECONDS },
        PrintError::Pdf(PdfError::TooMuch { .. } | PdfError::TooLong { .. }) => {
            Problem::refused("It is too long for a PDF", "Go back and print its page instead.")
        }
        other => Problem::broken(other),
    })?;
    let shown = if person.inside { "inline" } else { "attachment" };
    let headers = [
        (header::CONTENT_TYPE, "application/pdf".to_owned()),
        (header::CONTENT_DISPOSITION, format!("{shown}; filename=\"{file_name}.pdf\"")),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    Ok((headers, pdf).into_response())
}

/// The employer's logo. A document without one is better than none.
async fn logo(app: &App, person: &Person) -> Result<Option<Picture>, Problem> {
    let Some(hash) = &holder_of(person)?.employer.settings.logo else { return Ok(None) };
    if let Some(kept) = app.printing.logo(hash) {
        return Ok(Some(kept));
    }
    let mut reader = app.db.read().await?;
    let file = records::logo_picture(&mut reader.tx(), hash).await?;
    drop(reader);
    let picture = file.and_then(|file| Picture::new(&file, LOGO).ok());
    if let Some(picture) = &picture {
        app.printing.keep(hash, picture);
    }
    Ok(picture)
}
