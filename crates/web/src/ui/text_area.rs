//! A field of several lines.

use askama::Template;

use super::{
    Label, Text,
    field::{Notes, noted, typed},
    safe,
};

/// A field for several lines of text. Its id is its name unless [`TextArea::id`] says otherwise.
#[derive(Clone, Debug, Template)]
#[template(path = "ui/text_area.html", whitespace = "minimize")]
pub struct TextArea {
    label: Label,
    name: Text,
    id: Text,
    rows: u8,
    notes: Notes,
    value: Text,
    spellcheck: bool,
}

impl TextArea {
    /// An empty field, five lines high.
    pub fn new(name: impl Into<Text>, label: impl Into<Label>) -> Self {
        let name = name.into();
        Self {
            label: label.into(),
            id: name.clone(),
            name,
            rows: 5,
            notes: Notes::default(),
            value: "".into(),
            spellcheck: true,
        }
    }

    /// So many lines high; it takes more.
    pub fn rows(mut self, rows: u8) -> Self {
        self.rows = rows;
        self
    }
}

noted!(TextArea);
typed!(TextArea);
safe!(TextArea);
