//! Packages are taken in whole, once, and by nobody but whom it is for.

use audit::Origin;
use learning::courses::{self, ChangeError, ImportError, NewVersion, Unfit, VersionState};
use records::{Permission, Permit};
use store::testing::strings;
use testing::{Portal, both_databases};
use uuid::Uuid;

use crate::world::{HELEN, JOHN, app, contents, import, new, permit, publish, simple};

async fn count(portal: &Portal, text: &'static str) -> usize {
    strings(&portal.db, text).await[0].parse().unwrap()
}

async fn files(portal: &Portal) -> usize {
    count(portal, "SELECT CAST(COUNT(*) AS TEXT) FROM course_file").await
}

both_databases!(the_same_package_makes_no_second_version, |portal| async move {
    let package = || {
        contents(
            simple(),
            &[("a.html", b"<h1>A</h1>"), ("img/b.png", &[7; 1000]), ("copy.html", b"<h1>A</h1>")],
        )
    };
    let first = import(&portal, "FIRE", package()).await;
    let again = import(&portal, "FIRE", package()).await;
    assert!(first.is_new && !again.is_new);
    assert_eq!((again.version, again.number, again.course), (first.version, 1, first.course));
    assert_eq!(files(&portal).await, 3);
    // For another course it is one of its own.
    let other = import(&portal, "WATER", package()).await;
    assert!(other.is_new && other.course != first.course);
    let next = import(&portal, "FIRE", contents(simple(), &[("a.html", b"<h1>B</h1>")])).await;
    assert_eq!((next.course, next.number, next.is_new), (first.course, 2, true));

    let app = app(&portal);
    let mut reader = portal.db.read().await.unwrap();
    let employer = portal.holder(HELEN).await.employer.id;
    let versions = courses::versions(&mut reader.tx(), first.course).await.unwrap();
    let seen: Vec<_> = versions.iter().map(|version| (version.number, version.state)).collect();
    assert_eq!(seen, [(2, VersionState::Uploaded), (1, VersionState::Uploaded)]);
    assert_eq!(courses::manifest(&mut reader.tx(), first.version).await.unwrap(), Some(simple()));
    // Nobody else's.
    let others = portal.holder(JOHN).await.employer.id;
    assert_eq!(courses::course(&mut reader.tx(), others, first.course).await.unwrap(), None);
    assert_eq!(courses::version(&mut reader.tx(), others, first.version).await.unwrap(), None);
    assert!(courses::of_employer(&mut reader.tx(), others, None).await.unwrap().is_empty());
    let all = courses::of_employer(&mut reader.tx(), employer, None).await.unwrap();
    assert_eq!(all.len(), 2);
    assert_eq!(courses::of_employer(&mut reader.tx(), employer, all.first()).await.unwrap(), all[1..]);
    drop(reader);
    let theirs = Permit::operator(Permission::PublishCourses, others);
    let published = courses::publish(&app, &theirs, first.version, Origin::default()).await;
    assert!(matches!(published, Err(ChangeError::NotFound)));
});

both_databases!(one_version_at_a_time_is_published, |portal| async move {
    let app = app(&portal);
    let first = import(&portal, "FIRE", contents(simple(), &[("a.html", b"1")])).await;
    let second = import(&portal, "FIRE", contents(simple(), &[("a.html", b"2")])).await;
    let employer = portal.holder(HELEN).await.employer.id;
    let found = async |words| {
        let mut reader = portal.db.read().await.unwrap();
        let found = courses::find(&mut reader.tx(), employer, words, None).await.unwrap();
        found.into_iter().map(|course| course.current_version).collect::<Vec<_>>()
    };
    assert!(found("").await.is_empty());
    publish(&portal, first.version).await;
    publish(&portal, first.version).await;
    assert_eq!(found("fire SAF").await, [Some(first.version)]);
    publish(&portal, second.version).await;
    assert_eq!(found("FIRE").await, [Some(second.version)]);
    for nothing in ["water", "%", "_", "!", "fire_safety", "\\"] {
        assert!(found(nothing).await.is_empty(), "{nothing}");
    }
    let permit = permit(&portal, HELEN).await;
    courses::retire(&app, &permit, second.version, Origin::default()).await.unwrap();
    assert!(found("").await.is_empty());
    let states = strings(&portal.db, "SELECT state FROM course_version ORDER BY number").await;
    assert_eq!(states, ["retired", "retired"]);
    // Back to the older one.
    publish(&portal, first.version).await;
    assert_eq!(found("").await, [Some(first.version)]);
    let trail = strings(
        &portal.db,
        "SELECT event FROM audit_entry WHERE event IN ('learning.course_published', 'learning.course_retired') ORDER BY id",
    );
    assert_eq!(trail.await.len(), 4, "what changes nothing is no entry");
});

