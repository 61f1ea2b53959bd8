//! Dates and times as pages and mails write them.

use jiff::tz::TimeZone;
use store::{Day, Instant};

/// `24 November 2026`.
#[must_use]
pub fn day(day: Day) -> String {
    day.date().strftime("%-d %B %Y").to_string()
}

/// `24 November`: for a date of birth, whose year is not shown.
#[must_use]
pub fn day_and_month(day: Day) -> String {
    day.date().strftime("%-d %B").to_string()
}

/// `14:43`.
#[must_use]
pub fn time(at: Instant, zone: &TimeZone) -> String {
    at.in_zone(zone).strftime("%H:%M").to_string()
}

/// `24 November 2026 at 14:43`.
#[must_use]
pub fn day_and_time(at: Instant, zone: &TimeZone) -> String {
    at.in_zone(zone).strftime("%-d %B %Y at %H:%M").to_string()
}

/// `15 minutes`, `1 hour`, `2 hours 5 minutes`; never less than a minute.
#[must_use]
pub fn minutes(minutes: i64) -> String {
    let minutes = minutes.max(1);
    let part = |number: i64, one: &str| format!("{number} {one}{}", if number == 1 { "" } else { "s" });
    match (minutes / 60, minutes % 60) {
        (0, rest) => part(rest, "minute"),
        (hours, 0) => part(hours, "hour"),
        (hours, rest) => format!("{} {}", part(hours, "hour"), part(rest, "minute")),
    }
}

/// `1 day`, `30 days`.
#[must_use]
pub fn days(days: i64) -> String {
    if days == 1 { "1 day".to_owned() } else { format!("{days} days") }
}

/// `250,000`.
#[must_use]
pub fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use store::{Day, Instant};

    #[test]
    fn as_the_guide_would_write_them() {
        let zone = TimeZone::get("Europe/London").unwrap();
        let summer: Instant = "2026-07-01T13:05:00Z".parse().unwrap();
        assert_eq!(super::day_and_time(summer, &zone), "1 July 2026 at 14:05");
        assert_eq!(super::time(summer, &zone), "14:05");
        let birth = Day::new(1980, 2, 29).unwrap();
        assert_eq!(
            (super::day(birth).as_str(), super::day_and_month(birth).as_str()),
            ("29 February 1980", "29 February")
        );
        for (minutes, words) in
            [(0, "1 minute"), (15, "15 minutes"), (60, "1 hour"), (125, "2 hours 5 minutes")]
        {
            assert_eq!(super::minutes(minutes), words);
        }
        for (number, words) in [(0, "0"), (999, "999"), (1000, "1,000"), (1_250_000, "1,250,000")] {
            assert_eq!(super::number(number), words);
        }
    }
}
