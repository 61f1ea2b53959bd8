use audit::Origin;
use payslips::{
    FindingKind, RunKind,
    runs::{self, ActError, PublishError, Published, ReportError, State, Totals, Unreached},
};
use records::{Permission, Refused};
use store::{on, testing::strings};
use testing::both_databases;

use crate::world::{
    AMINA, GARETH, HELEN, JOANNE, JOHN, Office, file_without_trailer, head, main_run, november, payslip,
};

both_databases!(a_run_goes_from_the_file_to_its_people, |portal| async move {
    let office = Office::new(portal).await;
    let run = office.checked(main_run("2026-11")).await;
    assert_eq!(run.state, State::Checked, "{:?}", office.findings(run.id).await);
    assert_eq!((run.file_name.as_str(), run.done), ("run.csv", 5));
    assert_eq!(run.reference.as_deref(), Some("2026-11 MAIN"));
    let known = runs::summary(&office.app, run.id).await.unwrap().unwrap();
    assert_eq!((known.totals.people, known.totals.net.0, known.trailer), (5, 900_000, true));
    assert_eq!(office.publish_as(JOANNE, &run).await.unwrap(), Published::Now);
    office.portal.settle().await;
    let run = office.run(run.id).await;
    assert_eq!((run.state, run.published_at), (State::Published, Some(office.portal.clock.now())));
    let (_, slip) = office.stored(&office.app).await.remove(0);
    assert_eq!(
        (slip.heading.name.as_str(), slip.heading.position.as_deref()),
        ("Mrs Helen O'Wsea", Some("Staff Nurse"))
    );
    assert_eq!(slip.heading.employer, "Northmoor Hospitals Trust");
    for email in ["helen.owsea@nhs.net", "amina.delacruz@nhs.net", "gareth.pugh@nhs.net"] {
        assert_eq!(office.subjects(email), ["Your November 2026 payslip is there"], "{email}");
    }
    let mail = office.portal.mails_to("helen.owsea@nhs.net").remove(0);
    assert!(
        mail.links.is_empty() && !mail.text.contains("1,800") && !mail.text.contains('£'),
        "{}",
        mail.text
    );
    assert_eq!(
        office.trail().await,
        ["payslips.run_uploaded", "payslips.run_published"],
        "each act stands on the trail once"
    );
    // The bytes of the file are of no use any more.
    assert_eq!(office.count("pay_run_piece").await, 0);
    assert!(!office.portal.dump().await.iter().any(|text| text.contains("Basic Pay")), "pay is sealed");
});

both_databases!(whoever_has_switched_mails_off_is_not_told, |portal| async move {
    let office = Office::new(portal).await;
    let (id, now) = (office.portal.holder(HELEN).await.record.id, office.portal.clock.now());
    let set: store::Result<()> = office
        .portal
        .db
        .write(move |tx| {
            Box::pin(async move {
                on!(tx, c => sqlx::query("INSERT INTO pay_choice (staff_record_id, mail, paper, changed_at) VALUES ($1, FALSE, FALSE, $2)")
                    .bind(id).bind(now).execute(c).await.map(drop))
            })
        })
        .await;
    set.unwrap();
    office.published(main_run("2026-11")).await;
    assert!(office.subjects("helen.owsea@nhs.net").is_empty());
    assert_eq!(office.subjects("gareth.pugh@nhs.net").len(), 1);
});

both_databases!(whoever_has_left_is_told_where_they_get_in_or_is_not_reached, |portal| async move {
    let office = Office::new(portal).await;
    let today = office.portal.holder(GARETH).await.employer.today(office.portal.clock.now());
    office.portal.leaves(GARETH, &today.to_string()).await;
    office.portal.leaver(HELEN).await;
    let own = "own.address@home.example";
    let run = office.published(main_run("2026-11")).await;
    let mut told = office.portal.mails_to(own);
    told.retain(|mail| mail.subject == "Your November 2026 payslip is there");
    assert_eq!(told.len(), 1);
    assert!(told[0].text.contains("/leavers") && told[0].links.is_empty(), "{}", told[0].text);
    for email in ["helen.owsea@nhs.net", "gareth.pugh@nhs.net"] {
        assert!(!office.subjects(email).iter().any(|subject| subject.contains("payslip")), "{email}");
    }
    let permit = office.permit(JOANNE, Permission::PrintPayslips).await;
    let list = runs::not_reached(&office.app, &permit, run.id, None).await.unwrap();
    let why =
        |assignment: &str| list.iter().find(|one| one.assignment_number == assignment).map(|one| one.why);
    assert_eq!((why("10001"), why("10003")), (None, Some(Unreached::Left)));
});

