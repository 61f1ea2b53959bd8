use std::fs;

use store::{Db, Migrations, testing};

/// Our own migrations, and one more that fails half-way.
async fn with_a_bad_one(folder: &std::path::Path) -> Migrations {
    for file in fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations")).unwrap() {
        let file = file.unwrap().path();
        if file.extension().is_some_and(|extension| extension == "sql") {
            fs::copy(&file, folder.join(file.file_name().unwrap())).unwrap();
        }
    }
    let bad = "CREATE TABLE half_way (id BIGINT);\nINSERT INTO lease (name) SELECT name FROM half_way;\nDROP TABLE lease;\nTHIS IS NO SQL;";
    fs::write(folder.join("9999_bad.sql"), bad).unwrap();
    Migrations::new(folder.to_owned()).await.unwrap()
}

async fn tables(db: &Db) -> Vec<String> {
    let text = if db.kind() == "sqlite" {
        "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
    } else {
        "SELECT CAST(tablename AS TEXT) FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
    };
    testing::strings(db, text).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_migration_that_fails_leaves_the_old_schema_usable() {
    testing::both("a bad migration", |db| async move {
        let folder = tempfile::tempdir().unwrap();
        let before = tables(&db).await;
        let failed = db.migrate_with(&with_a_bad_one(folder.path()).await).await;
        assert!(failed.is_err());
        assert_eq!(tables(&db).await, before, "nothing of it is left");
        assert!(testing::strings(&db, "SELECT name FROM lease").await.is_empty(), "what was there works");
        assert!(db.pending_migrations().await.unwrap().is_empty());
        // A second process is not kept waiting by the one that failed.
        let again = async {
            for _ in 0..4 {
                db.migrate().await.unwrap();
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(30), again).await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_database_waits_for_all_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let db = Db::open(&store::Options::new(format!("sqlite:{}", folder.path().join("x").display())))
        .await
        .unwrap();
    let pending = db.pending_migrations().await.unwrap();
    assert!(pending.len() >= 5 && pending[0].version == 1, "{pending:?}");
    db.migrate().await.unwrap();
    assert!(db.pending_migrations().await.unwrap().is_empty());
    // A second time there is nothing to do.
    db.migrate().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_newer_release_made_is_left_alone() {
    testing::both("newer", |db| async move {
        let folder = tempfile::tempdir().unwrap();
        with_a_bad_one(folder.path()).await;
        fs::write(folder.path().join("9999_bad.sql"), "CREATE TABLE of_the_next_release (id BIGINT)")
            .unwrap();
        let newer = Migrations::new(folder.path().to_owned()).await.unwrap();
        db.migrate_with(&newer).await.unwrap();
        db.migrate().await.unwrap();
        assert!(db.pending_migrations().await.unwrap().is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_of_another_kind_is_refused() {
    for wrong in ["mysql://x", "", "staffrecord.sqlite"] {
        assert!(Db::open(&store::Options::new(wrong)).await.is_err(), "{wrong}");
    }
}
