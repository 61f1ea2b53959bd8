//! The calendar of pay.

use payslips::Period;
use store::Day;

/// A month that is paid for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Month {
    pub(super) year: i16,
    pub(super) month: i8,
}

impl Month {
    /// The month whose pay day is the next one. December stays to its end, though it is paid early: a run file may not be dated so far ahead
    /// as February's would be.
    pub(super) fn next_paid(today: Day) -> Self {
        let this = Self { year: today.date().year(), month: today.date().month() };
        if this.pay_date() < today && this.month != 12 { this.minus(-1) } else { this }
    }

    /// So many months earlier.
    pub(super) fn minus(self, months: i16) -> Self {
        let number = self.year * 12 + i16::from(self.month) - 1 - months;
        let month = i8::try_from(number.rem_euclid(12)).unwrap_or_default() + 1;
        Self { year: number.div_euclid(12), month }
    }

    pub(super) fn first(self) -> Day {
        self.day(1)
    }

    pub(super) fn last(self) -> Day {
        self.minus(-1).first().plus_days(-1)
    }

    pub(super) fn period(self) -> Period {
        Period { from: self.first(), to: self.last() }
    }

    /// The 27th, before Christmas the 20th, or the Friday before that.
    pub(super) fn pay_date(self) -> Day {
        let day = self.day(if self.month == 12 { 20 } else { 27 });
        let weekend = i32::from(day.date().weekday().to_monday_one_offset()) - 5;
        day.plus_days(-weekend.max(0))
    }

    /// The year in whose April the tax year of this month's pay day began.
    pub(super) fn tax_year(self) -> i16 {
        if self.month >= 4 { self.year } else { self.year - 1 }
    }

    /// Its number in the tax year: 1 for April.
    pub(super) fn tax_month(self) -> i64 {
        i64::from(self.month - 4).rem_euclid(12) + 1
    }

    /// April of its tax year.
    pub(super) fn april(self) -> Self {
        Self { year: self.tax_year(), month: 4 }
    }

    fn day(self, day: i8) -> Day {
        Day::new(self.year, self.month, day).unwrap_or(Day::from(jiff::civil::Date::constant(2026, 1, 1)))
    }
}

/// `2026-11`.
impl std::fmt::Display for Month {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pay_days_are_working_days_and_tax_years_begin_in_april() {
        let month = |text: &str| {
            let day: Day = format!("{text}-01").parse().unwrap();
            Month { year: day.date().year(), month: day.date().month() }
        };
        for (of, pay_date) in
            [("2026-11", "2026-11-27"), ("2026-12", "2026-12-18"), ("2026-06", "2026-06-26")]
        {
            assert_eq!(month(of).pay_date().to_string(), pay_date);
        }
        assert_eq!(month("2026-01").minus(14), month("2024-11"));
        assert_eq!(month("2026-12").last().to_string(), "2026-12-31");
        assert_eq!((month("2027-03").tax_year(), month("2027-03").tax_month()), (2026, 12));
        assert_eq!((month("2026-04").tax_year(), month("2026-04").tax_month()), (2026, 1));
        let next = |day: &str| Month::next_paid(day.parse().unwrap());
        assert_eq!((next("2026-11-27"), next("2026-11-28")), (month("2026-11"), month("2026-12")));
        assert_eq!((next("2026-12-31"), next("2027-01-01")), (month("2026-12"), month("2027-01")));
    }
}
