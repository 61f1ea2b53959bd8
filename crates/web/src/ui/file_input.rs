//! A field for a file.

use askama::Template;

use super::{
    Label, Text,
    field::{Notes, noted},
    safe,
};

/// A field for one file, as browsers show it: the button that nhsuk-frontend's script puts in its place is read out by another name
/// than it shows. Its form is sent as `multipart/form-data`, to a route that takes files. It never holds a file: after an
/// error it is chosen again.
#[derive(Clone, Debug, Template)]
#[template(path = "ui/file_input.html", whitespace = "minimize")]
pub struct FileInput {
    label: Label,
    name: Text,
    id: Text,
    notes: Notes,
    accept: &'static str,
}

impl FileInput {
    /// No file is chosen yet.
    pub fn new(name: impl Into<Text>, label: impl Into<Label>) -> Self {
        let name = name.into();
        Self { label: label.into(), id: name.clone(), name, notes: Notes::default(), accept: "" }
    }

    /// Which files a browser offers first: `.csv,text/csv`. The server checks for itself.
    pub fn accept(mut self, kinds: &'static str) -> Self {
        self.accept = kinds;
        self
    }
}

noted!(FileInput);
safe!(FileInput);
