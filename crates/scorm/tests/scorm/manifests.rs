//! Manifests in the manner of the tools that write them, and such as nobody should write.

use scorm::{CompletionThreshold, FindingKind, Launch, Standard};

use crate::{PLAIN, open, read, refused, zip};

/// As a tool that makes slides writes it: one part, everything listed, default namespace, no `xml:base`.
const SLIDES: &str = r#"<?xml version="1.0" encoding="utf-8" standalone="no" ?>
<manifest identifier="Fire_course_ID" version="1.2"
  xmlns="http://www.imsproject.org/xsd/imscp_rootv1p1p2"
  xmlns:adlcp="http://www.adlnet.org/xsd/adlcp_rootv1p2"
  xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
  xsi:schemaLocation="http://www.imsproject.org/xsd/imscp_rootv1p1p2 imscp_rootv1p1p2.xsd http://www.adlnet.org/xsd/adlcp_rootv1p2 adlcp_rootv1p2.xsd">
	<metadata>
		<schema>ADL SCORM</schema>
		<schemaversion>1.2</schemaversion>
	</metadata>
	<organizations default="B0">
		<organization identifier="B0">
			<title>Fire &amp; smoke
			   &#8211; awareness</title>
			<item identifier="i1" identifierref="r1" isvisible="true">
				<title><![CDATA[Fire & smoke]]> <!-- as the author wrote it --></title>
				<adlcp:masteryscore>80</adlcp:masteryscore>
				<adlcp:maxtimeallowed>0001:00:00</adlcp:maxtimeallowed>
				<adlcp:timelimitaction>exit,no message</adlcp:timelimitaction>
				<adlcp:datafromlms>  mode=full
  lang=en  </adlcp:datafromlms>
				<adlcp:prerequisites type="aicc_script">i0</adlcp:prerequisites>
			</item>
		</organization>
	</organizations>
	<resources>
		<resource identifier="r1" type="webcontent" href="index_lms.html" adlcp:scormtype="sco">
			<file href="index_lms.html"/>
			<file href="story_content/user.js" />
		</resource>
	</resources>
</manifest>"#;

/// As a tool for software simulations writes 2004, 3rd edition: prefixes everywhere, a base, sequencing shared.
const SIMULATION: &str = r#"<?xml version='1.0' encoding='UTF-8'?>
<ims:manifest xmlns:ims="http://www.imsglobal.org/xsd/imscp_v1p1" xmlns:a="http://www.adlnet.org/xsd/adlcp_v1p3"
    xmlns:s="http://www.imsglobal.org/xsd/imsss" xmlns:n="http://www.adlnet.org/xsd/adlnav_v1p3" identifier="SIM" xml:base="content/">
  <ims:metadata><ims:schema>ADL SCORM</ims:schema><ims:schemaversion>2004 3rd Edition</ims:schemaversion></ims:metadata>
  <ims:resources xml:base="en">
    <ims:resource a:scormType="asset" identifier="help" type="webcontent" href="help.html"/>
    <ims:resource a:scormType="sco" identifier="sim" type="webcontent" xml:base="sim/" href="../sim/./start%20here.html?skin=blue#top"/>
  </ims:resources>
  <ims:organizations default="two">
    <ims:organization identifier="one"><ims:title>The old one</ims:title></ims:organization>
    <ims:organization identifier="two"><ims:title>Records</ims:title>
      <ims:item identifier="folder"><ims:title>Basics</ims:title>
        <ims:item identifier="a" identifierref="sim" parameters="?lesson=1&amp;mode=x"><ims:title>One</ims:title>
          <a:completionThreshold>0.75</a:completionThreshold>
          <a:timeLimitAction>continue,no message</a:timeLimitAction>
          <a:dataFromLMS>x</a:dataFromLMS>
          <n:presentation><n:navigationInterface><n:hideLMSUI>continue</n:hideLMSUI><n:hideLMSUI>previous</n:hideLMSUI>
            <n:hideLMSUI>continue</n:hideLMSUI><n:hideLMSUI>everything</n:hideLMSUI></n:navigationInterface></n:presentation>
        </ims:item>
      </ims:item>
      <ims:item identifier="b" identifierref="help" isvisible="false"><ims:title>Help</ims:title></ims:item>
      <s:sequencing><s:controlMode choice="false" flow="true"/></s:sequencing>
    </ims:organization>
  </ims:organizations>
