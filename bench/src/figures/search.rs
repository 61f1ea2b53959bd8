use std::{
    env,
    time::{Duration, Instant},
};

use futures::FutureExt;
use records::{Employer, NewEmployer, Settings, name_keys, search};
use store::{Clock, Db, Entropy, Options, StoreError, Value, insert_many};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::{
    Failed,
    people::EMPLOYER,
    ranks::{median, quantile},
    sql::{self, SERVER},
    staff::{Namesake, Staff},
    table::Row,
    world::Bench,
};

/// How many staff records there are; another number in this variable makes it quicker, for trying it out.
pub(super) const SIZE: &str = "STAFFRECORD_BENCH_STAFF";
const RECORDS: usize = 2_000_000;
/// The smaller portal has one record in so many.
const SHARE: usize = 100;
/// One search is due every so often: 50 a second.
const EVERY: Duration = Duration::from_millis(20);
const SEARCHES: usize = 1500;
const WARM_UP: usize = 200;
const MOST_MILLISECONDS: f64 = 50.0;
const MOST_TIMES: f64 = 3.0;
/// Rows a statement, and statements of keys a transaction.
const PIECE: usize = 500;
const TOGETHER: usize = 4;
/// The change that brings everybody.
const CHANGE: i64 = 1;

/// How long a search takes among very many staff records, and how much longer than among few.
pub(crate) async fn measure(bench: &Bench) -> Result<Vec<Row>, Failed> {
    let records = match env::var(SIZE) {
        Ok(number) => number.parse()?,
        Err(_) => RECORDS,
    };
    let mut rows = Vec::new();
    for kind in ["SQLite", "PostgreSQL"] {
        let few = searched(bench, kind, (records / SHARE).max(1000)).await?;
        let many = searched(bench, kind, records).await?;
        let (p99, times) = (quantile(&many, 0.99), median(&many) / median(&few));
        rows.push(Row::judged(
            format!("{kind}, search among {records} staff records at 50 a second: 99 of 100 within"),
            format!("< {MOST_MILLISECONDS} ms"),
            format!(
                "{p99:.1} ms (of {}, the middle one {:.1} ms, the longest {:.1} ms)",
                many.len(),
                median(&many),
                quantile(&many, 1.0)
            ),
            p99 < MOST_MILLISECONDS,
        ));
        rows.push(Row::judged(
            format!("its middle time over that among {}", (records / SHARE).max(1000)),
            format!("< {MOST_TIMES}"),
            format!("{times:.2} (99 of 100: {:.2})", p99 / quantile(&few, 0.99)),
            times < MOST_TIMES,
        ));
    }
    Ok(rows)
}

/// How many milliseconds each search took from when it was due.
async fn searched(bench: &Bench, kind: &str, records: usize) -> Result<Vec<f64>, Failed> {
    let folder = bench.folder("search")?;
    let name = format!("bench_search_{}", std::process::id());
    let server = env::var(SERVER).ok().filter(|_| kind == "PostgreSQL");
    let address = match (&server, kind) {
        (Some(server), _) => {
            sql::run(server, &[format!("DROP DATABASE IF EXISTS {name}"), format!("CREATE DATABASE {name}")])
                .await?;
            format!("{server}/{name}")
        }
        (None, "SQLite") => format!("sqlite:{}", folder.join("search.sqlite").display()),
        (None, _) => {
            return Err(Failed::because(format!("{SERVER} names no server; `cargo xtask bench` starts one")));
        }
    };
    let db = Db::open(&Options::new(&address)).await?;
    let measured = measured(&db, records).await;
    db.close().await;
    std::fs::remove_dir_all(folder)?;
    if let Some(server) = server {
        sql::run(&server, &[format!("DROP DATABASE {name}")]).await?;
    }
    measured
}

async fn measured(db: &Db, records: usize) -> Result<Vec<f64>, Failed> {
    db.migrate().await?;
    let (clock, entropy) = (Clock::system(), Entropy::system());
    let new = NewEmployer {
        code: EMPLOYER.into(),
        name: "Northmoor Hospitals Trust".into(),
        settings: Settings::default(),
    };
    let employer = records::employer_add(db, &entropy, clock.now(), new, audit::Origin::default()).await?;
    let staff = Staff::new(records);
    let began = Instant::now();
    fill(db, &clock, &entropy, &employer, &staff).await?;
    if db.kind() == "postgres" {
        // What the server does by itself within some minutes.
        let mut reader = db.read().await?;
        sql::analyse(&mut reader.tx()).await?;
    }
    eprintln!("  {}: {records} staff records written in {:.0} s", db.kind(), began.elapsed().as_secs_f64());
    ask(db, &clock, employer.id, &staff, WARM_UP).await?;
    ask(db, &clock, employer.id, &staff, SEARCHES).await
}

type Rows = Vec<Vec<Value>>;

