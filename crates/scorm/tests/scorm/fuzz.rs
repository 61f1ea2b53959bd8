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
