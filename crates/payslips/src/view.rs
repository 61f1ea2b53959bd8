//! What a payslip and a P60 show, as finished strings: pages and printed documents are made from these, so that they say the same.

use serde::Serialize;

use crate::{
    Amount, Detail, Heading, Line, NiEarnings, P60, PayAndTax, Payslip, Pence, RunKind, TaxYear, words,
};

/// A name and what stands beside it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fact {
    /// What it is.
    pub name: String,
    /// What it says.
    pub text: String,
}

/// A payment or a deduction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LineView {
    /// What it is.
    pub description: String,
    /// What it was computed from, in words: `150.00 hours at £15.23`.
    pub how: Option<String>,
    /// How much, without a currency sign.
    pub amount: String,
}

/// A payslip as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PayslipView {
    /// `November 2026 payslip`.
    pub title: String,
    /// `27 November 2026`.
    pub pay_date: String,
    /// `1 to 30 November 2026`.
    pub period: String,
    /// The employer's name.
    pub employer: String,
    /// The person's name.
    pub name: String,
    /// Numbers, post, NI number, tax code and the like.
    pub who: Vec<Fact>,
    /// Payments.
    pub payments: Vec<LineView>,
    /// Their sum.
    pub gross: String,
    /// Deductions.
    pub deductions: Vec<LineView>,
    /// Their sum.
    pub total_deductions: String,
    /// What is paid, with a currency sign.
    pub net: String,
    /// `£2,900.00 pay less £650.12 deductions`.
    pub sum: String,
    /// How it is paid: parts by method.
    pub net_parts: Vec<Fact>,
    /// Since 6 April.
    pub year_to_date: Vec<Fact>,
    /// Pay of this period by kind.
    pub this_period: Vec<Fact>,
    /// The employer's messages.
    pub messages: Vec<String>,
    /// The employer's contributions.
    pub contributions: Vec<Fact>,
    /// What usual words on it mean.
    pub meanings: Vec<Fact>,
    /// `Payslip 2026-11`: the name of its file, without an ending.
    pub file_name: String,
}

/// A year's earnings under one NI letter, without currency signs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NiView {
    /// The letter.
    pub letter: String,
    /// Earnings at the lower earnings limit.
    pub at_lower_limit: String,
    /// Earnings from there to the primary threshold.
    pub to_primary_threshold: String,
    /// Earnings from there to the upper earnings limit.
    pub to_upper_limit: String,
    /// The employee's contributions.
    pub contributions: String,
}

/// A row of a P60's pay and tax, without currency signs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PayAndTaxView {
    /// In which employment.
    pub name: String,
    /// The pay.
    pub pay: String,
    /// The tax; `12.40 R` for a refund.
    pub tax: String,
}

/// A P60 as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct P60View {
    /// `P60 for the tax year 2025-26`.
    pub title: String,
    /// `5 April 2026`.
    pub year_ended: String,
    /// `Replacement`, where it stands in the place of an earlier one.
    pub replacement: Option<String>,
    /// The employer's name.
    pub employer: String,
    /// Its address, line by line.
    pub employer_address: Vec<String>,
    /// Its PAYE reference.
    pub paye_reference: String,
    /// The person's name.
    pub name: String,
    /// Payroll number, NI number, final tax code and the like.
    pub who: Vec<Fact>,
    /// Previous employments, this one, both.
    pub pay_and_tax: Vec<PayAndTaxView>,
    /// National Insurance by letter.
    pub ni: Vec<NiView>,
    /// Statutory payments.
    pub statutory: Vec<Fact>,
    /// Loan deductions.
    pub loans: Vec<Fact>,
    /// What HM Revenue and Customs want it to tell the person.
    pub notes: Vec<String>,
    /// `This is a printed copy of an eP60`.
    pub printed: String,
    /// `P60 2025-26`: the name of its file, without an ending.
    pub file_name: String,
}

