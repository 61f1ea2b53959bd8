use audit::Origin;
use payslips::{
    Detail, Document, FindingKind, Heading, P60, PayAndTax, Pence, RunHead, RunKind, Severity, WhichDocument,
    run_file::Block,
    runs::{self, ReceiveError, State},
};
use records::{Permission, Permit};
use testing::both_databases;
use web::FormFile;

use crate::world::{CAROL, JOANNE, Office, PEOPLE, day, file, head, main_run, november, payslip};

both_databases!(who_was_paid_last_and_is_not_now_is_missed, |portal| async move {
    let office = Office::new(portal).await;
    office.published(main_run("2026-10")).await;
    let run = office.checked(file(&head("2026-11 MAIN", RunKind::Main), &[november("10001", 2000)])).await;
    let missed: Vec<String> = office.findings(run.id).await;
    assert_eq!(run.state, State::Checked);
    assert_eq!(missed, ["missing 10002", "missing 10003", "missing 10004", "missing 10005"]);
    // In a supplementary run nobody is.
    let run = office.checked(file(&head("S", RunKind::Supplementary), &[november("10001", 2000)])).await;
    assert!(run.counts().is_empty(), "{:?}", run.counts());
});

both_databases!(whoever_has_left_is_paid_and_not_missed, |portal| async move {
    let office = Office::new(portal).await;
    // Carol left on 31 October 2025: arrears within a year, and nothing later.
    let arrears = |month| file(&head(month, RunKind::Supplementary), &[payslip(CAROL, month, 50, None)]);
    let run = office.checked(arrears("2026-10")).await;
    assert_eq!(run.state, State::Checked, "{:?}", office.findings(run.id).await);
    let run = office.checked(arrears("2026-12")).await;
    assert_eq!((run.state, office.findings(run.id).await), (State::Wrong, vec![format!("unknown {CAROL}")]));
    // Who has been paid here before may be.
    office.published(arrears("2026-10")).await;
    let run = office.checked(arrears("2026-12")).await;
    let wrong = run.counts().keys().any(|kind| kind.severity() == Severity::Error);
    assert!(!wrong, "{:?}", run.counts());
});

both_databases!(net_pay_is_held_against_the_last_payslip_that_is_in_force, |portal| async move {
    let office = Office::new(portal).await;
    office.published(main_run("2026-09")).await;
    let october = office.published(main_run("2026-10")).await;
    let half = || file(&head("2026-11 MAIN", RunKind::Supplementary), &[november("10001", 1000)]);
    let run = office.checked(half()).await;
    assert_eq!(run.counts().get(&FindingKind::NetMoved), Some(&1), "{:?}", run.counts());
    let corrected = payslip("10001", "2026-10", 1000, Some("2026-10 MAIN"));
    office.published(file(&head("C", RunKind::Correction), &[corrected])).await;
    let run = office.checked(half()).await;
    assert!(run.counts().is_empty(), "the correction is the last payslip: {:?}", run.counts());
    office.withdraw(october.id).await.unwrap();
    let run = office.checked(half()).await;
    assert!(run.counts().is_empty(), "it stays when what it replaced is withdrawn: {:?}", run.counts());
});

both_databases!(findings_are_counted_exactly_and_the_first_are_kept, |portal| async move {
    let office = Office::new(portal).await;
    let blocks: Vec<_> =
        (0..120).map(|n| november(&format!("7{n:04}"), 100)).chain([november("10001", 0)]).collect();
    let run = office.checked(file(&head("X", RunKind::Main), &blocks)).await;
    assert_eq!(run.counts().get(&FindingKind::Unknown), Some(&120));
    assert_eq!(run.counts().get(&FindingKind::NetNil), Some(&1));
    let shown = runs::findings_of(&office.app, run.id, FindingKind::Unknown).await.unwrap();
    assert_eq!((shown.len(), shown[0].person.as_deref()), (50, Some("70000")));
    assert!(shown[0].line.is_some() && shown[0].column.is_some());
    assert_eq!(runs::findings(&office.app, run.id).await.unwrap().len(), 121);
});

both_databases!(a_file_of_many_pieces_is_read_whole, |portal| async move {
    let office = Office::new(portal).await;
    let blocks: Vec<_> = PEOPLE
        .iter()
        .map(|person| {
            let mut block = november(person, 2000);
            if let Document::Payslip(slip) = &mut block.document {
                slip.messages = (0..200).map(|n| format!("{n} {}", "Thank you. ".repeat(40))).collect();
            }
            block
        })
        .collect();
    let id = office.upload(file(&head("X", RunKind::Main), &blocks)).await;
    assert!(office.count("pay_run_piece").await >= 2);
    office.portal.settle().await;
    assert_eq!(office.run(id).await.state, State::Checked, "{:?}", office.findings(id).await);
    let stored = office.stored(&office.app).await;
    assert!(stored.iter().all(|(_, slip)| slip.messages.len() == 200));
});

