use std::{path::Path, sync::Arc};

use metrics_exporter_prometheus::PrometheusBuilder;
use rustls::ServerConfig;
use smartcards::certificate::Checker;
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::watch,
};
use tracing_subscriber::{EnvFilter, layer::SubscriberExt, util::SubscriberInitExt};

use super::{Ended, Failed, opened::Opened};
use crate::{
    config::{Config, LogConfig, LogFormat},
    serve::{self, Sole, Tls},
};

pub(super) async fn run(path: &Path) -> Result<Ended, Failed> {
    let opened = Opened::without_schema(path).await?;
    let config = &opened.config;
    log(&config.log);
    let _sole = Sole::take(&config.database()).map_err(Failed::because)?;
    let metrics = PrometheusBuilder::new()
        .set_buckets(&[0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0])
        .and_then(PrometheusBuilder::install_recorder)
        .map_err(Failed::because)?;
    for migration in opened.db.pending_migrations().await.map_err(Failed::because)? {
        tracing::info!(version = migration.version, description = migration.description, "migrating");
    }
    opened
        .db
        .migrate()
        .await
        .map_err(|error| Failed(format!("The database could not be migrated; it is as it was. {error}")))?;
    let portal = opened.portal()?;
    let serve = &config.serve;
    let tls = match (&serve.tls_certificate, &serve.tls_key) {
        (Some(certificate), Some(key)) => {
            let (certificate, key) = (config.path(certificate), config.path(key));
            let own = serve::tls(&certificate, &key).map_err(Failed::because)?;
            let card = match &portal.card_host {
                Some((host, checker)) => {
                    Some((host.clone(), Arc::new(card_tls(config, checker, &certificate, &key)?)))
                }
                None => None,
            };
            let content = content_tls(config)?;
            Some(Tls { portal: Arc::new(own), card, content })
        }
        _ => None,
    };
    let listener = serve::listen(serve.listen).await.map_err(Failed::because)?;
    let address = listener.local_addr().map_err(Failed::because)?;
    let (stop, stopped) = watch::channel(false);
    let mut tasks = vec![tokio::spawn(keep_up(metrics.clone(), stopped.clone()))];
    if let Some(metrics_listen) = serve.metrics_listen {
        let listener = serve::listen(metrics_listen).await.map_err(Failed::because)?;
        say!("Metrics are on {}", listener.local_addr().map_err(Failed::because)?);
        let (metrics, stopped) = (metrics.clone(), stopped.clone());
        tasks.push(tokio::spawn(serve::metrics(listener, metrics, stopped)));
    }
    let router = serve::with_health(portal.router.clone(), opened.db.clone());
    // The work behind the pages ends after them, so that what the last requests left is sealed.
    let (rest, resting) = watch::channel(false);
    let working = tokio::spawn(async move { portal.work(resting).await });
    tasks.push(tokio::spawn(serve::connections(
        listener,
        tls,
        serve.trusted_proxies.clone(),
        router,
        stopped,
    )));
    let end = End::wanted()?;
    say!("Serving {} on {address}", config.site.address);
    tracing::info!(%address, site = config.site.address, database = opened.db.kind(), "serving");
    end.wait().await;
    tracing::info!("stopping");
    let _ = stop.send(true);
    for task in tasks {
        let _ = task.await;
    }
    let _ = rest.send(true);
    let _ = working.await;
    opened.db.close().await;
    tracing::info!("stopped");
    Ok(Ended::Done)
}

/// How the card host is served: by its own certificate, or by the portal's.
fn card_tls(
    config: &Config,
    checker: &Checker,
    certificate: &Path,
    key: &Path,
) -> Result<ServerConfig, Failed> {
    let own = config.serve.card_tls_certificate.as_ref().zip(config.serve.card_tls_key.as_ref());
    let own = own.map(|(certificate, key)| (config.path(certificate), config.path(key)));
    let (certificate, key) = own.as_ref().map_or((certificate, key), |(certificate, key)| (certificate, key));
    let (chain, key) = serve::certificate(certificate, key).map_err(Failed::because)?;
    smartcards::certificate::tls(chain, key, checker).map_err(|error| {
        Failed(format!("{} cannot be used for the card host: {error}", certificate.display()))
    })
}

/// How the host names of courses are served, where they have a certificate of their own.
fn content_tls(config: &Config) -> Result<Option<(learning::content::Hosts, Arc<ServerConfig>)>, Failed> {
    let own = config.serve.content_tls_certificate.as_ref().zip(config.serve.content_tls_key.as_ref());
    let Some((hosts, (certificate, key))) = learning::content::Hosts::new(&config.learning).zip(own) else {
        return Ok(None);
    };
    let tls = serve::tls(&config.path(certificate), &config.path(key)).map_err(Failed::because)?;
    Ok(Some((hosts, Arc::new(tls))))
}

/// Old measurements are folded together, so that memory stays as it is.
async fn keep_up(metrics: metrics_exporter_prometheus::PrometheusHandle, mut stop: watch::Receiver<bool>) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(std::time::Duration::from_secs(5)) => metrics.run_upkeep(),
            _ = stop.wait_for(|stop| *stop) => return,
        }
    }
}

/// Ctrl-C, or a service manager's order to stop. Listened for from when this is made, so that no order is missed.
pub(super) struct End {
    interrupt: Signal,
    terminate: Signal,
}

impl End {
    pub(super) fn wanted() -> Result<Self, Failed> {
        let listen = |kind| signal(kind).map_err(Failed::because);
        Ok(Self { interrupt: listen(SignalKind::interrupt())?, terminate: listen(SignalKind::terminate())? })
    }

    pub(super) async fn wait(mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

fn log(config: &LogConfig) {
    let level = config.level.as_str();
    // Libraries speak up only when something is wrong: at debug they would write what passes through them.
    let filter = [
        "store",
        "audit",
        "mail",
        "web",
        "records",
        "smartcards",
        "second_factors",
        "access",
        "learning",
        "demo",
        "staffrecord",
    ]
    .iter()
    .fold("warn".to_owned(), |filter, room| format!("{filter},{room}={level}"));
    let registry = tracing_subscriber::registry().with(EnvFilter::new(filter));
    match config.format {
        LogFormat::Text => {
            registry.with(tracing_subscriber::fmt::layer().with_writer(std::io::stderr)).init();
        }
        LogFormat::Json => {
            let layer =
                tracing_subscriber::fmt::layer().json().flatten_event(true).with_writer(std::io::stderr);
            registry.with(layer).init();
        }
    }
}
