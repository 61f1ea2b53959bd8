use audit::Origin;
use records::{
    Caller, Employer, Grant, GrantError, Granted, Permission, Permit, PermitError, Refused, Role, Username,
    WaitingError, WithdrawError, employer_set, permit, role_confirm, role_grant, role_held, role_refuse,
    role_withdraw, roles_held, roles_of, waiting_grant, waiting_grants,
};
use store::testing::both;

use crate::world::World;

pub(crate) async fn grant(
    world: &World,
    employer: &Employer,
    username: &str,
    role: Role,
    recover: bool,
) -> Result<Granted, GrantError> {
    let username = Username::parse(username).unwrap();
    let permit = Permit::operator(Permission::GrantRole, employer.id);
    let grant = Grant { username, role, reason: Some("asked by the board".into()), recover };
    role_grant(&world.db, &world.entropy, world.now(), &permit, grant, Origin::default()).await
}

pub(crate) async fn hr(
    world: &World,
    employer: &Employer,
    username: &str,
    recover: bool,
) -> Result<Granted, GrantError> {
    grant(world, employer, username, Role::Hr, recover).await
}

async fn staffed(world: &World) -> Employer {
    let employer = world.employer("427").await;
    world
        .load(
            &employer,
            &[
                "1,Ann,Ng,1980-01-01,2020-01-01,,ann@nhs.net,",
                "2,Bo,Li,1985-01-01,2020-01-01,,bo@nhs.net,",
                "3,Cy,Smith,1985-01-01,2020-01-01,2026-11-23,cy@nhs.net,",
                "4,Di,Jones,1985-01-01,2020-01-01,,,",
            ],
        )
        .await;
    employer
}

#[tokio::test]
async fn the_first_hr_is_plain_and_everything_later_recovers() {
    both("the_first_hr_is_plain_and_everything_later_recovers", |db| async move {
        let world = World::new(db.clone());
        let employer = staffed(&world).await;
        let other = world.employer("999").await;
        let too_soon = grant(&world, &employer, "427ANG01", Role::ServiceDesk, false).await;
        assert!(matches!(too_soon, Err(GrantError::HrFirst)));
        assert!(matches!(
            hr(&world, &employer, "427XNG01", false).await,
            Err(GrantError::UnknownUsername(_))
        ));
        assert!(matches!(hr(&world, &other, "427ANG01", false).await, Err(GrantError::UnknownUsername(_))));
        assert!(matches!(hr(&world, &employer, "427CSMITH01", false).await, Err(GrantError::Left(..))));

        assert_eq!(hr(&world, &employer, "427ang01", false).await.unwrap(), Granted::Now { told: 0 });
        assert_eq!(hr(&world, &employer, "427ANG01", false).await.unwrap(), Granted::Before);
        let ann = world.id("427ANG01").await;
        assert_eq!(world.trail(ann).await, ["records.role_granted"]);

        for (username, role) in [("427BLI01", Role::Hr), ("427BLI01", Role::Auditor)] {
            assert!(matches!(
                grant(&world, &employer, username, role, false).await,
                Err(GrantError::NeedsRecover)
            ));
        }
        let told = grant(&world, &employer, "427BLI01", Role::Auditor, true).await.unwrap();
        assert_eq!(told, Granted::Now { told: 1 });
        // HR without an address cannot be told; the new auditor is.
        let told = grant(&world, &employer, "427DJONES01", Role::Hr, true).await.unwrap();
        assert_eq!(told, Granted::Now { told: 2 });
        assert_eq!(
            grant(&world, &employer, "427DJONES01", Role::ServiceDesk, true).await.unwrap(),
            Granted::Now { told: 2 }
        );
        assert_eq!(world.mails(ann).await, ["records.role_recovered to ann@nhs.net"; 3]);
        let bo = world.id("427BLI01").await;
        assert_eq!(world.mails(bo).await.len(), 2);
        let mut reader = db.read().await.unwrap();
        let di = world.id("427DJONES01").await;
        assert_eq!(roles_of(&mut reader.tx(), di, employer.id).await.unwrap(), [Role::Hr, Role::ServiceDesk]);
        assert_eq!(world.rows("role_grant").await, 4);
    })
    .await;
}

