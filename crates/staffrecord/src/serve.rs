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
use hyper::{Request, body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto, graceful::GracefulShutdown},
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
    net::TcpListener,
    sync::watch,
};
use tokio_rustls::TlsAcceptor;
use tower::Service;
use web::{Peer, ServerName};

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

/// Reads a certificate and its key.
///
/// # Errors
/// Names the file that cannot be used.
pub fn tls(certificate: &Path, key: &Path) -> Result<ServerConfig, ServeError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |error: &dyn std::fmt::Display| ServeError::Tls { path: path.clone(), says: error.to_string() }
    };
    let chain: Vec<_> = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect)
        .map_err(|error| failed(certificate)(&error))?;
    if chain.is_empty() {
        return Err(failed(certificate)(&"it holds no certificate"));
    }
    let key_der = PrivateKeyDer::from_pem_file(key).map_err(|error| failed(key)(&error))?;
    tls_config(chain, key_der).map_err(|error| failed(certificate)(&error))
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
    tls: Option<Arc<ServerConfig>>,
    trusted_proxies: Vec<IpNet>,
    router: Router,
    mut stop: watch::Receiver<bool>,
) {
    let graceful = GracefulShutdown::new();
    let places = Places::default();
    let acceptor = tls.map(TlsAcceptor::from);
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
        let safe = acceptor.is_some() || trusted || address.is_loopback();
        let Some(place) = places.take(address, trusted).filter(|_| safe) else {
            metrics::counter!("staffrecord_web_connections_refused_total").increment(1);
            continue;
        };
        let _ = stream.set_nodelay(true);
        let (router, watcher, acceptor) = (router.clone(), graceful.watcher(), acceptor.clone());
        tokio::spawn(async move {
            let peer = Peer(peer.ip());
            match acceptor {
                None => serve(stream, peer, None, router, watcher).await,
                Some(acceptor) => {
                    let handshake =
                        tokio::time::timeout(Duration::from_secs(HEADER_SECONDS), acceptor.accept(stream))
                            .await;
                    if let Ok(Ok(stream)) = handshake {
                        let name = stream.get_ref().1.server_name().map(|name| ServerName(name.to_owned()));
                        serve(stream, peer, name, router, watcher).await;
                    }
                }
            }
            drop(place);
        });
    }
    drop(listener);
    let farewell = tokio::time::timeout(Duration::from_secs(FAREWELL_SECONDS), graceful.shutdown());
    if farewell.await.is_err() {
        tracing::warn!("some requests were still under way");
    }
}

async fn serve<S>(
    stream: S,
    peer: Peer,
    name: Option<ServerName>,
    router: Router,
    watcher: hyper_util::server::graceful::Watcher,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (asking, asks) = watch::channel(Asking::default());
    let service = service_fn(move |mut request: Request<Incoming>| {
        asking.send_modify(Asking::begin);
        request.extensions_mut().insert(peer);
        if let Some(name) = &name {
            request.extensions_mut().insert(name.clone());
        }
        let (mut router, asking) = (router.clone(), asking.clone());
        async move {
            let answer = Router::call(&mut router, request.map(axum::body::Body::new)).await;
            asking.send_modify(|asking| asking.under_way -= 1);
            answer
        }
    });
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_secs(HEADER_SECONDS))
        .max_buf_size(HEADER_BYTES);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(64)
        .max_header_list_size(u32::try_from(HEADER_BYTES).unwrap_or(u32::MAX))
        .keep_alive_interval(Duration::from_secs(30));
    let connection = builder.serve_connection(TokioIo::new(stream), service).into_owned();
    tokio::select! {
        // A connection that breaks off concerns nobody but its client.
        _ = watcher.watch(connection) => {}
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

/// Until a client has had its time and asks for nothing. Before hyper knows which HTTP it speaks, and for HTTP/2, nothing else
/// ends the wait.
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
