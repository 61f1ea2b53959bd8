//! Each check by a file that fails just it.

use payslips::{
    FindingKind, Frequency, P60, Payslip, Pence, Period, RunHead, RunKind,
    checks::{self, Report},
    run_file::{self, Block, Options},
};
use proptest::prelude::*;

use crate::world::*;

/// The payslip that is right, changed.
fn changed(change: impl FnOnce(&mut Payslip)) -> Vec<u8> {
    let mut slip = slip();
    change(&mut slip);
    file_of(slip)
}

#[test]
fn sums_have_to_agree() {
    // A line more before the totals moves them down; these change none.
    let gross = read(changed(|slip| slip.payments[0].amount = Pence(250_001)));
    assert_eq!(gross.finding(), "gross 23 Amount 20214567 2,600.81/2,600.80");
    let deductions = read(changed(|slip| slip.deductions[0].amount = Pence(25_889)));
    assert_eq!(deductions.finding(), "deductions 24 Amount 20214567 628.12/628.13");
    let net = read(changed(|slip| {
        slip.net = Pence(197_268);
        slip.net_parts[1].amount = Pence(7268);
    }));
    assert_eq!(net.finding(), "net 25 Amount 20214567 1,972.67/1,972.68");
    let parts = read(changed(|slip| slip.net_parts[1].amount = Pence(7266)));
    assert_eq!(parts.finding(), "net_parts 26 Amount 20214567 1,972.67/1,972.66");
    assert_eq!(read(changed(|slip| slip.net_parts.clear())).kinds(), []);
}

#[test]
fn a_published_payslip_whose_line_is_wrong_is_found() {
    let wrong = read(changed(|slip| {
        slip.payments = vec![line("Basic Pay", 255_008), timed("Saturday EN", 3_350_000, 14_700_000, 5072)];
    }));
    // 3.35 × 14.70 is 49.245.
    assert_eq!(wrong.finding(), "line 14 Amount 20214567 49.25/50.72");
    assert!(wrong.findings().all(|finding| finding.text == "units times rate is not the amount"));
    let right = read(changed(|slip| {
        slip.payments = vec![line("Basic Pay", 255_009), timed("Saturday EN", 3_450_000, 14_700_000, 5071)];
    }));
    // A penny is rounding.
    assert_eq!(right.kinds(), []);
}

#[test]
fn hours_are_asked_for_where_a_line_is_paid_by_time() {
    let hours = read(changed(|slip| {
        slip.payments[1].units = None;
        slip.payments[1].rate = None;
    }));
    assert_eq!(hours.finding(), "hours 14 Units 20214567 -/Overtime");
    let by_unit = read(changed(|slip| slip.payments[0].unit = Some("Hours".into())));
    assert_eq!(by_unit.finding(), "hours 13 Units 20214567 -/Basic Pay");
}

#[test]
fn nil_and_negative_net_pay_are_asked_about() {
    let with = |net: i64| {
        read(changed(|slip| {
            slip.deductions.push(line("Overpayment", slip.net.0 - net));
            slip.total_deductions = slip.gross - Pence(net);
            slip.net = Pence(net);
            slip.net_parts = vec![amount("BACS", net)];
        }))
    };
    assert_eq!(with(0).finding(), "net_nil 26 Amount 20214567 -/0.00");
    assert_eq!(with(-100).finding(), "net_nil 26 Amount 20214567 -/-1.00");
    assert_eq!(with(1).kinds(), []);
}

#[test]
fn a_pension_beside_the_tiers_is_asked_about() {
    let with = |pension: i64| {
        changed(|slip| {
            slip.deductions[2].amount = Pence(pension);
            slip.deductions[0].amount = Pence(25_890 + 24_500 - pension);
        })
    };
    // 9.8 % of 2,500.00, and a tenth of a point to either side.
    for right in [24_500, 24_250, 24_750] {
        assert_eq!(read(with(right)).kinds(), [], "{right}");
    }
    assert_eq!(
        read(with(24_752)).finding(),
        "pension 17 Amount 20214567 5.20 %, 6.50 %, 8.30 %, 9.80 %, 10.70 %, 12.50 %/9.90 %"
    );
    assert_eq!(read(with(5_000)).kinds(), [FindingKind::Pension]);
    // Where no tiers are known for the date, there is nothing to hold it against.
    let mut unknown = options();
    unknown.limits.pension_tiers[0].from = day("2026-11-28");
    assert_eq!(read_with(&with(5_000), &unknown).kinds(), []);
}

#[test]
fn numbers_and_codes_are_well_formed() {
    let with = |place: usize, text: &str| read(changed(|slip| slip.details[place].text = text.into()));
    assert_eq!(with(0, "AB123456E").finding(), "ni_number 9 Text 20214567 -/AB123456E");
    assert_eq!(with(0, "AB 12 34 56 C").kinds(), []);
    assert_eq!(with(1, "G").finding(), "ni_letter 10 Text 20214567 -/G");
    assert_eq!(with(2, "1257Q").finding(), "tax_code 11 Text 20214567 -/1257Q");
    let strict = Options { demo_numbers: false, ..options() };
    assert_eq!(read_with(&changed(|_| {}), &strict).kinds(), [FindingKind::NiNumber]);
}