</ims:manifest>"#;

/// As a free tool for teachers writes it: LOM with languages, no title of the organisation, many resources of which one is opened.
const TEACHERS: &str = r#"<?xml version="1.0"?><!-- made by hand and machine --><manifest xmlns="http://www.imsproject.org/xsd/imscp_rootv1p1p2"
xmlns:imsmd="http://www.imsglobal.org/xsd/imsmd_rootv1p2p1" xmlns:adlcp="http://www.adlnet.org/xsd/adlcp_rootv1p2" identifier="eXe1">
<metadata><schema>ADL SCORM</schema><schemaversion> 1.2 </schemaversion><imsmd:lom><imsmd:general>
<imsmd:title><imsmd:langstring xml:lang="en">Hand hygiene</imsmd:langstring></imsmd:title></imsmd:general></imsmd:lom></metadata>
<organizations default="eXe2"><organization identifier="eXe2" structure="hierarchical"><title> </title>
<item identifier="ITEM-1" identifierref="RES-1" isvisible="1"><title>Start</title>
<item identifier="ITEM-2" identifierref="RES-2"><title>More</title></item></item></organization></organizations>
<resources><resource identifier="RES-2" type="webcontent" adlcp:scormtype="sco" href="more.html"><file href="more.html"/><dependency identifierref="COMMON"/></resource>
<resource identifier="RES-1" type="webcontent" adlcp:scormtype="sco" href="index.html"><file href="index.html"/></resource>
<resource identifier="COMMON" type="webcontent" adlcp:scormtype="asset"><file href="base.css"/><file href="gone.js"/></resource></resources></manifest>"#;

/// As the samples of the 4th edition are: attributes of completion, shared data, a scaled score that decides.
const GOLF: &str = r#"<?xml version="1.0" standalone="no" ?>
<manifest identifier="golf" version="1" xmlns="http://www.imsglobal.org/xsd/imscp_v1p1" xmlns:adlcp="http://www.adlnet.org/xsd/adlcp_v1p3"
  xmlns:adlseq="http://www.adlnet.org/xsd/adlseq_v1p3" xmlns:adlnav="http://www.adlnet.org/xsd/adlnav_v1p3" xmlns:imsss="http://www.imsglobal.org/xsd/imsss">
  <metadata><schema>ADL SCORM</schema><schemaversion>2004 4th Edition</schemaversion></metadata>
  <organizations default="golf_org">
    <organization identifier="golf_org" adlseq:objectivesGlobalToSystem="false"><title>Golf</title>
      <item identifier="item_1" identifierref="resource_1"><title>Playing</title>
        <adlcp:completionThreshold completedByMeasure="true" minProgressMeasure="0.9" progressWeight="0.5"/>
        <adlcp:data><adlcp:map targetID="store" readSharedData="true" writeSharedData="false"/></adlcp:data>
        <imsss:sequencing><imsss:objectives><imsss:primaryObjective satisfiedByMeasure="true">
          <imsss:minNormalizedMeasure> 0.6 </imsss:minNormalizedMeasure></imsss:primaryObjective></imsss:objectives>
          <imsss:limitConditions attemptLimit="3" attemptAbsoluteDurationLimit="PT1H"/></imsss:sequencing>
      </item>
    </organization>
  </organizations>
  <resources><resource identifier="resource_1" type="webcontent" adlcp:scormType="sco" href="shared/launchpage.html?content=playing">
    <file href="shared/launchpage.html"/></resource></resources>
</manifest>"#;

/// As a framework for phones writes it: everything in CDATA, LOM of IEEE, a part without a title.
const PHONES: &str = r#"<?xml version="1.0" standalone="no" ?>
<!--
Single part. Do not edit.
-->
<manifest identifier="framework_manifest" version="1"
          xmlns="http://www.imsglobal.org/xsd/imscp_v1p1"
          xmlns:adlcp="http://www.adlnet.org/xsd/adlcp_v1p3"
          xmlns:imsss="http://www.imsglobal.org/xsd/imsss">
  <metadata>
    <schema>ADL SCORM</schema>
    <schemaversion>2004 3rd Edition</schemaversion>
    <lom xmlns="http://ltsc.ieee.org/xsd/LOM"><general><title><string language="en-GB"><![CDATA[Safeguarding <adults> & children]]></string></title></general></lom>
  </metadata>
  <organizations default="framework">
    <organization identifier="framework">
      <title><![CDATA[]]></title>
      <item identifier="item_1" identifierref="resource_1">
        <title/>
        <imsss:sequencing><imsss:deliveryControls completionSetByContent="true" objectiveSetByContent="true"/></imsss:sequencing>
      </item>
    </organization>
  </organizations>
  <resources>
    <resource identifier="resource_1" type="webcontent" adlcp:scormType="sco" href="index_lms.html">
      <file href="index_lms.html"/>
    </resource>
  </resources>
