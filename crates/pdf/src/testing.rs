//! For tests: documents are opened with poppler's tools, as whoever gets them would open them.

use std::{io::Write as _, process::Command};

use tempfile::NamedTempFile;

/// A document as its readers see it.
pub struct Opened {
    file: NamedTempFile,
    bytes: Vec<u8>,
}

impl Opened {
    /// Opens a document.
    ///
    /// # Panics
    /// Where it is no PDF, or cannot be put into a file for the tools.
    #[must_use]
    pub fn new(pdf: &[u8]) -> Self {
        assert!(pdf.starts_with(b"%PDF-1.7"), "a PDF");
        let mut file = NamedTempFile::new().expect("a file");
        file.write_all(pdf).expect("a file to write to");
        Self { file, bytes: pdf.to_vec() }
    }

    /// What one of poppler's tools says of it.
    ///
    /// # Panics
    /// Where the tool is not installed, or does not take the document.
    #[must_use]
    pub fn told(&self, tool: &str, options: &[&str]) -> String {
        let mut command = Command::new(tool);
        command.args(options).arg(self.file.path());
        if tool == "pdftotext" {
            command.arg("-");
        }
        let told = command.output().unwrap_or_else(|error| {
            panic!("{tool} does not start ({error}): `cargo xtask setup` says how to get it")
        });
        assert!(told.status.success(), "{tool}: {}", String::from_utf8_lossy(&told.stderr));
        String::from_utf8(told.stdout).expect("text")
    }

    /// Its text, each run of white space as one space.
    #[must_use]
    pub fn text(&self) -> String {
        let text = self.told("pdftotext", &["-enc", "UTF-8"]);
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// A line of `pdfinfo`.
    #[must_use]
    pub fn info(&self, name: &str) -> String {
        let told = self.told("pdfinfo", &["-isodates"]);
        let line = told.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        line.unwrap_or_default().trim().to_owned()
    }

    /// Whether it says of itself that it is accessible (PDF/UA-1).
    #[must_use]
    pub fn claims_to_be_accessible(&self) -> bool {
        self.told("pdfinfo", &["-meta"]).contains("<pdfuaid:part>1</pdfuaid:part>")
    }

    /// Whether these bytes stand in its file.
    #[must_use]
    pub fn has(&self, bytes: &str) -> bool {
        self.bytes.windows(bytes.len()).any(|part| part == bytes.as_bytes())
    }
}
