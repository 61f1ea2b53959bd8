//! What fields share: label, legend, hint.

use askama::Template;

use super::{Content, ErrorMessage, Text, safe};

/// How big a heading, label or legend is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "small to extra large")]
pub enum Size {
    S,
    M,
    L,
    Xl,
}

impl Size {
    pub(super) fn letter(self) -> &'static str {
        match self {
            Self::S => "s",
            Self::M => "m",
            Self::L => "l",
            Self::Xl => "xl",
        }
    }
}

/// What a field is called. `&'static str` and `String` turn into one.
#[derive(Clone, Debug, Template)]
#[template(path = "ui/label.html", whitespace = "minimize")]
pub struct Label {
    content: Content,
    size: Option<Size>,
    heading: Option<u8>,
    pub(super) for_id: Text,
    pub(super) class: &'static str,
}

impl Label {
    /// A label of ordinary size.
    pub fn new(content: impl Into<Content>) -> Self {
        Self { content: content.into(), size: None, heading: None, for_id: "".into(), class: "" }
    }

    /// A bigger one.
    pub fn size(mut self, size: Size) -> Self {
        self.size = Some(size);
        self
    }

    /// The label is also a heading of the page, of this level (1 to 6).
    pub fn heading(mut self, level: u8) -> Self {
        self.heading = Some(level);
        self
    }

    pub(super) fn of(mut self, id: &Text, class: &'static str) -> Self {
        self.for_id = id.clone();
        self.class = class;
        self
    }
}

impl From<&'static str> for Label {
    fn from(text: &'static str) -> Self {
        Self::new(text)
    }
}

impl From<String> for Label {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

/// The name of a group of fields. `&'static str` and `String` turn into one.
#[derive(Clone, Debug, Template)]
#[template(path = "ui/legend.html", whitespace = "minimize")]
pub struct Legend {
    content: Content,
    size: Option<Size>,
    heading: Option<u8>,
}

impl Legend {
    /// A legend of ordinary size.
    pub fn new(content: impl Into<Content>) -> Self {
        Self { content: content.into(), size: None, heading: None }
    }

    /// A bigger one.
    pub fn size(mut self, size: Size) -> Self {
        self.size = Some(size);
        self
    }

    /// The legend is also a heading of the page, of this level (1 to 6).
    pub fn heading(mut self, level: u8) -> Self {
        self.heading = Some(level);
        self
    }
}

impl From<&'static str> for Legend {
    fn from(text: &'static str) -> Self {
        Self::new(text)
    }
}

impl From<String> for Legend {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

/// A line of help below a label.
#[derive(Clone, Debug, Template)]
#[template(path = "ui/hint.html", whitespace = "minimize")]
pub struct Hint {
    content: Content,
    pub(super) id: Text,
    pub(super) class: &'static str,
}

impl Hint {
    /// A hint that no field refers to.
    pub fn new(content: impl Into<Content>) -> Self {
        Self { content: content.into(), id: "".into(), class: "" }
    }
}

/// A group of fields under one legend.
#[derive(Clone, Debug, Template)]
#[template(path = "ui/fieldset.html", whitespace = "minimize")]
pub struct Fieldset {
    legend: Legend,
    content: Option<Content>,
    described_by: String,
    role: &'static str,
}

impl Fieldset {
    /// A group with nothing in it yet.
    pub fn new(legend: impl Into<Legend>) -> Self {
        Self { legend: legend.into(), content: None, described_by: String::new(), role: "" }
    }

    /// The fields.
    pub fn content(mut self, content: impl Into<Content>) -> Self {
        self.content = Some(content.into());
        self
    }
}

safe!(Label, Legend, Hint, Fieldset);

/// Hint and error of a field, with the ids by which the field refers to them.
#[derive(Clone, Debug, Default)]
pub(super) struct Notes {
    hint: Option<Content>,
    error: Option<Text>,
}

impl Notes {
    pub(super) fn set_hint(&mut self, hint: impl Into<Content>) {
        self.hint = Some(hint.into());
    }

    pub(super) fn set_error(&mut self, error: Option<Text>) {
        self.error = error;
    }

    pub(super) fn is_error(&self) -> bool {
        self.error.is_some()
    }

    pub(super) fn hint(&self, id: &str) -> Option<Hint> {
        self.hint.clone().map(|content| Hint { content, id: format!("{id}-hint").into(), class: "" })
    }

    pub(super) fn error(&self, id: &str) -> Option<ErrorMessage> {
        self.error.clone().map(|error| ErrorMessage::of(error, format!("{id}-error")))
    }

    /// The value of `aria-describedby`, empty where there is nothing to refer to.
    pub(super) fn described_by(&self, id: &str) -> String {
        match (self.hint.is_some(), self.is_error()) {
            (true, true) => format!("{id}-hint {id}-error"),
            (true, false) => format!("{id}-hint"),
            (false, true) => format!("{id}-error"),
            (false, false) => String::new(),
        }
    }
}

/// The setters of a field with an id and notes.
macro_rules! noted {
    ($($field:ty),* $(,)?) => {$(
        impl $field {
            /// Another id than the name.
            pub fn id(mut self, id: impl Into<$crate::ui::Text>) -> Self {
                self.id = id.into();
                self
            }

            /// Help below the label.
            pub fn hint(mut self, hint: impl Into<$crate::ui::Content>) -> Self {
                self.notes.set_hint(hint);
                self
            }

            /// What is wrong with it, if anything.
            pub fn error(mut self, error: impl $crate::ui::MaybeText) -> Self {
                self.notes.set_error(error.maybe_text());
                self
            }
        }
    )*};
}
pub(super) use noted;

/// The setters of a field for text.
macro_rules! typed {
    ($($field:ty),* $(,)?) => {$(
        impl $field {
            /// What is typed already.
            pub fn value(mut self, value: impl $crate::ui::MaybeText) -> Self {
                self.value = value.maybe_text().unwrap_or_default();
                self
            }

            /// For what is not a word.
            pub fn without_spellcheck(mut self) -> Self {
                self.spellcheck = false;
                self
            }
        }
    )*};
}
pub(super) use typed;

/// The group around radios, checkboxes and date inputs.
pub(super) fn group(legend: &Legend, described_by: String, role: &'static str, content: Content) -> Fieldset {
    Fieldset { legend: legend.clone(), content: Some(content), described_by, role }
}