</manifest>"#;

/// As a packager of several parts on Windows writes it: `\` in addresses, a part that is hidden, prerequisites, capital letters.
const PARTS: &str = r#"<?xml version="1.0" encoding="windows-1252"?>
<manifest identifier="PARTS" xmlns="http://www.imsproject.org/xsd/imscp_rootv1p1p2" xmlns:adlcp="http://www.adlnet.org/xsd/adlcp_rootv1p2">
<metadata><schema>ADL SCORM</schema><schemaversion>1.2</schemaversion></metadata>
<organizations default="TOC"><organization identifier="TOC"><title>Medicines</title>
<item identifier="P1" identifierref="R1"><title>Storage</title></item>
<item identifier="P2" identifierref="R2" parameters="?part=2"><title>Giving</title><adlcp:prerequisites type="aicc_script">P1</adlcp:prerequisites></item>
<item identifier="P3" identifierref="R3" isvisible="false"><title>Test</title><adlcp:masteryscore>75.5</adlcp:masteryscore></item>
</organization></organizations>
<resources>
<resource identifier="R1" type="webcontent" adlcp:scormtype="SCO" href="part1\Index.htm"><file href="part1\Index.htm"/></resource>
<resource identifier="R2" type="webcontent" adlcp:scormtype="SCO" href="part2\Index.htm"><file href="part2\Index.htm"/></resource>
<resource identifier="R3" type="webcontent" adlcp:scormtype="SCO" href="test\Index.htm"><file href="test\Index.htm"/></resource>
</resources></manifest>"#;

pub(crate) const ALL: [&str; 6] = [SLIDES, SIMULATION, TEACHERS, GOLF, PHONES, PARTS];

fn launch(path: &str, query: &str) -> Option<Launch> {
    Some(Launch { path: path.to_owned(), query: query.to_owned(), tracked: true })
}

#[test]
fn slides() {
    let (manifest, findings) = read(SLIDES.as_bytes(), &["index_lms.html", "story_content/user.js"]);
    assert_eq!(findings, []);
    assert_eq!(manifest.standard, Standard::Scorm12);
    assert_eq!(manifest.edition.as_deref(), Some("1.2"));
    assert_eq!(manifest.title, "Fire & smoke – awareness");
    assert_eq!(manifest.root.children.len(), 1);
    let item = &manifest.root.children[0];
    assert_eq!((item.identifier.as_str(), item.title.as_str()), ("i1", "Fire & smoke"));
    assert_eq!(item.launch, launch("index_lms.html", ""));
    assert_eq!(item.mastery_score, Some(80.0));
    assert_eq!(item.max_time.as_deref(), Some("0001:00:00"));
    assert_eq!(item.time_limit_action.as_deref(), Some("exit,no message"));
    assert_eq!(item.data_from_lms.as_deref(), Some("mode=full\n  lang=en"));
    assert_eq!(item.prerequisites.as_deref(), Some("i0"));
    assert!(item.visible && item.sequencing.is_none());
}

#[test]
fn simulation() {
    let (manifest, findings) =
        read(SIMULATION.as_bytes(), &["content/en/sim/start here.html", "content/en/help.html"]);
    assert_eq!(findings, [FindingKind::OtherOrganizations, FindingKind::BadValue]);
    assert_eq!((manifest.standard, manifest.title.as_str()), (Standard::Scorm2004, "Records"));
    assert_eq!(manifest.edition.as_deref(), Some("2004 3rd Edition"));
    let [folder, help] = manifest.root.children.as_slice() else { panic!("{manifest:?}") };
    assert_eq!(folder.launch, None);
    let item = &folder.children[0];
    assert_eq!(item.launch, launch("content/en/sim/start here.html", "?skin=blue&lesson=1&mode=x#top"));
    assert_eq!(
        item.completion_threshold,
        Some(CompletionThreshold { completed_by_measure: true, least_progress: 0.75, weight: 1.0 })
    );
    assert_eq!(item.hidden_controls, ["continue", "previous"]);
    assert_eq!(item.time_limit_action.as_deref(), Some("continue,no message"));
    assert!(!help.visible && !help.launch.as_ref().unwrap().tracked);
    assert_eq!(manifest.root.sequencing.as_ref().unwrap()["sequencingControls"]["flow"], true);
}

