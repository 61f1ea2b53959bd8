use std::{ops::Range, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{MatchedPath, Request, State},
    middleware::{Next, from_fn, from_fn_with_state},
    response::{IntoResponse, Response},
};
use futures::FutureExt;
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header, request::Parts, uri::Authority};
use store::{Clock, Entropy, Secret};
use tower_http::compression::{
    CompressionLayer, CompressionLevel,
    predicate::{DefaultPredicate, NotForContentType, Predicate},
};
use tracing::Instrument;
use uuid::Uuid;

use crate::{
    Audience, Client, Csrf, Form, Front, Help, Keys, Page, Peer, Problem, Route, ServerName, Site, Visitor,
    assets, cookies,
    csrf::is_same_origin,
    files::{self, FilesError},
    form::FormError,
    page::{MenuItem, PageInner, device},
    places::Places,
    see_other,
    shell::ProblemView,
};

/// So long a body may take to arrive, and one with files longer: as long as a slow line takes for so many bytes a second.
const BODY_SECONDS: u64 = 30;
const FILES_SECONDS: u64 = 300;
const SLOW_LINE: u64 = 256 * 1024;
/// The page that everybody who is in begins with.
const PORTAL: &str = "/portal";
/// Where those who have left log in.
const LEAVERS: &str = "/leavers";

/// What stands in front of every page.
#[derive(Clone)]
pub struct Corridor {
    /// The site.
    pub site: Arc<Site>,
    /// Who knows accounts.
    pub front: Arc<dyn Front>,
    /// The site's keys.
    pub keys: Keys,
    /// The time.
    pub clock: Clock,
    /// Randomness.
    pub entropy: Entropy,
    /// The first page of those who have left.
    pub leavers_home: &'static str,
    /// Hosts of course content that pages may frame and send to, as a source of their policy: `https://*.content.example.org`.
    pub content: Option<String>,
}

#[derive(Clone)]
struct Entrance {
    corridor: Corridor,
    menu: Arc<Vec<MenuItem>>,
    places: Places,
    policy: HeaderValue,
}

/// What a route says of whom and what it takes.
#[derive(Clone, Copy)]
struct Rules {
    audience: Audience,
    limit: usize,
    kept: bool,
    files: bool,
    leavers: bool,
}

/// The router of all routes, with the corridor in front. Requests need a [`Peer`] extension.
pub fn build(routes: &[Route], corridor: Corridor) -> Router {
    let menu = routes.iter().filter_map(|route| {
        let Route { path, audience, leavers, .. } = *route;
        Some(MenuItem { path, words: route.menu?, audience, leavers })
    });
    let mut menu: Vec<MenuItem> = menu.collect();
    // What everybody has stands first, then each role's pages together.
    menu.sort_by_key(|item| match item.audience {
        Audience::Role(role) => role,
        Audience::Anyone | Audience::Halfway | Audience::Staff => "",
    });
    let largest = routes.iter().filter(|route| route.files).map(|route| route.limit).max();
    let places = Places::new(largest.unwrap_or_default());
    let policy = policy(corridor.content.as_deref());
    let entrance = Entrance { corridor, menu: Arc::new(menu), places, policy };
    let mut router = Router::new();
    for route in routes {
        let Route { audience, limit, kept, files, leavers, .. } = *route;
        let (rules, entrance) = (Rules { audience, limit, kept, files, leavers }, entrance.clone());
        let guarded = route.handler.clone().route_layer(from_fn(move |request: Request, next: Next| {
            let entrance = entrance.clone();
            async move { guard(&entrance, rules, request, next).await.unwrap_or_else(Problem::into_response) }
        }));
        router = router.route(route.path, guarded);
    }
    router
        .fallback(|| async { Problem::NotFound })
        .method_not_allowed_fallback(|| async { Problem::WrongMethod })
        .layer(from_fn_with_state(entrance, enter))
        .layer(
            CompressionLayer::new()
                .quality(CompressionLevel::Fastest)
                .compress_when(DefaultPredicate::new().and(NotForContentType::new("application/pdf"))),
        )
        .merge(assets::routes())
}

