//! The outbox itself, with a folder as the transport.

use std::{os::unix::fs::PermissionsExt, sync::Arc};

use mail::{Composer, Letter, NewMail, Postman, Sender, State, Transport};
use serde_json::json;
use store::{Clock, Db, Entropy, Options, StoreError, testing::both};
use tempfile::TempDir;
use tokio::sync::Notify;

use crate::common::{nine, postman, queue, queue_with, read_folder, status, waiting};

fn sender() -> Sender {
    Sender::new("portal@example.nhs.uk", None, None).unwrap()
}

fn into_folder(db: &Db, clock: &Clock) -> (TempDir, Postman) {
    let folder = tempfile::tempdir().unwrap();
    let transport = Transport::folder(folder.path().join("new/mail")).unwrap();
    (folder, postman(db, clock, transport, sender()))
}

#[tokio::test]
async fn a_mail_becomes_one_private_file() {
    both("one_private_file", |db| async move {
        let clock = Clock::standing(nine());
        let (folder, postman) = into_folder(&db, &clock);
        let id = queue_with(&db, &clock, "first.last@nhs.net", "notice", json!({ "subject": "Hello" })).await;
        assert_eq!(postman.run_due().await.unwrap(), 1);
        assert_eq!(status(&db, id).await.state, State::Sent);
        let path = folder.path().join("new/mail");
        let names: Vec<String> =
            path.read_dir().unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        assert_eq!(names, [format!("{id}.eml")], "nothing half-written stays");
        let mode = path.join(&names[0]).metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o700);
        assert_eq!(read_folder(&path)[0].subject, "Hello");
    })
    .await;
}

#[tokio::test]
async fn a_key_queues_one_mail_and_an_undone_use_case_none() {
    both("a_key", |db| async move {
        let (entropy, clock) = (Entropy::seeded(7), Clock::standing(nine()));
        let now = clock.now();
        let mail = |key: Option<&str>| NewMail {
            id: entropy.id(now),
            key: key.map(str::to_owned),
            to: "first.last@nhs.net".into(),
            about: None,
            kind: "notice",
            data: json!({}),
        };
        for mail in [mail(Some("a")), mail(Some("a")), mail(Some("b")), mail(None), mail(None)] {
            db.write(move |tx| Box::pin(async move { mail::enqueue(tx, mail, now).await })).await.unwrap();
        }
        assert_eq!(waiting(&db).await, 4);
        let undone = mail(None);
        let failed: Result<(), StoreError> = db
            .write(move |tx| {
                Box::pin(async move {
                    mail::enqueue(tx, undone, now).await?;
                    Err(StoreError::Damaged("something else".into()))
                })
            })
            .await;
        assert!(failed.is_err());
        assert_eq!(waiting(&db).await, 4);
    })
    .await;
}

#[tokio::test]
async fn mails_to_an_address_are_counted_by_kind_and_time_whatever_their_case() {
    both("counted", |db| async move {
        let clock = Clock::standing(nine());
        let (_folder, postman) = into_folder(&db, &clock);
        for (to, kind) in [
            ("First.Last@nhs.net", "notice"),
            ("first.last@NHS.net", "notice"),
            ("ÅSTRÖM@nhs.net", "notice"),
            ("first.last@nhs.net", "unwanted"),
            ("first.last2@nhs.net", "notice"),
        ] {
            queue(&db, &clock, to, kind).await;
            clock.advance(60);
        }
        postman.run_due().await.unwrap();
        let mut reader = db.read().await.unwrap();
        for (to, kinds, minutes, count) in [
            ("FIRST.LAST@nhs.net", &["notice"][..], 0, 2),
            ("first.last@nhs.net", &["notice"], 1, 1),
            ("first.last@nhs.net", &["notice", "unwanted"], 0, 3),
            ("first.last@nhs.net", &[], 0, 0),
            ("åström@nhs.net", &["notice"], 0, 1),
            ("%@nhs.net", &["notice"], 0, 0),
        ] {
            let since = nine().plus_minutes(minutes);
            assert_eq!(
                mail::sent_to(&mut reader.tx(), to, kinds, since).await.unwrap(),
                count,
                "{to} {kinds:?}"
            );
        }
    })
    .await;
}

