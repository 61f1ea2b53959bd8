use sqlx::{Postgres, QueryBuilder, Sqlite};
use uuid::Uuid;

use crate::{Connection, Day, Instant, Result, Tx};

/// One value of a row for [`insert_many`], typed also where it is missing (PostgreSQL wants typed NULLs).
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Text, or none.
    Text(Option<String>),
    /// An id, or none.
    Id(Option<Uuid>),
    /// A time, or none.
    At(Option<Instant>),
    /// A day, or none.
    Day(Option<Day>),
    /// A whole number.
    Number(i64),
    /// Bytes.
    Bytes(Vec<u8>),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(Some(text.to_owned()))
    }
}

impl From<Option<String>> for Value {
    fn from(text: Option<String>) -> Self {
        Self::Text(text)
    }
}

impl From<Uuid> for Value {
    fn from(id: Uuid) -> Self {
        Self::Id(Some(id))
    }
}

macro_rules! push_rows {
    ($database:ty, $connection:expr, $into:expr, $rows:expr, $end:expr) => {{
        let mut query = QueryBuilder::<$database>::new($into);
        query.push_values($rows, |mut row, values| {
            for value in values {
                match value {
                    Value::Text(text) => row.push_bind(text),
                    Value::Id(id) => row.push_bind(id),
                    Value::At(at) => row.push_bind(at),
                    Value::Day(day) => row.push_bind(day),
                    Value::Number(number) => row.push_bind(number),
                    Value::Bytes(bytes) => row.push_bind(bytes),
                };
            }
        });
        query.push($end);
        query.build().execute(&mut **$connection).await?;
    }};
}

/// Inserts many rows by one statement: a piece of a bulk load. At most 500 rows, so that nobody waits long behind it.
///
/// # Errors
/// What the database says; a duplicate fails the whole statement.
///
/// # Panics
/// With more than 500 rows.
pub async fn insert_many(
    tx: &mut Tx<'_>,
    table: &'static str,
    columns: &'static [&'static str],
    rows: Vec<Vec<Value>>,
) -> Result<()> {
    insert(tx, table, columns, rows, "").await
}

/// [`insert_many`] that leaves rows as they are which are there already.
///
/// # Errors
/// What the database says.
///
/// # Panics
/// With more than 500 rows.
pub async fn insert_missing(
    tx: &mut Tx<'_>,
    table: &'static str,
    columns: &'static [&'static str],
    rows: Vec<Vec<Value>>,
) -> Result<()> {
    insert(tx, table, columns, rows, " ON CONFLICT DO NOTHING").await
}

async fn insert(
    tx: &mut Tx<'_>,
    table: &'static str,
    columns: &'static [&'static str],
    rows: Vec<Vec<Value>>,
    end: &'static str,
) -> Result<()> {
    assert!(rows.len() <= 500, "a piece of a bulk load has at most 500 rows");
    if rows.is_empty() {
        return Ok(());
    }
    let into = format!("INSERT INTO {table} ({}) ", columns.join(", "));
    tx.catch_up().await?;
    match tx.at(table) {
        Connection::Lite(c) => push_rows!(Sqlite, c, into, rows, end),
        Connection::Pg(c) => push_rows!(Postgres, c, into, rows, end),
    }
    Ok(())
}
