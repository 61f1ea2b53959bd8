use records::{
    Caller, Permit,
    import::{ApplyError, Counts, Options, apply},
};
use store::testing::both;

use crate::world::{World, csv, many, refs};

#[tokio::test]
async fn a_load_is_seen_whole_and_a_second_run_changes_nothing() {
    both("a_load_is_seen_whole_and_a_second_run_changes_nothing", |db| async move {
        let world = World::new(db);
        let employer = world.employer("427").await;
        let rows = many(1, 701);
        let applied = world.load(&employer, &refs(&rows)).await;
        assert_eq!((applied.change, applied.counts.new), (Some(1), 700));
        let seen = world.seen(&employer).await;
        assert_eq!(seen.len(), 700);
        assert_eq!(seen[0], "00001 v1 Smith jo.smith1@nhs.net  1");
        // Usernames in the order of the file.
        assert_eq!(world.find("427JSMITH01").await.unwrap().record.employee_number, "00001");
        assert_eq!(world.find("427JSMITH700").await.unwrap().record.employee_number, "00700");

        let plan = world.plan(&employer, csv(&refs(&rows))).await.unwrap();
        assert!(plan.is_empty());
        assert_eq!(plan.counts, Counts { records: 700, unchanged: 700, ..Counts::default() });
        let applied = world.apply(plan, None).await.unwrap();
        assert_eq!(applied.change, None);
        assert_eq!(world.rows("record_change").await, 1);
        assert_eq!(world.rows("staff_version").await, 700);
        assert_eq!(world.seen(&employer).await, seen);
    })
    .await;
}

#[tokio::test]
async fn a_change_is_planned_field_by_field() {
    both("a_change_is_planned_field_by_field", |db| async move {
        let world = World::new(db);
        let employer = world.employer("427").await;
        let header = "employee_number,title,first_names,last_name,date_of_birth,start_date,leaving_date,position,email\n";
        let before = format!("{header}1,Ms,Ann,Ng,1980-01-01,2020-01-01,,Nurse,ann@nhs.net\n1,Ms,Ann,Ng,1980-01-01,2021-01-01,,Bank,ann@nhs.net\n");
        let plan = world.plan(&employer, before).await.unwrap();
        assert_eq!(plan.counts, Counts { records: 1, new: 1, ..Counts::default() });
        world.apply(plan, None).await.unwrap();
        assert_eq!(world.rows("assignment").await, 2);

        // No title, no email and no position column: what is held stays. The second post is not named: it stays.
        let after = "employee_number,first_names,last_name,date_of_birth,start_date,leaving_date\n1,Ann,Smith,1980-01-01,2020-01-01,2026-12-31\n";
        let plan = world.plan(&employer, after).await.unwrap();
        let changed = plan.changed_records().next().unwrap();
        let changes: Vec<_> = changed
            .changes
            .iter()
            .map(|c| (c.field.as_str(), c.before.as_deref(), c.after.as_deref(), c.identity))
            .collect();
        assert_eq!(
            changes,
            [("last_name", Some("Ng"), Some("Smith"), false), ("leaving_date 1", None, Some("2026-12-31"), false)]
        );
        // The bank post goes on, so nobody leaves.
        assert_eq!((plan.counts.leavers, plan.counts.changed, plan.leavers().count()), (0, 1, 0));
        world.apply(plan, None).await.unwrap();
        // A change of name does not change the username.
        let ann = world.find("427ANG01").await.unwrap().record;
        assert_eq!((ann.last_name.as_str(), ann.title.as_deref(), ann.last_day), ("Smith", Some("Ms"), None));
        assert_eq!(world.find("427ASMITH01").await, None);
        assert_eq!(world.rows("username").await, 1);

        // An empty cell clears.
        let plan = world.plan(&employer, format!("{header}1,,Ann,Smith,1980-01-01,2020-01-01,2026-12-31,,\n")).await.unwrap();
        assert_eq!((plan.counts.identity, plan.identity_changes().count()), (1, 1));
        world.apply(plan, None).await.unwrap();
        let ann = world.find("427ANG01").await.unwrap().record;
        assert_eq!((ann.title, ann.email), (None, None));
    })
    .await;
}

