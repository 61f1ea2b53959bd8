use std::fmt;

use super::Column;
use crate::words;

/// So many errors are collected, and so many warnings; the rest is counted.
pub const MOST_FINDINGS: usize = 1000;

/// One thing about a staff file: an error that keeps it from being loaded, or a warning.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Finding {
    /// The line of the file, the header being 1; none where it is about the whole file.
    pub line: Option<u64>,
    /// The column.
    pub column: Option<String>,
    /// What stands there, shortened.
    pub value: Option<String>,
    /// What is wrong and what to do.
    pub text: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&words::finding(self))
    }
}

impl Finding {
    pub(super) fn of_file(text: impl Into<String>) -> Self {
        Self { line: None, column: None, value: None, text: text.into() }
    }

    pub(super) fn of_line(line: u64, text: impl Into<String>) -> Self {
        Self { line: Some(line), ..Self::of_file(text) }
    }

    pub(super) fn of_header(name: &str, text: impl Into<String>) -> Self {
        Self { column: Some(words::shortened(name)), ..Self::of_line(1, text) }
    }

    pub(super) fn of_value(line: u64, column: Column, value: &str, text: impl Into<String>) -> Self {
        let (column, value) = (Some(column.as_str().to_owned()), Some(words::shortened(value)));
        Self { column, value, ..Self::of_line(line, text) }
    }
}

/// Collects findings, up to a limit.
#[derive(Debug, Default)]
pub(super) struct Findings {
    list: Vec<Finding>,
    more: usize,
}

impl Findings {
    pub(super) fn push(&mut self, finding: Finding) {
        if self.list.len() < MOST_FINDINGS {
            self.list.push(finding);
        } else {
            self.more += 1;
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// By line, and at the end how many more there are.
    pub(super) fn finish(mut self) -> Vec<Finding> {
        self.list.sort_by_key(|finding| finding.line);
        if self.more > 0 {
            self.list.push(Finding::of_file(words::more_findings(self.more)));
        }
        self.list
    }
}
