use std::{
    collections::BTreeSet,
    sync::Arc,
    time::{Duration, Instant},
};

use futures::FutureExt;
use store::StoreError;
use tokio::{sync::Mutex, task::JoinSet};

use super::INSIDE;
use crate::{
    Failed,
    client::{Client, Visit},
    people::{EMPLOYER, Person, crowd, people},
    ranks::quantile,
    server::Server,
    sql::{self, AssignmentRow, RecordRow},
    table::Row,
    world::{Bench, World},
};

const LINES: usize = 100_000;
/// The change that the file becomes: the accounts are the first.
const CHANGE: i64 = 2;
const LEAST_SPEED: f64 = 0.4;
/// One log-in is due every so often.
const EVERY: Duration = Duration::from_millis(100);
const CONNECTIONS: usize = 32;
const MOST_SECONDS: f64 = 1.0;
/// Rows a transaction of plain inserts.
const PIECE: usize = 500;

/// Loading a large file while people log in, and the same rows by plain inserts.
pub(crate) async fn measure(bench: &Bench) -> Result<Vec<Row>, Failed> {
    let people = people(0, 256);
    let world = Arc::new(World::make(bench, "import", "", &[INSIDE]).await?);
    world.populate(&people).await?;
    let file = world.write("staff.csv", &crowd(LINES))?;
    let server = Server::start(&world).await?;
    let mut door = Door::open(world.clone(), people).await?;
    let began = Instant::now();
    let mut loading = std::pin::pin!(world.import(&file));
    let mut due = tokio::time::interval(EVERY);
    let loaded = loop {
        tokio::select! {
            loaded = &mut loading => break loaded,
            at = due.tick() => door.let_in(at.into_std()),
        }
    };
    let took = began.elapsed().as_secs_f64();
    loaded?;
    let (times, failures) = door.close().await;
    server.stop().await?;
    let (rows, plain) = plain_inserts(bench, &world).await?;
    let speed = plain / took;
    let p99 = quantile(&times, 0.99);
    Ok(vec![
        Row::judged(
            format!("staff import of {LINES} lines, its speed over that of plain inserts of the same rows"),
            format!("≥ {LEAST_SPEED}"),
            format!("{speed:.2} ({took:.1} s over {plain:.1} s, {rows} rows)"),
            speed >= LEAST_SPEED,
        ),
        Row::judged(
            "log-ins meanwhile, 99 of 100 within",
            format!("< {MOST_SECONDS} s"),
            format!(
                "{p99:.2} s (of {}, the middle one {:.2} s; {failures} failed)",
                times.len(),
                quantile(&times, 0.5)
            ),
            p99 < MOST_SECONDS && failures == 0,
        ),
    ])
}

/// Log-ins that fall due at their times, however long those before them take.
struct Door {
    clients: Vec<Arc<Mutex<(Client, Visit)>>>,
    people: Vec<Person>,
    begun: usize,
    running: JoinSet<Result<f64, Failed>>,
}

impl Door {
    async fn open(world: Arc<World>, people: Vec<Person>) -> Result<Self, Failed> {
        let mut clients = Vec::new();
        for _ in 0..CONNECTIONS {
            let mut client = Client::connect(&world).await?;
            let visit = client.visit().await?;
            clients.push(Arc::new(Mutex::new((client, visit))));
        }
        Ok(Self { clients, people, begun: 0, running: JoinSet::new() })
    }

    fn let_in(&mut self, due: Instant) {
        let client = self.clients[self.begun % self.clients.len()].clone();
        let username = self.people[self.begun % self.people.len()].username.clone();
        self.begun += 1;
        self.running.spawn(async move {
            let mut client = client.lock().await;
            let (client, visit) = &mut *client;
            client.log_in(visit, &username).await?.expect(303)?;
            Ok(due.elapsed().as_secs_f64())
        });
    }

    /// How long each took, in seconds, and how many failed.
    async fn close(mut self) -> (Vec<f64>, usize) {
        let (mut times, mut failures) = (Vec::new(), 0);
        while let Some(ended) = self.running.join_next().await {
            match ended {
                Ok(Ok(seconds)) => times.push(seconds),
                _ => failures += 1,
            }
        }
        (times, failures)
    }
}

/// The rows of the change into another database, each by a prepared statement of its own: how many there are, and how many
/// seconds that takes.
async fn plain_inserts(bench: &Bench, loaded: &World) -> Result<(usize, f64), Failed> {
    let (from, _) = loaded.portal().await?;
    let mut reader = from.read().await?;
    let records = sql::records(&mut reader.tx(), CHANGE).await?;
    let assignments = sql::assignments(&mut reader.tx(), CHANGE).await?;
    drop(reader);
    from.close().await;
    let keys: usize = records.iter().map(|record| keys_of(record).len()).sum();
    let rows = records.len() * 3 + keys + assignments.len();
    if assignments.len() != LINES {
        return Err(Failed::because(format!("{} assignments were loaded", assignments.len())));
    }
    let world = World::make(bench, "inserts", "", &[]).await?;
    let (db, _) = world.portal().await?;
    let employer = records::employer_by_code(&mut db.read().await?.tx(), EMPLOYER).await?;
    let employer = employer.ok_or_else(|| Failed::because("the employer is missing"))?.id;
    let pieces = pieces(records, assignments);
    let began = Instant::now();
    for piece in pieces {
        db.write(move |tx| {
            async move {
                for (record, assignments) in &piece {
                    sql::insert_record(tx, record, employer, CHANGE).await?;
                    sql::insert_version(tx, record, CHANGE).await?;
                    for assignment in assignments {
                        sql::insert_assignment(tx, assignment, CHANGE).await?;
                    }
                    sql::insert_username(tx, record, employer, CHANGE).await?;
                    for key in keys_of(record) {
                        sql::insert_key(tx, record, key, employer, CHANGE).await?;
                    }
                }
                Ok::<_, StoreError>(())
            }
            .boxed()
        })
        .await?;
    }
    let took = began.elapsed().as_secs_f64();
    db.close().await;
    Ok((rows, took))
}

/// The keys by which a record is found.
fn keys_of(record: &RecordRow) -> BTreeSet<String> {
    records::name_keys(&record.first_names, &record.last_name)
}

/// A staff record with its assignments.
type Entry = (RecordRow, Vec<AssignmentRow>);

/// The rows in pieces of one transaction each. Both lists are in the order of the file.
fn pieces(records: Vec<RecordRow>, assignments: Vec<AssignmentRow>) -> Vec<Vec<Entry>> {
    let mut assignments = assignments.into_iter().peekable();
    let (mut pieces, mut piece, mut rows) = (Vec::new(), Vec::new(), 0);
    for record in records {
        let mut theirs = Vec::new();
        while let Some(assignment) = assignments.next_if(|next| next.staff_record_id == record.id) {
            theirs.push(assignment);
        }
        let more = 3 + keys_of(&record).len() + theirs.len();
        if rows + more > PIECE {
            pieces.push(std::mem::take(&mut piece));
            rows = 0;
        }
        rows += more;
        piece.push((record, theirs));
    }
    pieces.push(piece);
    pieces
}
