use audit::Origin;
use records::{
    Caller, Employer, Grant, GrantError, Granted, Permission, Permit, PermitError, Refused, Role, Username,
    employer_set, permit, role_grant, roles_of,
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
