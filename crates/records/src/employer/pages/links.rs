//! Local links: listed, and changed one at a time.

use askama::Template;
use axum::{
    extract::{Path, State, rejection::PathRejection},
    response::Response,
};
use web::{
    FieldErrors, Form, Page, Person, Problem, Route,
    ui::{Button, InputMode, Radios, RowAction, TextInput, Width},
};

use super::{FormView, employer_of, own_employer, preview};
use crate::{
    App, Fault, LocalLink, Role,
    employer::{Employer, Section},
    pages::HR,
    words::{self, settings as say},
};

pub(super) fn routes(app: &App) -> Vec<Route> {
    vec![
        Route::get("/hr/settings/links", HR, list, app.clone()),
        Route::get("/hr/settings/links/add", HR, add, app.clone()),
        Route::get("/hr/settings/links/{id}", HR, change, app.clone()),
        Route::post("/hr/settings/links/preview", HR, preview_links, app.clone()),
    ]
}

#[derive(Template)]
#[template(path = "settings_links.html")]
struct LinksView {
    intro: &'static str,
    links: Vec<RowView>,
    add: Button,
}

struct RowView {
    title: String,
    says: String,
    change: RowAction,
}

async fn list(State(app): State<App>, page: Page, person: Person) -> Result<Response, Problem> {
    let links = &own_employer(&app, &person).await?.settings.local_links;
    let row = |(at, link): (usize, &LocalLink)| RowView {
        title: link.title.clone(),
        says: say::link_leads(link),
        change: RowAction::link("Change", format!("/hr/settings/links/{}", at + 1), link.title.clone()),
    };
    let body = LinksView {
        intro: words::section_intro(Section::Links),
        links: links.iter().enumerate().map(row).collect(),
        add: Button::link("Add a link", "/hr/settings/links/add"),
    };
    page.shell(words::section(Section::Links)).show(&body)
}

/// What a form about one link says.
struct Typed {
    /// Which link it is about, counted from 1; none for a new one.
    which: String,
    title: String,
    address: String,
    only_for: String,
    place: String,
}

async fn add(State(app): State<App>, page: Page, person: Person) -> Result<Response, Problem> {
    let employer = own_employer(&app, &person).await?;
    let typed = Typed {
        which: String::new(),
        title: String::new(),
        address: String::new(),
        only_for: say::EVERYONE.0.to_owned(),
        place: (employer.settings.local_links.len() + 1).to_string(),
    };
    view(&page, employer, &typed, &FieldErrors::none())
}

async fn change(
    State(app): State<App>,
    page: Page,
    person: Person,
    which: Result<Path<usize>, PathRejection>,
) -> Result<Response, Problem> {
    let employer = own_employer(&app, &person).await?;
    let Path(which) = which.map_err(|_| Problem::NotFound)?;
    let link = which.checked_sub(1).and_then(|at| employer.settings.local_links.get(at));
    let link = link.ok_or(Problem::NotFound)?;
    let typed = Typed {
        which: which.to_string(),
        title: link.title.clone(),
        address: link.address.clone(),
        only_for: link.only_for.map_or(say::EVERYONE.0, Role::as_str).to_owned(),
        place: which.to_string(),
    };
    view(&page, employer, &typed, &FieldErrors::none())
}

fn view(page: &Page, employer: &Employer, typed: &Typed, errors: &FieldErrors) -> Result<Response, Problem> {
    let (everyone, for_everyone) = say::EVERYONE;
    let mut for_whom = Radios::new("only_for", "For whom*")
        .value(&typed.only_for)
        .error(errors.at("only_for"))
        .item(everyone, for_everyone);
    for &role in Role::ALL {
        for_whom = for_whom.item(role.as_str(), say::for_whom(Some(role)));
    }
    let title = TextInput::new("title", "Words of the link*").value(&typed.title).error(errors.at("title"));
    let address = TextInput::new("address", "Address*")
        .hint(say::LINK_ADDRESS_HINT)
        .value(&typed.address)
        .error(errors.at("address"))
        .without_spellcheck();
    let place = TextInput::new("place", "Place in the list*")
        .hint(say::LINK_PLACE_HINT)
        .value(&typed.place)
        .error(errors.at("place"))
        .input_mode(InputMode::Numeric)
        .width(Width::W3);
    let mut form = FormView::new(page, employer, Section::Links, errors).fields([
        title.into(),
        address.into(),
        for_whom.into(),
        place.into(),
    ]);
    form.title = if typed.which.is_empty() { "Add a link" } else { "Change a link" };
    form.intro = say::REQUIRED;
    form.hidden = Some(("which", typed.which.clone()));
    if !typed.which.is_empty() {
        form.buttons.push(Button::submit("Take this link off").secondary().says("act", "remove"));
    }
    form.show()
}

async fn preview_links(
    State(app): State<App>,
    page: Page,
    person: Person,
    form: Form,
) -> Result<Response, Problem> {
    let employer = employer_of(&app, &person, &form).await?;
    let get = |field: &str| form.get(field).trim().to_owned();
    let typed = Typed {
        which: get("which"),
        title: get("title"),
        address: get("address"),
        only_for: get("only_for"),
        place: get("place"),
    };
    let mut settings = employer.settings.clone();
    let links = &mut settings.local_links;
    if !typed.which.is_empty() {
        let which = typed.which.parse::<usize>().ok().and_then(|which| which.checked_sub(1));
        let which = which.filter(|at| *at < links.len()).ok_or(Problem::NotFound)?;
        links.remove(which);
    }
    let mut errors = FieldErrors::none();
    if typed.which.is_empty() || form.get("act") != "remove" {
        let places = links.len() + 1;
        let place = typed.place.parse::<usize>().ok().filter(|place| (1..=places).contains(place));
        let only_for = match typed.only_for.as_str() {
            word if word == say::EVERYONE.0 => Some(None),
            word => word.parse::<Role>().ok().map(Some),
        };
        if only_for.is_none() {
            errors.add("only_for", words::CHOOSE_ONE);
        }
        if place.is_none() {
            errors.add("place", words::fault_at_field("", &say::place_form(places)));
        }
        if let (Some(only_for), Some(place)) = (only_for, place) {
            let (title, address) = (typed.title.clone(), typed.address.clone());
            links.insert(place - 1, LocalLink { title, address, only_for });
        }
    }
    if errors.is_empty() {
        let field = |fault: &Fault| match fault.field.as_str() {
            "local_links.address" => "address",
            _ => "title",
        };
        match preview(&app, &person, Section::Links, settings, field).await? {
            Ok(response) => return Ok(response),
            Err(wrong) => errors = wrong,
        }
    }
    view(&page, employer, &typed, &errors)
}
