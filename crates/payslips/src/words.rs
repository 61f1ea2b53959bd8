//! The sentences of this room that stand in no template.

use store::{Day, Instant};
use web::format;

use crate::{
    Block, Decimal, Frequency, Pence, Period, Reason, RunKind, TaxYear,
    model::{Compared, Comparison},
};

/// `£1,234.50`, `-£62.10`.
pub(crate) fn pounds(amount: Pence) -> String {
    let sign = if amount.0 < 0 { "-" } else { "" };
    format!("{sign}£{}", Pence(amount.0.saturating_abs()))
}

/// `+£62.10`, `-£62.10`: a difference.
pub(crate) fn difference(amount: Pence) -> String {
    if amount.0 > 0 { format!("+{}", pounds(amount)) } else { pounds(amount) }
}

/// `£12.3833`: a rate, with all its digits.
fn per_unit(rate: Decimal) -> String {
    let sign = if rate.0 < 0 { "-" } else { "" };
    format!("{sign}£{}", Decimal(rate.0.saturating_abs()))
}

/// `3.5`: as people say a number.
fn said(number: Decimal) -> String {
    let text = number.to_string();
    match text.split_once('.') {
        Some((whole, part)) if !part.trim_end_matches('0').is_empty() => {
            format!("{whole}.{}", part.trim_end_matches('0'))
        }
        Some((whole, _)) => whole.to_owned(),
        None => text,
    }
}

/// `November 2026`.
fn month(day: Day) -> String {
    day.date().strftime("%B %Y").to_string()
}

/// What a payslip is called: `November 2026 payslip`, `Payslip for the week to 20 November 2026`.
#[must_use]
pub fn payslip(frequency: Frequency, kind: RunKind, period: Period, pay_date: Day) -> String {
    let extra = if kind == RunKind::Supplementary { "supplementary " } else { "" };
    match frequency {
        Frequency::Month => format!("{} {extra}payslip", month(pay_date)),
        Frequency::FourWeeks => {
            format!("{} for the four weeks to {}", capital(extra), format::day(period.to))
        }
        Frequency::Week => format!("{} for the week to {}", capital(extra), format::day(period.to)),
    }
}

fn capital(extra: &str) -> &'static str {
    if extra.is_empty() { "Payslip" } else { "Supplementary payslip" }
}

/// What a P60 is called.
#[must_use]
pub fn p60(year: TaxYear) -> String {
    format!("P60 for the tax year {year}")
}

/// `paid 27 November`, or when it will be.
pub(crate) fn paid(pay_date: Day, today: Day) -> String {
    let day = format::day_and_month(pay_date);
    if pay_date > today { format!("to be paid {day}") } else { format!("paid {day}") }
}

/// `1 to 30 November 2026`, `28 September to 25 October 2026`.
pub(crate) fn period(Period { from, to }: Period) -> String {
    let (first, last) = (from.date(), to.date());
    let first = match (first.year() == last.year(), first.month() == last.month()) {
        (true, true) => first.strftime("%-d").to_string(),
        (true, false) => format::day_and_month(from),
        (false, _) => format::day(from),
    };
    format!("{first} to {}", format::day(to))
}

/// `150.00 hours at £15.23`.
pub(crate) fn how(units: Option<Decimal>, unit: Option<&str>, rate: Option<Decimal>) -> Option<String> {
    let units = units.map(|units| match unit {
        Some(unit) => format!("{units} {unit}"),
        None => units.to_string(),
    });
    match (units, rate) {
        (Some(units), Some(rate)) => Some(format!("{units} at {}", per_unit(rate))),
        (Some(units), None) => Some(units),
        (None, Some(rate)) => Some(format!("at {}", per_unit(rate))),
        (None, None) => None,
    }
}

/// Under the net pay: `£2,900.00 pay less £650.12 deductions`.
pub(crate) fn sum(gross: Pence, deductions: Pence) -> String {
    format!("{} pay less {} deductions", pounds(gross), pounds(deductions))
}

/// Another document stands in its place.
pub(crate) fn replaced(on: Day) -> String {
    format!("Replaced on {}", format::day(on))
}

/// It stands in another's place.
pub(crate) fn replaces(since: Day) -> String {
    format!("It replaces an earlier one since {}.", format::day(since))
}

/// It was taken back.
pub(crate) fn withdrawn(on: Day) -> String {
    format!("Withdrawn on {}", format::day(on))
}

