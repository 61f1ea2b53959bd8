//! A page that is asked for with a session, again and again.

use std::net::Ipv4Addr;

use axum::body::Body;
use http::{Request, header};
use http_body_util::BodyExt;
use tower::ServiceExt;
use web::Peer;

use crate::{Failed, client::Client, world::World};

/// What browsers say that they read.
const ENCODINGS: &str = "gzip, deflate, br";

/// Asks for it by one connection, so many times.
pub(super) async fn ask(world: &World, path: &str, session: &str, times: usize) -> Result<(), Failed> {
    let mut client = Client::connect(world).await?;
    let headers = [("cookie", session), ("accept-encoding", ENCODINGS)];
    for _ in 0..times {
        client.get(path, &headers).await?.expect(200)?;
    }
    Ok(())
}

/// How many SQL statements it takes. Counted in this process, on the same database with the same session; the first page is left out, since
/// a session is written down as seen every half minute.
pub(super) async fn statements(world: &World, path: &str, session: &str) -> Result<f64, Failed> {
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
