//! One of many, from a list that opens.

use askama::Template;

use super::{Content, Label, MaybeText, Text, field::Notes, safe};

/// A list to choose one of; for few answers, [`super::Radios`]. Its id is its name unless [`Select::id`] says otherwise.
#[derive(Clone, Debug, Template)]
#[template(path = "ui/select.html", whitespace = "minimize")]
pub struct Select {
    label: Label,
    name: Text,
    id: Text,
    notes: Notes,
    items: Vec<(Text, Text)>,
    chosen: Option<Text>,
}

impl Select {
    /// Nothing to choose from yet.
    pub fn new(name: impl Into<Text>, label: impl Into<Label>) -> Self {
        let name = name.into();
        Self {
            label: label.into(),
            id: name.clone(),
            name,
            notes: Notes::default(),
            items: Vec::new(),
            chosen: None,
        }
    }

    /// Another id than the name.
    pub fn id(mut self, id: impl Into<Text>) -> Self {
        self.id = id.into();
        self
    }

    /// One more answer: what is sent, and what is read.
    pub fn item(mut self, value: impl Into<Text>, text: impl Into<Text>) -> Self {
        self.items.push((value.into(), text.into()));
        self
    }

    /// What is chosen already; otherwise the first.
    pub fn value(mut self, value: impl MaybeText) -> Self {
        self.chosen = value.maybe_text();
        self
    }

    /// Help below the label.
    pub fn hint(mut self, hint: impl Into<Content>) -> Self {
        self.notes.set_hint(hint);
        self
    }

    /// What is wrong with it, if anything.
    pub fn error(mut self, error: impl MaybeText) -> Self {
        self.notes.set_error(error.maybe_text());
        self
    }

    fn is_chosen(&self, value: &Text) -> bool {
        self.chosen.as_ref() == Some(value)
    }
}

safe!(Select);
