//! What the card host's handshake asks for and proves.

use std::sync::Arc;

use rustls::{
    ClientConfig, ClientConnection, DistinguishedName, Error, HandshakeKind, ProtocolVersion, RootCertStore,
    ServerConfig, ServerConnection, SignatureScheme, SupportedProtocolVersion,
    client::ResolvesClientCert,
    crypto::ring,
    pki_types::{CertificateDer, ServerName},
    sign::CertifiedKey,
    version::{TLS12, TLS13},
};
use smartcards::{
    certificate::{self, CardRefused},
    testing::{self, Authority, Issued, rcgen::CertificateParams},
};

use super::{Site, UUID, now};

const HOST: &str = "card.portal.example";

/// A client that shows these certificates and signs with that key, whatever it is asked for; it keeps the names it was given.
#[derive(Debug)]
struct Shows(Option<Arc<CertifiedKey>>, std::sync::Mutex<Vec<Vec<u8>>>);

impl ResolvesClientCert for Shows {
    fn resolve(&self, hints: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        *self.1.lock().unwrap() = hints.iter().map(|name| name.to_vec()).collect();
        self.0.clone()
    }

    fn has_certs(&self) -> bool {
        true
    }
}

impl Shows {
    fn nothing() -> Arc<Self> {
        Arc::new(Self(None, Default::default()))
    }

    fn this(chain: Vec<CertificateDer<'static>>, key: &Issued) -> Arc<Self> {
        let key = ring::default_provider().key_provider.load_private_key(key.key_der()).unwrap();
        Arc::new(Self(Some(Arc::new(CertifiedKey::new(chain, key))), Default::default()))
    }
}

struct Host {
    site: Site,
    checker: certificate::Checker,
    server: Arc<ServerConfig>,
    roots: RootCertStore,
}

impl Host {
    fn new() -> Self {
        let site = Site::new();
        let checker = site.checker();
        let web = Authority::root(testing::authority("Web Authority"));
        let own = web.issue(CertificateParams::new(vec![HOST.to_owned()]).unwrap());
        let server = certificate::tls(vec![own.der()], own.key_der(), &checker).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(web.certificate.der().clone()).unwrap();
        Self { site, checker, server: Arc::new(server), roots }
    }

    fn client(&self, version: &'static SupportedProtocolVersion, shows: Arc<Shows>) -> ClientConfig {
        ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(&[version])
            .unwrap()
            .with_root_certificates(self.roots.clone())
            .with_client_cert_resolver(shows)
    }

    /// Both ends after the handshake, or the server's refusal.
    fn meet(&self, client: ClientConfig) -> Result<(ClientConnection, ServerConnection), Error> {
        self.meet_again(&Arc::new(client))
    }

    fn meet_again(&self, client: &Arc<ClientConfig>) -> Result<(ClientConnection, ServerConnection), Error> {
        let mut client = ClientConnection::new(client.clone(), ServerName::try_from(HOST).unwrap())?;
        let mut server = ServerConnection::new(self.server.clone())?;
        while client.is_handshaking()
            || server.is_handshaking()
            || client.wants_write()
            || server.wants_write()
        {
            let mut bytes = Vec::new();
            while client.wants_write() {
                client.write_tls(&mut bytes).unwrap();
            }
            let mut rest = &bytes[..];
            while !rest.is_empty() {
                server.read_tls(&mut rest).unwrap();
                server.process_new_packets()?;
            }
            let mut bytes = Vec::new();
            while server.wants_write() {
                server.write_tls(&mut bytes).unwrap();
            }
            let mut rest = &bytes[..];
            while !rest.is_empty() {
                client.read_tls(&mut rest).unwrap();
                client.process_new_packets()?;
            }
        }
        Ok((client, server))
    }
}

