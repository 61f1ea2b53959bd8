//! Processes that are killed, jobs that fail, uploads that nobody looks at again.

use store::{
    jobs::{Handler, JobError, Worker},
    on,
    testing::strings,
};
use testing::{Portal, both_databases};

use super::{
    AMINA, GARETH, checked, csv, exists, file, hr, many_rows, person, pieces, press, states, trail, upload,
};

/// A process that takes a job and is killed: the job stays leased.
async fn killed(portal: &Portal, kind: &'static str) {
    let handler = Handler::new(kind, |_| async { Err(JobError::Overtaken) });
    let worker = Worker::new(portal.db.clone(), portal.clock.clone(), portal.entropy.clone(), vec![handler]);
    worker.run_due().await.unwrap();
}

async fn run(portal: &Portal, text: &'static str) {
    let done: store::Result<()> = portal
        .db
        .write(move |tx| Box::pin(async move { on!(tx, c => sqlx::query(text).execute(c).await.map(drop)) }))
        .await;
    done.unwrap();
}

both_databases!(a_killed_process_is_replaced_by_the_next, |portal| async move {
    let mut gareth = hr(&portal, GARETH).await;
    let place = upload(&mut gareth, &csv(&["X1,Ann,Ng,1980-01-01,2020-01-01,,,"])).await;
    killed(&portal, "records.check_upload").await;
    portal.settle().await;
    assert_eq!(states(&portal).await, ["checking"], "the dead one has the job still");
    portal.clock.advance(61);
    portal.settle().await;
    assert_eq!(states(&portal).await, ["checked"]);

    press(&mut gareth, &place, &[]).await.leads_to(&place);
    killed(&portal, "records.apply_upload").await;
    assert!(!exists(&portal, "427ANG01").await);
    portal.clock.advance(61);
    portal.settle().await;
    assert_eq!(states(&portal).await, ["applied"]);
    assert!(exists(&portal, "427ANG01").await);
});

both_databases!(a_load_that_was_killed_while_staging_is_taken_up_and_done_once, |portal| async move {
    let mut gareth = hr(&portal, GARETH).await;
    let place = checked(&portal, &mut gareth, &file(&many_rows(0, 2000, ""))).await;
    press(&mut gareth, &place, &[]).await.leads_to(&place);
    // Dropped wherever it is when the first pieces are staged: as if killed.
    let second = Portal::reopened(&portal, |_| {});
    let staged = async {
        while strings(&portal.db, "SELECT employee_number FROM staff_record WHERE employee_number LIKE 'X%'")
            .await
            .len()
            < 300
        {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        () = second.settle() => panic!("it was faster than it can be"),
        () = staged => {}
    }
    assert!(!exists(&portal, "427JPERSO01").await, "nobody sees what is staged");
    // The dead one's leases run out, of the job and of the load; then what it staged is cleared away.
    portal.clock.advance(61);
    portal.settle().await;
    portal.clock.advance(6);
    portal.settle().await;
    assert_eq!(states(&portal).await, ["applied"]);
    let seen = strings(&portal.db, "SELECT employee_number FROM staff WHERE employee_number LIKE 'X%'").await;
    assert_eq!(seen.len(), 2000);
    let loads = trail(&portal).await.into_iter().filter(|event| event == "records.staff_loaded").count();
    // The demo's own load of 427 and 999, and this one.
    assert_eq!(loads, 3);
    assert_eq!(
        strings(&portal.db, "SELECT file_name FROM record_change WHERE switched_at IS NULL").await.len(),
        0
    );
});

both_databases!(what_fails_again_and_again_is_given_up_in_words, |portal| async move {
    let mut gareth = hr(&portal, GARETH).await;
    let place = upload(&mut gareth, &csv(&["X1,Ann,Ng,1980-01-01,2020-01-01,,,"])).await;
    // The bytes are lost.
    run(&portal, "DELETE FROM staff_upload_piece").await;
    for _ in 0..6 {
        portal.settle().await;
        portal.clock.advance(64);
    }
    gareth.get(&place).await.is(200).has("Nothing was changed. It was tried several times").has("Failed");
    assert!(strings(&portal.db, "SELECT kind FROM job WHERE kind = 'records.check_upload'").await.is_empty());

    // A file that kills each process that tries it.
    let place = upload(&mut gareth, &csv(&["X2,Bo,Li,1980-01-01,2020-01-01,,,"])).await;
    for _ in 0..6 {
        killed(&portal, "records.check_upload").await;
        portal.clock.advance(61);
    }
    portal.settle().await;
    gareth.get(&place).await.has("It was tried several times");
});

both_databases!(whoever_lost_the_role_meanwhile_loads_nothing, |portal| async move {
    let mut gareth = hr(&portal, GARETH).await;
    let place = checked(&portal, &mut gareth, &csv(&["X1,Ann,Ng,1980-01-01,2020-01-01,,,"])).await;
    press(&mut gareth, &place, &[]).await.leads_to(&place);
    run(&portal, "UPDATE role_grant SET withdrawn_at = granted_at").await;
    portal.settle().await;
    assert_eq!((states(&portal).await, exists(&portal, "427ANG01").await), (vec!["failed".into()], false));
    assert_eq!(
        strings(&portal.db, "SELECT failure FROM staff_upload").await,
        ["This needs the role HR at this employer."]
    );
    gareth.get(&place).await.is(403);
});

both_databases!(whoever_typed_the_number_has_to_hold_the_role_still, |portal| async move {
    portal.load("427", &file(&many_rows(0, 100, ""))).await;
    let (mut gareth, mut amina) = (hr(&portal, GARETH).await, hr(&portal, AMINA).await);
    let place = checked(&portal, &mut gareth, &file(&many_rows(0, 11, "2026-11-30"))).await;
    press(&mut gareth, &place, &[("number", "11")]).await.is(303);
    press(&mut amina, &place, &[]).await.leads_to(&place);
    run(
        &portal,
        "UPDATE role_grant SET withdrawn_at = granted_at WHERE staff_record_id =
         (SELECT staff_record_id FROM username WHERE name = '427GPUGH01')",
    )
    .await;
    portal.settle().await;
    amina.get(&place).await.has("Nothing was changed. This needs the role HR at this employer.");
    assert_eq!(person(&portal, "427JPERSO01").await.2, "");
});

both_databases!(after_a_day_nothing_is_left_of_it, |portal| async move {
    let mut gareth = hr(&portal, GARETH).await;
    let row = "X1,Ann,Ng,1980-01-01,2020-01-01,,,";
    checked(&portal, &mut gareth, &csv(&[row])).await;
    // One whose bytes never all came.
    upload(&mut gareth, &csv(&[row])).await;
    run(&portal, "UPDATE staff_upload SET state = 'receiving' WHERE state = 'checking'").await;
    assert_eq!(pieces(&portal).await, 2);
    portal.clock.advance(24 * 60 * 60 - 1);
    portal.settle().await;
    assert_eq!(pieces(&portal).await, 2);
    portal.clock.advance(2);
    portal.settle().await;
    assert_eq!(
        (states(&portal).await, pieces(&portal).await),
        (vec!["discarded".into(), "discarded".into()], 0)
    );
    let found = strings(&portal.db, "SELECT found FROM staff_upload WHERE found IS NOT NULL").await;
    assert!(found.is_empty());
    portal.clock.advance(29 * 24 * 60 * 60);
    portal.settle().await;
    assert!(states(&portal).await.is_empty());
});
