//! Amounts, units and rates as payroll writes them, without a float between.

use super::words;
use crate::{Decimal, Pence, model::MOST_PENCE};

/// So many millionths make a penny.
const PENNY: i128 = 10_000;
/// More digits before the point are no number that anybody means.
const MOST_DIGITS: usize = 18;

/// An amount in pounds as a run file writes it, with two digits after the point at most: `1,234.50`, `£12`, `-1.00`, `1.00-`, `(1.00)`.
///
/// # Errors
/// What is wrong with it, in plain words.
pub fn amount(text: &str) -> Result<Pence, &'static str> {
    let sum = pence_sum(text)?;
    i64::try_from(sum).ok().filter(|sum| sum.abs() <= MOST_PENCE.0).map(Pence).ok_or(words::TOO_LARGE)
}

/// Units or a rate, with six digits after the point at most.
pub(super) fn decimal(text: &str) -> Result<Decimal, &'static str> {
    let sum = millionths(text)?;
    i64::try_from(sum).ok().filter(|sum| sum.abs() <= Decimal::MOST.0).map(Decimal).ok_or(words::TOO_LARGE)
}

/// A sum of amounts, in pence.
pub(super) fn pence_sum(text: &str) -> Result<i128, &'static str> {
    let millionths = millionths(text)?;
    if millionths % PENNY == 0 { Ok(millionths / PENNY) } else { Err(words::NO_WHOLE_PENNIES) }
}

/// A number in millionths: `1234.5`, `1,234.50`, `£12`, `-1.00`, `1.00-`, `(1.00)`.
pub(super) fn millionths(text: &str) -> Result<i128, &'static str> {
    let text = text.trim();
    if let Some(inner) = text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        return unsigned(without_pound(inner.trim()), text).map(|number| -number);
    }
    if let Some(rest) = text.strip_suffix('-') {
        return unsigned(without_pound(rest.trim_end()), text).map(|number| -number);
    }
    // `-£1.00` and `£-1.00`, and the typographer's minus.
    let before = without_pound(text);
    match before.strip_prefix(['-', '\u{2212}']) {
        Some(rest) => unsigned(without_pound(rest), text).map(|number| -number),
        None => unsigned(before, text),
    }
}

fn without_pound(text: &str) -> &str {
    text.strip_prefix('£').map_or(text, str::trim_start)
}

/// Digits, with commas between thousands or none, and up to six behind the point.
fn unsigned(number: &str, text: &str) -> Result<i128, &'static str> {
    let (whole, fraction) = match number.split_once('.') {
        Some((whole, fraction)) if !fraction.is_empty() => (whole, fraction),
        None if !number.is_empty() => (number, ""),
        _ => return Err(why(text)),
    };
    let (mut value, mut digits, mut group, mut commas) = (0_u64, 0, 0, 0);
    for byte in whole.bytes() {
        match byte {
            b'0'..=b'9' => {
                digits += 1;
                group += 1;
                if digits > MOST_DIGITS {
                    return Err(words::TOO_LARGE);
                }
                value = value * 10 + u64::from(byte - b'0');
            }
            b',' if (commas == 0 && (1..=3).contains(&group)) || (commas > 0 && group == 3) => {
                commas += 1;
                group = 0;
            }
            _ => return Err(why(text)),
        }
    }
    if commas > 0 && group != 3 {
        return Err(why(text));
    }
    let (mut parts, mut places) = (0_u64, 0);
    for byte in fraction.bytes() {
        match byte {
            b'0' if places >= 6 => {}
            b'0'..=b'9' if places < 6 => {
                places += 1;
                parts = parts * 10 + u64::from(byte - b'0');
            }
            b'1'..=b'9' => return Err(words::TOO_MANY_PLACES),
            _ => return Err(why(text)),
        }
    }
    for _ in places..6 {
        parts *= 10;
    }
    Ok(i128::from(value) * i128::from(Decimal::ONE) + i128::from(parts))
}

/// Why a text is no number.
fn why(text: &str) -> &'static str {
    let begins = text.starts_with(|c: char| c.is_ascii_digit() || c == '-');
    if text.starts_with('=') {
        words::FORMULA
    } else if begins && ["E+", "E-", "e+", "e-"].iter().any(|power| text.contains(power)) {
        words::SHORTENED
    } else if text.starts_with('#') {
        words::HASHES
    } else {
        words::NUMBER_FORM
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn amounts_are_read_as_payroll_writes_them() {
        for (text, pence_of) in [
            ("0", 0),
            ("1", 100),
            ("1.5", 150),
            (".50", 50),
            ("1234.50", 123_450),
            ("1,234.50", 123_450),
            ("£1,234,567.89", 123_456_789),
            ("-1.00", -100),
            ("(1.00)", -100),
            ("1.00-", -100),
            ("(£1.00)", -100),
            ("-£1.00", -100),
            ("£-1.00", -100),
            ("£1.00-", -100),
            ("\u{2212}1.00", -100),
            ("-0.05", -5),
            ("1.230000", 123),
            ("1.2300000000", 123),
            ("1000000000.00", MOST_PENCE.0),
        ] {
            assert_eq!(amount(text), Ok(Pence(pence_of)), "{text}");
        }
        for (text, reason) in [
            ("1.005", words::NO_WHOLE_PENNIES),
            ("1.0000001", words::TOO_MANY_PLACES),
            ("1000000000.01", words::TOO_LARGE),
            ("9999999999999999999", words::TOO_LARGE),
            ("1E+05", words::SHORTENED),
            ("1.2345E-02", words::SHORTENED),
            ("=SUM(A1:A2)", words::FORMULA),
            ("#####", words::HASHES),
            ("", words::NUMBER_FORM),
            (".", words::NUMBER_FORM),
            ("5.", words::NUMBER_FORM),
            ("1,23", words::NUMBER_FORM),
            ("1.234,56", words::NUMBER_FORM),
            ("1234,567.00", words::NUMBER_FORM),
            (",123", words::NUMBER_FORM),
            ("1,234,56.00", words::NUMBER_FORM),
            ("(-1.00)", words::NUMBER_FORM),
            ("-1.00-", words::NUMBER_FORM),
            ("--1", words::NUMBER_FORM),
            ("1.0.0", words::NUMBER_FORM),
            ("$1", words::NUMBER_FORM),
            ("1 234", words::NUMBER_FORM),
            ("one", words::NUMBER_FORM),
            ("١٢", words::NUMBER_FORM),
        ] {
            assert_eq!(amount(text), Err(reason), "{text}");
        }
        assert_eq!(decimal("12.3833"), Ok(Decimal(12_383_300)));
        assert_eq!(decimal("37.5"), Ok(Decimal(37_500_000)));
        assert_eq!(decimal("1000000000.000001"), Err(words::TOO_LARGE));
    }

    proptest! {
        #[test]
        fn what_is_shown_is_read_back(pence in -MOST_PENCE.0..=MOST_PENCE.0, parts in -Decimal::MOST.0..=Decimal::MOST.0) {
            prop_assert_eq!(amount(&Pence(pence).to_string()), Ok(Pence(pence)));
            prop_assert_eq!(decimal(&Decimal(parts).to_string()), Ok(Decimal(parts)));
        }

        #[test]
        fn no_text_is_too_much(text in "[-0-9.,()£E+= \u{2212}x]{0,30}") {
            let _ = (amount(&text), decimal(&text));
        }
    }
}
