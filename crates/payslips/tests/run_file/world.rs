//! A run that is right, and what becomes of it.

use std::{io::Cursor, ops::ControlFlow};

use payslips::{
    Amount, Decimal, Detail, Document, Finding, FindingKind, Frequency, Heading, Line, NiEarnings, P60,
    PayAndTax, Payslip, Pence, Period, RunHead, RunKind, WhichDocument,
    run_file::{self, Block, Event, Options, Summary},
};
use store::Day;

pub(crate) fn day(text: &str) -> Day {
    text.parse().unwrap()
}

pub(crate) fn options() -> Options {
    Options { demo_numbers: true, ..Options::new(day("2026-11-26")) }
}

pub(crate) fn head() -> RunHead {
    RunHead {
        reference: "2026-11 MAIN".into(),
        document: WhichDocument::Payslips,
        kind: RunKind::Main,
        frequency: Some(Frequency::Month),
        paye_reference: Some("123/A246".into()),
        employer_address: vec!["1 High Street".into(), "Northmoor".into()],
    }
}

pub(crate) fn amount(description: &str, pence: i64) -> Amount {
    Amount { description: description.into(), amount: Pence(pence) }
}

pub(crate) fn detail(description: &str, text: &str) -> Detail {
    Detail { description: description.into(), text: text.into() }
}

pub(crate) fn line(description: &str, pence: i64) -> Line {
    Line { description: description.into(), units: None, unit: None, rate: None, amount: Pence(pence) }
}

/// Units and rate in millionths.
pub(crate) fn timed(description: &str, units: i64, rate: i64, pence: i64) -> Line {
    let unit = Some("hours".to_owned());
    Line { units: Some(Decimal(units)), unit, rate: Some(Decimal(rate)), ..line(description, pence) }
}

/// A payslip that is right, paid in November 2026.
pub(crate) fn slip() -> Payslip {
    Payslip {
        heading: Heading::default(),
        frequency: Frequency::Month,
        period: Period { from: day("2026-11-01"), to: day("2026-11-30") },
        pay_date: day("2026-11-27"),
        details: vec![
            detail("NI number", "QQ123456A"),
            detail("NI letter", "A"),
            detail("Tax code", "S1257L M1"),
            detail("Job title", "Staff nurse, Zoë’s ward"),
        ],
        payments: vec![line("Basic Pay", 250_000), timed("Overtime", 4_500_000, 22_400_000, 10_080)],
        deductions: vec![
            line("PAYE Tax", 25_890),
            line("National Insurance", 12_423),
            line("NHS Pension", 24_500),
        ],
        employer: vec![amount("Employer pension", 59_250)],
        this_period: vec![amount("Taxable pay", 235_580), amount("Pensionable pay", 250_000)],
        year_to_date: vec![amount("Gross pay", 260_080), amount("PAYE Tax", 25_890)],
        gross: Pence(260_080),
        total_deductions: Pence(62_813),
        net: Pence(197_267),
        net_parts: vec![amount("BACS", 190_000), amount("Savings scheme", 7267)],
        messages: vec!["Happy holidays, \"all\" of you".into()],
    }
}

pub(crate) fn p60_head() -> RunHead {
    let reference = "P60 2026".into();
    RunHead { reference, document: WhichDocument::P60s, frequency: None, ..head() }
}

pub(crate) fn p60() -> P60 {
    P60 {
        heading: Heading::default(),
        year_ended: 2026,
        paye_reference: "123/A246".into(),
        employer_address: head().employer_address,
        details: vec![detail("NI number", "QQ123456A"), detail("Final tax code", "1257L")],
        previous: PayAndTax { pay: Pence(500_000), tax: Pence(50_000) },
        this: PayAndTax { pay: Pence(2_500_000), tax: Pence(-1_200) },
        ni: vec![NiEarnings {
            letter: "A".into(),
            at_lower_limit: Pence(650_000),
            to_primary_threshold: Pence(607_000),
            to_upper_limit: Pence(1_243_000),
            contributions: Pence(99_440),
        }],
        statutory: vec![amount("Statutory maternity pay", 120_000)],
        loans: vec![amount("Student loan", 30_000)],
        replacement: false,
    }
}

pub(crate) fn file(head: &RunHead, blocks: &[Block]) -> Vec<u8> {
    run_file::write(Vec::new(), head, blocks).unwrap()
}

/// A main run of this payslip alone.
pub(crate) fn file_of(payslip: Payslip) -> Vec<u8> {
    file(&head(), &[Block::of_payslip("20214567", None, payslip)])
}

/// What is read of a file.
#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) head: Option<RunHead>,
    pub(crate) blocks: Vec<Block>,
    pub(crate) summary: Summary,
}

pub(crate) fn read_with(bytes: &[u8], options: &Options) -> Read {
    let (mut head, mut blocks) = (None, Vec::new());
    let summary = run_file::read(Cursor::new(bytes), options, |event| {
        match event {
            Event::Head(read) => assert!(head.replace(read).is_none() && blocks.is_empty()),
            Event::Block(block) => blocks.push(*block),
        }
        ControlFlow::Continue(())
    })
    .unwrap();
    Read { head, blocks, summary }
}

pub(crate) fn read(bytes: impl AsRef<[u8]>) -> Read {
    read_with(bytes.as_ref(), &options())
}

impl Read {
    pub(crate) fn findings(&self) -> impl Iterator<Item = &Finding> {
        self.blocks.iter().flat_map(|block| &block.findings).chain(&self.summary.findings)
    }

    pub(crate) fn kinds(&self) -> Vec<FindingKind> {
        self.findings().map(|finding| finding.kind).collect()
    }

    /// The one payslip that was read.
    pub(crate) fn payslip(&self) -> &Payslip {
        match self.blocks.as_slice() {
            [Block { document: Document::Payslip(payslip), .. }] => payslip,
            other => panic!("{other:?}"),
        }
    }

    /// The one finding, in one line: kind, line, column, expected, found.
    pub(crate) fn finding(&self) -> String {
        let all: Vec<String> = self.findings().map(shown).collect();
        assert_eq!(all.len(), 1, "{all:#?}");
        all.into_iter().next().unwrap()
    }
}

pub(crate) fn shown(finding: &Finding) -> String {
    let or = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".into());
    let line = finding.line.map_or_else(|| "-".into(), |line| line.to_string());
    format!(
        "{} {line} {} {} {}/{}",
        finding.kind,
        or(&finding.column),
        or(&finding.person),
        or(&finding.expected),
        or(&finding.found)
    )
}