#[test]
fn teachers() {
    let (manifest, findings) = read(TEACHERS.as_bytes(), &["index.html", "more.html", "base.css"]);
    assert_eq!(findings, [FindingKind::MissingFile]);
    assert_eq!(manifest.title, "Hand hygiene");
    let start = &manifest.root.children[0];
    assert_eq!(start.launch, launch("index.html", ""));
    assert_eq!(start.children[0].launch, launch("more.html", ""));
}

#[test]
fn golf() {
    let (manifest, findings) = read(GOLF.as_bytes(), &["shared/launchpage.html"]);
    assert_eq!(findings, []);
    let item = &manifest.root.children[0];
    assert_eq!(item.launch, launch("shared/launchpage.html", "?content=playing"));
    assert_eq!(item.scaled_passing, Some(0.6));
    assert_eq!(item.max_time.as_deref(), Some("PT1H"));
    assert_eq!(
        item.completion_threshold,
        Some(CompletionThreshold { completed_by_measure: true, least_progress: 0.9, weight: 0.5 })
    );
    let sequencing = item.sequencing.as_ref().unwrap();
    assert_eq!(sequencing["sharedDataMaps"][0]["targetID"], "store");
    assert_eq!(sequencing["sharedDataMaps"][0]["writeSharedData"], false);
    assert_eq!(sequencing["attemptLimit"], 3);
    // Left out in the manifest, and needed by the player.
    assert_eq!(sequencing["primaryObjective"]["objectiveID"], "item_1-primary");
}

#[test]
fn phones() {
    let (manifest, findings) = read(PHONES.as_bytes(), &["index_lms.html"]);
    assert_eq!(findings, []);
    assert_eq!(manifest.title, "Safeguarding <adults> & children");
    let item = &manifest.root.children[0];
    assert_eq!((item.title.as_str(), item.launch.clone()), ("item_1", launch("index_lms.html", "")));
    assert_eq!(item.sequencing.as_ref().unwrap()["deliveryControls"]["completionSetByContent"], true);
}

#[test]
fn parts() {
    // The zip file has been through a computer that writes small letters.
    let (manifest, findings) =
        read(PARTS.as_bytes(), &["part1/index.htm", "part2/Index.htm", "test/Index.htm"]);
    assert_eq!(findings, [FindingKind::CaseDiffers]);
    let [storage, giving, test] = manifest.root.children.as_slice() else { panic!("{manifest:?}") };
    assert_eq!(storage.launch, launch("part1/index.htm", ""));
    assert_eq!(giving.launch, launch("part2/Index.htm", "?part=2"));
    assert_eq!(giving.prerequisites.as_deref(), Some("P1"));
    assert_eq!((test.visible, test.mastery_score), (false, Some(75.5)));
}

#[test]
fn encodings() {
    let title = |bytes: &[u8]| {
        let (manifest, findings) = read(bytes, &["index.html"]);
        (manifest.title, findings)
    };
    let manifest = PLAIN.replace("Fire safety", "Prévention “feu”");
    let expected = ("Prévention “feu”".to_owned(), vec![]);
    assert_eq!(title(manifest.as_bytes()), expected);
    assert_eq!(title(format!("\u{feff}{manifest}").as_bytes()), expected);
    assert_eq!(title(format!("\n  {manifest}").as_bytes()), expected);
    let wide = manifest.replace("UTF-8", "UTF-16");
    for (mark, order) in
        [(vec![0xff, 0xfe], u16::to_le_bytes as fn(u16) -> [u8; 2]), (vec![0xfe, 0xff], u16::to_be_bytes)]
    {
        let bytes: Vec<u8> = wide.encode_utf16().flat_map(order).collect();
        assert_eq!(title(&[mark, bytes.clone()].concat()), expected);
        assert_eq!(title(&bytes), expected);
    }
    // Says UTF-16 and is not.
    assert_eq!(title(wide.as_bytes()), expected);
    let narrow: Vec<u8> = manifest
        .chars()
        .map(|character| match character {
            '“' => 0x93,
            '”' => 0x94,
            other => u8::try_from(u32::from(other)).unwrap(),
        })
        .collect();
    let named = String::from_utf8_lossy(&narrow).contains("UTF-8");
    assert!(named);
    let declared = [
        b"<?xml version='1.0' encoding = 'windows-1252'?>".to_vec(),
        narrow[narrow.iter().position(|byte| *byte == b'\n').unwrap()..].to_vec(),
    ]
    .concat();
    assert_eq!(title(&declared), expected);
    // Says UTF-8 and is not: taken, and told.
    assert_eq!(title(&narrow), (expected.0, vec![FindingKind::BadCharacters]));
}

