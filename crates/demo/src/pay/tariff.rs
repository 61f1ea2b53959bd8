//! What the demo pays by. All of it is made up, though it looks like the NHS's scales and like the tax of some year: it makes payslips
//! that add up and tell a story, and stands nowhere but here. The portal itself computes no pay and knows no such rates.

use payslips::{Decimal, Pence};

/// What a post pays.
#[derive(Clone, Copy, Debug)]
pub(super) struct Post {
    pub(super) position: &'static str,
    pub(super) band: &'static str,
    /// In [`BASE_YEAR`], for [`WHOLE_TIME`] hours a week.
    annual: Pence,
    /// Whether nights and weekends are worked.
    pub(super) shifts: bool,
}

const fn post(position: &'static str, band: &'static str, pounds: i64, shifts: bool) -> Post {
    Post { position, band, annual: Pence(pounds * 100), shifts }
}

/// From the smallest to the largest; the first is for whoever has another post.
const POSTS: [Post; 15] = [
    post("Porter", "Band 2", 24_470, true),
    post("Domestic Assistant", "Band 2", 24_470, true),
    post("Ward Clerk", "Band 2", 24_470, false),
    post("Healthcare Assistant", "Band 3", 25_760, true),
    post("Service Desk Analyst", "Band 4", 28_390, false),
    post("Pharmacy Technician", "Band 4", 29_110, false),
    post("Payroll Officer", "Band 4", 30_160, false),
    post("Staff Nurse", "Band 5", 34_580, true),
    post("HR Adviser", "Band 6", 38_690, false),
    post("Dietitian", "Band 6", 39_960, false),
    post("Physiotherapist", "Band 6", 40_820, false),
    post("Occupational Therapist", "Band 6", 41_430, false),
    post("Radiographer", "Band 6", 43_510, true),
    post("HR Manager", "Band 7", 50_280, false),
    post("Consultant", "Consultant", 109_730, false),
];

/// The post of this name.
pub(super) fn post_of(position: &str) -> &'static Post {
    POSTS.iter().find(|post| post.position == position).unwrap_or(&POSTS[0])
}

/// The year whose April brought the salaries of [`POSTS`].
const BASE_YEAR: i16 = 2025;
/// Each April brings so much more, in thousandths.
const RISE: i64 = 33;
/// A rise is agreed so late that it is first paid in this month, with the arrears since April.
pub(super) const RISE_PAID: i8 = 8;
/// A week's hours of a whole-time post, in hundredths.
pub(super) const WHOLE_TIME: i64 = 3750;

impl Post {
    /// A whole-time year at the rate that an April brought.
    pub(super) fn annual(&self, april: i16) -> Pence {
        let rises = (BASE_YEAR..april).len();
        Pence((0..rises).fold(self.annual.0, |annual, _| annual * (1000 + RISE) / 100_000 * 100))
    }
}

/// An hour's rate of a whole-time year, to four digits after the point.
pub(super) fn hourly(annual: Pence, hundredths: i64) -> Decimal {
    // 52.143 weeks of 37.5 hours are 1955.36 hours. Pounds in ten thousandths.
    let rate = rounded(annual.0 * 100 * 100 * hundredths / 100, 195_536);
    Decimal(rate * 100)
}

/// `number / by`, to the nearest, halves up.
pub(super) fn rounded(number: i64, by: i64) -> i64 {
    (number * 2 + by).div_euclid(by * 2)
}

/// Units times rate.
pub(super) fn times(units: Decimal, rate: Decimal) -> Pence {
    const PENNY: i128 = 10_000_000_000;
    let exact = i128::from(units.0) * i128::from(rate.0);
    Pence(i64::try_from((exact + PENNY / 2).div_euclid(PENNY)).unwrap_or_default())
}

/// The share of pensionable pay that somebody with such a year gives, in thousandths.
pub(super) fn pension_rate(annual: Pence) -> i64 {
    let tiers = [(13_259, 52), (27_288, 65), (33_247, 83), (49_913, 98), (63_994, 107)];
    tiers.iter().find(|(most, _)| annual.0 <= most * 100).map_or(125, |(_, rate)| *rate)
}