/// Payroll has looked at it while checking.
pub(crate) fn looked(at: Instant, zone: &jiff::tz::TimeZone) -> String {
    format!("Payroll looked at it on {}, while checking it.", format::day_and_time(at, zone))
}

/// How the net pay of one payslip stands to that of another.
pub(crate) fn net(comparison: &Comparison, other: &str) -> String {
    match comparison.net.0 {
        0 => format!("Your net pay is the same as on the {other}."),
        more if more > 0 => {
            format!("Your net pay is {} more than on the {other}.", pounds(comparison.net))
        }
        _ => format!("Your net pay is {} less than on the {other}.", pounds(-comparison.net)),
    }
}

/// One reason: a sentence, and what it does to the net pay.
pub(crate) fn reason(reason: &Reason) -> (String, Option<String>) {
    let (says, effect) = match reason {
        Reason::TaxYear(TaxYear(year)) => {
            let begins = format!("A new tax year began on 6 April {}", year - 1);
            return (format!("{begins}: what is counted since its beginning started again."), None);
        }
        Reason::Frequency => {
            return ("The two payslips are for periods of different length.".to_owned(), None);
        }
        Reason::Detail { description, then, now } => {
            let decides = who_decides(description);
            return (format!("{description} changed from {then} to {now}.{decides}"), None);
        }
        Reason::New(Block::Payment, description, effect) => (format!("New payment: {description}:"), effect),
        Reason::New(Block::Deduction, description, effect) => {
            (format!("New deduction: {description}:"), effect)
        }
        Reason::Gone(Block::Payment, description, effect) => (format!("No {description} this time:"), effect),
        Reason::Gone(Block::Deduction, description, effect) => {
            (format!("No deduction for {description} this time:"), effect)
        }
        Reason::Units { description, unit, by, effect } => {
            let word = if by.0 < 0 { "less" } else { "more" };
            let by = said(Decimal(by.0.saturating_abs()));
            let unit = unit.as_deref().unwrap_or("units");
            (format!("{description} is {by} {unit} {word}:"), effect)
        }
        Reason::Rate { description, then, now, effect } => {
            let (then, now) = (per_unit(*then), per_unit(*now));
            (format!("The rate of {description} changed from {then} to {now}:"), effect)
        }
        Reason::Amount { block: Block::Payment, description, effect } => {
            let word = if effect.0 < 0 { "less" } else { "more" };
            (format!("{description} is {word}:"), effect)
        }
        Reason::Amount { block: Block::Deduction, description, effect } => {
            let word = if effect.0 < 0 { "more" } else { "less" };
            (format!("The deduction {description} is {word}:"), effect)
        }
        Reason::Others { lines, effect } => (format!("{lines} smaller differences together:"), effect),
    };
    (says, Some(difference(*effect)))
}

fn who_decides(description: &str) -> &'static str {
    let word = description.to_lowercase();
    if word.starts_with("tax code") {
        " HM Revenue and Customs decide on it."
    } else if word.starts_with("pension") {
        " It follows from your pensionable pay."
    } else {
        ""
    }
}

/// Where a compared line stands, read out and shown beside its name.
pub(crate) fn block(line: &Compared) -> &'static str {
    match line.block {
        Block::Payment => "payment",
        Block::Deduction => "deduction",
    }
}

/// What has to stand on a P60 that was printed.
pub(crate) const PRINTED: &str = "This is a printed copy of an eP60";

/// What HM Revenue and Customs want a P60 to tell whoever it is for.
pub(crate) const P60_NOTES: [&str; 3] = [
    "Keep this certificate in a safe place. You need it if you fill in a tax return, claim back tax, or have to show what you earned. It also \
     helps you check that your employer uses the correct National Insurance number and takes the right contributions.",
    "By law you have to tell HM Revenue and Customs about any income that is not fully taxed, even if you are not sent a tax return.",
    "It shows your total pay for Income Tax in this employment for the year. Overtime, bonus, statutory sick pay and the like are in it.",
];