both_databases!(courses_are_found_in_any_script_and_by_what_they_are_called_now, |portal| async move {
    let (app, permit) = (app(&portal), permit(&portal, HELEN).await);
    let employer = permit.employer();
    let found = async |words: &str| {
        let mut reader = portal.db.read().await.unwrap();
        courses::find(&mut reader.tx(), employer, words, None).await.unwrap().len()
    };
    let said = |title: &str| NewVersion { title: Some(title.into()), ..new("Ward-7") };
    let package = contents(simple(), &[("a.html", b"1")]);
    let imported =
        courses::import(&app, &permit, said("Für Ärzte ΣΟΦΙΑ"), package, Origin::default()).await.unwrap();
    publish(&portal, imported.version).await;
    for words in ["ärzte", "ÄRZTE", "A\u{308}rzte", "für ärzte σοφια", "WARD-7", "ward-7"] {
        assert_eq!(found(words).await, 1, "{words}");
    }
    // A newer package says otherwise what it is.
    let newer =
        NewVersion { description: Some("Für die ÖFFENTLICHKEIT".into()), ..said("Санитары") };
    let package = contents(simple(), &[("a.html", b"2")]);
    courses::import(&app, &permit, newer, package, Origin::default()).await.unwrap();
    for (words, number) in [("ärzte", 0), ("САНИТАРЫ", 1), ("öffentlichkeit", 1), ("ward", 1)] {
        assert_eq!(found(words).await, number, "{words}");
    }
});

both_databases!(what_is_said_of_a_package_has_limits, |portal| async move {
    let app = app(&portal);
    let said = |change: &dyn Fn(&mut NewVersion)| {
        let mut said = new("FIRE");
        change(&mut said);
        said
    };
    let permit = permit(&portal, HELEN).await;
    for (said, unfit) in [
        (said(&|said| said.code = String::new()), Unfit::Code),
        (said(&|said| said.code = "a b".into()), Unfit::Code),
        (said(&|said| said.code = "x".repeat(41)), Unfit::Code),
        (said(&|said| said.title = Some("x".repeat(201))), Unfit::Title),
        (said(&|said| said.description = Some("x".repeat(2001))), Unfit::Description),
        (said(&|said| said.minutes = Some(0)), Unfit::Minutes),
        (said(&|said| said.minutes = Some(6001)), Unfit::Minutes),
        (said(&|said| said.tested_on = "x".repeat(2001)), Unfit::TestedOn),
    ] {
        let refused = courses::import(&app, &permit, said, contents(simple(), &[]), Origin::default()).await;
        assert!(matches!(refused, Err(ImportError::Unfit(is)) if is == unfit), "{refused:?}");
    }
    let wrong = Permit::operator(Permission::ImportStaff, permit.employer());
    let refused =
        courses::import(&app, &wrong, new("FIRE"), contents(simple(), &[]), Origin::default()).await;
    assert!(matches!(refused, Err(ImportError::Refused(_))));
});

both_databases!(a_package_that_breaks_off_leaves_nothing, |portal| async move {
    let app = app(&portal);
    let files_before: Vec<(String, Vec<u8>)> =
        (0..603).map(|at| (format!("{at:04}.txt"), at.to_string().into_bytes())).collect();
    let files: Vec<(&str, &[u8])> =
        files_before.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice())).collect();
    let mut broken = contents(simple(), &files);
    let mut inner = broken.unpack;
    broken.unpack = Box::new(move |path, sink| {
        if path == "0602.txt" {
            return Err(std::io::Error::other("the checksum is wrong"));
        }
        inner(path, sink)
    });
    let permit = permit(&portal, HELEN).await;
    let refused = courses::import(&app, &permit, new("FIRE"), broken, Origin::default()).await;
    assert!(matches!(&refused, Err(ImportError::File(says)) if says.contains("checksum")), "{refused:?}");
    assert_eq!(crate::importing::files(&portal).await, 0);
    assert_eq!(count(&portal, "SELECT CAST(COUNT(*) AS TEXT) FROM course_version").await, 0);
    assert_eq!(count(&portal, "SELECT CAST(COUNT(*) AS TEXT) FROM course").await, 0);

    let whole = import(&portal, "FIRE", contents(simple(), &files)).await;
    assert!(whole.is_new);
    assert_eq!(crate::importing::files(&portal).await, 603);
    // Two days later, what nothing names is gone, and what something does is there.
    portal.set_clock("2036-01-01T00:00:00Z");
    portal.settle().await;
    assert_eq!(crate::importing::files(&portal).await, 603);
    publish(&portal, whole.version).await;
    let player = crate::world::open(&portal, HELEN, whole.course).await;
    player.get("course/0602.txt").await.is(200).has("602");
    assert_eq!(
        count(&portal, "SELECT CAST(COUNT(*) AS TEXT) FROM job WHERE kind LIKE 'learning.%'").await,
        0
    );
});

both_databases!(two_imports_of_one_package_at_once_make_one_version, |portal| async move {
    let app = app(&portal);
    let permit = permit(&portal, HELEN).await;
    let one = || {
        courses::import(
            &app,
            &permit,
            new("FIRE"),
            contents(simple(), &[("a.html", b"A")]),
            Origin::default(),
        )
    };
    let (one, two) = tokio::join!(one(), one());
    let (one, two) = (one.unwrap(), two.unwrap());
    assert_eq!(one.version, two.version);
    assert!(one.is_new != two.is_new);
    assert_eq!(count(&portal, "SELECT CAST(COUNT(*) AS TEXT) FROM course_version").await, 1);
    assert_ne!(one.course, Uuid::nil());
});
