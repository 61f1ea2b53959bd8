use audit::Origin;
use records::{
    Caller, HoldError, IdentityField, Permission, Permit, Refused, import::ApplyError, open_holds,
    release_hold, stop_hold,
};
use store::testing::both;
use uuid::Uuid;

use crate::world::{World, csv};

const ANN: &str = "1,Ann,Ng,1980-01-01,2020-01-01,,ann@nhs.net,555012345678";
/// All three identity fields are changed.
const CHANGED: &str = "1,Ann,Ng,1980-01-31,2020-01-01,,new@nhs.net,555099999999";

async fn proved(world: &World) -> (records::Employer, Uuid) {
    let employer = world.employer("427").await;
    world.load(&employer, &[ANN, "2,Bo,Li,1985-01-01,2020-01-01,,bo@nhs.net,"]).await;
    let ann = world.prove("427ANG01").await;
    world.clock.advance(3600);
    (employer, ann)
}

async fn holds(world: &World, staff_record: Uuid) -> Vec<records::Hold> {
    open_holds(&mut world.db.read().await.unwrap().tx(), staff_record, world.now()).await.unwrap()
}

async fn in_force(world: &World) -> (String, String, String) {
    let ann = world.find("427ANG01").await.unwrap().record;
    (ann.email.unwrap_or_default(), ann.date_of_birth.to_string(), ann.smartcard_uuid.unwrap_or_default())
}

fn words(email: &str, birth: &str, card: &str) -> (String, String, String) {
    (email.into(), birth.into(), card.into())
}

async fn stop(world: &World, staff_record: Uuid, hold: Uuid) -> Result<IdentityField, HoldError> {
    stop_hold(&world.db, &world.entropy, world.now(), staff_record, hold, Origin::default()).await
}

#[tokio::test]
async fn the_old_values_work_until_the_hold_is_over() {
    both("the_old_values_work_until_the_hold_is_over", |db| async move {
        let world = World::new(db);
        let (employer, ann) = proved(&world).await;
        let plan = world.plan(&employer, csv(&[CHANGED])).await.unwrap();
        assert_eq!(plan.changed_records().next().unwrap().held, IdentityField::ALL);
        world.apply(plan, None).await.unwrap();

        let old = words("ann@nhs.net", "1980-01-01", "555012345678");
        assert_eq!(in_force(&world).await, old);
        assert_eq!(world.by_email("ann@nhs.net").await, ["427/1"]);
        assert_eq!(world.by_email("new@nhs.net").await, [""; 0]);
        let open = holds(&world, ann).await;
        let fields: Vec<_> =
            open.iter().map(|hold| (hold.field, hold.old_value.clone(), hold.new_value.clone())).collect();
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(
            fields,
            [
                (IdentityField::DateOfBirth, text("1980-01-01"), text("1980-01-31")),
                (IdentityField::Email, text("ann@nhs.net"), text("new@nhs.net")),
                (IdentityField::SmartcardUuid, text("555012345678"), text("555099999999")),
            ]
        );
        assert_eq!(open[0].held_until, world.now().plus_minutes(24 * 60));

        // The same file again while the hold runs: no change.
        let plan = world.plan(&employer, csv(&[CHANGED])).await.unwrap();
        assert!(plan.is_empty(), "{plan:?}");

        world.clock.advance(24 * 3600 - 1);
        assert_eq!(in_force(&world).await, old);
        world.clock.advance(1);
        assert_eq!(in_force(&world).await, words("new@nhs.net", "1980-01-31", "555099999999"));
        assert_eq!(world.by_email("new@nhs.net").await, ["427/1"]);
        assert_eq!(world.by_email("ann@nhs.net").await, [""; 0]);
        assert_eq!(holds(&world, ann).await, []);
        let late = stop(&world, ann, open[0].id).await;
        assert!(matches!(late, Err(HoldError::NotOpen)));
        assert!(world.plan(&employer, csv(&[CHANGED])).await.unwrap().is_empty());
    })
    .await;
}

#[tokio::test]
async fn who_was_never_in_has_new_values_at_once() {
    both("who_was_never_in_has_new_values_at_once", |db| async move {
        let world = World::new(db);
        let employer = world.employer("427").await;
        world.load(&employer, &[ANN]).await;
        let ann = world.id("427ANG01").await;
        world.load(&employer, &[CHANGED]).await;
        assert_eq!(in_force(&world).await, words("new@nhs.net", "1980-01-31", "555099999999"));
        assert_eq!(holds(&world, ann).await, []);
        assert_eq!((world.run_jobs().await, world.mails(ann).await.len()), (2, 0));
    })
    .await;
}

