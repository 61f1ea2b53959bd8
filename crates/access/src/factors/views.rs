//! The pieces of pages that ask for a factor: `/second-factor` and `/confirm` show the same.

use askama::Template;
use web::{
    FieldErrors, Page, Person, Problem,
    ui::{Button, Checkboxes, TextInput},
};

use super::prove::{Question, ask_for_passkey};
use crate::App;

/// A form that a passkey answers; the script fills it in.
#[derive(Template)]
#[template(path = "passkey_form.html")]
pub(crate) struct PasskeyForm {
    pub(crate) csrf: String,
    pub(crate) action: &'static str,
    /// `create` or `get`.
    pub(crate) act: &'static str,
    pub(crate) question: Question,
    /// Where to go on afterwards.
    pub(crate) back: String,
    pub(crate) name: Option<TextInput>,
    pub(crate) remember: Option<Checkboxes>,
    pub(crate) button: &'static str,
    /// Whether it logs somebody in: such buttons are blue.
    pub(crate) login: bool,
}

impl askama::filters::HtmlSafe for PasskeyForm {}

/// What is asked for, and how.
#[derive(Template)]
#[template(path = "prove.html")]
pub(crate) struct ProveView {
    csrf: String,
    action: &'static str,
    back: String,
    passkey: Option<PasskeyForm>,
    code: TextInput,
    remember: Option<Checkboxes>,
    button: Button,
}

impl askama::filters::HtmlSafe for ProveView {}

impl ProveView {
    /// The forms for whatever the account has; `remember` for how long a browser may be remembered, in words.
    pub(crate) async fn of(
        app: &App,
        page: &Page,
        person: &Person,
        (action, back): (&'static str, &str),
        remember: Option<String>,
        errors: &FieldErrors,
    ) -> Result<Self, Problem> {
        let question = if person.factors.passkey { ask_for_passkey(app, person).await? } else { None };
        let (label, hint) = if person.factors.authenticator {
            ("Code*", "The six digits that your authenticator app shows now, or one of your recovery codes.")
        } else {
            (
                "Recovery code*",
                "One of the codes that you wrote down, like 7KQX-2M4T-9RBC-W5HD. Each works once.",
            )
        };
        Ok(Self {
            csrf: page.csrf(),
            action,
            back: back.to_owned(),
            passkey: question.map(|question| PasskeyForm {
                csrf: page.csrf(),
                action,
                act: "get",
                question,
                back: back.to_owned(),
                name: None,
                remember: remember.clone().map(|says| remembering("remember-passkey", says)),
                button: "Use your passkey",
                login: false,
            }),
            code: TextInput::new("code", label)
                .hint(hint)
                .autocomplete("one-time-code")
                .without_spellcheck()
                .error(errors.at("code")),
            remember: remember.map(|says| remembering("remember", says)),
            button: Button::submit("Go on"),
        })
    }
}

fn remembering(id: &'static str, says: String) -> Checkboxes {
    Checkboxes::without_legend("remember").id(id).item("yes", says)
}
