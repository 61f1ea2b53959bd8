//! What went wrong, at the field and at the top of the page.

use askama::Template;

use super::{Content, Text, safe};

/// The message at a field. Fields make their own; this is for other places.
#[derive(Clone, Debug, Template)]
#[template(path = "ui/error_message.html", whitespace = "minimize")]
pub struct ErrorMessage {
    content: Content,
    id: Text,
}

impl ErrorMessage {
    /// A message that no field refers to.
    pub fn new(content: impl Into<Content>) -> Self {
        Self { content: content.into(), id: "".into() }
    }

    pub(super) fn of(content: impl Into<Content>, id: String) -> Self {
        Self { content: content.into(), id: id.into() }
    }
}

/// All that is wrong with a form, at the top of the page, each with a link to its field. Prints nothing while it is empty.
#[derive(Clone, Debug, Default, Template)]
#[template(path = "ui/error_summary.html", whitespace = "minimize")]
pub struct ErrorSummary {
    description: Option<Content>,
    errors: Vec<(Content, Text)>,
}

impl ErrorSummary {
    /// Nothing is wrong yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// One field's message, a link to the field of this id (a date: the id of its first wrong part).
    pub fn field(mut self, id: impl Into<Text>, message: impl Into<Content>) -> Self {
        self.errors.push((message.into(), id.into()));
        self
    }

    /// A message about the form as a whole.
    pub fn message(mut self, message: impl Into<Content>) -> Self {
        self.errors.push((message.into(), "".into()));
        self
    }

    /// A sentence above the list.
    pub fn description(mut self, description: impl Into<Content>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// Whether there is nothing to show.
    pub fn is_empty(&self) -> bool {
        self.errors.is_empty() && self.description.is_none()
    }
}

safe!(ErrorMessage, ErrorSummary);
