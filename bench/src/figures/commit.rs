use std::sync::Arc;

use futures::future::try_join_all;

use crate::{
    Failed,
    courses::{self, Open, Says},
    database::Database,
    people::people,
    server::Server,
    table::Row,
    wire::Wire,
    world::{Bench, World},
};

/// So many people are in a course at the same time.
const PEOPLE: usize = 512;
/// Each player commits so often, and ends with having passed.
const EACH: usize = 20;
const WARM_UP: usize = 3;
const CONNECTIONS: usize = 8;
const MOST_ON_SQLITE: f64 = 0.4;
const MOST_ON_POSTGRES: f64 = 0.8;
/// What courses of many pages keep to resume by.
const SUSPEND_DATA: &str = "p=1,1,1,1,0,0,0,0,0,0,0,0;q1=b;q2=a|c;q3=;v=42.5;b=intro|menu|one|two";

/// What it costs that a course has said something: five elements, stored once, folded, answered when the database has them.
pub(crate) async fn measure(bench: &Bench) -> Result<Vec<Row>, Failed> {
    let mut rows = Vec::new();
    for (kind, most) in [("SQLite", MOST_ON_SQLITE), ("PostgreSQL", MOST_ON_POSTGRES)] {
        let Cost { portal, database } = on(bench, kind).await?;
        let whole = portal + database;
        let parts = match kind {
            "SQLite" => String::new(),
            _ => format!(" ({portal:.3} ms of it the portal's, {database:.3} ms the database's)"),
        };
        rows.push(Row::judged(
            format!(
                "{kind}: server's processor time of one commit of 5 elements, database included ({} commits)",
                PEOPLE * EACH
            ),
            format!("< {most} ms"),
            format!("{whole:.3} ms{parts}"),
            whole < most,
        ));
    }
    Ok(rows)
}

/// Milliseconds of processor time each.
struct Cost {
    portal: f64,
    database: f64,
}

async fn on(bench: &Bench, kind: &str) -> Result<Cost, Failed> {
    let database = Database::make(kind, "commit").await?;
    let world = courses::world(bench, "commit", &database).await?;
    courses::load(&world, &people(0, PEOPLE)).await?;
    courses::publish(&world, "FIRE", "Fire safety", &[]).await?;
    let opened = courses::open(&world, PEOPLE, &["FIRE"]).await?;
    let server = Server::start(&world).await?;
    let opened = all(&world, opened, 0, WARM_UP).await?;
    let before = (server.usage()?.all, database.processor_seconds().await?);
    all(&world, opened, WARM_UP, EACH).await?;
    let after = (server.usage()?.all, database.processor_seconds().await?);
    server.stop().await?;
    database.end().await?;
    let each = |seconds: f64| seconds * 1e3 / (PEOPLE * EACH) as f64;
    Ok(Cost { portal: each(after.0 - before.0), database: each(after.1 - before.1) })
}

/// Everybody commits so often, after the first `before` of theirs.
async fn all(
    world: &Arc<World>,
    opened: Vec<Open>,
    before: usize,
    times: usize,
) -> Result<Vec<Open>, Failed> {
    let running = opened.chunks(PEOPLE / CONNECTIONS).map(|piece| {
        let (world, piece) = (world.clone(), piece.to_vec());
        tokio::spawn(async move { go_on(&world, piece, before, times).await })
    });
    let mut opened = Vec::new();
    for ended in try_join_all(running).await? {
        opened.extend(ended?);
    }
    Ok(opened)
}

/// One after another commits once, and then the first again: as they come of people who work side by side.
async fn go_on(
    world: &World,
    mut opened: Vec<Open>,
    before: usize,
    times: usize,
) -> Result<Vec<Open>, Failed> {
    let mut wire = Wire::connect(world.address).await?;
    for time in 0..times {
        let (page, ends) = (format!("page-{}", before + time), before + time + 1 == WARM_UP + EACH);
        let (status, raw) = if ends { ("passed", "90") } else { ("incomplete", "40") };
        for one in &mut opened {
            if before + time == 0 {
                one.begin(&mut wire).await?;
            }
            let request =
                one.commit(&Says { status, location: &page, raw, suspend_data: SUSPEND_DATA, ends });
            wire.ask(&request).await?.expect(200)?;
        }
    }
    Ok(opened)
}
