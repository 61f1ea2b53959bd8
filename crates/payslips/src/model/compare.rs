//! Two payslips line by line, and what explains the difference in net pay.

use super::{Decimal, Line, Payslip, Pence, TaxYear};

/// Where a line stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Block {
    /// Adds to the net pay.
    Payment,
    /// Takes from it.
    Deduction,
}

/// One description on either payslip. Several lines of one description are one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compared {
    /// Where it stands.
    pub block: Block,
    /// What it is.
    pub description: String,
    /// On the earlier payslip, if it is there.
    pub then: Option<Total>,
    /// On the later one, if it is there.
    pub now: Option<Total>,
}

/// The lines of one description together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Total {
    /// How much.
    pub amount: Pence,
    /// How many units, where each line says so.
    pub units: Option<Decimal>,
    /// What a unit is, where all lines have the same.
    pub unit: Option<String>,
    /// The rate, where all lines have the same.
    pub rate: Option<Decimal>,
}

/// What explains a part of the difference. An effect is what it does to the net pay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The later payslip is the first of another tax year.
    TaxYear(TaxYear),
    /// They are for periods of another length.
    Frequency,
    /// Something that decides on pay reads otherwise: the tax code, the pension rate.
    Detail {
        /// What it is.
        description: String,
        /// What the earlier payslip says.
        then: String,
        /// What the later one says.
        now: String,
    },
    /// A line that was not there before.
    New(Block, String, Pence),
    /// A line that is not there any more.
    Gone(Block, String, Pence),
    /// More or fewer units at the same rate.
    Units {
        /// The line.
        description: String,
        /// What a unit is.
        unit: Option<String>,
        /// How many more; negative for fewer.
        by: Decimal,
        /// The effect.
        effect: Pence,
    },
    /// Another rate for as many units.
    Rate {
        /// The line.
        description: String,
        /// The rate before.
        then: Decimal,
        /// The rate now.
        now: Decimal,
        /// The effect.
        effect: Pence,
    },
    /// More or less of it.
    Amount {
        /// Where the line stands.
        block: Block,
        /// The line.
        description: String,
        /// The effect.
        effect: Pence,
    },
    /// All smaller differences together.
    Others {
        /// How many lines.
        lines: usize,
        /// The effect.
        effect: Pence,
    },
}

/// Two payslips of one person beside each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// How much more the later one pays; negative for less.
    pub net: Pence,
    /// The lines that differ, the largest difference first.
    pub changed: Vec<Compared>,
    /// Those that do not, in the order of the later payslip.
    pub same: Vec<Compared>,
    /// What explains it: what has no amount first, then by size.
    pub reasons: Vec<Reason>,
}

/// So many lines are explained one by one.
const MOST_EXPLAINED: usize = 8;

/// What decides on pay and reads the same every month, as details begin.
const DECIDES: [&str; 12] = [
    "tax code",
    "ni letter",
    "ni category",
    "pension rate",
    "pension tier",
    "standard hours",
    "contracted hours",
    "payscale",
    "pay scale",
    "pay band",
    "sal/wage",
    "pt sal/wage",
];

impl Compared {
    /// How much more it is on the later payslip.
    #[must_use]
    pub fn difference(&self) -> Pence {
        let amount = |total: &Option<Total>| total.as_ref().map_or(Pence(0), |total| total.amount);
        amount(&self.now) - amount(&self.then)
    }

    /// What that does to the net pay.
    #[must_use]
    pub fn effect(&self) -> Pence {
        match self.block {
            Block::Payment => self.difference(),
            Block::Deduction => -self.difference(),
        }
    }

    fn is_same(&self) -> bool {
        self.difference() == Pence(0) && self.then.is_some() == self.now.is_some()
    }

    fn reason(&self) -> Reason {
        let (block, description, effect) = (self.block, self.description.clone(), self.effect());
        let (then, now) = match (&self.then, &self.now) {
            (Some(then), Some(now)) => (then, now),
            (None, _) => return Reason::New(block, description, effect),
            (_, None) => return Reason::Gone(block, description, effect),
        };
        let units = then.units.zip(now.units).filter(|_| then.unit == now.unit);
        match (units, then.rate.zip(now.rate)) {
            (Some((before, after)), rates)
                if block == Block::Payment
                    && before != after
                    && rates.is_none_or(|(then, now)| then == now) =>
            {
                let by = Decimal(after.0 - before.0);
                Reason::Units { description, unit: now.unit.clone(), by, effect }
            }
            (units, Some((then, now)))
                if block == Block::Payment
                    && then != now
                    && units.is_none_or(|(before, after)| before == after) =>
            {
                Reason::Rate { description, then, now, effect }
            }
            _ => Reason::Amount { block, description, effect },
        }
    }
}

