use records::{holder, usernames};
use store::{on, testing::both};

use crate::world::World;

#[tokio::test]
async fn an_old_username_works_until_its_time_is_over_and_is_never_given_again() {
    both("an_old_username_works_until_its_time_is_over_and_is_never_given_again", |db| async move {
        let world = World::new(db.clone());
        let employer = world.employer("427").await;
        world.load(&employer, &["1,Ann,Ng,1980-01-01,2020-01-01,,,", "2,Bo,Li,1980-01-01,2020-01-01,,,"]).await;
        let ann = world.id("427ANG01").await;
        // What a change of username will write: a new one, and an end to the old one.
        let (now, until, employer_id) = (world.now(), world.now().plus_minutes(60), employer.id);
        db.write(move |tx| {
            Box::pin(async move {
                on!(tx, c => sqlx::query("UPDATE username SET valid_until = $2 WHERE staff_record_id = $1")
                    .bind(ann).bind(until).execute(c).await.map(drop))?;
                on!(tx, c => sqlx::query("INSERT INTO username (name, staff_record_id, employer_id, number, allotted_at)
                     VALUES ('427ASMITH01', $1, $2, 1, $3)")
                    .bind(ann).bind(employer_id).bind(now.plus_seconds(1)).execute(c).await.map(drop))
            })
        })
        .await
        .unwrap();
        let valid = async || {
            let mut reader = db.read().await.unwrap();
            let names = usernames(&mut reader.tx(), ann, world.now()).await.unwrap();
            names.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(valid().await, ["427ASMITH01", "427ANG01"]);
        assert_eq!(world.id("427ang01").await, world.id("427asmith01").await);
        world.clock.advance(3600);
        assert_eq!(valid().await, ["427ASMITH01"]);
        assert_eq!(world.find("427ANG01").await, None);

        world.load(&employer, &["3,Al,Ng,1980-01-01,2020-01-01,,,", "4,Al,Smith,1980-01-01,2020-01-01,,,"]).await;
        assert_eq!(world.find("427ANG02").await.unwrap().record.employee_number, "3");
        assert_eq!(world.find("427ASMITH02").await.unwrap().record.employee_number, "4");
    })
    .await;
}

#[tokio::test]
async fn a_holder_is_read_by_one_statement() {
    both("a_holder_is_read_by_one_statement", |db| async move {
        let world = World::new(db.clone());
        let employer = world.employer("427").await;
        world.load(&employer, &["1,Ann,Ng,1980-01-01,2020-01-01,,ann@nhs.net,"]).await;
        let id = world.prove("427ANG01").await;
        let before = db.statistics().statements;
        let ann = world.find("427ANG01").await.unwrap();
        let same = holder(&mut db.read().await.unwrap().tx(), id, world.now()).await.unwrap();
        let nobody =
            holder(&mut db.read().await.unwrap().tx(), uuid::Uuid::nil(), world.now()).await.unwrap();
        for email in ["ann@nhs.net", "nobody@nhs.net", "no address"] {
            world.by_email(email).await;
        }
        assert_eq!(db.statistics().statements - before, 6);
        assert_eq!((same.as_ref(), nobody), (Some(&ann), None));
        assert_eq!((ann.employer.code.as_str(), ann.record.proved_at), ("427", Some(world.now())));

        // Only the first time counts.
        world.clock.advance(60);
        world.prove("427ANG01").await;
        assert_eq!(world.find("427ANG01").await.unwrap().record.proved_at, ann.record.proved_at);
    })
    .await;
}
