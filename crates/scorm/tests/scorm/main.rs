//! Packages as tools and as enemies make them.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod fuzz;
mod hostile;
mod manifests;
mod raw;
mod sequencing;
mod zips;

use std::io::Cursor;

use scorm::{FindingKind, Limits, Manifest, Package, ReadError, Writer};

/// A package of files in memory.
fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = Writer::new();
    for (path, bytes) in files {
        writer.file(path, bytes).unwrap();
    }
    writer.done().unwrap()
}

fn open(bytes: Vec<u8>) -> Result<Package<Cursor<Vec<u8>>>, ReadError> {
    Package::open(Cursor::new(bytes), &Limits::default())
}

/// What keeps a package out.
fn refused(result: Result<Package<Cursor<Vec<u8>>>, ReadError>) -> Vec<FindingKind> {
    match result {
        Err(ReadError::Refused(refused)) => {
            assert!(!refused.to_string().is_empty());
            refused.errors().map(|finding| finding.kind).collect()
        }
        Err(ReadError::Io(error)) => panic!("{error}"),
        Ok(package) => panic!("taken: {package:?}"),
    }
}

/// The manifest of a package with some pages, and what is told of it.
fn read(manifest: &[u8], pages: &[&str]) -> (Manifest, Vec<FindingKind>) {
    let mut files: Vec<(&str, &[u8])> = vec![("imsmanifest.xml", manifest)];
    files.extend(pages.iter().map(|page| (*page, b"<p>" as &[u8])));
    let package = open(zip(&files)).unwrap();
    (package.manifest, package.findings.iter().map(|finding| finding.kind).collect())
}

/// The least that is a course.
const PLAIN: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<manifest identifier="M" xmlns="http://www.imsproject.org/xsd/imscp_rootv1p1p2" xmlns:adlcp="http://www.adlnet.org/xsd/adlcp_rootv1p2">
  <metadata><schema>ADL SCORM</schema><schemaversion>1.2</schemaversion></metadata>
  <organizations default="O"><organization identifier="O"><title>Fire safety</title>
    <item identifier="I" identifierref="R"><title>All of it</title></item>
  </organization></organizations>
  <resources><resource identifier="R" type="webcontent" adlcp:scormtype="sco" href="index.html"><file href="index.html"/></resource></resources>
</manifest>"#;
