//! Lists that people take away as a file.

use std::fmt::Write as _;

use axum::response::{IntoResponse, Response};
use http::header;

/// Rows of text as a CSV file to download. The first one is the header.
///
/// A spreadsheet takes what begins with `=`, `+`, `-`, `@`, a tab or a return for a formula: such a text gets a `'` before it.
#[must_use]
pub fn csv<'r, R>(file_name: &str, rows: impl IntoIterator<Item = R>) -> Response
where
    R: IntoIterator<Item = &'r str>,
{
    // With this mark, Excel knows that it is UTF-8.
    let mut text = String::from("\u{feff}");
    for row in rows {
        for (at, cell) in row.into_iter().enumerate() {
            if at > 0 {
                text.push(',');
            }
            push(&mut text, cell);
        }
        text.push_str("\r\n");
    }
    file(file_name, text)
}

/// A CSV file to download as it is: one that is the same for everybody, such as an example to fill in.
#[must_use]
pub fn file(name: &str, text: impl Into<String>) -> Response {
    let disposition = format!("attachment; filename=\"{}\"", plain(name));
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, disposition.as_str()),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (headers, text.into()).into_response()
}

fn push(text: &mut String, cell: &str) {
    let formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let guard = if formula { "'" } else { "" };
    if cell.contains([',', ';', '"', '\r', '\n', '\t']) {
        let _ = write!(text, "\"{guard}{}\"", cell.replace('"', "\"\""));
    } else {
        let _ = write!(text, "{guard}{cell}");
    }
}

/// A name that every system takes.
fn plain(name: &str) -> String {
    let safe = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    name.chars().map(|c| if safe(c) { c } else { '_' }).take(100).collect()
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;
    use http::header;

    use super::csv;

    #[tokio::test]
    async fn no_cell_is_a_formula() {
        let rows = [
            vec!["line", "value"],
            vec!["1", "=HYPERLINK(\"https://evil.example\")"],
            vec!["2", "+44 113"],
            vec!["3", "-1"],
            vec!["4", "@SUM(A1)"],
            vec!["5", "\t=1"],
            vec!["6", "\r=1"],
            vec!["7", "O'Wsea, \"Helen\""],
            vec!["8", "a=b\nc"],
            vec!["9", ""],
        ];
        let response = csv("Année 1;\"errors\".csv", rows);
        assert_eq!(response.headers()[header::CONTENT_TYPE], "text/csv; charset=utf-8");
        assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store");
        assert_eq!(
            response.headers()[header::CONTENT_DISPOSITION],
            "attachment; filename=\"Ann_e_1__errors_.csv\""
        );
        let body = to_bytes(response.into_body(), 10_000).await.unwrap();
        let expected = "\u{feff}line,value\r\n1,\"'=HYPERLINK(\"\"https://evil.example\"\")\"\r\n2,'+44 113\r\n3,'-1\r\n4,'@SUM(A1)\r\n\
            5,\"'\t=1\"\r\n6,\"'\r=1\"\r\n7,\"O'Wsea, \"\"Helen\"\"\"\r\n8,\"a=b\nc\"\r\n9,\r\n";
        assert_eq!(String::from_utf8(body.to_vec()).unwrap(), expected);
    }
}
