//! What lies in the folder of files: each once under its hash, for as long as a version needs it, whatever breaks off and whoever sweeps.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    io::Cursor,
    path::{Path, PathBuf},
    sync::Mutex,
    time::{Duration, SystemTime},
};

use audit::Origin;
use futures::FutureExt;
use learning::courses::{self, Contents, Imported};
use scorm::Writer;
use sha2::{Digest, Sha256};
use store::{StoreError, on, testing::strings};
use testing::{Portal, both_databases};
use tokio::sync::oneshot;

use crate::world::{AMINA, HELEN, app, contents, import, new, open, permit, publish, simple, state};

/// The folder of files.
fn folder(portal: &Portal) -> PathBuf {
    portal.anchor().parent().unwrap().join("files")
}

/// What lies below a folder, by paths from it.
fn below(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
                found.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    found
}

/// What lies in the folder, where all of it is named by its hash.
fn blobs(portal: &Portal) -> BTreeSet<Vec<u8>> {
    let mut found = below(&folder(portal));
    assert_eq!(found.remove("lock"), Some(Vec::new()));
    let (names, bytes): (Vec<String>, Vec<Vec<u8>>) = found.into_iter().unzip();
    for (name, bytes) in names.iter().zip(&bytes) {
        let hash: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(*name, format!("sha256/{}/{}", &hash[..2], &hash[2..]));
    }
    let all = bytes.len();
    let bytes: BTreeSet<Vec<u8>> = bytes.into_iter().collect();
    assert_eq!(bytes.len(), all);
    bytes
}

/// Bytes that no packing makes fewer of.
fn noise(bytes: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    std::iter::repeat_with(next).take(bytes).collect()
}

async fn rows(portal: &Portal, text: &'static str) -> Vec<String> {
    strings(&portal.db, text).await
}

const VERSIONS: &str = "SELECT CAST(number AS TEXT) || ' ' || state FROM course_version ORDER BY number";

/// A package of SCORM 1.2 with these parts, each a page of its name, and these other files.
fn package(parts: &[&str], files: &[(&str, &[u8])]) -> Vec<u8> {
    let items: String = parts
        .iter()
        .map(|part| {
            format!(
                "<item identifier=\"{part}\" identifierref=\"r-{part}\"><title>Part {part}</title></item>"
            )
        })
        .collect();
    let resources: String = parts
        .iter()
        .map(|part| {
            format!("<resource identifier=\"r-{part}\" type=\"webcontent\" adlcp:scormtype=\"sco\" href=\"{part}.html\"/>")
        })
        .collect();
    let manifest = format!(
        r#"<manifest identifier="m" xmlns="http://www.imsproject.org/xsd/imscp_rootv1p1p2" xmlns:adlcp="http://www.adlnet.org/xsd/adlcp_rootv1p2">
        <metadata><schema>ADL SCORM</schema><schemaversion>1.2</schemaversion></metadata>
        <organizations><organization identifier="o"><title>Fire safety</title>{items}</organization></organizations>
        <resources>{resources}</resources></manifest>"#
    );
    let mut writer = Writer::new();
    writer.file("imsmanifest.xml", manifest.as_bytes()).unwrap();
    for (path, bytes) in files {
        writer.file(path, bytes).unwrap();
    }
    writer.done().unwrap()
}

async fn take_in(portal: &Portal, package: Vec<u8>) -> Imported {
    let contents = courses::open(&app(portal), Cursor::new(package)).await.unwrap();
    import(portal, "FIRE", contents).await
}

