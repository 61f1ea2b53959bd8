//! Zip files: what is refused, and what is put up with.

use std::io::{self, Cursor, Read, Seek, SeekFrom};

use scorm::{FindingKind, Limits, Package, ReadError, Severity};

use crate::{
    PLAIN, open,
    raw::{self, Entry},
    refused, zip,
};

/// A course with one more file.
fn with(entry: Entry) -> Vec<u8> {
    raw::zip(&[
        Entry::new(b"imsmanifest.xml", PLAIN.as_bytes()),
        Entry::new(b"index.html", b"<p>Hello"),
        entry,
    ])
}

#[test]
fn hostile_and_damaged_ones_are_refused() {
    let file = |name: &str| Entry::new(name.as_bytes(), b"x");
    let long = "a".repeat(401);
    let deep = format!("{}x.html", "a/".repeat(25));
    let table: Vec<(&str, Entry, FindingKind)> = vec![
        ("up", file("../x.html"), FindingKind::UnsafePath),
        ("up in the middle", file("a/../../x.html"), FindingKind::UnsafePath),
        ("up that stays inside", file("a/../x.html"), FindingKind::UnsafePath),
        ("up as Windows writes it", file("..\\x.html"), FindingKind::UnsafePath),
        ("up to a folder", file("../"), FindingKind::UnsafePath),
        ("absolute", file("/etc/passwd"), FindingKind::UnsafePath),
        ("absolute as Windows writes it", file("\\x.html"), FindingKind::UnsafePath),
        ("network", file("\\\\host\\share\\x"), FindingKind::UnsafePath),
        ("drive", file("C:\\x.html"), FindingKind::UnsafePath),
        ("drive without folder", file("c:x.html"), FindingKind::UnsafePath),
        ("stream", file("x.html:more"), FindingKind::UnsafePath),
        ("end of text", file("x.html\0.png"), FindingKind::UnsafePath),
        ("control character", file("x\n.html"), FindingKind::UnsafePath),
        ("device", file("a/NUL"), FindingKind::UnsafePath),
        ("device with an ending", file("aux.html"), FindingKind::UnsafePath),
        ("device with a number", file("com1.txt"), FindingKind::UnsafePath),
        ("long", file(&long), FindingKind::PathTooLong),
        ("deep", file(&deep), FindingKind::TooDeep),
        ("link", Entry { mode: 0o120_777, ..Entry::new(b"x", b"/etc/passwd") }, FindingKind::NotAFile),
        ("pipe", Entry { mode: 0o010_644, ..file("x") }, FindingKind::NotAFile),
        ("device of Unix", Entry { mode: 0o020_644, ..file("x") }, FindingKind::NotAFile),
        ("password", Entry { flags: 1, ..file("x") }, FindingKind::Encrypted),
        ("Deflate64", Entry { method: 9, ..file("x") }, FindingKind::UnknownCompression),
        ("LZMA", Entry { method: 14, ..file("x") }, FindingKind::UnknownCompression),
        ("AES", Entry { method: 99, ..file("x") }, FindingKind::UnknownCompression),
        ("twice", file("index.html"), FindingKind::DuplicateFile),
        ("twice, written in two ways", file("./index.html"), FindingKind::DuplicateFile),
        ("a second manifest", file("imsmanifest.xml"), FindingKind::DuplicateFile),
        ("large", Entry { size: Some(1024 * 1024 * 1024 + 1), ..file("x") }, FindingKind::FileTooLarge),
        ("bomb", Entry { size: Some(900 * 1024 * 1024), ..file("x") }, FindingKind::Bomb),
    ];
    for (name, entry, kind) in table {
        let found = refused(open(with(entry)));
        assert!(found.contains(&kind), "{name}: {found:?}");
    }
}