#[tokio::test]
async fn a_reason_is_one_line() {
    both("a_reason_is_one_line", |db| async move {
        let world = World::new(db.clone());
        let employer = staffed(&world).await;
        let permit = Permit::operator(Permission::GrantRole, employer.id);
        for reason in ["x".repeat(501), "a\nb".into(), "a\0b".into()] {
            let username = Username::parse("427ANG01").unwrap();
            let grant = Grant { username, role: Role::Hr, reason: Some(reason), recover: false };
            let refused =
                role_grant(&db, &world.entropy, world.now(), &permit, grant, Origin::default()).await;
            assert!(matches!(refused, Err(GrantError::ReasonForm)));
        }
    })
    .await;
}

#[tokio::test]
async fn hr_grants_but_not_to_themselves() {
    both("hr_grants_but_not_to_themselves", |db| async move {
        let world = World::new(db.clone());
        let employer = staffed(&world).await;
        hr(&world, &employer, "427ANG01", false).await.unwrap();
        let caller = Caller { staff_record: world.id("427ANG01").await, employer: employer.id, inside: true };
        let mut reader = db.read().await.unwrap();
        let permit = permit(&mut reader.tx(), &caller, Permission::GrantRole, employer.id).await.unwrap();
        drop(reader);
        let grant = async |username: &str| {
            let username = Username::parse(username).unwrap();
            let grant = Grant { username, role: Role::Auditor, reason: None, recover: false };
            role_grant(&db, &world.entropy, world.now(), &permit, grant, Origin::default()).await
        };
        assert!(matches!(grant("427ANG01").await, Err(GrantError::Refused(Refused::OwnRecord))));
        assert_eq!(grant("427BLI01").await.unwrap(), Granted::Now { told: 0 });
    })
    .await;
}

/// The permit of an HR person to grant.
async fn hr_permit(world: &World, employer: &Employer, username: &str) -> Permit {
    let staff_record = world.id(username).await;
    let caller = Caller { staff_record, employer: employer.id, inside: true };
    let mut reader = world.db.read().await.unwrap();
    permit(&mut reader.tx(), &caller, Permission::GrantRole, employer.id).await.unwrap()
}

async fn ask(world: &World, permit: &Permit, username: &str, role: Role) -> Result<Granted, GrantError> {
    let username = Username::parse(username).unwrap();
    let grant = Grant { username, role, reason: Some("new in the team".into()), recover: false };
    role_grant(&world.db, &world.entropy, world.now(), permit, grant, Origin::default()).await
}

async fn waiting(world: &World, employer: &Employer) -> Vec<uuid::Uuid> {
    let mut reader = world.db.read().await.unwrap();
    let waiting = waiting_grants(&mut reader.tx(), employer.id, 50, world.now()).await.unwrap();
    waiting.into_iter().map(|waiting| waiting.id).collect()
}

async fn confirm(world: &World, permit: &Permit, id: uuid::Uuid) -> Result<(), WaitingError> {
    role_confirm(&world.db, &world.entropy, world.now(), permit, id, Origin::default()).await
}

async fn grant_of(world: &World, employer: &Employer, username: &str, role: Role) -> uuid::Uuid {
    let mut reader = world.db.read().await.unwrap();
    let held = roles_held(&mut reader.tx(), employer.id, None, 50, world.now()).await.unwrap();
    held.iter().find(|held| held.username == username && held.role == role).unwrap().grant
}

async fn withdraw(world: &World, permit: &Permit, grant: uuid::Uuid) -> Result<(), WithdrawError> {
    let (now, origin) = (world.now(), Origin::default());
    role_withdraw(&world.db, &world.entropy, now, permit, grant, "moved".into(), origin).await
}

/// Ann and Bo are HR; Di is whom it is about.
async fn two_hr(world: &World) -> (Employer, Permit, Permit) {
    let employer = staffed(world).await;
    hr(world, &employer, "427ANG01", false).await.unwrap();
    hr(world, &employer, "427BLI01", true).await.unwrap();
    let (ann, bo) =
        (hr_permit(world, &employer, "427ANG01").await, hr_permit(world, &employer, "427BLI01").await);
    (employer, ann, bo)
}