#[tokio::test]
async fn only_a_leaving_date_makes_a_leaver() {
    both("only_a_leaving_date_makes_a_leaver", |db| async move {
        let world = World::new(db);
        let employer = world.employer("427").await;
        world
            .load(&employer, &["1,Ann,Ng,1980-01-01,2020-01-01,,,", "2,Bo,Li,1980-01-01,2020-01-01,,,"])
            .await;
        let today = employer.today(world.now());

        // Person 2 is missing.
        let plan =
            world.plan(&employer, csv(&["1,Ann,Ng,1980-01-01,2020-01-01,24/11/2026,,"])).await.unwrap();
        let leavers: Vec<_> = plan.leavers().map(|planned| planned.employee_number).collect();
        assert_eq!(leavers, ["1"]);
        world.apply(plan, None).await.unwrap();
        let ann = world.find("427ANG01").await.unwrap().record;
        assert!(!ann.has_left(today) && ann.has_left(today.plus_days(1)));
        assert_eq!(world.find("427BLI01").await.unwrap().record.last_day, None);

        // She comes back: same record, same username.
        world.load(&employer, &["1,Ann,Ng,1980-01-01,2026-12-01,,,"]).await;
        assert_eq!(world.find("427ANG01").await.unwrap().record.last_day, None);
        assert_eq!(world.rows("staff_record").await, 2);
    })
    .await;
}

#[tokio::test]
async fn one_email_or_card_on_two_people_is_an_error() {
    both("one_email_or_card_on_two_people_is_an_error", |db| async move {
        let world = World::new(db);
        let (employer, other) = (world.employer("427").await, world.employer("999").await);
        world.load(&other, &["7,Ann,Ng,1980-01-01,2020-01-01,,ann@nhs.net,555012345678"]).await;
        world.load(&employer, &["5,Bo,Li,1990-05-05,2020-01-01,,bo@nhs.net,"]).await;
        let errors = world
            .errors(
                &employer,
                csv(&[
                    "1,Ann,Ng,1980-01-01,2020-01-01,,ann@nhs.net,555012345678", // the same person, at another employer
                    "2,Cy,Ng,1981-01-01,2020-01-01,,ANN@nhs.net,",
                    "3,Di,Ng,1982-01-01,2020-01-01,,,555012345678",
                    "4,Bo,Li,1990-05-06,2020-01-01,,bo@nhs.net,",
                    "6,Bo,Li,1990-05-05,2020-01-01,,bo@nhs.net,", // the same person, twice here
                ]),
            )
            .await;
        assert_eq!(
            errors,
            [
                "line 3, email, \"ann@nhs.net\": employee number 1 (line 2) has the same and another date of birth; one of them is wrong",
                "line 3, email, \"ann@nhs.net\": a staff record of employer 999 has the same and another date of birth; one of them is wrong",
                "line 4, smartcard_uuid, \"555012345678\": employee number 1 (line 2) has the same and another date of birth; one of them is wrong",
                "line 4, smartcard_uuid, \"555012345678\": a staff record of employer 999 has the same and another date of birth; one of them is wrong",
                "line 5, email, \"bo@nhs.net\": employee number 5 has the same and another date of birth; one of them is wrong",
            ]
        );
        // One value is looked for once, so the person who has it rightly is not in the way.
        world.load(&employer, &["1,Ann,Ng,1980-01-01,2020-01-01,,ann@nhs.net,555012345678"]).await;
        assert_eq!(world.by_email(" Ann@NHS.net ").await, ["427/1", "999/7"]);
        assert_eq!(world.by_email("nobody").await, [""; 0]);
        assert_eq!(world.by_email("a\0@nhs.net").await, [""; 0]);
    })
    .await;
}

