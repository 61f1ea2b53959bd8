//! Forms with files that are not as they should be.

use axum::body::{Body, Bytes};
use http::{Request, header};
use testing::{Browser, PASSWORD, both_databases};
use web::Peer;

use super::{GARETH, HEADER, JOHN, hr, pieces, states};

const PLACE: &str = "/hr/staff-upload";
const KIND: &str = "multipart/form-data; boundary=B";

fn part(head: &str, body: &str) -> String {
    format!("--B\r\nContent-Disposition: form-data; {head}\r\n\r\n{body}\r\n")
}

async fn with_token(browser: &mut Browser, parts: &[String]) -> String {
    let token = browser.a_token().await;
    format!("{}{}--B--\r\n", part("name=\"csrf\"", &token), parts.concat())
}

both_databases!(a_form_that_makes_no_sense_gets_a_plain_answer, |portal| async move {
    let mut gareth = hr(&portal, GARETH).await;
    gareth.get(PLACE).await.is(200);
    gareth.post_files(PLACE, &[], &[]).await.is(422).has("Choose a file").has("There is a problem");
    gareth.post_files(PLACE, &[], &[("file", "", b"")]).await.is(422).has("Choose a file");
    gareth.post_files(PLACE, &[], &[("file", "staff.csv", b"")]).await.is(422).has("The file is empty");
    gareth.post_files(PLACE, &[("file", "text")], &[]).await.is(422).has("Choose a file");

    let good = HEADER.as_bytes();
    let twice = [("file", "a.csv", good), ("file", "b.csv", good)];
    gareth.post_files(PLACE, &[], &twice).await.is(400).has("a field twice");
    let long = "x".repeat(201);
    gareth.post_files(PLACE, &[], &[("file", &long, good)]).await.is(400).has("longer than 200 characters");
    gareth
        .post_files(PLACE, &[("a", "\0")], &[("file", "a.csv", good)])
        .await
        .is(400)
        .has("the character NUL");
    let many: Vec<String> = (0..1001).map(|n| format!("f{n}")).collect();
    let many: Vec<(&str, &str)> = many.iter().map(|name| (name.as_str(), "")).collect();
    gareth.post_files(PLACE, &many, &[]).await.is(400).has("too many fields");

    let file = part("name=\"file\"; filename=\"staff.csv\"", HEADER);
    let whole = with_token(&mut gareth, &[file]).await;
    let half = whole[..whole.len() - 30].to_owned();
    gareth.post_body(PLACE, KIND, half).await.is(400).has("a part of it is missing");
    for kind in [
        "multipart/form-data",
        "application/x-www-form-urlencoded",
        "application/json",
        "multipart/mixed; boundary=B",
    ] {
        gareth
            .post_body(PLACE, kind, whole.clone())
            .await
            .is(415)
            .has("Go back and send the form on the page");
    }
    // Another route takes no such form.
    gareth.post_body("/log-out", KIND, whole.clone()).await.is(415);

    let forged = whole.replace("name=\"csrf\"", "name=\"other\"");
    gareth.post_body(PLACE, KIND, forged).await.is(403).has("The page was open too long");
    portal.settle().await;
    assert_eq!((states(&portal).await.len(), pieces(&portal).await), (0, 0), "nothing of all that is kept");
    gareth.post_body(PLACE, KIND, whole).await.is(303);
});

/// A body that nobody may read.
fn untouchable() -> Body {
    Body::from_stream(futures::stream::once(async { panic!("the body is read") }).map_ok_bytes())
}

trait MapOkBytes {
    fn map_ok_bytes(self) -> futures::stream::BoxStream<'static, Result<Bytes, std::io::Error>>;
}

impl<S: futures::Stream<Item = Bytes> + Send + 'static> MapOkBytes for S {
    fn map_ok_bytes(self) -> futures::stream::BoxStream<'static, Result<Bytes, std::io::Error>> {
        use futures::StreamExt;
        self.map(Ok).boxed()
    }
}

