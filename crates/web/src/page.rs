use std::{any::Any, sync::Arc};

use axum::extract::FromRequestParts;
use futures::future::BoxFuture;
use http::{HeaderMap, request::Parts};
use jiff::tz::TimeZone;
use store::{Entropy, Instant, StoreError};
use uuid::Uuid;

use crate::{Audience, Client, Csrf, Form, Problem, Site, cookies};

/// The language of a page. Welsh comes as files and an arm here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// English.
    #[default]
    English,
}

/// How somebody last proved who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proof {
    /// By what.
    pub kind: ProofKind,
    /// When.
    pub at: Instant,
}

store::words! {
    /// What somebody proved themselves by.
    pub enum ProofKind {
        /// Username and password.
        Password = "password",
        /// A smartcard.
        Smartcard = "smartcard",
        /// A passkey.
        Passkey = "passkey",
        /// A password and a code of an authenticator app.
        Authenticator = "authenticator",
        /// A password and one of the codes that were written down.
        RecoveryCode = "recovery_code",
    }
}

impl ProofKind {
    /// Whether it is more than a password.
    #[must_use]
    pub fn is_strong(self) -> bool {
        self != Self::Password
    }
}

/// What kinds of second factor an account has; recovery codes only stand in for them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Factors {
    /// A passkey, at least.
    pub passkey: bool,
    /// An authenticator app, at least.
    pub authenticator: bool,
}

impl Factors {
    /// Whether it has one at all.
    #[must_use]
    pub fn any(self) -> bool {
        self.passkey || self.authenticator
    }
}

/// The roles that somebody holds besides being staff.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Roles {
    /// Their words.
    pub held: Vec<&'static str>,
    /// Whether their pages may be opened from where they are.
    pub open: bool,
}

/// A logo in the header of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logo {
    /// Where the picture is, on this site.
    pub path: String,
    /// Whose it is: read out in its place.
    pub name: String,
}

/// Whoever is logged in, for one request.
#[derive(Clone, Debug)]
pub struct Person {
    /// Their staff record, which is also their account's key.
    pub staff_record: Uuid,
    /// Their employer.
    pub employer: Uuid,
    /// The session.
    pub session: Uuid,
    /// The staff record and its employer as the front has read them for this request: whoever knows the type can take it.
    pub record: Arc<dyn Any + Send + Sync>,
    /// The name shown on pages.
    pub name: String,
    /// Their employer's logo, where it has one.
    pub logo: Option<Logo>,
    /// Whether the request comes from their employer's networks.
    pub inside: bool,
    /// Their last proof in this session.
    pub proof: Proof,
    /// The account's second factors: with one, a password alone proves nothing that has to be proved again.
    pub factors: Factors,
    /// The roles that they hold at their employer.
    pub roles: Roles,
    /// Whether they have left: then they reach what says that it is for leavers, and hold no role.
    pub leaver: bool,
    /// When and on what they had logged in before this session.
    pub last_log_in: Option<(Instant, String)>,
    /// When the session ends if nothing more happens.
    pub idle_at: Instant,
    /// Now, as the front took it.
    pub now: Instant,
    /// Their employer's time zone.
    pub zone: TimeZone,
    /// Their language.
    pub language: Language,
}

impl Person {
    /// Whether pages for this audience, which are for leavers as well or not, are theirs, as long as they are logged in.
    ///
    /// # Errors
    /// A refusal that says what they can do.
    pub(crate) fn may_open(&self, audience: Audience, leavers: bool) -> Result<(), Problem> {
        if self.leaver && !leavers && audience != Audience::Anyone {
            return Err(Problem::refused(
                "This page is for people who work here",
                "You have left, so you see your payslips and P60s here and nothing else. If you work here again, ask HR to correct your \
                 staff record.",
            ));
        }
        match audience {
            Audience::Role(role) if !self.roles.held.contains(&role) => Err(Problem::refused(
                "This page is not for you",
                "It is for people with another role than yours. If your work needs it, ask HR of your employer: they grant roles.",
            )),
            Audience::Role(_) if !self.roles.open => Err(Problem::refused(
                "This page opens at work only",
                "Your employer lets it be opened inside its own networks. Open it from there; your own pages work from anywhere.",
            )),
            _ => Ok(()),
        }
    }

    /// Asks for a proof not older than `minutes`, by more than a password where the account has more.
    ///
    /// # Errors
    /// [`Problem::Confirm`], which leads to `/confirm` and back to `back`.
    pub fn recent_proof(&self, minutes: i64, back: &str) -> Result<(), Problem> {
        let strong = self.proof.kind.is_strong() || !self.factors.any();
        if strong && self.now.seconds_since(self.proof.at) <= minutes * 60 {
            Ok(())
        } else {
            Err(Problem::Confirm { back: back.to_owned() })
        }
    }
}

