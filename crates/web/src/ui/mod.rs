//! The pieces that pages are made of: typed values that print as the HTML of nhsuk-frontend 10 and are safe to place in a
//! template as they are, `{{ username }}`. The tests hold each against the examples that nhsuk-frontend ships.
//!
//! Text given to a component is escaped. Markup is taken only as [`Content::html`], from a component or a template. To add a
//! component: a struct, its template under `templates/ui/`, `safe!`, and its lines in `fixtures.rs`.

mod blocks;
mod button;
mod choices;
mod date_input;
mod errors;
mod field;
mod file_input;
mod lists;
mod select;
mod text_area;
mod text_input;

#[cfg(test)]
mod fixtures;

use std::{borrow::Cow, fmt};

use askama::{FastWritable, Values, filters::HtmlSafe};

pub use blocks::{
    BackLink, Card, Details, InsetText, NotificationBanner, Panel, SkipLink, Tag, TagColour, WarningCallout,
};
pub use button::Button;
pub use choices::{Checkboxes, Radios};
pub use date_input::{DateInput, DatePart};
pub use errors::{ErrorMessage, ErrorSummary};
pub use field::{Fieldset, Hint, Label, Legend, Size};
pub use file_input::FileInput;
pub use lists::{Cell, RowAction, SummaryList, Table};
pub use select::Select;
pub use text_area::TextArea;
pub use text_input::{InputMode, PasswordInput, TextInput, Width};

/// A short text that a component keeps: a constant or a `String`.
pub type Text = Cow<'static, str>;

/// What a person typed or what is wrong with it, from a form: kept or borrowed, there or not.
pub trait MaybeText {
    /// The text to keep.
    fn maybe_text(self) -> Option<Text>;
}

macro_rules! maybe_text {
    ($($kind:ty: $text:ident => $kept:expr),* $(,)?) => {$(
        impl MaybeText for $kind {
            fn maybe_text(self) -> Option<Text> {
                let $text = self;
                Some($kept)
            }
        }

        impl MaybeText for Option<$kind> {
            fn maybe_text(self) -> Option<Text> {
                self.and_then(MaybeText::maybe_text)
            }
        }
    )*};
}

maybe_text! {
    &str: text => text.to_owned().into(),
    &String: text => text.clone().into(),
    String: text => text.into(),
    Text: text => text,
}

/// What stands inside a component: text, which is escaped, or markup that a component or a template made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    text: Text,
    is_html: bool,
}

impl Content {
    /// Markup that is safe as it is: a component, or a type that a room marks [`HtmlSafe`] because its template escapes.
    pub fn html(markup: impl HtmlSafe) -> Self {
        Self { text: markup.to_string().into(), is_html: true }
    }

    fn is_html(&self) -> bool {
        self.is_html
    }
}

impl From<&'static str> for Content {
    fn from(text: &'static str) -> Self {
        Self { text: text.into(), is_html: false }
    }
}

impl From<String> for Content {
    fn from(text: String) -> Self {
        Self { text: text.into(), is_html: false }
    }
}

impl From<Text> for Content {
    fn from(text: Text) -> Self {
        Self { text, is_html: false }
    }
}

impl fmt::Display for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_html {
            f.write_str(&self.text)
        } else {
            let Ok(escaped) = askama::filters::escape(&self.text, askama::filters::Html);
            write!(f, "{}", escaped.0)
        }
    }
}

impl FastWritable for Content {
    fn write_into(&self, dest: &mut dyn fmt::Write, _: &dyn Values) -> askama::Result<()> {
        write!(dest, "{self}").map_err(Into::into)
    }
}

impl HtmlSafe for Content {}

/// Marks components as safe in any template and as [`Content`] of another component.
macro_rules! safe {
    ($($component:ty),* $(,)?) => {$(
        impl askama::filters::HtmlSafe for $component {}

        impl From<$component> for $crate::ui::Content {
            fn from(component: $component) -> Self {
                Self::html(component)
            }
        }
    )*};
}
use safe;
