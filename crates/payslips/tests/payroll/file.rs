//! Run files as text.

/// Somebody's pay in pence: gross and deductions.
#[derive(Clone, Copy)]
pub(crate) struct Pay<'p>(pub(crate) &'p str, pub(crate) i64, pub(crate) i64);

const HEADER: &str =
    "Assignment number,Pay date,Period from,Period to,Section,Description,Units,Unit,Rate,Amount,Text";

/// A main run of November with a trailer.
pub(crate) fn november(reference: &str, pays: &[Pay<'_>]) -> String {
    with_trailer(&rows(reference, "main", pays, None))
}

/// A correction of another run.
pub(crate) fn correction(reference: &str, of: &str, pays: &[Pay<'_>]) -> String {
    with_trailer(&rows(reference, "correction", pays, Some(of)))
}

/// The rows of a run, without header and trailer.
pub(crate) fn rows(reference: &str, kind: &str, pays: &[Pay<'_>], of: Option<&str>) -> Vec<String> {
    let run = |name: &str, text: &str| format!(",,,,run,{name},,,,,{text}");
    let mut rows = vec![
        run("Reference", reference),
        run("Document", "payslips"),
        run("Kind", kind),
        run("Frequency", "month"),
    ];
    for Pay(number, gross, deductions) in pays.iter().copied() {
        let mut row = |section: &str, description: &str, amount: &str, text: &str| {
            rows.push(format!(
                "{number},2026-11-27,2026-11-01,2026-11-30,{section},{description},,,,{amount},{text}"
            ));
        };
        row("details", "NI number", "", "AB123456C");
        row("details", "Tax code", "", "1257L");
        row("payment", "Basic Pay", &pounds(gross), "");
        row("deduction", "PAYE", &pounds(deductions), "");
        row("total", "Gross pay", &pounds(gross), "");
        row("total", "Total deductions", &pounds(deductions), "");
        row("total", "Net pay", &pounds(gross - deductions), "");
        row("net", "BACS", &pounds(gross - deductions), "");
        if let Some(of) = of {
            row("replaces", "", "", of);
        }
    }
    rows
}

/// A file of these rows without a trailer.
pub(crate) fn plain(rows: &[String]) -> String {
    std::iter::once(HEADER).chain(rows.iter().map(String::as_str)).map(|row| format!("{row}\n")).collect()
}

/// A file of these rows with its trailer. Every number in them has two digits after the point.
pub(crate) fn with_trailer(rows: &[String]) -> String {
    let sum = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.split(',').nth(column));
        pounds(cells.filter_map(|cell| cell.replace('.', "").parse::<i64>().ok()).sum())
    };
    plain(rows) + &format!(",,,,trailer,,{},,{},{},{}\n", sum(6), sum(8), sum(9), rows.len())
}

fn pounds(pence: i64) -> String {
    let sign = if pence < 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", pence.abs() / 100, pence.abs() % 100)
}
