use std::{
    fmt,
    iter::Sum,
    ops::{Add, Neg, Sub},
};

use serde::{Deserialize, Serialize};

/// Money, in whole pence; negative where it is taken back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Pence(pub i64);

/// Far more than anybody's pay: a larger amount is refused when a file is read, so that sums of them cannot overflow.
pub(crate) const MOST_PENCE: Pence = Pence(100_000_000_000);

impl Add for Pence {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl Sub for Pence {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl Neg for Pence {
    type Output = Self;

    fn neg(self) -> Self {
        Self(-self.0)
    }
}

impl Sum for Pence {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self(0), Add::add)
    }
}

/// `1,234.50`, `-0.05`: as pages and documents show it, without a currency sign.
impl fmt::Display for Pence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pounds = web::format::number(self.0.unsigned_abs() / 100);
        let sign = if self.0 < 0 { "-" } else { "" };
        write!(f, "{sign}{pounds}.{:02}", self.0.unsigned_abs() % 100)
    }
}

/// Units or a rate: a decimal number in millionths, so exact to six digits after the point.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Decimal(pub i64);

impl Decimal {
    /// So many of its parts make one.
    pub const ONE: i64 = 1_000_000;
    /// The largest that is read from a file.
    pub const MOST: Self = Self(1_000_000_000 * Self::ONE);

    /// How far `units × rate` is from `amount`, in millionths of a millionth of a pound; exact.
    #[must_use]
    pub fn times_less(self, rate: Self, amount: Pence) -> i128 {
        i128::from(self.0) * i128::from(rate.0) - i128::from(amount.0) * PENNY
    }
}

/// A penny in millionths of a millionth of a pound.
pub(crate) const PENNY: i128 = 10_000_000_000;

/// `37.50`, `12.3833`: two digits after the point, and more where there are more.
impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = web::format::number(self.0.unsigned_abs() / Self::ONE.unsigned_abs());
        let digits = format!("{:06}", self.0.unsigned_abs() % Self::ONE.unsigned_abs());
        let more = digits[2..].trim_end_matches('0');
        let sign = if self.0 < 0 { "-" } else { "" };
        write!(f, "{sign}{whole}.{}{more}", &digits[..2])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_shown_with_two_digits_and_rates_with_as_many_as_they_have() {
        for (pence, shown) in
            [(0, "0.00"), (5, "0.05"), (-5, "-0.05"), (123_450, "1,234.50"), (-100_000_001, "-1,000,000.01")]
        {
            assert_eq!(Pence(pence).to_string(), shown);
        }
        for (parts, shown) in [
            (0, "0.00"),
            (37_500_000, "37.50"),
            (12_383_300, "12.3833"),
            (-1, "-0.000001"),
            (1_000_000_000_000, "1,000,000.00"),
        ] {
            assert_eq!(Decimal(parts).to_string(), shown);
        }
    }

    #[test]
    fn a_published_payslip_whose_line_is_wrong() {
        // 3.35 × 14.70 is 49.245; the slip said 50.72.
        let off = Decimal(3_350_000).times_less(Decimal(14_700_000), Pence(5072));
        assert_eq!(off, -1_475 * PENNY / 10);
    }
}
