//! A field of several lines.

use askama::Template;

use super::{Content, Label, MaybeText, Text, field::Notes, safe};

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

    /// Another id than the name.
    pub fn id(mut self, id: impl Into<Text>) -> Self {
        self.id = id.into();
        self
    }

    /// So many lines high; it takes more.
    pub fn rows(mut self, rows: u8) -> Self {
        self.rows = rows;
        self
    }

    /// Help below the label.
    pub fn hint(mut self, hint: impl Into<Content>) -> Self {
        self.notes.set_hint(hint);
        self
    }

    /// What is typed already.
    pub fn value(mut self, value: impl MaybeText) -> Self {
        self.value = value.maybe_text().unwrap_or_default();
        self
    }

    /// What is wrong with it, if anything.
    pub fn error(mut self, error: impl MaybeText) -> Self {
        self.notes.set_error(error.maybe_text());
        self
    }

    /// For what are not words.
    pub fn without_spellcheck(mut self) -> Self {
        self.spellcheck = false;
        self
    }
}

safe!(TextArea);
