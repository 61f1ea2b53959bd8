use std::path::Path;

use ::access::{
    internet_access::{Act, DecideError, decide},
    status_words, unlock, why,
};
use audit::Origin;
use clap::{Args, Subcommand};
use records::{Permission, Permit};
use web::{Language, format};

use super::{Ended, Failed, opened::Opened};

#[derive(Debug, Subcommand)]
pub(super) enum Access {
    /// Say why somebody cannot get in: every reason on record.
    Why {
        /// Their username.
        username: String,
    },
    /// Let them log in by username and password from outside the employer's networks.
    Approve(Decision),
    /// Refuse their request to.
    Refuse(Decision),
    /// Take that back.
    Withdraw(Decision),
    /// Lift the lock after too many wrong passwords.
    Unlock(Decision),
}

#[derive(Debug, Args)]
pub(super) struct Decision {
    /// Their username.
    username: String,
    /// Why, for the trail.
    #[arg(long)]
    reason: Option<String>,
}

impl Access {
    pub(super) async fn run(self, path: &Path) -> Result<Ended, Failed> {
        let opened = Opened::new(path).await?;
        let app = opened.portal()?.access;
        match self {
            Self::Why { username } => {
                let (username, holder) = opened.holder(&username).await?;
                let found = why(&app, &holder).await.map_err(Failed::because)?;
                say!("{username}: {}", found.who);
                for standing in &found.standing {
                    say!("  {standing}");
                }
                let zone = holder.employer.zone();
                for (at, event) in &found.events {
                    say!("  {}: {event}", format::day_and_time(*at, &zone));
                }
            }
            Self::Unlock(Decision { username, reason }) => {
                let (username, holder) = opened.holder(&username).await?;
                let permit = Permit::operator(Permission::Unlock, holder.employer.id);
                unlock(&app, &permit, holder, reason, Origin::default()).await.map_err(Failed::because)?;
                say!("{username} is unlocked; they are mailed.");
            }
            Self::Approve(decision) => decision.decide(&opened, &app, Act::Approve).await?,
            Self::Refuse(decision) => decision.decide(&opened, &app, Act::Refuse).await?,
            Self::Withdraw(decision) => decision.decide(&opened, &app, Act::Withdraw).await?,
        }
        opened.close().await?;
        Ok(Ended::Done)
    }
}

impl Decision {
    async fn decide(self, opened: &Opened, app: &::access::App, act: Act) -> Result<(), Failed> {
        let (username, holder) = opened.holder(&self.username).await?;
        let permit = Permit::operator(Permission::DecideInternetAccess, holder.employer.id);
        let decided = decide(app, &permit, holder, act, self.reason, Origin::default()).await;
        let status = decided.map_err(|error| match error {
            DecideError::Overtaken(status) => Failed(format!(
                "Nothing was changed: internet access of {username} is {}.",
                status_words(Language::English, status)
            )),
            other => Failed::because(other),
        })?;
        say!(
            "{username}: internet access is {} now; they are mailed.",
            status_words(Language::English, status)
        );
        Ok(())
    }
}
