//! Packages of one's own.

use std::io::{Cursor, Write};

use zip::{CompressionMethod, DateTime, ZipWriter, result::ZipError, write::SimpleFileOptions};

/// Makes a zip file out of paths and bytes: the same from the same, always.
#[derive(Debug)]
pub struct Writer {
    zip: ZipWriter<Cursor<Vec<u8>>>,
}

impl Default for Writer {
    fn default() -> Self {
        Self::new()
    }
}

/// The file could not be written: its path is there already, or it is too large for a zip file.
#[derive(Debug, thiserror::Error)]
#[error("the package cannot be written: {0}")]
pub struct WriteError(#[from] ZipError);

impl Writer {
    /// Without files.
    #[must_use]
    pub fn new() -> Self {
        Self { zip: ZipWriter::new(Cursor::new(Vec::new())) }
    }

    /// Adds a file at a path with `/` between its parts.
    ///
    /// # Errors
    /// When the path is there already.
    pub fn file(&mut self, path: &str, bytes: &[u8]) -> Result<(), WriteError> {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .last_modified_time(DateTime::default())
            .unix_permissions(0o644);
        self.zip.start_file(path, options)?;
        self.zip.write_all(bytes).map_err(ZipError::from)?;
        Ok(())
    }

    /// The zip file.
    ///
    /// # Errors
    /// When it cannot be ended.
    pub fn done(self) -> Result<Vec<u8>, WriteError> {
        Ok(self.zip.finish()?.into_inner())
    }
}