#[tokio::test]
async fn a_role_that_waits_runs_out_after_seven_days() {
    both("a_role_that_waits_runs_out_after_seven_days", |db| async move {
        let world = World::new(db.clone());
        let (employer, ann, bo) = two_hr(&world).await;
        assert_eq!(
            ask(&world, &ann, "427DJONES01", Role::Payroll).await.unwrap(),
            Granted::Waits { told: 1 }
        );
        assert!(matches!(
            ask(&world, &bo, "427DJONES01", Role::Payroll).await,
            Err(GrantError::WaitsAlready)
        ));
        let [first] = waiting(&world, &employer).await[..] else { panic!("one waits") };
        world.clock.advance(7 * 24 * 3600 - 1);
        assert_eq!(waiting(&world, &employer).await, [first]);
        world.clock.advance(1);
        assert!(waiting(&world, &employer).await.is_empty());
        assert!(matches!(confirm(&world, &bo, first).await, Err(WaitingError::NotWaiting)));
        // It is asked for again, and is another one.
        assert_eq!(ask(&world, &bo, "427DJONES01", Role::Payroll).await.unwrap(), Granted::Waits { told: 1 });
        let [second] = waiting(&world, &employer).await[..] else { panic!("one waits") };
        assert!(matches!(
            confirm(&world, &bo, second).await,
            Err(WaitingError::Refused(Refused::SecondPerson))
        ));
        confirm(&world, &ann, second).await.unwrap();
        assert!(matches!(confirm(&world, &ann, second).await, Err(WaitingError::NotWaiting)));
        let mut reader = db.read().await.unwrap();
        let di = world.id("427DJONES01").await;
        assert_eq!(roles_of(&mut reader.tx(), di, employer.id).await.unwrap(), [Role::Payroll]);
        let events = world.trail(di).await;
        assert_eq!(events, ["records.role_asked", "records.role_asked", "records.role_granted"]);
    })
    .await;
}

#[tokio::test]
async fn who_is_no_longer_hr_decides_nothing_and_asks_for_nothing() {
    both("who_is_no_longer_hr_decides_nothing_and_asks_for_nothing", |db| async move {
        let world = World::new(db.clone());
        let (employer, ann, bo) = two_hr(&world).await;
        ask(&world, &ann, "427DJONES01", Role::Payroll).await.unwrap();
        ask(&world, &ann, "427DJONES01", Role::Auditor).await.unwrap();
        let [payroll, auditor] = waiting(&world, &employer).await[..] else { panic!("two wait") };
        let anns = grant_of(&world, &employer, "427ANG01", Role::Hr).await;
        withdraw(&world, &bo, anns).await.unwrap();

        // Her permit is from before.
        let role = |refused: Refused| refused == Refused::Role(Role::Hr);
        assert!(matches!(ask(&world, &ann, "427DJONES01", Role::Learning).await,
            Err(GrantError::Refused(refused)) if role(refused)));
        let bos = grant_of(&world, &employer, "427BLI01", Role::Hr).await;
        assert!(
            matches!(withdraw(&world, &ann, bos).await, Err(WithdrawError::Refused(refused)) if role(refused))
        );
        // What she asked for needs two who agree.
        assert!(matches!(confirm(&world, &bo, payroll).await, Err(WaitingError::AskerGone)));
        let (now, origin) = (world.now(), Origin::default());
        role_refuse(&db, &world.entropy, now, &bo, auditor, origin).await.unwrap();
        assert_eq!(waiting(&world, &employer).await, [payroll]);
        // Alone since just now, he grants nothing by himself that needs two: somebody may have been got out of the way.
        let alone = ask(&world, &bo, "427DJONES01", Role::Auditor).await;
        assert!(matches!(alone, Err(GrantError::NobodyToConfirm)), "{alone:?}");
    })
    .await;
}

