//! What a file may look like, and what is refused plainly.

use payslips::{
    FindingKind, Pence,
    run_file::{self, Options},
};

use crate::world::*;

fn template() -> String {
    run_file::template()
}

/// The template with something replaced, which has to be there.
fn with(from: &str, to: &str) -> String {
    let template = template();
    assert!(template.contains(from), "{from:?} is not in {template}");
    template.replacen(from, to, 1)
}

#[test]
fn letters_separators_headers_and_dates_are_read_in_each_form() {
    let plain = with("Staff nurse", "Zoë’s nurse");
    let semicolons = plain.replace(',', ";");
    let (begin, rest) = plain.split_once('\n').unwrap();
    // The columns the other way round.
    let turned: String =
        plain.lines().map(|line| line.split(',').rev().collect::<Vec<_>>().join(",") + "\n").collect();
    let iso = plain
        .replace("27/11/2026", "2026-11-27")
        .replace("01/11/2026", "2026-11-01")
        .replace("30/11/2026", "2026-11-30");
    let files: Vec<(&str, Vec<u8>)> = vec![
        ("plain", plain.clone().into_bytes()),
        ("byte order mark", [b"\xef\xbb\xbf", plain.as_bytes()].concat()),
        ("Windows-1252", encoding_rs::WINDOWS_1252.encode(&plain).0.into_owned()),
        ("CRLF", plain.replace('\n', "\r\n").into_bytes()),
        ("semicolons", semicolons.clone().into_bytes()),
        ("sep=", format!("sep=;\r\n{semicolons}").into_bytes()),
        ("header in capitals", format!("{}\n{rest}", begin.to_uppercase().replace(' ', "_")).into_bytes()),
        ("columns in another order", turned.into_bytes()),
        ("dates as ISO 8601 writes them", iso.into_bytes()),
        ("empty rows", plain.replace('\n', "\n\n").into_bytes()),
        ("sections in capitals", plain.replace(",year to date,", ",YEAR_TO_DATE,").into_bytes()),
    ];
    for (what, bytes) in files {
        let read = read(bytes);
        assert_eq!(read.kinds(), [], "{what}: {:#?}", read.findings().collect::<Vec<_>>());
        assert_eq!(read.payslip().details[3].text, "Zoë’s nurse", "{what}");
        assert_eq!(read.payslip().net, Pence(197_267), "{what}");
    }
}

#[test]
fn amounts_are_read_in_each_form() {
    for written in ["\"2,500.00\"", "£2500.00", "\"£2,500.00\"", "2500", "2500.0"] {
        assert_eq!(
            read(with("Basic Pay,,,,2500.00,", &format!("Basic Pay,,,,{written},"))).kinds(),
            [],
            "{written}"
        );
    }
    let refund = |written: &str| {
        // Five pounds more tax, and five pounds back.
        with("PAYE Tax,,,,258.90,", "PAYE Tax,,,,263.90,").replacen(
            "National Insurance,,,,124.23,",
            &format!("National Insurance,,,,129.23,\n20214567,27/11/2026,01/11/2026,30/11/2026,deduction,Refund,,,,{written},"),
            1,
        )
    };
    for written in ["-10.00", "(10.00)", "10.00-", "-£10"] {
        let read = read(refund(written));
        // One row more than the trailer counts, and nothing else.
        assert_eq!(read.kinds(), [FindingKind::Control], "{written}: {:#?}", read.summary);
        assert_eq!(read.payslip().deductions[2].amount, Pence(-1000));
    }
}

