use std::{path::Path, sync::Arc};

use payslips::{
    App, Settings, body,
    runs::{self, KeyNeeded},
};
use store::{Entropy, StoreError, jobs::Worker, on};
use testing::{Portal, both_databases};
use web::Keys;

use crate::world::{Office, main_run};

/// Another process, with its own sight of the folder of keys.
fn process(portal: &Portal, folder: &Path, encrypt: bool) -> App {
    App {
        keys: Keys::open(folder, &Entropy::system()).unwrap(),
        settings: Arc::new(Settings { encrypt, ..(*portal.portal.payslips.settings).clone() }),
        ..portal.portal.payslips.clone()
    }
}

async fn work(app: &App) {
    let (db, clock, entropy) = (app.db.clone(), app.clock.clone(), app.entropy.clone());
    Worker::new(db, clock, entropy, payslips::handlers(app)).run_due().await.unwrap();
}

async fn needed(app: &App) -> Vec<KeyNeeded> {
    runs::keys_needed(&mut app.db.read().await.unwrap().tx()).await.unwrap()
}

both_databases!(keys_are_rotated_while_others_read, |portal| async move {
    let folder = tempfile::tempdir().unwrap();
    let mut office = Office::new(portal).await;
    office.app = process(&office.portal, folder.path(), true);
    let id = office.upload(main_run("2026-11")).await;
    work(&office.app).await;
    let reader = process(&office.portal, folder.path(), true);
    assert_eq!(office.stored(&reader).await.len(), 5);
    Keys::rotate(folder.path(), &Entropy::system()).unwrap();
    let app = &office.app;
    runs::rotated(&app.db, &app.entropy, app.clock.now()).await.unwrap();
    assert_eq!(needed(app).await, [KeyNeeded { number: 1, runs: 1 }]);
    work(app).await;
    assert_eq!(needed(app).await, [KeyNeeded { number: 2, runs: 1 }]);
    // The reading process meets the newer number and looks for the key by itself.
    assert_eq!(reader.keys.newest_for_pay(), 1);
    assert_eq!(office.stored(&reader).await.len(), 5);
    std::fs::remove_file(folder.path().join("pay-0001.key")).unwrap();
    let later = process(&office.portal, folder.path(), true);
    assert_eq!(office.stored(&later).await.len(), 5);
    assert_eq!(runs::summary(&later, id).await.unwrap().unwrap().totals.people, 5);
    // Checked again from the pieces of its file, which were sealed anew too.
    let run = office.run(id).await;
    let set: store::Result<()> = app
        .db
        .write(|tx| Box::pin(async move { on!(tx, c => sqlx::query(
            "INSERT INTO pay_employer (employer_id, pay_change) SELECT employer_id, 7 FROM pay_run").execute(c).await.map(drop)) }))
        .await;
    set.unwrap();
    let again = office.publish_as(crate::world::JOANNE, &run).await.unwrap();
    work(&later).await;
    let run = office.run(id).await;
    assert_eq!(run.state, runs::State::Checked, "{again:?}");
});

both_databases!(a_body_that_was_moved_or_whose_key_is_missing_does_not_open, |portal| async move {
    let office = Office::new(portal).await;
    office.checked(main_run("2026-11")).await;
    let stored = office.stored(&office.app).await;
    let (one, other) = (stored[0].0, stored[1].0);
    let mut reader = office.portal.db.read().await.unwrap();
    let (key, bytes): (i64, Vec<u8>) = on!(reader.tx(), c => sqlx::query_as(
        "SELECT key_number, body FROM pay_document WHERE id = $1").bind(one.document).fetch_one(c).await)
    .unwrap();
    assert!(body::open(&office.app.keys, one, key, &bytes).is_ok());
    for refused in [
        body::open(&office.app.keys, other, key, &bytes),
        body::open(&office.app.keys, one, key + 1, &bytes),
        body::open(&Keys::seeded(8), one, key, &bytes),
    ] {
        assert!(matches!(refused, Err(StoreError::Damaged(_))));
    }
});

both_databases!(what_was_not_sealed_is_sealed_once_it_is_to_be, |portal| async move {
    let folder = tempfile::tempdir().unwrap();
    let mut office = Office::new(portal).await;
    office.app = process(&office.portal, folder.path(), false);
    office.upload(main_run("2026-11")).await;
    work(&office.app).await;
    assert_eq!(needed(&office.app).await, [KeyNeeded { number: 0, runs: 1 }]);
    runs::rotated(&office.app.db, &office.app.entropy, office.app.clock.now()).await.unwrap();
    work(&office.app).await;
    assert_eq!(needed(&office.app).await[0].number, 0, "it is not to be sealed here");
    let sealing = process(&office.portal, folder.path(), true);
    runs::rotated(&office.app.db, &office.app.entropy, office.app.clock.now()).await.unwrap();
    work(&sealing).await;
    assert_eq!(needed(&office.app).await, [KeyNeeded { number: 1, runs: 1 }]);
    assert_eq!(office.stored(&sealing).await.len(), 5);
});