both_databases!(a_wrong_run_stages_nothing_and_is_not_published, |portal| async move {
    let office = Office::new(portal).await;
    let blocks = [november("10001", 2000), november("77777", 2000)];
    let run = office.checked(crate::world::file(&head("X", RunKind::Main), &blocks)).await;
    assert_eq!(run.state, State::Wrong);
    assert_eq!(office.findings(run.id).await, ["unknown 77777"]);
    assert_eq!(office.count("pay_document").await + office.count("pay_run_piece").await, 0);
    let refused = office.publish_as(JOANNE, &run).await;
    assert!(matches!(refused, Err(PublishError::Act(ActError::MovedOn))), "{refused:?}");
});

both_databases!(warnings_are_ticked_off_by_kind_with_a_reason, |portal| async move {
    let office = Office::new(portal).await;
    let run = office
        .checked(crate::world::file(&head("X", RunKind::Main), &[november("10001", 0), november("10002", 0)]))
        .await;
    assert_eq!(run.counts().get(&FindingKind::NetNil), Some(&2), "{:?}", office.findings(run.id).await);
    let refused = office.publish_as(JOANNE, &run).await;
    assert!(
        matches!(&refused, Err(PublishError::NotTicked(kinds)) if kinds == &[FindingKind::NetNil]),
        "{refused:?}"
    );
    let other = office.tick(&run, FindingKind::Missing).await;
    assert!(matches!(other, Err(ActError::NotAWarning)), "{other:?}");
    office.tick(&run, FindingKind::NetNil).await.unwrap();
    let ticks = runs::ticks(&office.app, run.id).await.unwrap();
    assert_eq!((ticks[0].kind, ticks[0].reason.as_str()), (FindingKind::NetNil, "as it should be"));
    assert_eq!(office.publish_as(JOANNE, &run).await.unwrap(), Published::Now);
    let reasons = strings(
        &office.portal.db,
        "SELECT reason FROM audit_entry WHERE event = 'payslips.warnings_ticked_off'",
    );
    assert_eq!(reasons.await, ["as it should be"]);
});

both_databases!(totals_are_typed_where_the_file_has_no_trailer, |portal| async move {
    let office = Office::new(portal).await;
    let run =
        office.checked(file_without_trailer(&head("X", RunKind::Main), &[november("10001", 2000)])).await;
    assert_eq!(run.state, State::Checked, "{:?}", office.findings(run.id).await);
    let refused = office.publish_as(JOANNE, &run).await;
    assert!(matches!(refused, Err(PublishError::TotalsNeeded)), "{refused:?}");
    let permit = office.permit(JOANNE, Permission::CheckPayslips).await;
    let file = runs::summary(&office.app, run.id).await.unwrap().unwrap().totals;
    let typed = |totals| {
        runs::report_totals(&office.app, &permit, run.id, run.staging.unwrap(), totals, Origin::default())
    };
    let differ = typed(Totals { people: 2, ..file }).await;
    assert!(matches!(&differ, Err(ReportError::Differ(known)) if **known == file), "{differ:?}");
    typed(file).await.unwrap();
    assert_eq!(office.publish_as(JOANNE, &run).await.unwrap(), Published::Now);
});

both_databases!(of_two_people_who_publish_at_once_one_does, |portal| async move {
    let office = Office::new(portal).await;
    let run = office.checked(main_run("2026-11")).await;
    let (one, other) = tokio::join!(office.publish_as(JOANNE, &run), office.publish_as(AMINA, &run));
    let published = [&one, &other].iter().filter(|done| matches!(done, Ok(Published::Now))).count();
    let refused = [&one, &other]
        .iter()
        .filter(|done| matches!(done, Err(PublishError::Act(ActError::MovedOn))))
        .count();
    assert_eq!((published, refused), (1, 1), "{one:?} {other:?}");
    office.portal.settle().await;
    assert_eq!(office.subjects("helen.owsea@nhs.net").len(), 1);
    assert_eq!(office.trail().await.iter().filter(|event| *event == "payslips.run_published").count(), 1);
});

both_databases!(two_people_agree_where_the_employer_wants_two, |portal| async move {
    let office = Office::new(portal).await;
    office.portal.set("427", |settings| settings.policies.payslips_two_persons = true).await;
    let run = office.checked(main_run("2026-11")).await;
    assert_eq!(office.publish_as(JOANNE, &run).await.unwrap(), Published::Waits);
    assert_eq!(office.run(run.id).await.state, State::Waiting);
    let again = office.publish_as(JOANNE, &run).await;
    assert!(matches!(again, Err(PublishError::Act(ActError::Refused(Refused::SecondPerson)))), "{again:?}");
    assert_eq!(office.publish_as(AMINA, &run).await.unwrap(), Published::Now);
    let run = office.run(run.id).await;
    let portal = &office.portal;
    let of = |username| async move { Some(portal.holder(username).await.record.id) };
    assert_eq!((run.agreed_by, run.second_by), (of(JOANNE).await, of(AMINA).await));
});