#[test]
fn cells_are_refused_one_by_one_and_by_name() {
    let long = "x".repeat(101);
    for (from, to, expected, says) in [
        (
            "Basic Pay,,,,2500.00",
            "Basic Pay,,,,1E+05",
            "cell 14 Amount 20214567 -/1E+05",
            "Excel has shortened",
        ),
        (
            "Basic Pay,,,,2500.00",
            "Basic Pay,,,,=SUM(A1:A2)",
            "cell 14 Amount 20214567 -/=SUM(A1:A2)",
            "formula",
        ),
        ("Basic Pay,,,,2500.00", "Basic Pay,,,,2500.005", "cell 14 Amount 20214567 -/2500.005", "two digits"),
        (
            "Basic Pay,,,,2500.00",
            "Basic Pay,,,,1000000000.01",
            "cell 14 Amount 20214567 -/1000000000.01",
            "more than any pay",
        ),
        ("Basic Pay,,,,2500.00", "Basic Pay,,,,####", "cell 14 Amount 20214567 -/####", "too narrow"),
        ("Basic Pay,,,,2500.00", "Basic Pay,,,,", "cell 14 Amount 20214567 -/-", "filled in"),
        (
            "Basic Pay,,,,2500.00,",
            "Basic Pay,,,,2500.00,x",
            "cell 14 Text 20214567 -/x",
            "nothing in the column Text",
        ),
        (
            "Overtime,4.50",
            "Overtime,1.2345E-02",
            "cell 15 Units 20214567 -/1.2345E-02",
            "Excel has shortened",
        ),
        ("Basic Pay", "=Basic Pay", "cell 14 Description 20214567 -/=Basic Pay", "formula"),
        ("Basic Pay", "Basic\u{7f}Pay", "cell 14 Description 20214567 -/Basic\u{7f}Pay", "control character"),
        ("Basic Pay", "\"Basic\nPay\"", "cell 14 Description 20214567 -/Basic\nPay", "line break"),
        ("Staff nurse", "Staff\u{85}nurse", "cell 13 Text 20214567 -/Staff\u{85}nurse", "control character"),
        (
            "Basic Pay",
            &long,
            &format!("cell 14 Description 20214567 -/{}…", "x".repeat(60)),
            "100 characters",
        ),
        (",payment,Basic", ",payments,Basic", "cell 14 Section 20214567 -/payments", "no such section"),
        (",payment,Basic", ",loan,Basic", "cell 14 Section 20214567 -/-", "payslips have no section loan"),
        ("Gross pay,,,,2600.80", "Pay,,,,2600.80", "cell 25 Description 20214567 -/Pay", "Total deductions"),
        ("main", "great", "cell 4 Text - -/great", "supplementary"),
        ("123/A246", "A246", "cell 6 Text - -/A246", "PAYE reference"),
    ] {
        let read = read(with(from, to));
        let found: Vec<_> = read
            .findings()
            .filter(|finding| !matches!(finding.kind, FindingKind::Control | FindingKind::Row))
            .collect();
        let [finding] = found.as_slice() else { panic!("{to}: {found:#?}") };
        assert_eq!(shown(finding), expected, "{to}");
        assert!(finding.text.contains(says), "{to}: {}", finding.text);
    }
}

#[test]
fn dates_that_are_none_are_refused_once_for_all_rows() {
    for (date, says) in [
        ("31/11/2026", "no such day"),
        ("46000", "not a date"),
        ("11/27/2026", "no such day"),
        ("27 Nov 2026", "not a date"),
        ("", "filled in"),
    ] {
        let read = read(template().replace("27/11/2026", date));
        let found: Vec<_> = read.findings().collect();
        let [finding, rest @ ..] = found.as_slice() else { panic!("{date}") };
        assert!(shown(finding).starts_with("cell 10 Pay date 20214567"), "{date}: {finding:?}");
        assert!(finding.text.contains(says) && rest.is_empty(), "{date}: {found:#?}");
    }
}