#[tokio::test]
async fn the_old_address_is_told_once() {
    both("the_old_address_is_told_once", |db| async move {
        let world = World::new(db);
        let (employer, ann) = proved(&world).await;
        world.load(&employer, &[CHANGED, "2,Bo,Li,1985-01-02,2020-01-01,,bo@nhs.net,"]).await;
        assert_eq!(world.run_jobs().await, 2);
        assert_eq!(world.run_jobs().await, 0);
        assert_eq!(world.mails(ann).await, ["records.identity_held to ann@nhs.net"]);
        let bo = world.id("427BLI01").await;
        assert_eq!(world.mails(bo).await, [""; 0], "was never in");

        // Where the first address comes only now, there is nobody to tell; it still waits.
        world.load(&employer, &["3,Cy,Ng,1990-01-01,2020-01-01,,,"]).await;
        let cy = world.prove("427CNG01").await;
        world.clock.advance(1);
        world.load(&employer, &["3,Cy,Ng,1990-01-01,2020-01-01,,cy@nhs.net,"]).await;
        world.run_jobs().await;
        assert_eq!(world.mails(cy).await, [""; 0]);
        assert_eq!(world.by_email("cy@nhs.net").await, [""; 0]);
        assert_eq!(holds(&world, cy).await.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn many_people_are_told_in_pieces() {
    both("many_people_are_told_in_pieces", |db| async move {
        let world = World::new(db);
        let employer = world.employer("427").await;
        let rows = crate::world::many(0, 120);
        world.load(&employer, &crate::world::refs(&rows)).await;
        let mut ids = Vec::new();
        for n in 1..=120 {
            ids.push(world.prove(&format!("427JSMITH{n:02}")).await);
        }
        world.clock.advance(1);
        let moved: Vec<String> = rows.iter().map(|row| row.replace("@nhs.net", "@trust.nhs.uk")).collect();
        world.load(&employer, &crate::world::refs(&moved)).await;
        world.run_jobs().await;
        for (n, id) in ids.into_iter().enumerate() {
            assert_eq!(world.mails(id).await, [format!("records.identity_held to jo.smith{n}@nhs.net")]);
        }
    })
    .await;
}

#[tokio::test]
async fn a_person_stops_a_change_and_a_load_does_not_undo_that() {
    both("a_person_stops_a_change_and_a_load_does_not_undo_that", |db| async move {
        let world = World::new(db);
        let (employer, ann) = proved(&world).await;
        let bo = world.prove("427BLI01").await;
        world.load(&employer, &[CHANGED]).await;
        let open = holds(&world, ann).await;
        // Not by somebody else, not something else.
        assert!(matches!(stop(&world, bo, open[0].id).await, Err(HoldError::NotOpen)));
        assert!(matches!(stop(&world, ann, Uuid::nil()).await, Err(HoldError::NotOpen)));
        for hold in &open[..2] {
            assert_eq!(stop(&world, ann, hold.id).await.unwrap(), hold.field);
            assert!(matches!(stop(&world, ann, hold.id).await, Err(HoldError::NotOpen)));
        }
        assert_eq!(world.trail(ann).await, ["records.identity_stopped", "records.identity_stopped"]);
        assert_eq!(holds(&world, ann).await, open[2..]);
        world.clock.advance(25 * 3600);
        // Email and date of birth were stopped, the card was not.
        assert_eq!(in_force(&world).await, words("ann@nhs.net", "1980-01-01", "555099999999"));
        let last_day = world.find("427ANG01").await.unwrap().record.last_day;
        assert_eq!(last_day, None, "the assignments are copied too");

        let plan = world.plan(&employer, csv(&[CHANGED])).await.unwrap();
        let warnings: Vec<_> = plan.warnings.iter().map(ToString::to_string).collect();
        let end = "the person stopped this change on 24 November 2026; the old value is kept, ask them";
        assert_eq!(
            warnings,
            [
                format!("line 2, email, \"new@nhs.net\": {end}"),
                format!("line 2, date_of_birth, \"1980-01-31\": {end}")
            ]
        );
        assert!(plan.is_empty(), "{plan:?}");

        // Another value is another change.
        world.load(&employer, &["1,Ann,Ng,1980-01-01,2020-01-01,,third@nhs.net,555099999999"]).await;
        assert_eq!(holds(&world, ann).await.len(), 1);
        assert_eq!(in_force(&world).await.0, "ann@nhs.net");
        world.clock.advance(25 * 3600);
        assert_eq!(in_force(&world).await.0, "third@nhs.net");
    })
    .await;
}

#[tokio::test]
async fn a_change_back_needs_no_hold_and_a_third_value_keeps_the_first() {
    both("a_change_back_needs_no_hold_and_a_third_value_keeps_the_first", |db| async move {
        let world = World::new(db);
        let (employer, ann) = proved(&world).await;
        let row = |email: &str| format!("1,Ann,Ng,1980-01-01,2020-01-01,,{email},555012345678");
        world.load(&employer, &[&row("new@nhs.net")]).await;
        world.clock.advance(3600);
        world.load(&employer, &[&row("third@nhs.net")]).await;
        assert_eq!(in_force(&world).await.0, "ann@nhs.net");
        let open = holds(&world, ann).await;
        assert_eq!((open.len(), open[0].old_value.as_deref()), (1, Some("ann@nhs.net")));
        // The first hold is over; the second is not.
        world.clock.advance(23 * 3600 + 1);
        assert_eq!(in_force(&world).await.0, "ann@nhs.net");
        world.load(&employer, &[&row("ann@nhs.net")]).await;
        assert_eq!((holds(&world, ann).await.len(), in_force(&world).await.0.as_str()), (0, "ann@nhs.net"));
        // Back to a value that was held before: a hold of its own.
        world.load(&employer, &[&row("third@nhs.net")]).await;
        assert_eq!((holds(&world, ann).await.len(), in_force(&world).await.0.as_str()), (1, "ann@nhs.net"));
        // Cleared: the old one works on until then.
        world.load(&employer, &[&row("")]).await;
        assert_eq!(in_force(&world).await.0, "ann@nhs.net");
        world.clock.advance(25 * 3600);
        assert_eq!(in_force(&world).await.0, "");
        assert_eq!(world.by_email("ann@nhs.net").await, [""; 0]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_overtakes_a_load_that_is_under_way() {
    both("a_stop_overtakes_a_load_that_is_under_way", |db| async move {
        let world = World::new(db);
        let (employer, ann) = proved(&world).await;
        world.load(&employer, &["1,Ann,Ng,1980-01-01,2020-01-01,,evil@nhs.net,555012345678"]).await;
        let hold = holds(&world, ann).await[0].id;
        let plan = world
            .plan(&employer, csv(&["1,Ann,Smith,1980-01-01,2020-01-01,,evil@nhs.net,555012345678"]))
            .await
            .unwrap();
        // She stops it when all is staged and nothing switched.
        let stopping = world.clone();
        let handle = tokio::runtime::Handle::current();
        let loaded = world
            .apply_with(plan, None, move |done, total| {
                if done == total {
                    let (stopping, handle) = (stopping.clone(), handle.clone());
                    let stopped = std::thread::spawn(move || {
                        handle.block_on(async move { stop(&stopping, ann, hold).await })
                    });
                    stopped.join().unwrap().unwrap();
                }
            })
            .await;
        assert!(matches!(loaded, Err(ApplyError::Overtaken)), "{loaded:?}");
        assert_eq!(in_force(&world).await.0, "ann@nhs.net");
        assert_eq!(
            world.find("427ANG01").await.unwrap().record.last_name,
            "Ng",
            "what was staged is not seen"
        );
        // The next load clears it away, and keeps her address.
        world.load(&employer, &["1,Ann,Smith,1980-01-01,2020-01-01,,evil@nhs.net,555012345678"]).await;
        let ann = world.find("427ANG01").await.unwrap().record;
        assert_eq!((ann.last_name.as_str(), ann.email.as_deref()), ("Smith", Some("ann@nhs.net")));
    })
    .await;
}

#[tokio::test]
async fn a_second_person_releases_a_hold_early() {
    both("a_second_person_releases_a_hold_early", |db| async move {
        let world = World::new(db.clone());
        let (employer, ann) = proved(&world).await;
        world.load(&employer, &[CHANGED]).await;
        let open = holds(&world, ann).await;
        let release = async |permit: &Permit, hold: Uuid| {
            release_hold(&db, &world.entropy, world.now(), permit, hold, Origin::default()).await
        };
        let operator = Permit::operator(Permission::ReleaseHold, employer.id);
        let email = open.iter().find(|hold| hold.field == IdentityField::Email).unwrap();
        let wrong = Permit::operator(Permission::Unlock, employer.id);
        assert!(matches!(release(&wrong, email.id).await, Err(HoldError::Refused(Refused::OtherPermit))));
        assert_eq!(release(&operator, email.id).await.unwrap(), IdentityField::Email);
        assert!(matches!(release(&operator, email.id).await, Err(HoldError::NotOpen)));
        assert_eq!(in_force(&world).await, words("new@nhs.net", "1980-01-01", "555012345678"));
        assert_eq!(world.trail(ann).await, ["records.identity_released"]);

        // HR, but it is their own record.
        crate::roles::hr(&world, &employer, "427ANG01", false).await.unwrap();
        let caller = Caller { staff_record: ann, employer: employer.id, inside: true };
        let mut reader = db.read().await.unwrap();
        let own =
            records::permit(&mut reader.tx(), &caller, Permission::ReleaseHold, employer.id).await.unwrap();
        drop(reader);
        assert!(matches!(release(&own, open[0].id).await, Err(HoldError::Refused(Refused::OwnRecord))));
    })
    .await;
}