/// What payroll's usual words mean: how a line may be written (whole words, in small letters), what it is called, what it is.
const MEANINGS: [(&[&str], &str, &str); 35] = [
    (&["basic"], "Basic pay", "Your pay for your contracted hours, before anything is added or taken."),
    (
        &["en", "enh", "enhancement", "enhancements", "unsocial", "sat", "sun", "night", "nights"],
        "Enhancements (EN)",
        "A part added to your hourly rate for evenings, nights, weekends and public holidays.",
    ),
    (&["ot", "overtime"], "Overtime (OT)", "Hours that you worked beyond full time, at the overtime rate."),
    (&["bank"], "Bank", "Shifts that you worked on the bank, beside your own post."),
    (&["on call", "oncall", "standby"], "On call", "What you get for being on call or for being called in."),
    (&["wtd"], "WTD", "Holiday pay for extra hours: they earn you holiday as your contracted hours do."),
    (
        &["hcas", "high cost area", "london weighting"],
        "High cost area supplement",
        "Added for working in or near London.",
    ),
    (&["annual leave", "al", "holiday pay"], "Annual leave", "Pay for holidays, at what you usually earn."),
    (
        &["arrs", "arrears", "backdated", "back pay"],
        "Arrs",
        "Arrears: pay for an earlier period that is paid now.",
    ),
    (&["r", "refund"], "R", "A refund: money that was taken before and is given back."),
    (
        &["np"],
        "NP",
        "Non-pensionable: no pension contribution is taken from this pay, and it does not count for your pension.",
    ),
    (&["nni"], "NNI", "No National Insurance is taken from this pay."),
    (&["nt"], "NT", "Not taxed: no tax is taken from this pay."),
    (&["osp"], "OSP", "Occupational sick pay: what your employer pays while you are ill, by your contract."),
    (&["ssp"], "SSP", "Statutory sick pay: what the law says an employer has to pay while you are ill."),
    (&["omp"], "OMP", "Occupational maternity pay: what your employer pays, by your contract."),
    (&["smp"], "SMP", "Statutory maternity pay: what the law says an employer has to pay."),
    (&["spp"], "SPP", "Statutory paternity pay: what the law says an employer has to pay."),
    (&["sap"], "SAP", "Statutory adoption pay: what the law says an employer has to pay."),
    (&["shpp", "shpl"], "Shared parental pay (ShPP, ShPL)", "What you get while on shared parental leave."),
    (
        &["paye", "income tax", "tax"],
        "PAYE",
        "Income tax. Your tax code says how much you may earn before it is taken; HM Revenue and Customs decide on the code.",
    ),
    (
        &["ni", "nic", "national insurance"],
        "NI",
        "National Insurance: it counts towards your State Pension and some benefits. The letter beside it is your category.",
    ),
    (
        &["pension"],
        "NHS pension",
        "Your contribution to the NHS Pension Scheme. The rate depends on your pensionable pay. Your employer pays in as well.",
    ),
    (
        &["avc", "added pension", "added years"],
        "Additional pension",
        "What you pay in beyond the usual contribution, because you chose to.",
    ),
    (
        &["student loan", "sl"],
        "Student loan",
        "What you pay back of your student loan, by your plan, once you earn more than its threshold.",
    ),
    (
        &["postgraduate loan", "pgl"],
        "Postgraduate loan",
        "What you pay back of a postgraduate loan, beside any student loan.",
    ),
    (
        &["salary sacrifice", "sal sac", "lease car", "cycle to work", "cycle", "childcare"],
        "Salary sacrifice",
        "Pay that you agreed to give up for something else, such as a car or a bicycle. Tax and National Insurance are worked out on what is left.",
    ),
    (
        &["union", "unison", "rcn", "bma", "unite", "gmb", "rcm", "csp"],
        "Union",
        "Your subscription to a trade union or professional body.",
    ),
    (
        &["aoe", "attachment", "dea", "court order"],
        "Attachment",
        "What a court or an authority has told your employer to take. Ask whoever made the order about it.",
    ),
    (&["parking", "car park"], "Parking", "What you pay for parking at work."),
    (
        &["overpayment", "recovery"],
        "Overpayment",
        "Pay that you had by mistake, which is taken back. Payroll agree with you how.",
    ),
    (&["expenses", "travel", "mileage"], "Expenses", "What you spent for work and are paid back."),
    (
        &["apprenticeship levy", "levy"],
        "Apprenticeship levy",
        "What your employer pays towards training. It is not taken from your pay.",
    ),
    (&["taxable"], "Taxable pay", "The part of your pay that tax is worked out on."),
    (&["pensionable"], "Pensionable pay", "The part of your pay that counts for your pension."),
];

