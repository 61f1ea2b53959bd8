use std::fmt;

use crate::Failed;

/// One measurement.
pub(crate) struct Row {
    what: String,
    reach: String,
    measured: String,
    verdict: Verdict,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Ok,
    Short,
    /// Nothing is asked of it.
    Shown,
}

impl Row {
    pub(crate) fn judged(
        what: impl Into<String>,
        reach: impl Into<String>,
        measured: impl Into<String>,
        reached: bool,
    ) -> Self {
        let verdict = if reached { Verdict::Ok } else { Verdict::Short };
        Self { what: what.into(), reach: reach.into(), measured: measured.into(), verdict }
    }

    pub(crate) fn shown(what: impl Into<String>, measured: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            reach: "(shown)".into(),
            measured: measured.into(),
            verdict: Verdict::Shown,
        }
    }

    pub(crate) fn failed(what: &str, why: &Failed) -> Self {
        Self {
            what: what.to_owned(),
            reach: String::new(),
            measured: format!("not measured: {why}"),
            verdict: Verdict::Short,
        }
    }

    fn cells(&self) -> [&str; 4] {
        let verdict = match self.verdict {
            Verdict::Ok => "ok",
            Verdict::Short => "short",
            Verdict::Shown => "",
        };
        [&self.what, &self.reach, &self.measured, verdict]
    }
}

/// All measurements.
#[derive(Default)]
pub(crate) struct Table(Vec<Row>);

impl Table {
    pub(crate) fn add(&mut self, rows: Vec<Row>) {
        self.0.extend(rows);
    }

    /// Whether anything did not reach what it should.
    pub(crate) fn is_short(&self) -> bool {
        self.0.iter().any(|row| row.verdict == Verdict::Short)
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = ["what", "reach", "measured", "ok or short"];
        let lines: Vec<[&str; 4]> = std::iter::once(head).chain(self.0.iter().map(Row::cells)).collect();
        let widest = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
        let widths = [widest(0), widest(1), widest(2), widest(3)];
        for (number, line) in lines.iter().enumerate() {
            for (cell, width) in line.iter().zip(widths) {
                write!(f, "| {cell:width$} ")?;
            }
            writeln!(f, "|")?;
            if number == 0 {
                for width in widths {
                    write!(f, "| {:-<width$} ", "")?;
                }
                writeln!(f, "|")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Row, Table};

    #[test]
    fn a_table_is_short_where_one_row_is() {
        let mut table = Table::default();
        table.add(vec![Row::judged("a", "≥ 1", "2", true), Row::shown("bc", "3")]);
        assert!(!table.is_short());
        table.add(vec![Row::judged("d", "< 1", "2", false)]);
        assert!(table.is_short());
        let text = table.to_string();
        let lengths: Vec<usize> = text.lines().map(|line| line.chars().count()).collect();
        assert!(lengths.iter().all(|length| *length == lengths[0]), "{text}");
        assert!(text.contains("| a    | ≥ 1     | 2        | ok"), "{text}");
    }
}
