use std::time::Instant;

use store::Entropy;

use super::INSIDE;
use crate::{
    Failed,
    client::{Client, Visit},
    people::{EMPLOYER, Person, nobody, people},
    ranks::{compare, median},
    server::Server,
    table::Row,
    world::{Bench, World},
};

const TRIES: usize = 10_000;
/// Accounts of each kind. Each is tried less often than locks it.
const ACCOUNTS: usize = 50;
/// Hashing that costs next to nothing, so that the rest of the way shows; no limit for the one address that all tries come from.
const CHEAP: &str = "hash_memory_kib = 8\nhash_passes = 1\nnetwork_failures = 1000000000";
const WRONG: &str = "seven quiet herons swim";
const KINDS: [&str; 4] = ["unknown name", "wrong password", "locked", "empty password"];

/// Whether the time of an answer tells what came of a try.
pub(crate) async fn measure(bench: &Bench) -> Result<Vec<Row>, Failed> {
    let people = people(0, 4 * ACCOUNTS);
    let settings =
        [INSIDE, "policies.lock_failures=3", "policies.lock_minutes=1440", "policies.lock_most_minutes=1440"];
    let world = World::make(bench, "times", CHEAP, &settings).await?;
    world.populate(&people).await?;
    let server = Server::start(&world).await?;
    let mut client = Client::connect(&world).await?;
    let visit = client.visit().await?;
    let (locked, rest) = people.split_at(ACCOUNTS);
    for person in locked.iter().flat_map(|person| [person; 3]) {
        client.try_password(&visit, &person.username, WRONG).await?.expect(422)?;
    }
    world.command(&["employer", "set", EMPLOYER, "--set", "policies.lock_failures=100"]).await?;
    let mut rows = log_ins(&mut client, &visit, locked, rest).await?;
    rows.push(forgotten(&mut client, &visit, rest).await?);
    server.stop().await?;
    Ok(rows)
}

/// Tries in turns, in an order that is shuffled anew in each turn; the times in milliseconds, by kind.
struct Turns {
    entropy: Entropy,
    times: Vec<Vec<f64>>,
}

impl Turns {
    fn new(kinds: usize) -> Self {
        Self { entropy: Entropy::seeded(1), times: vec![Vec::new(); kinds] }
    }

    fn order(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.times.len()).collect();
        order.sort_by_cached_key(|_| self.entropy.bytes::<8>());
        order
    }

    fn note(&mut self, kind: usize, began: Instant) {
        self.times[kind].push(began.elapsed().as_secs_f64() * 1e3);
    }

    fn row(&self, first: (usize, &str), second: (usize, &str)) -> Row {
        let (a, b) = (&self.times[first.0], &self.times[second.0]);
        let ranks = compare(a, b);
        Row::shown(
            format!("times, {} against {} (Mann-Whitney, {} tries each)", first.1, second.1, a.len()),
            format!(
                "U/nm = {:.3}, p = {:.3}; medians {:.3} and {:.3} ms",
                ranks.above,
                ranks.p,
                median(a),
                median(b)
            ),
        )
    }
}

async fn log_ins(
    client: &mut Client,
    visit: &Visit,
    locked: &[Person],
    rest: &[Person],
) -> Result<Vec<Row>, Failed> {
    let mut turns = Turns::new(KINDS.len());
    for turn in 0..TRIES / KINDS.len() {
        let at = turn % ACCOUNTS;
        for kind in turns.order() {
            let unknown = nobody(at);
            let (username, password) = match kind {
                0 => (&unknown, WRONG),
                1 => (&rest[at].username, WRONG),
                2 => (&locked[at].username, WRONG),
                _ => (&rest[ACCOUNTS + at].username, ""),
            };
            let began = Instant::now();
            let answer = client.try_password(visit, username, password).await?;
            turns.note(kind, began);
            answer.expect(422)?;
        }
    }
    let named = |kind: usize| (kind, KINDS[kind]);
    Ok([(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)].map(|(a, b)| turns.row(named(a), named(b))).into())
}

async fn forgotten(client: &mut Client, visit: &Visit, people: &[Person]) -> Result<Row, Failed> {
    let mut turns = Turns::new(2);
    for turn in 0..TRIES / 2 {
        let person = &people[turn % people.len()];
        let born = person.born.to_string();
        let mut born = born.split('-');
        let (year, month, day) = (
            born.next().unwrap_or_default(),
            born.next().unwrap_or_default(),
            born.next().unwrap_or_default(),
        );
        let stranger = person.email.replacen("ann.x", "ann.z", 1);
        for kind in turns.order() {
            let email = if kind == 0 { &person.email } else { &stranger };
            let fields =
                [("email", email.as_str()), ("day", day), ("month", month), ("year", year), ("username", "")];
            let began = Instant::now();
            let answer = client.post("/forgotten", visit, &fields).await?;
            turns.note(kind, began);
            answer.expect(303)?;
        }
    }
    Ok(turns.row((0, "/forgotten with a match"), (1, "without")))
}
