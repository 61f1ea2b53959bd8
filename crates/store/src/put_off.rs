//! Writes that nobody waits for: on SQLite each statement is a turn to another thread and back, which costs several times what the
//! statement does. Those whose result is not looked at are put off and go with the next one, or with the commit.

use std::fmt::Write;

use sqlx::{Arguments as _, AssertSqlSafe, Encode, Sqlite, SqliteConnection, Type, sqlite::SqliteArguments};

use crate::{Result, StoreError};

/// Statements that were put off, in order. Only [`later!`](crate::later) uses it.
#[derive(Debug, Default)]
pub struct PutOff {
    text: String,
    arguments: SqliteArguments,
    /// Why some of it failed. Whatever the work makes of that, it cannot be kept.
    failed: Option<StoreError>,
}

impl PutOff {
    pub(crate) fn is_empty(&self) -> bool {
        self.text.is_empty() && self.failed.is_none()
    }

    /// Puts a statement behind the others. Its parameters `$1`, `$2`, … are counted on from theirs.
    pub(crate) fn push(&mut self, text: &str) -> &mut Self {
        let before = self.arguments.len();
        let mut pieces = text.split('$');
        self.text.push_str(pieces.next().unwrap_or_default());
        for piece in pieces {
            let digits = piece.len() - piece.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            let (number, rest) = piece.split_at(digits);
            let number = number.parse::<usize>().expect("a parameter has a number");
            let _ = write!(self.text, "${}{rest}", before + number);
        }
        self.text.push_str("; ");
        self
    }

    /// The next parameter of the statement that was put off last.
    #[must_use]
    pub fn bind<'v, T: Encode<'v, Sqlite> + Type<Sqlite>>(&mut self, value: T) -> &mut Self {
        if let Err(error) = self.arguments.add(value) {
            self.failed = Some(StoreError::Sql(sqlx::Error::Encode(error)));
        }
        self
    }

    /// Says whether the parameters could be read.
    ///
    /// # Errors
    /// Where one cannot be encoded.
    pub fn done(&mut self) -> Result<()> {
        self.failed.as_ref().map_or(Ok(()), |error| Err(error.repeated()))
    }

    /// Runs what was put off until now.
    pub(crate) async fn catch_up(&mut self, connection: &mut SqliteConnection) -> Result<()> {
        if let Err(error) = std::mem::take(self).run(connection, "").await {
            self.failed = Some(error);
        }
        self.done()
    }

    /// Runs what was put off, and `last` after it, in one turn.
    pub(crate) async fn run(self, connection: &mut SqliteConnection, last: &str) -> Result<()> {
        let Self { mut text, arguments, failed } = self;
        if let Some(error) = failed {
            return Err(error);
        }
        text.push_str(last);
        // Each text is prepared once, with all its statements. It was put together from constants; values are parameters.
        sqlx::query_with(AssertSqlSafe(text), arguments).execute(connection).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::PutOff;

    #[test]
    fn parameters_are_counted_on() {
        let mut put_off = PutOff::default();
        put_off.push("INSERT INTO a VALUES ($1, $2, $1)").bind(1_i64).bind("x").done().unwrap();
        put_off.push("UPDATE b SET c = $2 WHERE id = $1").bind(2_i64).bind("y").done().unwrap();
        assert_eq!(put_off.text, "INSERT INTO a VALUES ($1, $2, $1); UPDATE b SET c = $4 WHERE id = $3; ");
    }
}