both_databases!(a_run_is_published_once, |portal| async move {
    let office = Office::new(portal).await;
    office.published(main_run("2026-11")).await;
    let run = office.checked(main_run("2026-11")).await;
    assert_eq!((run.state, office.findings(run.id).await), (State::Wrong, vec!["published -".to_owned(); 2]));
});

both_databases!(of_two_runs_with_one_name_the_second_is_checked_again, |portal| async move {
    let office = Office::new(portal).await;
    let one = office.checked(main_run("2026-11")).await;
    let other = office.checked(main_run("2026-11")).await;
    assert_eq!(other.state, State::Checked);
    assert_eq!(office.publish_as(JOANNE, &one).await.unwrap(), Published::Now);
    assert_eq!(office.publish_as(AMINA, &other).await.unwrap(), Published::Again);
    office.portal.settle().await;
    assert_eq!(office.run(other.id).await.state, State::Wrong);
    assert_eq!(office.subjects("helen.owsea@nhs.net").len(), 1);
});

both_databases!(only_a_change_of_records_that_touches_it_has_a_run_checked_again, |portal| async move {
    let office = Office::new(portal).await;
    let run = office.checked(main_run("2026-11")).await;
    let header = "employee_number,first_names,last_name,date_of_birth,start_date";
    office.portal.load("427", &format!("{header}\n99001,New,Person,1990-01-02,2026-11-01\n")).await;
    let changed = format!("{header}\n10001,Helen,Jones,1984-03-14,2012-09-03\n");
    let other = office
        .checked(crate::world::file(&head("Y", RunKind::Supplementary), &[november("10001", 100)]))
        .await;
    assert_eq!(office.publish_as(JOANNE, &run).await.unwrap(), Published::Now);
    assert_eq!(office.publish_as(JOANNE, &other).await.unwrap(), Published::Again);
    office.portal.settle().await;
    let other = office.run(other.id).await;
    assert!(other.again && other.state == State::Checked, "{other:?}");
    office.portal.load("427", &changed).await;
    office.tick_all(&other).await;
    assert_eq!(office.publish_as(JOANNE, &other).await.unwrap(), Published::Again);
    office.portal.settle().await;
    let other = office.run(other.id).await;
    assert!(
        runs::ticks(&office.app, other.id).await.unwrap().is_empty(),
        "what was ticked off is asked again"
    );
    office.tick_all(&other).await;
    assert_eq!(office.publish_as(JOANNE, &other).await.unwrap(), Published::Now);
    let names: Vec<String> =
        office.stored(&office.app).await.into_iter().map(|(_, slip)| slip.heading.name).take(2).collect();
    assert_eq!(names, ["Mrs Helen O'Wsea", "Mrs Helen Jones"], "a published payslip keeps its name");
});

both_databases!(a_withdrawn_run_is_told_of_and_can_come_again, |portal| async move {
    let office = Office::new(portal).await;
    let run = office.published(main_run("2026-11")).await;
    office.withdraw(run.id).await.unwrap();
    let run = office.run(run.id).await;
    assert_eq!((run.state, run.says.as_deref()), (State::Withdrawn, Some("wrong month")));
    let both = ["Your November 2026 payslip is there", "Your November 2026 payslip was withdrawn"];
    assert_eq!(office.subjects("helen.owsea@nhs.net"), both);
    assert!(matches!(office.withdraw(run.id).await, Err(ActError::MovedOn)));
    assert_eq!(office.published(main_run("2026-11")).await.state, State::Published);
});

both_databases!(who_is_withdrawn_before_they_are_told_is_not_told_of_a_payslip, |portal| async move {
    let office = Office::new(portal).await;
    let run = office.checked(main_run("2026-11")).await;
    assert_eq!(office.publish_as(JOANNE, &run).await.unwrap(), Published::Now);
    office.withdraw(run.id).await.unwrap();
    assert_eq!(office.subjects("helen.owsea@nhs.net"), ["Your November 2026 payslip was withdrawn"]);
});