#[test]
fn what_is_no_zip_file_is_refused() {
    let whole = with(Entry::new(b"x", b"x"));
    let mut no_end = whole.clone();
    no_end.truncate(whole.len() - 22);
    let mut half = whole.clone();
    half.truncate(whole.len() / 2);
    let late = whole[40..].to_vec();
    let table: Vec<(&str, Vec<u8>)> = vec![
        ("nothing", Vec::new()),
        ("text", b"a course".to_vec()),
        ("RAR", b"Rar!\x1a\x07\x01\0 and more".to_vec()),
        ("without its end", no_end),
        ("half", half),
        ("without its beginning", late),
        ("more files than there are", raw::zip_saying(&[Entry::new(b"imsmanifest.xml", b"")], 900)),
        ("zip64 with files without end", raw::zip64_saying(u64::MAX / 64, u64::MAX / 2)),
        ("zip64 with many files", raw::zip64_saying(4_000, 1 << 40)),
        (
            "one file under many names",
            raw::overlapping(
                &Entry::new(b"imsmanifest.xml", PLAIN.as_bytes()),
                &["imsmanifest.xml", "index.html"],
            ),
        ),
    ];
    for (name, bytes) in table {
        let found = refused(open(bytes));
        assert!(found.contains(&FindingKind::NotAZip), "{name}: {found:?}");
    }
    assert_eq!(refused(open(raw::zip(&[]))), [FindingKind::NoManifest]);
}

#[test]
fn limits_are_kept() {
    let bytes =
        zip(&[("imsmanifest.xml", PLAIN.as_bytes()), ("index.html", &[b'x'; 3000]), ("b.js", &[b'y'; 2000])]);
    let usual = Limits::default();
    let table = [
        (Limits { packed_bytes: bytes.len() as u64 - 1, ..usual }, FindingKind::TooLarge),
        (Limits { unpacked_bytes: 5000, ..usual }, FindingKind::UnpacksTooLarge),
        (Limits { file_bytes: 2999, ..usual }, FindingKind::FileTooLarge),
        (Limits { files: 2, ..usual }, FindingKind::TooManyFiles),
        (Limits { files: 1, ..usual }, FindingKind::TooManyFiles),
        (Limits { manifest_bytes: 100, ..usual }, FindingKind::ManifestTooLarge),
        (Limits { tree_bytes: 500, ..usual }, FindingKind::TreeTooLarge),
        (Limits { items: 0, ..usual }, FindingKind::TooManyItems),
        (Limits { depth: 0, ..usual }, FindingKind::ItemsTooDeep),
    ];
    for (limits, kind) in table {
        let found = refused(Package::open(Cursor::new(bytes.clone()), &limits));
        assert_eq!(found, [kind], "{limits:?}");
    }
}

#[test]
fn a_directory_that_is_most_of_the_file_is_not_held_in_memory() {
    let entries: Vec<Entry> = (0..40).map(|_| Entry::new(&[b'a'; 60_000], b"x")).collect();
    let limits = Limits { files: 100, ..Limits::default() };
    let found = refused(Package::open(Cursor::new(raw::zip(&entries)), &limits));
    assert_eq!(found, [FindingKind::NotAZip]);
}

#[test]
fn a_bomb_is_seen_by_its_ratio() {
    let zeros = vec![0; 8 * 1024 * 1024];
    let bytes = zip(&[("imsmanifest.xml", PLAIN.as_bytes()), ("index.html", b"<p>"), ("zeros.bin", &zeros)]);
    assert_eq!(refused(open(bytes)), [FindingKind::Bomb]);
}

#[test]
fn a_file_that_is_larger_than_said_or_damaged_is_refused_as_it_is_read() {
    for (name, entry) in [
        ("checksum", Entry { checksum: Some(1), ..Entry::new(b"x", b"four") }),
        ("shorter", Entry { size: Some(9), ..Entry::new(b"x", b"four") }),
        ("longer", Entry { size: Some(2), ..Entry::new(b"x", b"four") }),
        ("no Deflate", Entry { method: 8, size: Some(400), ..Entry::new(b"x", b"\xff\xff\xff\xff") }),
    ] {
        let mut package = open(with(entry)).unwrap();
        let mut sink = Vec::new();
        let error = package.read_file("x", &mut sink).unwrap_err();
        assert!(
            matches!(&error, ReadError::Refused(refused) if refused.errors().all(|error| error.kind == FindingKind::BrokenFile)),
            "{name}: {error}"
        );
        // The rest is as it was.
        assert_eq!(package.read_file("index.html", &mut Vec::new()).unwrap(), 8);
    }
    // The same for the manifest, which is read at once.
    let broken = Entry { checksum: Some(1), ..Entry::new(b"imsmanifest.xml", PLAIN.as_bytes()) };
    assert_eq!(refused(open(raw::zip(&[broken]))), [FindingKind::BrokenFile]);
}

