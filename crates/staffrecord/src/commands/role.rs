use std::path::Path;

use audit::Origin;
use clap::{Args, Subcommand};
use records::{Grant, Granted, Permission, Permit};

use super::{Ended, Failed, opened::Opened};

#[derive(Debug, Subcommand)]
pub(super) enum Role {
    /// Grant a role: the first HR of an employer. Afterwards HR grants roles; with --recover the operator can still.
    Grant(GrantRole),
}

#[derive(Debug, Args)]
pub(super) struct GrantRole {
    /// To whom.
    username: String,
    /// service_desk, hr, payroll, learning or auditor.
    #[arg(value_parser = |text: &str| text.parse::<records::Role>())]
    role: records::Role,
    /// Grant although the employer has its HR. All HR and auditors there are mailed.
    #[arg(long)]
    recover: bool,
    /// Why, for the trail.
    #[arg(long)]
    reason: Option<String>,
}

impl Role {
    pub(super) async fn run(self, path: &Path) -> Result<Ended, Failed> {
        let Self::Grant(GrantRole { username, role, recover, reason }) = self;
        let opened = Opened::new(path).await?;
        let (username, holder) = opened.holder(&username).await?;
        let permit = Permit::operator(Permission::GrantRole, holder.employer.id);
        let grant = Grant { username: username.clone(), role, reason, recover };
        let now = opened.clock.now();
        let granted =
            records::role_grant(&opened.db, &opened.entropy, now, &permit, grant, Origin::default()).await;
        let place = &holder.employer.name;
        match granted.map_err(Failed::because)? {
            Granted::Now { told: 0 } => say!("{username} holds {role} at {place} now."),
            Granted::Now { told } => {
                say!("{username} holds {role} at {place} now; {told} HR and auditors are mailed.");
            }
            Granted::Waits { told } => {
                say!("{role} at {place} waits for a second HR person who confirms it; {told} are mailed.");
            }
            Granted::Before => say!("{username} held {role} at {place} already: nothing was changed."),
        }
        opened.close().await?;
        Ok(Ended::Done)
    }
}
