use std::{sync::Arc, time::Duration};

use futures::stream::{self, StreamExt, TryStreamExt};
use store::Clock;
use totp_rs::{Builder, Secret, Totp};
use web::cookies;

use crate::{
    Failed,
    client::{Client, Visit},
    people::{Person, people},
    server::{Server, Usage},
    table::Row,
    world::{Bench, World},
};

const PEOPLE: usize = 400;
/// Each kind is measured so often, in turns.
const ROUNDS: usize = 5;
/// At rest it takes less than this of a second, and comes to that within so many.
const REST_SECONDS: f64 = 0.03;
const MOST_WAITS: usize = 60;
/// As many log in at once: a machine with nothing to do spends as much on waking up as on the work.
const AT_ONCE: usize = 8;
const MOST_MILLISECONDS: f64 = 1.0;
/// A code is good a step early, so that one who has just set up an app need not wait for the next.
const STEP_SECONDS: i64 = 30;

/// What a second factor costs beside the password: the page that asks for it, and the code.
pub(crate) async fn measure(bench: &Bench) -> Result<Vec<Row>, Failed> {
    let all = people(0, 2 * PEOPLE);
    let (with, without) = all.split_at(PEOPLE);
    // Nobody is inside, so whoever has a factor is asked for it.
    let world = Arc::new(World::make(bench, "second_factor", "", &[]).await?);
    world.populate(&all).await?;
    let server = Server::start(&world).await?;
    let mut apps = Vec::new();
    for person in with {
        apps.push(set_up(&world, person).await?);
    }
    let (mut plain, mut strong) = (0.0, 0.0);
    let rounds =
        without.chunks(PEOPLE / ROUNDS).zip(with.chunks(PEOPLE / ROUNDS).zip(apps.chunks(PEOPLE / ROUNDS)));
    let mut before = beside_hashing(at_rest(&server).await?);
    for (without, (with, apps)) in rounds {
        let log_ins = stream::iter(without).map(|person| log_in(&world, person));
        log_ins.buffer_unordered(AT_ONCE).try_for_each(async |_| Ok(())).await?;
        let between = beside_hashing(at_rest(&server).await?);
        let log_ins =
            stream::iter(with.iter().zip(apps)).map(|(person, app)| log_in_strongly(&world, person, app));
        log_ins.buffer_unordered(AT_ONCE).try_for_each(async |()| Ok(())).await?;
        let after = beside_hashing(at_rest(&server).await?);
        plain += (between - before) * 1e3 / PEOPLE as f64;
        strong += (after - between) * 1e3 / PEOPLE as f64;
        before = after;
    }
    server.stop().await?;
    let added = strong - plain;
    Ok(vec![Row::judged(
        "server's processor time that a second factor adds to a log-in, hashing apart",
        format!("< {MOST_MILLISECONDS} ms"),
        format!("{added:.2} ms ({strong:.2} ms with one, {plain:.2} ms without)"),
        added < MOST_MILLISECONDS,
    )])
}

/// Waits until the mails about all that was done are sent, and their trail is sealed: each phase bears its own.
async fn at_rest(server: &Server) -> Result<Usage, Failed> {
    let mut last = server.usage()?;
    for _ in 0..MOST_WAITS {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let now = server.usage()?;
        if now.all - last.all < REST_SECONDS {
            return Ok(now);
        }
        last = now;
    }
    Err(Failed::because("the server did not come to rest"))
}

async fn log_in_strongly(world: &World, person: &Person, app: &Totp) -> Result<(), Failed> {
    let (mut client, visit) = log_in(world, person).await?;
    let page = client.get("/second-factor", &[("cookie", visit.cookie())]).await?;
    page.expect(200)?;
    let visit = visit.with_token(&page)?;
    let code = code(app, STEP_SECONDS)?;
    client.post("/second-factor", &visit, &[("code", &code)]).await?.expect(303)
}

fn beside_hashing(usage: Usage) -> f64 {
    usage.all - usage.hashing
}

/// Sets up an authenticator app, as its holder does.
async fn set_up(world: &World, person: &Person) -> Result<Totp, Failed> {
    let (mut client, visit) = log_in(world, person).await?;
    let path = "/my-account/second-factors/authenticator";
    let page = client.get(path, &[("cookie", visit.cookie())]).await?;
    page.expect(200)?;
    let visit = visit.with_token(&page)?;
    let text = std::str::from_utf8(&page.body)?;
    let between = |from: &str| text.split_once(from).and_then(|(_, rest)| rest.split(['"', '<', '&']).next());
    let missing = || Failed::because("the page shows no key");
    let (ticket, key) =
        between("name=\"ticket\" value=\"").zip(between("portal-code\">")).ok_or_else(missing)?;
    let secret = Secret::try_from_base32(key.replace(' ', "")).map_err(|_| missing())?;
    let app = Builder::new().with_secret(secret).build_noncompliant();
    let code = code(&app, 0)?;
    let fields = [("ticket", ticket), ("code", code.as_str()), ("name", "An app")];
    client.post(path, &visit, &fields).await?.expect(303)?;
    Ok(app)
}

/// What the app shows so many seconds from now.
fn code(app: &Totp, seconds: i64) -> Result<String, Failed> {
    let at = Clock::system().now().plus_seconds(seconds).microseconds() / 1_000_000;
    Ok(app.generate(u64::try_from(at)?).to_string())
}

/// Logs in as a new visitor; the session's cookie.
async fn log_in(world: &World, person: &Person) -> Result<(Client, Visit), Failed> {
    let mut client = Client::connect(world).await?;
    let visit = client.visit().await?;
    let answer = client.log_in(&visit, &person.username).await?;
    answer.expect(303)?;
    let session = answer.cookie(cookies::SESSION)?;
    Ok((client, visit.logged_in(&session)))
}
