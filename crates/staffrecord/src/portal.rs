use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use access::smartcard::{Cards, Certificates};
use audit::Sealer;
use futures::{FutureExt, future::BoxFuture};
use jiff::tz::TimeZone;
use mail::Postman;
use second_factors::passkeys::Passkeys;
use smartcards::certificate::Checker;
use store::{Clock, Db, Entropy, Instant, StoreError, Tx, jobs::Worker};
use tokio::sync::watch;
use uuid::Uuid;
use web::{Corridor, Keys, Route, Site};

use crate::{hosts, portal_page};

/// What a portal is made of.
pub struct Parts {
    /// The database, migrated.
    pub db: Db,
    /// The time.
    pub clock: Clock,
    /// Randomness.
    pub entropy: Entropy,
    /// The site.
    pub site: Site,
    /// The site's keys.
    pub keys: Keys,
    /// The `[access]` table.
    pub access: access::Settings,
    /// The `[payslips]` table.
    pub payslips: payslips::Settings,
    /// The `[learning]` table.
    pub learning: learning::Settings,
    /// How mail leaves.
    pub transport: mail::Transport,
    /// Who it comes from.
    pub sender: mail::Sender,
    /// The trail's anchor file.
    pub anchor: Option<PathBuf>,
    /// Pages beside the rooms': the demo's mailbox.
    pub more_routes: Vec<Route>,
    /// The folder that paths of the `[access]` table start from.
    pub folder: PathBuf,
}

/// Why a portal could not be made of its parts.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The `[access]` table.
    #[error("[access] {0}")]
    Access(#[from] access::SettingsError),
    /// The list of breached passwords.
    #[error("[access] breached_passwords: {0}")]
    Breached(#[from] access::passwords::BreachedError),
    /// Smartcards by certificate.
    #[error(transparent)]
    Certificates(#[from] smartcards::certificate::SettingsError),
    /// Smartcards by identity provider.
    #[error(transparent)]
    Provider(#[from] smartcards::provider::SettingsError),
    /// The folder of courses' files.
    #[error(transparent)]
    Files(#[from] learning::courses::FilesError),
}

/// A portal: its pages, and what works behind them.
#[derive(Clone)]
pub struct Portal {
    /// Every page of it.
    pub routes: Vec<Route>,
    /// The pages, ready to answer.
    pub router: axum::Router,
    /// Accounts.
    pub access: access::App,
    /// Payslips.
    pub payslips: payslips::App,
    /// e-Learning.
    pub learning: learning::App,
    /// The host name at which cards are asked for, and who judges them.
    pub card_host: Option<(String, Checker)>,
    /// Jobs.
    pub worker: Worker,
    /// Mail.
    pub postman: Postman,
    /// The trail.
    pub sealer: Arc<Sealer>,
}

/// What reads cards by certificate. The card host has the portal's scheme and port.
fn certificates(
    access: &access::Settings,
    site: &Site,
    folder: &Path,
) -> Result<Option<Certificates>, OpenError> {
    let Some(settings) = &access.smartcard_certificates else { return Ok(None) };
    Ok(Some(Certificates {
        checker: Checker::open(settings, folder)?,
        origin: site.origin().replacen(site.host(), &settings.host, 1),
        proxy_secret: settings.proxy_secret(folder)?,
    }))
}

/// What e-learning tells the service desk: what PC Checker found last on somebody's device.
struct DeviceChecks(Db);

impl access::Beside for DeviceChecks {
    fn lines<'a>(
        &'a self,
        staff_record: Uuid,
        zone: &'a TimeZone,
    ) -> BoxFuture<'a, Result<Vec<(&'static str, String)>, StoreError>> {
        async move {
            let found = learning::last_check(&mut self.0.read().await?.tx(), staff_record, zone).await?;
            Ok(found.map(|line| ("PC Checker", line)).into_iter().collect())
        }
        .boxed()
    }
}

/// Courses keep the sessions awake that they are done in.
struct SessionsAwake;

impl learning::Awake for SessionsAwake {
    fn keep<'t>(
        &self,
        tx: &'t mut Tx<'_>,
        session: Uuid,
        seen_since: Instant,
        now: Instant,
    ) -> BoxFuture<'t, store::Result<()>> {
        access::sessions::keep_awake(tx, session, seen_since, now).boxed()
    }
}

/// What the use cases of courses need. `folder`: that which the paths of the configuration start from.
pub(crate) fn learning_app(
    (db, clock, entropy): (&Db, &Clock, &Entropy),
    (site, keys): (Arc<Site>, Keys),
    settings: learning::Settings,
    folder: &Path,
) -> Result<learning::App, learning::courses::FilesError> {
    Ok(learning::App {
        db: db.clone(),
        clock: clock.clone(),
        entropy: entropy.clone(),
        site,
        keys,
        files: learning::courses::Files::open(&settings.files_in(folder))?,
        settings: Arc::new(settings),
        awake: Arc::new(SessionsAwake),
        hot: learning::content::Hot::default(),
        printer: learning::Printer::default(),
    })
}

