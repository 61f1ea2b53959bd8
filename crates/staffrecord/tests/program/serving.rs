//! `serve`: one process per SQLite file, limits on what is sent, health and metrics, an end that lets everybody finish.

use std::{net::SocketAddr, time::Duration};

use http::{Method, Request, header};
use http_body_util::Full;
use hyper::body::Bytes;
use testing::Answer;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::common::{
    browser::exchange,
    installation::{HOST, Installation},
    serve::Serve,
    staff::{HELEN, JOHN, PASSWORD, set_password, staffed},
    until,
};

fn request(method: Method, path: &str) -> http::request::Builder {
    Request::builder().method(method).uri(path).header(header::HOST, HOST)
}

fn empty() -> Full<Bytes> {
    Full::default()
}

async fn get(address: SocketAddr, path: &str) -> Answer {
    exchange(address, request(Method::GET, path).body(empty()).unwrap()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_process_serves_from_a_file_and_commands_work_beside_it() {
    let installation = staffed(Installation::new());
    installation.does(&["employer", "set", "427", "--set", "policies.lock_failures=3"]);
    let serve = Serve::start(&installation);
    installation.run(&["serve"]).ends(1).says("is served by another process already").says("PostgreSQL");

    set_password(&installation, &serve, HELEN, "mail").await;
    let mut browser = serve.browser();
    for _ in 0..3 {
        browser.log_in(HELEN.username, "a wrong password").await.is(422);
    }
    browser.log_in(HELEN.username, PASSWORD).await.is(422);
    installation.does(&["access", "unlock", HELEN.username]);
    browser.log_in(HELEN.username, PASSWORD).await.leads_to("/portal");
    installation.does(&["employer", "set", "427", "--name", "Riverside Trust"]);
    browser.get("/internet-access").await.is(200);
    serve.browser().get("/help-to-log-in").await.is(200).has("Riverside Trust");
    serve.stop();

    let serve = Serve::start(&installation);
    browser.moved_to(serve.address).get("/portal").await.is(200);
    serve.kill();
    Serve::start(&installation).stop();
    installation.run(&["audit", "verify"]).ends(0).says("Nothing was altered.");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_much_or_not_for_us_gets_a_plain_answer() {
    let installation = staffed(Installation::new());
    let serve = Serve::start(&installation);
    let post = |kind: &str, body: String| {
        let request = request(Method::POST, "/")
            .header(header::CONTENT_TYPE, kind)
            .header("sec-fetch-site", "same-origin");
        exchange(serve.address, request.body(Full::from(body)).unwrap())
    };
    let form = "application/x-www-form-urlencoded";

    let large = request(Method::GET, "/").header("x-large", "x".repeat(40_000)).body(empty()).unwrap();
    exchange(serve.address, large).await.unwrap().is(431);
    post(form, format!("username={}", "x".repeat(65_536)))
        .await
        .unwrap()
        .is(413)
        .has("This is too much to send");
    post("application/json", "{}".into()).await.unwrap().is(415).has("This could not be read");
    post(form, "username=a%00b".into()).await.unwrap().is(400).has("NUL");
    post(form, "username=%ED%A0%80".into()).await.unwrap().is(400).has("UTF-8");
    post(form, "username=a&password=b".into()).await.unwrap().is(403).has("The page was open too long");
    get(serve.address, "/nowhere").await.is(404).has("Page not found");
    exchange(serve.address, request(Method::POST, "/portal").body(empty()).unwrap()).await.unwrap().is(405);
    for host in ["other.example", "portal.example:8080", "portal.example.other.example", "127.0.0.1"] {
        let request = Request::builder().uri("/").header(header::HOST, host).body(empty()).unwrap();
        exchange(serve.address, request).await.unwrap().is(421).has("This address is not served here");
    }

    // A body that says no length, larger than any form; the answer comes before it has been read.
    let mut stream = TcpStream::connect(serve.address).await.unwrap();
    let head = format!(
        "POST / HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: {form}\r\nSec-Fetch-Site: same-origin\r\nTransfer-Encoding: chunked\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(format!("11000\r\n{}\r\n", "x".repeat(0x11000)).as_bytes()).await.unwrap();
    let mut start = [0; 12];
    stream.read_exact(&mut start).await.unwrap();
    assert_eq!(&start, b"HTTP/1.1 413");
    serve.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn who_says_nothing_or_half_of_it_is_hung_up_on_and_holds_up_nobody() {
    let installation = Installation::new();
    let serve = Serve::start(&installation);
    let mut slow = Vec::new();
    for part in ["", "GET / HTTP/1.1\r\nHost: portal.ex", "PRI * HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"]
    {
        let mut stream = TcpStream::connect(serve.address).await.unwrap();
        stream.write_all(part.as_bytes()).await.unwrap();
        slow.push((part, stream));
    }
    let mut half = TcpStream::connect(serve.address).await.unwrap();
    let head = format!(
        "POST / HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\nusername="
    );
    half.write_all(head.as_bytes()).await.unwrap();
    serve.browser().get("/").await.is(200);
    for (part, mut stream) in slow {
        let mut bytes = Vec::new();
        let closed = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut bytes)).await;
        let closed = closed.unwrap_or_else(|_| panic!("{part:?} holds a connection"));
        assert!(closed.is_err() || !bytes.starts_with(b"HTTP/1.1 2"), "{part:?}");
    }
    serve.browser().get("/").await.is(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn health_is_told_to_everybody_and_metrics_at_their_own_address() {
    let installation = staffed(Installation::new());
    let serve = Serve::start(&installation);
    let metrics = serve.metrics.unwrap();
    for (path, says) in [("/health", "alive\n"), ("/ready", "ready\n")] {
        // Whoever watches over it asks by address, not by name.
        let request = Request::builder().uri(path).header(header::HOST, "10.0.0.1").body(empty()).unwrap();
        assert_eq!(exchange(serve.address, request).await.unwrap().is(200).body, says);
        get(metrics, path).await.is(404);
    }
    get(serve.address, "/metrics").await.is(404);
    get(metrics, "/").await.is(404);

    let mut browser = set_password(&installation, &serve, HELEN, "mail").await;
    browser.log_in(HELEN.username, PASSWORD).await.leads_to("/portal");
    browser.log_in("427NOBODY01", PASSWORD).await.is(422);
    browser.get("/portal").await;
    let shown = until("the trail is sealed", || async {
        let shown = get(metrics, "/metrics").await.is(200).body.clone();
        shown.contains("staffrecord_audit_sealed_total").then_some(shown)
    })
    .await;
    let names: Vec<&str> = shown
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| line.split(['{', ' ']).next().unwrap())
        .collect();
    for name in &names {
        // staffrecord_<room>_<what>
        let mut parts = name.splitn(3, '_');
        let (program, room, what) = (parts.next(), parts.next().unwrap_or_default(), parts.next());
        assert_eq!(program, Some("staffrecord"), "{name}");
        assert!(["access", "audit", "mail", "records", "store", "web"].contains(&room), "{name}");
        assert!(what.is_some_and(|what| !what.is_empty()), "{name}");
    }
    for name in [
        "staffrecord_web_request_seconds_bucket",
        "staffrecord_access_log_ins_total",
        "staffrecord_access_hashes_total",
        "staffrecord_access_recovery_requests_total",
        "staffrecord_store_jobs_total",
        "staffrecord_mail_sent_total",
        "staffrecord_mail_waiting",
    ] {
        assert!(names.contains(&name), "{name} in\n{shown}");
    }
    // Not in the figures, in which any digits may come.
    let labelled = |line: &str| line.rsplit_once(' ').map(|(what, _)| what.to_owned());
    let labels: Vec<String> = shown.lines().filter_map(labelled).collect();
    for value in [HELEN.username, HELEN.email, "427", "127.0.0.1", "NOBODY"] {
        assert!(!labels.iter().any(|label| label.contains(value)), "{value} in\n{shown}");
    }
    assert!(shown.contains("outcome=\"logged_in\"") && shown.contains("route=\"/portal\""), "{shown}");
    serve.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_in_under_way_is_answered_before_the_end() {
    let installation = staffed(Installation::new());
    installation.change("hash_memory_kib = 8", "hash_memory_kib = 65536");
    installation.change("hash_passes = 1", "hash_passes = 12");
    installation.change("format = \"text\"", "format = \"json\"");
    let serve = Serve::start(&installation);
    let hashes = || async {
        let shown = get(serve.metrics.unwrap(), "/metrics").await.body;
        let line = shown.lines().find_map(|line| line.strip_prefix("staffrecord_access_hashes_total "));
        line.map_or(0, |count| count.parse::<u64>().unwrap())
    };
    assert_eq!(hashes().await, 0);
    let mut browser = serve.browser();
    browser.get("/").await.is(200);
    let answer = tokio::spawn(async move { browser.log_in(JOHN.username, PASSWORD).await });
    until("the password is hashed", || async { (hashes().await == 1).then_some(()) }).await;
    let address = serve.address;
    serve.terminate();
    answer.await.unwrap().is(422).has("You could not be logged in.");
    let log = serve.ended();
    assert!(TcpStream::connect(address).await.is_err());

    let lines: Vec<serde_json::Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let at = |fits: &dyn Fn(&serde_json::Value) -> bool| lines.iter().position(fits).expect("a line");
    let stopping = at(&|line| line["message"] == "stopping");
    let answered = at(&|line| line["message"] == "answered" && line["status"] == 422);
    assert!(stopping < answered && lines.last().unwrap()["message"] == "stopped", "{log}");
    installation.run(&["audit", "verify"]).ends(0).says_not("not sealed");
}