/// What the words in these lines mean, in the order of [`MEANINGS`]; each once, and only what is there.
pub(crate) fn meanings<'l>(lines: impl IntoIterator<Item = &'l str>) -> Vec<(&'static str, &'static str)> {
    let mut all = String::from(" ");
    for line in lines {
        for word in line.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
            all.push_str(&word.to_lowercase());
            all.push(' ');
        }
        // No phrase goes over the end of a line.
        all.push_str("| ");
    }
    let stands = |phrase: &&str| {
        all.match_indices(*phrase)
            .any(|(at, _)| all[..at].ends_with(' ') && all[at + phrase.len()..].starts_with(' '))
    };
    let met = MEANINGS.iter().filter(|(phrases, _, _)| phrases.iter().any(stands));
    met.map(|(_, name, meaning)| (*name, *meaning)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    #[test]
    fn payslips_are_called_what_people_call_them() {
        let month = Period { from: day("2026-11-01"), to: day("2026-11-30") };
        let week = Period { from: day("2026-11-14"), to: day("2026-11-20") };
        let pay_date = day("2026-11-27");
        for (frequency, kind, lasts, called) in [
            (Frequency::Month, RunKind::Main, month, "November 2026 payslip"),
            (Frequency::Month, RunKind::Correction, month, "November 2026 payslip"),
            (Frequency::Month, RunKind::Supplementary, month, "November 2026 supplementary payslip"),
            (Frequency::Week, RunKind::Main, week, "Payslip for the week to 20 November 2026"),
            (
                Frequency::FourWeeks,
                RunKind::Supplementary,
                week,
                "Supplementary payslip for the four weeks to 20 November 2026",
            ),
        ] {
            assert_eq!(payslip(frequency, kind, lasts, pay_date), called);
        }
        assert_eq!(period(month), "1 to 30 November 2026");
        let across = Period { from: day("2026-12-28"), to: day("2027-01-24") };
        assert_eq!(period(across), "28 December 2026 to 24 January 2027");
        assert_eq!(paid(pay_date, pay_date), "paid 27 November");
        assert_eq!(paid(pay_date, day("2026-11-25")), "to be paid 27 November");
    }

    #[test]
    fn reasons_are_said_as_people_say_them() {
        let effect = Pence(-6_210);
        for (because, sentence) in [
            (
                Reason::Units {
                    description: "Overtime".into(),
                    unit: Some("hours".into()),
                    by: Decimal(-3_500_000),
                    effect,
                },
                "Overtime is 3.5 hours less: -£62.10",
            ),
            (
                Reason::Units {
                    description: "Shifts".into(),
                    unit: None,
                    by: Decimal(2_000_000),
                    effect: -effect,
                },
                "Shifts is 2 units more: +£62.10",
            ),
            (
                Reason::New(Block::Deduction, "Student loan".into(), effect),
                "New deduction: Student loan: -£62.10",
            ),
            (
                Reason::Amount { block: Block::Deduction, description: "PAYE".into(), effect: -effect },
                "The deduction PAYE is less: +£62.10",
            ),
            (
                Reason::Detail { description: "Tax code".into(), then: "1257L".into(), now: "BR".into() },
                "Tax code changed from 1257L to BR. HM Revenue and Customs decide on it.",
            ),
            (
                Reason::TaxYear(TaxYear(2027)),
                "A new tax year began on 6 April 2026: what is counted since its beginning started again.",
            ),
        ] {
            let (says, effect) = reason(&because);
            assert_eq!(effect.map_or_else(|| says.clone(), |effect| format!("{says} {effect}")), sentence);
        }
    }

    #[test]
    fn only_what_is_there_is_explained() {
        let names = |lines: &[&str]| {
            meanings(lines.iter().copied()).into_iter().map(|(name, _)| name).collect::<Vec<_>>()
        };
        assert_eq!(names(&["Basic Pay", "Sat Enh EN NP"]), ["Basic pay", "Enhancements (EN)", "NP"]);
        assert_eq!(names(&["PAYE", "NI A", "NHS Pension 9.8%"]), ["PAYE", "NI", "NHS pension"]);
        assert_eq!(names(&["Arrs Basic Pay", "R Student Loan"]), ["Basic pay", "Arrs", "R", "Student loan"]);
        // Words within words, and phrases over two lines, are none.
        assert!(names(&["Garden", "Student", "loan fund"]).is_empty());
        assert!(names(&["", "  ", "—"]).is_empty());
        assert_eq!(names(&["Salary Sacrifice Car"]), ["Salary sacrifice"]);
    }
}
