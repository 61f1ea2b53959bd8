use std::sync::Arc;

use futures::future::try_join_all;
use web::cookies;

use super::{INSIDE, page};
use crate::{
    Failed,
    client::Client,
    people::people,
    server::Server,
    table::Row,
    world::{Bench, World},
};

const REQUESTS: usize = 10_000;
const CONNECTIONS: usize = 8;
const WARM_UP: usize = 500;
const MOST_MILLISECONDS: f64 = 0.4;
const MOST_STATEMENTS: f64 = 4.0;
const PATH: &str = "/portal";

/// What the page costs that everybody sees first, as a browser asks for it: compressed, with a session.
pub(crate) async fn measure(bench: &Bench) -> Result<Vec<Row>, Failed> {
    let people = people(0, 1);
    let world = Arc::new(World::make(bench, "portal", "", &[INSIDE]).await?);
    world.populate(&people).await?;
    let server = Server::start(&world).await?;
    let mut client = Client::connect(&world).await?;
    let visit = client.visit().await?;
    let logged_in = client.log_in(&visit, &people[0].username).await?;
    logged_in.expect(303)?;
    let session = Arc::new(logged_in.cookie(cookies::SESSION)?);
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
            format!("server's processor time of one portal page, logged in ({REQUESTS} requests)"),
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
