use std::{fs, sync::Arc, time::Duration};

use rustls::{ClientConfig, RootCertStore, pki_types::ServerName};
use smartcards::testing::{Authority, Issued, authority, card, rcgen};
use store::Clock;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

use super::INSIDE;
use crate::{
    Failed,
    server::Server,
    table::Row,
    world::{Bench, World},
};

const HOST: &str = "card.localhost";
const TIMES: usize = 400;
/// Each kind is measured so often, in turns.
const ROUNDS: usize = 5;
const MOST: f64 = 1.3;
const PATIENCE: Duration = Duration::from_secs(10);

/// What the card host does beside the handshake: judge the card, and hand the browser back with what it proved.
pub(crate) async fn measure(bench: &Bench) -> Result<Vec<Row>, Failed> {
    let world = World::make(bench, "card", "", &[INSIDE]).await?;
    let issuer = Authority::root(authority("Card Authority"));
    let shown = issuer.issue(card("555042700101"));
    let web = furnish(&world, &issuer)?;
    let server = Server::started(&world).await?;
    let client = client(&web, &shown)?;
    let ticket = ticket(&world, &web).await?;
    let path =
        format!("GET /present?ticket={ticket} HTTP/1.1\r\nHost: {HOST}:{}\r\n\r\n", world.address.port());
    for _ in 0..TIMES / 4 {
        ask(&world, &client, &path).await?;
        shake(&world, &client).await?;
    }
    let (mut bare, mut whole) = (0.0, 0.0);
    for _ in 0..ROUNDS {
        let before = server.usage()?.all;
        for _ in 0..TIMES {
            shake(&world, &client).await?;
        }
        let between = server.usage()?.all;
        for _ in 0..TIMES {
            ask(&world, &client, &path).await?;
        }
        let after = server.usage()?.all;
        (bare, whole) = (bare + between - before, whole + after - between);
    }
    let fresh = (0..TIMES).map(|_| self::client(&web, &issuer.issue(card("555042700101"))));
    let fresh = fresh.collect::<Result<Vec<_>, _>>()?;
    let before = server.usage()?.all;
    for client in &fresh {
        ask(&world, client, &path).await?;
    }
    let first = (server.usage()?.all - before) * 1e3 / TIMES as f64;
    server.stop().await?;
    let each = |seconds: f64| seconds * 1e3 / (TIMES * ROUNDS) as f64;
    let ratio = whole / bare;
    Ok(vec![Row::judged(
        "smartcard: server's processor time from ClientHello to the redirect, over that of a bare handshake with a card",
        format!("≤ {MOST}"),
        format!(
            "{ratio:.2} ({:.2} ms over {:.2} ms; {first:.2} ms where the card was never shown before)",
            each(whole),
            each(bare)
        ),
        ratio <= MOST,
    )])
}

/// HTTPS for both names, and the authority whose cards are taken.
fn furnish(world: &World, issuer: &Authority) -> Result<Authority, Failed> {
    let web = Authority::root(authority("Web Authority"));
    let mut params = rcgen::CertificateParams::new(vec!["localhost".to_owned(), HOST.to_owned()])?;
    params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth];
    let site = web.issue(params);
    let now = Clock::system().now();
    let list = issuer.list(now.plus_minutes(-60), now.plus_minutes(60 * 24), &[]);
    for (name, text) in [
        ("site.pem", format!("{}{}", site.certificate.pem(), web.certificate.pem())),
        ("site-key.pem", site.key.serialize_pem()),
        ("cards.pem", issuer.certificate.pem()),
        ("cards.crl", list.pem()?),
    ] {
        fs::write(world.folder.join(name), text)?;
    }
    let serve = "[serve]\ntls_certificate = \"site.pem\"\ntls_key = \"site-key.pem\"";
    let cards = format!(
        "[access.smartcard_certificates]\nhost = \"{HOST}\"\nauthorities = \"cards.pem\"\nrevocation_lists = [\"cards.crl\"]\n\n[mail]"
    );
    let text = fs::read_to_string(world.config())?;
    let text = text.replace("http://localhost", "https://localhost").replace("[serve]", serve);
    fs::write(world.config(), text.replace("[mail]", &cards))?;
    Ok(web)
}

fn client(web: &Authority, card: &Issued) -> Result<TlsConnector, Failed> {
    let mut roots = RootCertStore::empty();
    roots.add(web.certificate.der().clone())?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_client_auth_cert(vec![card.der()], card.key_der())?;
    config.resumption = rustls::client::Resumption::disabled();
    Ok(TlsConnector::from(Arc::new(config)))
}

async fn connect(
    world: &World,
    client: &TlsConnector,
    name: &'static str,
) -> Result<tokio_rustls::client::TlsStream<TcpStream>, Failed> {
    let stream = TcpStream::connect(world.address).await?;
    stream.set_nodelay(true)?;
    Ok(client.connect(ServerName::try_from(name)?, stream).await?)
}

/// A handshake with a card, and nothing else. Read to its end, so that the server has looked at the card's signature.
async fn shake(world: &World, client: &TlsConnector) -> Result<(), Failed> {
    let mut stream = connect(world, client, HOST).await?;
    stream.shutdown().await?;
    tokio::time::timeout(PATIENCE, stream.read_to_end(&mut Vec::new())).await?.or_else(cut_off)?;
    Ok(())
}

async fn ask(world: &World, client: &TlsConnector, request: &str) -> Result<(), Failed> {
    let mut stream = connect(world, client, HOST).await?;
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await?.or_else(cut_off)?;
    if answer.starts_with(b"HTTP/1.1 303") && String::from_utf8_lossy(&answer).contains("/smartcard/return?")
    {
        return Ok(());
    }
    Err(Failed::because("the card host did not hand the browser back"))
}

/// A server may end a connection without saying so in TLS.
fn cut_off(error: std::io::Error) -> std::io::Result<usize> {
    if error.kind() == std::io::ErrorKind::UnexpectedEof { Ok(0) } else { Err(error) }
}

/// A ticket of the portal, as a browser gets one.
async fn ticket(world: &World, web: &Authority) -> Result<String, Failed> {
    let mut roots = RootCertStore::empty();
    roots.add(web.certificate.der().clone())?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let mut stream = connect(world, &TlsConnector::from(Arc::new(config)), "localhost").await?;
    let request = format!(
        "GET /smartcard/begin?by=card HTTP/1.1\r\nHost: localhost:{}\r\nConnection: close\r\n\r\n",
        world.address.port()
    );
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await?.or_else(cut_off)?;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let ticket = answer.split_once("/present?ticket=").and_then(|(_, rest)| rest.split("\r\n").next());
    ticket.map(str::to_owned).ok_or_else(|| Failed::because("the portal hands out no ticket"))
}
