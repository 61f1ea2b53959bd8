//! Documents are opened with poppler's tools, as whoever gets them would open them.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod accessible;
mod hostile;
mod letters;
mod limits;
mod printer;
mod templates;

use std::{io::Write as _, process::Command};

use jiff::Timestamp;
use pdf::{Data, Template, render};
use tempfile::NamedTempFile;

/// A page with a bit of everything.
static PAGE: Template = Template::new("page.typ", include_str!("page.typ"), 3);
/// A text and nothing else.
static TEXT: Template = Template::new("text.typ", "#title()\n#sys.inputs.text", 2);

fn created() -> Timestamp {
    "2026-11-27T09:30:05Z".parse().unwrap()
}

fn data() -> Data {
    Data::new("Payslip of November 2026", created())
}

fn text_of(text: &str) -> Data {
    data().with("text", &text).unwrap()
}

/// A document with just this text.
fn saying(text: &str) -> Opened {
    Opened::new(&render(&TEXT, &text_of(text)).unwrap())
}

/// A document as its readers see it.
struct Opened {
    file: NamedTempFile,
    bytes: Vec<u8>,
}

impl Opened {
    fn new(pdf: &[u8]) -> Self {
        assert!(pdf.starts_with(b"%PDF-1.7"));
        let mut file = NamedTempFile::new().unwrap();
        file.write_all(pdf).unwrap();
        Self { file, bytes: pdf.to_vec() }
    }

    /// What one of poppler's tools says of it.
    fn told(&self, tool: &str, options: &[&str]) -> String {
        let mut command = Command::new(tool);
        command.args(options).arg(self.file.path());
        if tool == "pdftotext" {
            command.arg("-");
        }
        let told = command.output().unwrap_or_else(|error| {
            panic!("{tool} does not start ({error}): `cargo xtask setup` says how to get it")
        });
        assert!(told.status.success(), "{tool}: {}", String::from_utf8_lossy(&told.stderr));
        String::from_utf8(told.stdout).unwrap()
    }

    /// Its text, each run of white space as one space.
    fn text(&self) -> String {
        let text = self.told("pdftotext", &["-enc", "UTF-8"]);
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// A line of `pdfinfo`.
    fn info(&self, name: &str) -> String {
        let told = self.told("pdfinfo", &["-isodates"]);
        let line = told.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        line.unwrap_or_default().trim().to_owned()
    }

    /// Whether it says of itself that it is accessible.
    fn claims_to_be_accessible(&self) -> bool {
        self.told("pdfinfo", &["-meta"]).contains("<pdfuaid:part>1</pdfuaid:part>")
    }

    fn has(&self, bytes: &str) -> bool {
        self.bytes.windows(bytes.len()).any(|part| part == bytes.as_bytes())
    }
}