both_databases!(a_body_is_read_only_from_those_whom_it_is_for, |portal| async move {
    portal.set_password("427HOWSEA01").await;
    let mut helen = portal.inside();
    helen.log_in("427HOWSEA01", PASSWORD).await.leads_to("/portal");
    helen.post_body(PLACE, KIND, untouchable()).await.is(403).has("This page is not for you");
    let mut stranger = portal.inside();
    stranger.post_body(PLACE, KIND, untouchable()).await.leads_to("/");
    let mut gareth = hr(&portal, GARETH).await;
    let inside = gareth.address;
    gareth.address = testing::OUTSIDE.parse().unwrap();
    gareth.post_body(PLACE, KIND, untouchable()).await.is(403).has("This page opens at work only");
    gareth.address = inside;
    // Neither from another site nor where it says that it is too large.
    let request = |change: &dyn Fn(&mut Request<Body>)| {
        let cookies: Vec<String> =
            gareth.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut request = Request::post(PLACE)
            .header(header::HOST, "portal.example")
            .header(header::CONTENT_TYPE, KIND)
            .header(header::COOKIE, cookies.join("; "))
            .header("sec-fetch-site", "same-origin")
            .extension(Peer(inside))
            .body(untouchable())
            .unwrap();
        change(&mut request);
        portal.answer(request)
    };
    let set = |name: &'static str, value: &'static str| {
        move |request: &mut Request<Body>| drop(request.headers_mut().insert(name, value.parse().unwrap()))
    };
    request(&set("sec-fetch-site", "cross-site")).await.is(403);
    request(&set("content-length", "67174401")).await.is(413).has("larger than this form takes");
    // The session is gone: it leads to the log-in, and nothing is kept.
    portal.clock.advance(16 * 60);
    gareth.post_body(PLACE, KIND, untouchable()).await.leads_to("/?ended=yes");
});

both_databases!(one_employers_bodies_leave_room_for_anothers, |portal| async move {
    let mut gareth = hr(&portal, GARETH).await;
    gareth.get(PLACE).await.is(200);
    let mut john = hr(&portal, JOHN).await;
    john.get(PLACE).await.is(200);
    let file = part("name=\"file\"; filename=\"staff.csv\"", HEADER);
    let mut browser = gareth.clone();
    let whole = with_token(&mut browser, std::slice::from_ref(&file)).await;
    let (begin, rest) = whole.split_at(100);
    let (begin, rest) = (Bytes::from(begin.to_owned()), Bytes::from(rest.to_owned()));
    // It begins, says that it is being read, and goes on when it may. How large it is it does not say.
    let (read, is_read) = futures::channel::oneshot::channel();
    let (go_on, may_go_on) = futures::channel::oneshot::channel::<()>();
    let body =
        futures::stream::unfold((Some((begin, read)), Some((may_go_on, rest))), |(begin, end)| async move {
            if let Some((begin, read)) = begin {
                read.send(()).unwrap();
                return Some((begin, (None, end)));
            }
            let (may_go_on, rest) = end?;
            may_go_on.await.unwrap();
            Some((rest, (None, None)))
        });
    let body = Body::from_stream(body.map_ok_bytes());
    let sent = tokio::spawn(async move { browser.post_body(PLACE, KIND, body).await.status.as_u16() });
    is_read.await.unwrap();
    let busy = gareth.post_body(PLACE, KIND, untouchable()).await;
    assert_eq!(busy.is(503).headers["retry-after"], "10");
    let whole = with_token(&mut john, std::slice::from_ref(&file)).await;
    john.post_body(PLACE, KIND, whole).await.is(303);
    go_on.send(()).unwrap();
    assert_eq!(sent.await.unwrap(), 303);
    let whole = with_token(&mut gareth, std::slice::from_ref(&file)).await;
    gareth.post_body(PLACE, KIND, whole).await.is(303);
});
