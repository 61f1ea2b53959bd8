//! A worker's months, one after the other.

use payslips::{
    Amount, Decimal, Detail, Frequency, Heading, Line, NiEarnings, P60, PayAndTax, Payslip, Pence, Period,
};
use store::Day;

use super::{
    month::Month,
    people::{Worker, mixed},
    tariff::{self, EMPLOYERS_PENSION, Insurance, RISE_PAID, WHOLE_TIME, rounded, times},
};

/// What has come together since 6 April.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Year {
    gross: Pence,
    taxable: Pence,
    insurable: Pence,
    pensionable: Pence,
    tax: Pence,
    pension: Pence,
    loan: Pence,
    employers_pension: Pence,
    insurance: Insurance,
}

impl Year {
    /// Whether anything was paid in it.
    pub(super) fn is_paid(&self) -> bool {
        self.gross != Pence(0)
    }
}

/// Something that happens to one payslip.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Happens<'m> {
    /// Payroll forgets the overtime.
    pub(super) forgotten: bool,
    /// The employer says this to everybody.
    pub(super) message: Option<&'m str>,
}

/// The payslip of a month, and the year to date with it; `None` where nothing is paid.
pub(super) fn month(
    worker: &Worker,
    month: Month,
    before: &Year,
    happens: Happens<'_>,
) -> Option<(Payslip, Year)> {
    let pay = payments(worker, month, happens.forgotten);
    let gross: Pence = pay.iter().map(|(line, _)| line.amount).sum();
    if pay.is_empty() {
        return None;
    }
    let bicycle = worker.bicycle.unwrap_or_default();
    let pensionable: Pence = pay.iter().filter(|(_, counts)| *counts).map(|(line, _)| line.amount).sum();
    let annual = part(worker, worker.post.annual(month.tax_year()));
    // Bank workers of the demo have left the scheme.
    let rate = if worker.bank { 0 } else { tariff::pension_rate(annual) };
    let pension = Pence(rounded(pensionable.0 * rate, 1000));
    let employers_pension =
        Pence(if rate == 0 { 0 } else { rounded(pensionable.0 * EMPLOYERS_PENSION, 1000) });
    let (insurable, taxable) = (gross - bicycle, gross - bicycle - pension);
    let tax = worker.tax_code.tax(taxable, before.taxable, before.tax, month.tax_month());
    let insurance = tariff::insurance(insurable);
    let loan = if worker.student_loan { tariff::student_loan(insurable) } else { Pence(0) };

    let mut deductions =
        vec![plain("PAYE", tax), plain("NI A", insurance.employee), plain("NHS Pension", pension)];
    deductions.push(plain("Student Loan", loan));
    deductions.push(plain("Salary Sacrifice Cycle to Work", bicycle));
    deductions.extend(worker.union.map(|(name, amount)| plain(name, amount)));
    deductions.retain(|line| line.amount != Pence(0));
    let total_deductions: Pence = deductions.iter().map(|line| line.amount).sum();
    let year = Year {
        gross: before.gross + gross,
        taxable: before.taxable + taxable,
        insurable: before.insurable + insurable,
        pensionable: before.pensionable + if rate == 0 { Pence(0) } else { pensionable },
        tax: before.tax + tax,
        pension: before.pension + pension,
        loan: before.loan + loan,
        employers_pension: before.employers_pension + employers_pension,
        insurance: Insurance {
            employee: before.insurance.employee + insurance.employee,
            employer: before.insurance.employer + insurance.employer,
            at_lower_limit: before.insurance.at_lower_limit + insurance.at_lower_limit,
            to_primary_threshold: before.insurance.to_primary_threshold + insurance.to_primary_threshold,
            to_upper_limit: before.insurance.to_upper_limit + insurance.to_upper_limit,
        },
    };
    let net = gross - total_deductions;
    let payslip = Payslip {
        heading: Heading::default(),
        frequency: Frequency::Month,
        period: month.period(),
        pay_date: month.pay_date(),
        details: details(worker, month, rate, annual),
        payments: pay.into_iter().map(|(line, _)| line).collect(),
        deductions,
        employer: some([("Employer NHS Pension", employers_pension), ("Employer NI", insurance.employer)]),
        this_period: some([
            ("Taxable pay", taxable),
            ("NIable pay", insurable),
            ("Pensionable pay", if rate == 0 { Pence(0) } else { pensionable }),
        ]),
        year_to_date: some([
            ("Gross pay", year.gross),
            ("Taxable pay", year.taxable),
            ("NIable pay", year.insurable),
            ("Pensionable pay", year.pensionable),
            ("PAYE", year.tax),
            ("NI A", year.insurance.employee),
            ("NHS Pension", year.pension),
            ("Student Loan", year.loan),
            ("Employer NHS Pension", year.employers_pension),
        ]),
        gross,
        total_deductions,
        net,
        net_parts: vec![Amount { description: "BACS".to_owned(), amount: net }],
        messages: happens.message.map(str::to_owned).into_iter().collect(),
    };
    Some((payslip, year))
}

