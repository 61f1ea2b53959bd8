//! Radios (one of several) and checkboxes (any of several).

use askama::Template;

use super::{
    Content, Label, Legend, MaybeText, Text,
    field::{self, Notes},
    safe,
};

/// What both have.
#[derive(Clone, Debug)]
struct Choices {
    kind: &'static str,
    block: &'static str,
    name: Text,
    id: Text,
    legend: Option<Legend>,
    notes: Notes,
    items: Vec<Item>,
    chosen: Vec<Text>,
    inline: bool,
    small: bool,
}

#[derive(Clone, Debug)]
struct Item {
    /// Another name than the group's.
    name: Option<Text>,
    value: Text,
    label: Content,
    hint: Option<Content>,
}

#[derive(Template)]
#[template(path = "ui/choices.html", whitespace = "minimize")]
struct Items<'a> {
    choices: &'a Choices,
}

impl askama::filters::HtmlSafe for Items<'_> {}

impl Choices {
    fn new(kind: &'static str, block: &'static str, name: Text, legend: Option<Legend>) -> Self {
        Self {
            kind,
            block,
            id: name.clone(),
            name,
            legend,
            notes: Notes::default(),
            items: Vec::new(),
            chosen: Vec::new(),
            inline: false,
            small: false,
        }
    }

    /// The first has no number, so that an error summary can link to the field's own id.
    fn item_id(&self, index: usize) -> Text {
        if index == 0 { self.id.clone() } else { format!("{}-{}", self.id, index + 1).into() }
    }

    fn item_name<'a>(&'a self, item: &'a Item) -> &'a Text {
        item.name.as_ref().unwrap_or(&self.name)
    }

    fn item_label(&self, index: usize) -> Label {
        let class = if self.kind == "radio" { "nhsuk-radios__label" } else { "nhsuk-checkboxes__label" };
        Label::new(self.items[index].label.clone()).of(&self.item_id(index), class)
    }

    fn write(&self) -> Content {
        let items = Content::html(Items { choices: self });
        match &self.legend {
            Some(legend) => field::group(legend, self.notes.described_by(&self.id), "", items).into(),
            None => items,
        }
    }
}

/// One of several.
#[derive(Clone, Debug, Template)]
#[template(path = "ui/choice_group.html", whitespace = "minimize")]
pub struct Radios {
    choices: Choices,
}

/// Any of several.
#[derive(Clone, Debug, Template)]
#[template(path = "ui/choice_group.html", whitespace = "minimize")]
pub struct Checkboxes {
    choices: Choices,
}

impl Radios {
    /// A question with no answers yet.
    pub fn new(name: impl Into<Text>, legend: impl Into<Legend>) -> Self {
        Self { choices: Choices::new("radio", "nhsuk-radios", name.into(), Some(legend.into())) }
    }

    /// What is chosen already.
    pub fn value(mut self, value: impl MaybeText) -> Self {
        self.choices.chosen = value.maybe_text().into_iter().collect();
        self
    }
}

impl Checkboxes {
    /// A question with no answers yet.
    pub fn new(name: impl Into<Text>, legend: impl Into<Legend>) -> Self {
        Self { choices: Choices::new("checkbox", "nhsuk-checkboxes", name.into(), Some(legend.into())) }
    }

    /// Boxes whose own labels say everything: 'I have read this'.
    pub fn without_legend(name: impl Into<Text>) -> Self {
        Self { choices: Choices::new("checkbox", "nhsuk-checkboxes", name.into(), None) }
    }

    /// One more box, sent under a name of its own: a form has no field twice.
    pub fn named_item(
        mut self,
        name: impl Into<Text>,
        value: impl Into<Text>,
        label: impl Into<Content>,
        hint: impl Into<Content>,
    ) -> Self {
        let (name, value, hint) = (Some(name.into()), value.into(), Some(hint.into()));
        self.choices.items.push(Item { name, value, label: label.into(), hint });
        self
    }

    /// What is ticked already.
    pub fn values<T: Into<Text>>(mut self, values: impl IntoIterator<Item = T>) -> Self {
        self.choices.chosen = values.into_iter().map(Into::into).collect();
        self
    }
}

macro_rules! shared {
    ($($component:ty),*) => {$(
        impl $component {
            /// Another id than the name.
            pub fn id(mut self, id: impl Into<Text>) -> Self {
                self.choices.id = id.into();
                self
            }

            /// One more answer.
            pub fn item(mut self, value: impl Into<Text>, label: impl Into<Content>) -> Self {
                self.choices.items.push(Item { name: None, value: value.into(), label: label.into(), hint: None });
                self
            }

            /// One more answer, with help below it.
            pub fn item_with_hint(
                mut self,
                value: impl Into<Text>,
                label: impl Into<Content>,
                hint: impl Into<Content>,
            ) -> Self {
                let (value, hint) = (value.into(), Some(hint.into()));
                self.choices.items.push(Item { name: None, value, label: label.into(), hint });
                self
            }

            /// Help below the legend.
            pub fn hint(mut self, hint: impl Into<Content>) -> Self {
                self.choices.notes.set_hint(hint);
                self
            }

            /// What is wrong, if anything.
            pub fn error(mut self, error: impl MaybeText) -> Self {
                self.choices.notes.set_error(error.maybe_text());
                self
            }

            /// Side by side: two short answers.
            pub fn inline(mut self) -> Self {
                self.choices.inline = true;
                self
            }

            /// Less prominent.
            pub fn small(mut self) -> Self {
                self.choices.small = true;
                self
            }
        }
    )*};
}

shared!(Radios, Checkboxes);
safe!(Radios, Checkboxes);
