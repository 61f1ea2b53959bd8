//! `serve` speaks HTTPS by itself.

use std::sync::Arc;

use http::{Request, header};
use http_body_util::Full;
use hyper::body::Bytes;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::{ClientConfig, RootCertStore};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::common::{
    browser::exchange_by_tls,
    installation::{HOST, Installation},
    serve::Serve,
};

/// An installation with a certificate for two names, and what a client has to trust.
fn with_certificate() -> (Installation, RootCertStore) {
    let installation = Installation::new();
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = params.self_signed(&key).unwrap();
    let issuer = Issuer::new(params, key);
    let key = KeyPair::generate().unwrap();
    let names = vec![HOST.to_owned(), "other.example".to_owned()];
    let certificate = CertificateParams::new(names).unwrap().signed_by(&key, &issuer).unwrap();
    installation.write("certificate.pem", certificate.pem() + &authority.pem());
    installation.write("key.pem", key.serialize_pem());
    installation.change("#tls_certificate", "tls_certificate");
    installation.change("#tls_key", "tls_key");
    let mut roots = RootCertStore::empty();
    roots.add(authority.der().clone()).unwrap();
    (installation, roots)
}

fn client(roots: &RootCertStore, protocols: &[&str]) -> ClientConfig {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots.clone())
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
    config
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_served_in_either_http_and_never_in_plain() {
    let (installation, roots) = with_certificate();
    installation.run(&["check"]).ends(0).says("ok    HTTPS");
    let serve = Serve::start(&installation);
    for (protocols, agreed) in
        [(&["h2", "http/1.1"][..], &b"h2"[..]), (&["http/1.1"], b"http/1.1"), (&[], b"")]
    {
        // HTTP/2 names the host in its address, HTTP/1.1 in a header.
        let request = match agreed {
            b"h2" => Request::builder().uri(format!("https://{HOST}/")),
            _ => Request::builder().uri("/").header(header::HOST, HOST),
        };
        let request = request.body(Full::<Bytes>::default()).unwrap();
        let (answer, spoken) =
            exchange_by_tls(serve.address, client(&roots, protocols), HOST, request).await.unwrap();
        assert_eq!(spoken, agreed);
        answer.is(200).has("Log in with your credentials");
        assert_eq!(answer.headers["strict-transport-security"], "max-age=31536000");
        let cookie = answer.headers[header::SET_COOKIE].to_str().unwrap();
        assert!(
            cookie.starts_with("__Host-") && cookie.contains("; Secure; HttpOnly; SameSite=Lax"),
            "{cookie}"
        );
    }
    let mut plain = TcpStream::connect(serve.address).await.unwrap();
    plain.write_all(format!("GET / HTTP/1.1\r\nHost: {HOST}\r\n\r\n").as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    let _ = plain.read_to_end(&mut bytes).await;
    assert!(!bytes.starts_with(b"HTTP"), "{bytes:?}");
    serve.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_for_another_name_than_the_connections_is_misdirected() {
    let (installation, roots) = with_certificate();
    let serve = Serve::start(&installation);
    for (connected_to, asked_for) in
        [("other.example", HOST), (HOST, "other.example"), ("other.example", "other.example")]
    {
        for protocols in [&["h2"][..], &["http/1.1"]] {
            let request = match protocols {
                ["h2"] => Request::builder().uri(format!("https://{asked_for}/")),
                _ => Request::builder().uri("/").header(header::HOST, asked_for),
            };
            let request = request.body(Full::<Bytes>::default()).unwrap();
            let config = client(&roots, protocols);
            let (answer, _) = exchange_by_tls(serve.address, config, connected_to, request).await.unwrap();
            answer.is(421).has("This address is not served here");
        }
    }
    serve.stop();
}

#[test]
fn a_key_of_another_certificate_is_named() {
    let (installation, _) = with_certificate();
    installation.write("key.pem", KeyPair::generate().unwrap().serialize_pem());
    installation.run(&["serve"]).ends(1).says("certificate.pem").says("cannot be used for HTTPS");
    installation.run(&["check"]).ends(3).says("WRONG HTTPS");
    installation.write("key.pem", "");
    installation.run(&["serve"]).ends(1).says("key.pem");
}
