//! The runs that payroll of the demo has made: fourteen months, a correction, the P60s, and the month that waits.

use std::collections::HashMap;

use payslips::{
    Amount, Decimal, Document, Frequency, Payslip, Pence, RunHead, RunKind, WhichDocument, run_file::Block,
};
use store::Day;

use super::{
    month::Month,
    people::{Worker, workers},
    tariff,
    work::{self, Happens, Year},
};
use crate::Example;

/// So many months are published.
const PUBLISHED: i16 = 14;
/// At least so many months before the one that waits, a payslip was wrong and is replaced.
const CORRECTED: i16 = 3;
/// P60s are there from this day of April.
const P60S_FROM: i8 = 20;

/// A run, as payroll writes it into a file.
#[derive(Clone, Debug)]
pub(super) struct Run {
    pub(super) head: RunHead,
    /// The day by which it was published.
    pub(super) published: Day,
    pub(super) made: Vec<Block>,
}

/// What payroll of an employer has made by a day.
#[derive(Clone, Debug)]
pub(super) struct Runs {
    /// What is published, in the order in which it was.
    pub(super) published: Vec<Run>,
    /// The month that waits to be published.
    pub(super) waiting: Run,
    /// The month after it, to try an upload with.
    pub(super) next: Run,
}

/// What payroll of an employer has made by today.
pub(super) fn runs(example: &Example, today: Day) -> Runs {
    let newest = Month::next_paid(today);
    let workers = workers(example, newest);
    let first = newest.minus(PUBLISHED);
    // Of the first person in the file, as whom the demo says to log in.
    let overtime = |month: &Month| workers.first().is_some_and(|worker| work::has_overtime(worker, *month));
    let corrected = (CORRECTED..PUBLISHED).map(|ago| newest.minus(ago)).find(overtime);
    let corrected = corrected.unwrap_or_else(|| newest.minus(CORRECTED));
    let mut payroll = Payroll { example, workers, years: HashMap::new() };
    let mut published = Vec::new();
    let mut month = first.april();
    while month < newest {
        if month.month == 4 {
            if let Some(run) = payroll.p60s(month).filter(|run| month >= first && run.published <= today) {
                published.push(run);
            }
            payroll.years.clear();
        }
        let (main, correction) = payroll.month(month, month == corrected, message(month, newest));
        if month >= first {
            published.push(main);
            published.extend(correction);
        }
        month = month.minus(-1);
    }
    let mut following = |month: Month| {
        if month.month == 4 {
            payroll.years.clear();
        }
        let mut run = payroll.month(month, false, message(month, newest)).0;
        round_a_rate(&mut run);
        run
    };
    Runs { published, waiting: following(newest), next: following(newest.minus(-1)) }
}

/// Something to tick off: a rate is printed in whole pennies, and what was paid by it is a few pence more or less.
fn round_a_rate(run: &mut Run) {
    const PENNY: i64 = Decimal::ONE / 100;
    let payslips = run.made.iter_mut().filter_map(|made| match &mut made.document {
        Document::Payslip(payslip) => Some(payslip),
        Document::P60(_) => None,
    });
    for line in payslips.flat_map(|payslip| &mut payslip.payments) {
        let (Some(units), Some(rate)) = (line.units, line.rate) else { continue };
        let rounded = Decimal(tariff::rounded(rate.0, PENNY) * PENNY);
        let off = tariff::times(units, rounded) - line.amount;
        if off.0.abs() > 5 {
            line.rate = Some(rounded);
            return;
        }
    }
}

fn message(month: Month, newest: Month) -> Option<&'static str> {
    let told = month == newest || month == newest.minus(1);
    told.then_some(
        "Overtime and bank shifts reach payroll by the 5th of the month, or are paid a month later.",
    )
}

struct Payroll<'e> {
    example: &'e Example,
    workers: Vec<Worker>,
    years: HashMap<String, Year>,
}

impl Payroll<'_> {
    /// A month's main run, and the correction of a payslip in which overtime was forgotten.
    fn month(&mut self, month: Month, corrected: bool, message: Option<&str>) -> (Run, Option<Run>) {
        let wrong = self.workers.iter().position(|worker| corrected && work::has_overtime(worker, month));
        let (mut main, mut correction) = (Vec::new(), None);
        for (at, worker) in self.workers.iter().enumerate() {
            let before = self.years.entry(worker.assignment_number.clone()).or_default();
            let happens = Happens { forgotten: false, message };
            let Some((payslip, year)) = work::month(worker, month, before, happens) else { continue };
            if wrong == Some(at) {
                let forgotten = work::month(worker, month, before, Happens { forgotten: true, message });
                main.extend(forgotten.map(|(payslip, _)| made(worker, payslip, None)));
                correction = Some(made(worker, payslip, Some(&reference(month, "MAIN"))));
            } else {
                main.push(made(worker, payslip, None));
            }
            *before = year;
        }
        let run = |kind, words, made| Run {
            head: self.head(reference(month, words), kind, WhichDocument::Payslips),
            published: month.pay_date(),
            made,
        };
        let correction = correction.map(|made| run(RunKind::Correction, "CORRECTION", vec![made]));
        (run(RunKind::Main, "MAIN", main), correction)
    }

    /// The P60s of the tax year that ended before this April, of whoever was there on its last day.
    fn p60s(&self, april: Month) -> Option<Run> {
        let last = Day::new(april.year, 4, 5)?;
        let there = self.workers.iter().filter(|worker| worker.leaves.is_none_or(|leaves| leaves >= last));
        let made: Vec<Block> = there
            .filter_map(|worker| {
                let year = self.years.get(&worker.assignment_number).filter(|year| year.is_paid())?;
                Block::of_p60(&worker.assignment_number, None, work::p60(worker, year, april.year))
            })
            .collect();
        let reference = format!("{}-{} P60", april.year - 1, april.year % 100);
        let head = self.head(reference, RunKind::Main, WhichDocument::P60s);
        let published = Day::new(april.year, 4, P60S_FROM)?;
        (!made.is_empty()).then_some(Run { head, published, made })
    }

    fn head(&self, reference: String, kind: RunKind, document: WhichDocument) -> RunHead {
        let place =
            if self.example.code == "427" { "Hill House, Northmoor" } else { "Priory Street, Southdown" };
        RunHead {
            reference,
            document,
            kind,
            frequency: (document == WhichDocument::Payslips).then_some(Frequency::Month),
            paye_reference: Some(format!("{}/QQ{}", self.example.code, self.example.code)),
            employer_address: vec![self.example.name.to_owned(), place.to_owned()],
        }
    }
}

