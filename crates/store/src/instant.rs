use std::{fmt, str::FromStr};

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use sqlx::{
    Database, Decode, Encode, Postgres, Sqlite, Type, encode::IsNull, error::BoxDynError,
    postgres::PgTypeInfo, sqlite::SqliteTypeInfo,
};

use crate::Day;

/// A point in time, in UTC and whole microseconds.
///
/// On SQLite it is text that always has six digits and a `Z`, so that the order of the text is the order of time;
/// on PostgreSQL it is `TIMESTAMPTZ`, which keeps microseconds too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(from = "Timestamp", into = "Timestamp")]
pub struct Instant(Timestamp);

impl Instant {
    /// From microseconds since 1970.
    ///
    /// # Panics
    /// Outside the years -9999 to 9999.
    #[must_use]
    pub fn from_microseconds(microseconds: i64) -> Self {
        Self(Timestamp::from_microsecond(microseconds).expect("a time within the calendar"))
    }

    /// The same of a number that somebody else has written: none before 1970 or beyond the calendar.
    #[must_use]
    pub fn of_microseconds(microseconds: i64) -> Option<Self> {
        Timestamp::from_microsecond(microseconds).ok().filter(|at| at.as_second() >= 0).map(Self)
    }

    /// Microseconds since 1970.
    #[must_use]
    pub fn microseconds(self) -> i64 {
        self.0.as_microsecond()
    }

    /// Milliseconds since 1970.
    #[must_use]
    pub fn milliseconds(self) -> i64 {
        self.0.as_millisecond()
    }

    /// Later by whole seconds (earlier where negative).
    #[must_use]
    pub fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0 + SignedDuration::from_secs(seconds))
    }

    /// Later by whole minutes (earlier where negative).
    #[must_use]
    pub fn plus_minutes(self, minutes: i64) -> Self {
        self.plus_seconds(minutes * 60)
    }

    /// Whole seconds from `earlier` until this, negative where it is later.
    #[must_use]
    pub fn seconds_since(self, earlier: Instant) -> i64 {
        self.0.duration_since(earlier.0).as_secs()
    }

    /// The calendar day that this falls on in `zone`.
    #[must_use]
    pub fn day_in(self, zone: &TimeZone) -> Day {
        Day::from(self.0.to_zoned(zone.clone()).date())
    }

    /// As a date and wall-clock time in `zone`.
    #[must_use]
    pub fn in_zone(self, zone: &TimeZone) -> jiff::Zoned {
        self.0.to_zoned(zone.clone())
    }
}

impl From<Timestamp> for Instant {
    fn from(at: Timestamp) -> Self {
        Self::from_microseconds(at.as_microsecond())
    }
}

impl From<Instant> for Timestamp {
    fn from(at: Instant) -> Self {
        at.0
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.strftime("%Y-%m-%dT%H:%M:%S%.6fZ"))
    }
}

impl FromStr for Instant {
    type Err = jiff::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse::<Timestamp>().map(Self::from)
    }
}

impl Type<Sqlite> for Instant {
    fn type_info() -> SqliteTypeInfo {
        <String as Type<Sqlite>>::type_info()
    }

    fn compatible(_: &SqliteTypeInfo) -> bool {
        true // the declared type of a column is free text on SQLite; a value that is no time fails to decode
    }
}

impl Encode<'_, Sqlite> for Instant {
    fn encode_by_ref(
        &self,
        buffer: &mut <Sqlite as Database>::ArgumentBuffer,
    ) -> Result<IsNull, BoxDynError> {
        Encode::<Sqlite>::encode(self.to_string(), buffer)
    }
}

impl<'r> Decode<'r, Sqlite> for Instant {
    fn decode(value: <Sqlite as Database>::ValueRef<'r>) -> Result<Self, BoxDynError> {
        Ok(<&str as Decode<Sqlite>>::decode(value)?.parse()?)
    }
}

impl Type<Postgres> for Instant {
    fn type_info() -> PgTypeInfo {
        <jiff_sqlx::Timestamp as Type<Postgres>>::type_info()
    }
}

impl Encode<'_, Postgres> for Instant {
    fn encode_by_ref(
        &self,
        buffer: &mut <Postgres as Database>::ArgumentBuffer,
    ) -> Result<IsNull, BoxDynError> {
        Encode::<Postgres>::encode(jiff_sqlx::Timestamp::from(self.0), buffer)
    }
}

impl<'r> Decode<'r, Postgres> for Instant {
    fn decode(value: <Postgres as Database>::ValueRef<'r>) -> Result<Self, BoxDynError> {
        Ok(Self::from(<jiff_sqlx::Timestamp as Decode<Postgres>>::decode(value)?.to_jiff()))
    }
}

#[cfg(test)]
mod tests {
    use super::Instant;

    #[test]
    fn text_order_is_time_order() {
        let whole: Instant = "2026-11-24T14:00:00Z".parse().unwrap();
        let part: Instant = "2026-11-24T14:00:00.5Z".parse().unwrap();
        assert_eq!(whole.to_string(), "2026-11-24T14:00:00.000000Z");
        assert!(whole < part && whole.to_string() < part.to_string());
    }

    #[test]
    fn nanoseconds_are_dropped_as_postgres_would() {
        let fine: Instant = "2026-11-24T14:00:00.123456789Z".parse().unwrap();
        assert_eq!(fine.to_string(), "2026-11-24T14:00:00.123456Z");
    }
}