/// The first page of those who have left.
const LEAVERS_HOME: &str = "/payslips";
/// So often what is over is swept.
const SWEEP: Duration = Duration::from_secs(300);

impl Portal {
    /// Wires the rooms together.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn new(parts: Parts) -> Result<Self, OpenError> {
        let Parts {
            db,
            clock,
            entropy,
            site,
            keys,
            access,
            payslips,
            learning,
            transport,
            sender,
            anchor,
            more_routes,
            folder,
        } = parts;
        let certificates = certificates(&access, &site, &folder)?;
        let card_host = access.smartcard_certificates.as_ref().map(|settings| settings.host.clone());
        let card_host = card_host.zip(certificates.as_ref().map(|certificates| certificates.checker.clone()));
        let providers = access::smartcard::providers(&access.smartcard_providers, &folder, &site, &clock)?;
        let cards = Cards { certificates, providers };
        let trusted_proxies = site.trusted_proxies.clone();
        let site = Arc::new(site);
        let app = access::App::new(access::Inner {
            db: db.clone(),
            clock: clock.clone(),
            entropy: entropy.clone(),
            site: site.clone(),
            keys: keys.clone(),
            hasher: access::hasher::Hasher::start(&access, entropy.clone())?,
            judge: access::passwords::Judge::new(access.breached_passwords.as_deref())?,
            passkeys: Passkeys::new(&site.origin(), &site.name)
                .inspect_err(|error| tracing::info!(%error, "no passkeys are offered"))
                .ok(),
            cards,
            settings: access,
            employers: access::EmployersSeen::default(),
            beside: Arc::new(DeviceChecks(db.clone())),
        });
        let records = records::App { db: db.clone(), clock: clock.clone(), entropy: entropy.clone() };
        let pay = payslips::App {
            db: db.clone(),
            clock: clock.clone(),
            entropy: entropy.clone(),
            keys: keys.clone(),
            settings: Arc::new(payslips),
            printing: payslips::Printing::default(),
        };
        let learning =
            learning_app((&db, &clock, &entropy), (site.clone(), keys.clone()), learning, &folder)?;
        let routes = [
            portal_page::routes(&db),
            payslips::routes(&pay),
            learning::routes(&learning),
            records::routes(&records),
            access::routes(&app),
            more_routes,
        ]
        .concat();
        let front = Arc::new(app.clone());
        let content = learning.settings.content_source(&site);
        let corridor = Corridor {
            site,
            front,
            keys,
            clock: clock.clone(),
            entropy: entropy.clone(),
            leavers_home: LEAVERS_HOME,
            content,
        };
        let handlers = [
            access::handlers(&app),
            records::handlers(&db, &clock, &entropy),
            payslips::handlers(&pay),
            learning::handlers(&learning),
        ]
        .concat();
        let composers =
            [access::composers(&app), records::composers(&db, &clock), payslips::composers(&pay)].concat();
        Ok(Self {
            router: hosts::by_host(
                web::build(&routes, corridor),
                card_host.as_ref().map(|(host, _)| host.clone()).zip(access::smartcard::card_host(&app)),
                learning::content::Hosts::new(&learning.settings).zip(learning::content::router(&learning)),
                trusted_proxies,
            ),
            card_host,
            routes,
            worker: Worker::new(db.clone(), clock.clone(), entropy.clone(), handlers),
            postman: Postman::new(db.clone(), clock.clone(), entropy.clone(), transport, sender, composers),
            sealer: Arc::new(Sealer::new(db, clock, entropy, anchor)),
            access: app,
            payslips: pay,
            learning,
        })
    }

    /// Does all that is due behind the pages: jobs, mails, the trail. For tests and commands, which have no loops.
    ///
    /// # Errors
    /// What the store says.
    pub async fn settle(&self) -> Result<(), StoreError> {
        loop {
            let done = self.worker.run_due().await? + self.postman.run_due().await?;
            if done == 0 {
                break;
            }
        }
        if let Err(error) = self.sealer.seal_due().await {
            tracing::error!(%error, "the trail could not be sealed");
        }
        Ok(())
    }

    /// Works behind the pages until `stop` turns true.
    pub async fn work(&self, stop: watch::Receiver<bool>) {
        let stopped = || {
            let mut stop = stop.clone();
            async move { drop(stop.wait_for(|stop| *stop).await) }
        };
        tokio::join!(
            self.worker.run_until(stopped()),
            self.postman.run_until(stopped()),
            self.sealer.run_until(stopped()),
            self.sweep_until(stopped()),
        );
    }

    async fn sweep_until(&self, stop: impl Future<Output = ()>) {
        let mut stop = std::pin::pin!(stop);
        loop {
            if let Err(error) = access::sweep(&self.access).await {
                tracing::warn!(%error, "what is over could not be swept");
            }
            if let Err(error) = learning::keep_up(&self.learning).await {
                tracing::warn!(%error, "the nightly look at courses could not be queued");
            }
            tokio::select! {
                () = &mut stop => return,
                () = tokio::time::sleep(SWEEP) => {}
            }
        }
    }
}
