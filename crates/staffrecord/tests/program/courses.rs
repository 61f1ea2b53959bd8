//! `course import`, `publish`, `retire` and `list`, and the limits of `[learning]`.

use scorm::Writer;

use crate::common::{
    installation::{Installation, Ran},
    staff::staffed,
};

const MANIFEST: &str = r#"<manifest identifier="m" xmlns="http://www.imsproject.org/xsd/imscp_rootv1p1p2"
    xmlns:adlcp="http://www.adlnet.org/xsd/adlcp_rootv1p2">
  <metadata><schema>ADL SCORM</schema><schemaversion>1.2</schemaversion></metadata>
  <organizations default="o"><organization identifier="o"><title>Fire safety</title>
    <item identifier="a" identifierref="r"><title>Fire safety</title></item></organization></organizations>
  <resources><resource identifier="r" type="webcontent" adlcp:scormtype="sco" href="a.html"><file href="a.html"/></resource></resources>
</manifest>"#;

fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = Writer::new();
    for (path, bytes) in files {
        writer.file(path, bytes).unwrap();
    }
    writer.done().unwrap()
}

/// A package with this manifest and page.
fn package(manifest: &str, page: &str) -> Vec<u8> {
    zip(&[("imsmanifest.xml", manifest.as_bytes()), ("a.html", page.as_bytes())])
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

/// The courses of the employer 427, from the command line.
fn course(installation: &Installation, arguments: &[&str]) -> Ran {
    installation.run(&[&["course"], arguments, &["--employer", "427"]].concat())
}

#[test]
fn versions_are_taken_in_listed_published_and_retired() {
    let installation = staffed(Installation::new());
    let course = |arguments: &[&str]| course(&installation, arguments);
    course(&["list"]).ends(0).says_not("version");
    installation.write("fire.zip", package(MANIFEST, "1"));
    installation.write("newer.zip", package(MANIFEST, "2"));
    // The file's name is the code, the manifest's title the course's.
    course(&["import", "fire.zip"]).ends(0).says("Taken in: fire version 1 (Fire safety, 2 files)");
    let list = course(&["list"]);
    list.ends(0).says("fire  Fire safety\n  version 1  uploaded  scorm12  fire.zip\n");
    course(&["import", "fire.zip"]).ends(0).says("There already: fire version 1 is this very package.");
    course(&["retire", "fire"]).ends(1).says("fire has no such version.");
    course(&["publish", "fire"]).ends(0).says("Published: fire version 1");
    course(&["publish", "fire", "--version", "1"]).ends(0).says("Published: fire version 1");
    course(&[
        "import",
        "newer.zip",
        "--course",
        "fire",
        "--title",
        "Fire & smoke",
        "--minutes",
        "20",
        "--description",
        "When it burns",
        "--tested-on",
        "Edge on Windows",
    ])
    .ends(0)
    .says("Taken in: fire version 2");
    let list = course(&["list"]);
    list.ends(0).says("fire  Fire & smoke\n  version 2  uploaded  scorm12  newer.zip\n  version 1  published  scorm12  fire.zip\n");
    // The newest, unless it is said which.
    course(&["publish", "fire"]).ends(0).says("Published: fire version 2");
    course(&["list"]).says("version 2  published").says("version 1  retired");
    course(&["publish", "fire", "--version", "1"]).ends(0).says("Published: fire version 1");
    course(&["list"]).says("version 2  retired").says("version 1  published");
    // The published one, unless it is said which.
    course(&["retire", "fire"]).ends(0).says("Retired: fire version 1");
    course(&["list"]).says("version 2  retired").says("version 1  retired");
    course(&["retire", "fire", "--version", "2"]).ends(0).says("Retired: fire version 2");

    course(&["publish", "fire", "--version", "3"]).ends(1).says("fire has no version 3.");
    course(&["publish", "water"]).ends(1).says("There is no course water at 427.");
    course(&["retire", "water"]).ends(1).says("There is no course water at 427.");
    course(&["publish", "fire", "--version", "one"]).ends(2).says("invalid value 'one'");
    for arguments in [&["list"][..], &["publish", "fire"], &["retire", "fire"], &["import", "fire.zip"]] {
        let ran = installation.run(&[&["course"], arguments, &["--employer", "999"]].concat());
        ran.ends(1).says("There is no employer 999");
    }
    // Each thing that was done is on the trail, once.
    installation.run(&["audit", "verify"]).ends(0);
}

#[test]
fn what_is_refused_is_refused_with_what_to_do() {
    let installation = staffed(Installation::new());
    let said = |from: &str, to: &str| {
        assert!(MANIFEST.contains(from), "{from}");
        package(&MANIFEST.replace(from, to), "1")
    };
    let broken = {
        // The page's only packed bytes are changed.
        let good = package(MANIFEST, "nothing else in it has this text");
        let at = good.windows(6).position(|name| name == b"a.html").unwrap() + 6;
        let mut broken = good;
        broken[at + 4] ^= 0xff;
        broken
    };
    let table: Vec<(&str, Vec<u8>, i32, &str)> = vec![
        ("text", b"a course".to_vec(), 3, "This is not a zip file, or it is damaged"),
        ("empty", zip(&[]), 3, "There is no file imsmanifest.xml in the package"),
        ("other", zip(&[("cmi5.xml", b"<x/>")]), 3, "published for another standard"),
        (
            "folder",
            zip(&[("x/imsmanifest.xml", MANIFEST.as_bytes()), ("y.html", b"")]),
            3,
            "The file imsmanifest.xml is in a folder, beside other files",
        ),
        ("cut", said("</manifest>", ""), 3, "The file imsmanifest.xml cannot be read"),
        ("doctype", said("<manifest ", "<!DOCTYPE m><manifest "), 3, "has a DOCTYPE, which is not taken"),
        ("page", package("<html/>", ""), 3, "The file imsmanifest.xml is not one of SCORM"),
        ("heading", said(" identifierref=\"r\"", ""), 3, "Nothing in this package can be opened"),
        (
            "remote",
            said("href=\"a.html\"><", "href=\"https://x.example/\"><"),
            3,
            "The course is on another website",
        ),
        (
            "script",
            said("href=\"a.html\"><", "href=\"javascript:x\"><"),
            3,
            "cannot be a file of the package",
        ),
        (
            "gone",
            said("href=\"a.html\"><", "href=\"gone.html\"><"),
            3,
            "error    The file that the course opens is not in the package: gone.html",
        ),
        (
            "up",
            zip(&[("imsmanifest.xml", MANIFEST.as_bytes()), ("a.html", b""), ("../x", b"")]),
            3,
            "A file has a name that cannot be taken",
        ),
        (
            "bomb",
            zip(&[("imsmanifest.xml", MANIFEST.as_bytes()), ("a.html", &vec![0; 8 << 20])]),
            3,
            "A file unpacks to far more than a course has",
        ),
        ("long", said("\"a\" id", &format!("\"{}\" id", "a".repeat(1_001))), 3, "is too long"),
        ("broken", broken, 1, "A file in the package is damaged"),
        ("a space", package(MANIFEST, "1"), 1, "The course code must be 1 to 40 letters, digits"),
    ];
    for (name, bytes, code, words) in table {
        let file = format!("{name}.zip");
        installation.write(&file, bytes);
        let ran = course(&installation, &["import", &file]);
        ran.ends(code).says(words).says(&format!("{file} was not taken in"));
        ran.says_not("Taken in");
    }
    // More than one thing at once, each as a line, and what is only a warning beside them.
    let two = MANIFEST
        .replace(
            "</item>",
            "</item><item identifierref=\"s\"><title>S</title></item><item identifierref=\"x\"><title>X</title></item>",
        )
        .replace(
            "</resources>",
            "<resource identifier=\"s\" adlcp:scormtype=\"sco\" href=\"https://x.example/\"/></resources>",
        );
    let two = zip(&[("imsmanifest.xml", two.as_bytes())]);
    installation.write("two.zip", two);
    course(&installation, &["import", "two.zip"])
        .ends(3)
        .says("  error    The file that the course opens is not in the package: a.html\n")
        .says("  error    The course is on another website")
        .says("  warning  A part of the course has nothing to open");

    installation.write("good.zip", package(MANIFEST, "1"));
    let import = |arguments: &[&str]| course(&installation, &[&["import", "good.zip"], arguments].concat());
    import(&["--minutes", "0"]).ends(1).says("must be between 1 and 6,000 minutes");
    import(&["--title", &"x".repeat(201)]).ends(1).says("200 characters or fewer");
    import(&["--description", &"x".repeat(2_001)]).ends(1).says("2,000 characters or fewer");
    import(&["--tested-on", &"x".repeat(2_001)]).ends(1).says("2,000 characters or fewer");
    course(&installation, &["import", "none.zip"]).ends(1).says("none.zip was not taken in");
    course(&installation, &["import"]).ends(2);
    course(&installation, &["list"]).ends(0).says_not("version");
    // What is only odd is told, and taken.
    installation.write("odd.zip", said("<file ", "<file href=\"gone.png\"/><file "));
    course(&installation, &["import", "odd.zip", "--publish"])
        .ends(0)
        .says("  warning  A file that imsmanifest.xml lists is not in the package: gone.png")
        .says("Published: odd version 1");
}

#[test]
fn limits_of_the_configuration_are_kept() {
    let installation = staffed(Installation::new());
    let text = std::fs::read_to_string(installation.path("staffrecord.toml")).unwrap();
    let line = text.lines().find(|line| line.starts_with("#limits = ")).unwrap().to_owned();
    // What stands there as the usual is the usual.
    installation.change(&line, &line[1..]);
    let noise = noise(3_000_000);
    let page = "x".repeat(2_000_000);
    let manifest = MANIFEST.as_bytes();
    let whole: [(&str, &[u8]); 3] =
        [("imsmanifest.xml", manifest), ("a.html", page.as_bytes()), ("noise.bin", &noise)];
    installation.write("fire.zip", zip(&whole[..2]));
    let import = || course(&installation, &["import", "fire.zip"]);
    // Two million times the same letter.
    import().ends(3).says("A file unpacks to far more than a course has");
    let mut before = line[1..].to_owned();
    let mut set = |limits: &str| {
        installation.change(&before, limits);
        before = limits.to_owned();
    };
    set("limits = { ratio = 2000 }");
    installation.write("fire.zip", zip(&whole));
    for (limits, words) in [
        ("limits = { ratio = 2000, files = 2 }", "The package has too many files: more than 2"),
        ("limits = { ratio = 2000, file_bytes = 2999999 }", "A file is too large: noise.bin"),
        (
            "limits = { ratio = 2000, unpacked_bytes = 5000000 }",
            "The files of the package are too large together: more than 4 MB",
        ),
        ("limits = { ratio = 2000, packed_bytes = 1500 }", "The zip file is too large: more than 1500 bytes"),
        ("limits = { ratio = 2000, manifest_bytes = 300 }", "The file imsmanifest.xml is too large"),
        ("limits = { ratio = 2000, tree_bytes = 300 }", "more than can be kept"),
        ("limits = { ratio = 2000, path_bytes = 8 }", "A file's name with its folders is too long"),
        ("limits = { ratio = 2000, items = 0 }", "The course has too many parts"),
        ("limits = { ratio = 20 }", "A file unpacks to far more than a course has"),
    ] {
        set(limits);
        import().ends(3).says(words).says("fire.zip was not taken in");
    }
    set("limits = { ratio = 2000, files = 3, file_bytes = 3000000, unpacked_bytes = 5010000 }");
    import().ends(0).says("Taken in: fire version 1");
    set("limits = { rate = 1 }");
    import().ends(1).says("unknown field `rate`");
}