#[test]
fn parameters_are_appended_as_the_standard_says() {
    for (href, parameters, query) in [
        ("index.html", "", ""),
        ("index.html", "a=1", "?a=1"),
        ("index.html", "?a=1", "?a=1"),
        ("index.html", "&amp;?&amp;a=1", "?a=1"),
        ("index.html", "#end", "#end"),
        ("index.html?x=1", "a=1&amp;b=2", "?x=1&a=1&b=2"),
        ("index.html?x=1", "#end", "?x=1#end"),
        ("index.html?", "a=1", "?a=1"),
        ("index.html#top", "#end", "#top"),
        ("index.html#top", "a=1", "?a=1#top"),
        ("index.html", "name=O’Wsea &lt;b>", "?name=O%E2%80%99Wsea%20%3Cb%3E"),
    ] {
        let manifest = PLAIN
            .replace("scormtype=\"sco\" href=\"index.html\"", &format!("scormtype=\"sco\" href=\"{href}\""))
            .replace("<item ", &format!("<item parameters=\"{parameters}\" "));
        let (manifest, findings) = read(manifest.as_bytes(), &["index.html"]);
        assert_eq!(findings, []);
        assert_eq!(manifest.root.children[0].launch, launch("index.html", query), "{href} {parameters}");
    }
}

#[test]
fn addresses_find_their_file() {
    for (base, href, path) in [
        ("", "index.html", "index.html"),
        ("", "./index.html", "index.html"),
        ("", "a/../index.html", "index.html"),
        ("", "/index.html", "index.html"),
        ("", "a\\b.html", "a/b.html"),
        ("a", "b.html", "a/b.html"),
        ("a/", "b.html", "a/b.html"),
        ("a/c", "../b.html", "a/b.html"),
        ("a\\", "b.html", "a/b.html"),
        ("", "x%20y.html", "x y.html"),
        ("", "100%25.html", "100%.html"),
        // Named so in the package itself.
        ("", "z%20z.html", "z%20z.html"),
    ] {
        let manifest =
            PLAIN.replace("href=\"index.html\"><", &format!("href=\"{href}\" xml:base=\"{base}\"><"));
        let pages = ["index.html", "a/b.html", "x y.html", "100%.html", "z%20z.html", "a/index.html"];
        let (manifest, _) = read(manifest.as_bytes(), &pages);
        assert_eq!(manifest.root.children[0].launch, launch(path, ""), "{base} {href}");
    }
}

#[test]
fn what_cannot_be_opened_is_refused() {
    for (href, kind) in [
        ("https://example.org/course", FindingKind::RemoteLaunch),
        ("HTTP://example.org/", FindingKind::RemoteLaunch),
        ("//example.org/course", FindingKind::RemoteLaunch),
        ("\\\\example.org\\course", FindingKind::RemoteLaunch),
        ("javascript:alert(1)", FindingKind::BadLaunch),
        ("data:text/html,x", FindingKind::BadLaunch),
        ("file:///etc/passwd", FindingKind::BadLaunch),
        ("C:\\course\\index.html", FindingKind::BadLaunch),
        ("../index.html", FindingKind::BadLaunch),
        ("%2e%2e/index.html", FindingKind::BadLaunch),
        ("a%00.html", FindingKind::BadLaunch),
        ("gone.html", FindingKind::MissingLaunch),
        ("#top", FindingKind::MissingLaunch),
    ] {
        let manifest = PLAIN.replace("href=\"index.html\"><", &format!("href=\"{href}\"><"));
        let bytes = zip(&[("imsmanifest.xml", manifest.as_bytes()), ("index.html", b"<p>")]);
        assert_eq!(refused(open(bytes)), [kind], "{href}");
    }
    let long = PLAIN.replace("<item ", &format!("<item parameters=\"{}\" ", "a".repeat(4_000)));
    let based = PLAIN.replace("<resources>", "<resources xml:base=\"https://example.org/\">");
    for (manifest, kind) in [(long, FindingKind::TooLong), (based, FindingKind::RemoteLaunch)] {
        let bytes = zip(&[("imsmanifest.xml", manifest.as_bytes()), ("index.html", b"<p>")]);
        assert_eq!(refused(open(bytes)), [kind]);
    }
}

