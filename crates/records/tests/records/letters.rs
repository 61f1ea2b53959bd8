use std::path::Path;

use mail::{Postman, Sender, Transport};
use mail_parser::MessageParser;
use records::Role;
use store::testing::both;

use crate::{
    roles::{grant, hr},
    world::{World, csv, many, refs},
};

/// Sends what is due and reads it: subject and text of each, oldest first.
async fn sent(world: &World, folder: &Path) -> Vec<(String, String)> {
    let (db, clock, entropy) = (world.db.clone(), world.clock.clone(), world.entropy.clone());
    let composers = records::composers(&db, &clock);
    let sender = Sender::new("portal@nhs.net", None, None).unwrap();
    let transport = Transport::folder(folder).unwrap();
    Postman::new(db, clock, entropy, transport, sender, composers).run_due().await.unwrap();
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    files
        .iter()
        .map(|file| {
            let bytes = std::fs::read(file).unwrap();
            let message = MessageParser::default().parse(&bytes).unwrap();
            (message.subject().unwrap().to_owned(), message.body_text(0).unwrap().replace("\r\n", "\n"))
        })
        .collect()
}

#[tokio::test]
async fn a_held_change_is_told_in_words() {
    both("a_held_change_is_told_in_words", |db| async move {
        let (world, folder) = (World::new(db), tempfile::tempdir().unwrap());
        let employer = world.employer("427").await;
        world.load(&employer, &["1,Ann,Ng,1980-01-01,2020-01-01,,ann@nhs.net,"]).await;
        let ann = world.prove("427ANG01").await;
        world.clock.advance(60);
        world.load(&employer, &["1,Ann,Ng,1980-01-01,2020-01-01,,new@nhs.net,555012345678"]).await;
        world.run_jobs().await;
        let mails = sent(&world, folder.path()).await;
        assert_eq!(mails.len(), 1);
        let (subject, text) = &mails[0];
        assert_eq!(subject, "A change to your staff record");
        for words in [
            "Trust 427 has changed details of yours by which you are recognised.",
            "Email address: the new one works from 25 November 2026 at 09:01",
            "Smartcard: the new one works from 25 November 2026 at 09:01",
            "open My account, and stop the change",
            "ring the service desk",
        ] {
            assert!(text.contains(words), "{text}");
        }
        assert!(!text.contains("new@nhs.net") && !text.contains("http"), "{text}");

        // What was stopped before the mail went out is not told.
        world.load(&employer, &["1,Ann,Ng,1980-01-31,2020-01-01,,new@nhs.net,555012345678"]).await;
        let mut reader = world.db.read().await.unwrap();
        let open = records::open_holds(&mut reader.tx(), ann, world.now()).await.unwrap();
        drop(reader);
        let birth = open.iter().find(|hold| hold.field == records::IdentityField::DateOfBirth).unwrap();
        let origin = audit::Origin::default();
        records::stop_hold(&world.db, &world.entropy, world.now(), ann, birth.id, origin).await.unwrap();
        world.run_jobs().await;
        assert_eq!(sent(&world, folder.path()).await.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn hr_hear_of_a_load_that_changed_many() {
    both("hr_hear_of_a_load_that_changed_many", |db| async move {
        let (world, folder) = (World::new(db), tempfile::tempdir().unwrap());
        let employer = world.employer("427").await;
        let rows = many(0, 40);
        world.load(&employer, &refs(&rows)).await;
        hr(&world, &employer, "427JSMITH01", false).await.unwrap();
        let leave: Vec<String> =
            rows.iter().skip(10).map(|row| row.replace("2020-01-01,,", "2020-01-01,2026-11-30,")).collect();
        let plan = world.plan(&employer, csv(&refs(&leave))).await.unwrap();
        world.apply(plan, Some(30)).await.unwrap();
        world.run_jobs().await;
        let mails = sent(&world, folder.path()).await;
        assert_eq!(mails.len(), 1);
        assert_eq!(mails[0].0, "Many staff records were changed at once");
        for words in [
            "Staff of Trust 427 were loaded on 24 November 2026 at 09:00",
            "File: staff.csv",
            "Staff records that end: 30",
        ] {
            assert!(mails[0].1.contains(words), "{}", mails[0].1);
        }
    })
    .await;
}

#[tokio::test]
async fn hr_hear_of_a_role_that_the_operator_granted() {
    both("hr_hear_of_a_role_that_the_operator_granted", |db| async move {
        let (world, folder) = (World::new(db), tempfile::tempdir().unwrap());
        let employer = world.employer("427").await;
        world
            .load(
                &employer,
                &["1,Ann,Ng,1980-01-01,2020-01-01,,ann@nhs.net,", "2,Bo,Li,1985-01-01,2020-01-01,,,"],
            )
            .await;
        hr(&world, &employer, "427ANG01", false).await.unwrap();
        grant(&world, &employer, "427BLI01", Role::ServiceDesk, true).await.unwrap();
        let mails = sent(&world, folder.path()).await;
        assert_eq!(mails.len(), 1);
        assert_eq!(mails[0].0, "A role was granted by the operator");
        for words in [
            "At Trust 427,",
            "Name: Bo Li",
            "Username: 427BLI01",
            "Role: service desk",
            "Reason given: asked by the board",
        ] {
            assert!(mails[0].1.contains(words), "{}", mails[0].1);
        }
    })
    .await;
}