/// Holds the later payslip against the earlier one.
#[must_use]
pub fn compare(then: &Payslip, now: &Payslip) -> Comparison {
    let mut lines = joined(Block::Payment, &then.payments, &now.payments);
    lines.extend(joined(Block::Deduction, &then.deductions, &now.deductions));
    let (same, mut changed): (Vec<_>, Vec<_>) = lines.into_iter().partition(Compared::is_same);
    changed.sort_by_key(|line| std::cmp::Reverse(line.difference().0.unsigned_abs()));
    let mut reasons = without_amount(then, now);
    // Of one line too many, two would be left together.
    let most = if changed.len() == MOST_EXPLAINED + 1 { MOST_EXPLAINED + 1 } else { MOST_EXPLAINED };
    reasons.extend(changed.iter().take(most).map(Compared::reason));
    let rest = changed.iter().skip(most);
    if rest.len() > 0 {
        reasons.push(Reason::Others { lines: rest.len(), effect: rest.map(Compared::effect).sum() });
    }
    Comparison { net: now.net - then.net, changed, same, reasons }
}

fn without_amount(then: &Payslip, now: &Payslip) -> Vec<Reason> {
    let mut reasons = Vec::new();
    let year = TaxYear::of(now.pay_date);
    if year > TaxYear::of(then.pay_date) {
        reasons.push(Reason::TaxYear(year));
    }
    if then.frequency != now.frequency {
        reasons.push(Reason::Frequency);
    }
    for detail in &now.details {
        let word = key(&detail.description);
        if !DECIDES.iter().any(|begins| word.starts_with(begins)) {
            continue;
        }
        let before = then.details.iter().find(|before| key(&before.description) == word);
        if let Some(before) = before.filter(|before| before.text != detail.text) {
            reasons.push(Reason::Detail {
                description: detail.description.clone(),
                then: before.text.clone(),
                now: detail.text.clone(),
            });
        }
    }
    reasons
}

