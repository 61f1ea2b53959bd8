//! The logo: sent as a file, shown before it holds, served by its hash.

use askama::Template;
use axum::{
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use http::header;
use web::{
    Audience, FieldErrors, Form, Page, Person, Problem, Route,
    ui::{Button, ErrorSummary, FileInput},
};

use super::{employer_of, own_employer, preview};
use crate::{
    App, Permission,
    employer::{
        Employer, Section,
        logo::{LogoError, MOST_BYTES, keep, redrawn},
        sql,
    },
    pages::{HR, permitted},
    words::{self, settings as say},
};

pub(super) fn routes(app: &App) -> Vec<Route> {
    vec![
        Route::get("/logo/{hash}", Audience::Anyone, picture, app.clone()),
        Route::get("/hr/settings/logo", HR, show, app.clone()),
        // What is somewhat too large is told so at its field.
        Route::post("/hr/settings/logo/preview", HR, preview_logo, app.clone()).files(2 * MOST_BYTES),
        Route::post("/hr/settings/logo/remove", HR, remove, app.clone()),
    ]
}

/// A logo. What is under this address never changes.
async fn picture(State(app): State<App>, Path(hash): Path<String>) -> Result<Response, Problem> {
    let mut reader = app.db.read().await?;
    let picture = sql::logo_picture(&mut reader.tx(), &hash).await?.ok_or(Problem::NotFound)?;
    let headers =
        [(header::CONTENT_TYPE, "image/png"), (header::CACHE_CONTROL, "public, max-age=31536000, immutable")];
    Ok((headers, picture).into_response())
}

#[derive(Template)]
#[template(path = "settings_logo.html")]
struct LogoView<'v> {
    page: &'v Page,
    errors: ErrorSummary,
    revision: i64,
    intro: &'static str,
    logo: Option<&'v str>,
    picture: FileInput,
    button: Button,
    remove: Button,
}

async fn show(State(app): State<App>, page: Page, person: Person) -> Result<Response, Problem> {
    view(&page, own_employer(&app, &person).await?, &FieldErrors::none())
}

fn view(page: &Page, employer: &Employer, errors: &FieldErrors) -> Result<Response, Problem> {
    let body = LogoView {
        page,
        errors: errors.summary(),
        revision: employer.revision,
        intro: words::section_intro(Section::Logo),
        logo: employer.settings.logo.as_deref(),
        picture: FileInput::new("picture", "Picture")
            .hint(say::LOGO_HINT)
            .accept(".png,.jpg,.jpeg,image/png,image/jpeg")
            .error(errors.at("picture")),
        button: Button::submit(words::SEE_CHANGE),
        remove: Button::submit("Take the logo off").secondary(),
    };
    page.shell(words::section(Section::Logo)).invalid_if(!errors.is_empty()).show(&body)
}

async fn preview_logo(
    State(app): State<App>,
    page: Page,
    person: Person,
    form: Form,
) -> Result<Response, Problem> {
    let employer = employer_of(&app, &person, &form).await?;
    let permit = permitted(&app.db, &person, Permission::ChangeSettings).await?;
    let Some(file) = form.file("picture") else {
        return view(&page, employer, &FieldErrors::one("picture", words::LOGO_NEEDED));
    };
    let bytes = file.bytes.clone();
    // A large one takes a while.
    let redrawn = tokio::task::spawn_blocking(move || redrawn(&bytes)).await;
    let picture = match redrawn.unwrap_or(Err(LogoError::Damaged)) {
        Ok(picture) => picture,
        Err(error) => return view(&page, employer, &FieldErrors::one("picture", error.to_string())),
    };
    let mut settings = employer.settings.clone();
    settings.logo = Some(keep(&app.db, person.now, &permit, picture).await?);
    match preview(&app, &person, Section::Logo, settings, |_| "picture").await? {
        Ok(response) => Ok(response),
        Err(errors) => view(&page, employer, &errors),
    }
}

async fn remove(State(app): State<App>, page: Page, person: Person, form: Form) -> Result<Response, Problem> {
    let employer = employer_of(&app, &person, &form).await?;
    let mut settings = employer.settings.clone();
    settings.logo = None;
    match preview(&app, &person, Section::Logo, settings, |_| "picture").await? {
        Ok(response) => Ok(response),
        Err(errors) => view(&page, employer, &errors),
    }
}