#[test]
fn manifests_that_are_none_are_refused() {
    let deep = format!("{}{}", "<a>".repeat(100), "</a>".repeat(100));
    let many = format!("<manifest>{}</manifest>", "<a/>".repeat(250_000));
    let attributes: String = (0..100).map(|number| format!(" a{number}='1'")).collect();
    let attributes = format!("<manifest{attributes}/>");
    let prefixes: String = (0..500).map(|number| format!(" xmlns:a{number}='urn:{number}'")).collect();
    let prefixes = format!("<manifest{prefixes}/>");
    let bomb =
        "<!DOCTYPE m [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;\">]><manifest>&b;</manifest>";
    let outside = "<!DOCTYPE m SYSTEM \"file:///etc/passwd\"><manifest/>";
    let no_items =
        PLAIN.replace("<item identifier=\"I\" identifierref=\"R\"><title>All of it</title></item>", "");
    let no_organization = format!(
        "{}{}",
        &PLAIN[..PLAIN.find("<organizations").unwrap()],
        &PLAIN[PLAIN.find("<resources").unwrap()..]
    );
    let folders = PLAIN.replace(" identifierref=\"R\"", "");
    let unbound = PLAIN.replace("Fire safety", "Fire&nbsp;safety");
    let cut = &PLAIN[..PLAIN.len() - 12];
    let table: Vec<(&str, &str, FindingKind)> = vec![
        ("nothing", "", FindingKind::BrokenManifest),
        ("text", "a course", FindingKind::BrokenManifest),
        ("half", &PLAIN[..400], FindingKind::BrokenManifest),
        ("not closed", cut, FindingKind::BrokenManifest),
        ("crossed", "<manifest><a></manifest></a>", FindingKind::BrokenManifest),
        ("two roots", "<manifest/><manifest/>", FindingKind::BrokenManifest),
        ("deep", &deep, FindingKind::BrokenManifest),
        ("many", &many, FindingKind::ManifestTooLarge),
        ("attributes", &attributes, FindingKind::BrokenManifest),
        ("prefixes", &prefixes, FindingKind::BrokenManifest),
        ("an entity that nobody knows", &unbound, FindingKind::BrokenManifest),
        ("entities", bomb, FindingKind::Doctype),
        ("another file", outside, FindingKind::Doctype),
        ("a page", "<html><body/></html>", FindingKind::NotScorm),
        ("another vocabulary", "<manifest xmlns='urn:x'/>", FindingKind::NotScorm),
        (
            "none of SCORM",
            "<manifest xmlns='http://www.imsglobal.org/xsd/imscp_v1p1'/>",
            FindingKind::NotScorm,
        ),
        ("no items", &no_items, FindingKind::NothingToLaunch),
        ("no organisation", &no_organization, FindingKind::NothingToLaunch),
        ("headings only", &folders, FindingKind::NothingToLaunch),
    ];
    for (name, manifest, kind) in table {
        let bytes = zip(&[("imsmanifest.xml", manifest.as_bytes()), ("index.html", b"<p>")]);
        let found = refused(open(bytes));
        assert_eq!(found, [kind], "{name}");
    }
    let items = "<item identifier=\"J\" identifierref=\"R\"/>".repeat(1_001);
    let manifest = PLAIN.replace("</organization>", &format!("{items}</organization>"));
    let bytes = zip(&[("imsmanifest.xml", manifest.as_bytes()), ("index.html", b"<p>")]);
    assert_eq!(refused(open(bytes)), [FindingKind::TooManyItems]);
}

