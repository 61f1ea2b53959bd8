use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value as Json;
use typst::foundations::{Array, Dict, IntoValue, Str, Value};

use crate::{PdfError, Picture, letters::Letters};

/// What a template is filled with: its `sys.inputs`. A `title` is always there.
#[derive(Clone, Debug)]
pub struct Data {
    pub(crate) title: String,
    pub(crate) created: Timestamp,
    fields: Vec<(&'static str, Field)>,
}

#[derive(Clone, Debug)]
enum Field {
    View(Json),
    Picture(Option<Picture>),
}

impl Data {
    /// The document's title, which is read out first and stands in the window's bar, and when the document is made.
    #[must_use]
    pub fn new(title: impl Into<String>, created: Timestamp) -> Self {
        Self { title: title.into(), created, fields: Vec::new() }
    }

    /// Adds what a page shows too: a text, a list, a table as a list of lists, or a view with its fields. In the template a text is a
    /// string, a list an array, a struct a dictionary, and what is not there `none`.
    ///
    /// # Errors
    /// Where it cannot be written down: a map whose keys are no texts.
    pub fn with(mut self, name: &'static str, view: &impl Serialize) -> Result<Self, PdfError> {
        let view = serde_json::to_value(view).map_err(|_| PdfError::Data { name })?;
        self.fields.push((name, Field::View(view)));
        Ok(self)
    }

    /// Adds a picture, for `image(…)`; `none` in the template where there is none.
    #[must_use]
    pub fn with_picture(mut self, name: &'static str, picture: Option<Picture>) -> Self {
        self.fields.push((name, Field::Picture(picture)));
        self
    }

    /// How much there is to set, in bytes of text.
    pub(crate) fn weight(&self) -> usize {
        let fields = self.fields.iter().map(|(_, field)| match field {
            Field::View(view) => weight(view),
            Field::Picture(_) => 0,
        });
        self.title.len() + fields.sum::<usize>()
    }

    pub(crate) fn inputs(&self, letters: Letters) -> Dict {
        let fields = self.fields.iter().map(|(name, field)| {
            let value = match field {
                Field::View(view) => value(view, letters),
                Field::Picture(None) => Value::None,
                Field::Picture(Some(picture)) => Value::Bytes(picture.bytes()),
            };
            (Str::from(*name), value)
        });
        let mut inputs: Dict = fields.collect();
        inputs.insert("title".into(), letters.of(&self.title).into_value());
        inputs
    }
}

/// What has no text counts a little: a cell of a table takes room also where it is empty.
fn weight(view: &Json) -> usize {
    const EACH: usize = 4;
    EACH + match view {
        Json::Null | Json::Bool(_) | Json::Number(_) => 0,
        Json::String(text) => text.len(),
        Json::Array(views) => views.iter().map(weight).sum(),
        Json::Object(fields) => fields.values().map(weight).sum(),
    }
}

fn value(view: &Json, letters: Letters) -> Value {
    match view {
        Json::Null => Value::None,
        Json::Bool(flag) => Value::Bool(*flag),
        Json::Number(number) => {
            number.as_i64().map_or_else(|| letters.of(&number.to_string()).into_value(), Value::Int)
        }
        Json::String(text) => letters.of(text).into_value(),
        Json::Array(views) => Value::Array(views.iter().map(|view| value(view, letters)).collect::<Array>()),
        Json::Object(fields) => {
            let fields = fields.iter().map(|(name, view)| (Str::from(name.as_str()), value(view, letters)));
            Value::Dict(fields.collect::<Dict>())
        }
    }
}
