//! A page that is asked for with a session, again and again.

use std::net::Ipv4Addr;

use axum::body::Body;
use futures::future::try_join_all;
use http::{Request, header};
use http_body_util::BodyExt;
use tower::ServiceExt;
use web::Peer;

use crate::{Failed, client::Client, server::Server, table::Row, world::World};

const REQUESTS: usize = 10_000;
const CONNECTIONS: usize = 8;
const WARM_UP: usize = 500;

/// What browsers say that they read.
const ENCODINGS: &str = "gzip, deflate, br";

/// The page that a figure is about, and the most that it may take.
pub(super) struct Page {
    /// In the figure's words.
    pub(super) name: &'static str,
    pub(super) path: &'static str,
    pub(super) milliseconds: f64,
    pub(super) statements: f64,
}

/// What a page costs its server, which ends with this, in processor time and in statements.
pub(super) async fn cost(
    page: &Page,
    world: &World,
    server: Server,
    session: &str,
) -> Result<Vec<Row>, Failed> {
    ask(world, page.path, session, WARM_UP).await?;
    let before = server.usage()?.all;
    let each = REQUESTS / CONNECTIONS;
    try_join_all((0..CONNECTIONS).map(|_| ask(world, page.path, session, each))).await?;
    let used = server.usage()?.all - before;
    server.stop().await?;
    let milliseconds = used * 1e3 / (each * CONNECTIONS) as f64;
    let statements = statements(world, page.path, session).await?;
    Ok(vec![
        Row::judged(
            format!("server's processor time of {} ({REQUESTS} requests)", page.name),
            format!("< {} ms", page.milliseconds),
            format!("{milliseconds:.3} ms"),
            milliseconds < page.milliseconds,
        ),
        Row::judged(
            "its SQL statements",
            format!("≤ {}", page.statements),
            format!("{statements:.1}"),
            statements <= page.statements,
        ),
    ])
}

/// Asks for it by one connection, so many times.
async fn ask(world: &World, path: &str, session: &str, times: usize) -> Result<(), Failed> {
    let mut client = Client::connect(world).await?;
    let headers = [("cookie", session), ("accept-encoding", ENCODINGS)];
    for _ in 0..times {
        client.get(path, &headers).await?.expect(200)?;
    }
    Ok(())
}

/// How many SQL statements it takes. Counted in this process, on the same database with the same session; the first page is left out, since
/// a session is written down as seen every half minute.
async fn statements(world: &World, path: &str, session: &str) -> Result<f64, Failed> {
    const TIMES: u32 = 20;
    let (db, portal) = world.portal().await?;
    let origin = world.origin();
    let page = || async {
        let request = Request::get(path)
            .header(header::HOST, origin.trim_start_matches("http://"))
            .header(header::COOKIE, session)
            .extension(Peer(Ipv4Addr::LOCALHOST.into()))
            .body(Body::empty())?;
        let Ok(answer) = portal.router.clone().oneshot(request).await;
        let status = answer.status();
        answer.into_body().collect().await?;
        if status == 200 { Ok(()) } else { Err(Failed::because(format!("{path} answered {status}"))) }
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
