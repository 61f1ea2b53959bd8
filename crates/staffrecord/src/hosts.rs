//! One port, many host names: the portal's; the card host's, whose TLS asks for a certificate; and those of courses.

use std::sync::Arc;

use axum::{
    Router,
    extract::Request,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use ipnet::IpNet;
use learning::content::Hosts;
use tower::ServiceExt;
use web::{Peer, ServerName};

/// Where requests are led.
struct Names {
    portal: Router,
    card: Option<(String, Router)>,
    content: Option<(Hosts, Router)>,
    trusted_proxies: Vec<IpNet>,
}

/// Leads requests for the card host and for courses to their own pages, and all others to the portal's.
pub(crate) fn by_host(
    portal: Router,
    card: Option<(String, Router)>,
    content: Option<(Hosts, Router)>,
    trusted_proxies: Vec<IpNet>,
) -> Router {
    if card.is_none() && content.is_none() {
        return portal;
    }
    let names = Arc::new(Names { portal, card, content, trusted_proxies });
    Router::new().fallback(move |request: Request| {
        let names = names.clone();
        async move {
            if names.misdirects(&request) {
                return misdirected();
            }
            let Ok(answer) = names.of(&request).clone().oneshot(request).await;
            answer
        }
    })
}

impl Names {
    fn of(&self, request: &Request) -> &Router {
        let Some(host) = host(request) else { return &self.portal };
        match (&self.card, &self.content) {
            (Some((name, pages)), _) if is(&host, name) => pages,
            (_, Some((hosts, pages))) if hosts.are(&host) => pages,
            _ => &self.portal,
        }
    }

    /// Browsers put requests for several names of one certificate on one connection. One for the card host was not asked for a card then;
    /// and what a course says comes by connections of its own. A proxy that encrypts anew on its way to us has names of its own.
    fn misdirects(&self, request: &Request) -> bool {
        let (Some(ServerName(connection)), Some(host)) =
            (request.extensions().get::<ServerName>(), host(request))
        else {
            return false;
        };
        let by_proxy = request.extensions().get::<Peer>().is_some_and(|peer| {
            self.trusted_proxies.iter().any(|network| network.contains(&peer.0.to_canonical()))
        });
        let content =
            |name: &str| !by_proxy && self.content.as_ref().is_some_and(|(hosts, _)| hosts.are(name));
        let card = self.card.as_ref().is_some_and(|(card, _)| is(&host, card));
        !is(connection, &host) && (card || content(&host) || content(connection))
    }
}

fn host(request: &Request) -> Option<String> {
    web::authority(request.uri(), request.headers()).map(|named| named.host().to_owned())
}

fn is(host: &str, name: &str) -> bool {
    host.trim_end_matches('.').eq_ignore_ascii_case(name.trim_end_matches('.'))
}

fn misdirected() -> Response {
    (StatusCode::MISDIRECTED_REQUEST, "This connection was made for another name.\n").into_response()
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use axum::{Router, body::Body, extract::Request};
    use http::header;
    use http_body_util::BodyExt;
    use learning::{Settings, content::Hosts};
    use tower::ServiceExt;
    use web::{Peer, ServerName};

    use super::by_host;

    fn says(words: &'static str) -> Router {
        Router::new().fallback(move || async move { words })
    }

    async fn answer(peer: &str, connection: Option<&str>, host: &str) -> String {
        let settings = Settings { content_base: Some("content.example".into()), ..Settings::default() };
        let content = Hosts::new(&settings).map(|hosts| (hosts, says("content")));
        let card = Some(("card.example".to_owned(), says("card")));
        let router = by_host(says("portal"), card, content, vec!["10.0.0.0/8".parse().unwrap()]);
        let mut request = Request::builder().header(header::HOST, host).body(Body::empty()).unwrap();
        request.extensions_mut().insert(Peer(peer.parse::<IpAddr>().unwrap()));
        if let Some(name) = connection {
            request.extensions_mut().insert(ServerName(name.to_owned()));
        }
        let answer = router.oneshot(request).await.unwrap();
        let status = answer.status().as_u16();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        if status == 200 { String::from_utf8(body.to_vec()).unwrap() } else { status.to_string() }
    }

    #[tokio::test]
    async fn each_name_has_its_own_pages_and_its_own_connections() {
        for (connection, host, is) in [
            (None, "portal.example", "portal"),
            (None, "c-1.content.example:8443", "content"),
            (None, "C-1.Content.Example.", "content"),
            (None, "content.example", "content"),
            (None, "card.example", "card"),
            (None, "content.example.evil.example", "portal"),
            (None, "evilcontent.example", "portal"),
            (Some("portal.example"), "portal.example", "portal"),
            (Some("c-1.content.example"), "c-1.content.example", "content"),
            (Some("c-1.content.example"), "c-2.content.example", "421"),
            (Some("c-1.content.example"), "portal.example", "421"),
            (Some("portal.example"), "c-1.content.example", "421"),
            (Some("portal.example"), "card.example", "421"),
            // The portal judges by itself what else comes to it.
            (Some("card.example"), "portal.example", "portal"),
            (Some("other.example"), "portal.example", "portal"),
        ] {
            assert_eq!(answer("192.0.2.1", connection, host).await, is, "{connection:?} {host}");
        }
        assert_eq!(answer("10.0.0.1", Some("backend.example"), "c-1.content.example").await, "content");
    }
}
