use futures::FutureExt;
use records::{Employer, Found, FoundPerson, MOST_FOUND, SearchError, search};
use serde_json::json;
use store::{
    Day, on,
    testing::{both, lite},
};

use crate::{
    loading::killed,
    world::{World, csv, many, refs},
};

impl World {
    async fn search(&self, employer: &Employer, typed: &str) -> Found {
        let mut reader = self.db.read().await.unwrap();
        search(&mut reader.tx(), employer.id, typed, self.now()).await.unwrap()
    }

    /// Who is found, in words: `~` before those with a letter that differs, what was theirs before in brackets.
    async fn finds(&self, employer: &Employer, typed: &str) -> Vec<String> {
        let found = self.search(employer, typed).await;
        let words = |person: &FoundPerson| {
            let near = if person.near { "~" } else { "" };
            let earlier = person.earlier.as_ref().map(|earlier| format!(" ({earlier})")).unwrap_or_default();
            format!("{near}{}{earlier}", person.name)
        };
        found.people.iter().map(words).collect()
    }

    async fn refused(&self, employer: &Employer, typed: &str) -> String {
        let mut reader = self.db.read().await.unwrap();
        match search(&mut reader.tx(), employer.id, typed, self.now()).await {
            Err(SearchError::Typed(text)) => text.to_owned(),
            other => panic!("{typed:?}: {other:?}"),
        }
    }
}

const NONE: [&str; 0] = [];

/// Rows of a staff file for people who have only a name, and an email made of their number.
fn named(names: &[(&str, &str)]) -> String {
    let row = |(at, (first, last)): (usize, &(&str, &str))| {
        format!("7{at:04},{first},{last},1980-01-01,2020-01-01,,mail{at}@nhs.net,")
    };
    csv(&refs(&names.iter().enumerate().map(row).collect::<Vec<_>>()))
}

async fn load(world: &World, employer: &Employer, file: String) {
    let plan = world.plan(employer, file).await.unwrap_or_else(|error| panic!("{error}"));
    let confirm = plan.number_to_type();
    world.apply(plan, confirm).await.unwrap();
}

#[tokio::test]
async fn each_kind_finds_by_its_beginning() {
    both("each_kind_finds_by_its_beginning", |db| async move {
        let world = World::new(db);
        let employer = world.employer("427").await;
        let header = "employee_number,assignment_number,title,first_names,last_name,date_of_birth,start_date,leaving_date,position,department,email";
        let rows = [
            "2140001,,Ms,Helen Mary,O'Wsea,1980-01-01,2020-01-01,2024-01-31,Staff Nurse,Ward 7,helen.owsea@nhs.net",
            "2140001,,Ms,Helen Mary,O'Wsea,1980-01-01,2024-02-01,,Sister,Ward 9,helen.owsea@nhs.net",
            "2140002,,,John,Smith,1981-01-01,2020-01-01,2026-11-23,Porter,,j.smith@trust.nhs.uk",
            "AB-77/1,,,Maria,de la Cruz,1981-01-01,2020-01-01,,,,",
        ];
        load(&world, &employer, format!("{header}\n{}\n", rows.join("\n"))).await;
        for typed in [
            "hel", "HELEN", "O'Wsea", "o wsea", "owsea", "O\u{2019}WSEA", "owsea, helen", "helen o'w", "helen owsea", "owsea mary",
            "mary owsea helen", "owsea mary helen", " Helen  Mary  O'Wsea ", "helenowsea", "427HOWSEA01", "427howsea01", "427 HOWSEA",
            "howsea01", "howsea", "2140001", "helen.owsea@nhs.net", "Helen.OWSEA@nhs.net", "helen.ow", "he\0len", "\u{feff}helen",
        ] {
            assert_eq!(world.finds(&employer, typed).await, ["Helen Mary O'Wsea"], "{typed:?}");
        }
        for typed in ["de la cruz", "delacruz", "cruz", "maria cruz", "DE LA CRUZ Maria", "AB-77", "AB-77/1", "427MDELA"] {
            assert_eq!(world.finds(&employer, typed).await, ["Maria de la Cruz"], "{typed:?}");
        }
        assert_eq!(world.finds(&employer, "21400").await, ["Helen Mary O'Wsea", "John Smith"]);
        for typed in ["zzz", "999HOWSEA01", "nobody@nhs.net", "helen smith", "---", "\u{1f600}\u{1f600}\u{1f600}"] {
            assert_eq!(world.finds(&employer, typed).await, NONE, "{typed:?}");
        }
        let found = world.search(&employer, "owsea").await;
        let helen = FoundPerson {
            staff_record: world.id("427HOWSEA01").await,
            title: Some("Ms".into()),
            name: "Helen Mary O'Wsea".into(),
            employee_number: "2140001".into(),
            username: records::Username::parse("427HOWSEA01"),
            // The first assignment is over.
            position: Some("Sister".into()),
            department: Some("Ward 9".into()),
            last_day: None,
            has_left: false,
            earlier: None,
            near: false,
        };
        assert_eq!(found, Found { people: vec![helen], more: false });
        let john = &world.search(&employer, "smith").await.people[0];
        assert_eq!((john.last_day, john.has_left), (Day::new(2026, 11, 23), true));
        assert_eq!((john.position.as_deref(), john.title.as_deref()), (Some("Porter"), None));
    })
    .await;
}

