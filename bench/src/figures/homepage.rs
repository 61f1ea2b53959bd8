use std::sync::Arc;

use futures::future::try_join_all;
use web::cookies;

use super::page;
use crate::{
    Failed,
    client::Client,
    courses::{self, Says},
    database::Database,
    people::people,
    server::Server,
    table::Row,
    wire::Wire,
    world::Bench,
};

const REQUESTS: usize = 10_000;
const CONNECTIONS: usize = 8;
const WARM_UP: usize = 500;
const MOST_MILLISECONDS: f64 = 0.6;
const MOST_STATEMENTS: f64 = 6.0;
const PATH: &str = "/e-learning";
/// What an employer has, and how far the reader is in those that they have begun.
const COURSES: [(&str, &str, Option<&str>); 12] = [
    ("FIRE", "Fire safety", Some("passed")),
    ("LIFT", "Moving and handling", Some("passed")),
    ("HANDS", "Infection prevention and control", Some("passed")),
    ("DATA", "Data security awareness", Some("completed")),
    ("CHILD", "Safeguarding children", Some("passed")),
    ("ADULT", "Safeguarding adults", Some("incomplete")),
    ("EQUAL", "Equality, diversity and human rights", Some("incomplete")),
    ("BASIC", "Basic life support", Some("incomplete")),
    ("CALM", "Conflict resolution", None),
    ("HEALTH", "Health, safety and welfare", None),
    ("PREVENT", "Preventing radicalisation", None),
    ("BLOOD", "Blood transfusion", None),
];

/// What Learner Homepage costs, as a browser asks for it, of somebody who has done courses, is on some, and has left one without its last word.
pub(crate) async fn measure(bench: &Bench) -> Result<Vec<Row>, Failed> {
    let people = people(0, 1);
    let database = Database::make("SQLite", "homepage").await?;
    let world = courses::world(bench, "homepage", &database).await?;
    world.populate(&people).await?;
    for (code, title, _) in COURSES {
        courses::publish(&world, code, title, &[]).await?;
    }
    let begun: Vec<(&str, &str)> =
        COURSES.iter().filter_map(|(code, _, status)| status.map(|status| (*code, status))).collect();
    let codes: Vec<&str> = begun.iter().map(|(code, _)| *code).collect();
    let mut opened = courses::open(&world, 1, &codes).await?;
    let server = Server::start(&world).await?;
    let mut wire = Wire::connect(world.address).await?;
    let last = opened.len() - 1;
    for (number, (one, (_, status))) in opened.iter_mut().zip(&begun).enumerate() {
        one.begin(&mut wire).await?;
        let ends = number < last;
        let request = one.commit(&Says { status, location: "9", raw: "90", suspend_data: "1", ends });
        wire.ask(&request).await?.expect(200)?;
    }
    let mut client = Client::connect(&world).await?;
    let visit = client.visit().await?;
    let logged_in = client.log_in(&visit, &people[0].username).await?;
    logged_in.expect(303)?;
    let session = Arc::new(logged_in.cookie(cookies::SESSION)?);
    let seen = client.get(PATH, &[("cookie", &session)]).await?;
    let text = std::str::from_utf8(&seen.body)?;
    if let Some((_, missing, _)) = COURSES.iter().find(|(_, title, _)| !text.contains(title)) {
        return Err(Failed::because(format!("the page is not whole: {missing:?}")));
    }
    page::ask(&world, PATH, &session, WARM_UP).await?;
    let before = server.usage()?.all;
    let each = REQUESTS / CONNECTIONS;
    try_join_all((0..CONNECTIONS).map(|_| page::ask(&world, PATH, &session, each))).await?;
    let used = server.usage()?.all - before;
    server.stop().await?;
    let milliseconds = used * 1e3 / (each * CONNECTIONS) as f64;
    let statements = page::statements(&world, PATH, &session).await?;
    Ok(vec![
        Row::judged(
            format!("server's processor time of Learner Homepage ({REQUESTS} requests)"),
            format!("< {MOST_MILLISECONDS} ms"),
            format!("{milliseconds:.3} ms"),
            milliseconds < MOST_MILLISECONDS,
        ),
        Row::judged(
            "its SQL statements",
            format!("≤ {MOST_STATEMENTS}"),
            format!("{statements:.1}"),
            statements <= MOST_STATEMENTS,
        ),
    ])
}
