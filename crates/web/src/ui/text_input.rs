//! Fields of one line.

use askama::Template;

use super::{
    Label, Text,
    field::{Notes, noted, typed},
    safe,
};

/// Which keyboard a phone shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the values of the HTML attribute")]
pub enum InputMode {
    Email,
    Numeric,
    Tel,
}

/// How many characters a field looks made for; it takes more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the number of characters")]
pub enum Width {
    W2,
    W3,
    W4,
    W5,
    W10,
    W20,
    W30,
}

impl Width {
    fn characters(self) -> u8 {
        match self {
            Self::W2 => 2,
            Self::W3 => 3,
            Self::W4 => 4,
            Self::W5 => 5,
            Self::W10 => 10,
            Self::W20 => 20,
            Self::W30 => 30,
        }
    }
}

/// A field for a line of text. Its id is its name unless [`TextInput::id`] says otherwise.
#[derive(Clone, Debug, Template)]
#[template(path = "ui/text_input.html", whitespace = "minimize")]
pub struct TextInput {
    label: Label,
    name: Text,
    id: Text,
    kind: &'static str,
    notes: Notes,
    value: Text,
    autocomplete: &'static str,
    autocapitalize: &'static str,
    input_mode: Option<InputMode>,
    width: Option<Width>,
    code: bool,
    spellcheck: bool,
    max_length: Option<u32>,
}

impl TextInput {
    /// An empty field.
    pub fn new(name: impl Into<Text>, label: impl Into<Label>) -> Self {
        let name = name.into();
        Self {
            label: label.into(),
            id: name.clone(),
            name,
            kind: "text",
            notes: Notes::default(),
            value: "".into(),
            autocomplete: "",
            autocapitalize: "",
            input_mode: None,
            width: None,
            code: false,
            spellcheck: true,
            max_length: None,
        }
    }

    /// An empty field for an email address.
    pub fn email(name: impl Into<Text>, label: impl Into<Label>) -> Self {
        let mut field = Self::new(name, label).autocomplete("email").without_spellcheck();
        field.kind = "email";
        field
    }

    /// The autofill token of the HTML standard: `username`, `email`, `one-time-code`, `off`.
    pub fn autocomplete(mut self, token: &'static str) -> Self {
        self.autocomplete = token;
        self
    }

    /// What a phone's keyboard capitalises: `none`, `characters`, `words`.
    pub fn autocapitalize(mut self, what: &'static str) -> Self {
        self.autocapitalize = what;
        self
    }

    /// Which keyboard a phone shows.
    pub fn input_mode(mut self, mode: InputMode) -> Self {
        self.input_mode = Some(mode);
        self
    }

    /// How wide it looks.
    pub fn width(mut self, width: Width) -> Self {
        self.width = Some(width);
        self
    }

    /// Letters all of one width, for codes and numbers.
    pub fn code(mut self) -> Self {
        self.code = true;
        self
    }

    /// The most characters (UTF-16 units) a browser lets in; the server checks its own limit.
    pub fn max_length(mut self, characters: u32) -> Self {
        self.max_length = Some(characters);
        self
    }
}

/// A field for a password, with a button that shows it. It never holds a value: a refused password is typed again.
#[derive(Clone, Debug, Template)]
#[template(path = "ui/password_input.html", whitespace = "minimize")]
pub struct PasswordInput {
    label: Label,
    name: Text,
    id: Text,
    notes: Notes,
    autocomplete: &'static str,
    width: Option<Width>,
}

impl PasswordInput {
    /// For the present password.
    pub fn new(name: impl Into<Text>, label: impl Into<Label>) -> Self {
        let name = name.into();
        Self {
            label: label.into(),
            id: name.clone(),
            name,
            notes: Notes::default(),
            autocomplete: "current-password",
            width: None,
        }
    }

    /// For choosing one: password managers offer to make it.
    pub fn choosing(mut self) -> Self {
        self.autocomplete = "new-password";
        self
    }

    /// How wide it looks.
    pub fn width(mut self, width: Width) -> Self {
        self.width = Some(width);
        self
    }
}

noted!(TextInput, PasswordInput);
typed!(TextInput);
safe!(TextInput, PasswordInput);
