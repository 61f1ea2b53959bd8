//! What PC Checker asks of the courses' host.

use axum::body::Body;
use http::{Request, header};
use testing::{Answer, Portal, both_databases};

async fn ask(portal: &Portal, host: &str, method: &str, path: &str, body: Vec<u8>) -> Answer {
    let request = Request::builder().method(method).uri(path).header(header::HOST, host);
    portal.answer(request.body(Body::from(body)).unwrap()).await
}

both_databases!(the_frame_has_what_it_tries, |portal| async move {
    let host = "check.content.localhost";
    let page = ask(&portal, host, "GET", "/check/", Vec::new()).await;
    page.is(200);
    assert!(page.body.contains("src=\"check.js\""));
    assert!(
        page.headers["content-security-policy"]
            .to_str()
            .unwrap()
            .contains("frame-ancestors https://portal.example")
    );
    assert!(!page.headers.contains_key("set-cookie"));
    ask(&portal, host, "GET", "/check/check.js", Vec::new()).await.is(200);
    let measured = ask(&portal, host, "GET", "/check/speed", Vec::new()).await;
    assert_eq!((measured.status.as_u16(), measured.bytes.len()), (200, 512 * 1024));

    let sent = b"<script>1</script>".to_vec();
    let answer = ask(&portal, host, "POST", "/check/echo", sent.clone()).await;
    assert_eq!((answer.status.as_u16(), answer.bytes.as_ref()), (200, sent.as_slice()));
    assert_eq!(answer.headers["content-type"], "text/plain; charset=utf-8");
    assert_eq!(answer.headers["x-content-type-options"], "nosniff");
    // The portal's pages send what waits from where they are.
    assert_eq!(answer.headers["access-control-allow-origin"], "https://portal.example");
    ask(&portal, host, "POST", "/check/echo", vec![b'x'; 256 * 1024]).await.is(200);
    ask(&portal, host, "POST", "/check/echo", vec![b'x'; 256 * 1024 + 1]).await.is(413);
});

both_databases!(what_a_page_sends_as_it_is_left_is_asked_for_afterwards, |portal| async move {
    let host = "check.content.localhost";
    let number = "0123456789abcdef".repeat(2);
    let (letter, none) = (format!("/check/letter/{number}"), format!("/check/letter/{}", "0".repeat(32)));
    let came = async |path: &str| ask(&portal, host, "GET", path, Vec::new()).await.body;
    assert_eq!(came(&letter).await, "");
    // What was emptied or changed on its way has not come.
    for body in [Vec::new(), b"check".to_vec(), vec![b'x'; 1024 * 1024]] {
        ask(&portal, host, "POST", &letter, body).await.is(204);
        assert_eq!(came(&letter).await, "");
    }
    ask(&portal, host, "POST", &letter, number.clone().into_bytes()).await.is(204);
    assert_eq!(came(&letter).await, number);
    assert_eq!(came(&none).await, "");
    portal.clock.advance(120);
    assert_eq!(came(&letter).await, "");
    for (method, path, status) in [
        ("PUT", letter.as_str(), 405),
        ("GET", "/check/letter/", 404),
        ("GET", "/check/letter/0123", 404),
        ("POST", "/check/letter/0123456789ABCDEF0123456789ABCDEF", 404),
    ] {
        ask(&portal, host, method, path, Vec::new()).await.is(status);
    }
});

both_databases!(nothing_else_is_there, |portal| async move {
    let host = "check.content.localhost";
    for (method, path, status) in [
        ("GET", "/check", 404),
        ("GET", "/check/portal.js", 404),
        ("GET", "/check/../", 404),
        ("GET", "/check/echo", 405),
        ("POST", "/check/", 405),
        ("POST", "/check/speed", 405),
        ("GET", "/", 404),
        ("GET", "/portal", 404),
    ] {
        ask(&portal, host, method, path, Vec::new()).await.is(status);
    }
    // An attempt's own host has no more than that attempt's course.
    let attempt = format!("c-{}.content.localhost", "0".repeat(32));
    ask(&portal, &attempt, "GET", "/check/", Vec::new()).await.is(404);
});
