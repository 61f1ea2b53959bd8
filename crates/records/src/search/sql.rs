use std::sync::LazyLock;

use store::{Day, Instant, Result, Tx, insert_missing, on};
use uuid::Uuid;

use super::{
    COLUMNS, TABLE,
    model::{MOST_ORDERS, Range, nothing},
};

/// Where something that was typed is looked for.
#[derive(Clone, Debug, Default)]
pub(super) struct Ranges {
    /// Keys of names, [`MOST_ORDERS`] ranges at most.
    pub(super) names: Vec<Range>,
    pub(super) username: Option<Range>,
    pub(super) employee_number: Option<Range>,
    pub(super) email: Option<Range>,
}

/// What fits: a staff record, perhaps not the way that it is now.
#[derive(Debug, sqlx::FromRow)]
pub(super) struct Match {
    /// Of which kind, the orders of a name apart.
    pub(super) source: String,
    pub(super) staff_record_id: Uuid,
    /// The name, username, employee number or email address that fits.
    pub(super) matched: String,
}

/// One more than are shown, of each kind.
pub(super) const MOST_MATCHES: usize = 21;

/// Whether a change is switched: a value for each row, so that neither database joins before it has found the few rows.
macro_rules! is_switched {
    ($employer:literal, $number:literal) => {
        concat!(
            "(SELECT c.switched_at FROM record_change c WHERE c.employer_id = ",
            $employer,
            " AND c.number = ",
            $number,
            ") IS NOT NULL"
        )
    };
}

macro_rules! by_name {
    ($source:literal, $from:literal, $to:literal) => {
        concat!(
            "SELECT * FROM (SELECT '",
            $source,
            "' AS source, k.staff_record_id, (SELECT v.first_names || ' ' || v.last_name
                FROM staff_version v WHERE v.staff_record_id = k.staff_record_id AND v.number = k.number) AS matched
             FROM staff_key k WHERE k.employer_id = $1 AND k.key >= ",
            $from,
            " AND k.key < ",
            $to,
            " AND ",
            is_switched!("k.employer_id", "k.number"),
            " ORDER BY k.employer_id, k.key LIMIT 21) AS found WHERE matched IS NOT NULL UNION ALL "
        )
    };
}

