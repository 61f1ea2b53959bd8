//! When a run is to be published, as it is typed.

use jiff::{civil::Time, tz::TimeZone};
use store::{Day, Instant};
use web::{
    FieldErrors, Form,
    ui::{DateInput, Radios, TextInput, Width},
};

use super::words;

/// What was typed: `now`, or `at` with a day and a time.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct When<'f> {
    choice: &'f str,
    day: [&'f str; 3],
    time: &'f str,
}

impl<'f> When<'f> {
    pub(super) fn typed(form: &'f Form) -> Self {
        Self {
            choice: form.get("when"),
            day: ["day", "month", "year"].map(|part| form.get(part)),
            time: form.get("time"),
        }
    }

    /// The time that is set, `None` for at once.
    pub(super) fn read(&self, now: Instant, zone: &TimeZone) -> Result<Option<Instant>, FieldErrors> {
        match self.choice {
            "now" => return Ok(None),
            "at" => {}
            _ => return Err(FieldErrors::one("when", words::CHOOSE_WHEN)),
        }
        let mut errors = FieldErrors::none();
        let day = self.day();
        if day.is_none() {
            errors.add("day-day", words::DAY_FORM);
        }
        let time = time(self.time);
        if time.is_none() {
            errors.add("time", words::TIME_FORM);
        }
        let (Some(day), Some(time)) = (day, time) else { return Err(errors) };
        let at = day.date().to_datetime(time).to_zoned(zone.clone()).ok();
        let at = at.map(|at| Instant::from_microseconds(at.timestamp().as_microsecond()));
        match at.filter(|at| *at > now) {
            Some(at) => Ok(Some(at)),
            None => Err(FieldErrors::one("day-day", words::TIME_PAST)),
        }
    }

    fn day(&self) -> Option<Day> {
        let [day, month, year] = self.day.map(str::trim);
        Day::new(year.parse().ok().filter(|year| *year < 9000)?, month.parse().ok()?, day.parse().ok()?)
    }

    /// The fields, with what was typed and what is wrong with it.
    pub(super) fn fields(&self, errors: &FieldErrors, zone: &TimeZone) -> (Radios, DateInput, TextInput) {
        let place = zone.iana_name().unwrap_or("UTC").to_owned();
        let [day, month, year] = self.day;
        let when = Radios::new("when", "When is it to be published?*")
            .item("now", "At once")
            .item("at", "At the day and time below")
            .value(self.choice)
            .error(errors.at("when"));
        let day = DateInput::new("day", "Day")
            .hint("Only if it is not to be at once. It can be called off until then.")
            .value(day, month, year)
            .error(errors.at("day-day"));
        let time = TextInput::new("time", "Time")
            .hint(format!("Such as 07:00, in the time of {place}"))
            .value(self.time)
            .error(errors.at("time"))
            .autocomplete("off")
            .width(Width::W5);
        (when, day, time)
    }
}

/// `7:00`, `07:00`, `0700`, `7.30`.
fn time(typed: &str) -> Option<Time> {
    let digits: String = typed.trim().chars().filter(|c| !matches!(c, ':' | '.')).collect();
    if !(3..=4).contains(&digits.len()) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (hour, minute) = digits.split_at(digits.len() - 2);
    Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(choice: &str, day: [&str; 3], time: &str) -> Result<Option<String>, FieldErrors> {
        let zone = TimeZone::get("Europe/London").unwrap();
        let at = When { choice, day, time }.read("2026-11-24T09:00:00Z".parse().unwrap(), &zone)?;
        Ok(at.map(|at| at.in_zone(&TimeZone::UTC).strftime("%F %H:%M").to_string()))
    }

    #[test]
    fn a_day_and_time_are_those_of_the_employer_and_not_over() {
        let day = ["27", "11", "2026"];
        assert_eq!(read("now", ["x", "", ""], "x"), Ok(None));
        for typed in ["07:00", "7:00", " 0700 ", "7.00"] {
            assert_eq!(read("at", day, typed), Ok(Some("2026-11-27 07:00".into())), "{typed}");
        }
        // In summer, London is an hour ahead.
        assert_eq!(read("at", ["1", "6", "2027"], "07:00"), Ok(Some("2027-06-01 06:00".into())));
        for (choice, day, time, field) in [
            ("", day, "07:00", "when"),
            ("later", day, "07:00", "when"),
            ("at", ["31", "11", "2026"], "07:00", "day-day"),
            ("at", ["27", "11", "20260"], "07:00", "day-day"),
            ("at", ["", "", ""], "07:00", "day-day"),
            ("at", day, "", "time"),
            ("at", day, "24:00", "time"),
            ("at", day, "7", "time"),
            ("at", day, "+7:00", "time"),
            ("at", ["24", "11", "2026"], "09:00", "day-day"),
        ] {
            let errors = read(choice, day, time).unwrap_err();
            assert!(errors.at(field).is_some(), "{choice} {day:?} {time}: {errors:?}");
        }
    }
}
