//! Serving: connections, TLS, health, metrics, and an end that lets everybody finish.

use std::{
    collections::HashMap,
    fs, io,
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{Router, extract::State, http::StatusCode, routing::get};
use hyper::{
    Request,
    body::Incoming,
    server::conn::{http1, http2},
    service::service_fn,
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::graceful::{GracefulShutdown, Watcher},
};
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use metrics_exporter_prometheus::PrometheusHandle;
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use store::Db;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::watch,
};
use tokio_rustls::{LazyConfigAcceptor, server::TlsStream};
use tower::Service;
use web::{ClientCertificates, Peer, ServerName};

/// So many connections at once.
const CONNECTIONS: usize = 8192;
/// So long a client may take to say what it wants, and to agree on TLS.
const HEADER_SECONDS: u64 = 10;
/// So long a connection may go on without a request.
const IDLE_SECONDS: u64 = 75;
/// So many connections of one address at once, unless it is a trusted proxy's.
const CONNECTIONS_EACH: usize = 2048;
/// So large a request's head may be.
const HEADER_BYTES: usize = 16 * 1024;
/// So long requests under way may take once the program is told to stop.
const FAREWELL_SECONDS: u64 = 30;

/// Why nothing is served.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address cannot be had.
    #[error("{address} cannot be listened on: {source}. Is another `serve` running, or the port below 1024?")]
    Listen {
        /// Which.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// The certificate or its key.
    #[error("{path:?} cannot be used for HTTPS: {says}")]
    Tls {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        says: String,
    },
    /// Another process serves from the same SQLite file.
    #[error(
        "{0:?} is served by another process already. One `serve` at a time can use a SQLite file; several can share PostgreSQL."
    )]
    Taken(PathBuf),
    /// The lock beside the SQLite file cannot be had.
    #[error("{path:?} cannot be locked: {source}")]
    Lock {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

impl ServeError {
    fn tls(path: &Path, says: &dyn std::fmt::Display) -> Self {
        Self::Tls { path: path.to_owned(), says: says.to_string() }
    }
}

/// Holds the right to serve from a SQLite file, as long as it lives.
pub struct Sole(#[expect(dead_code, reason = "the lock goes with the file")] Option<fs::File>);

impl Sole {
    /// Takes that right; on PostgreSQL there is nothing to take.
    ///
    /// # Errors
    /// [`ServeError::Taken`] where another process has it.
    pub fn take(options: &store::Options) -> Result<Self, ServeError> {
        let Some(database) = options.file() else { return Ok(Self(None)) };
        let mut path = database.as_os_str().to_owned();
        path.push(".lock");
        let path = PathBuf::from(path);
        let failed = |source| ServeError::Lock { path: path.clone(), source };
        let file =
            fs::OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Self(Some(file))),
            Err(fs::TryLockError::WouldBlock) => Err(ServeError::Taken(database.to_owned())),
            Err(fs::TryLockError::Error(source)) => Err(failed(source)),
        }
    }
}

/// Reads a certificate with its chain, and its key.
///
/// # Errors
/// Names the file that cannot be used.
pub fn certificate(
    certificate: &Path,
    key: &Path,
) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), ServeError> {
    let chain: Vec<_> = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect)
        .map_err(|error| ServeError::tls(certificate, &error))?;
    if chain.is_empty() {
        return Err(ServeError::tls(certificate, &"it holds no certificate"));
    }
    let key = PrivateKeyDer::from_pem_file(key).map_err(|error| ServeError::tls(key, &error))?;
    Ok((chain, key))
}

/// How the portal's own name is served with these files.
///
/// # Errors
/// Names the file that cannot be used.
pub fn tls(certificate: &Path, key: &Path) -> Result<ServerConfig, ServeError> {
    let (chain, key) = self::certificate(certificate, key)?;
    tls_config(chain, key).map_err(|error| ServeError::tls(certificate, &error))
}