#[test]
fn what_is_odd_is_told_and_taken() {
    let twice =
        PLAIN.replace("</organization>", "<item identifier=\"I\" identifierref=\"R\"/></organization>");
    let broken =
        PLAIN.replace("</organization>", "<item identifier=\"J\" identifierref=\"NONE\"/></organization>");
    let page = PLAIN.replace("</resources>", "<resource identifier=\"P\"/></resources>");
    let empty =
        page.replace("</organization>", "<item identifier=\"J\" identifierref=\"P\"/></organization>");
    for (name, manifest, kind) in [
        ("no default", PLAIN.replace("default=\"O\"", "default=\"X\""), FindingKind::NoDefaultOrganization),
        ("twice", twice, FindingKind::DuplicateIdentifier),
        ("reference", broken, FindingKind::BrokenReference),
        ("resource without address", empty, FindingKind::BrokenReference),
        ("kind", PLAIN.replace(" adlcp:scormtype=\"sco\"", ""), FindingKind::NoScormType),
        (
            "score",
            PLAIN.replace("</item>", "<adlcp:masteryscore>lots</adlcp:masteryscore></item>"),
            FindingKind::BadValue,
        ),
        (
            "score over all",
            PLAIN.replace("</item>", "<adlcp:masteryscore>101</adlcp:masteryscore></item>"),
            FindingKind::BadValue,
        ),
        (
            "listed",
            PLAIN.replace("</resource>", "<file href=\"gone.js\"/></resource>"),
            FindingKind::MissingFile,
        ),
    ] {
        let (manifest, findings) = read(manifest.as_bytes(), &["index.html"]);
        assert_eq!(findings, [kind], "{name}");
        assert_eq!(manifest.root.children[0].launch, launch("index.html", ""), "{name}");
        let mut identifiers: Vec<&str> =
            manifest.root.children.iter().map(|item| item.identifier.as_str()).collect();
        identifiers.dedup();
        assert_eq!(identifiers.len(), manifest.root.children.len());
    }
}

#[test]
fn namespaces_count_and_not_prefixes() {
    // Every prefix another, no prefix, a prefix that is never bound.
    let other = PLAIN.replace("adlcp:", "x:").replace("xmlns:adlcp", "xmlns:x");
    let unbound = PLAIN.replace(" xmlns:adlcp=\"http://www.adlnet.org/xsd/adlcp_rootv1p2\"", "");
    let without = PLAIN.replace(" xmlns=\"http://www.imsproject.org/xsd/imscp_rootv1p1p2\"", "");
    for manifest in [other, unbound, without] {
        let (read, findings) = read(manifest.as_bytes(), &["index.html"]);
        assert_eq!((read.standard, findings), (Standard::Scorm12, vec![]));
        assert!(read.root.children[0].launch.as_ref().unwrap().tracked);
    }
    // A word of ours in another vocabulary is not ours.
    let manifest = PLAIN
        .replace(
            "<title>Fire safety</title>",
            "<y:title xmlns:y=\"urn:y\">Not this</y:title><title>Fire safety</title>",
        )
        .replace("href=\"index.html\">", "z:href=\"gone.html\" xmlns:z=\"urn:z\" href=\"index.html\">");
    let (read, findings) = read(manifest.as_bytes(), &["index.html"]);
    assert_eq!((read.title.as_str(), findings), ("Fire safety", vec![]));
}

#[test]
fn the_edition_is_taken_from_the_vocabulary_where_it_is_not_said() {
    for (from, standard) in
        [(SLIDES, Standard::Scorm12), (SIMULATION, Standard::Scorm2004), (GOLF, Standard::Scorm2004)]
    {
        let start = from.find("schemaversion>").unwrap();
        let end = start + from[start..].find("</").unwrap();
        let silent = format!("{}{}", &from[..start + "schemaversion>".len()], &from[end..]);
        let pages = [
            "index_lms.html",
            "story_content/user.js",
            "content/en/sim/start here.html",
            "content/en/help.html",
            "shared/launchpage.html",
        ];
        let (manifest, _) = read(silent.as_bytes(), &pages);
        assert_eq!((manifest.standard, manifest.edition), (standard, None));
    }
    let (manifest, _) =
        read(GOLF.replace("2004 4th Edition", "CAM 1.3").as_bytes(), &["shared/launchpage.html"]);
    assert_eq!(manifest.standard, Standard::Scorm2004);
}
