use jiff::civil::Date;

use crate::words::{DATE_FORM, NO_SUCH_DAY, YEAR_UNLIKELY};

/// A day as `YYYY-MM-DD` or `DD/MM/YYYY`, from 1900 to 2200.
///
/// # Errors
/// What is wrong with it, in plain words.
pub fn day(text: &str) -> Result<Date, &'static str> {
    let parts = |separator| {
        let mut parts = text.split(separator);
        let three = (parts.next()?, parts.next()?, parts.next()?);
        parts.next().is_none().then_some(three)
    };
    let (year, month, day) = match (parts('-'), parts('/')) {
        (Some((year, month, day)), None) => (year, month, day),
        (None, Some((day, month, year))) => (year, month, day),
        _ => return Err(DATE_FORM),
    };
    let digits = |text: &str, length: std::ops::RangeInclusive<usize>| {
        length.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    if !digits(year, 4..=4) || !digits(month, 1..=2) || !digits(day, 1..=2) {
        return Err(DATE_FORM);
    }
    let year: i16 = year.parse().map_err(|_| DATE_FORM)?;
    let (month, day) = (month.parse().map_err(|_| DATE_FORM)?, day.parse().map_err(|_| DATE_FORM)?);
    if !(1900..=2200).contains(&year) {
        return Err(YEAR_UNLIKELY);
    }
    Date::new(year, month, day).map_err(|_| NO_SUCH_DAY)
}

#[cfg(test)]
mod tests {
    use jiff::ToSpan;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn dates_are_read_in_both_forms() {
        for (text, read) in [
            ("1984-03-17", Ok((1984, 3, 17))),
            ("17/03/1984", Ok((1984, 3, 17))),
            ("7/3/1984", Ok((1984, 3, 7))),
            ("29/02/2000", Ok((2000, 2, 29))),
            ("31/02/1984", Err(NO_SUCH_DAY)),
            ("1985-02-29", Err(NO_SUCH_DAY)),
            ("1984-13-01", Err(NO_SUCH_DAY)),
            ("00/01/1984", Err(NO_SUCH_DAY)),
            ("17/03/84", Err(DATE_FORM)),
            ("17.03.1984", Err(DATE_FORM)),
            ("17 March 1984", Err(DATE_FORM)),
            ("17/03/1984 00:00", Err(DATE_FORM)),
            ("30758", Err(DATE_FORM)),
            ("-1984-03-17", Err(DATE_FORM)),
            ("+984-03-17", Err(DATE_FORM)),
            ("1984-03/17", Err(DATE_FORM)),
            ("0084-03-17", Err(YEAR_UNLIKELY)),
            ("17/03/9999", Err(YEAR_UNLIKELY)),
        ] {
            let read = read.map(|(year, month, day)| Date::new(year, month, day).unwrap());
            assert_eq!(day(text), read, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_day_is_read_back(days in 0i32..100_000) {
            let written = Date::new(1900, 1, 1).unwrap() + days.days();
            prop_assert_eq!(day(&written.to_string()), Ok(written));
            let other_way = written.strftime("%d/%m/%Y").to_string();
            prop_assert_eq!(day(&other_way), Ok(written));
        }

        #[test]
        fn no_text_is_too_much(text in "\\PC{0,40}") {
            let _ = day(&text);
        }
    }
}
