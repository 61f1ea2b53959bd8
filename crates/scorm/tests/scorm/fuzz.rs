//! Whatever comes, there is an answer.

use std::io::{self, Cursor};

use proptest::prelude::*;
use scorm::{Limits, Package};

use crate::{PLAIN, manifests, sequencing, zip};

/// Opens and reads all there is.
fn swallow(bytes: Vec<u8>) {
    let limits = Limits { unpacked_bytes: 1 << 22, file_bytes: 1 << 22, ..Limits::default() };
    if let Ok(mut package) = Package::open(Cursor::new(bytes), &limits) {
        let paths: Vec<String> = package.files().map(|file| file.path.clone()).collect();
        for path in paths {
            assert!(
                !path.starts_with('/') && !path.split('/').any(|part| part == ".." || part.is_empty()),
                "{path}"
            );
            // Whether it can be read is no matter here.
            let _ = package.read_file(&path, io::sink());
        }
        // What is kept as JSON comes back as it was.
        let json = serde_json::to_string(&package.manifest).unwrap();
        assert!(json.len() <= limits.tree_bytes);
        assert_eq!(serde_json::from_str::<scorm::Manifest>(&json).unwrap(), package.manifest);
    }
}

fn manifests() -> Vec<&'static str> {
    let mut all = vec![PLAIN, sequencing::WHOLE];
    all.extend(manifests::ALL);
    all
}

/// Bytes with some of them changed, left out or put in.
fn changed(mut bytes: Vec<u8>, changes: &[(prop::sample::Index, u8, u8)]) -> Vec<u8> {
    for (at, how, byte) in changes {
        if bytes.is_empty() {
            break;
        }
        let at = at.index(bytes.len());
        match how % 4 {
            0 => bytes[at] = *byte,
            1 => bytes.insert(at, *byte),
            2 => drop(bytes.remove(at)),
            // A piece from elsewhere.
            _ => {
                let piece: Vec<u8> = bytes[at..].iter().copied().take(usize::from(*byte)).collect();
                let to = at / 2;
                bytes.splice(to..to, piece);
            }
        }
    }
    bytes
}

fn changes() -> impl Strategy<Value = Vec<(prop::sample::Index, u8, u8)>> {
    prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), any::<u8>()), 1..12)
}

/// Elements of sequencing: the attributes that each has, and what is in it.
const SEQUENCING: [(&str, &[&str], &[&str]); 31] = [
    (
        "s:sequencing",
        &["ID", "IDRef"],
        &[
            "s:controlMode",
            "s:sequencingRules",
            "s:limitConditions",
            "s:auxiliaryResources",
            "s:rollupRules",
            "s:objectives",
            "s:randomizationControls",
            "s:deliveryControls",
            "q:objectives",
            "q:constrainedChoiceConsiderations",
            "q:rollupConsiderations",
        ],
    ),
    ("s:controlMode", &["choice", "choiceExit", "flow", "forwardOnly"], &[]),
    ("s:sequencingRules", &[], &["s:preConditionRule", "s:exitConditionRule", "s:postConditionRule"]),
    ("s:preConditionRule", &[], &["s:ruleConditions", "s:ruleAction"]),
    ("s:exitConditionRule", &[], &["s:ruleConditions", "s:ruleAction"]),
    ("s:postConditionRule", &[], &["s:ruleConditions", "s:ruleAction"]),
    ("s:ruleConditions", &["conditionCombination"], &["s:ruleCondition"]),
    ("s:ruleCondition", &["condition", "operator", "referencedObjective", "measureThreshold"], &[]),
    ("s:ruleAction", &["action"], &[]),
    (
        "s:limitConditions",
        &["attemptLimit", "attemptAbsoluteDurationLimit", "activityAbsoluteDurationLimit", "endTimeLimit"],
        &[],
    ),
    ("s:auxiliaryResources", &[], &["s:auxiliaryResource"]),
    ("s:auxiliaryResource", &["auxiliaryResourceID", "purpose"], &[]),
    ("s:rollupRules", &["rollupObjectiveSatisfied", "objectiveMeasureWeight"], &["s:rollupRule"]),
    (
        "s:rollupRule",
        &["childActivitySet", "minimumCount", "minimumPercent"],
        &["s:rollupConditions", "s:rollupAction"],
    ),
    ("s:rollupConditions", &["conditionCombination"], &["s:rollupCondition"]),
    ("s:rollupCondition", &["condition", "operator"], &[]),
    ("s:rollupAction", &["action"], &[]),
    ("s:objectives", &[], &["s:primaryObjective", "s:objective"]),
    ("s:primaryObjective", &["objectiveID", "satisfiedByMeasure"], &["s:minNormalizedMeasure", "s:mapInfo"]),
    ("s:objective", &["objectiveID", "satisfiedByMeasure"], &["s:minNormalizedMeasure", "s:mapInfo"]),
    ("s:minNormalizedMeasure", &[], &[]),
    ("s:mapInfo", &["targetObjectiveID", "readSatisfiedStatus", "writeNormalizedMeasure"], &[]),
    ("s:randomizationControls", &["selectionTiming", "selectCount", "reorderChildren"], &[]),
    ("s:deliveryControls", &["tracked", "completionSetByContent"], &[]),
    ("q:objectives", &[], &["q:objective"]),
    ("q:objective", &["objectiveID"], &["q:mapInfo"]),
    ("q:mapInfo", &["targetObjectiveID", "readRawScore", "writeMaxScore"], &[]),
    ("q:constrainedChoiceConsiderations", &["preventActivation", "constrainChoice"], &[]),
    ("q:rollupConsiderations", &["requiredForSatisfied", "measureSatisfactionIfActive"], &[]),
    ("a:data", &[], &["a:map"]),
    ("a:map", &["targetID", "readSharedData"], &[]),
];

