//! The card host: the one address whose TLS asks for a certificate. It says what the card proved, in a ticket for the portal.

use axum::{
    Router,
    extract::{Request, State},
    response::{IntoResponse, Response},
    routing::get,
};
use http::{HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use smartcards::certificate::{CardRefused, PROXY_HEADER, from_proxy};
use web::{ClientCertificates, Peer, see_other};

use super::{Certificates, service::card_ticket};
use crate::App;

/// What is longer is none of our tickets.
const LONGEST_TICKET: usize = 2000;

/// What a card proved.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Presented {
    /// A card of ours.
    Card {
        /// The 12-digit UUID.
        uuid: String,
        /// Who issued it, and under which number: for the trail.
        issuer: String,
        /// Its number.
        serial: String,
    },
    /// Nothing, and why.
    Refused(String),
}

/// The pages of the card host, where cards are read by certificate.
#[must_use]
pub fn card_host(app: &App) -> Option<Router> {
    app.cards.certificates.as_ref()?;
    Some(Router::new().route("/present", get(present)).fallback(elsewhere).with_state(app.clone()))
}

async fn elsewhere(State(app): State<App>) -> Response {
    plain(see_other(&app.site.link("/")))
}

async fn present(State(app): State<App>, request: Request) -> Response {
    let Some(certificates) = &app.cards.certificates else { return StatusCode::NOT_FOUND.into_response() };
    let query = request.uri().query().unwrap_or_default();
    let ticket = query.strip_prefix("ticket=").filter(|ticket| ticket.len() <= LONGEST_TICKET);
    let sound =
        |ticket: &&str| ticket.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    let Some(ticket) = ticket.filter(sound) else { return elsewhere(State(app)).await };
    let presented = match shown(&app, certificates, &request) {
        Ok(chain) => match certificates.checker.check(&chain, app.clock.now()) {
            Ok(card) => Presented::Card { uuid: card.uuid, issuer: card.issuer, serial: card.serial },
            Err(refused) => Presented::Refused(refused.as_str().to_owned()),
        },
        Err(refused) => Presented::Refused(refused.as_str().to_owned()),
    };
    let code = card_ticket(&app, ticket, presented);
    plain(see_other(&app.site.link(&format!("/smartcard/return?ticket={ticket}&code={code}"))))
}

/// The certificates of the handshake: our own, or that of a proxy that ends TLS.
fn shown(
    app: &App,
    certificates: &Certificates,
    request: &Request,
) -> Result<Vec<rustls::pki_types::CertificateDer<'static>>, CardRefused> {
    if let Some(ClientCertificates(chain)) = request.extensions().get::<ClientCertificates>() {
        return Ok(chain.iter().map(|der| der.clone().into()).collect());
    }
    let trusted =
        request.extensions().get::<Peer>().is_some_and(|peer| app.site.trusts(peer.0.to_canonical()));
    let mut headers = request.headers().get_all(PROXY_HEADER).iter();
    let (Some(secret), Some(header)) = (&certificates.proxy_secret, headers.next()) else {
        return Err(CardRefused::NoCertificate);
    };
    // Of two, one is not the proxy's own.
    if !trusted || headers.next().is_some() {
        return Err(CardRefused::Forged);
    }
    from_proxy(header.to_str().unwrap_or_default(), secret.reveal())
}

fn plain(mut response: Response) -> Response {
    for (name, value) in [
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
