use payslips::{
    Document, FindingKind, P60, Pence, RunHead, RunKind,
    run_file::{self, Block},
};
use proptest::prelude::*;
use rust_xlsxwriter::{Format, Workbook};

use crate::world::*;

/// What a block is, but for where it stands.
fn plain(blocks: &[Block]) -> Vec<(String, Option<String>, Document)> {
    let of =
        |block: &Block| (block.assignment_number.clone(), block.replaces.clone(), block.document.clone());
    blocks.iter().map(of).collect()
}

/// The same table as a workbook, its numbers as numbers and its dates as dates.
fn workbook(csv_file: &[u8]) -> Vec<u8> {
    let mut book = Workbook::new();
    book.add_worksheet().write(0, 0, "Notes").unwrap();
    let sheet = book.add_worksheet().set_name("Payslips").unwrap();
    let dated = Format::new().set_num_format("dd/mm/yyyy");
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(csv_file);
    for (row, record) in (0..).zip(reader.records()) {
        for (column, cell) in (0..).zip(&record.unwrap()) {
            let number: Option<f64> = cell.parse().ok().filter(|_| row > 0 && column > 0);
            let date = (row > 0 && (1..=3).contains(&column)).then(|| tables::day(cell).ok()).flatten();
            match (date, number) {
                (Some(date), _) => {
                    let days = (date - jiff::civil::date(1899, 12, 30)).get_days();
                    sheet.write_with_format(row, column, days, &dated).unwrap();
                }
                (None, Some(number)) => drop(sheet.write(row, column, number).unwrap()),
                (None, None) => drop(sheet.write(row, column, cell).unwrap()),
            }
        }
    }
    book.save_to_buffer().unwrap()
}

#[test]
fn what_is_written_is_read_back() {
    let mut bank = slip();
    bank.details.clear();
    bank.messages.clear();
    let corrected = P60 { replacement: true, ..p60() };
    let correction = |head: RunHead| RunHead { kind: RunKind::Correction, ..head };
    let cases: [(RunHead, Vec<Block>); 4] = [
        (
            head(),
            vec![Block::of_payslip("20214567", None, slip()), Block::of_payslip("20214567-2", None, bank)],
        ),
        (correction(head()), vec![Block::of_payslip("20214567", Some("2026-10 MAIN"), slip())]),
        (p60_head(), vec![Block::of_p60("20214567", None, p60()).unwrap()]),
        (correction(p60_head()), vec![Block::of_p60("20214567", Some("P60 2025"), corrected).unwrap()]),
    ];
    for (head, blocks) in cases {
        let file = file(&head, &blocks);
        for bytes in [file.clone(), workbook(&file)] {
            let read = read(&bytes);
            assert_eq!(read.kinds(), [], "{:#?}", read.findings().collect::<Vec<_>>());
            assert_eq!((read.head.as_ref(), plain(&read.blocks)), (Some(&head), plain(&blocks)));
            assert!(read.summary.trailer && read.summary.people == blocks.len() as u64);
        }
    }
}

#[test]
fn totals_and_lines_are_told() {
    let blocks = [
        Block::of_payslip("20214567", None, slip()),
        Block::of_payslip("20214567-2", None, slip()),
        Block::of_payslip("20214568", None, slip()),
    ];
    let read = read(file(&head(), &blocks));
    let summary = &read.summary;
    assert_eq!((summary.people, summary.gross, summary.net), (3, Pence(780_240), Pence(591_801)));
    assert_eq!(summary.rows, 7 + 3 * 20);
    let lines: Vec<u64> = read.blocks.iter().map(|block| block.line).collect();
    assert_eq!(lines, [9, 29, 49]);
    let lines = &read.blocks[0].lines;
    assert_eq!((lines.payments.as_slice(), lines.gross, lines.net), ([13, 14].as_slice(), 23, 25));
    let p60 = file(&p60_head(), &[Block::of_p60("20214567", None, p60()).unwrap()]);
    let summary = crate::world::read(p60).summary;
    assert_eq!(
        (summary.gross, summary.deductions, summary.net),
        (Pence(2_500_000), Pence(-1_200), Pence(2_501_200))
    );
}

#[test]
fn the_template_is_a_right_file() {
    let read = read(run_file::template());
    assert_eq!(read.kinds(), []);
    assert_eq!(read.payslip().details[0].text, "QQ123456A");
    let strict = run_file::Options { demo_numbers: false, ..options() };
    assert_eq!(read_with(run_file::template().as_bytes(), &strict).kinds(), [FindingKind::NiNumber]);
}

#[test]
fn whoever_wants_no_more_is_told_no_more() {
    let blocks: Vec<Block> =
        (0..5).map(|number| Block::of_payslip(&format!("2021456{number}"), None, slip())).collect();
    let mut told = 0;
    let summary = run_file::read(std::io::Cursor::new(file(&head(), &blocks)), &options(), |_| {
        told += 1;
        if told == 3 { std::ops::ControlFlow::Break(()) } else { std::ops::ControlFlow::Continue(()) }
    })
    .unwrap();
    assert_eq!((told, summary.people, summary.findings.len()), (3, 2, 0));
}

proptest! {
    #[test]
    fn no_bytes_are_too_much(bytes in proptest::collection::vec(any::<u8>(), 0..400), at in any::<prop::sample::Index>(), many in 0usize..60) {
        read(&bytes);
        let mut file = file_of(slip());
        let at = at.index(file.len());
        let end = (at + many).min(file.len());
        file.splice(at..end, bytes);
        read(&file);
    }

    #[test]
    fn no_cells_are_too_much(cells in proptest::collection::vec("[-0-9.,£()=E/ a-zé\\n\u{202e}]{0,12}|run|payment|total|Gross pay|trailer|ni|Reference|payslips|2026-11-27", 11..60)) {
        let mut file = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
        let template = run_file::template();
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(template.as_bytes());
        for record in reader.records().take(9) {
            file.write_record(&record.unwrap()).unwrap();
        }
        for row in cells.chunks(11) {
            file.write_record(row).unwrap();
        }
        read(file.into_inner().unwrap());
    }
}
