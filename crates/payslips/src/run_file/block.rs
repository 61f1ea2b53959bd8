//! The rows of one payslip or P60, put together.

use std::borrow::Cow;

use super::{
    Block, Lines, Options, Summary,
    form::{self, AMOUNT, DESCRIPTION, Section, TEXT, UNIT, same},
    words,
};
use crate::{
    Amount, Decimal, Detail, Document, Finding, FindingKind, Frequency, Heading, Line, NiEarnings, P60,
    PayAndTax, Payslip, Pence, Period, RunHead, RunKind, WhichDocument,
    checks::{self, at, shortened},
};

/// One payslip or P60 has so many rows at most.
const MOST_ROWS: usize = 1000;
/// So many findings are made about one payslip or P60 at most.
const MOST_FINDINGS: usize = 100;
/// So many characters a cell has at most.
const MOST_DESCRIPTION: usize = 100;
const MOST_UNIT: usize = 30;
const MOST_DETAIL: usize = 200;
const MOST_MESSAGE: usize = 1000;

/// What a row's numbers are.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Numbers {
    pub(super) units: Option<Decimal>,
    pub(super) rate: Option<Decimal>,
    pub(super) amount: Option<Pence>,
}

/// One row of a file.
pub(super) struct Row<'a> {
    pub(super) line: u64,
    pub(super) section: Section,
    pub(super) cells: [Cow<'a, str>; form::COLUMNS.len()],
    pub(super) numbers: Numbers,
}

impl Row<'_> {
    pub(super) fn cell(&self, column: usize) -> &str {
        &self.cells[column]
    }

    fn take(&mut self, column: usize) -> String {
        std::mem::take(&mut self.cells[column]).into_owned()
    }

    /// What is wrong with the cells that its section has, or has not.
    pub(super) fn refused(&self, person: Option<&str>) -> Option<Finding> {
        let (needed, allowed) = self.section.cells();
        for column in DESCRIPTION..=TEXT {
            let cell = self.cell(column);
            let finding = |why: &str| {
                let found = (!cell.is_empty()).then(|| shortened(cell));
                let finding = at(FindingKind::Cell, self.line, form::name(column), person, why);
                Some(Finding { found, ..finding })
            };
            match (cell.is_empty(), needed.contains(&column)) {
                (true, false) => {}
                (true, true) => return finding(words::NEEDED),
                (false, is_needed) => {
                    if !is_needed && !allowed.contains(&column) {
                        return finding(&words::empty_here(self.section, form::name(column)));
                    }
                    let most = match column {
                        DESCRIPTION => MOST_DESCRIPTION,
                        UNIT => MOST_UNIT,
                        TEXT if self.section == Section::Message => MOST_MESSAGE,
                        TEXT => MOST_DETAIL,
                        // Numbers were read already.
                        _ => continue,
                    };
                    if let Some(why) = refused_text(cell, most) {
                        return finding(&why);
                    }
                }
            }
        }
        None
    }
}

/// What is wrong with a text.
pub(super) fn refused_text(text: &str, most: usize) -> Option<Cow<'static, str>> {
    // Nearly every text is plain letters, which are looked at byte by byte.
    let (control, characters) = if text.is_ascii() {
        (text.bytes().any(|byte| byte.is_ascii_control()), text.len())
    } else {
        (text.chars().any(char::is_control), text.chars().count())
    };
    if control {
        Some(words::CONTROL.into())
    } else if text.starts_with('=') {
        Some(words::FORMULA.into())
    } else if characters > most {
        Some(words::at_most(most).into())
    } else {
        None
    }
}

enum Content {
    Payslip(Box<Payslip>, [Option<Pence>; 3]),
    P60(Box<P60>, Years),
}

/// What a P60 says of pay and tax: in previous employments, in this one and in both.
#[derive(Debug, Default)]
struct Years {
    previous: [Option<Pence>; 2],
    this: [Option<Pence>; 2],
    total: [Option<Pence>; 2],
    /// Of each letter, which of its four amounts are there.
    letters: Vec<[bool; 4]>,
}