/// Writes everybody by plain inserts of many rows, those of each index in its order.
async fn fill(
    db: &Db,
    clock: &Clock,
    entropy: &Entropy,
    employer: &Employer,
    staff: &Staff,
) -> Result<(), Failed> {
    let (now, id) = (clock.now(), employer.id);
    let change = entropy.id(now);
    db.write(move |tx| async move { sql::add_change(tx, change, id, CHANGE, now).await }.boxed()).await?;
    let number = Value::Number(CHANGE);
    let mut keys: Vec<(String, Uuid)> = Vec::new();
    for begin in (0..staff.len()).step_by(PIECE) {
        let mut rows: [Rows; 4] = Default::default();
        for at in begin..(begin + PIECE).min(staff.len()) {
            let person = staff.person(at);
            let record = entropy.id(now.plus_seconds(i64::try_from(at)?));
            keys.extend(
                name_keys(&person.first_names, &person.last_name).into_iter().map(|key| (key, record)),
            );
            let text = |text: &str| Value::Text(Some(text.to_owned()));
            rows[0].push(vec![record.into(), id.into(), text(&person.employee_number), number.clone()]);
            rows[1].push(vec![
                record.into(),
                number.clone(),
                text(&person.first_names),
                text(&person.last_name),
                Value::Day(Some(person.born)),
                text(&person.email),
            ]);
            rows[2].push(vec![
                record.into(),
                number.clone(),
                text(&person.employee_number),
                text("Staff Nurse"),
                text(&format!("Ward {}", at % 97)),
                Value::Day(Some(person.born.plus_days(8000))),
            ]);
            rows[3].push(vec![
                text(&person.username),
                record.into(),
                id.into(),
                number.clone(),
                Value::At(Some(now)),
            ]);
        }
        db.write(move |tx| {
            async move {
                let [records, versions, assignments, usernames] = rows;
                insert_many(
                    tx,
                    "staff_record",
                    &["id", "employer_id", "employee_number", "created_number"],
                    records,
                )
                .await?;
                let columns =
                    &["staff_record_id", "number", "first_names", "last_name", "date_of_birth", "email"];
                insert_many(tx, "staff_version", columns, versions).await?;
                let columns = &[
                    "staff_record_id",
                    "number",
                    "assignment_number",
                    "position",
                    "department",
                    "start_date",
                ];
                insert_many(tx, "assignment", columns, assignments).await?;
                let columns = &["name", "staff_record_id", "employer_id", "number", "allotted_at"];
                insert_many(tx, "username", columns, usernames).await
            }
            .boxed()
        })
        .await?;
    }
    keys.sort_unstable();
    for piece in keys.chunks(PIECE * TOGETHER) {
        let rows = piece.iter().map(|(key, record)| {
            vec![id.into(), Value::Bytes(key.clone().into_bytes()), (*record).into(), Value::Number(CHANGE)]
        });
        let rows: Rows = rows.collect();
        db.write(move |tx| {
            async move {
                for rows in rows.chunks(PIECE) {
                    let columns = &["employer_id", "key", "staff_record_id", "number"];
                    insert_many(tx, "staff_key", columns, rows.to_vec()).await?;
                }
                Ok::<_, StoreError>(())
            }
            .boxed()
        })
        .await?;
    }
    Ok(())
}

/// Searches that fall due at their times, however long those before them take.
async fn ask(db: &Db, clock: &Clock, employer: Uuid, staff: &Staff, many: usize) -> Result<Vec<f64>, Failed> {
    let mut due = tokio::time::interval(EVERY);
    let mut running = JoinSet::new();
    for number in 0..many {
        let began = due.tick().await.into_std();
        let (typed, is_there) = typed(staff, number);
        let (db, now) = (db.clone(), clock.now());
        running.spawn(async move {
            let mut reader = db.read().await?;
            let found = search(&mut reader.tx(), employer, &typed, now).await?;
            if found.people.is_empty() == is_there {
                return Err(Failed::because(format!("{} found for {typed:?}", found.people.len())));
            }
            Ok::<_, Failed>(began.elapsed().as_secs_f64() * 1e3)
        });
    }
    let mut times = Vec::new();
    while let Some(ended) = running.join_next().await {
        times.push(ended??);
    }
    Ok(times)
}

/// What somebody types, and whether anybody fits: three of ten have a wrong letter.
fn typed(staff: &Staff, number: usize) -> (String, bool) {
    let Namesake { first_names, last_name, username, employee_number, email, .. } =
        staff.person(number.wrapping_mul(7_919) % staff.len());
    let first = first_names.split(' ').next().unwrap_or_default();
    let begin = |text: &str, many: usize| text.chars().take(many).collect::<String>();
    match number % 10 {
        0 if last_name.len() > 2 => (begin(&last_name, 3), true),
        1 if last_name.len() > 2 => (last_name, true),
        2 => (format!("{first} {}", begin(&last_name, 2)), true),
        3 => (format!("{last_name}, {first}"), true),
        0 | 1 | 4 => (username, true),
        5 => (employee_number, true),
        6 => (email, true),
        7 => (swapped(&format!("{last_name} {first}")), true),
        8 => (format!("{first} {}", swapped(&last_name)), true),
        _ => (format!("qx{}zz", begin(&last_name, 5)), false),
    }
}

/// The second and third letter swapped: one wrong letter, or none where they are the same.
fn swapped(name: &str) -> String {
    let mut letters: Vec<char> = name.chars().collect();
    if letters.len() > 2 {
        letters.swap(1, 2);
    }
    letters.into_iter().collect()
}