/// TLS 1.2 and 1.3, HTTP/2 and 1.1.
///
/// # Errors
/// Where key and certificate do not belong together.
pub fn tls_config(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<ServerConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// How connections are encrypted.
#[derive(Clone)]
pub struct Tls {
    /// For the portal's own name, and any other.
    pub portal: Arc<ServerConfig>,
    /// The card host's name, and how it is served: with a client's certificate asked for, and HTTP/1.1 alone.
    pub card: Option<(String, Arc<ServerConfig>)>,
    /// The host names of courses and how they are served, where the portal's certificate does not name them.
    pub content: Option<(learning::content::Hosts, Arc<ServerConfig>)>,
}

impl Tls {
    /// Agrees on TLS as the name that the client asks for wants it; whether that is the card host's.
    async fn accept(&self, stream: TcpStream) -> io::Result<(TlsStream<TcpStream>, bool)> {
        let start = LazyConfigAcceptor::new(rustls::server::Acceptor::default(), stream).await?;
        let hello = start.client_hello();
        let asks = |is: &dyn Fn(&str) -> bool| hello.server_name().is_some_and(is);
        let card = self.card.as_ref().filter(|(host, _)| asks(&|name| name.eq_ignore_ascii_case(host)));
        let content = self.content.as_ref().filter(|(hosts, _)| asks(&|name| hosts.are(name)));
        let (config, is_card) = match (card, content) {
            (Some((_, config)), _) => (config, true),
            (None, Some((_, config))) => (config, false),
            (None, None) => (&self.portal, false),
        };
        let config = config.clone();
        Ok((start.into_stream(config).await?, is_card))
    }
}

/// Takes an address.
///
/// # Errors
/// Where it cannot be had.
pub async fn listen(address: SocketAddr) -> Result<TcpListener, ServeError> {
    TcpListener::bind(address).await.map_err(|source| ServeError::Listen { address, source })
}

/// The pages, with `/health` (the process lives) and `/ready` (its database answers) beside them, at any host name.
pub fn with_health(router: Router, db: Db) -> Router {
    let health = Router::new()
        .route("/health", get(|| async { "alive\n" }))
        .route("/ready", get(ready))
        .with_state(db);
    health.merge(router)
}

async fn ready(State(db): State<Db>) -> (StatusCode, &'static str) {
    match db.pending_migrations().await {
        Ok(pending) if pending.is_empty() => (StatusCode::OK, "ready\n"),
        Ok(_) => (StatusCode::SERVICE_UNAVAILABLE, "the database waits to be migrated\n"),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n"),
    }
}

/// Serves the metrics.
pub async fn metrics(listener: TcpListener, handle: PrometheusHandle, stop: watch::Receiver<bool>) {
    let show = move || {
        let handle = handle.clone();
        async move { handle.render() }
    };
    // Whoever may watch reaches this address, and nobody types a password at it.
    let anywhere = vec![IpNet::V4(Ipv4Net::default()), IpNet::V6(Ipv6Net::default())];
    connections(listener, None, anywhere, Router::new().route("/metrics", get(show)), stop).await;
}

/// The places for connections: so many in all, and so many of one address.
#[derive(Clone, Default)]
struct Places(Arc<Mutex<HashMap<IpAddr, usize>>>);

/// A place that is given back when it goes.
struct Place {
    places: Places,
    address: IpAddr,
}

impl Places {
    fn take(&self, address: IpAddr, trusted: bool) -> Option<Place> {
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let all: usize = taken.values().sum();
        let own = taken.entry(address).or_default();
        if all >= CONNECTIONS || (*own >= CONNECTIONS_EACH && !trusted) {
            return None;
        }
        *own += 1;
        Some(Place { places: self.clone(), address })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = taken.get_mut(&self.address) {
            *own -= 1;
            if *own == 0 {
                taken.remove(&self.address);
            }
        }
    }
}

/// Serves `router` until `stop` turns true, then waits for the requests under way.
pub async fn connections(
    listener: TcpListener,
    tls: Option<Tls>,
    trusted_proxies: Vec<IpNet>,
    router: Router,
    mut stop: watch::Receiver<bool>,
) {
    let graceful = GracefulShutdown::new();
    let places = Places::default();
    let tls = tls.map(Arc::new);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stop.wait_for(|stop| *stop) => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of file handles, or a client that was gone at once: others are served on.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(20)).await;
                continue;
            }
        };
        let address = peer.ip().to_canonical();
        let trusted = trusted_proxies.iter().any(|network| network.contains(&address));
        // Without HTTPS only a proxy that ends it, or this very machine, may ask.
        let safe = tls.is_some() || trusted || address.is_loopback();
        let Some(place) = places.take(address, trusted).filter(|_| safe) else {
            metrics::counter!("staffrecord_web_connections_refused_total").increment(1);
            continue;
        };
        let _ = stream.set_nodelay(true);
        let (router, watcher, peer) = (router.clone(), graceful.watcher(), Peer(peer.ip()));
        // Two tasks, not one with two ways through it: a connection without TLS is a third of the size.
        match tls.clone() {
            None => drop(tokio::spawn(async move {
                let told = Told { peer, name: None, certificates: None };
                serve(stream, told, Http::One, router, watcher).await;
                drop(place);
            })),
            Some(tls) => drop(tokio::spawn(async move {
                let patience = Duration::from_secs(HEADER_SECONDS);
                let agreed = Box::pin(tokio::time::timeout(patience, tls.accept(stream))).await;
                if let Ok(Ok((stream, is_card))) = agreed {
                    let session = stream.get_ref().1;
                    let name = session.server_name().map(|name| ServerName(name.to_owned()));
                    let certificates = is_card.then(|| {
                        let shown = session.peer_certificates().unwrap_or_default();
                        ClientCertificates(Arc::new(shown.iter().map(|der| der.to_vec()).collect()))
                    });
                    let http = if session.alpn_protocol() == Some(b"h2") { Http::Two } else { Http::One };
                    serve(stream, Told { peer, name, certificates }, http, router, watcher).await;
                }
                drop(place);
            })),
        }
    }
    drop(listener);
    let farewell = tokio::time::timeout(Duration::from_secs(FAREWELL_SECONDS), graceful.shutdown());
    if farewell.await.is_err() {
        tracing::warn!("some requests were still under way");
    }
}