#[tokio::test]
async fn numbers_that_lost_their_zeros_are_found() {
    both("numbers_that_lost_their_zeros_are_found", |db| async move {
        let world = World::new(db);
        let employer = world.employer("427").await;
        world.load(&employer, &["00123,Ann,Ng,1980-01-01,2020-01-01,,,"]).await;
        let errors = world
            .errors(
                &employer,
                csv(&[
                    "123,Ann,Ng,1980-01-01,2020-01-01,,,",
                    "a1,Bo,Li,1980-01-01,2020-01-01,,,",
                    "A1,Bo,Li,1980-01-01,2020-01-01,,,",
                ]),
            )
            .await;
        assert_eq!(errors.len(), 2);
        assert!(
            errors[0].starts_with(
                "line 2, employee_number, \"123\": this is no known employee number, but 00123 "
            )
        );
        assert!(errors[1].starts_with("line 4, employee_number, \"A1\": "));
    })
    .await;
}

#[tokio::test]
async fn warnings_do_not_stop_a_load() {
    both("warnings_do_not_stop_a_load", |db| async move {
        let world = World::new(db);
        let employer = world.employer("427").await;
        let file = "employee_number,first_names,last_name,date_of_birth,start_date,email,manager\n\
            1,Ann,Ng,1980-01-01,2020-01-01,ann@example.org,2\n2,Bo,Li,1980-01-01,2020-01-01,,77\n";
        let plan = world.plan(&employer, file).await.unwrap();
        let warnings: Vec<_> = plan.warnings.iter().map(ToString::to_string).collect();
        assert_eq!(
            warnings,
            [
                "line 2, email, \"ann@example.org\": this is outside the employer's mail domains (nhs.net), so that no link will be mailed there",
                "line 3, manager, \"77\": no staff record here has this employee number",
            ]
        );
        world.apply(plan, None).await.unwrap();
        assert_eq!(world.plan(&employer, file).await.unwrap().warnings, []);
    })
    .await;
}

#[tokio::test]
async fn many_delicate_changes_need_their_number_typed() {
    both("many_delicate_changes_need_their_number_typed", |db| async move {
        let world = World::new(db);
        let employer = world.employer("427").await;
        let rows = many(0, 600);
        world.load(&employer, &refs(&rows)).await;
        let leave = |count: usize| -> Vec<String> {
            rows.iter().take(count).map(|row| row.replace("2020-01-01,,", "2020-01-01,2026-11-30,")).collect()
        };
        // Two per cent of 600 are twelve.
        let plan = world.plan(&employer, csv(&refs(&leave(12)))).await.unwrap();
        assert_eq!((plan.counts.leavers, plan.number_to_type()), (12, None));

        let mut file = leave(7);
        file.extend(rows.iter().skip(7).take(6).map(|row| row.replace("@nhs.net", "@trust.nhs.uk")));
        let plan = || world.plan(&employer, csv(&refs(&file)));
        assert_eq!(plan().await.unwrap().number_to_type(), Some(13));
        for typed in [None, Some(12), Some(600)] {
            let refused = world.apply(plan().await.unwrap(), typed).await.unwrap_err();
            assert!(
                matches!(refused, ApplyError::Confirm { number: 13, typed: t } if t == typed),
                "{refused:?}"
            );
            assert!(refused.to_string().contains("--confirm 13"), "{refused}");
        }
        assert_eq!(world.rows("staff_version").await, 600);
        let applied = world.apply(plan().await.unwrap(), Some(13)).await.unwrap();
        assert_eq!((applied.counts.delicate, applied.counts.leavers, applied.counts.identity), (13, 7, 6));
    })
    .await;
}