both_databases!(each_file_lies_once_and_whole_under_its_hash, |portal| async move {
    let film = noise(9_000_000);
    let one: [(&str, &[u8]); 4] =
        [("a.html", b"<h1>A</h1>"), ("copy.html", b"<h1>A</h1>"), ("film.mp4", &film), ("empty.js", b"")];
    let two: [(&str, &[u8]); 3] = [("a.html", b"<h1>B</h1>"), ("media/film.mp4", &film), ("none.js", b"")];
    let first = take_in(&portal, package(&["a"], &one)).await;
    let held = blobs(&portal);
    // The manifest as well.
    assert_eq!(held.len(), 4);
    assert!(one.iter().all(|(_, bytes)| held.contains(*bytes)));
    let second = take_in(&portal, package(&["a"], &two)).await;
    let both = blobs(&portal);
    assert_eq!(both.len(), 5, "the manifest is the same, the film and the empty file are there");
    assert!(both.is_superset(&held) && two.iter().all(|(_, bytes)| both.contains(*bytes)));
    let sizes = rows(
        &portal,
        "SELECT path || ' ' || CAST(size AS TEXT) FROM course_file WHERE path LIKE '%film%' ORDER BY path",
    )
    .await;
    assert_eq!(sizes, ["film.mp4 9000000", "media/film.mp4 9000000"]);
    assert_eq!((first.number, second.number), (1, 2));
});

/// The contents, which wait before they unpack this file: a signal that they are there, and what lets them go on.
fn waiting(
    mut contents: Contents,
    at: &'static str,
) -> (Contents, oneshot::Receiver<()>, std::sync::mpsc::Sender<()>) {
    let ((reached, is_reached), (go_on, goes_on)) = (oneshot::channel(), std::sync::mpsc::channel());
    let (mut reached, goes_on) = (Some(reached), Mutex::new(goes_on));
    let mut inner = contents.unpack;
    contents.unpack = Box::new(move |path, sink| {
        if path == at {
            reached.take().unwrap().send(()).unwrap();
            goes_on.lock().unwrap().recv().unwrap();
        }
        inner(path, sink)
    });
    (contents, is_reached, go_on)
}

/// Waits until nothing is being taken in.
async fn all_taken_in(portal: &Portal) {
    let lock = File::open(folder(portal).join("lock")).unwrap();
    tokio::task::spawn_blocking(move || lock.lock().unwrap()).await.unwrap();
}

both_databases!(an_import_ends_though_its_request_is_cut_off, |portal| async move {
    let (app, permit) = (app(&portal), permit(&portal, HELEN).await);
    let (package, is_reached, go_on) =
        waiting(contents(simple(), &[("a.html", b"A"), ("b.html", b"B"), ("c.html", b"C")]), "b.html");
    let importing = courses::import(&app, &permit, new("FIRE"), package, Origin::default());
    tokio::select! {
        ended = importing => panic!("{ended:?}"),
        reached = is_reached => reached.unwrap(),
    }
    assert_eq!(rows(&portal, VERSIONS).await, ["1 arriving"]);
    go_on.send(()).unwrap();
    all_taken_in(&portal).await;
    assert_eq!(rows(&portal, VERSIONS).await, ["1 uploaded"]);
    assert_eq!(
        rows(&portal, "SELECT path FROM course_file ORDER BY path").await,
        ["a.html", "b.html", "c.html"]
    );
    assert_eq!(
        rows(&portal, "SELECT event FROM audit_entry WHERE event = 'learning.course_imported'").await.len(),
        1
    );

    // The same where it breaks off: nothing stays.
    let (package, is_reached, go_on) =
        waiting(contents(simple(), &[("a.html", b"A"), ("d.html", b"D")]), "d.html");
    let importing = courses::import(&app, &permit, new("FIRE"), package, Origin::default());
    tokio::select! {
        ended = importing => panic!("{ended:?}"),
        reached = is_reached => reached.unwrap(),
    }
    drop(go_on);
    all_taken_in(&portal).await;
    assert_eq!(rows(&portal, VERSIONS).await, ["1 uploaded"]);
});

