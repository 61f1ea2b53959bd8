use audit::Origin;
use payslips::{
    Document,
    runs::{self, ActError, BatchError, LookError, Unreached},
};
use records::{Permission, Refused};
use store::{on, testing::strings};
use testing::both_databases;

use crate::world::{HELEN, JOANNE, JOHN, Office, main_run};

both_databases!(payroll_looks_while_a_run_is_checked_and_its_person_is_shown_that, |portal| async move {
    let office = Office::new(portal).await;
    let run = office.checked(main_run("2026-11")).await;
    let permit = office.permit(JOANNE, Permission::LookAtPayslip).await;
    let document = runs::find_document(&office.app, &permit, run.id, " 10001 ").await.unwrap().unwrap();
    let look = |permit, document| {
        let app = office.app.clone();
        async move { runs::look(&app, &permit, run.id, document, "net looks low", Origin::default()).await }
    };
    let seen = look(permit.clone(), document).await.unwrap();
    assert!(matches!(seen, Document::Payslip(slip) if slip.net.0 == 180_000));
    let helen = office.portal.holder(HELEN).await.record.id;
    let joanne = office.portal.holder(JOANNE).await.record.id;
    assert_eq!(office.looks(document, helen).await, [(Some(joanne), "net looks low".to_owned())]);
    let mut reader = office.portal.db.read().await.unwrap();
    let about = audit::about(&mut reader.tx(), helen, 10).await.unwrap();
    assert_eq!(
        (about[0].event.as_str(), about[0].reason.as_deref()),
        ("payslips.looked_at", Some("net looks low"))
    );
    assert!(!about[0].data.contains("1,800"), "{}", about[0].data);
    drop(reader);
    let own = runs::find_document(&office.app, &permit, run.id, "10004").await.unwrap().unwrap();
    let refused = look(permit.clone(), own).await;
    assert!(matches!(refused, Err(LookError::Act(ActError::Refused(Refused::OwnRecord)))), "{refused:?}");
    let none = look(permit.clone(), run.id).await;
    assert!(matches!(none, Err(LookError::NoDocument)), "{none:?}");
    let theirs = office.permit(JOHN, Permission::LookAtPayslip).await;
    let none = look(theirs.clone(), document).await;
    assert!(matches!(none, Err(LookError::Act(ActError::NotFound))), "{none:?}");
    assert!(runs::documents(&office.app, &theirs, run.id, None).await.unwrap().is_empty());
    let listed = runs::documents(&office.app, &permit, run.id, Some(document)).await.unwrap();
    assert_eq!(
        listed.iter().map(|of| of.assignment_number.as_str()).collect::<Vec<_>>(),
        ["10002", "10003", "10004", "10005"]
    );
    office.publish_as(JOANNE, &run).await.unwrap();
    let late = look(permit, document).await;
    assert!(matches!(late, Err(LookError::NotStaged)), "{late:?}");
});

both_databases!(whoever_is_not_reached_is_listed_and_printed_on_the_trail, |portal| async move {
    let office = Office::new(portal).await;
    office.portal.set_password(HELEN).await;
    office.portal.set_password(JOANNE).await;
    let (helen, now) = (office.portal.holder(HELEN).await.record.id, office.portal.clock.now());
    let run = office.checked(main_run("2026-11")).await;
    let permit = office.permit(JOANNE, Permission::PrintPayslips).await;
    let early = runs::not_reached(&office.app, &permit, run.id, None).await;
    assert!(matches!(early, Err(BatchError::NotPublished)), "{early:?}");
    office.publish_as(JOANNE, &run).await.unwrap();
    let why = || async {
        let list = runs::not_reached(&office.app, &permit, run.id, None).await.unwrap();
        list.into_iter().map(|one| (one.assignment_number, one.why)).collect::<Vec<_>>()
    };
    let never = |assignment: &str| (assignment.to_owned(), Unreached::NeverLoggedIn);
    assert_eq!(why().await, [never("10002"), never("10003"), never("10005")]);
    let set: store::Result<()> = office
        .portal
        .db
        .write(move |tx| {
            Box::pin(async move {
                on!(tx, c => sqlx::query("INSERT INTO pay_choice (staff_record_id, mail, paper, changed_at) VALUES ($1, TRUE, TRUE, $2)")
                    .bind(helen).bind(now).execute(c).await.map(drop))
            })
        })
        .await;
    set.unwrap();
    assert_eq!(why().await[0], ("10001".to_owned(), Unreached::Paper));
    let batch = runs::print_batch(&office.app, &permit, run.id, None, "for the post", Origin::default())
        .await
        .unwrap();
    assert_eq!(batch.len(), 4);
    let printed =
        strings(&office.portal.db, "SELECT reason FROM audit_entry WHERE event = 'payslips.printed'").await;
    assert_eq!(printed, vec!["for the post"; 4]);
    assert_eq!(office.looks(batch[0].0.document, helen).await.len(), 1);
});