/// Every request passes here first, and every answer last.
async fn enter(State(entrance): State<Entrance>, request: Request, next: Next) -> Response {
    let began = std::time::Instant::now();
    let corridor = &entrance.corridor;
    let reference = reference(corridor);
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str).to_owned();
    let span = tracing::info_span!("request", id = reference, %method, route);
    let mut response = async {
        let answered = AssertUnwindSafe(receive(&entrance, &reference, request, next)).catch_unwind().await;
        answered.unwrap_or_else(|_| {
            tracing::error!("a handler panicked");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        })
    }
    .instrument(span.clone())
    .await;
    protect(response.headers_mut(), &corridor.site, &entrance.policy);
    let (status, seconds) = (response.status().as_u16(), began.elapsed().as_secs_f64());
    span.in_scope(|| tracing::info!(status, milliseconds = seconds * 1e3, "answered"));
    metrics::histogram!("staffrecord_web_request_seconds", "route" => route, "status" => status_class(status)).record(seconds);
    response
}

fn status_class(status: u16) -> &'static str {
    match status {
        200..300 => "2xx",
        300..400 => "3xx",
        400..500 => "4xx",
        _ => "5xx",
    }
}

/// Ten characters that a person can read out to a service desk; enough that two requests of a day hardly share one.
fn reference(corridor: &Corridor) -> String {
    const LETTERS: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    corridor.entropy.bytes::<10>().iter().map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect()
}

async fn receive(entrance: &Entrance, reference: &str, request: Request, next: Next) -> Response {
    let corridor = &entrance.corridor;
    let (mut parts, body) = request.into_parts();
    let (page, visit) = match make_page(entrance, reference, &parts).await {
        Ok(made) => made,
        Err((page, problem)) => return dress(corridor, &page, problem.into_response()).await,
    };
    parts.extensions.insert(page.clone());
    let mut response = dress(corridor, &page, next.run(Request::from_parts(parts, body)).await).await;
    if let Some(visit) = visit {
        response.headers_mut().append(header::SET_COOKIE, visit);
    }
    response
}

/// The page of this request, and the cookie of a visit that begins with it.
async fn make_page(
    entrance: &Entrance,
    reference: &str,
    request: &Parts,
) -> Result<(Page, Option<HeaderValue>), (Page, Problem)> {
    let Corridor { site, front, keys, entropy, .. } = &entrance.corridor;
    let headers = &request.headers;
    let peer = request.extensions.get::<Peer>().map(|peer| peer.0);
    let client = Client::of(peer.unwrap_or(std::net::Ipv4Addr::UNSPECIFIED.into()), headers, site);
    let known_visit = cookies::read(headers, cookies::VISIT).filter(|visit| Secret::parse(visit).is_some());
    let visit = known_visit.map_or_else(|| entropy.secret().reveal(), str::to_owned);
    let found = match peer {
        None => Err(Problem::broken("the request has no peer")),
        Some(_) if !is_own(request, site) => Err(Problem::WrongHost),
        Some(_) => front.visitor(headers, client).await.map_err(Problem::from),
    };
    let visitor = found.as_ref().map_or(Visitor::Stranger, Clone::clone);
    let binding = match &visitor {
        Visitor::Person(person) => person.session.to_string(),
        Visitor::Halfway(halfway) => halfway.person.session.to_string(),
        Visitor::Ended(ended) => ended.session.to_string(),
        Visitor::Stranger => visit.clone(),
    };
    let user_agent =
        headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let page = Page(Arc::new(PageInner {
        site: site.clone(),
        client,
        request: reference.to_owned(),
        path: request.uri.path().to_owned(),
        query: request.uri.query().unwrap_or_default().to_owned(),
        device: device(user_agent),
        // Copied: a piece of the request's head would hold all the bytes that were read with it as long as the page.
        cookies: headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|line| Some((header::COOKIE, HeaderValue::from_bytes(line.as_bytes()).ok()?)))
            .collect(),
        csrf: Csrf::new(keys, &binding),
        binding,
        visit: visit.clone(),
        entropy: entropy.clone(),
        menu: entrance.menu.clone(),
        visitor,
    }));
    match found {
        Ok(_) => Ok((page, known_visit.is_none().then(|| cookies::set(cookies::VISIT, &visit, None)))),
        Err(problem) => Err((page, problem)),
    }
}

