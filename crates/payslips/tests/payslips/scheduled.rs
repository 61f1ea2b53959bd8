use audit::Origin;
use payslips::runs::{self, ActError, PublishError, Published, Run, State};
use records::{Permission, Permit};
use store::Instant;
use testing::both_databases;

use crate::world::{AMINA, JOANNE, Office, main_run};

const HOUR: &str = "2026-11-27T07:00:00Z";

async fn schedule(office: &Office, run: &Run, at: &str) -> Result<Published, PublishError> {
    let permit = office.permit(JOANNE, Permission::PublishPayslips).await;
    let at: Instant = at.parse().unwrap();
    runs::publish(&office.app, &permit, run.id, run.staging.unwrap(), Some(at), Origin::default()).await
}

both_databases!(a_run_is_published_at_its_hour_and_not_before, |portal| async move {
    let office = Office::new(portal).await;
    let run = office.checked(main_run("2026-11")).await;
    assert!(matches!(schedule(&office, &run, "2026-11-24T08:59:00Z").await, Err(PublishError::Over)));
    assert!(matches!(schedule(&office, &run, "2028-01-01T00:00:00Z").await, Err(PublishError::TooFar)));
    assert_eq!(schedule(&office, &run, HOUR).await.unwrap(), Published::At(HOUR.parse().unwrap()));
    office.portal.set_clock("2026-11-27T06:59:59Z");
    office.portal.settle().await;
    assert_eq!(office.run(run.id).await.state, State::Scheduled);
    assert!(office.subjects("helen.owsea@nhs.net").is_empty());
    office.portal.set_clock(HOUR);
    office.portal.settle().await;
    assert_eq!(office.run(run.id).await.state, State::Published);
    assert_eq!(office.subjects("helen.owsea@nhs.net").len(), 1);
});

both_databases!(what_is_called_off_is_not_published, |portal| async move {
    let office = Office::new(portal).await;
    let run = office.checked(main_run("2026-11")).await;
    schedule(&office, &run, HOUR).await.unwrap();
    let permit = office.permit(AMINA, Permission::PublishPayslips).await;
    runs::call_off(&office.app, &permit, run.id, Origin::default()).await.unwrap();
    assert!(matches!(
        runs::call_off(&office.app, &permit, run.id, Origin::default()).await,
        Err(ActError::MovedOn)
    ));
    // To a later hour: the first hour's job finds that it is not meant.
    schedule(&office, &run, "2026-11-27T09:00:00Z").await.unwrap();
    office.portal.set_clock("2026-11-27T08:00:00Z");
    office.portal.settle().await;
    assert_eq!(office.run(run.id).await.state, State::Scheduled);
    office.portal.set_clock("2026-11-27T09:00:00Z");
    office.portal.settle().await;
    assert_eq!(office.run(run.id).await.state, State::Published);
});

both_databases!(whoever_agreed_is_told_where_it_was_not_published, |portal| async move {
    let office = Office::new(portal).await;
    let run = office.checked(main_run("2026-11")).await;
    schedule(&office, &run, HOUR).await.unwrap();
    let header = "employee_number,first_names,last_name,date_of_birth,start_date";
    office.portal.load("427", &format!("{header}\n10001,Helen,Jones,1984-03-14,2012-09-03\n")).await;
    office.portal.set_clock(HOUR);
    office.portal.settle().await;
    let held = office.run(run.id).await;
    assert!(held.again && held.state == State::Checked, "{held:?}");
    assert_eq!(office.subjects("joanne.fletcher@nhs.net"), ["A run of payslips was not published"]);
    assert!(office.subjects("helen.owsea@nhs.net").is_empty());
});

both_databases!(a_role_that_is_gone_publishes_nothing_at_its_hour, |portal| async move {
    let office = Office::new(portal).await;
    let run = office.checked(main_run("2026-11")).await;
    schedule(&office, &run, HOUR).await.unwrap();
    let employer = office.portal.holder(JOANNE).await.employer.id;
    let permit = Permit::operator(Permission::GrantRole, employer);
    let mut reader = office.portal.db.read().await.unwrap();
    let held =
        records::roles_held(&mut reader.tx(), employer, None, 100, office.portal.clock.now()).await.unwrap();
    drop(reader);
    let joanne = office.portal.holder(JOANNE).await.record.id;
    let grant = held.iter().find(|held| held.holder.record.id == joanne).unwrap().grant;
    let (db, entropy, now) = (&office.portal.db, &office.portal.entropy, office.portal.clock.now());
    records::role_withdraw(db, entropy, now, &permit, grant, "moved on".into(), Origin::default())
        .await
        .unwrap();
    office.portal.set_clock(HOUR);
    office.portal.settle().await;
    let permit = office.permit(AMINA, Permission::CheckPayslips).await;
    let held = runs::run(&office.app, &permit, run.id).await.unwrap().unwrap();
    assert_eq!((held.state, held.agreed_by), (State::Checked, None));
    assert!(office.subjects("helen.owsea@nhs.net").is_empty());
});