/// Each kind by its own index, in its order, and no further than to so many rows. Email addresses are kept for all employers
/// together: of an address that many share, a part is looked at.
const MATCHES: &str = concat!(
    by_name!("name 1", "$2", "$3"),
    by_name!("name 2", "$4", "$5"),
    by_name!("name 3", "$6", "$7"),
    by_name!("name 4", "$8", "$9"),
    by_name!("name 5", "$10", "$11"),
    by_name!("name 6", "$12", "$13"),
    "SELECT * FROM (SELECT 'username' AS source, u.staff_record_id, u.name AS matched FROM username u
        WHERE u.employer_id = $1 AND u.name >= $14 AND u.name < $15 AND ",
    is_switched!("u.employer_id", "u.number"),
    " ORDER BY u.name LIMIT 21) AS found UNION ALL
     SELECT * FROM (SELECT 'employee_number' AS source, r.id AS staff_record_id, r.employee_number AS matched FROM staff_record r
        WHERE r.employer_id = $1 AND r.employee_number >= $16 AND r.employee_number < $17 AND ",
    is_switched!("r.employer_id", "r.created_number"),
    " ORDER BY r.employer_id, r.employee_number LIMIT 21) AS found UNION ALL
     SELECT * FROM (SELECT 'email' AS source, v.staff_record_id, v.email AS matched
        FROM (SELECT staff_record_id, number, email FROM staff_version WHERE email >= $18 AND email < $19
            ORDER BY email LIMIT 200) AS v
        WHERE (SELECT r.employer_id FROM staff_record r WHERE r.id = v.staff_record_id) = $1 AND ",
    is_switched!("$1", "v.number"),
    " ORDER BY v.email LIMIT 21) AS found"
);

/// What fits into the ranges, of an employer's staff records and in the order of the kinds.
pub(super) async fn matches(tx: &mut Tx<'_>, employer: Uuid, ranges: &Ranges) -> Result<Vec<Match>> {
    let text = |range: &Option<Range>| range.clone().unwrap_or_else(nothing);
    let names = ranges.names.iter().cloned().chain(std::iter::repeat_with(nothing)).take(MOST_ORDERS);
    let names: Vec<(Vec<u8>, Vec<u8>)> =
        names.map(|(from, to)| (from.into_bytes(), to.into_bytes())).collect();
    let texts = [&ranges.username, &ranges.employee_number, &ranges.email].map(text);
    on!(tx, c => {
        let mut query = sqlx::query_as(MATCHES).bind(employer);
        for (from, to) in names {
            query = query.bind(from).bind(to);
        }
        for (from, to) in texts {
            query = query.bind(from).bind(to);
        }
        query.fetch_all(c).await
    })
}

/// So many values are looked for by one statement.
pub(super) const LOOKED_FOR: usize = 256;

fn places(first: usize, many: usize, row: impl Fn(usize) -> String) -> String {
    (first..first + many).map(row).collect::<Vec<_>>().join(", ")
}

static NEXT_KEYS: LazyLock<String> = LazyLock::new(|| {
    let wanted = places(2, LOOKED_FOR, |n| format!("(${n})"));
    format!(
        "WITH wanted (value) AS (VALUES {wanted})
         SELECT key FROM (SELECT (SELECT k.key FROM staff_key k WHERE k.employer_id = $1 AND k.key >= w.value
            ORDER BY k.employer_id, k.key LIMIT 1) AS key FROM wanted w) AS next WHERE key IS NOT NULL"
    )
});

/// The employer's first key from each of the values on; [`LOOKED_FOR`] values at most. It may be of a change that is not switched.
pub(super) async fn next_keys(tx: &mut Tx<'_>, employer: Uuid, values: &[String]) -> Result<Vec<Vec<u8>>> {
    let Some(last) = values.last() else { return Ok(Vec::new()) };
    let values = values.iter().chain(std::iter::repeat(last)).take(LOOKED_FOR);
    on!(tx, c => {
        let mut query = sqlx::query_scalar(NEXT_KEYS.as_str()).bind(employer);
        for value in values {
            query = query.bind(value.clone().into_bytes());
        }
        query.fetch_all(c).await
    })
}

static USERNAMES_THERE: LazyLock<String> = LazyLock::new(|| there("username", "name"));
static EMAILS_THERE: LazyLock<String> = LazyLock::new(|| there("staff_version", "email"));

/// A count for each value makes either database look into the index once for each.
fn there(table: &'static str, column: &'static str) -> String {
    let wanted = places(1, LOOKED_FOR, |n| format!("(${n})"));
    format!(
        "WITH wanted (value) AS (VALUES {wanted})
         SELECT DISTINCT value FROM (SELECT w.value, (SELECT COUNT(*) FROM {table} t WHERE t.{column} = w.value) AS many
            FROM wanted w) AS counted WHERE many > 0"
    )
}

async fn those_of(tx: &mut Tx<'_>, text: &'static str, values: &[String]) -> Result<Vec<String>> {
    let Some(last) = values.last() else { return Ok(Vec::new()) };
    let values = values.iter().chain(std::iter::repeat(last)).take(LOOKED_FOR);
    on!(tx, c => {
        let mut query = sqlx::query_scalar(text);
        for value in values {
            query = query.bind(value.clone());
        }
        query.fetch_all(c).await
    })
}

/// Those of the values that are a username; [`LOOKED_FOR`] values at most.
pub(super) async fn usernames_there(tx: &mut Tx<'_>, values: &[String]) -> Result<Vec<String>> {
    those_of(tx, USERNAMES_THERE.as_str(), values).await
}

/// Those of the values that are somebody's email address, at any employer; [`LOOKED_FOR`] values at most.
pub(super) async fn emails_there(tx: &mut Tx<'_>, values: &[String]) -> Result<Vec<String>> {
    those_of(tx, EMAILS_THERE.as_str(), values).await
}

/// Somebody who fits, as they are now.
#[derive(Debug, sqlx::FromRow)]
pub(super) struct PersonRow {
    pub(super) id: Uuid,
    pub(super) title: Option<String>,
    pub(super) first_names: String,
    pub(super) last_name: String,
    pub(super) employee_number: String,
    pub(super) email: Option<String>,
    pub(super) last_day: Option<Day>,
    pub(super) position: Option<String>,
    pub(super) department: Option<String>,
    pub(super) username: Option<String>,
}

/// So many people are read by one statement.
pub(super) const MOST_READ: usize = 64;

static PEOPLE: LazyLock<String> = LazyLock::new(|| {
    let wanted = places(3, MOST_READ, |n| format!("${n}"));
    format!(
        "SELECT s.id, s.title, s.first_names, s.last_name, s.employee_number, s.email, s.last_day, a.position, a.department,
            (SELECT u.name FROM username u JOIN record_change c ON c.employer_id = u.employer_id AND c.number = u.number
                AND c.switched_at IS NOT NULL
             WHERE u.staff_record_id = s.id ORDER BY u.allotted_at DESC, u.name DESC LIMIT 1) AS username
         FROM staff s LEFT JOIN assignment a ON a.staff_record_id = s.id AND a.number = s.number AND a.assignment_number = (
            SELECT x.assignment_number FROM assignment x WHERE x.staff_record_id = s.id AND x.number = s.number
            ORDER BY CASE WHEN x.leaving_date < $2 THEN 1 ELSE 0 END, x.assignment_number LIMIT 1)
         WHERE s.employer_id = $1 AND s.id IN ({wanted})"
    )
});

/// The people of these staff records, [`MOST_READ`] at most, each with the first assignment that has not ended by `today`.
pub(super) async fn people(
    tx: &mut Tx<'_>,
    employer: Uuid,
    ids: &[Uuid],
    today: Day,
) -> Result<Vec<PersonRow>> {
    let Some(last) = ids.last() else { return Ok(Vec::new()) };
    let ids = ids.iter().chain(std::iter::repeat(last)).take(MOST_READ);
    on!(tx, c => {
        let mut query = sqlx::query_as(PEOPLE.as_str()).bind(employer).bind(today);
        for id in ids {
            query = query.bind(*id);
        }
        query.fetch_all(c).await
    })
}

/// The last of a page of an employer's keys after one of them; `None` where fewer than that are left.
pub(crate) async fn page_end(
    tx: &mut Tx<'_>,
    employer: Uuid,
    after: &[u8],
    page: i64,
) -> Result<Option<Vec<u8>>> {
    let after = after.to_vec();
    on!(tx, c => sqlx::query_scalar("SELECT key FROM staff_key WHERE employer_id = $1 AND key > $2
         ORDER BY employer_id, key LIMIT 1 OFFSET $3")
        .bind(employer).bind(after).bind(page - 1).fetch_optional(c).await)
}

/// Deletes the keys of one change after a key, up to another or to the end.
pub(crate) async fn sweep(
    tx: &mut Tx<'_>,
    employer: Uuid,
    number: i64,
    after: &[u8],
    last: Option<&[u8]>,
) -> Result<()> {
    // No key has a byte so high.
    let (after, last) = (after.to_vec(), last.unwrap_or(&[0xff]).to_vec());
    on!(tx, c => sqlx::query("DELETE FROM staff_key WHERE employer_id = $1 AND key > $2 AND key <= $3 AND number = $4")
        .bind(employer).bind(after).bind(last).bind(number).execute(c).await.map(drop))
}

/// A version's name.
#[derive(Debug, sqlx::FromRow)]
pub(super) struct NameRow {
    pub(super) employee_number: String,
    pub(super) staff_record_id: Uuid,
    pub(super) number: i64,
    pub(super) first_names: String,
    pub(super) last_name: String,
    pub(super) switched_at: Option<Instant>,
}

/// The names of every version of an employer's records after an employee number, by it and by the versions' numbers.
pub(super) async fn names(
    tx: &mut Tx<'_>,
    employer: Uuid,
    after: &str,
    records: i64,
) -> Result<Vec<NameRow>> {
    on!(tx, c => sqlx::query_as("SELECT r.employee_number, v.staff_record_id, v.number, v.first_names, v.last_name, c.switched_at
         FROM (SELECT id, employee_number FROM staff_record WHERE employer_id = $1 AND employee_number > $2
            ORDER BY employer_id, employee_number LIMIT $3) AS r
         JOIN staff_version v ON v.staff_record_id = r.id
         LEFT JOIN record_change c ON c.employer_id = $1 AND c.number = v.number
         ORDER BY r.employee_number, v.number")
        .bind(employer).bind(after).bind(records).fetch_all(c).await)
}

/// Adds keys that may be there already.
pub(super) async fn add_keys(tx: &mut Tx<'_>, rows: Vec<Vec<store::Value>>) -> Result<()> {
    for piece in rows.chunks(500) {
        insert_missing(tx, TABLE, COLUMNS, piece.to_vec()).await?;
    }
    Ok(())
}