fn is_own(request: &Parts, site: &Site) -> bool {
    let connection = request.extensions.get::<ServerName>();
    authority(&request.uri, &request.headers).is_some_and(|authority| {
        let same = connection.is_none_or(|ServerName(name)| name.eq_ignore_ascii_case(authority.host()));
        site.is_own(&authority) && same
    })
}

/// The host, and port, that a request is for: `:authority` or `Host`.
#[must_use]
pub fn authority(uri: &Uri, headers: &HeaderMap) -> Option<Authority> {
    uri.authority().cloned().or_else(|| headers.get(header::HOST)?.to_str().ok()?.parse().ok())
}

/// Lets in whom the route is for; reads and checks the form of a POST.
async fn guard(
    entrance: &Entrance,
    rules: Rules,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let Entrance { corridor, places, .. } = entrance;
    let page = request
        .extensions()
        .get::<Page>()
        .cloned()
        .ok_or_else(|| Problem::broken("the corridor made no page"))?;
    let form = if request.method() == Method::POST {
        let began = corridor.clock.now();
        let form = if rules.files {
            // So much is read only from those whom it is for.
            if let Some(elsewhere) = elsewhere(corridor, rules, &page)? {
                return lead(corridor, &page, elsewhere, Some(Form::default()), false).await;
            }
            if !is_same_origin(request.headers(), &corridor.site) {
                return Err(Problem::Forged);
            }
            let employer = page.person().map_or(Uuid::nil(), |person| person.employer);
            let bytes = declared(request.headers()).map_or(rules.limit, |bytes| bytes.min(rules.limit));
            let place = places.take(employer, bytes).ok_or(Problem::Busy { seconds: 10 })?;
            let mut form = read_files(rules.limit, &mut request).await?;
            form.hold(place);
            form
        } else {
            read_form(rules.limit, &mut request).await?
        };
        check_forgery(corridor, &page, rules.audience, request.headers(), &form)?;
        // A clock that was set back says nothing.
        if !AT_ONCE_MILLISECONDS
            .contains(&((corridor.clock.now().microseconds() - began.microseconds()) / 1000))
        {
            still_logged_in(corridor, &page, request.headers()).await?;
        }
        if let Some(person) = page.person().filter(|_| !form.get("kept").is_empty()) {
            corridor.front.sent_kept(person).await?;
        }
        Some(form)
    } else {
        None
    };
    if let Some(elsewhere) = elsewhere(corridor, rules, &page)? {
        return lead(corridor, &page, elsewhere, form, rules.kept).await;
    }
    if let Some(form) = form {
        request.extensions_mut().insert(form);
    }
    Ok(next.run(request).await)
}

/// Where somebody is led whom a page is not for.
enum Elsewhere {
    To(&'static str),
    LogIn,
}

fn elsewhere(corridor: &Corridor, rules: Rules, page: &Page) -> Result<Option<Elsewhere>, Problem> {
    let audience = rules.audience;
    Ok(match (audience, page.visitor()) {
        (Audience::Anyone, _) | (Audience::Halfway, Visitor::Halfway(_)) => None,
        // Where everybody is led who is in.
        (Audience::Staff, Visitor::Person(person)) if person.leaver && page.path() == PORTAL => {
            Some(Elsewhere::To(corridor.leavers_home))
        }
        (Audience::Staff | Audience::Role(_), Visitor::Person(person)) => {
            person.may_open(audience, rules.leavers)?;
            None
        }
        (Audience::Staff | Audience::Role(_), Visitor::Halfway(halfway)) => Some(Elsewhere::To(halfway.next)),
        (Audience::Halfway, Visitor::Person(_)) => Some(Elsewhere::To(PORTAL)),
        (Audience::Halfway, _) => Some(Elsewhere::To("/")),
        (Audience::Staff | Audience::Role(_), _) => Some(Elsewhere::LogIn),
    })
}

async fn lead(
    corridor: &Corridor,
    page: &Page,
    elsewhere: Elsewhere,
    form: Option<Form>,
    kept: bool,
) -> Result<Response, Problem> {
    match elsewhere {
        Elsewhere::To(place) => Ok(see_other(place)),
        Elsewhere::LogIn => turn_away(corridor, page, form, kept).await,
    }
}

async fn read_form(limit: usize, request: &mut Request) -> Result<Form, Problem> {
    let headers = request.headers();
    let is_form =
        headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).is_some_and(|kind| {
            kind.split(';')
                .next()
                .unwrap_or_default()
                .trim()
                .eq_ignore_ascii_case("application/x-www-form-urlencoded")
        });
    if !is_form {
        return Err(Problem::WrongType);
    }
    refuse_too_large(headers, limit)?;
    let body = std::mem::replace(request.body_mut(), Body::empty());
    let read = tokio::time::timeout(Duration::from_secs(BODY_SECONDS), to_bytes(body, limit)).await;
    let bytes = match read {
        Err(_) => return Err(too_slow()),
        // A body is either over the limit or was cut off; of the latter nobody reads the answer.
        Ok(Err(_)) => return Err(Problem::TooLarge),
        Ok(Ok(bytes)) => bytes,
    };
    Form::parse(&bytes).map_err(unreadable)
}

