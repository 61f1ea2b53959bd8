use axum::{
    handler::Handler,
    routing::{MethodRouter, get, post},
};
use http::Method;

/// Who a page is for. Everybody else is led elsewhere before its handler runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Anybody, logged in or not.
    Anyone,
    /// Whoever has given their password and has a step before them until they are logged in.
    Halfway,
    /// Whoever is logged in.
    Staff,
    /// Whoever is logged in and holds this role, where its pages may be opened. Each use case asks for its permit besides.
    Role(&'static str),
}

/// One method of one URL. The router, the menu and the table-driven test of all routes are made from these.
#[derive(Clone)]
pub struct Route {
    /// `GET` (which answers `HEAD` too) or `POST`.
    pub method: Method,
    /// The path with its parameters in braces.
    pub path: &'static str,
    /// Who it is for.
    pub audience: Audience,
    /// Its words in the side menu, if it stands there.
    pub menu: Option<&'static str>,
    /// So many bytes its body may have.
    pub limit: usize,
    /// Whether what is sent by a session that has lapsed is kept for its person.
    pub kept: bool,
    /// Whether it takes files.
    pub files: bool,
    /// Whether it is also for those who have left.
    pub leavers: bool,
    pub(crate) handler: MethodRouter,
}

/// So many bytes a form may have, unless its route says otherwise.
pub(crate) const FORM_LIMIT: usize = 64 * 1024;

impl Route {
    /// A page that is asked for.
    pub fn get<H, T, S>(path: &'static str, audience: Audience, handler: H, state: S) -> Self
    where
        H: Handler<T, S>,
        T: 'static,
        S: Clone + Send + Sync + 'static,
    {
        let handler = get(handler).with_state(state);
        Self {
            method: Method::GET,
            path,
            audience,
            menu: None,
            limit: 0,
            kept: false,
            files: false,
            leavers: false,
            handler,
        }
    }

    /// A form that is sent: at most 64 KiB, with a forgery token in the field `csrf`.
    pub fn post<H, T, S>(path: &'static str, audience: Audience, handler: H, state: S) -> Self
    where
        H: Handler<T, S>,
        T: 'static,
        S: Clone + Send + Sync + 'static,
    {
        let handler = post(handler).with_state(state);
        Self {
            method: Method::POST,
            path,
            audience,
            menu: None,
            limit: FORM_LIMIT,
            kept: true,
            files: false,
            leavers: false,
            handler,
        }
    }

    /// The same form, whose body may have so many bytes.
    #[must_use]
    pub fn limit(mut self, bytes: usize) -> Self {
        self.limit = bytes;
        self
    }

    /// A form with files (`enctype="multipart/form-data"`), each of at most so many bytes and all of them together as well. It is
    /// read only from those whom the route is for, and never kept.
    #[must_use]
    pub fn files(mut self, bytes: usize) -> Self {
        self.limit = bytes + FORM_LIMIT;
        self.kept = false;
        self.files = true;
        self
    }

    /// The same form, which nobody would want to send again later.
    #[must_use]
    pub fn not_kept(mut self) -> Self {
        self.kept = false;
        self
    }

    /// The same page, also for those who have left: of the pages of [`Audience::Staff`], they see those that say so and no other.
    #[must_use]
    pub fn for_leavers(mut self) -> Self {
        self.leavers = true;
        self
    }

    /// The same page, named in the side menu.
    #[must_use]
    pub fn in_menu(mut self, words: &'static str) -> Self {
        self.menu = Some(words);
        self
    }
}
