use std::{path::Path, sync::Arc};

use audit::Sealer;
use records::{Employer, Holder, Username};
use store::{Clock, Db, Entropy, StoreError};

use super::Failed;
use crate::{Parts, Portal, config::Config};

/// What most commands work on: the configuration and its database.
pub(super) struct Opened {
    pub(super) config: Config,
    pub(super) db: Db,
    pub(super) clock: Clock,
    pub(super) entropy: Entropy,
}

impl Opened {
    /// Opens the database of the configuration. One that an older release left is not touched by a command in passing.
    pub(super) async fn new(config: &Path) -> Result<Self, Failed> {
        let opened = Self::without_schema(config).await?;
        let pending = opened.db.pending_migrations().await.map_err(unreachable(&opened.config))?;
        if pending.is_empty() {
            return Ok(opened);
        }
        Err(Failed(format!(
            "The database waits for {} change(s) of this release: start `staffrecord serve` once, which makes them, and try again.",
            pending.len()
        )))
    }

    /// Opens the database as it is.
    pub(super) async fn without_schema(config: &Path) -> Result<Self, Failed> {
        let config = Config::read(config).map_err(Failed::because)?;
        let options = config.database();
        if let Some(file) = options.file().filter(|file| !file.exists()) {
            return Err(Failed(format!(
                "There is no database {}: make it with `staffrecord init`, or correct database.address.",
                file.display()
            )));
        }
        let db = Db::open(&options).await.map_err(unreachable(&config))?;
        Ok(Self { config, db, clock: Clock::system(), entropy: Entropy::system() })
    }

    /// The portal of this configuration.
    pub(super) fn portal(&self) -> Result<Portal, Failed> {
        let config = &self.config;
        let (transport, sender) = config.mail.open(&config.folder).map_err(Failed::because)?;
        let mut access = config.access.clone();
        access.breached_passwords = access.breached_passwords.map(|path| config.path(&path));
        Portal::new(Parts {
            db: self.db.clone(),
            clock: self.clock.clone(),
            entropy: self.entropy.clone(),
            site: config.site().map_err(Failed)?,
            keys: config.keys(&self.entropy).map_err(Failed::because)?,
            access,
            learning: config.learning.clone(),
            payslips: config.payslips.clone(),
            transport,
            sender,
            anchor: config.anchor(),
            more_routes: Vec::new(),
            folder: config.folder.clone(),
        })
        .map_err(Failed::because)
    }

    /// What the use cases of payslips need.
    pub(super) fn payslips(&self) -> Result<payslips::App, Failed> {
        Ok(payslips::App {
            db: self.db.clone(),
            clock: self.clock.clone(),
            entropy: self.entropy.clone(),
            keys: self.config.keys(&self.entropy).map_err(Failed::because)?,
            settings: Arc::new(self.config.payslips.clone()),
            printing: payslips::Printing::default(),
        })
    }

    /// What the use cases of courses need.
    pub(super) fn learning(&self) -> Result<learning::App, Failed> {
        let config = &self.config;
        let site = Arc::new(config.site().map_err(Failed)?);
        let keys = config.keys(&self.entropy).map_err(Failed::because)?;
        let base = (&self.db, &self.clock, &self.entropy);
        crate::portal::learning_app(base, (site, keys), config.learning.clone(), &config.folder)
            .map_err(Failed::because)
    }

    /// Ends a command that wrote: what it put on the trail is sealed, unless a running `serve` does that.
    pub(super) async fn close(self) -> Result<(), Failed> {
        let sealer =
            Sealer::new(self.db.clone(), self.clock.clone(), self.entropy.clone(), self.config.anchor());
        let sealed = sealer.seal_due().await;
        // Gives the lease back, or what the next command writes would wait until it has run out.
        sealer.run_until(std::future::ready(())).await;
        self.db.close().await;
        sealed
            .map(drop)
            .map_err(|error| Failed(format!("It is done, but the trail could not be sealed: {error}")))
    }

    pub(super) async fn employer(&self, code: &str) -> Result<Employer, Failed> {
        let mut reader = self.db.read().await.map_err(Failed::because)?;
        let found = records::employer_by_code(&mut reader.tx(), code).await.map_err(Failed::because)?;
        found.ok_or_else(|| {
            Failed(format!("There is no employer {code}: add it with `staffrecord employer add`."))
        })
    }

    pub(super) async fn holder(&self, typed: &str) -> Result<(Username, Holder), Failed> {
        let username = Username::parse(typed)
            .ok_or_else(|| Failed(format!("{typed:?} is no username: one looks like 999JSMITH01.")))?;
        let mut reader = self.db.read().await.map_err(Failed::because)?;
        let found = records::find_by_username(&mut reader.tx(), &username, self.clock.now())
            .await
            .map_err(Failed::because)?;
        let holder = found.ok_or_else(|| Failed(format!("Nobody has the username {username}.")))?;
        Ok((username, holder))
    }
}

pub(super) fn unreachable(config: &Config) -> impl Fn(StoreError) -> Failed {
    let address = Arc::new(without_password(&config.database.address));
    move |error| Failed(format!("The database {address} cannot be used: {error}"))
}

/// An address as it may be shown.
fn without_password(address: &str) -> String {
    let Some((scheme, rest)) = address.split_once("://") else { return address.to_owned() };
    match rest.rsplit_once('@') {
        Some((_, place)) => format!("{scheme}://…@{place}"),
        None => address.to_owned(),
    }
}
