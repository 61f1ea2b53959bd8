use std::fmt;

use crate::words;

/// One thing about a file: an error that keeps it from being taken, or a warning.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Finding {
    /// The line of the file, the first being 1; none where it is about the whole file.
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
    /// About the whole file.
    pub fn of_file(text: impl Into<String>) -> Self {
        Self { line: None, column: None, value: None, text: text.into() }
    }

    /// About a line.
    pub fn of_line(line: u64, text: impl Into<String>) -> Self {
        Self { line: Some(line), ..Self::of_file(text) }
    }

    /// About a name in the header.
    pub(crate) fn of_header(name: &str, text: impl Into<String>) -> Self {
        Self { column: Some(words::shortened(name)), ..Self::of_line(1, text) }
    }

    /// About what stands in a cell.
    pub fn of_value(line: u64, column: impl fmt::Display, value: &str, text: impl Into<String>) -> Self {
        let (column, value) = (Some(column.to_string()), Some(words::shortened(value)));
        Self { column, value, ..Self::of_line(line, text) }
    }
}