#[tokio::test]
async fn names_of_all_kinds_are_found() {
    both("names_of_all_kinds_are_found", |db| async move {
        let world = World::new(db);
        let employer = world.employer("427").await;
        let names = [
            ("Ann", "Smith-Jones"),
            ("Thị Lan", "Nguyễn"),
            ("Łukasz", "Żółć"),
            ("明", "李"),
            ("", "Sukarno"),
            ("Teller", ""),
            ("Kim", "Ng"),
            ("Öjvind", "Åström"),
            ("Елена", "Иванова"),
        ];
        load(&world, &employer, named(&names)).await;
        for (typed, name) in [
            ("smith-jones", "Ann Smith-Jones"),
            ("smith jones", "Ann Smith-Jones"),
            ("smithjones", "Ann Smith-Jones"),
            ("jones", "Ann Smith-Jones"),
            ("Nguyễn", "Thị Lan Nguyễn"),
            ("nguyen", "Thị Lan Nguyễn"),
            ("nguyen thi", "Thị Lan Nguyễn"),
            ("Żółć", "Łukasz Żółć"),
            ("zolc", "Łukasz Żółć"),
            ("李明", "明 李"),
            ("li ming", "明 李"),
            ("sukarno", "Sukarno"),
            ("teller", "Teller"),
            ("ng kim", "Kim Ng"),
            ("kim ng", "Kim Ng"),
            ("A\u{30a}stro\u{308}m", "Öjvind Åström"),
            ("astrom oj", "Öjvind Åström"),
            ("Иванова", "Елена Иванова"),
            ("ivanova", "Елена Иванова"),
        ] {
            assert_eq!(world.finds(&employer, typed).await, [name], "{typed}");
        }
    })
    .await;
}

#[tokio::test]
async fn one_wrong_letter_is_forgiven_where_little_fits() {
    both("one_wrong_letter_is_forgiven_where_little_fits", |db| async move {
        let world = World::new(db);
        let employer = world.employer("427").await;
        load(
            &world,
            &employer,
            named(&[("Helen", "O'Wsea"), ("John", "Smithson"), ("Christopher", "Montgomery"), ("Jo", "Ng")]),
        )
        .await;
        for (typed, name) in [
            ("smythson", "John Smithson"),  // another letter
            ("smithsn", "John Smithson"),   // one missing
            ("smithsson", "John Smithson"), // one twice
            ("smitshon", "John Smithson"),  // two swapped
            ("mithson", "John Smithson"),   // the first one missing
            ("xmithson", "John Smithson"),  // the first one another
            ("msith", "John Smithson"),     // in the beginning of a name
            ("smythson john", "John Smithson"),
            ("jhon smithson", "John Smithson"),
            ("owesa", "Helen O'Wsea"),
            ("o'wesa h", "Helen O'Wsea"),
            ("christopher montgommery", "Christopher Montgomery"),
            ("montgomerx", "Christopher Montgomery"),
            ("427HOWSAE01", "Helen O'Wsea"),
            ("howsae01", "Helen O'Wsea"),
            ("427JSMITHH01", "John Smithson"),
            ("mial0@nhs.net", "Helen O'Wsea"),
            ("mail0@nhs.nte", "Helen O'Wsea"),
        ] {
            let expected = if typed.ends_with("HH01") { vec![] } else { vec![format!("~{name}")] };
            assert_eq!(world.finds(&employer, typed).await, expected, "{typed}");
        }
        // Two wrong letters, another number, and too little to tell.
        for typed in ["smythsen", "427HOWSEA02", "xng"] {
            assert_eq!(world.finds(&employer, typed).await, NONE, "{typed}");
        }
        // Whoever fits comes first, and where enough do nobody else comes.
        let more = [
            ("Anna", "Small"),
            ("Bea", "Small"),
            ("Cy", "Small"),
            ("Di", "Smell"),
            ("Ed", "Smart"),
            ("Al", "Smarx"),
        ];
        load(&world, &employer, named(&more).replace("\n70", "\n80").replace(",mail", ",post")).await;
        assert_eq!(world.finds(&employer, "small").await, ["Anna Small", "Bea Small", "Cy Small"]);
        assert_eq!(world.finds(&employer, "smart").await, ["Ed Smart", "~Al Smarx"]);
    })
    .await;
}