/// Which HTTP a connection speaks, as agreed on with TLS. Without TLS it is HTTP/1.1: no browser speaks another there.
#[derive(Clone, Copy)]
enum Http {
    One,
    Two,
}

/// What a connection tells of each request on it.
struct Told {
    peer: Peer,
    name: Option<ServerName>,
    /// On the card host.
    certificates: Option<ClientCertificates>,
}

async fn serve<S>(stream: S, told: Told, http: Http, router: Router, watcher: Watcher)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (asking, asks) = watch::channel(Asking::default());
    // Whoever shows their card again shows it in a new handshake.
    let keep_alive = told.certificates.is_none();
    let service = service_fn(move |mut request: Request<Incoming>| {
        asking.send_modify(Asking::begin);
        let extensions = request.extensions_mut();
        extensions.insert(told.peer);
        if let Some(name) = &told.name {
            extensions.insert(name.clone());
        }
        if let Some(certificates) = &told.certificates {
            extensions.insert(certificates.clone());
        }
        let (mut router, asking) = (router.clone(), asking.clone());
        async move {
            let answer = Router::call(&mut router, request.map(axum::body::Body::new)).await;
            asking.send_modify(|asking| asking.under_way -= 1);
            answer
        }
    });
    let stream = TokioIo::new(stream);
    match http {
        Http::One => {
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .keep_alive(keep_alive)
                .header_read_timeout(Duration::from_secs(HEADER_SECONDS))
                .max_buf_size(HEADER_BYTES)
                .serve_connection(stream, service);
            until_silent(watcher.watch(connection), asks).await;
        }
        Http::Two => {
            let connection = http2::Builder::new(TokioExecutor::new())
                .timer(TokioTimer::new())
                .max_concurrent_streams(64)
                .max_header_list_size(u32::try_from(HEADER_BYTES).unwrap_or(u32::MAX))
                .keep_alive_interval(Duration::from_secs(30))
                .serve_connection(stream, service);
            // Far larger than the other.
            Box::pin(until_silent(watcher.watch(connection), asks)).await;
        }
    }
}

/// A connection that breaks off concerns nobody but its client.
async fn until_silent(connection: impl Future, asks: watch::Receiver<Asking>) {
    tokio::select! {
        _ = connection => {}
        () = stays_silent(asks) => {}
    }
}

/// What a connection asks for.
#[derive(Clone, Copy, Default)]
struct Asking {
    /// Requests that are not answered yet.
    under_way: usize,
    /// Whether there has been any.
    begun: bool,
}

