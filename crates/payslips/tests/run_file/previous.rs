//! A payslip beside the one before.

use payslips::{
    FindingKind, Frequency, Payslip, Pence, Period,
    checks::{Limits, against_previous},
    run_file::Block,
};

use crate::world::*;

/// The same person's payslip of a month, with what they were paid since April.
fn of_month(month: i8, year: i16, year_to_date: &[(&str, i64)]) -> Payslip {
    let first = jiff::civil::date(year, month, 1);
    Payslip {
        period: Period { from: first.into(), to: first.last_of_month().into() },
        pay_date: jiff::civil::date(year, month, 27).into(),
        year_to_date: year_to_date.iter().map(|(name, pence)| amount(name, *pence)).collect(),
        ..slip()
    }
}

/// What is found, without the words.
fn found(payslip: Payslip, previous: Option<&Payslip>) -> Vec<String> {
    let read = read(file_of(payslip));
    assert_eq!(read.kinds(), []);
    against_previous(&read.blocks[0], previous, &Limits::default()).iter().map(shown).collect()
}

#[test]
fn the_year_to_date_is_the_previous_one_and_this() {
    let october = of_month(
        10,
        2026,
        &[
            ("Gross pay", 1_000_000),
            ("PAYE Tax", 100_000),
            ("Taxable pay", 900_000),
            ("Employer pension", 50_000),
        ],
    );
    let right = [
        ("Gross pay", 1_260_080),
        ("PAYE Tax", 125_890),
        ("Taxable pay", 1_135_580),
        ("Employer pension", 109_250),
    ];
    assert_eq!(found(of_month(11, 2026, &right), Some(&october)), [""; 0]);
    for at in 0..right.len() {
        let mut wrong = right;
        wrong[at].1 += 1;
        let shown = found(of_month(11, 2026, &wrong), Some(&october));
        let (expected, found) = (Pence(right[at].1), Pence(wrong[at].1));
        assert_eq!(shown, [format!("year_to_date {} Amount 20214567 {expected}/{found}", 21 + at)]);
    }
    // What is no longer told.
    assert_eq!(
        found(of_month(11, 2026, &right[..3]), Some(&october)),
        ["year_to_date - Amount 20214567 1,092.50/-"]
    );
    // What neither says of its period cannot be added up.
    let unknown = [right.as_slice(), &[("SD reference", 5)]].concat();
    assert_eq!(found(of_month(11, 2026, &unknown), Some(&october)), [""; 0]);
}

#[test]
fn the_year_begins_on_6_april() {
    let march = of_month(3, 2026, &[("Gross pay", 3_000_000)]);
    assert_eq!(found(of_month(4, 2026, &[("Gross pay", 260_080)]), Some(&march)), [""; 0]);
    assert_eq!(
        found(of_month(4, 2026, &[("Gross pay", 3_260_080)]), Some(&march)),
        ["year_to_date 21 Amount 20214567 2,600.80/32,600.80"]
    );
    // Paid on 5 April, April's pay belongs to the old year.
    let early = Payslip { pay_date: day("2026-04-05"), ..of_month(4, 2026, &[("Gross pay", 3_260_080)]) };
    assert_eq!(found(early, Some(&march)), [""; 0]);
}

#[test]
fn the_first_month_ever_and_a_starter_are_warned_of_at_most() {
    assert_eq!(found(of_month(11, 2026, &[("Gross pay", 260_080), ("PAYE Tax", 25_890)]), None), [""; 0]);
    // Brought forward from elsewhere, or from before the portal: one finding, not one a line.
    let forward = of_month(11, 2026, &[("Gross pay", 2_060_080), ("PAYE Tax", 207_100)]);
    let shown = found(forward.clone(), None);
    assert_eq!(shown, ["no_previous 21 Amount 20214567 2,600.80/20,600.80"]);
    let read = read(file_of(forward));
    let found = against_previous(&read.blocks[0], None, &Limits::default());
    assert!(found.iter().all(|finding| finding.kind.severity() == payslips::Severity::Warning));
}

#[test]
fn net_pay_that_moves_much_is_warned_of() {
    let before = |net: i64| Payslip { net: Pence(net), year_to_date: Vec::new(), ..of_month(10, 2026, &[]) };
    let kinds = |previous: &Payslip| {
        let read = read(file_of(of_month(11, 2026, &[])));
        let found = against_previous(&read.blocks[0], Some(previous), &Limits::default());
        found.iter().map(|finding| finding.kind).collect::<Vec<_>>()
    };
    // 1,972.67 now: 30 % more than 1,517.44, and 30 % less than 2,818.10.
    assert_eq!(kinds(&before(151_744)), []);
    assert_eq!(kinds(&before(151_743)), [FindingKind::NetMoved]);
    assert_eq!(kinds(&before(281_810)), []);
    assert_eq!(kinds(&before(281_811)), [FindingKind::NetMoved]);
    assert_eq!(kinds(&before(0)), [FindingKind::NetMoved]);
    assert_eq!(kinds(&before(-100)), [FindingKind::NetMoved]);
    let weekly = Payslip { frequency: Frequency::Week, ..before(1) };
    assert_eq!(kinds(&weekly), []);
    let any = Limits { net_moved_percent: 1000, ..Limits::default() };
    let read = read(file_of(of_month(11, 2026, &[])));
    assert_eq!(against_previous(&read.blocks[0], Some(&before(100_000)), &any), []);
}

#[test]
fn a_p60_has_nothing_before_it() {
    let block = Block::of_p60("1", None, p60()).unwrap();
    assert_eq!(against_previous(&block, Some(&slip()), &Limits::default()), []);
}