/// A payslip or P60 whose rows are being read.
pub(super) struct Building {
    line: u64,
    person: String,
    pay_date: store::Day,
    period: Period,
    replaces: Option<String>,
    lines: Lines,
    findings: Vec<Finding>,
    rows: usize,
    /// Whether a row is lost, so that neither its sums nor missing rows say anything.
    broken: bool,
    content: Content,
}

impl Building {
    pub(super) fn new(
        line: u64,
        person: String,
        pay_date: store::Day,
        period: Period,
        head: &RunHead,
    ) -> Self {
        let content = match head.document {
            WhichDocument::Payslips => Content::Payslip(
                Box::new(Payslip {
                    heading: Heading::default(),
                    frequency: head.frequency.unwrap_or(Frequency::Month),
                    period,
                    pay_date,
                    details: Vec::new(),
                    payments: Vec::new(),
                    deductions: Vec::new(),
                    employer: Vec::new(),
                    this_period: Vec::new(),
                    year_to_date: Vec::new(),
                    gross: Pence(0),
                    total_deductions: Pence(0),
                    net: Pence(0),
                    net_parts: Vec::new(),
                    messages: Vec::new(),
                }),
                [None; 3],
            ),
            WhichDocument::P60s => Content::P60(
                Box::new(P60 {
                    heading: Heading::default(),
                    year_ended: pay_date.date().year(),
                    paye_reference: head.paye_reference.clone().unwrap_or_default(),
                    employer_address: head.employer_address.clone(),
                    details: Vec::new(),
                    previous: PayAndTax::default(),
                    this: PayAndTax::default(),
                    ni: Vec::new(),
                    statutory: Vec::new(),
                    loans: Vec::new(),
                    replacement: head.kind == RunKind::Correction,
                }),
                Years::default(),
            ),
        };
        Self {
            line,
            person,
            pay_date,
            period,
            replaces: None,
            lines: Lines::default(),
            findings: Vec::new(),
            rows: 0,
            broken: false,
            content,
        }
    }

    pub(super) fn person(&self) -> &str {
        &self.person
    }

    /// Notes what was found about it.
    pub(super) fn found(&mut self, finding: Finding) {
        if self.findings.len() < MOST_FINDINGS {
            self.findings.push(finding);
        }
    }

    /// A row is lost that may be one of its own.
    pub(super) fn lose(&mut self) {
        self.broken = true;
    }

    /// A row of it could not be taken.
    pub(super) fn refuse(&mut self, finding: Finding) {
        self.lose();
        self.found(finding);
    }

    /// Takes its next row, whose cells are right in themselves.
    pub(super) fn row(&mut self, mut row: Row<'_>) {
        self.rows += 1;
        if self.rows > MOST_ROWS {
            if self.rows == MOST_ROWS + 1 {
                self.refuse(self.at(FindingKind::Row, row.line, None, words::TOO_MANY_ROWS));
            }
            return;
        }
        if row.section == Section::Replaces {
            if self.replaces.is_some() {
                return self.refuse(self.at(FindingKind::Row, row.line, Some(TEXT), words::TWICE));
            }
            self.replaces = Some(row.take(TEXT));
            self.lines.replaces = row.line;
            return;
        }
        let finding = match &mut self.content {
            Content::Payslip(payslip, totals) => payslip_row(payslip, totals, &mut self.lines, &mut row),
            Content::P60(p60, years) => p60_row(p60, years, &mut self.lines, &mut row),
        };
        if let Some((kind, column, why)) = finding {
            let found = Some(shortened(row.cell(column))).filter(|found| !found.is_empty());
            let finding = self.at(kind, row.line, Some(column), why);
            self.refuse(Finding { found, ..finding });
        }
    }

    fn at(&self, kind: FindingKind, line: u64, column: Option<usize>, why: &str) -> Finding {
        let finding = at(kind, line, column.map_or("", form::name), Some(&self.person), why);
        Finding { column: column.map(|column| form::name(column).to_owned()), ..finding }
    }