/// The share that the employer adds, in thousandths.
pub(super) const EMPLOYERS_PENSION: i64 = 237;

/// National Insurance of a month.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Insurance {
    pub(super) employee: Pence,
    pub(super) employer: Pence,
    pub(super) at_lower_limit: Pence,
    pub(super) to_primary_threshold: Pence,
    pub(super) to_upper_limit: Pence,
}

/// National Insurance of a month's pay, by the demo's letter A.
pub(super) fn insurance(pay: Pence) -> Insurance {
    const LOWER: i64 = 54_200;
    const PRIMARY: i64 = 104_800;
    const UPPER: i64 = 418_900;
    const SECONDARY: i64 = 41_700;
    let between = |from: i64, to: i64| (pay.0.min(to) - from).max(0);
    let main = between(PRIMARY, UPPER);
    Insurance {
        employee: Pence(rounded(main * 8 + between(UPPER, i64::MAX) * 2, 100)),
        employer: Pence(rounded(between(SECONDARY, i64::MAX) * 15, 100)),
        at_lower_limit: Pence(if pay.0 >= LOWER { LOWER } else { 0 }),
        to_primary_threshold: Pence(between(LOWER, PRIMARY)),
        to_upper_limit: Pence(main),
    }
}

/// How tax is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TaxCode {
    /// With an allowance of ten pounds times this, over the year.
    Allowance(i64),
    /// The same, each month by itself.
    MonthOne(i64),
    /// All of it at the basic rate: a second post.
    Basic,
}

impl TaxCode {
    pub(super) fn text(self) -> String {
        match self {
            Self::Allowance(number) => format!("{number}L"),
            Self::MonthOne(number) => format!("{number}L M1"),
            Self::Basic => "BR".to_owned(),
        }
    }

    /// This month's tax, where so much was earned and paid before in the tax year, of which this is the month so numbered.
    pub(super) fn tax(self, pay: Pence, before: Pence, paid: Pence, month: i64) -> Pence {
        match self {
            Self::Allowance(number) => taxed(pay + before, number, month) - paid,
            Self::MonthOne(number) => taxed(pay, number, 1),
            Self::Basic => Pence(pay.0.max(0) / 100 * 20),
        }
    }
}

/// The tax on the pay of so many months.
fn taxed(pay: Pence, number: i64, months: i64) -> Pence {
    let free = (number * 10 + 9) * 100 * months / 12;
    let pounds = (pay.0 - free).max(0) / 100;
    let (higher, additional) = (37_700 * months / 12, 125_140 * months / 12);
    let between = |from: i64, to: i64| (pounds.min(to) - from).max(0);
    Pence(between(0, higher) * 20 + between(higher, additional) * 40 + between(additional, i64::MAX) * 45)
}

/// What a student loan takes of a month's pay, in whole pounds.
pub(super) fn student_loan(pay: Pence) -> Pence {
    const THRESHOLD: i64 = 237_250;
    Pence((pay.0 - THRESHOLD).max(0) * 9 / 100 / 100 * 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tariff_gives_believable_figures() {
        let nurse = post_of("Staff Nurse");
        assert_eq!(nurse.annual(2025), Pence(3_458_000));
        assert_eq!(nurse.annual(2026), Pence(3_572_100));
        assert_eq!(hourly(nurse.annual(2025), 100).to_string(), "17.6847");
        assert_eq!(pension_rate(nurse.annual(2025)), 98);
        // A month of 2,881.67 with 1257L: 1,833.66 over, less the pension or not.
        assert_eq!(TaxCode::Allowance(1257).tax(Pence(288_167), Pence(0), Pence(0), 1), Pence(36_660));
        assert_eq!(insurance(Pence(288_167)).employee, Pence(14_669));
        assert_eq!(TaxCode::Basic.tax(Pence(28_167), Pence(0), Pence(0), 1), Pence(5_620));
        assert_eq!(student_loan(Pence(288_167)), Pence(4_500));
        // Less pay than before: some of the tax comes back.
        let before = (Pence(500_000), Pence(79_040));
        assert!(TaxCode::Allowance(1257).tax(Pence(0), before.0, before.1, 2) < Pence(0));
    }
}