both_databases!(what_cannot_be_taken_is_refused_before_anything_is_written, |portal| async move {
    let office = Office::new(portal).await;
    let permit = office.permit(JOANNE, Permission::CheckPayslips).await;
    let send = |bytes: Vec<u8>| {
        let (app, permit) = (office.app.clone(), permit.clone());
        async move {
            let file = FormFile { name: "run.csv".into(), bytes: bytes.into() };
            runs::receive(&app, &permit, &file, Origin::default()).await
        }
    };
    assert!(matches!(send(Vec::new()).await, Err(ReceiveError::Empty)));
    assert!(matches!(send(vec![b'x'; runs::MOST_BYTES + 1]).await, Err(ReceiveError::TooLarge)));
    assert_eq!(office.count("pay_run").await, 0);
    for _ in 0..runs::MOST_WAITING {
        send(b"x".to_vec()).await.unwrap();
    }
    assert!(matches!(send(b"x".to_vec()).await, Err(ReceiveError::TooMany)));
    // None of them is a run file.
    office.portal.settle().await;
    let all = runs::recent(&office.app, &permit).await.unwrap();
    assert!(all.iter().all(|run| run.state == State::Wrong), "{all:?}");
});

both_databases!(the_operator_checks_a_file_where_it_lies, |portal| async move {
    let office = Office::new(portal).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.csv");
    std::fs::write(&path, main_run("2026-11")).unwrap();
    let employer = office.portal.holder(JOANNE).await.employer.id;
    let permit = Permit::operator(Permission::CheckPayslips, employer);
    let mut heard = 0;
    let id =
        runs::check_file(&office.app, &permit, &path, Origin::default(), |done| heard = done).await.unwrap();
    let run = office.run(id).await;
    assert_eq!((run.state, heard, run.uploaded_by, run.kept), (State::Checked, 5, None, false));
    let missing =
        runs::check_file(&office.app, &permit, &folder.path().join("none"), Origin::default(), |_| {}).await;
    assert!(matches!(missing, Err(ReceiveError::File(_))), "{missing:?}");
    // Its bytes are not kept: what has changed has it fail, and say so.
    office.published(file(&head("S", RunKind::Supplementary), &[november("10001", 1)])).await;
    office.publish_as(JOANNE, &run).await.unwrap();
    let run = office.run(id).await;
    assert_eq!(run.state, State::Failed);
    assert!(run.says.unwrap().contains("Check the file again"));
});

both_databases!(p60s_are_published_and_replaced_in_the_same_way, |portal| async move {
    let office = Office::new(portal).await;
    office.portal.set_clock("2026-05-20T09:00:00Z");
    let p60 = |pay: i64| P60 {
        heading: Heading::default(),
        year_ended: 2026,
        paye_reference: "123/A246".into(),
        employer_address: vec!["1 High Street".into()],
        details: vec![
            Detail { description: "NI number".into(), text: "QQ123456A".into() },
            Detail { description: "Final tax code".into(), text: "1257L".into() },
        ],
        previous: PayAndTax::default(),
        this: PayAndTax { pay: Pence(pay), tax: Pence(pay / 10) },
        ni: Vec::new(),
        statutory: Vec::new(),
        loans: Vec::new(),
        replacement: false,
    };
    let head = |reference: &str, kind| RunHead {
        document: WhichDocument::P60s,
        frequency: None,
        paye_reference: Some("123/A246".into()),
        employer_address: vec!["1 High Street".into()],
        ..head(reference, kind)
    };
    let block = |pay, replaces| Block::of_p60("10001", replaces, p60(pay)).unwrap();
    let run = office.published(file(&head("P60 2026", RunKind::Main), &[block(3_000_000, None)])).await;
    assert_eq!((run.document, run.pay_date), (Some(WhichDocument::P60s), Some(day("2026-04-05"))));
    let replaced = block(3_100_000, Some("P60 2026"));
    office.published(file(&head("P60 2026 C", RunKind::Correction), &[replaced])).await;
    let mails = office.portal.mails_to("helen.owsea@nhs.net");
    let told = mails.iter().filter(|mail| mail.subject == "Your P60 for 2025 to 2026 is there").count();
    assert_eq!(told, 2);
    let permit = office.permit(JOANNE, Permission::PrintPayslips).await;
    let all = runs::print_batch(&office.app, &permit, run.id, None, "for the post", Origin::default())
        .await
        .unwrap();
    assert!(
        matches!(&all[0].1, Document::P60(p60) if !p60.replacement && p60.heading.name == "Mrs Helen O'Wsea")
    );
});

both_databases!(nobody_is_mailed_about_months_long_gone, |portal| async move {
    let office = Office::new(portal).await;
    office.published(main_run("2026-08")).await;
    assert!(office.subjects("helen.owsea@nhs.net").is_empty());
    let corrected = payslip("10001", "2026-08", 1900, Some("2026-08 MAIN"));
    office.published(file(&head("C", RunKind::Correction), &[corrected])).await;
    assert_eq!(office.subjects("helen.owsea@nhs.net"), ["Your August 2026 payslip is there"]);
});