fn reference(month: Month, words: &str) -> String {
    format!("{month} {words}")
}

fn made(worker: &Worker, payslip: Payslip, replaces: Option<&str>) -> Block {
    Block::of_payslip(&worker.assignment_number, replaces, payslip)
}

/// The same run with a mistake of each usual kind, to see what the portal says of it.
pub(super) fn with_errors(run: &Run) -> Run {
    let mut run = run.clone();
    for (at, made) in run.made.iter_mut().enumerate() {
        let Document::Payslip(payslip) = &mut made.document else { continue };
        let set = |payslip: &mut Payslip, description: &str, text: &str| {
            for detail in payslip.details.iter_mut().filter(|detail| detail.description == description) {
                text.clone_into(&mut detail.text);
            }
        };
        match at {
            // Two digits of an amount are swapped, so that payments are not the gross pay.
            1 => {
                if let Some(line) = payslip.payments.first_mut() {
                    line.amount = line.amount + Pence(900);
                }
            }
            2 => payslip.total_deductions = payslip.total_deductions + Pence(1),
            3 => payslip.net = payslip.net - Pence(10_000),
            4 => payslip.net_parts.push(Amount { description: "Cheque".to_owned(), amount: Pence(500) }),
            5 => set(payslip, "NI number", "QQ12345"),
            6 => set(payslip, "Tax code", "12X57"),
            7 => "99999".clone_into(&mut made.assignment_number),
            // Warnings: a payslip that was once published like this, and a line without its hours.
            8 => {
                if let Some(line) = payslip.payments.iter_mut().find(|line| line.units.is_some()) {
                    line.units = line.units.map(|units| Decimal(units.0 + Decimal::ONE));
                }
            }
            9 => {
                for line in &mut payslip.payments {
                    line.units = None;
                }
            }
            _ => {}
        }
    }
    run
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::EXAMPLES;

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    #[test]
    fn fourteen_months_a_correction_and_a_p60_are_there_on_any_day_of_a_year() {
        for example in &EXAMPLES {
            for days in (0..730).step_by(13) {
                let today = day("2026-01-01").plus_days(days);
                let runs = runs(example, today);
                let of = |kind, document| {
                    runs.published
                        .iter()
                        .filter(|run| (run.head.kind, run.head.document) == (kind, document))
                        .count()
                };
                assert_eq!(of(RunKind::Main, WhichDocument::Payslips), 14, "{today}");
                assert_eq!(of(RunKind::Correction, WhichDocument::Payslips), 1, "{today}");
                assert!((1..=2).contains(&of(RunKind::Main, WhichDocument::P60s)), "{today}");
                assert!(runs.published.iter().all(|run| run.published <= today), "{today}");
                assert!(runs.next.published <= today.plus_days(62), "{today}");
            }
        }
    }

    #[test]
    fn every_payslip_adds_up_and_carries_its_year() {
        let runs = runs(&EXAMPLES[0], day("2026-11-26"));
        let mut before: HashMap<String, Payslip> = HashMap::new();
        let all = runs.published.iter().chain([&runs.waiting, &runs.next]);
        let (mut slips, mut refunds) = (0, 0);
        for made in all.flat_map(|run| &run.made) {
            let Document::Payslip(slip) = &made.document else { continue };
            slips += 1;
            let sum = |lines: &[payslips::Line]| lines.iter().map(|line| line.amount).sum::<Pence>();
            assert_eq!(sum(&slip.payments), slip.gross);
            assert_eq!(sum(&slip.deductions), slip.total_deductions);
            assert_eq!(slip.gross - slip.total_deductions, slip.net);
            assert!(slip.net > Pence(0), "{} {}", made.assignment_number, made.period.to);
            refunds += i32::from(slip.deductions.iter().any(|line| line.amount < Pence(0)));
            let gross = |slip: &Payslip| {
                slip.year_to_date
                    .iter()
                    .find(|one| one.description == "Gross pay")
                    .map_or(Pence(0), |one| one.amount)
            };
            let tax_year = |slip: &Payslip| {
                let last = slip.pay_date.date();
                last.year() - i16::from((last.month(), last.day()) < (4, 6))
            };
            if let Some(earlier) = before
                .get(&made.assignment_number)
                .filter(|earlier| made.replaces.is_none() && tax_year(earlier) == tax_year(slip))
            {
                assert_eq!(
                    gross(slip),
                    gross(earlier) + slip.gross,
                    "{} {}",
                    made.assignment_number,
                    made.period.to
                );
            }
            before.insert(made.assignment_number.clone(), (**slip).clone());
        }
        assert!(slips > 450, "{slips}");
        assert!(refunds > 0, "somebody gets tax back");
        for special in ["20101-2", "20102", "20103"] {
            assert!(before.contains_key(special), "{special}");
        }
    }
}