impl Asking {
    fn begin(&mut self) {
        self.under_way += 1;
        self.begun = true;
    }
}

/// Until a client has had its time and asks for nothing. For HTTP/2 nothing else ends the wait.
async fn stays_silent(mut asks: watch::Receiver<Asking>) {
    loop {
        let Asking { under_way, begun } = *asks.borrow_and_update();
        let patience = Duration::from_secs(if begun { IDLE_SECONDS } else { HEADER_SECONDS });
        match tokio::time::timeout(patience, asks.changed()).await {
            Err(_) if under_way == 0 => return,
            Err(_) | Ok(Ok(())) => {}
            // The connection itself is gone.
            Ok(Err(_)) => std::future::pending().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{net::Ipv4Addr, sync::Arc};

    use axum::{Router, extract::Request, routing::get};
    use rcgen::{CertifiedKey, KeyPair, generate_simple_self_signed};
    use rustls::{
        ClientConfig, RootCertStore, ServerConfig,
        crypto::{CryptoProvider, ring},
        pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName as Name},
        server::WebPkiClientVerifier,
    };
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpStream,
        sync::watch,
    };
    use tokio_rustls::{TlsConnector, client::TlsStream};
    use web::{ClientCertificates, ServerName};

    use super::{Tls, connections, listen, tls_config};

    const PORTAL: &str = "portal.example";
    const CARD: &str = "card.portal.example";
    const COURSE: &str = "c-1.content.example";

    /// The portal, the card host and the courses' hosts with a certificate each, and somebody's card.
    struct Hosts {
        address: std::net::SocketAddr,
        portal: CertificateDer<'static>,
        card_host: CertificateDer<'static>,
        content: CertificateDer<'static>,
        card: CertifiedKey<KeyPair>,
        _stop: watch::Sender<bool>,
    }

    fn provider() -> Arc<CryptoProvider> {
        Arc::new(ring::default_provider())
    }

    fn certified(names: &[&str]) -> CertifiedKey<KeyPair> {
        generate_simple_self_signed(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()).unwrap()
    }

    fn key(certified: &CertifiedKey<KeyPair>) -> PrivateKeyDer<'static> {
        PrivatePkcs8KeyDer::from(certified.signing_key.serialize_der()).into()
    }

    fn roots(certificates: &[&CertificateDer<'static>]) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        for certificate in certificates {
            roots.add((*certificate).clone()).unwrap();
        }
        roots
    }

    impl Hosts {
        async fn serve(with_card_host: bool) -> Self {
            // The portal's is good for the card host as well, so that a client would not mind.
            let portal = certified(&[PORTAL, CARD, "127.0.0.1"]);
            let (card_host, card) = (certified(&[CARD]), certified(&["a-card"]));
            let content = certified(&["*.content.example"]);
            let settings = learning::Settings {
                content_base: Some("content.example".to_owned()),
                ..learning::Settings::default()
            };
            let courses = learning::content::Hosts::new(&settings).unwrap();
            let content_config = tls_config(vec![content.cert.der().clone()], key(&content)).unwrap();
            let verifier =
                WebPkiClientVerifier::builder_with_provider(roots(&[card.cert.der()]).into(), provider())
                    .allow_unauthenticated()
                    .build()
                    .unwrap();
            let card_config = ServerConfig::builder_with_provider(provider())
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_client_cert_verifier(verifier)
                .with_single_cert(vec![card_host.cert.der().clone()], key(&card_host))
                .unwrap();
            let tls = Tls {
                portal: Arc::new(tls_config(vec![portal.cert.der().clone()], key(&portal)).unwrap()),
                card: with_card_host.then(|| (CARD.to_owned(), Arc::new(card_config))),
                content: Some((courses, Arc::new(content_config))),
            };
            let listener = listen((Ipv4Addr::LOCALHOST, 0).into()).await.unwrap();
            let address = listener.local_addr().unwrap();
            let (stop, stopped) = watch::channel(false);
            let router = Router::new().route("/", get(told));
            tokio::spawn(connections(listener, Some(tls), Vec::new(), router, stopped));
            let der = |certified: &CertifiedKey<KeyPair>| certified.cert.der().clone();
            let (portal, card_host, content) = (der(&portal), der(&card_host), der(&content));
            Self { address, portal, card_host, content, card, _stop: stop }
        }

        async fn connect(&self, name: &str, shows_card: bool) -> TlsStream<TcpStream> {
            let client = ClientConfig::builder_with_provider(provider())
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_root_certificates(roots(&[&self.portal, &self.card_host, &self.content]));
            let client = if shows_card {
                client.with_client_auth_cert(vec![self.card.cert.der().clone()], key(&self.card)).unwrap()
            } else {
                client.with_no_client_auth()
            };
            let stream = TcpStream::connect(self.address).await.unwrap();
            let name = Name::try_from(name.to_owned()).unwrap();
            TlsConnector::from(Arc::new(client)).connect(name, stream).await.unwrap()
        }

        /// Which certificate a connection was served with.
        fn served<'a>(&self, stream: &'a TlsStream<TcpStream>) -> &'a CertificateDer<'static> {
            &stream.get_ref().1.peer_certificates().unwrap()[0]
        }
    }

    /// What a request is told of its connection.
    async fn told(request: Request) -> String {
        let name = request.extensions().get::<ServerName>().map_or("no name", |name| &name.0);
        match request.extensions().get::<ClientCertificates>() {
            None => format!("{name}, portal"),
            Some(ClientCertificates(shown)) => format!("{name}, cards {shown:?}"),
        }
    }

    const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";

    /// Asks once and reads until the server ends the connection.
    async fn asked_once(stream: &mut TlsStream<TcpStream>) -> String {
        stream.write_all(REQUEST).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    /// Asks and reads up to that word; the connection goes on.
    async fn asked_up_to(stream: &mut TlsStream<TcpStream>, word: &str) -> String {
        stream.write_all(REQUEST).await.unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(word.as_bytes()) {
            answer.push(stream.read_u8().await.unwrap());
        }
        String::from_utf8(answer).unwrap()
    }

    #[tokio::test]
    async fn a_card_is_seen_on_the_card_host_alone_and_once_a_connection() {
        let hosts = Hosts::serve(true).await;
        let mut stream = hosts.connect(CARD, true).await;
        assert_eq!(hosts.served(&stream), &hosts.card_host);
        let answer = asked_once(&mut stream).await.to_ascii_lowercase();
        assert!(answer.contains("\r\nconnection: close\r\n"), "{answer}");
        let shown = vec![hosts.card.cert.der().to_vec()];
        assert!(answer.ends_with(&format!("{CARD}, cards {shown:?}")), "{answer}");

        let mut stream = hosts.connect(PORTAL, true).await;
        assert_eq!(hosts.served(&stream), &hosts.portal);
        for _ in 0..2 {
            let answer = asked_up_to(&mut stream, ", portal").await.to_ascii_lowercase();
            assert!(!answer.contains("connection: close"), "{answer}");
            assert!(answer.ends_with(&format!("{PORTAL}, portal")), "{answer}");
        }
    }

    #[tokio::test]
    async fn courses_have_a_certificate_of_their_own_and_see_no_card() {
        let hosts = Hosts::serve(true).await;
        let mut stream = hosts.connect(COURSE, true).await;
        assert_eq!(hosts.served(&stream), &hosts.content);
        let told = format!("{COURSE}, portal");
        let answer = asked_up_to(&mut stream, &told).await;
        assert!(answer.ends_with(&told), "{answer}");
    }

    #[tokio::test]
    async fn without_a_card_the_card_host_is_told_so() {
        let hosts = Hosts::serve(true).await;
        let answer = asked_once(&mut hosts.connect(CARD, false).await).await;
        assert!(answer.ends_with(&format!("{CARD}, cards []")), "{answer}");
    }

    #[tokio::test]
    async fn whoever_asks_for_no_name_or_where_there_is_no_card_host_gets_the_portal() {
        for (with_card_host, asked, told) in [(false, CARD, CARD), (true, "127.0.0.1", "no name")] {
            let hosts = Hosts::serve(with_card_host).await;
            let mut stream = hosts.connect(asked, true).await;
            assert_eq!(hosts.served(&stream), &hosts.portal);
            let told = format!("{told}, portal");
            let answer = asked_up_to(&mut stream, &told).await;
            assert!(answer.ends_with(&told), "{answer}");
        }
    }
}
