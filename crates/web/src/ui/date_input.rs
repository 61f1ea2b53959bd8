//! A day in three fields, with the guide's labels.

use askama::Template;

use super::{
    Content, Fieldset, Legend, MaybeText, Text,
    field::{self, Notes},
    safe,
};

/// Part of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "they say it themselves")]
pub enum DatePart {
    Day,
    Month,
    Year,
}

impl DatePart {
    fn name(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Month => "month",
            Self::Year => "year",
        }
    }
}

/// Three fields `Date`, `Month`, `Year`, named `day`, `month`, `year`; their ids begin with `id`: `{id}-day`.
#[derive(Clone, Debug, Template)]
#[template(path = "ui/date_input.html", whitespace = "minimize")]
pub struct DateInput {
    id: Text,
    legend: Legend,
    prefix: Text,
    notes: Notes,
    labels: [Text; 3],
    values: [Text; 3],
    wrong: Vec<DatePart>,
    birthday: bool,
}

/// One of the three, as its template wants it.
struct Part<'a> {
    part: DatePart,
    label: &'a str,
    value: &'a str,
    wrong: bool,
    width: u8,
}

impl DateInput {
    /// Three empty fields.
    pub fn new(id: impl Into<Text>, legend: impl Into<Legend>) -> Self {
        Self {
            id: id.into(),
            legend: legend.into(),
            prefix: "".into(),
            notes: Notes::default(),
            labels: ["Date".into(), "Month".into(), "Year".into()],
            values: ["".into(), "".into(), "".into()],
            wrong: Vec::new(),
            birthday: false,
        }
    }

    /// Begins the fields' names, `{prefix}-day`: for a form with two days.
    pub fn name_prefix(mut self, prefix: impl Into<Text>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Other labels than the guide's.
    pub fn labels(mut self, labels: [Text; 3]) -> Self {
        self.labels = labels;
        self
    }

    /// Help below the legend.
    pub fn hint(mut self, hint: impl Into<Content>) -> Self {
        self.notes.set_hint(hint);
        self
    }

    /// What is typed already: day, month, year.
    pub fn value(mut self, day: impl MaybeText, month: impl MaybeText, year: impl MaybeText) -> Self {
        self.values =
            [day.maybe_text(), month.maybe_text(), year.maybe_text()].map(Option::unwrap_or_default);
        self
    }

    /// What is wrong with the day, if anything. All three fields are marked unless [`DateInput::wrong`] names some.
    pub fn error(mut self, error: impl MaybeText) -> Self {
        self.notes.set_error(error.maybe_text());
        self
    }

    /// The fields that the error is about.
    pub fn wrong(mut self, parts: impl IntoIterator<Item = DatePart>) -> Self {
        self.wrong = parts.into_iter().collect();
        self
    }

    /// The person's own: browsers that know it fill it in.
    pub fn birthday(mut self) -> Self {
        self.birthday = true;
        self
    }

    fn is_error(&self) -> bool {
        self.notes.is_error() || !self.wrong.is_empty()
    }

    fn parts(&self) -> [Part<'_>; 3] {
        let all = self.notes.is_error() && self.wrong.is_empty();
        [DatePart::Day, DatePart::Month, DatePart::Year].map(|part| Part {
            part,
            label: &self.labels[part as usize],
            value: &self.values[part as usize],
            wrong: all || self.wrong.contains(&part),
            width: if part == DatePart::Year { 4 } else { 2 },
        })
    }

    fn group(&self) -> Fieldset {
        let described_by = self.notes.described_by(&self.id);
        field::group(&self.legend, described_by, "group", Content::html(Parts { date: self }))
    }
}

#[derive(Template)]
#[template(path = "ui/date_parts.html", whitespace = "minimize")]
struct Parts<'a> {
    date: &'a DateInput,
}

impl askama::filters::HtmlSafe for Parts<'_> {}

safe!(DateInput);