#[test]
fn what_a_payslip_needs_and_what_is_there_twice() {
    let without = |line: &str| {
        let template = template();
        let left: Vec<&str> = template.lines().filter(|other| !other.contains(line)).collect();
        assert_eq!(left.len() + 1, template.lines().count());
        read(left.join("\n"))
    };
    for name in ["Gross pay,,,,2600", "Total deductions", "Net pay"] {
        assert_eq!(
            without(name).kinds(),
            [FindingKind::Row, FindingKind::Control, FindingKind::Control],
            "{name}"
        );
    }
    let twice = read(with(",total,Net pay,", ",total,Gross pay,"));
    assert_eq!(twice.finding(), "row 27 Description 20214567 -/Gross pay");
    for name in ["Reference", "Document", "Kind", "Frequency"] {
        let read = without(&format!(",run,{name},"));
        assert!(read.head.is_none() && read.blocks.is_empty());
        assert_eq!(read.finding(), "row - - - -/-", "{name}");
        assert!(read.findings().all(|finding| finding.text.contains(name)));
    }
    // A row of the run further down, and one with somebody's number.
    let late = with("20214567,27/11/2026,01/11/2026,30/11/2026,message,,,,,,", ",,,,run,Reference,,,,,");
    assert_eq!(read(late).finding(), "row 29 Section - -/-");
    let of_somebody = read(with(",,,,run,Reference", "1,,,,run,Reference"));
    assert_eq!(of_somebody.kinds(), [FindingKind::Row; 2]);
}

#[test]
fn the_trailer_is_held_against_the_rows() {
    let template = template();
    let (before, trailer) = template.trim_end().rsplit_once('\n').unwrap();
    assert_eq!(trailer, ",,,,trailer,,4.50,,22.40,39517.10,28");
    let with = |trailer: &str| read(format!("{before}\n{trailer}\n"));
    assert_eq!(with(",,,,trailer,,4.50,,22.40,\"£39,517.10\",28").kinds(), []);
    assert_eq!(with(",,,,trailer,,4.50,,22.40,39517.10,27").finding(), "control 30 Text - 28/27");
    assert_eq!(with(",,,,trailer,,4.51,,22.40,39517.10,28").finding(), "control 30 Units - 4.50/4.51");
    assert_eq!(with(",,,,trailer,,4.50,,,39517.10,28").finding(), "control 30 Rate - 22.40/0.00");
    assert_eq!(
        with(",,,,trailer,,4.50,,22.40,39517.11,28").finding(),
        "control 30 Amount - 39517.10/39517.11"
    );
    assert_eq!(with(",,,,trailer,,4.50,,22.40,39517.10,many").finding(), "cell 30 Text - -/many");
    let behind = with(&format!("{trailer}\n,,,,message,,,,,,Hello"));
    assert_eq!(behind.finding(), "file 31 - - -/-");
}

#[test]
fn what_is_no_run_file_is_refused_plainly() {
    let header = template().lines().next().unwrap().to_owned();
    for (file, kind, says) in [
        (String::new(), FindingKind::File, "empty"),
        ("<html>".into(), FindingKind::File, "a web page"),
        ("some,words\n1,2".into(), FindingKind::File, "no such column"),
        (header.clone(), FindingKind::File, "nothing under it"),
        (format!("{header}\n1,,,,payment,,,,,,"), FindingKind::Row, "nothing about its run"),
        (with("Basic Pay", "Basic\0Pay"), FindingKind::File, "characters that no text has"),
        (with("Basic Pay", "\"Basic Pay"), FindingKind::File, "never closed"),
        (with("Basic Pay", &"x".repeat(70_000)), FindingKind::File, "longer than a row may be"),
        (with("Section,", ""), FindingKind::File, "lacks this column"),
    ] {
        let read = read(&file);
        let found: Vec<_> = read.findings().collect();
        assert!(
            found.iter().any(|finding| finding.kind == kind && finding.text.contains(says)),
            "{says}: {found:#?}"
        );
    }
    let head_alone: String = template().lines().take(9).map(|line| format!("{line}\n")).collect();
    assert_eq!(read(head_alone).finding(), "file - - - -/-");
    // Half a pair of UTF-16, as some programs write it.
    let mut lone = with("Basic Pay", "Basic@@@").into_bytes();
    let at = lone.windows(3).position(|three| three == b"@@@").unwrap();
    lone[at..at + 3].copy_from_slice(b"\xed\xa0\x80");
    assert!(read(lone).findings().any(|finding| finding.text.contains("characters that no text has")));
}

