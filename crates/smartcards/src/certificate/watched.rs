use std::{
    fs,
    io::Read,
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

use super::settings::SettingsError;

/// When a file was changed, and how long it is: what tells a new content without reading it.
type Stamp = (SystemTime, u64);

/// What a file holds, as it was when it could last be read.
pub(super) struct Watched<T> {
    pub(super) path: PathBuf,
    pub(super) content: Arc<Vec<T>>,
    /// Why the file as it is now cannot be used.
    pub(super) problem: Option<String>,
    stamp: Option<Stamp>,
}

impl<T> Watched<T> {
    /// # Errors
    /// Where it cannot be used: in the beginning there is no content from before.
    pub(super) fn open(
        key: &'static str,
        path: PathBuf,
        most_bytes: u64,
        parse: impl Fn(&[u8]) -> Result<Vec<T>, String>,
    ) -> Result<Self, SettingsError> {
        let mut watched = Self { path, content: Arc::default(), problem: None, stamp: None };
        watched.look(most_bytes, parse);
        match watched.problem {
            None => Ok(watched),
            Some(problem) => Err(SettingsError::new(key, format!("{:?} {problem}", watched.path))),
        }
    }

    /// Reads the file again if it is another than before; whether there is a new content. The old one stays in use where the
    /// new one cannot be.
    pub(super) fn look(&mut self, most_bytes: u64, parse: impl Fn(&[u8]) -> Result<Vec<T>, String>) -> bool {
        // Taken before reading: what is written meanwhile is seen as a change the next time.
        let stamp = stamp(&self.path);
        if stamp.is_some() && stamp == self.stamp {
            return false;
        }
        self.stamp = stamp;
        match read(&self.path, most_bytes).and_then(|bytes| parse(&bytes)) {
            Ok(content) => {
                self.content = Arc::new(content);
                self.problem = None;
                true
            }
            Err(problem) => {
                if self.problem.as_ref() != Some(&problem) {
                    tracing::warn!(path = %self.path.display(), problem, "a file of the smartcards' authorities cannot be used");
                }
                self.problem = Some(problem);
                false
            }
        }
    }
}

fn stamp(path: &Path) -> Option<Stamp> {
    let metadata = fs::metadata(path).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}

fn read(path: &Path, most_bytes: u64) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    fs::File::open(path)
        .and_then(|file| file.take(most_bytes + 1).read_to_end(&mut bytes))
        .map_err(|error| format!("cannot be read: {error}"))?;
    if bytes.len() as u64 > most_bytes {
        return Err(format!("is larger than {} KiB", most_bytes / 1024));
    }
    Ok(bytes)
}
