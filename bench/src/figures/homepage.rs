use web::cookies;

use super::page::{self, Page};
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

const PAGE: Page = Page { name: "Learner Homepage", path: "/e-learning", milliseconds: 0.6, statements: 6.0 };
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
    let session = logged_in.cookie(cookies::SESSION)?;
    let seen = client.get(PAGE.path, &[("cookie", &session)]).await?;
    let text = std::str::from_utf8(&seen.body)?;
    if let Some((_, missing, _)) = COURSES.iter().find(|(_, title, _)| !text.contains(title)) {
        return Err(Failed::because(format!("the page is not whole: {missing:?}")));
    }
    page::cost(&PAGE, &world, server, &session).await
}