#[test]
fn many_imports_at_once_wait_for_their_turn() {
    // Each takes a thread and more of them as it writes: without turns, these would wait for each other for ever.
    let runtime = tokio::runtime::Builder::new_multi_thread().max_blocking_threads(6).enable_all().build();
    runtime.unwrap().block_on(async {
        let portal = Portal::lite().await;
        let (app, permit) = (app(&portal), permit(&portal, HELEN).await);
        let numbers: Vec<String> = (0..20).map(|number| number.to_string()).collect();
        let imports = numbers.iter().map(|number| {
            let package = contents(simple(), &[("a.html", number.as_bytes())]);
            courses::import(&app, &permit, new(number), package, Origin::default())
        });
        let done = futures::future::join_all(imports).await;
        assert!(done.iter().all(|imported| imported.as_ref().is_ok_and(|imported| imported.is_new)));
    });
}

both_databases!(what_an_import_relies_on_is_not_swept, |portal| async move {
    let (app, permit) = (app(&portal), permit(&portal, HELEN).await);
    let package = || contents(simple(), &[("a.html", b"A"), ("b.html", b"B"), ("c.html", b"C")]);
    // One that was killed just before its end: files and rows are there.
    import(&portal, "FIRE", package()).await;
    portal
        .db
        .write(|tx| {
            async move {
                on!(tx, c => sqlx::query("UPDATE course_version SET state = 'arriving'").execute(c).await.map(drop))?;
                Ok::<_, StoreError>(())
            }
            .boxed()
        })
        .await
        .unwrap();
    let before = blobs(&portal);
    // Days later it is taken in again, and swept while that is going on.
    portal.set_clock("2036-01-01T00:00:00Z");
    let (again, is_reached, go_on) = waiting(package(), "c.html");
    let importing =
        async { courses::import(&app, &permit, new("FIRE"), again, Origin::default()).await.unwrap() };
    let meanwhile = async {
        is_reached.await.unwrap();
        portal.settle().await;
        assert_eq!(blobs(&portal), before);
        go_on.send(()).unwrap();
    };
    let (imported, ()) = tokio::join!(importing, meanwhile);
    assert_eq!(rows(&portal, VERSIONS).await, ["1 arriving", "2 uploaded"]);
    // What was killed goes later.
    portal.set_clock("2036-01-01T02:00:00Z");
    portal.settle().await;
    assert_eq!(rows(&portal, VERSIONS).await, ["2 uploaded"]);
    portal.set_clock("2036-02-01T00:00:00Z");
    portal.settle().await;
    assert_eq!(blobs(&portal), before);
    assert_eq!(rows(&portal, "SELECT kind FROM job WHERE kind LIKE 'learning.%'").await, [""; 0]);
    publish(&portal, imported.version).await;
    let player = open(&portal, HELEN, imported.course).await;
    for (path, page) in [("a", "A"), ("b", "B"), ("c", "C")] {
        player.get(&format!("course/{path}.html")).await.is(200).has(page);
    }
});

/// A portal opens its folder by the store that courses' files are written with.
async fn broken_off(folder: &Path, name: &str) {
    use object_store::{ObjectStoreExt, PutPayload, local::LocalFileSystem};
    let store = LocalFileSystem::new_with_prefix(folder).unwrap();
    let mut upload = store.put_multipart(&name.into()).await.unwrap();
    upload.put_part(PutPayload::from_static(b"half")).await.unwrap();
    // As where the process is killed.
    std::mem::forget(upload);
}

