use std::{
    fs,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use futures::future::try_join_all;

use crate::{
    Failed,
    client::Client,
    people::{file, people},
    server::Server,
    table::Row,
    world::{Bench, World},
};

const JUNK: usize = 10_000;
const CONNECTIONS: usize = 64;
const MOST_SECONDS: f64 = 120.0;
const LOOK: Duration = Duration::from_millis(50);

/// A flood of requests that match nobody, from one address; then a real one from the same address, which comes last in every
/// order.
pub(crate) async fn measure(bench: &Bench) -> Result<Vec<Row>, Failed> {
    let people = people(0, 100);
    let world = Arc::new(World::make(bench, "recovery", "", &[]).await?);
    world.import(&world.write("staff.csv", &file(&people))?).await?;
    let server = Server::start(&world).await?;
    let began = Instant::now();
    let each = JUNK / CONNECTIONS;
    let flood = (0..=CONNECTIONS).map(|number| {
        let world = world.clone();
        let many = if number == CONNECTIONS { JUNK % CONNECTIONS } else { each };
        tokio::spawn(async move { junk(&world, number * each, many).await })
    });
    for ended in try_join_all(flood).await? {
        ended?;
    }
    let flooded = began.elapsed().as_secs_f64();
    let person = &people[7];
    let mut client = Client::connect(&world).await?;
    let visit = client.visit().await?;
    let born = person.born.to_string();
    let parts: Vec<&str> = born.split('-').collect();
    let (email, username) = (person.email.as_str(), "");
    let fields = [
        ("email", email),
        ("day", parts[2]),
        ("month", parts[1]),
        ("year", parts[0]),
        ("username", username),
    ];
    client.post("/forgotten", &visit, &fields).await?.expect(303)?;
    let asked = Instant::now();
    while !is_mailed(&world.mails(), email)? && asked.elapsed().as_secs_f64() < MOST_SECONDS {
        tokio::time::sleep(LOOK).await;
    }
    let waited = asked.elapsed().as_secs_f64();
    server.stop().await?;
    Ok(vec![Row::judged(
        format!("recovery: a real request after {JUNK} junk ones of the same network, mailed after"),
        format!("< {MOST_SECONDS} s"),
        format!("{waited:.1} s (the flood took {flooded:.1} s)"),
        waited < MOST_SECONDS,
    )])
}

async fn junk(world: &World, first: usize, many: usize) -> Result<(), Failed> {
    let mut client = Client::connect(world).await?;
    let visit = client.visit().await?;
    for number in first..first + many {
        let email = format!("nobody.{number}@nhs.net");
        let fields =
            [("email", email.as_str()), ("day", "1"), ("month", "2"), ("year", "1980"), ("username", "")];
        client.post("/forgotten", &visit, &fields).await?.expect(303)?;
    }
    Ok(())
}

/// Whether a mail to `email` is in the folder.
fn is_mailed(folder: &Path, email: &str) -> Result<bool, Failed> {
    for mail in fs::read_dir(folder)? {
        let path = mail?.path();
        if path.extension().is_some_and(|extension| extension == "eml")
            && fs::read_to_string(path)?.contains(email)
        {
            return Ok(true);
        }
    }
    Ok(false)
}
