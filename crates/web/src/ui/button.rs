//! Buttons, and links that look like one.

use askama::Template;

use super::{Text, safe};

/// A button. Green unless said otherwise; where it sends a form, a second press within a second is ignored.
#[derive(Clone, Debug, Template)]
#[template(path = "ui/button.html", whitespace = "minimize")]
pub struct Button {
    text: Text,
    hidden: Text,
    href: Text,
    variant: &'static str,
    small: bool,
    once: bool,
    id: Text,
    name: Text,
    value: Text,
    action: Text,
}

impl Button {
    /// Sends the form it stands in.
    pub fn submit(text: impl Into<Text>) -> Self {
        Self {
            text: text.into(),
            hidden: "".into(),
            href: "".into(),
            variant: "",
            small: false,
            once: true,
            id: "".into(),
            name: "".into(),
            value: "".into(),
            action: "".into(),
        }
    }

    /// Leads somewhere.
    pub fn link(text: impl Into<Text>, href: impl Into<Text>) -> Self {
        let mut button = Self::submit(text);
        button.once = false;
        button.href = href.into();
        button
    }

    /// Blue: logs in.
    pub fn login(mut self) -> Self {
        self.variant = "login";
        self
    }

    /// White: the less likely one of two.
    pub fn secondary(mut self) -> Self {
        self.variant = "secondary";
        self
    }

    /// Red: what can't be undone.
    pub fn warning(mut self) -> Self {
        self.variant = "warning";
        self
    }

    /// Less high.
    pub fn small(mut self) -> Self {
        self.small = true;
        self
    }

    /// Takes every press.
    pub fn repeatable(mut self) -> Self {
        self.once = false;
        self
    }

    /// An id.
    pub fn id(mut self, id: impl Into<Text>) -> Self {
        self.id = id.into();
        self
    }

    /// Is read out after its text, since `Start` alone says nothing in a list of buttons.
    pub fn about(mut self, about: impl Into<Text>) -> Self {
        self.hidden = about.into();
        self
    }

    /// Says in the form which button was pressed.
    pub fn says(mut self, name: impl Into<Text>, value: impl Into<Text>) -> Self {
        self.name = name.into();
        self.value = value.into();
        self
    }

    /// Sends the form to another address than its own.
    pub fn action(mut self, action: impl Into<Text>) -> Self {
        self.action = action.into();
        self
    }
}

safe!(Button);