async fn read_files(limit: usize, request: &mut Request) -> Result<Form, Problem> {
    let headers = request.headers();
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let boundary = kind.and_then(files::boundary).ok_or(Problem::WrongType)?;
    refuse_too_large(headers, limit)?;
    let body = std::mem::replace(request.body_mut(), Body::empty());
    let seconds = (BODY_SECONDS + limit as u64 / SLOW_LINE).min(FILES_SECONDS);
    let reading = files::read(body.into_data_stream(), boundary, limit);
    match tokio::time::timeout(Duration::from_secs(seconds), reading).await {
        Err(_) => Err(too_slow()),
        Ok(Err(FilesError::TooLarge)) => Err(Problem::TooLarge),
        Ok(Err(FilesError::Form(error))) => Err(unreadable(error)),
        Ok(Ok(form)) => Ok(form),
    }
}

/// How many bytes a body says it has; it cannot have more.
fn declared(headers: &HeaderMap) -> Option<usize> {
    headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok())
}

fn refuse_too_large(headers: &HeaderMap, limit: usize) -> Result<(), Problem> {
    if declared(headers).is_some_and(|bytes| bytes > limit) { Err(Problem::TooLarge) } else { Ok(()) }
}

fn too_slow() -> Problem {
    Problem::Invalid("The form took too long to arrive. Go back and send it again.".into())
}

fn unreadable(error: FormError) -> Problem {
    Problem::Invalid(format!(
        "The form could not be read: {error}. Go back, check what you typed and send it again."
    ))
}

/// A form that was there so soon after its head came is judged by who was asking then: they might as well have sent it before.
const AT_ONCE_MILLISECONDS: Range<i64> = 0..200;

/// A body may take a while to arrive, and the session may have been ended in that time.
async fn still_logged_in(corridor: &Corridor, page: &Page, headers: &HeaderMap) -> Result<(), Problem> {
    let session = |visitor: &Visitor| match visitor {
        Visitor::Person(person) => Some((person.session, true)),
        Visitor::Halfway(halfway) => Some((halfway.person.session, false)),
        _ => None,
    };
    let before = session(page.visitor());
    if before.is_none() || session(&corridor.front.visitor(headers, page.client()).await?) == before {
        Ok(())
    } else {
        Err(Problem::LogIn)
    }
}

/// A form has to come from a page of ours, shown to this very session or visit. A page that anybody may see may have been
/// opened before somebody logged in in another tab, so its visit's token is good as well.
fn check_forgery(
    corridor: &Corridor,
    page: &Page,
    audience: Audience,
    headers: &HeaderMap,
    form: &Form,
) -> Result<(), Problem> {
    if !is_same_origin(headers, &corridor.site) {
        return Err(Problem::Forged);
    }
    let token = form.get("csrf");
    let by_visit = || {
        let visit = cookies::read(headers, cookies::VISIT).filter(|visit| Secret::parse(visit).is_some());
        visit.is_some_and(|visit| Csrf::new(&corridor.keys, visit).is(token))
    };
    if page.0.csrf.is(token) || (audience == Audience::Anyone && by_visit()) {
        Ok(())
    } else {
        Err(Problem::Forged)
    }
}

