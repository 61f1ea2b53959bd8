use std::{net::Ipv4Addr, sync::Arc};

use axum::body::Body;
use futures::future::try_join_all;
use http::{Request, header};
use http_body_util::BodyExt;
use tower::ServiceExt;
use web::{Peer, cookies};

use super::INSIDE;
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
/// What browsers say that they read.
const ENCODINGS: &str = "gzip, deflate, br";

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
    ask(&world, &session, WARM_UP).await?;
    let before = server.usage()?.all;
    let each = REQUESTS / CONNECTIONS;
    try_join_all((0..CONNECTIONS).map(|_| ask(&world, &session, each))).await?;
    let used = server.usage()?.all - before;
    server.stop().await?;
    let milliseconds = used * 1e3 / (each * CONNECTIONS) as f64;
    let statements = statements(&world, &session).await?;
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

async fn ask(world: &World, session: &str, times: usize) -> Result<(), Failed> {
    let mut client = Client::connect(world).await?;
    let headers = [("cookie", session), ("accept-encoding", ENCODINGS)];
    for _ in 0..times {
        client.get("/portal", &headers).await?.expect(200)?;
    }
    Ok(())
}

/// Counted in this process, on the same database with the same session; the first page is left out, since a session is written
/// down as seen every half minute.
async fn statements(world: &World, session: &str) -> Result<f64, Failed> {
    const TIMES: u32 = 20;
    let (db, portal) = world.portal().await?;
    let origin = world.origin();
    let page = || async {
        let request = Request::get("/portal")
            .header(header::HOST, origin.trim_start_matches("http://"))
            .header(header::COOKIE, session)
            .extension(Peer(Ipv4Addr::LOCALHOST.into()))
            .body(Body::empty())?;
        let Ok(answer) = portal.router.clone().oneshot(request).await;
        let status = answer.status();
        answer.into_body().collect().await?;
        if status == 200 {
            Ok(())
        } else {
            Err(Failed::because(format!("the portal page answered {status}")))
        }
    };
    page().await?;
    let before = db.statistics().statements;
    for _ in 0..TIMES {
        page().await?;
    }
    let ran = db.statistics().statements - before;
    db.close().await;
    Ok(ran as f64 / f64::from(TIMES))
}