#[tokio::test]
async fn what_is_known_about_a_staff_record_is_the_newest_first() {
    both("about", |db| async move {
        let clock = Clock::standing(nine());
        let (entropy, about) = (Entropy::seeded(3), Entropy::seeded(4).id(nine()));
        for minute in 0..4 {
            let now = nine().plus_minutes(minute);
            let mail = NewMail {
                id: entropy.id(now),
                key: None,
                to: format!("{minute}@nhs.net"),
                about: Some(about),
                kind: "notice",
                data: json!({}),
            };
            db.write(move |tx| Box::pin(async move { mail::enqueue(tx, mail, now).await })).await.unwrap();
        }
        queue(&db, &clock, "another@nhs.net", "notice").await;
        let mut reader = db.read().await.unwrap();
        let known = mail::about(&mut reader.tx(), about, 3).await.unwrap();
        let to: Vec<&str> = known.iter().map(|status| status.to.as_str()).collect();
        assert_eq!(to, ["3@nhs.net", "2@nhs.net", "1@nhs.net"]);
        assert_eq!((known[0].kind.as_str(), known[0].state), ("notice", State::Waiting));
        assert_eq!(
            (known[0].queued_at, known[0].sent_at, &known[0].answer),
            (nine().plus_minutes(3), None, &None)
        );
    })
    .await;
}

#[tokio::test]
async fn a_mail_that_cannot_be_written_waits_and_holds_up_nobody() {
    both("cannot_be_written", |db| async move {
        let clock = Clock::standing(nine());
        let (folder, postman) = into_folder(&db, &clock);
        let mut ids = Vec::new();
        for (kind, answer) in [
            ("broken", "the link could not be made"),
            ("panics", "the composer panicked"),
            ("of_tomorrow", "no composer here knows this kind"),
            ("bad_link", "a link of the letter is no http or https address"),
        ] {
            ids.push((queue(&db, &clock, "first.last@nhs.net", kind).await, answer));
        }
        let unwanted = queue(&db, &clock, "first.last@nhs.net", "unwanted").await;
        for _ in 0..10 {
            queue(&db, &clock, "first.last@nhs.net", "notice").await;
        }
        assert_eq!(postman.run_due().await.unwrap(), 15);
        assert_eq!(read_folder(&folder.path().join("new/mail")).len(), 10);
        for (id, answer) in ids {
            let status = status(&db, id).await;
            assert_eq!((status.state, status.answer.as_deref()), (State::Waiting, Some(answer)));
            assert_eq!(status.next_at, nine().plus_seconds(30));
        }
        assert_eq!(status(&db, unwanted).await.state, State::Dropped);
        let mut reader = db.read().await.unwrap();
        let queue = mail::queue(&mut reader.tx()).await.unwrap();
        assert_eq!((queue.waiting, queue.oldest), (4, Some(nine())));
        assert!(queue.answer.is_some());
    })
    .await;
}

#[tokio::test]
async fn mails_on_their_way_never_wait_for_the_look_for_more() {
    for fresh in [store::testing::lite().await, store::testing::pg().await] {
        let clock = Clock::standing(nine());
        // A single connection, which each of many composers holds for a while.
        let db = Db::open(&Options { connections: 1, ..fresh.options.clone() }).await.unwrap();
        let reading = db.clone();
        let composer = Composer::new("reads", move |_| {
            let db = reading.clone();
            async move {
                let mut reader = db.read().await?;
                for _ in 0..3 {
                    mail::queue(&mut reader.tx()).await?;
                    tokio::task::yield_now().await;
                }
                Ok(Some(Letter { subject: "A notice".into(), blocks: vec![] }))
            }
        });
        let folder = tempfile::tempdir().unwrap();
        let transport = Transport::folder(folder.path().to_owned()).unwrap();
        let entropy = Entropy::system();
        let postman = Postman::new(db.clone(), clock.clone(), entropy, transport, sender(), vec![composer]);
        for number in 0..40 {
            queue(&db, &clock, &format!("person{number}@nhs.net"), "reads").await;
        }
        assert_eq!(postman.run_due().await.unwrap(), 40);
        assert_eq!(waiting(&db).await, 0);
    }
}

