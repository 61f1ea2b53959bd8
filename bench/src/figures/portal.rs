use web::cookies;

use super::{
    INSIDE,
    page::{self, Page},
};
use crate::{
    Failed,
    client::Client,
    people::people,
    server::Server,
    table::Row,
    world::{Bench, World},
};

const PAGE: Page =
    Page { name: "one portal page, logged in", path: "/portal", milliseconds: 0.4, statements: 4.0 };

/// What the page costs that everybody sees first, as a browser asks for it: compressed, with a session.
pub(crate) async fn measure(bench: &Bench) -> Result<Vec<Row>, Failed> {
    let people = people(0, 1);
    let world = World::make(bench, "portal", "", &[INSIDE]).await?;
    world.populate(&people).await?;
    let server = Server::start(&world).await?;
    let mut client = Client::connect(&world).await?;
    let visit = client.visit().await?;
    let logged_in = client.log_in(&visit, &people[0].username).await?;
    logged_in.expect(303)?;
    let session = logged_in.cookie(cookies::SESSION)?;
    page::cost(&PAGE, &world, server, &session).await
}