/// A session that has ended, whose cookie the browser still shows.
#[derive(Clone, Debug)]
pub struct Ended {
    /// Whose it was.
    pub staff_record: Uuid,
    /// Which.
    pub session: Uuid,
    /// Whether it ended because nothing happened for too long.
    pub idle: bool,
    /// Whether it ended by itself, not long ago: only then is what it sends kept. A session that was ended is not trusted with it.
    pub lapsed: bool,
    /// Whether it was a leaver's, who logs in elsewhere.
    pub leaver: bool,
}

/// Somebody who has given their password and still has something to do before they are in. They reach nothing but that.
#[derive(Clone, Debug)]
pub struct Halfway {
    /// Who they are, as far as a password says.
    pub person: Person,
    /// The page of their next step.
    pub next: &'static str,
}

/// Who is asking for a page.
#[derive(Clone, Debug)]
pub enum Visitor {
    /// Nobody we know.
    Stranger,
    /// Somebody whose session has ended.
    Ended(Ended),
    /// Somebody who has to give or set up a second factor first.
    Halfway(Box<Halfway>),
    /// Somebody who is logged in.
    Person(Box<Person>),
}

/// An employer's service desk, as dead ends show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Desk {
    /// The employer's name.
    pub employer: String,
    /// The desk's name.
    pub name: String,
    /// Its number.
    pub phone: Option<String>,
    /// Its address.
    pub email: Option<String>,
    /// When it is open, in words.
    pub hours: Option<String>,
    /// Who to ask for a mail account: name and phone.
    pub mail_accounts: Option<(String, Option<String>)>,
}

impl Desk {
    /// The number as a `tel:` link wants it.
    #[must_use]
    pub fn dial(phone: &str) -> String {
        phone.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect()
    }
}

/// What the corridor asks of whoever knows accounts: `access` answers.
pub trait Front: Send + Sync + 'static {
    /// Who is asking, by the cookies of a request. Counts as activity of a session.
    fn visitor<'a>(
        &'a self,
        headers: &'a HeaderMap,
        client: Client,
    ) -> BoxFuture<'a, Result<Visitor, StoreError>>;

    /// Keeps a form that was sent by a session which has ended; says whether it did.
    fn keep<'a>(
        &'a self,
        ended: &'a Ended,
        path: &'a str,
        form: &'a Form,
    ) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// A kept form has been sent again by its person: it is no longer kept.
    fn sent_kept<'a>(&'a self, person: &'a Person) -> BoxFuture<'a, Result<(), StoreError>>;

    /// The service desks that dead ends show.
    fn desks(&self) -> BoxFuture<'_, Result<Arc<Vec<Desk>>, StoreError>>;
}

/// One request for a page: what every handler and the shell need to know of it.
#[derive(Clone)]
pub struct Page(pub(crate) Arc<PageInner>);

/// A page that stands in the side menu of those whom it is for.
pub(crate) struct MenuItem {
    pub(crate) path: &'static str,
    pub(crate) words: &'static str,
    pub(crate) audience: Audience,
    pub(crate) leavers: bool,
}

pub(crate) struct PageInner {
    pub(crate) site: Arc<Site>,
    pub(crate) visitor: Visitor,
    pub(crate) client: Client,
    pub(crate) request: String,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) device: String,
    pub(crate) cookies: HeaderMap,
    pub(crate) csrf: Csrf,
    pub(crate) binding: String,
    pub(crate) visit: String,
    pub(crate) entropy: Entropy,
    pub(crate) menu: Arc<Vec<MenuItem>>,
}

impl Page {
    /// The site.
    #[must_use]
    pub fn site(&self) -> &Site {
        &self.0.site
    }

    /// Who is asking.
    #[must_use]
    pub fn visitor(&self) -> &Visitor {
        &self.0.visitor
    }

    /// Whoever is logged in.
    #[must_use]
    pub fn person(&self) -> Option<&Person> {
        match &self.0.visitor {
            Visitor::Person(person) => Some(person),
            _ => None,
        }
    }

    /// Whoever has a step before them until they are logged in.
    #[must_use]
    pub fn halfway(&self) -> Option<&Halfway> {
        match &self.0.visitor {
            Visitor::Halfway(halfway) => Some(halfway),
            _ => None,
        }
    }

    /// What this request is bound to: its session, or the visit of whoever has none. What is handed to a browser and comes
    /// back is bound to it, so that it is good in no other.
    #[must_use]
    pub fn binding(&self) -> &str {
        &self.0.binding
    }

