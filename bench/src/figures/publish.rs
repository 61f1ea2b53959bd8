use std::{
    env, fs,
    io::{BufWriter, Write},
    time::Instant,
};

use futures::FutureExt;
use payslips::{
    Amount, Frequency, Heading, Line, Payslip, Pence, Period, RunHead, RunKind, WhichDocument,
    run_file::{Block, Writer},
};
use store::{Day, Db, StoreError};

use super::{MIB, search::SIZE};
use crate::{
    Failed,
    people::{EMPLOYER, file, people},
    sql::{self, DocumentRow},
    table::Row,
    world::{Bench, World},
};

const PEOPLE: usize = 10_000;
const MANY: usize = 200_000;
/// Of each payslip.
const LINES: i64 = 20;
const LEAST_SPEED: f64 = 0.33;
const MOST_MIB: f64 = 150.0;
/// The rate of many over that of few.
const LEAST_SHARE: f64 = 0.8;
/// Rows a transaction of plain inserts.
const PIECE: usize = 500;

/// Checking and publishing a run, against plain inserts of the same rows; its memory; and many more at once.
pub(crate) async fn measure(bench: &Bench) -> Result<Vec<Row>, Failed> {
    let many = match env::var(SIZE) {
        Ok(number) => number.parse::<usize>()?.min(MANY),
        Err(_) => MANY,
    };
    let few = PEOPLE.min(many);
    let (took, peak, world) = published(bench, "publish", few).await?;
    let plain = plain_inserts(bench, &world, few).await?;
    drop(world);
    let (long, most, world) = published(bench, "publish-many", many).await?;
    drop(world);
    let speed = plain / took;
    let share = (many as f64 / long) / (few as f64 / took);
    let peak = peak as f64 / MIB;
    Ok(vec![
        Row::judged(
            format!(
                "check and publish {few} payslips of {LINES} lines, its speed over that of plain inserts of the same rows"
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
        Row::judged(
            format!("the same of {many}, its rate over that of {few}"),
            format!("≥ {LEAST_SHARE}"),
            format!("{share:.2} ({long:.1} s, {:.0} MiB)", most as f64 / MIB),
            share >= LEAST_SHARE,
        ),
    ])
}

/// Publishes a run by the command, in a portal of its own: how many seconds that takes, and how many bytes of memory at most.
async fn published(bench: &Bench, name: &str, number: usize) -> Result<(f64, u64, World), Failed> {
    let world = World::make(bench, name, "", &[]).await?;
    world.import(&world.write("staff.csv", &file(&people(0, number)))?).await?;
    let path = world.folder.join("run.csv");
    write(BufWriter::new(fs::File::create(&path)?), number)?;
    let path = path.to_string_lossy().into_owned();
    let began = Instant::now();
    let peak = world.command_peak(&["payslips", "publish", &path, "--employer", EMPLOYER]).await?;
    Ok((began.elapsed().as_secs_f64(), peak, world))
}

fn write(out: impl Write, number: usize) -> Result<(), Failed> {
    let head = RunHead {
        reference: "2026-11 MAIN".into(),
        document: WhichDocument::Payslips,
        kind: RunKind::Main,
        frequency: Some(Frequency::Month),
        paye_reference: None,
        employer_address: Vec::new(),
    };
    let day = |text: &str| text.parse::<Day>();
    let period = Period { from: day("2026-11-01")?, to: day("2026-11-30")? };
    let pay_date = day("2026-11-27")?;
    let mut writer = Writer::new(out, &head)?;
    let line = |description: String, amount| Line {
        description,
        units: None,
        unit: None,
        rate: None,
        amount: Pence(amount),
    };
    // With three totals and the part of the net pay, so many rows each.
    let lines = (LINES - 4) / 2;
    for person in 0..number {
        let basic = 100_000 + i64::try_from(person).unwrap_or_default() % 50_000;
        let payments: Vec<Line> = (0..lines).map(|n| line(format!("Allowance {n}"), basic + n)).collect();
        let deductions: Vec<Line> = (0..lines).map(|n| line(format!("Deduction {n}"), 1000 + n)).collect();
        let gross: Pence = payments.iter().map(|line| line.amount).sum();
        let total: Pence = deductions.iter().map(|line| line.amount).sum();
        let slip = Payslip {
            heading: Heading::default(),
            frequency: Frequency::Month,
            period,
            pay_date,
            details: Vec::new(),
            payments,
            deductions,
            employer: Vec::new(),
            this_period: Vec::new(),
            year_to_date: Vec::new(),
            gross,
            total_deductions: total,
            net: gross - total,
            net_parts: vec![Amount { description: "BACS".into(), amount: gross - total }],
            messages: Vec::new(),
        };
        writer.block(&Block::of_payslip(&format!("1{person:07}"), None, slip))?;
    }
    writer.finish()?.flush()?;
    Ok(())
}

/// The rows of the run into another database that has the same people, each by a prepared statement of its own: how many seconds that takes.
async fn plain_inserts(bench: &Bench, published: &World, number: usize) -> Result<f64, Failed> {
    let (from, _) = published.portal().await?;
    let rows = sql::documents(&mut from.read().await?.tx()).await?;
    from.close().await;
    if rows.len() != number {
        return Err(Failed::because(format!("{} payslips were published", rows.len())));
    }
    let world = World::make(bench, "publish-plain", "", &[]).await?;
    world.import(&world.write("staff.csv", &file(&people(0, number)))?).await?;
    let (db, _) = world.portal().await?;
    let run = sql::add_run(&db, EMPLOYER).await?;
    let records = sql::records_by_number(&mut db.read().await?.tx()).await?;
    let began = Instant::now();
    insert(&db, rows, &records, run).await?;
    let took = began.elapsed().as_secs_f64();
    db.close().await;
    Ok(took)
}

async fn insert(
    db: &Db,
    rows: Vec<DocumentRow>,
    records: &[uuid::Uuid],
    run: uuid::Uuid,
) -> Result<(), StoreError> {
    let mut rows = rows.into_iter().zip(records.iter().copied());
    loop {
        let piece: Vec<(DocumentRow, uuid::Uuid)> = rows.by_ref().take(PIECE).collect();
        if piece.is_empty() {
            return Ok(());
        }
        let written: Result<(), StoreError> = db
            .write(move |tx| {
                async move {
                    for (row, staff_record) in &piece {
                        sql::insert_document(tx, row, *staff_record, run).await?;
                    }
                    Ok(())
                }
                .boxed()
            })
            .await;
        written?;
    }
}
