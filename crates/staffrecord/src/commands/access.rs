use std::path::Path;

use ::access::{
    internet_access::{Act, DecideError, decide},
    re_enrolment::{agree, ask},
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
    /// Have the second factors taken off that somebody has lost: they are told, and can stop it for a while.
    ReEnrol(ReEnrol),
}

#[derive(Debug, Args)]
pub(super) struct ReEnrol {
    /// Their username.
    username: String,
    /// Why: how you know that it is they who ask. It stands on the trail.
    #[arg(long, required_unless_present = "agree", conflicts_with = "agree")]
    reason: Option<String>,
    /// Agree to what somebody else has asked for: whoever holds a role needs two persons.
    #[arg(long)]
    agree: bool,
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
            Self::ReEnrol(wanted) => wanted.run(&opened, &app).await?,
            Self::Approve(decision) => decision.decide(&opened, &app, Act::Approve).await?,
            Self::Refuse(decision) => decision.decide(&opened, &app, Act::Refuse).await?,
            Self::Withdraw(decision) => decision.decide(&opened, &app, Act::Withdraw).await?,
        }
        opened.close().await?;
        Ok(Ended::Done)
    }
}

impl ReEnrol {
    async fn run(self, opened: &Opened, app: &::access::App) -> Result<(), Failed> {
        let (username, holder) = opened.holder(&self.username).await?;
        let zone = holder.employer.zone();
        let permit = Permit::operator(Permission::ReEnrol, holder.employer.id);
        let asked = match &self.reason {
            Some(reason) => ask(app, &permit, holder, reason, operator(), Origin::default()).await,
            None => agree(app, &permit, holder, operator(), None, Origin::default()).await,
        };
        match asked.map_err(Failed::because)?.due_at {
            Some(due) => say!(
                "{username}: the second factors are taken off on {}; they are mailed, and can stop it until then.",
                format::day_and_time(due, &zone)
            ),
            None => say!(
                "{username} holds a role, so a second person has to agree: somebody else, logged in to this machine by their own \
                 name, runs `staffrecord access re-enrol {username} --agree`."
            ),
        }
        Ok(())
    }
}

/// Who is at the command line, by the number that the system knows them by: also behind `sudo`, which says whose it was.
fn operator() -> String {
    let own = rustix::process::getuid();
    let behind = std::env::var("SUDO_UID").ok().filter(|_| own.is_root());
    format!("operator {}", behind.unwrap_or_else(|| own.as_raw().to_string()))
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