    /// The visit, which goes on when a session begins or ends.
    #[must_use]
    pub fn visit(&self) -> &str {
        &self.0.visit
    }

    /// From where they ask.
    #[must_use]
    pub fn client(&self) -> Client {
        self.0.client
    }

    /// The request's reference: shown to people, and in the log and the trail.
    #[must_use]
    pub fn request(&self) -> &str {
        &self.0.request
    }

    /// The path that was asked for.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.0.path
    }

    /// One value of the query, empty where there is none.
    #[must_use]
    pub fn query(&self, name: &str) -> String {
        url::form_urlencoded::parse(self.0.query.as_bytes())
            .find(|(found, _)| found == name)
            .map(|(_, value)| value.into_owned())
            .unwrap_or_default()
    }

    /// The value of a cookie that came with the request.
    #[must_use]
    pub fn cookie(&self, name: &str) -> Option<&str> {
        cookies::read(&self.0.cookies, name)
    }

    /// The browser and system in a few words: `Chrome on Windows`.
    #[must_use]
    pub fn device(&self) -> &str {
        &self.0.device
    }

    /// The language to answer in.
    #[must_use]
    pub fn language(&self) -> Language {
        let person = self.person().or_else(|| Some(&self.halfway()?.person));
        person.map_or(Language::English, |person| person.language)
    }

    /// A fresh forgery token, for a hidden field `csrf`.
    #[must_use]
    pub fn csrf(&self) -> String {
        self.0.csrf.masked(&self.0.entropy)
    }
}

impl<S: Sync> FromRequestParts<S> for Page {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts.extensions.get::<Page>().cloned().ok_or_else(|| Problem::broken("the corridor made no page"))
    }
}

impl<S: Sync> FromRequestParts<S> for Person {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let page = Page::from_request_parts(parts, state).await?;
        page.person().cloned().ok_or(Problem::LogIn)
    }
}

impl<S: Sync> FromRequestParts<S> for Halfway {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let page = Page::from_request_parts(parts, state).await?;
        page.halfway().cloned().ok_or(Problem::LogIn)
    }
}

/// The id in a path. What is no id is a page that does not exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PathId(pub Uuid);

impl<S: Send + Sync> FromRequestParts<S> for PathId {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let found = axum::extract::Path::<Uuid>::from_request_parts(parts, state).await;
        found.map(|axum::extract::Path(id)| Self(id)).map_err(|_| Problem::NotFound)
    }
}

/// The two ids in a path, of something and of what is in it. What are no ids is a page that does not exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PathIds(pub Uuid, pub Uuid);

impl<S: Send + Sync> FromRequestParts<S> for PathIds {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let found = axum::extract::Path::<(Uuid, Uuid)>::from_request_parts(parts, state).await;
        found.map(|axum::extract::Path((of, within))| Self(of, within)).map_err(|_| Problem::NotFound)
    }
}

/// A browser's `User-Agent` in a few words. Unknown ones stay unknown: nobody can act on a guess.
pub(crate) fn device(user_agent: &str) -> String {
    let first = |table: &[(&str, &'static str)]| {
        table.iter().find(|(mark, _)| user_agent.contains(mark)).map(|(_, name)| *name)
    };
    let browser = first(&[
        ("Edg", "Edge"),
        ("OPR/", "Opera"),
        ("SamsungBrowser", "Samsung Internet"),
        ("Firefox", "Firefox"),
        ("FxiOS", "Firefox"),
        ("CriOS", "Chrome"),
        ("Chrome", "Chrome"),
        ("Safari", "Safari"),
        ("Trident", "Internet Explorer"),
        ("MSIE", "Internet Explorer"),
    ]);
    let system = first(&[
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Android", "Android"),
        ("Windows", "Windows"),
        ("Macintosh", "Mac"),
        ("CrOS", "Chromebook"),
        ("Linux", "Linux"),
    ]);
    match (browser, system) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(one), None) | (None, Some(one)) => one.to_owned(),
        (None, None) => "a browser that we do not recognise".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn common_browsers_are_told_apart() {
        for (user_agent, device) in [
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36 Edg/140.0",
                "Edge on Windows",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1",
                "Safari on iPhone",
            ),
            (
                "Mozilla/5.0 (Windows NT 6.1; WOW64; Trident/7.0; rv:11.0) like Gecko",
                "Internet Explorer on Windows",
            ),
            (
                "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Mobile Safari/537.36",
                "Chrome on Android",
            ),
            ("curl/8.0", "a browser that we do not recognise"),
        ] {
            assert_eq!(super::device(user_agent), device);
        }
    }
}