#[tokio::test]
async fn the_last_hr_stays() {
    both("the_last_hr_stays", |db| async move {
        let world = World::new(db.clone());
        let (employer, ann, bo) = two_hr(&world).await;
        let (anns, bos) = (
            grant_of(&world, &employer, "427ANG01", Role::Hr).await,
            grant_of(&world, &employer, "427BLI01", Role::Hr).await,
        );
        // Each withdraws the other at the same moment: one of them is too late.
        let (by_ann, by_bo) = futures::join!(withdraw(&world, &ann, bos), withdraw(&world, &bo, anns));
        assert!(by_ann.is_ok() ^ by_bo.is_ok(), "{by_ann:?} {by_bo:?}");
        let left = if by_ann.is_ok() { anns } else { bos };
        // By a page nobody could ask for this: it would be their own.
        let operator = Permit::operator(Permission::GrantRole, employer.id);
        assert!(matches!(withdraw(&world, &operator, left).await, Err(WithdrawError::LastHr)));
        // Elsewhere it is not there at all.
        let other = world.employer("999").await;
        let elsewhere = Permit::operator(Permission::GrantRole, other.id);
        assert!(matches!(withdraw(&world, &elsewhere, left).await, Err(WithdrawError::NotFound)));
        let mut reader = db.read().await.unwrap();
        let tx = &mut reader.tx();
        assert!(matches!(role_held(tx, other.id, left, world.now()).await, Err(WithdrawError::NotFound)));
        assert!(matches!(waiting_grant(tx, other.id, left, world.now()).await, Err(WaitingError::NotFound)));
    })
    .await;
}

/// Every role, every permission, inside and outside: the whole table.
#[tokio::test]
async fn who_may_do_what() {
    both("who_may_do_what", |db| async move {
        let world = World::new(db.clone());
        let employer = staffed(&world).await;
        let other = world.employer("999").await;
        hr(&world, &employer, "427ANG01", false).await.unwrap();
        let di = world.id("427DJONES01").await;
        let may = async |role: Option<Role>, permission: Permission, inside: bool, from_outside: bool| {
            let right = role == Some(permission.role());
            let caller = Caller { staff_record: di, employer: employer.id, inside };
            let mut reader = db.read().await.unwrap();
            let permit = permit(&mut reader.tx(), &caller, permission, employer.id).await;
            match (right, inside || from_outside) {
                (true, true) => {
                    let permit = permit.unwrap();
                    assert_eq!((permit.staff_record(), permit.employer()), (Some(di), employer.id));
                    permit.check(permission, employer.id, None).unwrap();
                    permit.check(permission, employer.id, Some(uuid::Uuid::nil())).unwrap();
                    assert_eq!(permit.check(permission, employer.id, Some(di)), Err(Refused::OwnRecord));
                    assert_eq!(permit.check(permission, other.id, None), Err(Refused::OtherPermit));
                }
                (true, false) => assert!(matches!(permit, Err(PermitError::Refused(Refused::Outside)))),
                (false, _) => {
                    assert!(matches!(permit, Err(PermitError::Refused(Refused::Role(r))) if r == permission.role()));
                }
            }
            let elsewhere = records::permit(&mut reader.tx(), &caller, permission, other.id).await;
            assert!(matches!(elsewhere, Err(PermitError::Refused(Refused::Role(_)))));
        };
        let mut employer_now = employer.clone();
        for from_outside in [false, true] {
            let mut reader = db.read().await.unwrap();
            employer_now = records::employer(&mut reader.tx(), employer_now.id).await.unwrap().unwrap();
            drop(reader);
            let (name, mut settings) = (employer_now.name.clone(), employer_now.settings.clone());
            settings.policies.roles_from_outside = from_outside;
            let (now, origin) = (world.now(), Origin::default());
            employer_now = employer_set(&db, &world.entropy, now, employer_now, name, settings, origin).await.unwrap();
            for role in std::iter::once(None).chain(Role::ALL.iter().copied().map(Some)) {
                if let Some(role) = role {
                    grant(&world, &employer, "427DJONES01", role, true).await.unwrap();
                }
                for &permission in Permission::ALL {
                    for inside in [true, false] {
                        may(role, permission, inside, from_outside).await;
                    }
                }
                db.write(move |tx| {
                    Box::pin(async move {
                        store::on!(tx, c => sqlx::query("UPDATE role_grant SET withdrawn_at = $2 WHERE staff_record_id = $1")
                            .bind(di).bind(now).execute(c).await.map(drop))
                    })
                })
                .await
                .unwrap();
            }
        }
    })
    .await;
}
