//! From payslips and P60s to a run file.

use std::{
    borrow::Borrow,
    io::{self, Write},
};

use store::Day;

use super::{
    Block, Sums,
    block::{NI, PAY_AND_TAX, TOTALS},
    form::{COLUMNS, Section},
    model::Millionths,
};
use crate::{
    Amount, Decimal, Detail, Document, Frequency, Heading, Line, P60, PayAndTax, Payslip, Pence, Period,
    RunHead, RunKind, WhichDocument,
};

/// Writes a run file, payslip by payslip.
pub struct Writer<W: Write> {
    csv: csv::Writer<W>,
    rows: u64,
    sums: Sums,
}

/// A row but for whose it is.
#[derive(Debug, Default)]
struct Row<'a> {
    description: &'a str,
    units: Option<Decimal>,
    unit: &'a str,
    rate: Option<Decimal>,
    amount: Option<Pence>,
    text: &'a str,
}

/// Whose a row is: assignment number, pay date, period from and to.
type Whose<'a> = [&'a str; 4];

impl<W: Write> Writer<W> {
    /// Writes the header and what is said about all of the run.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn new(out: W, head: &RunHead) -> io::Result<Self> {
        let mut this = Self { csv: csv::Writer::from_writer(out), rows: 0, sums: Sums::default() };
        this.csv.write_record(COLUMNS.map(|column| column.name))?;
        let document = match head.document {
            WhichDocument::Payslips => "payslips",
            WhichDocument::P60s => "P60s",
        };
        let frequency = head.frequency.map(|frequency| match frequency {
            Frequency::Month => "month",
            Frequency::FourWeeks => "four weeks",
            Frequency::Week => "week",
        });
        let rows = [
            ("Reference", Some(head.reference.as_str())),
            ("Document", Some(document)),
            ("Kind", Some(head.kind.as_str())),
            ("Frequency", frequency),
            ("PAYE reference", head.paye_reference.as_deref()),
        ];
        let address = head.employer_address.iter().map(|line| ("Employer address", Some(line.as_str())));
        for (description, text) in rows.into_iter().chain(address) {
            if let Some(text) = text {
                this.row(&[""; 4], Section::Run, &Row { description, text, ..Row::default() })?;
            }
        }
        Ok(this)
    }

    /// Writes the rows of a payslip or P60.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn block(&mut self, block: &Block) -> io::Result<()> {
        let [pay_date, from, to] = [block.pay_date, block.period.from, block.period.to].map(written);
        let whose = [block.assignment_number.as_str(), &pay_date, &from, &to];
        if let Some(text) = &block.replaces {
            self.row(&whose, Section::Replaces, &Row { text, ..Row::default() })?;
        }
        match &block.document {
            Document::Payslip(payslip) => self.payslip(&whose, payslip),
            Document::P60(p60) => self.p60(&whose, p60),
        }
    }

    /// Writes the trailer.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn finish(mut self) -> io::Result<W> {
        let Sums { units, rate, amount } = self.sums;
        let [units, rate, amount] = [units, rate, amount * 10_000].map(|sum| Millionths(sum).to_string());
        let rows = self.rows.to_string();
        self.csv.write_record([
            "",
            "",
            "",
            "",
            Section::Trailer.as_str(),
            "",
            &units,
            "",
            &rate,
            &amount,
            &rows,
        ])?;
        self.finish_without_trailer()
    }

    /// Ends the file as a payroll does that cannot write a trailer.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn finish_without_trailer(self) -> io::Result<W> {
        self.csv.into_inner().map_err(|error| io::Error::other(error.to_string()))
    }

    fn payslip(&mut self, whose: &Whose<'_>, payslip: &Payslip) -> io::Result<()> {
        self.details(whose, &payslip.details)?;
        self.lines(whose, Section::Payment, &payslip.payments)?;
        self.lines(whose, Section::Deduction, &payslip.deductions)?;
        self.amounts(whose, Section::Employer, &payslip.employer)?;
        self.amounts(whose, Section::ThisPeriod, &payslip.this_period)?;
        self.amounts(whose, Section::YearToDate, &payslip.year_to_date)?;
        for (name, amount) in TOTALS.iter().zip([payslip.gross, payslip.total_deductions, payslip.net]) {
            self.amount(whose, Section::Total, name, amount, "")?;
        }
        self.amounts(whose, Section::Net, &payslip.net_parts)?;
        for text in &payslip.messages {
            self.row(whose, Section::Message, &Row { text, ..Row::default() })?;
        }
        Ok(())
    }

    fn p60(&mut self, whose: &Whose<'_>, p60: &P60) -> io::Result<()> {
        self.details(whose, &p60.details)?;
        let total = PayAndTax { pay: p60.previous.pay + p60.this.pay, tax: p60.previous.tax + p60.this.tax };
        for (section, of) in [
            (Section::PreviousEmployment, p60.previous),
            (Section::ThisEmployment, p60.this),
            (Section::Total, total),
        ] {
            for (name, amount) in PAY_AND_TAX.iter().zip([of.pay, of.tax]) {
                self.amount(whose, section, name, amount, "")?;
            }
        }
        for ni in &p60.ni {
            let amounts = [ni.at_lower_limit, ni.to_primary_threshold, ni.to_upper_limit, ni.contributions];
            for (name, amount) in NI.iter().zip(amounts) {
                self.amount(whose, Section::Ni, &ni.letter, amount, name)?;
            }
        }
        self.amounts(whose, Section::Statutory, &p60.statutory)?;
        self.amounts(whose, Section::Loan, &p60.loans)
    }

    fn details(&mut self, whose: &Whose<'_>, details: &[Detail]) -> io::Result<()> {
        for Detail { description, text } in details {
            self.row(whose, Section::Details, &Row { description, text, ..Row::default() })?;
        }
        Ok(())
    }

    fn lines(&mut self, whose: &Whose<'_>, section: Section, lines: &[Line]) -> io::Result<()> {
        for line in lines {
            let row = Row {
                description: &line.description,
                units: line.units,
                unit: line.unit.as_deref().unwrap_or_default(),
                rate: line.rate,
                amount: Some(line.amount),
                text: "",
            };
            self.row(whose, section, &row)?;
        }
        Ok(())
    }

    fn amounts(&mut self, whose: &Whose<'_>, section: Section, amounts: &[Amount]) -> io::Result<()> {
        for Amount { description, amount } in amounts {
            self.amount(whose, section, description, *amount, "")?;
        }
        Ok(())
    }

    fn amount(
        &mut self,
        whose: &Whose<'_>,
        section: Section,
        description: &str,
        amount: Pence,
        text: &str,
    ) -> io::Result<()> {
        self.row(whose, section, &Row { description, amount: Some(amount), text, ..Row::default() })
    }

    fn row(&mut self, whose: &Whose<'_>, section: Section, row: &Row<'_>) -> io::Result<()> {
        let number =
            |number: Option<i128>| number.map_or_else(String::new, |number| Millionths(number).to_string());
        let parts = |decimal: Option<Decimal>| decimal.map(|decimal| i128::from(decimal.0));
        let (units, rate) = (parts(row.units), parts(row.rate));
        let amount = row.amount.map(|amount| i128::from(amount.0));
        self.rows += 1;
        self.sums.units += units.unwrap_or_default();
        self.sums.rate += rate.unwrap_or_default();
        self.sums.amount += amount.unwrap_or_default();
        let [number_of, pay_date, from, to] = *whose;
        let amount = amount.map(|pence| pence * 10_000);
        self.csv.write_record([
            number_of,
            pay_date,
            from,
            to,
            section.as_str(),
            row.description,
            &number(units),
            row.unit,
            &number(rate),
            &number(amount),
            row.text,
        ])?;
        Ok(())
    }
}