#[tokio::test]
async fn ten_may_always_leave() {
    both("ten_may_always_leave", |db| async move {
        let world = World::new(db);
        let employer = world.employer("427").await;
        let rows = many(0, 11);
        world.load(&employer, &refs(&rows)).await;
        let leave = |count: usize| -> Vec<String> {
            rows.iter().take(count).map(|row| row.replace("2020-01-01,,", "2020-01-01,2026-11-30,")).collect()
        };
        assert_eq!(world.plan(&employer, csv(&refs(&leave(10)))).await.unwrap().number_to_type(), None);
        assert_eq!(world.plan(&employer, csv(&refs(&leave(11)))).await.unwrap().number_to_type(), Some(11));
    })
    .await;
}

/// Kills a load when it tells its progress for the `nth` time: whatever it has staged stays, and its lease too.
pub(crate) async fn killed(world: &World, employer: &records::Employer, file: String, nth: usize) {
    let (world, employer) = (world.clone(), employer.clone());
    let load = tokio::spawn(async move {
        let plan = world.plan(&employer, file).await.unwrap();
        let mut told = 0;
        let confirm = plan.number_to_type();
        let _ = world
            .apply_with(plan, confirm, move |_, _| {
                told += 1;
                assert!(told < nth, "killed");
            })
            .await;
    });
    assert!(load.await.unwrap_err().is_panic());
}

#[tokio::test]
async fn a_killed_load_leaves_everything_as_it_was() {
    both("a_killed_load_leaves_everything_as_it_was", |db| async move {
        let world = World::new(db);
        let employer = world.employer("427").await;
        world.load(&employer, &refs(&many(0, 300))).await;
        world.prove("427JSMITH01").await;
        let seen = world.seen(&employer).await;
        // All change their email, 200 are new.
        let rows: Vec<String> =
            many(0, 500).iter().map(|row| row.replace("@nhs.net", "@trust.nhs.uk")).collect();
        let file = csv(&refs(&rows));
        for nth in 1..=4 {
            killed(&world, &employer, file.clone(), nth).await;
            assert_eq!(world.seen(&employer).await, seen, "killed at {nth}");
            assert_eq!(world.by_email("jo.smith0@trust.nhs.uk").await, [""; 0]);
            assert_eq!(world.find("427JSMITH301").await, None);

            // Its lease holds others off for a minute.
            let plan = world.plan(&employer, csv(&["99999,Ann,Ng,1980-01-01,2020-01-01,,,"])).await.unwrap();
            assert!(matches!(world.apply(plan, None).await, Err(ApplyError::Loading)));
            world.clock.advance(61);
        }
        let changes = world.rows("record_change").await;
        assert_eq!(changes, 2, "each sweeps what the one before left");
        let plan = world.plan(&employer, &file).await.unwrap();
        world.apply(plan, Some(300)).await.unwrap();
        assert_eq!(world.seen(&employer).await.len(), 500);
        assert_eq!(world.find("427JSMITH500").await.unwrap().record.employee_number, "00499");
        assert_eq!(world.rows("record_change").await, 2);
        assert_eq!(world.rows("staff_version").await, 800);
        assert_eq!(world.rows("assignment").await, 800);
        assert_eq!((world.rows("username").await, world.rows("identity_hold").await), (500, 1));
    })
    .await;
}

#[tokio::test]
async fn of_two_loads_at_once_one_wins() {
    both("of_two_loads_at_once_one_wins", |db| async move {
        let world = World::new(db);
        let employer = world.employer("427").await;
        let (one, other) = (csv(&refs(&many(0, 300))), csv(&refs(&many(200, 500))));
        let (one, other) =
            (world.plan(&employer, one).await.unwrap(), world.plan(&employer, other).await.unwrap());
        let (one, other) = futures::join!(world.apply(one, None), world.apply(other, None));
        let errors: Vec<_> = [&one, &other].into_iter().filter_map(|result| result.as_ref().err()).collect();
        assert_eq!(errors.len(), 1, "{one:?} {other:?}");
        assert!(matches!(errors[0], ApplyError::Loading | ApplyError::Overtaken), "{errors:?}");
        assert_eq!(world.seen(&employer).await.len(), 300);
        // The loser checks its file again.
        world.load(&employer, &refs(&many(0, 500))).await;
        assert_eq!(world.seen(&employer).await.len(), 500);
    })
    .await;
}

