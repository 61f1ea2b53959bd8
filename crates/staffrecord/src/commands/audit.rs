use std::path::{Path, PathBuf};

use clap::Subcommand;

use super::{Ended, Failed, opened::Opened};

#[derive(Debug, Subcommand)]
pub(super) enum Audit {
    /// Find any change or gap in the trail.
    Verify {
        /// The anchor file, or a copy of it; the configuration's unless named. `none` to go without.
        #[arg(long, value_name = "FILE")]
        anchor: Option<PathBuf>,
    },
}

impl Audit {
    pub(super) async fn run(self, path: &Path) -> Result<Ended, Failed> {
        let Self::Verify { anchor } = self;
        let opened = Opened::new(path).await?;
        let anchor = match anchor {
            Some(none) if none.as_os_str() == "none" => None,
            Some(anchor) => Some(anchor),
            None => opened.config.anchor().filter(|anchor| anchor.exists()),
        };
        let report = ::audit::verify(&opened.db, anchor.as_deref()).await.map_err(Failed::because)?;
        opened.db.close().await;
        say!(
            "{} entries; the last is number {}, hash {}",
            report.entries,
            report.head.number,
            report.head.hash
        );
        for not_provable in &report.not_provable {
            say!("Not provable: {not_provable}");
        }
        for finding in &report.findings {
            say!("ALTERED: {finding}");
        }
        if report.further_findings > 0 {
            say!("… and {} more", report.further_findings);
        }
        if report.findings.is_empty() {
            say!("Nothing was altered.");
            return Ok(Ended::Done);
        }
        Ok(Ended::Found)
    }
}