/// Descriptions are the same whatever their case and white space.
fn key(description: &str) -> String {
    description.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// The lines of both by description: those of the later payslip in its order, then those that are gone.
fn joined(block: Block, then: &[Line], now: &[Line]) -> Vec<Compared> {
    let mut all: Vec<(String, Compared)> = Vec::new();
    for (lines, is_now) in [(now, true), (then, false)] {
        for line in lines {
            let word = key(&line.description);
            let at = all.iter().position(|(other, _)| *other == word).unwrap_or_else(|| {
                let description = line.description.clone();
                all.push((word, Compared { block, description, then: None, now: None }));
                all.len() - 1
            });
            let side = if is_now { &mut all[at].1.now } else { &mut all[at].1.then };
            *side = Some(match side.take() {
                None => {
                    Total { amount: line.amount, units: line.units, unit: line.unit.clone(), rate: line.rate }
                }
                Some(total) => total.and(line),
            });
        }
    }
    all.into_iter().map(|(_, compared)| compared).collect()
}

impl Total {
    fn and(self, line: &Line) -> Self {
        let units = self.units.zip(line.units).filter(|_| self.unit == line.unit);
        Self {
            amount: self.amount + line.amount,
            units: units.map(|(one, other)| Decimal(one.0 + other.0)),
            rate: self.rate.filter(|rate| line.rate == Some(*rate)),
            unit: self.unit.filter(|unit| line.unit.as_ref() == Some(unit)),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use store::Day;

    use super::*;
    use crate::{Detail, Frequency, Heading, Period};

    fn line(description: &str, units: Option<i64>, rate: Option<i64>, pence: i64) -> Line {
        let (units, rate) =
            (units.map(|units| Decimal(units * 10_000)), rate.map(|rate| Decimal(rate * 10_000)));
        let unit = units.map(|_| "hours".to_owned());
        Line { description: description.into(), units, unit, rate, amount: Pence(pence) }
    }

    fn payslip(payments: Vec<Line>, deductions: Vec<Line>) -> Payslip {
        let day = |day| Day::new(2026, 11, day).unwrap();
        let gross: Pence = payments.iter().map(|line| line.amount).sum();
        let total_deductions: Pence = deductions.iter().map(|line| line.amount).sum();
        Payslip {
            heading: Heading {
                employer: "Northmoor Hospitals Trust".into(),
                name: "Mrs Helen O'Wsea".into(),
                employee_number: "10001".into(),
                assignment_number: "10001".into(),
                position: None,
                department: None,
                location: None,
            },
            frequency: Frequency::Month,
            period: Period { from: day(1), to: day(30) },
            pay_date: day(27),
            details: vec![Detail { description: "Tax code".into(), text: "1257L".into() }],
            payments,
            deductions,
            employer: Vec::new(),
            this_period: Vec::new(),
            year_to_date: Vec::new(),
            gross,
            total_deductions,
            net: gross - total_deductions,
            net_parts: Vec::new(),
            messages: Vec::new(),
        }
    }

    #[test]
    fn each_kind_of_difference_has_its_reason() {
        let overtime = |units, rate, pence| line("Overtime", Some(units), Some(rate), pence);
        let table = [
            (
                vec![overtime(1000, 1774, 17_740)],
                vec![overtime(650, 1774, 11_531)],
                vec![],
                vec![],
                Reason::Units {
                    description: "Overtime".into(),
                    unit: Some("hours".into()),
                    by: Decimal(-3_500_000),
                    effect: Pence(-6_209),
                },
            ),
            (
                vec![overtime(1000, 1774, 17_740)],
                vec![overtime(1000, 1800, 18_000)],
                vec![],
                vec![],
                Reason::Rate {
                    description: "Overtime".into(),
                    then: Decimal(17_740_000),
                    now: Decimal(18_000_000),
                    effect: Pence(260),
                },
            ),
            (
                vec![overtime(1000, 1774, 17_740)],
                vec![overtime(500, 1800, 9_000)],
                vec![],
                vec![],
                Reason::Amount {
                    block: Block::Payment,
                    description: "Overtime".into(),
                    effect: Pence(-8_740),
                },
            ),
            (
                vec![],
                vec![overtime(500, 1800, 9_000)],
                vec![],
                vec![],
                Reason::New(Block::Payment, "Overtime".into(), Pence(9_000)),
            ),
            (
                vec![overtime(500, 1800, 9_000)],
                vec![],
                vec![],
                vec![],
                Reason::Gone(Block::Payment, "Overtime".into(), Pence(-9_000)),
            ),
            (
                vec![],
                vec![],
                vec![],
                vec![line("Student loan", None, None, 4_500)],
                Reason::New(Block::Deduction, "Student loan".into(), Pence(-4_500)),
            ),
            (
                vec![],
                vec![],
                vec![line("Student loan", None, None, 4_500)],
                vec![],
                Reason::Gone(Block::Deduction, "Student loan".into(), Pence(4_500)),
            ),
            (
                vec![],
                vec![],
                vec![line("PAYE", None, None, 30_000)],
                vec![line("paye ", None, None, 32_000)],
                Reason::Amount {
                    block: Block::Deduction,
                    description: "paye ".into(),
                    effect: Pence(-2_000),
                },
            ),
        ];
        for (paid_then, paid_now, taken_then, taken_now, reason) in table {
            let compared = compare(&payslip(paid_then, taken_then), &payslip(paid_now, taken_now));
            assert_eq!(compared.reasons, [reason]);
        }
    }

    #[test]
    fn what_decides_on_pay_stands_first() {
        let then = payslip(vec![line("Basic Pay", None, None, 250_000)], vec![]);
        let mut now = payslip(vec![line("Basic Pay", None, None, 260_000)], vec![]);
        now.details = vec![
            Detail { description: "Tax period".into(), text: "1".into() },
            Detail { description: "Tax Code".into(), text: "BR".into() },
        ];
        now.pay_date = Day::new(2027, 4, 28).unwrap();
        now.frequency = Frequency::FourWeeks;
        let reasons = compare(&then, &now).reasons;
        assert_eq!(reasons[0], Reason::TaxYear(TaxYear(2028)));
        assert_eq!(reasons[1], Reason::Frequency);
        let code = Reason::Detail { description: "Tax Code".into(), then: "1257L".into(), now: "BR".into() };
        assert_eq!(reasons[2], code);
        assert_eq!(reasons.len(), 4);
    }

    #[test]
    fn lines_of_one_description_are_one_and_the_same_ones_stand_apart() {
        let then = payslip(
            vec![
                line("Basic Pay", None, None, 200_000),
                line("Sat Enh EN", Some(400), Some(500), 2_000),
                line("Sat Enh EN", Some(300), Some(500), 1_500),
            ],
            vec![],
        );
        let now = payslip(
            vec![line("Basic Pay", None, None, 200_000), line("Sat Enh EN", Some(800), Some(500), 4_000)],
            vec![],
        );
        let compared = compare(&then, &now);
        assert_eq!(compared.same.len(), 1);
        assert_eq!(compared.changed.len(), 1);
        assert_eq!(compared.changed[0].then.as_ref().unwrap().units, Some(Decimal(7_000_000)));
        let by = Decimal(1_000_000);
        let unit = Some("hours".to_owned());
        let reason = Reason::Units { description: "Sat Enh EN".into(), unit, by, effect: Pence(500) };
        assert_eq!(compared.reasons, [reason]);
    }

    fn some_lines() -> impl Strategy<Value = Vec<Line>> {
        let one = (
            "[A-Da-d]{1}",
            proptest::option::of(0_i64..9_999),
            proptest::option::of(0_i64..9_999),
            -90_000_i64..90_000,
        );
        proptest::collection::vec(
            one.prop_map(|(name, units, rate, pence)| line(&name, units, rate, pence)),
            0..24,
        )
    }

    proptest! {
        #[test]
        fn the_effects_sum_to_the_difference(
            one in some_lines(), two in some_lines(), three in some_lines(), four in some_lines()
        ) {
            let compared = compare(&payslip(one, two), &payslip(three, four));
            let effects: Pence = compared
                .reasons
                .iter()
                .map(|reason| match reason {
                    Reason::New(_, _, effect)
                    | Reason::Gone(_, _, effect)
                    | Reason::Units { effect, .. }
                    | Reason::Rate { effect, .. }
                    | Reason::Amount { effect, .. }
                    | Reason::Others { effect, .. } => *effect,
                    Reason::TaxYear(_) | Reason::Frequency | Reason::Detail { .. } => Pence(0),
                })
                .sum();
            prop_assert_eq!(effects, compared.net);
        }
    }
}
