//! Against a real mail server.

use std::{collections::BTreeSet, time::Duration};

use mail::State;
use store::{Clock, testing::both};

use crate::common::{self, Received, Site, nine, queue, status, waiting};

fn addresses(received: &[Received]) -> Vec<&str> {
    received.iter().map(|mail| mail.to.as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_arrives_encrypted_and_logged_in() {
    both("a_mail_arrives", |db| async move {
        let (site, clock) = (Site::new(), Clock::standing(nine()));
        let server = site.server(0).await;
        let postman = site.postman(&db, &clock, server.port);
        let id = queue(&db, &clock, "Helen.OWsea@nhs.net", "notice").await;
        assert_eq!(postman.run_due().await.unwrap(), 1);

        let status = status(&db, id).await;
        assert_eq!((status.state, status.attempts, status.sent_at), (State::Sent, 1, Some(nine())));
        assert_eq!(status.answer.as_deref(), Some("250 queued as 0001"));
        let received = site.received();
        assert_eq!(received.len(), 1);
        assert_eq!(received[0].message_id, format!("{id}@example.nhs.uk"));
        assert_eq!(
            received[0].envelope,
            serde_json::json!({
                "from": "portal@example.nhs.uk", "to": ["Helen.OWsea@nhs.net"], "user": "staffrecord", "secure": true
            })
        );
        assert_eq!(postman.run_due().await.unwrap(), 0, "a mail that is sent is not sent again");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_from_the_first_byte_and_none_to_this_machine_work_too() {
    let (site, fresh) = (Site::new(), store::testing::lite().await);
    let clock = Clock::standing(nine());
    let implicit = site.server_with(0, &["--cert", "cert.pem", "--key", "key.pem", "--implicit"]).await;
    let plain = site.server_with(0, &[]).await;
    for (port, rest) in
        [(implicit.port, "tls = \"tls\"\nca_file = \"ca.pem\""), (plain.port, "tls = \"none\"")]
    {
        let settings = format!(
            "from = \"portal@example.nhs.uk\"\n[smtp]\nhost = \"localhost\"\nport = {port}\n{rest}\n"
        );
        site.open(&settings).0.check().await.unwrap();
        let id = queue(&fresh.db, &clock, "first.last@nhs.net", "notice").await;
        site.postman_with(&fresh.db, &clock, &settings).run_due().await.unwrap();
        assert_eq!(status(&fresh.db, id).await.state, State::Sent, "{rest}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_cannot_be_trusted_gets_no_mail_and_no_password() {
    let (site, fresh) = (Site::new(), store::testing::lite().await);
    let clock = Clock::standing(nine());
    let server = site.server(0).await;
    let plain = site.server_with(0, &["--user", common::USER, "--password", common::PASSWORD]).await;
    std::fs::copy(Site::new().path("ca.pem"), site.path("other.pem")).unwrap();

    let right = site.settings(server.port);
    for (settings, says) in [
        (right.replace("ca.pem", "other.pem"), "does not encrypt as asked"),
        (right.replace("\"localhost\"", "\"127.0.0.1\""), "does not encrypt as asked"),
        (site.settings(plain.port), "STARTTLS is not supported"),
    ] {
        let refused = site.open(&settings).0.check().await.unwrap_err().to_string();
        assert!(refused.contains(says), "{refused}");
        let id = queue(&fresh.db, &clock, "first.last@nhs.net", "notice").await;
        site.postman_with(&fresh.db, &clock, &settings).run_due().await.unwrap();
        let status = status(&fresh.db, id).await;
        assert_eq!((status.state, status.attempts), (State::Waiting, 0));
        assert!(status.answer.unwrap().contains(says));
    }
    assert_eq!(site.received().len(), 0);
    site.open(&right).0.check().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_fails_no_mail_for_good() {
    both("a_wrong_password", |db| async move {
        let (site, clock) = (Site::new(), Clock::standing(nine()));
        let server = site.server(0).await;
        let wrong =
            site.settings(server.port).replace("password_file = \"password\"", "password = \"another\"");
        let refused = site.open(&wrong).0.check().await.unwrap_err().to_string();
        assert!(refused.contains("refuses our username and password: 535"), "{refused}");
        let id = queue(&db, &clock, "first.last@nhs.net", "notice").await;
        site.postman_with(&db, &clock, &wrong).run_due().await.unwrap();
        assert_eq!(status(&db, id).await.state, State::Waiting);

        clock.advance(5);
        site.postman(&db, &clock, server.port).run_due().await.unwrap();
        assert_eq!(status(&db, id).await.state, State::Sent);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_down_at_first_gets_everything_once_it_is_up() {
    both("down_at_first", |db| async move {
        let (site, clock) = (Site::new(), Clock::standing(nine()));
        // A port that was free a moment ago.
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let postman = site.postman(&db, &clock, port);
        let mut ids = Vec::new();
        for number in 0..12 {
            ids.push(queue(&db, &clock, &format!("staff{number:02}@nhs.net"), "notice").await);
            clock.advance(1);
        }
        assert_eq!(postman.run_due().await.unwrap(), 8, "all that set out together");
        assert_eq!(postman.run_due().await.unwrap(), 0, "then it waits");
        clock.advance(5);
        assert_eq!(postman.run_due().await.unwrap(), 1, "one goes ahead");
        let tried = status(&db, ids[0]).await;
        assert_eq!((tried.state, tried.attempts), (State::Waiting, 0));
        assert!(tried.answer.unwrap().contains("cannot be reached"));
        assert_eq!(waiting(&db).await, 12);

        let _server = site.server(port).await;
        clock.advance(10);
        assert_eq!(postman.run_due().await.unwrap(), 12);
        let received = site.received();
        let different: BTreeSet<&str> = addresses(&received).into_iter().collect();
        assert_eq!((received.len(), different.len(), waiting(&db).await), (12, 12, 0));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_bad_address_holds_up_nobody() {
    both("one_bad_address", |db| async move {
        let (site, clock) = (Site::new(), Clock::standing(nine()));
        let mut server = site.server(0).await;
        server.order("refuse gone@nhs.net 550 5.1.1 no such mailbox").await;
        server.order("refuse full@nhs.net 452 4.2.2 mailbox full").await;
        server.order("stall slow@nhs.net").await;
        let quick = site.settings(server.port).replace("timeout_seconds = 20", "timeout_seconds = 3");
        let postman = site.postman_with(&db, &clock, &quick);
        let mut bad = Vec::new();
        for to in ["gone@nhs.net", "full@nhs.net", "slow@nhs.net", "no address", "a@b\r\nRCPT TO:<c@d>"] {
            bad.push(queue(&db, &clock, to, "notice").await);
        }
        for number in 0..20 {
            queue(&db, &clock, &format!("staff{number:02}@nhs.net"), "notice").await;
        }
        assert_eq!(postman.run_due().await.unwrap(), 25);

        let received = site.received();
        let mut to = addresses(&received);
        to.sort_unstable();
        assert_eq!(to, (0..20).map(|number| format!("staff{number:02}@nhs.net")).collect::<Vec<_>>());
        let mut all = Vec::new();
        for id in &bad {
            let status = status(&db, *id).await;
            all.push((status.state, status.attempts, status.answer.unwrap()));
        }
        assert_eq!(all[0], (State::Failed, 1, "550 5.1.1 no such mailbox".into()));
        assert_eq!(all[1], (State::Waiting, 1, "452 4.2.2 mailbox full".into()));
        assert_eq!((all[2].0, all[2].1), (State::Waiting, 1));
        assert!(all[2].2.contains("gave no answer within 3 s"), "{}", all[2].2);
        for bad in &all[3..] {
            assert_eq!(
                (bad.0, bad.2.as_str()),
                (State::Failed, "this is no mail address (first.last@domain.com)")
            );
        }
        clock.advance(29);
        assert_eq!(postman.run_due().await.unwrap(), 0);
        clock.advance(1);
        assert_eq!(postman.run_due().await.unwrap(), 2, "what was put off is tried again after 30 seconds");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_cut_in_the_middle_and_a_try_again_later_deliver_once() {
    both("cut_in_the_middle", |db| async move {
        let (site, clock) = (Site::new(), Clock::standing(nine()));
        let mut server = site.server(0).await;
        let postman = site.postman(&db, &clock, server.port);
        for order in ["drop 1", "defer 1"] {
            server.order(order).await;
            let id = queue(&db, &clock, "first.last@nhs.net", "notice").await;
            let before = site.received().len();
            assert_eq!(postman.run_due().await.unwrap(), 1, "{order}");
            let put_off = status(&db, id).await;
            assert_eq!((put_off.state, put_off.attempts), (State::Waiting, 1), "{order}");
            assert_eq!(put_off.next_at, clock.now().plus_seconds(30));
            assert_eq!(site.received().len(), before);

            clock.advance(30);
            assert_eq!(postman.run_due().await.unwrap(), 1, "{order}");
            assert_eq!((status(&db, id).await.state, status(&db, id).await.attempts), (State::Sent, 2));
            let received = site.received();
            assert_eq!(received.len(), before + 1);
            assert!(received[before].text.starts_with("Try 2"), "it is written anew for each try");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_put_off_for_two_days_is_given_up_with_the_last_answer() {
    both("given_up", |db| async move {
        let (site, clock) = (Site::new(), Clock::standing(nine()));
        let mut server = site.server(0).await;
        server.order("defer 3").await;
        let postman = site.postman(&db, &clock, server.port);
        let id = queue(&db, &clock, "first.last@nhs.net", "notice").await;
        for (seconds, state) in
            [(0, State::Waiting), (48 * 3600 - 1, State::Waiting), (48 * 3600 + 60, State::Failed)]
        {
            clock.set(nine().plus_seconds(seconds));
            assert_eq!(postman.run_due().await.unwrap(), 1);
            let status = status(&db, id).await;
            assert_eq!((status.state, status.answer.as_deref()), (state, Some("451 4.3.0 try again later")));
        }
        clock.advance(100_000);
        assert_eq!(postman.run_due().await.unwrap(), 0);
    })
    .await;
}

#[tokio::test]
async fn no_address_and_no_answer_stand_in_the_log() {
    let log = common::Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::INFO)
        .with_ansi(false)
        .with_writer(log.clone())
        .finish();
    // For the whole process: what the other tests log meanwhile is looked at too.
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let (site, fresh) = (Site::new(), store::testing::lite().await);
    let clock = Clock::standing(nine());
    let mut server = site.server(0).await;
    server.order("refuse gone@nhs.net 550 5.1.1 <gone@nhs.net> no such mailbox").await;
    server.order("refuse full@nhs.net 452 4.2.2 <full@nhs.net> mailbox full").await;
    let gone = queue(&fresh.db, &clock, "gone@nhs.net", "notice").await;
    let full = queue(&fresh.db, &clock, "full@nhs.net", "notice").await;
    queue(&fresh.db, &clock, "sent@nhs.net", "notice").await;
    site.postman(&fresh.db, &clock, server.port).run_due().await.unwrap();
    let log = log.text();
    for line in
        [format!("a mail could not be sent mail={gone}"), format!("a mail is tried again later mail={full}")]
    {
        assert!(log.contains(&line), "{line} in\n{log}");
    }
    assert!(!log.contains("nhs.net") && !log.contains("mailbox") && !log.contains(common::PASSWORD), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_postmen_on_one_outbox_send_each_mail_once() {
    both("two_postmen", |db| async move {
        let (site, clock) = (Site::new(), Clock::standing(nine()));
        let server = site.server(0).await;
        for number in 0..60 {
            queue(&db, &clock, &format!("staff{number:02}@nhs.net"), "notice").await;
        }
        let postmen = [site.postman(&db, &clock, server.port), site.postman(&db, &clock, server.port)];
        let mut tried = 0;
        // One of them may leave while the other holds what is left.
        while waiting(&db).await > 0 {
            let (one, other) = tokio::join!(postmen[0].run_due(), postmen[1].run_due());
            tried += one.unwrap() + other.unwrap();
        }
        let received = site.received();
        let different: BTreeSet<&str> = addresses(&received).into_iter().collect();
        assert_eq!((tried, received.len(), different.len()), (60, 60, 60));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_postman_who_dies_before_the_mark_leaves_a_mail_that_keeps_its_message_id() {
    both("dies_before_the_mark", |db| async move {
        let (site, clock) = (Site::new(), Clock::standing(nine()));
        let mut server = site.server(0).await;
        server.order("mute 1").await;
        let dying = site.postman(&db, &clock, server.port);
        let id = queue(&db, &clock, "first.last@nhs.net", "notice").await;
        tokio::select! {
            _ = dying.run_due() => panic!("the server has not answered"),
            _ = server.says("stored") => {} // and here the process is killed
        }
        drop(dying);
        let other = site.postman(&db, &clock, server.port);
        // 10 s to write it, 20 s to send it (the settings' timeout), 20 s to note it.
        clock.advance(50);
        assert_eq!(other.run_due().await.unwrap(), 0, "the lease lives");
        clock.advance(1);
        assert_eq!(other.run_due().await.unwrap(), 1);
        assert_eq!(status(&db, id).await.state, State::Sent);
        let received = site.received();
        assert_eq!(received.len(), 2);
        assert_eq!(received[0].message_id, received[1].message_id);
        clock.advance(100_000);
        assert_eq!(other.run_due().await.unwrap(), 0, "once it is marked as sent it is never sent again");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_postman_sends_what_comes_and_finishes_what_it_has_begun() {
    both("a_running_postman", |db| async move {
        let (site, clock) = (Site::new(), Clock::standing(nine()));
        let mut server = site.server(0).await;
        server.order("stall slow@nhs.net").await;
        let quick = site.settings(server.port).replace("timeout_seconds = 20", "timeout_seconds = 3");
        let postman = site.postman_with(&db, &clock, &quick);
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let slow = queue(&db, &clock, "slow@nhs.net", "notice").await;
        let running = tokio::spawn(async move { postman.run_until(async { drop(stopped.await) }).await });
        // Two that are queued later pass the slow one while it hangs.
        for to in ["one@nhs.net", "two@nhs.net"] {
            queue(&db, &clock, to, "notice").await;
            tokio::time::timeout(Duration::from_secs(10), server.says("stored")).await.expect("it passes");
        }
        stop.send(()).unwrap();
        running.await.unwrap();
        let slow = status(&db, slow).await;
        assert_eq!((slow.state, slow.attempts), (State::Waiting, 1), "it was waited for and put back");
        assert_eq!((waiting(&db).await, site.received().len()), (1, 2));
    })
    .await;
}