both_databases!(what_a_crash_leaves_on_the_disk_is_swept_by_age, |portal| async move {
    let imported = import(&portal, "FIRE", contents(simple(), &[("a.html", b"A")])).await;
    let folder = folder(&portal);
    let before = below(&folder);
    // On the way to a hash, and on the way to the first name.
    let own = before.keys().find(|name| name.starts_with("sha256")).unwrap().clone();
    broken_off(&folder, &own).await;
    broken_off(&folder, "incoming/of-nobody").await;
    let hash = "ab".repeat(31);
    for (name, bytes) in [
        (format!("sha256/ab/{hash}"), "of no version"),
        (format!("sha256/cd/{hash}#1"), "half of one"),
        ("incoming/whole".to_owned(), "without a hash"),
        ("sha256/ab/notes.txt".to_owned(), "somebody else's"),
        ("notes.txt".to_owned(), "somebody else's"),
        (format!("sha256/ef/{hash}"), "young"),
        ("incoming/young".to_owned(), "young"),
    ] {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        if bytes == "young" {
            let in_2036 = SystemTime::UNIX_EPOCH + Duration::from_secs(2_082_760_000);
            File::options().write(true).open(path).unwrap().set_modified(in_2036).unwrap();
        }
    }
    assert_eq!(below(&folder).len(), before.len() + 9);
    portal.set_clock("2036-01-01T00:00:00Z");
    portal.settle().await;
    let left: Vec<String> = below(&folder).into_keys().filter(|name| !before.contains_key(name)).collect();
    assert_eq!(left, ["incoming/young", "notes.txt", "sha256/ab/notes.txt", &format!("sha256/ef/{hash}")]);
    assert!(before.keys().all(|name| folder.join(name).exists()));
    publish(&portal, imported.version).await;
    open(&portal, HELEN, imported.course).await.get("course/a.html").await.is(200).has("A");
});

both_databases!(more_files_than_one_statement_reads_are_told_from_what_is_stale, |portal| async move {
    // More than 500 with one first byte.
    let files: Vec<(String, Vec<u8>)> = (0_u32..)
        .map(|number| (format!("{number}.txt"), number.to_le_bytes().to_vec()))
        .filter(|(_, bytes)| Sha256::digest(bytes)[0] == 0xab)
        .take(510)
        .collect();
    let files: Vec<(&str, &[u8])> =
        files.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice())).collect();
    import(&portal, "FIRE", contents(simple(), &files)).await;
    let stale = folder(&portal).join("sha256/ab").join("f".repeat(62));
    fs::write(&stale, "of no version").unwrap();
    portal.set_clock("2036-01-01T00:00:00Z");
    portal.settle().await;
    assert!(!stale.exists());
    assert_eq!(blobs(&portal).len(), 510);
});

both_databases!(a_package_is_replaced_by_one_with_other_parts_while_somebody_is_in_it, |portal| async move {
    let first = take_in(&portal, package(&["a", "b"], &[("a.html", b"old A"), ("b.html", b"old B")])).await;
    publish(&portal, first.version).await;
    let parts = |begun: &serde_json::Value| -> Vec<String> {
        let all = begun["root"]["children"].as_array().unwrap();
        all.iter().map(|part| part["identifier"].as_str().unwrap().to_owned()).collect()
    };
    let helen = open(&portal, HELEN, first.course).await;
    helen.says(1_000_001, state("completed", "", "1")).await;
    let second = take_in(&portal, package(&["a", "c"], &[("a.html", b"new A"), ("c.html", b"new C")])).await;
    publish(&portal, second.version).await;

    // Whoever is in the old one has its files and parts, in the launch that is open and in the next.
    let next = open(&portal, HELEN, first.course).await;
    assert_eq!(next.attempt, helen.attempt);
    let begun = next.begin().await;
    assert_eq!(parts(&begun), ["a", "b"]);
    assert_eq!(begun["states"]["a"]["core"]["lesson_status"], "completed");
    next.get("course/a.html").await.is(200).has("old A");
    next.get("course/b.html").await.is(200).has("old B");
    next.get("course/c.html").await.is(404);
    // Others begin the new one.
    let amina = open(&portal, AMINA, first.course).await;
    assert_eq!(parts(&amina.begin().await), ["a", "c"]);
    amina.get("course/a.html").await.is(200).has("new A");
    amina.get("course/b.html").await.is(404);
    // The old one counts to its end, and then the new one is begun.
    let mut last = next.body(1_000_001, state("completed", "", "1"));
    last["item"] = "b".into();
    assert_eq!(next.takes(&last).await, "completed");
    let anew = open(&portal, HELEN, first.course).await;
    assert_ne!(anew.attempt, helen.attempt);
    assert_eq!(parts(&anew.begin().await), ["a", "c"]);
    anew.get("course/a.html").await.is(200).has("new A");
});
