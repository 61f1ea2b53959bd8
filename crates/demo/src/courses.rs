//! Two small courses of our own, as packages: one of SCORM 1.2 with pages, questions and a score, and one of SCORM 2004 whose test
//! opens after its lessons. Their sources are in `courses/`.

use scorm::{Writer, write::WriteError};

/// Files of a course: their paths in the package, and what is in them.
type Files = &'static [(&'static str, &'static [u8])];

macro_rules! files {
    ($folder:literal: $($path:literal),+ $(,)?) => {
        &[$(($path, include_bytes!(concat!("../courses/", $folder, "/", $path)))),+]
    };
}

const COURSES: [(&str, Files); 2] = [
    (
        "fire-safety",
        files!("fire-safety": "imsmanifest.xml", "course.css", "course.js", "index.html", "scorm.js"),
    ),
    (
        "moving-and-handling",
        files!(
            "moving-and-handling":
            "imsmanifest.xml",
            "lessons/assess.html",
            "lessons/backs.html",
            "lessons/people.html",
            "shared/course.css",
            "shared/lesson.js",
            "shared/scorm.js",
            "test/index.html",
            "test/test.js",
        ),
    ),
];

/// The courses: a name for each, and its zip file, the same each time.
///
/// # Errors
/// When a zip file cannot be written.
pub fn courses() -> Result<Vec<(&'static str, Vec<u8>)>, WriteError> {
    let packed = |(name, files): (&'static str, Files)| {
        let mut writer = Writer::new();
        for (path, bytes) in files {
            writer.file(path, bytes)?;
        }
        Ok((name, writer.done()?))
    };
    COURSES.into_iter().map(packed).collect()
}

#[cfg(test)]
mod tests {
    use std::{io::Cursor, path::Path};

    use scorm::{Item, Limits, Package, Standard};

    use super::*;

    fn opened() -> Vec<Package<Cursor<Vec<u8>>>> {
        let courses = courses().unwrap();
        courses
            .into_iter()
            .map(|(_, zip)| Package::open(Cursor::new(zip), &Limits::default()).unwrap())
            .collect()
    }

    fn launched(item: &Item) -> Vec<&str> {
        let own = item.launch.iter().map(|launch| launch.path.as_str());
        own.chain(item.children.iter().flat_map(launched)).collect()
    }

    #[test]
    fn both_are_taken_and_nothing_is_told_of_them() {
        for mut package in opened() {
            assert_eq!(package.findings, []);
            let paths: Vec<String> = package.files().map(|file| file.path.clone()).collect();
            for path in paths {
                package.read_file(&path, std::io::sink()).unwrap();
            }
        }
        assert_eq!(courses().unwrap(), courses().unwrap());
    }

    #[test]
    fn one_has_a_score_and_the_other_an_order() {
        let packages = opened();
        let [fire, moving] = packages.as_slice() else { panic!("{}", packages.len()) };
        assert_eq!(
            (fire.manifest.standard, fire.manifest.title.as_str()),
            (Standard::Scorm12, "Fire safety")
        );
        assert_eq!(launched(&fire.manifest.root), ["index.html"]);
        assert_eq!(fire.manifest.root.children[0].mastery_score, Some(80.0));
        assert_eq!(moving.manifest.standard, Standard::Scorm2004);
        assert_eq!(
            launched(&moving.manifest.root),
            ["lessons/backs.html", "lessons/assess.html", "lessons/people.html", "test/index.html"]
        );
        let test = &moving.manifest.root.children[1];
        assert_eq!(test.scaled_passing, Some(0.8));
        let rule = &test.sequencing.as_ref().unwrap()["sequencingRules"]["preConditionRules"][0];
        assert_eq!(rule["action"], "disabled");
    }

    #[test]
    fn every_file_of_their_folders_is_in_them() {
        fn below(folder: &Path, count: &mut usize) {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() { below(&path, count) } else { *count += 1 }
            }
        }
        for (name, files) in COURSES {
            let mut count = 0;
            below(&Path::new(env!("CARGO_MANIFEST_DIR")).join("courses").join(name), &mut count);
            assert_eq!(files.len(), count, "{name}");
        }
    }
}