#[test]
fn a_file_that_inflates_past_what_is_said_is_not_written_further() {
    let zeros = vec![0; 4 * 1024 * 1024];
    let honest = zip(&[("zeros.bin", &zeros)]);
    // Where the packed bytes are: after the header and the name.
    let mut archive = zip::ZipArchive::new(Cursor::new(honest.clone())).unwrap();
    let raw_file = archive.by_index_raw(0).unwrap();
    let (start, length) = (raw_file.data_start().unwrap() as usize, raw_file.compressed_size() as usize);
    drop(raw_file);
    let packed = &honest[start..start + length];
    let entry = Entry { method: 8, size: Some(100), ..Entry::new(b"x", packed) };
    let mut package = open(with(entry)).unwrap();
    let mut sink = Vec::new();
    assert!(matches!(package.read_file("x", &mut sink), Err(ReadError::Refused(_))));
    assert!(sink.len() <= 64 * 1024, "{}", sink.len());
}

#[test]
fn what_tools_leave_behind_is_left_out() {
    let bytes = raw::zip(&[
        Entry::new(b"imsmanifest.xml", PLAIN.as_bytes()),
        Entry::new(b"index.html", b"<p>"),
        Entry::new(b"__MACOSX/._index.html", b"x"),
        Entry::new(b".DS_Store", b"x"),
        Entry::new(b"media/.DS_Store", b"x"),
        Entry::new(b"media\\Thumbs.db", b"x"),
        Entry::new(b"media/", b""),
        Entry::new(b"empty\\", b""),
        Entry::new(b"media\\film.mp4", b"x"),
    ]);
    let package = open(bytes).unwrap();
    let paths: Vec<&str> = package.files().map(|file| file.path.as_str()).collect();
    assert_eq!(paths, ["imsmanifest.xml", "index.html", "media/film.mp4"]);
    assert_eq!(package.findings, []);
}

#[test]
fn a_package_in_a_folder_of_its_own_is_taken_without_it() {
    let bytes = zip(&[
        ("course/fire/imsmanifest.xml", PLAIN.as_bytes()),
        ("course/fire/index.html", b"<p>"),
        ("__MACOSX/course/._fire", b"x"),
    ]);
    let mut package = open(bytes).unwrap();
    let told: Vec<(FindingKind, &str)> =
        package.findings.iter().map(|finding| (finding.kind, finding.what.as_str())).collect();
    assert_eq!(told, [(FindingKind::TopFolder, "course"), (FindingKind::TopFolder, "fire")]);
    assert!(package.findings.iter().all(|finding| finding.severity == Severity::Warning));
    assert_eq!(package.read_file("index.html", &mut Vec::new()).unwrap(), 3);
    // Not where something lies beside it.
    let bytes = zip(&[("course/imsmanifest.xml", PLAIN.as_bytes()), ("readme.txt", b"x")]);
    assert_eq!(refused(open(bytes)), [FindingKind::ManifestInFolder]);
}

#[test]
fn other_standards_are_named() {
    for path in ["cmi5.xml", "tincan.xml", "content/tincan.xml"] {
        let bytes = zip(&[(path, b"<x/>"), ("index.html", b"<p>"), ("story.html", b"<p>")]);
        assert_eq!(refused(open(bytes)), [FindingKind::OtherStandard], "{path}");
    }
}

#[test]
fn names_are_read_in_the_encoding_that_the_manifest_knows() {
    let manifest = PLAIN.replace("index.html", "%C3%9Cbung.html");
    for (name, flags, path) in [
        // UTF-8, with the mark and without.
        ("Übung.html".as_bytes().to_vec(), 1 << 11, "Übung.html"),
        ("Übung.html".as_bytes().to_vec(), 0, "Übung.html"),
        // Letters and marks apart, as on macOS.
        ("U\u{308}bung.html".as_bytes().to_vec(), 1 << 11, "Übung.html"),
        // Code page 437, and Windows-1252.
        (b"\x9abung.html".to_vec(), 0, "Übung.html"),
        (b"\xdcbung.html".to_vec(), 0, "Übung.html"),
    ] {
        let entry = Entry { flags, ..Entry::new(&name, b"<p>") };
        let mut package =
            open(raw::zip(&[Entry::new(b"imsmanifest.xml", manifest.as_bytes()), entry])).unwrap();
        assert_eq!(package.manifest.root.children[0].launch.as_ref().unwrap().path, path);
        assert_eq!(package.read_file(path, &mut Vec::new()).unwrap(), 3);
        assert_eq!(package.findings, []);
    }
}