/// Somebody who is not logged in asks for a page of the staff's: they log in first, and what they sent is kept.
async fn turn_away(
    corridor: &Corridor,
    page: &Page,
    form: Option<Form>,
    kept: bool,
) -> Result<Response, Problem> {
    if matches!(page.visitor(), Visitor::Ended(ended) if ended.leaver) {
        return Ok(see_other(&format!("{LEAVERS}?ended=yes")));
    }
    let query: &[(&str, &str)] = match (page.visitor(), form) {
        (Visitor::Ended(ended), Some(form)) if kept && ended.lapsed => {
            let kept = corridor.front.keep(ended, page.path(), &form).await?;
            &[("ended", if kept { "kept" } else { "yes" })]
        }
        (Visitor::Ended(_), None) => &[("ended", "yes"), ("next", page.path())],
        (Visitor::Ended(_), Some(_)) => &[("ended", "yes")],
        (_, None) => &[("next", page.path())],
        (_, Some(_)) => &[],
    };
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
    Ok(see_other(&if query.is_empty() { "/".to_owned() } else { format!("/?{query}") }))
}

/// Makes a page of a problem.
async fn dress(corridor: &Corridor, page: &Page, mut response: Response) -> Response {
    let Some(problem) = response.extensions_mut().remove::<Problem>() else { return response };
    if let Problem::Broken(source) = &problem {
        tracing::error!(%source, "broken");
    }
    // Whoever can't be told the desks is still told what happened.
    let desks = corridor.front.desks().await.unwrap_or_default();
    let (title, says) = problem.words();
    let logged_in = page.person().is_some();
    let help = Help { desks: &desks, open: false };
    let view = ProblemView { title: &title, says: &says, reference: page.request(), logged_in, help };
    let Ok(mut shown) = page.shell(title.clone()).status(problem.status()).show(&view) else {
        return response;
    };
    if matches!(problem, Problem::Busy { .. }) {
        // Whoever has to wait does so without a place of their own.
        shown.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    for name in [header::RETRY_AFTER, header::ALLOW] {
        if let Some(value) = response.headers_mut().remove(&name) {
            shown.headers_mut().insert(name, value);
        }
    }
    shown
}

/// What pages may load and reach. Courses run in frames of hosts of their own; every page may send there what they could not save.
fn policy(content: Option<&str>) -> HeaderValue {
    const STRICT: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
                          form-action 'self'; base-uri 'none'; frame-ancestors 'none'; connect-src 'self'";
    let with_content = content
        .map(|content| format!("{STRICT} {content}; frame-src {content}"))
        .and_then(|policy| HeaderValue::from_str(&policy).ok());
    with_content.unwrap_or(HeaderValue::from_static(STRICT))
}

/// The headers of every answer but the assets'.
fn protect(headers: &mut HeaderMap, site: &Site, policy: &HeaderValue) {
    headers.insert(header::CONTENT_SECURITY_POLICY, policy.clone());
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (header::X_FRAME_OPTIONS, "DENY"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.insert("cross-origin-opener-policy", HeaderValue::from_static("same-origin"));
    headers.insert("cross-origin-resource-policy", HeaderValue::from_static("same-origin"));
    headers.insert(
        "permissions-policy",
        HeaderValue::from_static("camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    );
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    // A site on localhost is somebody's own machine, where other sites live beside it.
    if site.is_https() && site.host() != "localhost" {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
}

#[cfg(test)]
mod tests {
    use super::policy;

    #[test]
    fn pages_frame_and_reach_the_hosts_of_courses_and_no_others() {
        let without = policy(None);
        let text = without.to_str().unwrap();
        assert!(text.contains("connect-src 'self'") && !text.contains("frame-src"), "{text}");

        let content = "https://*.content.example.org:8443";
        let with = policy(Some(content));
        let text = with.to_str().unwrap();
        assert!(text.contains(&format!("connect-src 'self' {content};")), "{text}");
        assert!(text.ends_with(&format!("frame-src {content}")), "{text}");
        for part in ["default-src 'none'", "script-src 'self';", "frame-ancestors 'none'"] {
            assert!(text.contains(part), "{text}");
        }
        // What no header can carry leaves the strict one.
        assert_eq!(policy(Some("https://a\nb")), without);
    }
}
