use std::{collections::HashMap, env, time::Instant};

use audit::Origin;
use futures::FutureExt;
use records::{
    Permission, Permit,
    import::{Options, apply, plan},
};
use store::{Clock, Db, Entropy, StoreError};
use uuid::Uuid;

use super::{MIB, search::SIZE};
use crate::{
    Failed,
    people::{EMPLOYER, crowd},
    sql::{self, AssignmentRow, RecordRow},
    table::Row,
    world::{Bench, World},
};

const LINES: usize = 200_000;
/// One line in so many says something new.
const SHARE: usize = 100;
/// The change of the first load, and one that is never switched.
const FIRST: i64 = 1;
const PLAIN: i64 = 1000;
const LEAST_SPEED: f64 = 0.4;
const MOST_MIB: f64 = 200.0;
/// Records a transaction of plain writes.
const PIECE: usize = 250;

/// Loading a large file again of which little has changed: against writing that little, and reading everything once.
pub(crate) async fn measure(bench: &Bench) -> Result<Vec<Row>, Failed> {
    let lines = match env::var(SIZE) {
        Ok(number) => number.parse::<usize>()?.min(LINES),
        Err(_) => LINES,
    };
    let world = World::make(bench, "update", "", &[]).await?;
    let file = crowd(lines);
    world.import(&world.write("staff.csv", &file)?).await?;
    let (db, _) = world.portal().await?;
    let employer = records::employer_by_code(&mut db.read().await?.tx(), EMPLOYER).await?;
    let employer = employer.ok_or_else(|| Failed::because("the employer is missing"))?.id;
    let (clock, entropy) = (Clock::system(), Entropy::system());
    // First, while each record has one version.
    let plain = plain(&db).await?;
    let before = db.statistics().long;
    let began = Instant::now();
    let planned = plan(&db, employer, changed(&file, "Sister").as_bytes(), "staff.csv", clock.now()).await?;
    let permit = Permit::operator(Permission::ImportStaff, employer);
    let (options, origin) = (Options::default(), Origin::default());
    let applied = apply(&db, &clock, &entropy, &permit, planned, options, origin, |_, _| {}).await?;
    let took = began.elapsed().as_secs_f64();
    let long = db.statistics().long - before;
    if applied.counts.changed != (lines / SHARE) as u64 {
        return Err(Failed::because(format!("{} records were changed", applied.counts.changed)));
    }
    db.close().await;
    let again = world.write("staff.csv", &changed(&file, "Matron"))?;
    let peak = world.import_peak(&again).await? as f64 / MIB;
    let speed = plain / took;
    Ok(vec![
        Row::judged(
            format!(
                "staff import of {lines} lines of which 1 % changed, its speed over that of plain writes of those and one read of all"
            ),
            format!("≥ {LEAST_SPEED}"),
            format!("{speed:.2} ({took:.1} s over {plain:.1} s)"),
            speed >= LEAST_SPEED,
        ),
        Row::judged(
            "memory of the command",
            format!("< {MOST_MIB} MiB"),
            format!("{peak:.0} MiB"),
            peak < MOST_MIB,
        ),
        Row::judged("its transactions over 50 ms on SQLite's writer", "0", long.to_string(), long == 0),
    ])
}

/// The file with another position in every hundredth line.
fn changed(file: &str, position: &str) -> String {
    let mut changed = String::with_capacity(file.len());
    for (at, line) in file.lines().enumerate() {
        if at % SHARE == 1 {
            changed.push_str(&line.replace("Staff Nurse", position));
        } else {
            changed.push_str(line);
        }
        changed.push('\n');
    }
    changed
}

/// How many seconds it takes to read everything once and to write a hundredth of it, each row by a prepared statement of its own.
async fn plain(db: &Db) -> Result<f64, Failed> {
    let began = Instant::now();
    let mut reader = db.read().await?;
    let records = sql::records(&mut reader.tx(), FIRST).await?;
    let assignments = sql::assignments(&mut reader.tx(), FIRST).await?;
    drop(reader);
    let mut by_record: HashMap<Uuid, Vec<AssignmentRow>> = HashMap::new();
    for assignment in assignments {
        by_record.entry(assignment.staff_record_id).or_default().push(assignment);
    }
    let written: Vec<RecordRow> = records.into_iter().step_by(SHARE).collect();
    for piece in written.chunks(PIECE) {
        let rows: Vec<(RecordRow, Vec<AssignmentRow>)> = piece
            .iter()
            .map(|record| (record.clone(), by_record.remove(&record.id).unwrap_or_default()))
            .collect();
        db.write(move |tx| {
            async move {
                for (record, assignments) in &rows {
                    sql::insert_version(tx, record, PLAIN).await?;
                    for assignment in assignments {
                        sql::insert_assignment(tx, assignment, PLAIN).await?;
                    }
                }
                Ok::<_, StoreError>(())
            }
            .boxed()
        })
        .await?;
    }
    Ok(began.elapsed().as_secs_f64())
}
