use std::collections::BTreeMap;

use pdf::{Data, render, testing::Opened};

use crate::{PAGE, created, saying};

/// Everything that means something to typst, to a PDF or to a shell.
const HOSTILE: [&str; 12] = [
    "#[evil] $x$",
    r#"\ " ` '"#,
    "#panic(1) #read(\"/etc/passwd\")",
    "*bold* _slanted_ = no heading",
    "<label> @label // /* comment */",
    "``` code ``` ~ --- ... -- -?",
    "https://example.org/a?b=c&d=e",
    ") ( << >> endobj %%EOF /JS (app.alert(1))",
    "${HOME} $(id) `id` ; | & %s %n {} {{ 7*7 }}",
    "= + @ - 'x' \"y\"",
    "-1.00 (1.00) 1.00- 1'234.56 £0.01",
    "ff fi fl ffi office",
];

fn without_spaces(text: &str) -> String {
    text.split_whitespace().collect()
}

#[test]
fn whatever_stands_in_the_data_stands_in_the_document_as_it_is() {
    for text in HOSTILE {
        let told = saying(text);
        // Where a space is, a reader guesses from what is around it.
        assert_eq!(without_spaces(&told.text()), without_spaces(&format!("Payslip of November 2026 {text}")));
        assert!(told.claims_to_be_accessible(), "{text}");
    }
}

#[test]
fn also_in_a_title_a_cell_and_a_list() {
    for text in HOSTILE {
        let messages = BTreeMap::from([("from", text), ("text", text)]);
        let with = || {
            Data::new(text, created())
                .with("employer", &text)?
                .with("payments", &[[text, text, "1.00"]])?
                .with("total", &text)?
                .with("draft", &true)?
                .with("messages", &[messages])
        };
        let data = with().unwrap().with_picture("logo", None);
        let told = Opened::new(&render(&PAGE, &data).unwrap());
        assert_eq!(told.info("Title"), text);
        assert_eq!(without_spaces(&told.text()).matches(&without_spaces(text)).count(), 7, "{}", told.text());
    }
}

#[test]
fn lines_stay_lines_and_white_space_is_kept_apart() {
    let told = saying("one\ntwo\r\nthree\tfour\u{A0}five").told("pdftotext", &[]);
    let lines: Vec<&str> = told.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    assert_eq!(lines, ["Payslip of November 2026", "one", "two", "three four five"]);
}

#[test]
fn a_word_without_end_does_not_run_off_the_page() {
    let word = "Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch".repeat(5);
    let told = saying(&word).told("pdftotext", &[]);
    let lines: Vec<&str> = told.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    assert!(lines.len() > 3, "{told}");
    assert_eq!(lines[1..].concat().replace('\u{200B}', ""), word);
}
