//! Very many payslips in a portal of its own, and those who read them.

use std::{sync::Arc, time::Duration};

use payslips::{
    Document, RunKind,
    testing::{Made, heading, payslip},
};
use store::{Clock, Db, Entropy};
use tokio::{task::JoinSet, time::Instant};
use uuid::Uuid;
use web::cookies;

use crate::{
    Failed,
    client::Client,
    database::Database,
    people::{EMPLOYER, Person, crowd, people},
    sql,
    world::{Bench, World},
};

/// Everybody has so many payslips: one a month.
const MONTHS: usize = 20;
/// Documents a run at most, so that few are in memory at once.
const RUN: usize = 4000;
/// What browsers say that they read.
const ENCODINGS: &str = "gzip, deflate, br";
/// So many of them read.
const READERS: usize = 32;

/// A portal with payslips, on one of the two databases.
pub(crate) struct Paid {
    pub(crate) world: Arc<World>,
    /// People with a password, whose payslips are among the others.
    pub(crate) people: Arc<Vec<Person>>,
    /// The newest payslip of each of them.
    newest: Vec<Uuid>,
    database: Database,
}

/// Somebody's session, and the page that they read.
#[derive(Clone)]
pub(crate) struct Reader {
    session: String,
    path: String,
}

impl Paid {
    /// `many` payslips in all, of as many staff records as that takes.
    pub(crate) async fn make(
        bench: &Bench,
        name: &str,
        kind: &str,
        (many, logging_in): (usize, usize),
    ) -> Result<Self, Failed> {
        let people = Arc::new(people(0, logging_in.max(READERS)));
        let database = Database::make(kind, name).await?;
        let settings = ["networks=127.0.0.0/8"];
        let world = Arc::new(World::make_on(bench, name, "", &settings, database.address()).await?);
        world.populate(&people).await?;
        let records = (many / MONTHS).max(people.len());
        if records > people.len() {
            // Every twentieth line is somebody's second post.
            let lines = (records - people.len()) * 20 / 19;
            world.import(&world.write("crowd.csv", &crowd(lines))?).await?;
        }
        let began = Instant::now();
        let (db, _) = world.portal().await?;
        let newest = fill(&world, &db, people.len()).await;
        db.close().await;
        let newest = newest?;
        database.settle().await?;
        eprintln!("  {kind}: {many} payslips written in {:.0} s", began.elapsed().as_secs_f64());
        Ok(Self { world, people, newest, database })
    }

    /// Logs readers in, each of whom has their newest payslip to read.
    pub(crate) async fn readers(&self) -> Result<Vec<Reader>, Failed> {
        let mut client = Client::connect(&self.world).await?;
        let mut readers = Vec::new();
        for (person, id) in self.people.iter().zip(&self.newest).take(READERS) {
            let visit = client.visit().await?;
            let logged_in = client.log_in(&visit, &person.username).await?;
            logged_in.expect(303)?;
            let (session, path) = (logged_in.cookie(cookies::SESSION)?, format!("/payslips/{id}"));
            readers.push(Reader { session, path });
        }
        Ok(readers)
    }

    /// Drops the database, where it is a server's.
    pub(crate) async fn end(self) -> Result<(), Failed> {
        self.database.end().await
    }
}

/// Publishes everybody's months, the oldest first; the newest payslips of those who were there first.
async fn fill(world: &World, db: &Db, first: usize) -> Result<Vec<Uuid>, Failed> {
    let (clock, entropy) = (Clock::system(), Entropy::system());
    let keys = world.keys(&entropy)?;
    let mut reader = db.read().await?;
    let employer = records::employer_by_code(&mut reader.tx(), EMPLOYER)
        .await?
        .ok_or_else(|| Failed::because("there is no employer"))?;
    // Those with a password were loaded first, and their numbers begin with a 1.
    let everybody = sql::everybody(&mut reader.tx(), employer.id).await?;
    drop(reader);
    let mut newest = Vec::new();
    for month in 0..MONTHS {
        let (year, month) = (2025 + i16::try_from(month / 12)?, i8::try_from(month % 12 + 1)?);
        let mut ids = Vec::new();
        for piece in everybody.chunks(RUN) {
            let made: Vec<Made> = piece
                .iter()
                .map(|(id, number)| {
                    let payslip = payslip(heading("Ms Ann Example", number), year, month);
                    Made::new(*id, Document::Payslip(Box::new(payslip)))
                })
                .collect();
            let run = (RunKind::Main, "published");
            let written =
                payslips::testing::run(db, (&keys, &entropy), employer.id, run, &made, clock.now()).await?;
            if ids.len() < first {
                ids.extend(written.1);
            }
        }
        ids.truncate(first);
        newest = ids;
    }
    Ok(newest)
}

/// Asks without pause by so many connections; pages a second.
pub(crate) async fn best(
    world: &Arc<World>,
    readers: &[Reader],
    connections: usize,
    lasting: Duration,
) -> Result<f64, Failed> {
    let began = Instant::now();
    let mut running = JoinSet::new();
    for number in 0..connections {
        let (world, readers) = (world.clone(), readers.to_vec());
        running.spawn(async move {
            let mut client = Client::connect(&world).await?;
            let mut pages = 0_usize;
            while began.elapsed() < lasting {
                read(&mut client, &readers[(number + pages) % readers.len()]).await?;
                pages += 1;
            }
            Ok::<_, Failed>(pages)
        });
    }
    let mut pages = 0;
    while let Some(ended) = running.join_next().await {
        pages += ended??;
    }
    Ok(pages as f64 / began.elapsed().as_secs_f64())
}

/// Asks for pages that fall due at their times, however long those before them take: how many milliseconds each took from when it was
/// due. Connections are enough that one that waits holds up none of the next second's.
pub(crate) async fn due(
    world: &Arc<World>,
    readers: &[Reader],
    a_second: f64,
    lasting: Duration,
) -> Result<Vec<f64>, Failed> {
    let connections = (a_second as usize).clamp(8, 256);
    let many = (a_second * lasting.as_secs_f64()) as usize;
    let mut clients = Vec::new();
    for _ in 0..connections {
        clients.push(Client::connect(world).await?);
    }
    let began = Instant::now() + Duration::from_millis(100);
    let mut running = JoinSet::new();
    for (number, mut client) in clients.into_iter().enumerate() {
        let readers = readers.to_vec();
        running.spawn(async move {
            let mut times = Vec::new();
            for at in (number..many).step_by(connections) {
                let due = began + Duration::from_secs_f64(at as f64 / a_second);
                tokio::time::sleep_until(due).await;
                read(&mut client, &readers[at % readers.len()]).await?;
                times.push(due.elapsed().as_secs_f64() * 1e3);
            }
            Ok::<_, Failed>(times)
        });
    }
    let mut times = Vec::new();
    while let Some(ended) = running.join_next().await {
        times.extend(ended??);
    }
    Ok(times)
}

async fn read(client: &mut Client, reader: &Reader) -> Result<(), Failed> {
    let headers = [("cookie", reader.session.as_str()), ("accept-encoding", ENCODINGS)];
    client.get(&reader.path, &headers).await?.expect(200)
}