    /// All its rows were read: what they come to, and what is wrong with it.
    pub(super) fn finish(mut self, head: &RunHead, options: &Options, summary: &mut Summary) -> Block {
        match (head.kind, self.replaces.is_some()) {
            (RunKind::Correction, false) => {
                self.found(self.at(FindingKind::Row, self.line, None, words::REPLACES_NEEDED));
            }
            (RunKind::Main | RunKind::Supplementary, true) => {
                let line = self.lines.replaces;
                self.found(self.at(FindingKind::Row, line, Some(TEXT), words::REPLACES_ELSEWHERE));
            }
            _ => {}
        }
        summary.people += 1;
        let (document, more) = match self.content {
            Content::Payslip(mut payslip, totals) => {
                let mut more = Vec::new();
                for (total, name) in totals.iter().zip(TOTALS) {
                    if total.is_none() && !self.broken {
                        more.push(at_row(self.line, &self.person, &words::needed(name)));
                    }
                }
                [payslip.gross, payslip.total_deductions, payslip.net] =
                    totals.map(Option::unwrap_or_default);
                summary.gross = summary.gross + payslip.gross;
                summary.deductions = summary.deductions + payslip.total_deductions;
                summary.net = summary.net + payslip.net;
                let whole = !self.broken && more.is_empty();
                more.extend(checks::payslip(&payslip, &self.lines, &self.person, options, whole));
                (Document::Payslip(payslip), more)
            }
            Content::P60(mut p60, years) => {
                let mut more = Vec::new();
                for (amount, name) in years.this.iter().zip(PAY_AND_TAX) {
                    if amount.is_none() && !self.broken {
                        let row = format!("{name} in this employment");
                        more.push(at_row(self.line, &self.person, &words::needed(&row)));
                    }
                }
                for ((is_there, line), ni) in years.letters.iter().zip(&self.lines.ni).zip(&p60.ni) {
                    for (_, name) in
                        is_there.iter().zip(NI).filter(|(is_there, _)| !**is_there && !self.broken)
                    {
                        let row = format!("{name} of NI letter {}", ni.letter);
                        more.push(at_row(*line, &self.person, &words::needed(&row)));
                    }
                }
                let both = |of: [Option<Pence>; 2]| {
                    let [pay, tax] = of.map(Option::unwrap_or_default);
                    PayAndTax { pay, tax }
                };
                (p60.previous, p60.this) = (both(years.previous), both(years.this));
                summary.gross = summary.gross + p60.this.pay;
                summary.deductions = summary.deductions + p60.this.tax;
                summary.net = summary.net + p60.this.pay - p60.this.tax;
                let total = years.total.iter().any(Option::is_some).then_some(years.total);
                let whole = !self.broken && more.is_empty();
                let total = total.filter(|_| whole);
                more.extend(checks::p60(&p60, total, &self.lines, &self.person, options));
                (Document::P60(p60), more)
            }
        };
        self.findings.extend(more);
        self.findings.truncate(MOST_FINDINGS);
        Block {
            line: self.line,
            assignment_number: self.person,
            pay_date: self.pay_date,
            period: self.period,
            replaces: self.replaces,
            document,
            lines: self.lines,
            findings: self.findings,
        }
    }
}

fn at_row(line: u64, person: &str, text: &str) -> Finding {
    Finding { column: None, ..at(FindingKind::Row, line, "", Some(person), text) }
}

pub(super) const TOTALS: [&str; 3] = ["Gross pay", "Total deductions", "Net pay"];
pub(super) const PAY_AND_TAX: [&str; 2] = ["Pay", "Tax"];
pub(super) const NI: [&str; 4] = ["lower limit", "primary threshold", "upper limit", "contributions"];

