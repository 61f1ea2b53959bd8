use audit::Origin;
use records::{EmployerError, NewEmployer, Settings, employer_add, employer_set};
use store::testing::both;

use crate::world::World;

#[tokio::test]
async fn an_employer_is_added_read_and_changed() {
    both("an_employer_is_added_read_and_changed", |db| async move {
        let world = World::new(db.clone());
        let added = world.employer("427").await;
        world.employer("101").await;
        let mut reader = db.read().await.unwrap();
        let tx = &mut reader.tx();
        assert_eq!(records::employer_by_code(tx, "427").await.unwrap().as_ref(), Some(&added));
        assert_eq!(records::employer(tx, added.id).await.unwrap().as_ref(), Some(&added));
        assert_eq!(records::employer_by_code(tx, "999").await.unwrap(), None);
        let codes: Vec<_> =
            records::employers(tx).await.unwrap().into_iter().map(|employer| employer.code).collect();
        assert_eq!(codes, ["101", "427"]);
        let revision = records::employers_revision(tx).await.unwrap();

        let mut settings = added.settings.clone();
        settings.policies.link_minutes = 60;
        let (now, origin) = (world.now(), Origin::default());
        let name = "The Trust".to_owned();
        let set = employer_set(
            &db,
            &world.entropy,
            now,
            added.clone(),
            name.clone(),
            settings.clone(),
            origin.clone(),
        );
        let set = set.await.unwrap();
        assert_eq!(records::employer(tx, added.id).await.unwrap().as_ref(), Some(&set));
        assert!(records::employers_revision(tx).await.unwrap() > revision);

        // From how it was read before: somebody else was quicker.
        let stale =
            employer_set(&db, &world.entropy, now, added, "Other".into(), settings.clone(), origin.clone())
                .await;
        assert!(matches!(stale, Err(EmployerError::Overtaken)));
        // Nothing changes: nothing is written.
        let same = employer_set(&db, &world.entropy, now, set.clone(), name, settings, origin).await.unwrap();
        assert_eq!(same.revision, set.revision);
    })
    .await;
}

#[tokio::test]
async fn what_changed_stands_on_the_trail() {
    both("what_changed_stands_on_the_trail", |db| async move {
        let world = World::new(db.clone());
        let employer = world.employer("427").await;
        let mut settings = employer.settings.clone();
        settings.policies.link_minutes = 60;
        let (now, name) = (world.now(), employer.name.clone());
        employer_set(&db, &world.entropy, now, employer, name, settings, Origin::default()).await.unwrap();
        let mut reader = db.read().await.unwrap();
        let data: String = store::on!(reader.tx(), c => {
            sqlx::query_scalar("SELECT data FROM audit_entry WHERE event = 'records.employer_set'").fetch_one(c).await
        })
        .unwrap();
        let data: serde_json::Value = serde_json::from_str(&data).unwrap();
        let changed = serde_json::json!({ "settings.policies.link_minutes": { "before": 30, "after": 60 } });
        assert_eq!(data["changed"], changed);
    })
    .await;
}

#[tokio::test]
async fn a_wrong_employer_is_refused_field_by_field() {
    both("a_wrong_employer_is_refused_field_by_field", |db| async move {
        let world = World::new(db.clone());
        let taken = world.employer("427").await;
        let add = |code: &str, name: &str, settings: Settings| {
            let new = NewEmployer { code: code.into(), name: name.into(), settings };
            employer_add(&db, &world.entropy, world.now(), new, Origin::default())
        };
        for code in ["", "42", "4270", "42a", "４２７"] {
            match add(code, "Trust", Settings::default()).await {
                Err(EmployerError::Invalid(faults)) => assert_eq!(faults[0].field, "code", "{code}"),
                other => panic!("{other:?}"),
            }
        }
        let mut settings = Settings { time_zone: "Nowhere/Else".into(), ..Settings::default() };
        settings.policies.session_idle_minutes = 1000;
        let Err(EmployerError::Invalid(faults)) = add("101", "  ", settings).await else { panic!("taken") };
        let fields: Vec<_> = faults.iter().map(|fault| fault.field.as_str()).collect();
        assert_eq!(fields, ["name", "time_zone", "policies.session_idle_minutes"]);
        let again = add("427", "Another", Settings::default()).await;
        assert!(matches!(again, Err(EmployerError::CodeTaken(code)) if code == taken.code));
        let both =
            futures::join!(add("555", "One", Settings::default()), add("555", "Other", Settings::default()),);
        assert!(both.0.is_ok() ^ both.1.is_ok(), "{both:?}");
    })
    .await;
}

#[tokio::test]
async fn the_largest_settings_fit_on_the_trail() {
    both("the_largest_settings_fit_on_the_trail", |db| async move {
        let world = World::new(db.clone());
        let wide = |length: usize| "\u{1d11e}".repeat(length);
        let contact =
            || records::Contact { name: wide(200), hours: wide(200), ..records::Contact::default() };
        let settings = Settings {
            service_desk: contact(),
            it_service_desk: Some(contact()),
            mail_domains: vec![format!("{}.nhs.uk", "a.".repeat(120).trim_end_matches('.')); 20],
            networks: vec!["2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff/128".parse().unwrap(); 100],
            local_links: (0..20)
                .map(|n| records::LocalLink {
                    title: wide(60),
                    address: format!("https://example.org/{n:02}/{}", "a".repeat(470)),
                    only_for: Some(records::Role::ServiceDesk),
                })
                .collect(),
            learning: Some(records::Learning { message: wide(500), homepage: "https://example.org".into() }),
            message: Some(wide(500)),
            ..Settings::default()
        };
        assert_eq!(settings.validate(), []);
        let new = NewEmployer { code: "427".into(), name: wide(100), settings: settings.clone() };
        let added = employer_add(&db, &world.entropy, world.now(), new, Origin::default()).await.unwrap();
        let changed = Settings {
            mail_domains: settings.mail_domains[..19].to_vec(),
            networks: settings.networks[..99].to_vec(),
            local_links: settings.local_links[..19].to_vec(),
            learning: None,
            it_service_desk: None,
            ..Settings::default()
        };
        let (now, origin) = (world.now(), Origin::default());
        employer_set(&db, &world.entropy, now, added, "Trust".into(), changed, origin).await.unwrap();
    })
    .await;
}