/// Writes a whole run file.
///
/// # Errors
/// It cannot be written.
pub fn write<W: Write>(
    out: W,
    head: &RunHead,
    blocks: impl IntoIterator<Item = impl Borrow<Block>>,
) -> io::Result<W> {
    let mut writer = Writer::new(out, head)?;
    for block in blocks {
        writer.block(block.borrow())?;
    }
    writer.finish()
}

/// `27/11/2026`.
fn written(day: Day) -> String {
    day.date().strftime("%d/%m/%Y").to_string()
}

/// A file to begin with: one made-up payslip, of November 2026.
#[must_use]
pub fn template() -> String {
    let (Some(from), Some(to), Some(pay_date)) =
        (Day::new(2026, 11, 1), Day::new(2026, 11, 30), Day::new(2026, 11, 27))
    else {
        // The calendar has them.
        return String::new();
    };
    let period = Period { from, to };
    let head = RunHead {
        reference: "2026-11 MAIN".into(),
        document: WhichDocument::Payslips,
        kind: RunKind::Main,
        frequency: Some(Frequency::Month),
        paye_reference: Some("123/A246".into()),
        employer_address: vec!["1 High Street".into(), "Northmoor".into(), "NM1 1AA".into()],
    };
    let detail =
        |description: &str, text: &str| Detail { description: description.into(), text: text.into() };
    let amount =
        |description: &str, pence: i64| Amount { description: description.into(), amount: Pence(pence) };
    let line = |description: &str, units: Option<(i64, &str, i64)>, pence: i64| Line {
        description: description.into(),
        units: units.map(|(units, ..)| Decimal(units)),
        unit: units.map(|(_, unit, _)| unit.into()),
        rate: units.map(|(.., rate)| Decimal(rate)),
        amount: Pence(pence),
    };
    let payslip = Payslip {
        heading: Heading::default(),
        frequency: Frequency::Month,
        period,
        pay_date,
        details: vec![
            detail("NI number", "QQ123456A"),
            detail("NI letter", "A"),
            detail("Tax code", "1257L"),
            detail("Job title", "Staff nurse"),
        ],
        payments: vec![
            line("Basic Pay", None, 250_000),
            line("Overtime", Some((4_500_000, "hours", 22_400_000)), 10_080),
        ],
        deductions: vec![
            line("PAYE Tax", None, 25_890),
            line("National Insurance", None, 12_423),
            line("NHS Pension", None, 24_500),
        ],
        employer: vec![amount("Employer pension", 59_250)],
        this_period: vec![amount("Taxable pay", 235_580), amount("Pensionable pay", 250_000)],
        year_to_date: vec![
            amount("Gross pay", 2_060_080),
            amount("PAYE Tax", 207_100),
            amount("National Insurance", 99_380),
        ],
        gross: Pence(260_080),
        total_deductions: Pence(62_813),
        net: Pence(197_267),
        net_parts: vec![amount("BACS", 197_267)],
        messages: vec!["This payslip is made up.".into()],
    };
    let block = Block::of_payslip("20214567", None, payslip);
    // Memory takes everything, and what was written is text.
    write(Vec::new(), &head, [block]).ok().and_then(|file| String::from_utf8(file).ok()).unwrap_or_default()
}
