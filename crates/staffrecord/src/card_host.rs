//! One port, two host names: the portal's, and the card host's, whose TLS asks for a certificate.

use axum::{
    Router,
    extract::Request,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use tower::ServiceExt;
use web::ServerName;

/// Leads requests for the card host to its pages, and all others to the portal's.
pub(crate) fn by_host(portal: Router, card: Option<(&str, Router)>) -> Router {
    let Some((host, pages)) = card else { return portal };
    let host = host.to_owned();
    Router::new().fallback(move |request: Request| {
        let (host, pages, portal) = (host.clone(), pages.clone(), portal.clone());
        async move {
            if !asks_for(&request, &host) {
                let Ok(answer) = portal.oneshot(request).await;
                return answer;
            }
            // Browsers put requests for several names of one certificate on one connection: then no card was asked for.
            let connection = request.extensions().get::<ServerName>();
            if connection.is_some_and(|ServerName(name)| !name.eq_ignore_ascii_case(&host)) {
                return misdirected();
            }
            let Ok(answer) = pages.oneshot(request).await;
            answer
        }
    })
}

fn asks_for(request: &Request, host: &str) -> bool {
    let named = web::authority(request.uri(), request.headers());
    named.is_some_and(|named| named.host().trim_end_matches('.').eq_ignore_ascii_case(host))
}

fn misdirected() -> Response {
    (StatusCode::MISDIRECTED_REQUEST, "This connection was made for another name.\n").into_response()
}