/// What attributes and texts say.
const VALUES: [&str; 24] = [
    "true",
    "0",
    "1",
    "-1",
    "0.1",
    "0.7",
    "1e-3",
    "1e300",
    "NaN",
    "inf",
    "99999999999999999999",
    "",
    " ",
    "a",
    "b",
    "satisfied",
    "always",
    "skip",
    "exitAll",
    "any",
    "not",
    "atLeastPercent",
    "ifAttempted",
    "PT1H",
];

/// An element with what the numbers say of its attributes and of what is in it.
fn element(name: &str, numbers: &mut impl Iterator<Item = u8>) -> String {
    let (_, attributes, inner) = SEQUENCING.iter().find(|(other, ..)| *other == name).unwrap();
    let mut next = || usize::from(numbers.next().unwrap_or_default());
    let value = |number: usize| VALUES[number % VALUES.len()];
    let attributes: String = attributes
        .iter()
        .filter_map(|attribute| {
            let number = next();
            (number % 4 != 0).then(|| format!(" {attribute}=\"{}\"", value(number / 4)))
        })
        .collect();
    let text = value(next());
    let mut all = format!("<{name}{attributes}>{text}");
    for inner in *inner {
        for _ in 0..numbers.next().unwrap_or_default() % 4 {
            all.push_str(&element(inner, numbers));
        }
    }
    all + &format!("</{name}>")
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn changed_packages_are_answered(which in 0..8_usize, changes in changes()) {
        let manifests = manifests();
        let manifest = manifests[which % manifests.len()];
        let package = zip(&[("imsmanifest.xml", manifest.as_bytes()), ("index.html", b"<p>"), ("a/b.js", &[b'x'; 500])]);
        swallow(changed(package, &changes));
    }

    #[test]
    fn changed_manifests_are_answered(which in 0..8_usize, changes in changes()) {
        let manifests = manifests();
        let manifest = changed(manifests[which % manifests.len()].as_bytes().to_vec(), &changes);
        swallow(zip(&[("imsmanifest.xml", &manifest), ("index.html", b"<p>"), ("index_lms.html", b"<p>")]));
    }

    #[test]
    fn any_sequencing_is_answered(numbers in prop::collection::vec(any::<u8>(), 0..400)) {
        let mut numbers = numbers.into_iter();
        let items: String = (0..4)
            .map(|_| {
                let inner = element("s:sequencing", &mut numbers) + &element("a:data", &mut numbers);
                format!("<item identifierref=\"r\">{inner}</item>")
            })
            .collect();
        let shared = element("s:sequencing", &mut numbers) + &element("s:sequencing", &mut numbers);
        let manifest = format!(
            r#"<manifest xmlns="http://www.imsglobal.org/xsd/imscp_v1p1" xmlns:a="http://www.adlnet.org/xsd/adlcp_v1p3"
               xmlns:q="http://www.adlnet.org/xsd/adlseq_v1p3" xmlns:s="http://www.imsglobal.org/xsd/imsss">
               <organizations><organization>{items}</organization></organizations>
               <resources><resource identifier="r" a:scormType="sco" href="index.html"/></resources>
               <s:sequencingCollection>{shared}</s:sequencingCollection></manifest>"#
        );
        let bytes = zip(&[("imsmanifest.xml", manifest.as_bytes()), ("index.html", b"<p>")]);
        prop_assert!(crate::open(bytes.clone()).is_ok());
        swallow(bytes);
    }

    #[test]
    fn any_bytes_are_answered(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        swallow(bytes.clone());
        let mut zipped = b"PK\x03\x04".to_vec();
        zipped.extend(&bytes);
        zipped.extend(b"PK\x05\x06");
        zipped.extend(&bytes);
        swallow(zipped);
        swallow(zip(&[("imsmanifest.xml", &bytes)]));
    }

    #[test]
    fn any_names_are_answered(names in prop::collection::vec(".{0,40}", 1..6), href in ".{0,60}", base in ".{0,20}") {
        let escaped = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
        let manifest = PLAIN
            .replace("href=\"index.html\"><", &format!("href=\"{}\" xml:base=\"{}\"><", escaped(&href), escaped(&base)));
        let mut entries = vec![crate::raw::Entry::new(b"imsmanifest.xml", manifest.as_bytes())];
        entries.extend(names.iter().map(|name| crate::raw::Entry::new(name.as_bytes(), b"x")));
        swallow(crate::raw::zip(&entries));
    }
}