#[test]
fn a_bank_account_is_found_wherever_it_stands() {
    let part = read(changed(|slip| slip.net_parts[0].description = "BACS 12-34-56 12345678".into()));
    // The account itself is in no finding.
    assert_eq!(part.finding(), "bank_account 26 Description 20214567 -/-");
    let detail = read(changed(|slip| slip.details[3] = detail("Account number", "12345678")));
    assert_eq!(detail.finding(), "bank_account 12 Text 20214567 -/-");
    let message = read(changed(|slip| slip.messages[0] = "Paid to GB29 NWBK 6016 1331 9268 19".into()));
    assert_eq!(message.finding(), "bank_account 28 Text 20214567 -/-");
}

#[test]
fn dates_are_sane() {
    let with = |pay_date: &str, from: &str, to: &str| {
        let (pay_date, period) = (day(pay_date), Period { from: day(from), to: day(to) });
        read(file_of(Payslip { pay_date, period, ..slip() }))
    };
    let kinds = |pay_date: &str, from: &str, to: &str| with(pay_date, from, to).kinds();
    assert_eq!(kinds("2026-11-01", "2026-11-01", "2026-11-30"), []);
    assert_eq!(kinds("2026-12-15", "2026-11-06", "2026-12-05"), []);
    for (pay_date, from, to) in [
        ("2026-11-27", "2026-11-30", "2026-11-01"),
        ("2026-11-27", "2026-11-01", "2026-11-14"),
        ("2026-11-27", "2026-11-01", "2026-12-31"),
        ("2026-10-31", "2026-11-01", "2026-11-30"),
        ("2027-02-05", "2026-11-01", "2026-11-30"),
        ("2027-02-26", "2027-02-01", "2027-02-28"),
    ] {
        assert_eq!(kinds(pay_date, from, to), [FindingKind::Dates], "{pay_date} {from} {to}");
    }
    let weekly = RunHead { frequency: Some(Frequency::Week), ..head() };
    let week = Payslip { period: Period { from: day("2026-11-16"), to: day("2026-11-22") }, ..slip() };
    assert_eq!(read(file(&weekly, &[Block::of_payslip("1", None, week)])).kinds(), []);
    // In a main run, all have the same; a correction may have several.
    let october = Payslip {
        period: Period { from: day("2026-10-01"), to: day("2026-10-31") },
        pay_date: day("2026-10-28"),
        ..slip()
    };
    let two = |head: &RunHead, replaces: Option<&str>| {
        let blocks =
            [Block::of_payslip("1", replaces, slip()), Block::of_payslip("1", replaces, october.clone())];
        read(file(head, &blocks)).kinds()
    };
    assert_eq!(two(&head(), None), [FindingKind::Dates; 2]);
    assert_eq!(two(&RunHead { kind: RunKind::Correction, ..head() }, Some("2026-10 MAIN")), []);
}

#[test]
fn one_payslip_for_each_assignment_and_period() {
    let of = |number: &str| Block::of_payslip(number, None, slip());
    let twice = read(file(&head(), &[of("1"), of("2"), of("1")]));
    assert_eq!(twice.finding(), "double 49 Assignment number 1 -/-");
    let mut other_date = of("1");
    other_date.pay_date = day("2026-11-26");
    assert_eq!(
        read(file(&head(), &[of("1"), other_date])).kinds(),
        [FindingKind::Double, FindingKind::Dates]
    );
}

#[test]
fn a_correction_says_what_it_replaces_and_nothing_else_does() {
    let correction = RunHead { kind: RunKind::Correction, ..head() };
    let without = read(file(&correction, &[Block::of_payslip("1", None, slip())]));
    assert_eq!(without.finding(), "row 9 - 1 -/-");
    let elsewhere = read(file(&head(), &[Block::of_payslip("1", Some("2026-10 MAIN"), slip())]));
    assert_eq!(elsewhere.finding(), "row 9 Text 1 -/-");
}

#[test]
fn p60s_add_up() {
    let of = |p60: P60| {
        let file = file(&p60_head(), &[Block::of_p60("1", None, p60).unwrap()]);
        String::from_utf8(file).unwrap()
    };
    let right = of(p60());
    // The total alone, and the trailer with it.
    let wrong = right.replace(",Pay,,,,30000.00,", ",Pay,,,,30000.01,").replace(",88470.40,", ",88470.41,");
    assert_ne!(right, wrong);
    let kinds = read(&wrong).kinds();
    assert!(kinds.contains(&FindingKind::P60Total), "{kinds:?} {right}");
    let letter =
        of(P60 { ni: vec![payslips::NiEarnings { letter: "G".into(), ..p60().ni[0].clone() }], ..p60() });
    assert_eq!(read(letter).kinds(), [FindingKind::NiLetter]);
    let early = of(P60 { year_ended: 2027, ..p60() });
    assert_eq!(read(early).kinds(), [FindingKind::Dates]);
    let pennies = of(P60 { loans: vec![amount("Student loan", 30_001)], ..p60() });
    assert_eq!(read(pennies).finding(), "cell 21 Amount 1 -/300.01");
}