#[tokio::test]
async fn earlier_names_usernames_and_addresses_are_found_and_told() {
    both("earlier_names_usernames_and_addresses_are_found_and_told", |db| async move {
        let world = World::new(db.clone());
        let employer = world.employer("427").await;
        world.load(&employer, &["1,Ann,Ng,1980-01-01,2020-01-01,,mail7@nhs.net,"]).await;
        world.load(&employer, &["1,Ann,Ng,1980-01-01,2020-01-01,,ann.ng@nhs.net,"]).await;
        let keys = world.rows("staff_key").await;
        // Another address alone writes no key.
        world.load(&employer, &["1,Ann,Ng,1980-01-01,2020-01-01,,ann.smith@nhs.net,"]).await;
        assert_eq!(world.rows("staff_key").await, keys);
        world.load(&employer, &["1,Ann,Smith,1980-01-01,2020-01-01,,ann.smith@nhs.net,"]).await;
        assert_eq!(world.rows("staff_key").await, 2 * keys);
        for (typed, found) in [
            ("smith", "Ann Smith"),
            ("ann", "Ann Smith"),
            ("ng ann", "Ann Smith (Ann Ng)"),
            ("ann.ng@", "Ann Smith (Ann Ng)"),
            ("mail7@nhs.net", "Ann Smith (mail7@nhs.net)"),
            ("ann.smith@nhs.net", "Ann Smith"),
            ("427ANG01", "Ann Smith"),
        ] {
            assert_eq!(world.finds(&employer, typed).await, [found], "{typed}");
        }
        let (id, now, employer_id) = (world.id("427ANG01").await, world.now().plus_seconds(1), employer.id);
        let allotted: store::Result<()> = db
            .write(move |tx| {
                async move {
                    on!(tx, c => sqlx::query("INSERT INTO username (name, staff_record_id, employer_id, number, allotted_at)
                         VALUES ('427ASMITH01', $1, $2, 4, $3)")
                        .bind(id).bind(employer_id).bind(now).execute(c).await.map(drop))
                }
                .boxed()
            })
            .await;
        allotted.unwrap();
        assert_eq!(world.finds(&employer, "427ANG01").await, ["Ann Smith (427ANG01)"]);
        assert_eq!(world.finds(&employer, "427ASMITH01").await, ["Ann Smith"]);
        // Back to the first name: found by it as it is now.
        world.load(&employer, &["1,Ann,Ng,1980-01-01,2020-01-01,,ann.smith@nhs.net,"]).await;
        assert_eq!(world.finds(&employer, "ng ann").await, ["Ann Ng"]);
        assert_eq!(world.finds(&employer, "smith ann").await, ["Ann Ng (Ann Smith)"]);
    })
    .await;
}

#[tokio::test]
async fn another_employers_staff_are_never_found() {
    both("another_employers_staff_are_never_found", |db| async move {
        let world = World::new(db);
        let (employer, other) = (world.employer("427").await, world.employer("999").await);
        world.load(&other, &["77001,Helen,O'Wsea,1980-01-01,2020-01-01,,helen.owsea@nhs.net,"]).await;
        world.load(&employer, &["55001,John,Smith,1980-01-01,2020-01-01,,john.smith@nhs.net,"]).await;
        for typed in [
            "helen",
            "owsea",
            "owsae",
            "999HOWSEA01",
            "howsea01",
            "427HOWSEA01",
            "999HOWSAE01",
            "77001",
            "helen.owsea@nhs.net",
            "helen.owsae@nhs.net",
        ] {
            assert_eq!(world.finds(&employer, typed).await, NONE, "{typed}");
        }
        assert_eq!(world.finds(&other, "helen").await, ["Helen O'Wsea"]);
        let nobody = Employer { id: world.id("427JSMITH01").await, ..employer };
        assert_eq!(world.search(&nobody, "helen").await, Found::default());
    })
    .await;
}

#[tokio::test]
async fn what_is_typed_is_no_pattern_and_has_its_limits() {
    both("what_is_typed_is_no_pattern_and_has_its_limits", |db| async move {
        let world = World::new(db);
        let employer = world.employer("427").await;
        world
            .load(
                &employer,
                &[
                    "1_3,Ann,Ng,1980-01-01,2020-01-01,,a_b%c@nhs.net,",
                    "123,Bo,Li,1980-01-01,2020-01-01,,axb2c@nhs.net,",
                ],
            )
            .await;
        for typed in
            ["%%%", "___", "a%b", "'; DROP TABLE staff_key; --", "\\\\\\", "***", "\u{ffff}\u{ffff}\u{ffff}"]
        {
            assert_eq!(world.finds(&employer, typed).await, NONE, "{typed}");
        }
        assert_eq!(world.finds(&employer, "1_3").await, ["Ann Ng"]);
        assert_eq!(world.finds(&employer, "a_b%").await, ["Ann Ng"]);
        for typed in ["", "  ", "ab", " a ", "\0\0\0"] {
            assert!(world.refused(&employer, typed).await.contains("at least three"), "{typed}");
        }
        assert!(world.refused(&employer, &"x".repeat(101)).await.contains("100"));
        for typed in
            ["x".repeat(100), "x y ".repeat(25), "é".repeat(100), format!("{}@nhs.net", "x".repeat(90))]
        {
            assert_eq!(world.finds(&employer, &typed).await, NONE);
        }
    })
    .await;
}

#[tokio::test]
async fn twenty_are_shown_by_name_and_that_there_are_more() {
    both("twenty_are_shown_by_name_and_that_there_are_more", |db| async move {
        let world = World::new(db);
        let employer = world.employer("427").await;
        let letters = |n: usize| char::from(b'z' - u8::try_from(n).unwrap());
        let rows: Vec<String> = (0..20)
            .map(|n| format!("2140{n:02},Jo{},Smith{},1980-01-02,2020-01-01,,,", letters(n), letters(n % 3)))
            .collect();
        world.load(&employer, &refs(&rows)).await;
        let found = world.search(&employer, "smith").await;
        assert_eq!((found.people.len(), found.more), (MOST_FOUND, false));
        let names: Vec<_> = found.people.iter().map(|person| person.name.clone()).collect();
        let mut sorted = names.clone();
        sorted.sort_by_key(|name| name.split(' ').rev().map(str::to_owned).collect::<Vec<_>>());
        assert_eq!(names, sorted);
        world.load(&employer, &["999,Al,Smith,1980-01-02,2020-01-01,,,"]).await;
        let found = world.search(&employer, "smith").await;
        assert_eq!((found.people.len(), found.more), (MOST_FOUND, true));
        assert_eq!(found.people[0].name, "Al Smith");
        // Just this number comes first, though others begin with it.
        world.load(&employer, &["2140,Zoe,Zz,1980-01-02,2020-01-01,,,"]).await;
        let found = world.search(&employer, "2140").await;
        assert_eq!(
            (found.people[0].name.as_str(), found.people[1].name.as_str(), found.more),
            ("Zoe Zz", "Joi Smithx", true)
        );
    })
    .await;
}

#[tokio::test]
async fn a_load_is_found_once_it_is_switched_and_a_killed_one_is_swept() {
    both("a_load_is_found_once_it_is_switched_and_a_killed_one_is_swept", |db| async move {
        let world = World::new(db);
        let employer = world.employer("427").await;
        world.load(&employer, &refs(&many(0, 300))).await;
        let keys = world.rows("staff_key").await;
        let rows: Vec<String> = many(0, 500).iter().map(|row| row.replace("Smith", "Winter")).collect();
        for nth in 1..=4 {
            killed(&world, &employer, csv(&refs(&rows)), nth).await;
            for typed in ["winter", "jo winter", "wimter", "00450", "jo.smith450@nhs.net", "427JWINTE"] {
                assert_eq!(world.finds(&employer, typed).await, NONE, "killed at {nth}, {typed}");
            }
            let found = world.search(&employer, "jo smith").await;
            assert_eq!(
                (found.people.len(), found.people[0].employee_number.as_str(), found.more),
                (20, "00000", true)
            );
            world.clock.advance(61);
        }
        assert!(world.rows("staff_key").await > keys, "the last one left some");
        load(&world, &employer, csv(&refs(&rows))).await;
        // All of the first names and all of the new ones, and nothing of the killed loads.
        assert_eq!(world.rows("staff_key").await, keys + 500 * 2);
        assert_eq!(world.search(&employer, "winter").await.people.len(), 20);
        assert_eq!(world.finds(&employer, "smith jo").await[0], "Jo Winter (Jo Smith)");
    })
    .await;
}

#[tokio::test]
async fn many_keys_are_swept_page_by_page() {
    both("many_keys_are_swept_page_by_page", |db| async move {
        let world = World::new(db);
        let employer = world.employer("427").await;
        world.load(&employer, &["a,Ann,Ng,1980-01-01,2020-01-01,,,"]).await;
        let rows: Vec<String> =
            (0..2600).map(|n| format!("{n},A{n},B{n},1980-01-01,2020-01-01,,,")).collect();
        killed(&world, &employer, csv(&refs(&rows)), 20).await;
        assert!(world.rows("staff_key").await > 4000);
        world.clock.advance(61);
        world.load(&employer, &["b,Bo,Li,1980-01-01,2020-01-01,,,"]).await;
        assert_eq!(world.rows("staff_key").await, 4);
    })
    .await;
}

#[tokio::test]
async fn names_that_were_there_before_get_their_keys_by_a_job() {
    both("names_that_were_there_before_get_their_keys_by_a_job", |db| async move {
        let world = World::new(db.clone());
        let (employer, other) = (world.employer("427").await, world.employer("999").await);
        world.load(&employer, &refs(&many(0, 450))).await;
        world.load(&other, &["1,Helen,O'Wsea,1980-01-01,2020-01-01,,,"]).await;
        // A change of name, one of address alone, and a killed load.
        world.load(&employer, &["00001,Jo,Winter,1980-01-02,2020-01-01,,jo.smith1@nhs.net,"]).await;
        world.load(&employer, &["00001,Jo,Winter,1980-01-02,2020-01-01,,jo.winter@nhs.net,"]).await;
        killed(&world, &employer, csv(&["00001,Jo,Summer,1980-01-02,2020-01-01,,,"]), 2).await;
        let written = keys(&world).await;
        // As the release before left it, with the job of the migration.
        let (now, employer_id) = (world.now(), employer.id);
        let left: store::Result<()> = db
            .write(move |tx| {
                async move {
                    on!(tx, c => sqlx::query("DELETE FROM staff_key").execute(c).await.map(drop))?;
                    let payload = json!({});
                    let job = store::jobs::NewJob {
                        id: employer_id,
                        kind: "records.search_keys",
                        payload: &payload,
                        priority: 9,
                        run_at: now,
                    };
                    store::jobs::enqueue(tx, job).await
                }
                .boxed()
            })
            .await;
        left.unwrap();
        assert_eq!(world.finds(&employer, "winter").await, NONE);
        world.run_jobs().await;
        let of_other = keys(&world).await;
        assert_eq!(of_other.len() + 2, written.len(), "only of the one employer");
        assert_eq!(world.finds(&employer, "winter").await, ["Jo Winter"]);
        assert_eq!(world.finds(&employer, "summer").await, NONE);
        assert_eq!(world.finds(&employer, "00449").await, ["Jo Smith"]);

        // A day later it looks once more, and then no more.
        world.clock.advance(24 * 3600);
        assert_eq!(world.run_jobs().await, 4);
        assert_eq!(keys(&world).await, of_other);
        world.clock.advance(24 * 3600);
        assert_eq!(world.run_jobs().await, 0);
    })
    .await;
}

async fn keys(world: &World) -> Vec<(Vec<u8>, uuid::Uuid, i64)> {
    let mut reader = world.db.read().await.unwrap();
    on!(reader.tx(), c => sqlx::query_as("SELECT key, staff_record_id, number FROM staff_key ORDER BY key, staff_record_id, number")
        .fetch_all(c).await)
    .unwrap()
}

#[tokio::test]
async fn what_fits_is_found_by_few_statements() {
    let fresh = lite().await;
    let world = World::new(fresh.db.clone());
    let employer = world.employer("427").await;
    world
        .load(
            &employer,
            &[
                "1,Ann,Smith,1980-01-01,2020-01-01,,,",
                "2,Bo,Smith,1980-01-01,2020-01-01,,,",
                "3,Cy,Smith,1980-01-01,2020-01-01,,,",
            ],
        )
        .await;
    let before = fresh.db.statistics().statements;
    assert_eq!(world.finds(&employer, "smith").await.len(), 3);
    // The employer, what fits, and the people.
    assert_eq!(fresh.db.statistics().statements - before, 3);
}