impl PayslipView {
    /// What a payslip of a run of this kind shows.
    #[must_use]
    pub fn of(payslip: Payslip, kind: RunKind) -> Self {
        let Payslip { heading, frequency, period, pay_date, .. } = payslip;
        let texts = (payslip.payments.iter().chain(&payslip.deductions))
            .map(|line| &line.description)
            .chain(payslip.this_period.iter().chain(&payslip.employer).map(|amount| &amount.description));
        let meanings =
            words::meanings(texts.map(String::as_str)).into_iter().map(|(name, text)| fact(name, text));
        Self {
            title: words::payslip(frequency, kind, period, pay_date),
            pay_date: web::format::day(pay_date),
            period: words::period(period),
            meanings: meanings.collect(),
            employer: heading.employer.clone(),
            name: heading.name.clone(),
            who: who(heading, payslip.details),
            gross: payslip.gross.to_string(),
            total_deductions: payslip.total_deductions.to_string(),
            net: words::pounds(payslip.net),
            sum: words::sum(payslip.gross, payslip.total_deductions),
            payments: payslip.payments.into_iter().map(line).collect(),
            deductions: payslip.deductions.into_iter().map(line).collect(),
            net_parts: amounts(payslip.net_parts),
            year_to_date: amounts(payslip.year_to_date),
            this_period: amounts(payslip.this_period),
            messages: payslip.messages,
            contributions: amounts(payslip.employer),
            file_name: format!("Payslip {}", pay_date.date().strftime("%Y-%m")),
        }
    }
}

impl P60View {
    /// What a P60 shows.
    #[must_use]
    pub fn of(p60: P60) -> Self {
        let year = TaxYear(p60.year_ended);
        let total = PayAndTax { pay: p60.previous.pay + p60.this.pay, tax: p60.previous.tax + p60.this.tax };
        Self {
            title: words::p60(year),
            year_ended: format!("5 April {}", p60.year_ended),
            replacement: p60.replacement.then(|| "Replacement".to_owned()),
            employer: p60.heading.employer.clone(),
            employer_address: p60.employer_address,
            paye_reference: p60.paye_reference,
            name: p60.heading.name.clone(),
            who: who(p60.heading, p60.details),
            pay_and_tax: vec![
                pay_and_tax("In previous employment", p60.previous),
                pay_and_tax("In this employment", p60.this),
                pay_and_tax("Total for the year", total),
            ],
            ni: p60.ni.into_iter().map(ni).collect(),
            statutory: amounts(p60.statutory),
            loans: amounts(p60.loans),
            notes: words::P60_NOTES.map(str::to_owned).to_vec(),
            printed: words::PRINTED.to_owned(),
            file_name: format!("P60 {year}"),
        }
    }
}

fn fact(name: impl Into<String>, text: impl Into<String>) -> Fact {
    Fact { name: name.into(), text: text.into() }
}

/// Numbers and post, then what payroll says.
fn who(heading: Heading, details: Vec<Detail>) -> Vec<Fact> {
    let mut facts = vec![fact("Employee number", heading.employee_number)];
    facts.push(fact("Assignment number", heading.assignment_number));
    let post =
        [("Position", heading.position), ("Department", heading.department), ("Location", heading.location)];
    facts.extend(post.into_iter().filter_map(|(name, text)| Some(fact(name, text?))));
    facts.extend(details.into_iter().map(|detail| fact(detail.description, detail.text)));
    facts
}

fn line(line: Line) -> LineView {
    let how = words::how(line.units, line.unit.as_deref(), line.rate);
    LineView { how, amount: line.amount.to_string(), description: line.description }
}

fn amounts(amounts: Vec<Amount>) -> Vec<Fact> {
    amounts.into_iter().map(|one| fact(one.description, one.amount.to_string())).collect()
}

/// HMRC's form RD1 marks a refund by an `R`.
fn pay_and_tax(name: &str, PayAndTax { pay, tax }: PayAndTax) -> PayAndTaxView {
    let tax = if tax < Pence(0) { format!("{} R", -tax) } else { tax.to_string() };
    PayAndTaxView { name: name.to_owned(), pay: pay.to_string(), tax }
}

fn ni(ni: NiEarnings) -> NiView {
    NiView {
        letter: ni.letter,
        at_lower_limit: ni.at_lower_limit.to_string(),
        to_primary_threshold: ni.to_primary_threshold.to_string(),
        to_upper_limit: ni.to_upper_limit.to_string(),
        contributions: ni.contributions.to_string(),
    }
}
