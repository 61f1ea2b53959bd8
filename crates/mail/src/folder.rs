//! Mail into a folder, for trying things out and for sites that have another program send it.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use crate::{TransportError, message::Message, model::Fate};

/// A folder in which each mail becomes one file, `{id}.eml`: whole or not there at all, readable by its owner only. A mail that
/// is delivered twice is still one file. Ids are in the order of time, so the names are too.
#[derive(Clone, Debug)]
pub struct Folder(PathBuf);

impl Folder {
    pub(crate) fn open(path: PathBuf) -> Result<Self, TransportError> {
        DirBuilder::new().recursive(true).mode(0o700).create(&path).map_err(|error| {
            TransportError(format!("the mail folder {} cannot be made: {error}", path.display()))
        })?;
        Ok(Self(path))
    }

    pub(crate) async fn check(&self) -> Result<(), TransportError> {
        let name = ".check".to_owned();
        self.write(name.clone(), Vec::new()).await?;
        let path = self.0.join(name);
        fs::remove_file(&path).map_err(|error| self.failed(&error))
    }

    pub(crate) async fn deliver(&self, message: &Message) -> Fate {
        let name = format!("{}.eml", message.id);
        match self.write(name.clone(), message.bytes.clone()).await {
            Ok(()) => Fate::Accepted(format!("written to {name}")),
            Err(error) => Fate::Unreachable(error.to_string()),
        }
    }

    async fn write(&self, name: String, bytes: Vec<u8>) -> Result<(), TransportError> {
        let folder = self.0.clone();
        let written = tokio::task::spawn_blocking(move || write_whole(&folder, &name, &bytes)).await;
        written.map_err(io::Error::other).flatten().map_err(|error| self.failed(&error))
    }

    fn failed(&self, error: &io::Error) -> TransportError {
        TransportError(format!("the mail folder {} cannot be written to: {error}", self.0.display()))
    }
}

fn write_whole(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let part = folder.join(format!(".{name}.part"));
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&part)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&part, folder.join(name))?;
    File::open(folder)?.sync_all()
}