#[test]
fn a_card_is_asked_for_in_either_version_and_nobody_has_to_have_one() {
    let host = Host::new();
    let card = host.site.card();
    for version in [&TLS12, &TLS13] {
        let shows = Shows::this(vec![card.der()], &card);
        let (client, server) = host.meet(host.client(version, shows.clone())).unwrap();
        assert_eq!(client.protocol_version(), Some(version.version));
        let shown = server.peer_certificates().unwrap();
        assert_eq!(host.checker.check(shown, now()).unwrap().uuid, UUID);
        let names: Vec<_> =
            host.checker.names().iter().map(|name| DistinguishedName::as_ref(name).to_vec()).collect();
        assert_eq!((names.len(), &*shows.1.lock().unwrap()), (1, &names));
        let (_, server) = host.meet(host.client(version, Shows::nothing())).unwrap();
        assert!(server.peer_certificates().is_none());
    }
}

#[test]
fn what_a_card_is_worth_is_not_the_handshakes_to_say() {
    let host = Host::new();
    let stranger = Authority::root(testing::authority("Another Authority"));
    let card = stranger.issue(testing::card(UUID));
    let shows = Shows::this(vec![card.der(), stranger.certificate.der().clone()], &card);
    let (_, server) = host.meet(host.client(&TLS13, shows)).unwrap();
    let shown = server.peer_certificates().unwrap();
    assert_eq!(shown.len(), 2);
    assert_eq!(host.checker.check(shown, now()), Err(CardRefused::UnknownIssuer));
}

#[test]
fn a_certificate_without_its_key_is_refused() {
    let host = Host::new();
    let (card, thief) = (host.site.card(), host.site.card());
    for version in [&TLS12, &TLS13] {
        let refused = host.meet(host.client(version, Shows::this(vec![card.der()], &thief)));
        assert!(matches!(refused, Err(Error::InvalidCertificate(_))), "{refused:?}");
    }
}

#[test]
fn what_is_no_certificate_ends_the_handshake() {
    let host = Host::new();
    let card = host.site.card();
    for version in [&TLS12, &TLS13] {
        let shows = Shows::this(vec![CertificateDer::from(b"junk".to_vec())], &card);
        assert!(host.meet(host.client(version, shows)).is_err());
    }
}

#[test]
fn each_handshake_is_a_whole_one() {
    let host = Host::new();
    let card = host.site.card();
    for version in [&TLS12, &TLS13] {
        let client = Arc::new(host.client(version, Shows::this(vec![card.der()], &card)));
        for _ in 0..2 {
            let (client, server) = host.meet_again(&client).unwrap();
            assert_eq!(client.handshake_kind(), Some(HandshakeKind::Full));
            assert_eq!(client.tls13_tickets_received(), 0);
            assert!(server.peer_certificates().is_some());
        }
    }
}

#[test]
fn http_2_is_not_spoken() {
    let host = Host::new();
    let mut client = host.client(&TLS13, Shows::nothing());
    client.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let (client, _) = host.meet(client).unwrap();
    assert_eq!(client.alpn_protocol(), Some(&b"http/1.1"[..]));
    assert_eq!(client.protocol_version(), Some(ProtocolVersion::TLSv1_3));
    let mut client = host.client(&TLS13, Shows::nothing());
    client.alpn_protocols = vec![b"h2".to_vec()];
    assert!(matches!(host.meet(client), Err(Error::NoApplicationProtocol)));
}

#[test]
fn an_added_authority_is_named_without_a_new_start() {
    let host = Host::new();
    let stranger = Authority::root(testing::authority("Another Authority"));
    host.site.write("authorities.pem", host.site.authority.certificate.pem() + &stranger.certificate.pem());
    let _ = host.checker.check(&[], now());
    let shows = Shows::nothing();
    host.meet(host.client(&TLS13, shows.clone())).unwrap();
    assert_eq!(shows.1.lock().unwrap().len(), 2);
}

#[test]
fn a_key_of_another_certificate_serves_nothing() {
    let host = Host::new();
    let (one, other) = (host.site.card(), host.site.card());
    assert!(certificate::tls(vec![one.der()], other.key_der(), &host.checker).is_err());
}