#[test]
fn names_that_differ_in_capitals_are_told() {
    let bytes = zip(&[("imsmanifest.xml", PLAIN.as_bytes()), ("index.html", b"<p>"), ("Index.html", b"<p>")]);
    let package = open(bytes).unwrap();
    assert_eq!(
        package.findings.iter().map(|finding| finding.kind).collect::<Vec<_>>(),
        [FindingKind::NamesAlike]
    );
    // And a manifest that writes them otherwise means the file all the same.
    let bytes = zip(&[("imsManifest.xml", PLAIN.as_bytes()), ("INDEX.HTML", b"<p>")]);
    let package = open(bytes).unwrap();
    assert_eq!(package.manifest.root.children[0].launch.as_ref().unwrap().path, "INDEX.HTML");
    assert_eq!(
        package.findings.iter().map(|finding| finding.kind).collect::<Vec<_>>(),
        [FindingKind::CaseDiffers]
    );
}

#[test]
fn what_is_written_is_read_and_the_same_each_time() {
    let image: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    let files: [(&str, &[u8]); 4] = [
        ("imsmanifest.xml", PLAIN.as_bytes()),
        ("index.html", b"<p>Hello"),
        ("a/b/c/picture.png", &image),
        ("empty.js", b""),
    ];
    assert_eq!(zip(&files), zip(&files));
    let mut package = open(zip(&files)).unwrap();
    assert_eq!(package.findings, []);
    for (path, bytes) in files {
        let mut sink = Vec::new();
        assert_eq!(package.read_file(path, &mut sink).unwrap(), bytes.len() as u64);
        assert_eq!(sink, bytes, "{path}");
    }
    let sizes: Vec<u64> = package.files().map(|file| file.bytes).collect();
    assert_eq!(sizes, [100_000, 0, PLAIN.len() as u64, 8]);
    let missing = package.read_file("nothing.html", Vec::new()).unwrap_err();
    assert!(matches!(missing, ReadError::Io(error) if error.kind() == io::ErrorKind::NotFound));
}

#[test]
fn large_and_streamed_ones_are_read() {
    use std::io::Write;
    use zip::{ZipWriter, write::SimpleFileOptions};
    let files: [(&str, &[u8]); 2] = [("imsmanifest.xml", PLAIN.as_bytes()), ("index.html", b"<p>Hello")];
    // With the fields of zip64, and with sizes that come after the bytes.
    let mut large = ZipWriter::new(Cursor::new(Vec::new()));
    let mut streamed = ZipWriter::new_stream(Vec::new());
    for (path, bytes) in files {
        large.start_file(path, SimpleFileOptions::default().large_file(true)).unwrap();
        large.write_all(bytes).unwrap();
        streamed.start_file(path, SimpleFileOptions::default()).unwrap();
        streamed.write_all(bytes).unwrap();
    }
    for bytes in [large.finish().unwrap().into_inner(), streamed.finish().unwrap().into_inner()] {
        let mut package = open(bytes).unwrap();
        let mut sink = Vec::new();
        assert_eq!(package.read_file("index.html", &mut sink).unwrap(), 8);
        assert_eq!(sink, b"<p>Hello");
    }
}

/// A disk that fails from some place on.
struct Failing(Cursor<Vec<u8>>, u64);

impl Read for Failing {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.0.position() >= self.1 {
            Err(io::Error::other("the disk is gone"))
        } else {
            self.0.read(buffer)
        }
    }
}

impl Seek for Failing {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.0.seek(to)
    }
}

#[test]
fn a_failing_disk_is_not_the_packages_fault() {
    let bytes = with(Entry::new(b"x", b"x"));
    for from in [0, 10, bytes.len() as u64 - 30] {
        let error = Package::open(Failing(Cursor::new(bytes.clone()), from), &Limits::default()).unwrap_err();
        assert!(matches!(error, ReadError::Io(_)), "{from}: {error}");
    }
}

/// Whoever writes the files can fail too.
struct Full;

impl io::Write for Full {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::Error::from(io::ErrorKind::StorageFull))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_full_disk_is_not_the_packages_fault() {
    let mut package = open(with(Entry::new(b"x", b"x"))).unwrap();
    let error = package.read_file("index.html", Full).unwrap_err();
    assert!(matches!(error, ReadError::Io(error) if error.kind() == io::ErrorKind::StorageFull));
}