#[tokio::test]
async fn a_folder_that_is_gone_costs_no_mail() {
    both("folder_gone", |db| async move {
        let clock = Clock::standing(nine());
        let (folder, postman) = into_folder(&db, &clock);
        let path = folder.path().join("new/mail");
        std::fs::remove_dir(&path).unwrap();
        let id = queue(&db, &clock, "first.last@nhs.net", "notice").await;
        postman.run_due().await.unwrap();
        let waiting = status(&db, id).await;
        assert_eq!((waiting.state, waiting.attempts), (State::Waiting, 0));
        assert!(waiting.answer.unwrap().contains("cannot be written to"));
        assert!(Transport::Folder(folder_of(&path)).check().await.is_ok(), "opening it makes it anew");
        clock.advance(5);
        postman.run_due().await.unwrap();
        assert_eq!(status(&db, id).await.state, State::Sent);
    })
    .await;
}

fn folder_of(path: &std::path::Path) -> mail::Folder {
    match Transport::folder(path).unwrap() {
        Transport::Folder(folder) => folder,
        Transport::Smtp(_) => unreachable!("it is a folder"),
    }
}

#[tokio::test]
async fn a_postman_who_was_overtaken_changes_nothing() {
    both("overtaken", |db| async move {
        let (clock, folder) = (Clock::standing(nine()), tempfile::tempdir().unwrap());
        let (begun, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let composer = {
            let (begun, go_on) = (begun.clone(), go_on.clone());
            Composer::new("notice", move |_| {
                let (begun, go_on) = (begun.clone(), go_on.clone());
                async move {
                    begun.notify_one();
                    go_on.notified().await;
                    Ok(None::<Letter>)
                }
            })
        };
        let transport = Transport::folder(folder.path()).unwrap();
        let slow =
            Postman::new(db.clone(), clock.clone(), Entropy::seeded(1), transport, sender(), vec![composer]);
        let quick = postman(&db, &clock, Transport::folder(folder.path()).unwrap(), sender());
        let id = queue(&db, &clock, "first.last@nhs.net", "notice").await;
        let overtaken = tokio::spawn(async move { slow.run_due().await });
        begun.notified().await;
        assert_eq!(quick.run_due().await.unwrap(), 0, "the lease lives");
        clock.advance(60);
        assert_eq!(quick.run_due().await.unwrap(), 1);
        go_on.notify_one();
        overtaken.await.unwrap().unwrap();
        let status = status(&db, id).await;
        assert_eq!((status.state, status.attempts), (State::Sent, 2), "and not dropped");
    })
    .await;
}

#[tokio::test]
async fn what_ended_long_ago_is_forgotten_and_what_waits_is_not() {
    both("forgotten", |db| async move {
        let clock = Clock::standing(nine());
        let (_folder, postman) = into_folder(&db, &clock);
        for kind in ["notice", "notice", "unwanted", "broken"] {
            queue(&db, &clock, "first.last@nhs.net", kind).await;
        }
        postman.run_due().await.unwrap();
        clock.advance(3600);
        let recent = queue(&db, &clock, "first.last@nhs.net", "notice").await;
        postman.run_due().await.unwrap();
        let before = nine().plus_seconds(1);
        for (limit, forgotten) in [(2, 2), (10, 1), (10, 0)] {
            let ran =
                db.write(move |tx| Box::pin(async move { mail::forget(tx, before, limit).await })).await;
            assert_eq!(ran.unwrap(), forgotten);
        }
        assert_eq!((waiting(&db).await, status(&db, recent).await.state), (1, State::Sent));

        // A running postman does so by itself after 90 days.
        clock.advance(90 * 24 * 3600 + 1);
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let running = tokio::spawn(async move { postman.run_until(async { drop(stopped.await) }).await });
        let gone = async {
            loop {
                let mut reader = db.read().await.unwrap();
                if mail::about(&mut reader.tx(), recent, 1).await.unwrap().is_empty() {
                    break;
                }
                drop(reader);
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(20), gone).await.expect("it is forgotten");
        stop.send(()).unwrap();
        running.await.unwrap();
    })
    .await;
}