#[tokio::test]
async fn a_plan_of_yesterday_is_refused() {
    both("a_plan_of_yesterday_is_refused", |db| async move {
        let world = World::new(db);
        let employer = world.employer("427").await;
        let plan = world.plan(&employer, csv(&["1,Ann,Ng,1980-01-01,2020-01-01,,,"])).await.unwrap();
        world.load(&employer, &["1,Ann,Li,1980-01-01,2020-01-01,,,"]).await;
        assert!(matches!(world.apply(plan, None).await, Err(ApplyError::Overtaken)));
        assert_eq!(world.seen(&employer).await, ["1 v1 Li   1"]);
    })
    .await;
}

#[tokio::test]
async fn who_gets_in_while_a_load_waits_is_protected() {
    both("who_gets_in_while_a_load_waits_is_protected", |db| async move {
        let world = World::new(db);
        let employer = world.employer("427").await;
        world.load(&employer, &["1,Ann,Ng,1980-01-01,2020-01-01,,ann@nhs.net,"]).await;
        let plan =
            world.plan(&employer, csv(&["1,Ann,Ng,1980-01-01,2020-01-01,,evil@nhs.net,"])).await.unwrap();
        world.clock.advance(1);
        world.prove("427ANG01").await;
        assert!(matches!(world.apply(plan, None).await, Err(ApplyError::Overtaken)));
        assert_eq!(world.by_email("ann@nhs.net").await, ["427/1"]);
    })
    .await;
}

#[tokio::test]
async fn nobody_loads_without_a_permit_or_their_own_record() {
    both("nobody_loads_without_a_permit_or_their_own_record", |db| async move {
        let world = World::new(db.clone());
        let (employer, other) = (world.employer("427").await, world.employer("999").await);
        world
            .load(&employer, &["1,Ann,Ng,1980-01-01,2020-01-01,,,", "2,Bo,Li,1980-01-01,2020-01-01,,,"])
            .await;
        let file = csv(&["1,Ann,Smith,1980-01-01,2020-01-01,,,"]);
        let try_with = async |permit: Permit| {
            let plan = world.plan(&employer, &file).await.unwrap();
            let (clock, entropy, origin) = (&world.clock, &world.entropy, audit::Origin::default());
            apply(&db, clock, entropy, &permit, plan, Options::default(), origin, |_, _| {}).await
        };
        for wrong in [
            Permit::operator(records::Permission::ImportStaff, other.id),
            Permit::operator(records::Permission::Unlock, employer.id),
        ] {
            assert!(matches!(try_with(wrong).await, Err(ApplyError::Refused(records::Refused::OtherPermit))));
        }
        let ann = world.id("427ANG01").await;
        crate::roles::hr(&world, &employer, "427ANG01", false).await.unwrap();
        let caller = Caller { staff_record: ann, employer: employer.id, inside: true };
        let mut reader = db.read().await.unwrap();
        let permit =
            records::permit(&mut reader.tx(), &caller, records::Permission::ImportStaff, employer.id)
                .await
                .unwrap();
        drop(reader);
        assert!(matches!(try_with(permit).await, Err(ApplyError::Refused(records::Refused::OwnRecord))));
        assert_eq!(world.find("427ANG01").await.unwrap().record.last_name, "Ng");
    })
    .await;
}

#[tokio::test]
async fn no_transaction_holds_many_rows() {
    both("no_transaction_holds_many_rows", |db| async move {
        let world = World::new(db.clone());
        let employer = world.employer("427").await;
        let before = db.statistics().writes;
        world.load(&employer, &refs(&many(0, 1000))).await;
        // 4,000 rows in pieces of 500, and beginning, switching and ending.
        assert_eq!(db.statistics().writes - before, 8 + 4);
        assert_eq!(world.rows("username").await, 1000);
    })
    .await;
}
