//! Small manifests that ask for much: memory, time, or what a database does not take.

use std::io::Cursor;

use scorm::{FindingKind, Limits, Package};

use crate::{
    PLAIN, open,
    raw::{self, Entry},
    read, refused, zip,
};

/// Stored as it is: much of the same would be taken for a bomb.
fn refusals(manifest: &str) -> Vec<FindingKind> {
    let files = [Entry::new(b"imsmanifest.xml", manifest.as_bytes()), Entry::new(b"index.html", b"<p>")];
    refused(open(raw::zip(&files)))
}

/// A manifest of SCORM 2004 with these items, and this behind its resource.
fn sequenced(items: &str, behind: &str) -> String {
    format!(
        r#"<manifest identifier="m" xmlns="http://www.imsglobal.org/xsd/imscp_v1p1" xmlns:adlcp="http://www.adlnet.org/xsd/adlcp_v1p3"
           xmlns:adlseq="http://www.adlnet.org/xsd/adlseq_v1p3" xmlns:s="http://www.imsglobal.org/xsd/imsss">
           <metadata><schema>ADL SCORM</schema><schemaversion>2004 4th Edition</schemaversion></metadata>
           <organizations><organization identifier="o"><title>T</title>{items}</organization></organizations>
           <resources><resource identifier="r" adlcp:scormType="sco" href="index.html"/></resources>{behind}</manifest>"#
    )
}

fn item(inner: &str) -> String {
    format!("<item identifierref=\"r\"><title>I</title>{inner}</item>")
}

fn one(inner: &str) -> String {
    sequenced(&item(inner), "")
}

#[test]
fn manifests_that_ask_for_too_much_are_refused() {
    let shared = |inner: &str, items: usize| {
        let items = item("<s:sequencing IDRef=\"all\"/>").repeat(items);
        let shared = format!(
            "<s:sequencingCollection><s:sequencing ID=\"all\">{inner}</s:sequencing></s:sequencingCollection>"
        );
        sequenced(&items, &shared)
    };
    let rules = |condition: &str| {
        format!(
            "<s:sequencingRules><s:preConditionRule><s:ruleConditions>{condition}</s:ruleConditions>\
             <s:ruleAction action=\"skip\"/></s:preConditionRule></s:sequencingRules>"
        )
    };
    let objectives = |inner: &str| format!("<s:objectives>{inner}</s:objectives>");
    let maps: String =
        (0..14_000).map(|number| format!("<s:mapInfo targetObjectiveID=\"{number}\"/>")).collect();
    let objective = |inner: &str| format!("<s:objective objectiveID=\"a\">{inner}</s:objective>");
    let long = "x".repeat(100_000);
    let data = |bytes: usize| format!("<adlcp:dataFromLMS>{}</adlcp:dataFromLMS>", "x".repeat(bytes));
    let targets = "<adlcp:map targetID=\"t\"/>".repeat(60_000);
    let base = "b/".repeat(2_000);
    let based = |base: &str, files: usize| {
        PLAIN
            .replace("<resources>", &format!("<resources xml:base=\"{base}\">"))
            .replace("</resource>", &format!("{}</resource>", "<file href=\"a\"/>".repeat(files)))
    };
    let parameters = |query: &str, parameters: &str| {
        PLAIN
            .replace("href=\"index.html\"><", &format!("href=\"index.html?{query}\"><"))
            .replace("<item ", &format!("<item parameters=\"{parameters}\" "))
    };
    let table = [
        (
            "rules that all parts share",
            shared(&rules(&"<s:ruleCondition condition=\"always\"/>".repeat(2_000)), 900),
            FindingKind::TreeTooLarge,
        ),
        (
            "a long name that all parts share",
            shared(&objectives(&format!("<s:objective objectiveID=\"{long}\"/>")), 900),
            FindingKind::TreeTooLarge,
        ),
        (
            "what is read for nothing by all parts",
            shared(&"<s:x/>".repeat(5_000), 900),
            FindingKind::TreeTooLarge,
        ),
        (
            "values that are none, in all parts",
            shared(&rules(&"<s:ruleCondition condition=\"x\"/>".repeat(2_000)), 900),
            FindingKind::TreeTooLarge,
        ),
        (
            "targets",
            one(&format!("<s:sequencing>{}</s:sequencing>", objectives(&objective(&maps)))),
            FindingKind::TreeTooLarge,
        ),
        ("shared data", one(&format!("<adlcp:data>{targets}</adlcp:data>")), FindingKind::TreeTooLarge),
        ("what parts are told", sequenced(&item(&data(60_000)).repeat(40), ""), FindingKind::TreeTooLarge),
        ("what a part is told", one(&data(70_000)), FindingKind::TooLong),
        ("a long base", based(&"b/".repeat(2_001), 1), FindingKind::TooLong),
        ("bases of many files", based(&base, 4_300), FindingKind::ManifestTooLarge),
        ("a long address", parameters(&"q".repeat(4_000), ""), FindingKind::TooLong),
        ("long parameters", parameters("", &"q".repeat(4_001)), FindingKind::TooLong),
        ("parameters that grow", parameters("", &"&lt;".repeat(1_400)), FindingKind::TooLong),
        (
            "parameters behind an address",
            parameters(&"q".repeat(3_000), &"q".repeat(3_000)),
            FindingKind::TooLong,
        ),
        (
            // It would be looked through for each name.
            "a vocabulary with a long address",
            PLAIN.replace(
                "\"http://www.imsproject.org",
                &format!("\"urn:{}http://www.imsproject.org", "x".repeat(200)),
            ),
            FindingKind::NotScorm,
        ),
        (
            "an identifier",
            PLAIN.replace("\"I\"", &format!("\"{}\"", "I".repeat(1_001))),
            FindingKind::TooLong,
        ),
    ];
    for (name, manifest, kind) in table {
        assert!(manifest.len() < 4 * 1024 * 1024, "{name}");
        assert_eq!(refusals(&manifest), [kind], "{name}");
    }
}