#[test]
fn without_a_trailer_the_report_is_held_against_the_file() {
    let mut writer = run_file::Writer::new(Vec::new(), &head()).unwrap();
    writer.block(&Block::of_payslip("1", None, slip())).unwrap();
    let read = read(writer.finish_without_trailer().unwrap());
    assert!(read.kinds().is_empty() && !read.summary.trailer);
    let right = Report { people: 1, gross: Pence(260_080), deductions: Pence(62_813), net: Pence(197_267) };
    assert_eq!(checks::against_report(&read.summary, &right), []);
    let wrong = Report { people: 2, gross: Pence(260_081), deductions: Pence(0), net: Pence(0) };
    let found: Vec<String> = checks::against_report(&read.summary, &wrong).iter().map(shown).collect();
    assert_eq!(
        found,
        [
            "report - - - 2/1",
            "report - - - 2,600.81/2,600.80",
            "report - - - 0.00/628.13",
            "report - - - 0.00/1,972.67"
        ]
    );
}

#[test]
fn arrears_and_a_refund_are_read_without_a_finding() {
    let read = read(changed(|slip| {
        slip.payments.push(line("Basic Pay Arrs", 12_000));
        slip.payments.push(line("Overtime Arrs", -2_000));
        slip.deductions.push(line("PAYE Tax Refund", -30_000));
        slip.gross = slip.gross + Pence(10_000);
        slip.total_deductions = slip.total_deductions - Pence(30_000);
        slip.net = slip.net + Pence(40_000);
        slip.net_parts[0].amount = slip.net_parts[0].amount + Pence(40_000);
    }));
    assert_eq!(read.kinds(), []);
}

/// The file with one digit of one numeric cell changed, the section of its row and the name of its column.
fn with_digit_changed(file: &[u8], which: usize) -> (Vec<u8>, String, usize) {
    let mut rows: Vec<csv::StringRecord> = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(file)
        .records()
        .map(|record| record.unwrap())
        .collect();
    let mut places = Vec::new();
    for (at, row) in rows.iter().enumerate().skip(1) {
        let last = &row[4] == "trailer";
        for column in [6, 8, 9, 10] {
            if !row[column].is_empty() && (column < 10 || last) {
                places.push((at, column));
            }
        }
    }
    let (at, column) = places[which % places.len()];
    let mut cells: Vec<String> = rows[at].iter().map(str::to_owned).collect();
    let digit = cells[column].pop().unwrap().to_digit(10).unwrap();
    cells[column].push(char::from_digit((digit + 1) % 10, 10).unwrap());
    rows[at] = cells.clone().into();
    let mut writer = csv::Writer::from_writer(Vec::new());
    rows.iter().for_each(|row| writer.write_record(row).unwrap());
    (writer.into_inner().unwrap(), cells[4].clone(), column)
}

proptest! {
    #[test]
    fn a_number_changed_by_its_last_digit_is_refused(which in any::<u16>(), people in 1usize..4) {
        let blocks: Vec<Block> =
            (0..people).map(|number| Block::of_payslip(&format!("2{number}"), None, slip())).collect();
        let (file, section, column) = with_digit_changed(&file(&head(), &blocks), which.into());
        let kinds = read(&file).kinds();
        prop_assert!(kinds.contains(&FindingKind::Control), "{section} {column}: {kinds:?}");
        let named: &[FindingKind] = match (section.as_str(), column) {
            ("payment", 9) => &[FindingKind::Gross],
            ("payment", _) => &[FindingKind::Line],
            ("deduction", _) => &[FindingKind::Deductions],
            ("net", _) => &[FindingKind::NetParts],
            ("total", _) => &[FindingKind::Gross, FindingKind::Deductions, FindingKind::Net],
            _ => &[],
        };
        prop_assert!(named.is_empty() || kinds.iter().any(|kind| named.contains(kind)), "{section} {column}: {kinds:?}");
    }

    #[test]
    fn a_p60s_number_changed_by_its_last_digit_is_refused(which in any::<u16>()) {
        let right = file(&p60_head(), &[Block::of_p60("1", None, p60()).unwrap()]);
        let (file, section, column) = with_digit_changed(&right, which.into());
        let kinds = read(&file).kinds();
        prop_assert!(kinds.contains(&FindingKind::Control), "{section} {column}: {kinds:?}");
        if ["total", "this employment", "previous employment"].contains(&section.as_str()) {
            prop_assert!(kinds.contains(&FindingKind::P60Total), "{section}: {kinds:?}");
        }
    }
}