#[test]
fn limits_are_the_settings() {
    let rows = Options { most_rows: 20, ..options() };
    let found = read_with(template().as_bytes(), &rows);
    assert!(found.findings().any(|finding| finding.text.contains("more than 20 lines")), "{found:?}");
    let bytes = Options { most_bytes: 1000, ..options() };
    let found = read_with(template().as_bytes(), &bytes);
    assert!(found.blocks.is_empty() && found.summary.findings[0].text.contains("larger than"), "{found:?}");
    let mut many = slip();
    many.messages = vec!["Hello".into(); 1000];
    let found = read(file_of(many));
    assert_eq!(found.finding(), "row 1009 - 20214567 -/-");
}

#[test]
fn one_row_of_many_megabytes_is_refused() {
    let file = with("Basic Pay", &format!("\"{}", "x\n".repeat(8 * 1024 * 1024)));
    let read = read(file);
    assert_eq!(read.kinds(), [FindingKind::File]);
    assert!(read.findings().all(|finding| finding.text.contains("longer than a row may be")));
}

#[test]
fn what_excel_makes_of_numbers_and_dates_is_taken_rightly_or_refused_plainly() {
    let template = template();
    let book = |change: &dyn Fn(&mut rust_xlsxwriter::Worksheet)| {
        let mut book = rust_xlsxwriter::Workbook::new();
        let sheet = book.add_worksheet();
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(template.as_bytes());
        for (row, record) in (0..).zip(reader.records()) {
            for (column, cell) in (0..).zip(&record.unwrap()) {
                sheet.write(row, column, cell).unwrap();
            }
        }
        change(sheet);
        read(book.save_to_buffer().unwrap())
    };
    // Rows of the sheet, from 0: the basic pay and the overtime.
    const BASIC: u32 = 13;
    const OVERTIME: u32 = 14;
    let day = rust_xlsxwriter::Format::new().set_num_format("d mmm yy");
    let right = book(&|sheet| {
        // As Excel keeps what it has computed; a formula's result; a day with a format and without one.
        sheet.write(OVERTIME, 9, 100.800_000_000_000_01).unwrap();
        sheet.write(BASIC, 9, rust_xlsxwriter::Formula::new("2*1250").set_result("2500")).unwrap();
        for row in 9..29 {
            sheet.write(row, 1, 46_353).unwrap();
            sheet.write_with_format(row, 2, 46_327, &day).unwrap();
        }
    });
    assert_eq!(right.kinds(), [], "{:#?}", right.findings().collect::<Vec<_>>());
    assert_eq!(right.payslip(), read(&template).payslip());
    let small = book(&|sheet| {
        sheet.write(OVERTIME, 6, 0.012_345).unwrap();
    });
    assert_eq!(small.payslip().payments[1].units, Some(payslips::Decimal(12_345)));
    let tiny = book(&|sheet| {
        sheet.write(OVERTIME, 6, 1.234_567_8e-2).unwrap();
    });
    assert!(tiny.findings().any(|finding| finding.text.contains("six digits after the point")));
    for (column, value, says) in
        [(9, 46_353.0, "made a date"), (3, 46_356.5, "time of day"), (3, 30.0, "not a date")]
    {
        let wrong = book(&|sheet| {
            let format = if column == 3 { &rust_xlsxwriter::Format::new() } else { &day };
            sheet.write_with_format(BASIC, column, value, format).unwrap();
        });
        let found: Vec<_> = wrong.findings().collect();
        let [finding] = found.as_slice() else { panic!("{says}: {found:#?}") };
        assert_eq!((finding.kind, finding.line), (FindingKind::Cell, Some(u64::from(BASIC) + 1)));
        assert!(finding.text.contains(says), "{finding:?}");
    }
    let error = book(&|sheet| {
        sheet.write(BASIC, 9, rust_xlsxwriter::Formula::new("1/0").set_result("#DIV/0!")).unwrap();
    });
    assert!(error.findings().any(|finding| finding.text.contains("shows an error")));
}