/// What is wrong with a row: which check, which column, and why.
type Wrong = Option<(FindingKind, usize, &'static str)>;

fn payslip_row(
    payslip: &mut Payslip,
    totals: &mut [Option<Pence>; 3],
    lines: &mut Lines,
    row: &mut Row<'_>,
) -> Wrong {
    let amount = row.numbers.amount.unwrap_or_default();
    match row.section {
        Section::Details => {
            lines.details.push(row.line);
            payslip.details.push(detail(row));
        }
        Section::Payment | Section::Deduction => {
            let (list, places) = match row.section {
                Section::Payment => (&mut payslip.payments, &mut lines.payments),
                _ => (&mut payslip.deductions, &mut lines.deductions),
            };
            places.push(row.line);
            list.push(Line {
                description: row.take(DESCRIPTION),
                units: row.numbers.units,
                unit: Some(row.take(UNIT)).filter(|unit| !unit.is_empty()),
                rate: row.numbers.rate,
                amount,
            });
        }
        Section::Total => {
            let Some(place) = TOTALS.iter().position(|name| same(name, row.cell(DESCRIPTION))) else {
                return Some((FindingKind::Cell, DESCRIPTION, words::TOTAL_NAME));
            };
            if totals[place].replace(amount).is_some() {
                return Some((FindingKind::Row, DESCRIPTION, words::TWICE));
            }
            *[&mut lines.gross, &mut lines.total_deductions, &mut lines.net][place] = row.line;
        }
        Section::Message => {
            lines.messages.push(row.line);
            payslip.messages.push(row.take(TEXT));
        }
        section => {
            let (list, places) = match section {
                Section::Employer => (&mut payslip.employer, &mut lines.employer),
                Section::ThisPeriod => (&mut payslip.this_period, &mut lines.this_period),
                Section::Net => (&mut payslip.net_parts, &mut lines.net_parts),
                // What is not of payslips was refused before.
                _ => (&mut payslip.year_to_date, &mut lines.year_to_date),
            };
            places.push(row.line);
            list.push(Amount { description: row.take(DESCRIPTION), amount });
        }
    }
    None
}

fn p60_row(p60: &mut P60, years: &mut Years, lines: &mut Lines, row: &mut Row<'_>) -> Wrong {
    let amount = row.numbers.amount.unwrap_or_default();
    match row.section {
        Section::Details => {
            lines.details.push(row.line);
            p60.details.push(detail(row));
        }
        Section::Ni => {
            let Some(which) = NI.iter().position(|name| same(name, row.cell(TEXT))) else {
                return Some((FindingKind::Cell, TEXT, words::NI_NAME));
            };
            let letter = row.cell(DESCRIPTION);
            let known = p60.ni.iter().position(|ni| ni.letter == letter);
            let place = known.unwrap_or(p60.ni.len());
            if known.is_none() {
                let none = Pence(0);
                p60.ni.push(NiEarnings {
                    letter: letter.to_owned(),
                    at_lower_limit: none,
                    to_primary_threshold: none,
                    to_upper_limit: none,
                    contributions: none,
                });
                years.letters.push([false; 4]);
                lines.ni.push(row.line);
            }
            if std::mem::replace(&mut years.letters[place][which], true) {
                return Some((FindingKind::Row, TEXT, words::TWICE));
            }
            let ni = &mut p60.ni[place];
            *[
                &mut ni.at_lower_limit,
                &mut ni.to_primary_threshold,
                &mut ni.to_upper_limit,
                &mut ni.contributions,
            ][which] = amount;
        }
        Section::Statutory => p60.statutory.push(Amount { description: row.take(DESCRIPTION), amount }),
        Section::Loan if amount.0 % 100 != 0 => {
            return Some((FindingKind::Cell, AMOUNT, words::WHOLE_POUNDS));
        }
        Section::Loan => p60.loans.push(Amount { description: row.take(DESCRIPTION), amount }),
        section => {
            let Some(place) = PAY_AND_TAX.iter().position(|name| same(name, row.cell(DESCRIPTION))) else {
                return Some((FindingKind::Cell, DESCRIPTION, words::P60_TOTAL_NAME));
            };
            let of = match section {
                Section::PreviousEmployment => &mut years.previous,
                Section::ThisEmployment => &mut years.this,
                // What is not of P60s was refused before.
                _ => {
                    *[&mut lines.gross, &mut lines.total_deductions][place] = row.line;
                    &mut years.total
                }
            };
            if of[place].replace(amount).is_some() {
                return Some((FindingKind::Row, DESCRIPTION, words::TWICE));
            }
        }
    }
    None
}

fn detail(row: &mut Row<'_>) -> Detail {
    Detail { description: row.take(DESCRIPTION), text: row.take(TEXT) }
}
