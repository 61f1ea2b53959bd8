//! What the first rows of a file say about all of its run.

use super::{
    form::{self, DESCRIPTION, TEXT, same},
    words,
};
use crate::{
    Finding, FindingKind, Frequency, RunHead, RunKind, WhichDocument,
    checks::{at, shortened},
};

/// A reference has so many characters at most.
const MOST_REFERENCE: usize = 60;
/// An address has so many lines at most.
const MOST_ADDRESS: usize = 10;

/// The rows of a file's head, as far as they were read.
#[derive(Debug, Default)]
pub(super) struct HeadRows {
    any: bool,
    reference: Option<String>,
    document: Option<WhichDocument>,
    kind: Option<RunKind>,
    frequency: Option<Frequency>,
    paye_reference: Option<String>,
    employer_address: Vec<String>,
    /// What stood there and was not understood.
    wrong: bool,
}

impl HeadRows {
    /// Takes a row; what is wrong with it is given back.
    pub(super) fn row(&mut self, line: u64, description: &str, text: &str) -> Option<Finding> {
        self.any = true;
        let refused = |column, value: &str, why| {
            let finding = at(FindingKind::Cell, line, form::name(column), None, why);
            Some(Finding { found: Some(shortened(value)), ..finding })
        };
        let wrong = match description {
            name if same(name, "Reference") => {
                let right = text.chars().count() <= MOST_REFERENCE;
                set(&mut self.reference, right.then(|| text.to_owned()), words::REFERENCE_FORM)
            }
            name if same(name, "Document") => {
                let of = WhichDocument::ALL.iter().copied().find(|of| same(of.as_str(), text));
                set(&mut self.document, of, words::DOCUMENT_FORM)
            }
            name if same(name, "Kind") => {
                let of = RunKind::ALL.iter().copied().find(|of| same(of.as_str(), text));
                set(&mut self.kind, of, words::KIND_FORM)
            }
            name if same(name, "Frequency") => {
                let of = Frequency::ALL.iter().copied().find(|of| same(of.as_str(), text));
                set(&mut self.frequency, of, words::FREQUENCY_FORM)
            }
            name if same(name, "PAYE reference") => set(
                &mut self.paye_reference,
                is_paye_reference(text).then(|| text.to_owned()),
                words::PAYE_FORM,
            ),
            name if same(name, "Employer address") => {
                let room = self.employer_address.len() < MOST_ADDRESS;
                if room {
                    self.employer_address.push(text.to_owned());
                }
                (!room).then_some(words::ADDRESS_LONG)
            }
            _ => {
                self.wrong = true;
                return refused(DESCRIPTION, description, words::NOT_IN_RUN);
            }
        };
        self.wrong |= wrong.is_some();
        refused(TEXT, text, wrong?)
    }

    /// A row that was refused cell by cell.
    pub(super) fn refuse(&mut self) {
        (self.any, self.wrong) = (true, true);
    }

    /// The head, or all that it lacks. Where it lacks something, there is no use in reading on.
    pub(super) fn finish(self) -> Result<RunHead, Vec<Finding>> {
        let row = |text: &str| crate::checks::of_file(FindingKind::Row, text);
        if !self.any {
            return Err(vec![row(words::NO_RUN)]);
        }
        let mut lacks = Vec::new();
        if self.wrong {
            // What is wrong was said at its line.
            return Err(vec![row(words::NOT_WHOLE)]);
        }
        for (missing, name) in [
            (self.reference.is_none(), "Reference"),
            (self.document.is_none(), "Document"),
            (self.kind.is_none(), "Kind"),
        ] {
            if missing {
                lacks.push(row(&words::needed(name)));
            }
        }
        match self.document {
            Some(WhichDocument::Payslips) if self.frequency.is_none() => {
                lacks.push(row(words::FREQUENCY_NEEDED));
            }
            Some(WhichDocument::P60s) => {
                let wrong = [
                    (self.frequency.is_some(), words::FREQUENCY_OF_P60S),
                    (self.kind == Some(RunKind::Supplementary), words::SUPPLEMENTARY_P60S),
                    (self.paye_reference.is_none(), words::PAYE_NEEDED),
                    (self.employer_address.is_empty(), words::ADDRESS_NEEDED),
                ];
                lacks.extend(wrong.iter().filter(|(wrong, _)| *wrong).map(|(_, text)| row(text)));
            }
            _ => {}
        }
        match (self.reference, self.document, self.kind) {
            (Some(reference), Some(document), Some(kind)) if lacks.is_empty() => Ok(RunHead {
                reference,
                document,
                kind,
                frequency: self.frequency,
                paye_reference: self.paye_reference,
                employer_address: self.employer_address,
            }),
            _ => Err(lacks),
        }
    }
}

/// Sets what is not set yet, or says why not.
fn set<T>(held: &mut Option<T>, value: Option<T>, why: &'static str) -> Option<&'static str> {
    match value {
        Some(_) if held.is_some() => Some(words::TWICE_IN_RUN),
        Some(value) => {
            *held = Some(value);
            None
        }
        None => Some(why),
    }
}

/// `123/A246`: the tax office's three digits, and its reference for the employer.
fn is_paye_reference(text: &str) -> bool {
    let Some((office, reference)) = text.split_once('/') else { return false };
    office.len() == 3
        && office.bytes().all(|byte| byte.is_ascii_digit())
        && (1..=10).contains(&reference.len())
        && reference.bytes().all(|byte| byte.is_ascii_alphanumeric())
}