/// The P60 of a tax year whose last day was 5 April of `year_ended`.
pub(super) fn p60(worker: &Worker, year: &Year, year_ended: i16) -> P60 {
    P60 {
        heading: Heading::default(),
        year_ended,
        paye_reference: String::new(),
        employer_address: Vec::new(),
        details: vec![detail("NI number", &worker.ni_number), detail("Tax code", worker.tax_code.text())],
        previous: PayAndTax::default(),
        this: PayAndTax { pay: year.taxable, tax: year.tax },
        ni: vec![NiEarnings {
            letter: "A".to_owned(),
            at_lower_limit: year.insurance.at_lower_limit,
            to_primary_threshold: year.insurance.to_primary_threshold,
            to_upper_limit: year.insurance.to_upper_limit,
            contributions: year.insurance.employee,
        }],
        statutory: Vec::new(),
        loans: some([("Student loan deductions", year.loan)]),
        replacement: false,
    }
}

/// What is paid, each with whether it counts for the pension.
fn payments(worker: &Worker, month: Month, forgotten: bool) -> Vec<(Line, bool)> {
    let days = employed(worker, month.period());
    if days == 0 {
        return Vec::new();
    }
    // Until a rise is paid, what is paid is the old rate.
    let april =
        if month.tax_month() < i64::from(RISE_PAID) - 3 { month.tax_year() - 1 } else { month.tax_year() };
    let annual = worker.post.annual(april);
    let chance = |salt: u64, most: u64| chance(worker, month, salt, most);
    let line = |description: &str, quarters: u64, hundredths: i64| {
        let units = Decimal(i64::try_from(quarters).unwrap_or_default() * Decimal::ONE / 4);
        let rate = tariff::hourly(annual, hundredths);
        (quarters > 0).then(|| Line {
            description: description.to_owned(),
            units: Some(units),
            unit: Some("hours".to_owned()),
            rate: Some(rate),
            amount: times(units, rate),
        })
    };
    let mut all = Vec::new();
    if worker.bank {
        all.extend(line("Bank Shift", 30 * (1 + chance(11, 4)), 100));
        all.extend(line("Bank Saturday Enhancement EN", 30 * chance(12, 2), 37));
        let shifts: Pence = all.iter().map(|line: &Line| line.amount).sum();
        all.push(plain("Bank Holiday Pay WTD", Pence(rounded(shifts.0 * 1207, 10_000))));
        return all.into_iter().map(|line| (line, true)).collect();
    }
    all.push(plain("Basic Pay", of_month(part(worker, annual), days, month)));
    if worker.post.shifts {
        all.extend(line("Saturday Enhancement EN", 30 * chance(1, 3), 37));
        all.extend(line("Sunday Enhancement EN", 30 * chance(2, 3), 74));
        all.extend(line("Night Duty Enhancement EN", 38 * chance(3, 4), 37));
    }
    if worker.post.position == "Consultant" {
        all.push(plain("On Call Availability Supplement", of_month(Pence(annual.0 * 3 / 100), days, month)));
    }
    if month.month == RISE_PAID {
        all.extend(arrears(worker, month));
    }
    let mut all: Vec<(Line, bool)> = all.into_iter().map(|line| (line, true)).collect();
    if worker.post.shifts && !forgotten && chance(4, 3) == 0 {
        all.extend(line("Overtime NP", 10 + chance(5, 30), 150).map(|line| (line, false)));
    }
    all
}