both_databases!(a_correction_stands_in_the_place_of_what_it_names, |portal| async move {
    let office = Office::new(portal).await;
    let main = office.published(main_run("2026-11")).await;
    let correction = |reference: &str, replaces: &str| {
        let block = payslip("10001", "2026-11", 1900, Some(replaces));
        crate::world::file(&head(reference, RunKind::Correction), &[block])
    };
    let run = office.published(correction("C1", "2026-11 MAIN")).await;
    let mails = office.subjects("helen.owsea@nhs.net");
    assert_eq!(mails.len(), 2, "{mails:?}");
    assert_eq!(office.subjects("gareth.pugh@nhs.net").len(), 1, "nobody else counts as missing or is told");
    let replaced = strings(
        &office.portal.db,
        "SELECT d.assignment_number FROM pay_document d JOIN pay_document x ON x.replaces = d.id",
    );
    assert_eq!(replaced.await, ["10001"]);
    for (reference, replaces) in [("C2", "2026-11 MAIN"), ("C2", "2026-10 MAIN")] {
        let wrong = office.checked(correction(reference, replaces)).await;
        assert_eq!(
            (wrong.state, office.findings(wrong.id).await),
            (State::Wrong, vec!["replaces 10001".to_owned()])
        );
    }
    // A correction of the correction.
    let second = office.checked(correction("C2", "C1")).await;
    assert_eq!(second.state, State::Checked, "{:?}", office.findings(second.id).await);
    office.withdraw(run.id).await.unwrap();
    assert_eq!(office.publish_as(JOANNE, &second).await.unwrap(), Published::Again);
    office.portal.settle().await;
    assert_eq!(office.run(second.id).await.state, State::Wrong, "what it names is withdrawn");
    let again = office.checked(correction("C3", "2026-11 MAIN")).await;
    assert_eq!(
        again.state,
        State::Checked,
        "the first is in force again: {:?}",
        office.findings(again.id).await
    );
    assert_eq!(main.state, State::Published);
});

both_databases!(nobody_publishes_a_run_of_their_own_pay_alone, |portal| async move {
    let office = Office::new(portal).await;
    let run = office
        .checked(crate::world::file(&head("X", RunKind::Supplementary), &[november("10004", 500)]))
        .await;
    office.tick_all(&run).await;
    let refused = office.publish_as(JOANNE, &run).await;
    assert!(matches!(refused, Err(PublishError::OwnAlone)), "{refused:?}");
    assert_eq!(office.publish_as(AMINA, &run).await.unwrap(), Published::Now);
});

both_databases!(other_employers_and_other_permits_reach_nothing, |portal| async move {
    let office = Office::new(portal).await;
    let run = office.checked(main_run("2026-11")).await;
    let refused = office.publish_as(JOHN, &run).await;
    assert!(matches!(refused, Err(PublishError::Act(ActError::NotFound))), "{refused:?}");
    let theirs = office.permit(JOHN, Permission::CheckPayslips).await;
    assert_eq!(runs::run(&office.app, &theirs, run.id).await.unwrap(), None);
    let checking = office.permit(JOANNE, Permission::CheckPayslips).await;
    let seen = run.staging.unwrap();
    let other = runs::publish(&office.app, &checking, run.id, seen, None, Origin::default()).await;
    assert!(matches!(other, Err(PublishError::Act(ActError::Refused(Refused::OtherPermit)))), "{other:?}");
    let hr = office.portal.holder(GARETH).await;
    let caller = records::Caller { staff_record: hr.record.id, employer: hr.employer.id, inside: true };
    let mut reader = office.portal.db.read().await.unwrap();
    let none = records::permit(&mut reader.tx(), &caller, Permission::CheckPayslips, hr.employer.id).await;
    assert!(none.is_err(), "HR sees no run");
});

both_databases!(a_discarded_run_leaves_nothing, |portal| async move {
    let office = Office::new(portal).await;
    let run = office.checked(main_run("2026-11")).await;
    let permit = office.permit(JOANNE, Permission::CheckPayslips).await;
    runs::discard(&office.app, &permit, run.id, Origin::default()).await.unwrap();
    office.portal.settle().await;
    assert_eq!(office.run(run.id).await.state, State::Discarded);
    assert_eq!(office.count("pay_document").await + office.count("pay_run_piece").await, 0);
    let twice = runs::discard(&office.app, &permit, run.id, Origin::default()).await;
    assert!(matches!(twice, Err(ActError::MovedOn)));
    // Two weeks later the row goes too; a run that nobody touched goes the same way.
    let lapsed = office.checked(main_run("2026-11")).await;
    office.portal.set_clock("2026-12-09T09:00:00Z");
    office.portal.settle().await;
    assert_eq!(office.run(lapsed.id).await.state, State::Discarded);
    assert_eq!((office.count("pay_run").await, office.count("pay_document").await), (1, 0));
});
