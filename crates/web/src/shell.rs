use askama::Template;
use axum::response::{Html, IntoResponse, Response};
use http::{HeaderName, HeaderValue, StatusCode, header};
use store::Instant;

use crate::{Desk, Logo, Page, Problem, assets, format};

/// The page around a body: head, header, side menu, main, footer.
pub struct Shell<'p> {
    page: &'p Page,
    title: String,
    status: StatusCode,
    cookies: Vec<HeaderValue>,
    headers: Vec<(HeaderName, HeaderValue)>,
    failed: bool,
}

#[derive(Template)]
#[template(path = "shell.html")]
struct ShellView<'v> {
    title: &'v str,
    failed: bool,
    body: &'v str,
    page: &'v Page,
    person: Option<PersonView>,
    style: &'static str,
    script: &'static str,
    outbox: &'static str,
    library: &'static str,
    icon: &'static str,
}

struct PersonView {
    name: String,
    /// Whether there is a page on their account: leavers have none.
    account: bool,
    logo: Option<Logo>,
    idle_seconds: i64,
    idle_at: String,
    csrf: String,
    menu: Vec<MenuView>,
}

struct MenuView {
    path: &'static str,
    words: &'static str,
    current: Option<&'static str>,
}

/// A page about work that goes on reloads itself so often, in seconds, and no longer than so many minutes after the last sign of life: what
/// reloads keeps its session.
const RELOADED: &str = "5";
const RELOADED_MINUTES: i64 = 10;

impl Page {
    /// Whether a page about work that was last heard of at `changed_at` reloads itself: unless its reader wants it to stay.
    #[must_use]
    pub fn may_reload(&self, changed_at: Instant, now: Instant) -> bool {
        now.seconds_since(changed_at) < RELOADED_MINUTES * 60 && self.query("still").is_empty()
    }

    /// A page with this title, still without a body.
    pub fn shell(&self, title: impl Into<String>) -> Shell<'_> {
        let (status, cookies, headers) = (StatusCode::OK, Vec::new(), Vec::new());
        Shell { page: self, title: title.into(), status, cookies, headers, failed: false }
    }
}

impl Shell<'_> {
    /// Answers with this status.
    #[must_use]
    pub fn status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// Answers 422: the form is shown again with its errors, and the title says so.
    #[must_use]
    pub fn invalid(mut self) -> Self {
        self.status = StatusCode::UNPROCESSABLE_ENTITY;
        self.failed = true;
        self
    }

    /// The same where a form has errors; else as it was.
    #[must_use]
    pub fn invalid_if(self, errors: bool) -> Self {
        if errors { self.invalid() } else { self }
    }

    /// The page asks for itself again every few seconds, also without script, where [`Page::may_reload`].
    #[must_use]
    pub fn reloads_if(self, reloads: bool) -> Self {
        // Not as an element of the page: there it could not be told from one that throws people out.
        if reloads { self.header(header::REFRESH, HeaderValue::from_static(RELOADED)) } else { self }
    }

    /// Sets a cookie with the page.
    #[must_use]
    pub fn cookie(mut self, cookie: HeaderValue) -> Self {
        self.cookies.push(cookie);
        self
    }

    /// Sets a header with the page.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// The page with `body` in it.
    ///
    /// # Errors
    /// [`Problem::Broken`] where a template fails.
    pub fn show(self, body: &impl Template) -> Result<Response, Problem> {
        let body = body.render().map_err(Problem::broken)?;
        let person = self.page.person().map(|person| PersonView {
            name: person.name.clone(),
            account: !person.leaver,
            logo: person.logo.clone(),
            idle_seconds: person.idle_at.seconds_since(person.now),
            idle_at: format::time(person.idle_at, &person.zone),
            csrf: self.page.csrf(),
            menu: self
                .page
                .0
                .menu
                .iter()
                .filter(|item| person.may_open(item.audience, item.leavers).is_ok())
                .map(|item| MenuView {
                    path: item.path,
                    words: item.words,
                    current: current(self.page.path(), item.path),
                })
                .collect(),
        });
        let view = ShellView {
            title: &self.title,
            failed: self.failed,
            body: &body,
            page: self.page,
            person,
            style: assets::STYLE,
            script: assets::SCRIPT,
            outbox: assets::OUTBOX,
            library: assets::LIBRARY,
            icon: assets::FAVICON,
        };
        let html = view.render().map_err(Problem::broken)?;
        let mut response = (self.status, Html(html)).into_response();
        for cookie in self.cookies {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
        for (name, value) in self.headers {
            response.headers_mut().append(name, value);
        }
        Ok(response)
    }
}

/// How a menu's entry stands to the page: it is that page, or one that the page belongs to.
fn current(path: &str, entry: &str) -> Option<&'static str> {
    match path.strip_prefix(entry)? {
        "" => Some("page"),
        rest => rest.starts_with('/').then_some("true"),
    }
}

/// The service desks of every employer, as each dead end shows them.
#[derive(Template)]
#[template(path = "help.html")]
pub struct Help<'h> {
    /// Which.
    pub desks: &'h [Desk],
    /// Whether they are shown at once, or behind `Help to log in`.
    pub open: bool,
}

/// The same on a page of its own.
#[derive(Template)]
#[template(path = "desks.html")]
pub struct Desks<'h> {
    /// Which.
    pub desks: &'h [Desk],
}

impl askama::filters::HtmlSafe for Help<'_> {}
impl askama::filters::HtmlSafe for Desks<'_> {}

#[derive(Template)]
#[template(path = "problem.html")]
pub(crate) struct ProblemView<'v> {
    pub(crate) title: &'v str,
    pub(crate) says: &'v str,
    pub(crate) reference: &'v str,
    pub(crate) logged_in: bool,
    pub(crate) help: Help<'v>,
}

/// The answer to a form that has done its work: go and look there.
///
/// # Panics
/// Where the path is not visible ASCII; ours are.
#[must_use]
pub fn see_other(path: &str) -> Response {
    let place = HeaderValue::from_str(path).expect("our paths are ASCII");
    (StatusCode::SEE_OTHER, [(header::LOCATION, place)]).into_response()
}
