use std::path::Path;

use clap::Subcommand;
use store::Entropy;

use super::{Ended, Failed};
use crate::config::Config;

#[derive(Debug, Subcommand)]
pub(super) enum Keys {
    /// Make the next key of each kind. What older keys signed and sealed stays good; restart every `serve` afterwards.
    Rotate,
}

impl Keys {
    pub(super) fn run(self, path: &Path) -> Result<Ended, Failed> {
        let Self::Rotate = self;
        let config = Config::read(path).map_err(Failed::because)?;
        web::Keys::rotate(&config.keys_folder(), &Entropy::system()).map_err(Failed::because)?;
        say!(
            "New keys are in {}. Restart every `staffrecord serve`, and back the folder up.",
            config.keys_folder().display()
        );
        Ok(Ended::Done)
    }
}