#[test]
fn what_courses_have_is_far_below_that() {
    // A thousand parts that share twenty rules, and each with an objective of its own.
    let rule = "<s:preConditionRule><s:ruleConditions><s:ruleCondition condition=\"always\"/></s:ruleConditions>\
                <s:ruleAction action=\"skip\"/></s:preConditionRule>";
    let shared = format!(
        "<s:sequencingCollection><s:sequencing ID=\"all\"><s:sequencingRules>{}</s:sequencingRules></s:sequencing></s:sequencingCollection>",
        rule.repeat(5)
    );
    let own = "<s:sequencing IDRef=\"all\"><s:objectives><s:primaryObjective objectiveID=\"p\">\
               <s:mapInfo targetObjectiveID=\"g\"/></s:primaryObjective></s:objectives></s:sequencing>";
    let (manifest, findings) = read(sequenced(&item(own).repeat(999), &shared).as_bytes(), &["index.html"]);
    assert_eq!((manifest.root.children.len(), findings), (999, vec![]));
}

#[test]
fn what_is_said_of_an_objective_is_said_of_one() {
    let more = "<adlseq:objectives><adlseq:objective objectiveID=\"a\"><adlseq:mapInfo targetObjectiveID=\"t\"/></adlseq:objective></adlseq:objectives>";
    let manifest = one(&format!(
        "<s:sequencing><s:objectives><s:objective objectiveID=\"a\"/><s:objective objectiveID=\"a\"/></s:objectives>{more}</s:sequencing>"
    ));
    let (manifest, _) = read(manifest.as_bytes(), &["index.html"]);
    let objectives = &manifest.root.children[0].sequencing.as_ref().unwrap()["objectives"];
    assert_eq!(objectives[0]["mapInfo"][0]["targetObjectiveID"], "t");
    assert_eq!(objectives[1].get("mapInfo"), None);
}

#[test]
fn identifiers_and_titles_have_no_control_characters() {
    for (written, identifier, findings) in [
        ("a\u{1}b", "ab", vec![]),
        ("a&#1;b", "ab", vec![]),
        ("a\u{0}b", "ab", vec![]),
        ("a\u{85}b", "ab", vec![]),
        ("a\tb", "a b", vec![]),
        ("a&#9;b", "item-2", vec![FindingKind::BadValue]),
        ("a&#10;b", "item-2", vec![FindingKind::BadValue]),
    ] {
        let manifest =
            PLAIN.replace("\"I\"", &format!("\"{written}\"")).replace("Fire safety", "Fire\u{b} &#1;safety");
        let (manifest, found) = read(manifest.as_bytes(), &["index.html"]);
        assert_eq!(manifest.title, "Fire safety");
        assert_eq!(
            (manifest.root.children[0].identifier.as_str(), found),
            (identifier, findings),
            "{written:?}"
        );
    }
    assert_eq!(refusals(&PLAIN.replace("\"I\"", "\"a&#0;b\"")), [FindingKind::BrokenManifest]);
}

#[test]
fn items_lie_no_deeper_than_what_is_kept_of_them_can_be_read_again() {
    let deep = |depth: usize| {
        let manifest = format!("{}{}{}", "<item>".repeat(depth - 1), item(""), "</item>".repeat(depth - 1));
        let bytes = zip(&[("imsmanifest.xml", sequenced(&manifest, "").as_bytes()), ("index.html", b"<p>")]);
        Package::open(Cursor::new(bytes), &Limits { depth: usize::MAX - 1, ..Limits::default() })
    };
    let manifest = deep(48).unwrap().manifest;
    let json = serde_json::to_string(&manifest).unwrap();
    assert_eq!(serde_json::from_str::<scorm::Manifest>(&json).unwrap(), manifest);
    assert_eq!(refused(deep(49)), [FindingKind::ItemsTooDeep]);
}

#[test]
fn many_small_files_are_a_bomb_together() {
    // Each differs, so that each would be kept.
    let files: Vec<(String, Vec<u8>)> = (0..70_u8)
        .map(|number| {
            let mut bytes = vec![0; 1024 * 1024];
            bytes[0] = number;
            (format!("{number}.bin"), bytes)
        })
        .collect();
    let mut all: Vec<(&str, &[u8])> = vec![("imsmanifest.xml", PLAIN.as_bytes()), ("index.html", b"<p>")];
    all.extend(files.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice())));
    assert_eq!(refused(open(zip(&all))), [FindingKind::Bomb]);
    all.truncate(50);
    assert!(open(zip(&all)).is_ok());
}

#[test]
fn identifiers_that_collide_are_told_apart() {
    let items: String = ["I", "I-3", "I", "I-4", "I-4-4", "I"]
        .map(|name| format!("<item identifier=\"{name}\" identifierref=\"R\"/>"))
        .concat();
    let manifest = PLAIN.replace("</organization>", &format!("{items}</organization>"));
    let (manifest, _) = read(manifest.as_bytes(), &["index.html"]);
    let mut identifiers: Vec<&str> =
        manifest.root.children.iter().map(|item| item.identifier.as_str()).collect();
    identifiers.sort_unstable();
    identifiers.dedup();
    assert_eq!(identifiers.len(), 7);
}
