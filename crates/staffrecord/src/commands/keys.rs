use std::path::Path;

use clap::Subcommand;

use super::{Ended, Failed, opened::Opened};

#[derive(Debug, Subcommand)]
pub(super) enum Keys {
    /// Make the next key of each kind. What older keys signed and sealed stays good. Running `serve` take up the key for pay by themselves
    /// and seal payslips anew with it; restart them for the others.
    Rotate,
}

impl Keys {
    pub(super) async fn run(self, path: &Path) -> Result<Ended, Failed> {
        let Self::Rotate = self;
        let opened = Opened::new(path).await?;
        let folder = opened.config.keys_folder();
        web::Keys::rotate(&folder, &opened.entropy).map_err(Failed::because)?;
        let queued = payslips::runs::rotated(&opened.db, &opened.entropy, opened.clock.now()).await;
        queued.map_err(|error| {
            Failed(format!("New keys are made, but payslips are not sealed anew: {error}"))
        })?;
        say!(
            "New keys are in {}. Back the folder up. Payslips are sealed anew by a running `staffrecord serve`, which goes on meanwhile; restart \
             every one when it suits, for the other keys. `staffrecord check` says which keys for pay are needed.",
            folder.display()
        );
        opened.close().await?;
        Ok(Ended::Done)
    }
}