/// The rise since April, paid at once.
fn arrears(worker: &Worker, month: Month) -> Option<Line> {
    let (old, new) = (worker.post.annual(month.tax_year() - 1), worker.post.annual(month.tax_year()));
    let late = (1..=month.month - month.april().month).map(|ago| month.minus(i16::from(ago)));
    let amount: Pence = late
        .map(|late| {
            let days = employed(worker, late.period());
            of_month(part(worker, new), days, late) - of_month(part(worker, old), days, late)
        })
        .sum();
    (amount != Pence(0)).then(|| plain("Basic Pay Arrs", amount))
}

/// Whether payroll could forget overtime in this month.
pub(super) fn has_overtime(worker: &Worker, month: Month) -> bool {
    payments(worker, month, false).len() > payments(worker, month, true).len()
}

/// Less than `most`, the same each time.
fn chance(worker: &Worker, month: Month, salt: u64, most: u64) -> u64 {
    let when = u64::from(month.year.unsigned_abs()) * 12 + u64::from(month.month.unsigned_abs());
    mixed(mixed(worker.seed ^ salt) ^ when) % most
}

/// The worker's part of what is paid for the whole time.
fn part(worker: &Worker, annual: Pence) -> Pence {
    Pence(rounded(annual.0 * worker.hours, WHOLE_TIME))
}

/// A month of it, or so many of its days.
fn of_month(annual: Pence, days: i64, month: Month) -> Pence {
    Pence(rounded(annual.0 * days, 12 * i64::from(month.last().date().day())))
}

/// So many days of a period are worked.
fn employed(worker: &Worker, period: Period) -> i64 {
    let from: Day = period.from.max(worker.start);
    let to = worker.leaves.map_or(period.to, |leaves| period.to.min(leaves));
    if from > to { 0 } else { i64::from((to.date() - from.date()).get_days()) + 1 }
}

fn details(worker: &Worker, month: Month, rate: i64, annual: Pence) -> Vec<Detail> {
    let mut all = vec![
        detail("NI number", &worker.ni_number),
        detail("NI letter", "A"),
        detail("Tax code", worker.tax_code.text()),
        detail("Tax period", month.tax_month().to_string()),
        detail("Job title", worker.post.position),
        detail("Payscale", worker.post.band),
    ];
    if !worker.bank {
        all.push(detail("Annual salary", annual.to_string()));
        all.push(detail("Contracted hours", Decimal(worker.hours * 10_000).to_string()));
        all.push(detail("Pension rate (%)", format!("{}.{}", rate / 10, rate % 10)));
    }
    all
}

fn detail(description: &str, text: impl Into<String>) -> Detail {
    Detail { description: description.to_owned(), text: text.into() }
}

fn plain(description: &str, amount: Pence) -> Line {
    Line { description: description.to_owned(), units: None, unit: None, rate: None, amount }
}

/// Those of these amounts that are something.
fn some<const N: usize>(amounts: [(&str, Pence); N]) -> Vec<Amount> {
    let there = amounts.into_iter().filter(|(_, amount)| *amount != Pence(0));
    there.map(|(description, amount)| Amount { description: description.to_owned(), amount }).collect()
}
