use std::fmt;

use store::Day;

/// A tax year, by the year in which it ends: it begins on 6 April of the year before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaxYear(pub i16);

impl TaxYear {
    /// The one that a day lies in.
    #[must_use]
    pub fn of(day: Day) -> Self {
        let date = day.date();
        Self(date.year() + i16::from((date.month(), date.day()) >= (4, 6)))
    }
}

/// `2026-27`.
impl fmt::Display for TaxYear {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{:02}", self.0 - 1, self.0.rem_euclid(100))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_begins_on_the_sixth_of_april() {
        for ((year, month, day), shown) in [
            ((2026, 4, 5), "2025-26"),
            ((2026, 4, 6), "2026-27"),
            ((2026, 11, 27), "2026-27"),
            ((2027, 1, 31), "2026-27"),
            ((2000, 3, 1), "1999-00"),
        ] {
            let day = Day::new(year, month, day).unwrap();
            assert_eq!(TaxYear::of(day).to_string(), shown);
        }
    }
}
