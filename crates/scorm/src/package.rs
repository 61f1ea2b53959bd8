use std::{
    collections::HashSet,
    fmt,
    io::{self, Read, Seek, SeekFrom, Write},
};

use encoding_rs::WINDOWS_1252;
// `ZipIterable` walks the directory at the end of the file and makes room for nothing before it has been read, whatever the file
// says of itself; and, unlike `ZipArchive`, it shows a name that is there twice.
use zip::{
    CompressionMethod, ZipReadOptions,
    read::{OwnedZipFileEntry, ZipFileEntry},
    unstable::read::ZipIterable,
};

use crate::{
    Finding, FindingKind, Limits, Manifest, ReadError, Refused,
    finding::{Findings, more_than},
    names::{self, Found, Names},
    read, xml,
};

/// The file that makes a zip file a package.
const MANIFEST: &str = "imsmanifest.xml";
/// Files by which other standards are known.
const OTHERS: [&str; 4] = ["cmi5.xml", "tincan.xml", "course.au", "course.crs"];
/// A file this small may be packed as small as it likes.
const SMALL: u64 = 1024 * 1024;
/// The same for all files together: many small ones fill a disk as one large one does.
const SMALL_TOGETHER: u64 = 64 * 1024 * 1024;
/// How much of a file is unpacked at a time.
const PIECE: usize = 64 * 1024;
/// Bytes before a file's own in a zip file, at least.
const LOCAL_HEADER: u64 = 30;
/// What kind of file it is, in the permissions of Unix.
const KIND_OF_FILE: u32 = 0o170_000;
/// A file or a folder, or not said.
const PLAIN: [u32; 3] = [0, 0o100_000, 0o040_000];

/// A package whose directory and manifest are read and checked. Its files are read one by one.
pub struct Package<R> {
    /// What its manifest says.
    pub manifest: Manifest,
    /// What there is to be told of it: warnings only.
    pub findings: Vec<Finding>,
    source: Watched<R>,
    files: Vec<Packed>,
}

/// A file of a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackagedFile {
    /// With `/` between its parts, without `..`, and relative to the manifest.
    pub path: String,
    /// As the package says, which holds once the file is read to its end.
    pub bytes: u64,
}

struct Packed {
    file: PackagedFile,
    entry: OwnedZipFileEntry,
}

/// A file of the zip file, before the manifest is known.
struct Listed {
    path: String,
    /// Read in the other encoding, where the zip file names none.
    otherwise: Option<String>,
    entry: OwnedZipFileEntry,
}

impl<R> fmt::Debug for Package<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Package")
            .field("manifest", &self.manifest)
            .field("findings", &self.findings)
            .finish_non_exhaustive()
    }
}

impl<R: Read + Seek> Package<R> {
    /// Reads a package's directory and manifest, and checks all that can be checked without unpacking its other files.
    ///
    /// # Errors
    /// [`ReadError::Refused`] for whoever uploaded it; [`ReadError::Io`] where the source cannot be read.
    pub fn open(source: R, limits: &Limits) -> Result<Self, ReadError> {
        let mut source = Watched { source, failure: None, left: u64::MAX };
        let length = source.seek(SeekFrom::End(0))?;
        if length > limits.packed_bytes {
            return Err(Refused::because(FindingKind::TooLarge, more_than(limits.packed_bytes)).into());
        }
        let mut findings = Findings::default();
        let mut listed = list(&mut source, length, limits, &mut findings)?;
        strip_top_folder(&mut listed, &mut findings)?;
        let root = {
            let bytes = manifest_of(&listed, &mut source, limits)?;
            let (text, wrong) = xml::decode(&bytes);
            if wrong {
                findings.add(FindingKind::BadCharacters, "");
            }
            xml::parse(&text)?
        };
        choose_encoding(&mut listed, &root);
        check_doubles(&listed, &mut findings);
        let names = Names::new(listed.iter().map(|file| file.path.as_str()));
        let manifest = read::manifest(&root, &names, limits, &mut findings)?;
        let findings = findings.done()?;
        let Some(manifest) = manifest else {
            return Err(Refused::because(FindingKind::NothingToLaunch, "").into());
        };
        let packed = |file: Listed| Packed {
            file: PackagedFile { path: file.path, bytes: file.entry.size() },
            entry: file.entry,
        };
        Ok(Self { manifest, findings, source, files: listed.into_iter().map(packed).collect() })
    }

    /// Its files, in the order of their paths.
    pub fn files(&self) -> impl ExactSizeIterator<Item = &PackagedFile> {
        self.files.iter().map(|packed| &packed.file)
    }

    /// Unpacks a file to `sink` and says how many bytes it has. What was written counts only when this succeeds: the checksum comes
    /// at the end.
    ///
    /// # Errors
    /// [`ReadError::Refused`] where the file is damaged or larger than the package says; [`ReadError::Io`] where the source cannot
    /// be read, `sink` not written, or there is no file with this path.
    pub fn read_file(&mut self, path: &str, sink: impl Write) -> Result<u64, ReadError> {
        let at = self.files.binary_search_by(|packed| packed.file.path.as_str().cmp(path));
        let Some(packed) = at.ok().and_then(|at| self.files.get(at)) else {
            return Err(io::Error::from(io::ErrorKind::NotFound).into());
        };
        unpack(packed.entry.as_ref(), &packed.file.path, packed.file.bytes, &mut self.source, sink)
    }
}

/// What is in the zip file, in the order of paths.
fn list<R: Read + Seek>(
    source: &mut Watched<R>,
    length: u64,
    limits: &Limits,
    findings: &mut Findings,
) -> Result<Vec<Listed>, ReadError> {
    let (mut listed, mut places) = (Vec::new(), Vec::new());
    let (mut packed, mut unpacked) = (0_u64, 0_u64);
    source.left = most_of_directory(limits);
    let read = ZipIterable::try_new(&mut *source, zip::read::Config::default()).and_then(|mut zip| {
        // Folders are listed as well.
        if zip.len() > limits.files.saturating_mul(2) {
            return Ok(None);
        }
        zip.files()?.collect::<Result<Vec<_>, _>>().map(Some)
    });
    source.left = u64::MAX;
    let entries = match read {
        Ok(Some(entries)) => entries,
        Ok(None) => {
            return Err(
                Refused::because(FindingKind::TooManyFiles, format!("more than {}", limits.files)).into()
            );
        }
        Err(_) => return Err(source.fault(|| Refused::because(FindingKind::NotAZip, ""))),
    };
    for entry in entries {
        places.push((entry.header_start(), entry.compressed_size()));
        if let Some(file) = look_at(entry, limits, findings) {
            packed = packed.saturating_add(file.entry.compressed_size());
            unpacked = unpacked.saturating_add(file.entry.size());
            listed.push(file);
        }
    }
    if listed.len() > limits.files {
        findings.add(FindingKind::TooManyFiles, format!("more than {}", limits.files));
    }
    if unpacked > limits.unpacked_bytes {
        findings.add(FindingKind::UnpacksTooLarge, more_than(limits.unpacked_bytes));
    }
    if unpacked > SMALL_TOGETHER && unpacked / limits.ratio.max(1) > packed {
        findings.add(FindingKind::Bomb, "all files together");
    }
    // Many files of the same bytes are how a small package fills a disk.
    places.sort_unstable();
    let ends = |(start, packed): (u64, u64)| start.saturating_add(LOCAL_HEADER).saturating_add(packed);
    let overlap = places.windows(2).any(|pair| matches!(pair, [one, next] if ends(*one) > next.0));
    if overlap || places.last().is_some_and(|last| ends(*last) > length) {
        findings.add(FindingKind::NotAZip, "");
    }
    if findings.has_errors() {
        std::mem::take(findings).done()?;
    }
    Ok(listed)
}

/// What is read of the directory at most: it is held in memory, and could be most of the zip file.
fn most_of_directory(limits: &Limits) -> u64 {
    (limits.files as u64).saturating_mul(2048).saturating_add(SMALL)
}

/// A file, unless it is none of the course, or may not be taken.
fn look_at(entry: ZipFileEntry<'static>, limits: &Limits, findings: &mut Findings) -> Option<Listed> {
    let shown = String::from_utf8_lossy(entry.name_raw()).into_owned();
    let Ok(name) = entry.name().map(std::borrow::Cow::into_owned) else {
        findings.add(FindingKind::UnsafePath, shown);
        return None;
    };
    let path = match names::packed(&name, limits) {
        Ok(path) => path?,
        Err(kind) => {
            findings.add(kind, shown);
            return None;
        }
    };
    if entry.unix_mode().is_some_and(|mode| !PLAIN.contains(&(mode & KIND_OF_FILE))) {
        findings.add(FindingKind::NotAFile, shown);
        return None;
    }
    if entry.is_dir() || name.ends_with(['/', '\\']) {
        return None;
    }
    let method = entry.compression();
    let fault = if entry.encrypted() {
        Some(FindingKind::Encrypted)
    } else if !matches!(method, CompressionMethod::Stored | CompressionMethod::Deflated) {
        Some(FindingKind::UnknownCompression)
    } else if entry.size() > limits.file_bytes {
        Some(FindingKind::FileTooLarge)
    } else if entry.size() > SMALL && entry.size() / limits.ratio.max(1) > entry.compressed_size() {
        Some(FindingKind::Bomb)
    } else {
        None
    };
    if let Some(kind) = fault {
        findings.add(kind, shown);
        return None;
    }
    // Without a mark, the format says that names are in IBM's old code page; tools of Windows write its own.
    let otherwise = std::str::from_utf8(entry.name_raw())
        .is_err()
        .then(|| WINDOWS_1252.decode_without_bom_handling(entry.name_raw()).0)
        .and_then(|name| names::packed(&name, limits).ok().flatten());
    Some(Listed { path, otherwise, entry: entry.into() })
}

/// Paths as from the folder with the manifest, where all lies in one folder or in folders within each other.
fn strip_top_folder(listed: &mut [Listed], findings: &mut Findings) -> Result<(), Refused> {
    let is_manifest = |path: &str| path.eq_ignore_ascii_case(MANIFEST);
    while !listed.iter().any(|file| is_manifest(&file.path)) {
        let top = listed.first().and_then(|file| file.path.split_once('/')).map(|(top, _)| format!("{top}/"));
        let Some(top) = top.filter(|top| listed.iter().all(|file| file.path.starts_with(top.as_str())))
        else {
            return Err(without_manifest(listed));
        };
        for file in listed.iter_mut() {
            file.path.drain(..top.len());
            file.otherwise =
                file.otherwise.take().and_then(|path| path.split_once('/').map(|(_, rest)| rest.to_owned()));
        }
        findings.add(FindingKind::TopFolder, top.trim_end_matches('/'));
    }
    Ok(())
}

/// What is told where there is no manifest to be found.
fn without_manifest(listed: &[Listed]) -> Refused {
    let named = |names: &[&str]| {
        listed.iter().map(|file| file.path.as_str()).find(|path| {
            let own = path.rsplit('/').next().unwrap_or(path);
            names.iter().any(|name| own.eq_ignore_ascii_case(name))
        })
    };
    match (named(&[MANIFEST]), named(&OTHERS)) {
        (Some(path), _) => Refused::because(FindingKind::ManifestInFolder, path),
        (None, Some(path)) => Refused::because(FindingKind::OtherStandard, path),
        (None, None) => Refused::because(FindingKind::NoManifest, ""),
    }
}

fn manifest_of<R: Read + Seek>(
    listed: &[Listed],
    source: &mut Watched<R>,
    limits: &Limits,
) -> Result<Vec<u8>, ReadError> {
    let exactly = listed.iter().find(|file| file.path == MANIFEST);
    let found = exactly.or_else(|| listed.iter().find(|file| file.path.eq_ignore_ascii_case(MANIFEST)));
    let Some(file) = found else { return Err(Refused::because(FindingKind::NoManifest, "").into()) };
    let bytes = file.entry.size();
    if bytes > limits.manifest_bytes {
        return Err(Refused::because(FindingKind::ManifestTooLarge, more_than(limits.manifest_bytes)).into());
    }
    let mut manifest = Vec::new();
    unpack(file.entry.as_ref(), MANIFEST, bytes, source, &mut manifest)?;
    Ok(manifest)
}

/// Takes the names in the encoding in which the manifest refers to more of them, and puts the files in the order of their paths.
fn choose_encoding(listed: &mut [Listed], root: &xml::Element) {
    if listed.iter().any(|file| file.otherwise.is_some()) {
        let referred = read::referred(root);
        let hits = |names: &Names| {
            referred.iter().filter(|reference| names.find(&reference.path) == Found::Exactly).count()
        };
        let usual = hits(&Names::new(listed.iter().map(|file| file.path.as_str())));
        let other =
            hits(&Names::new(listed.iter().map(|file| file.otherwise.as_deref().unwrap_or(&file.path))));
        if other > usual {
            for file in listed.iter_mut() {
                if let Some(path) = file.otherwise.take() {
                    file.path = path;
                }
            }
        }
    }
    listed.sort_by(|one, other| one.path.cmp(&other.path));
}

fn check_doubles(listed: &[Listed], findings: &mut Findings) {
    let (mut exact, mut folded) = (HashSet::new(), HashSet::new());
    for file in listed {
        if !exact.insert(file.path.as_str()) {
            findings.add(FindingKind::DuplicateFile, &file.path);
        } else if !folded.insert(file.path.to_lowercase()) {
            findings.add(FindingKind::NamesAlike, &file.path);
        }
    }
}

fn unpack<R: Read + Seek>(
    entry: ZipFileEntry<'_>,
    path: &str,
    bytes: u64,
    source: &mut Watched<R>,
    mut sink: impl Write,
) -> Result<u64, ReadError> {
    let broken = || Refused::because(FindingKind::BrokenFile, path);
    let mut piece = vec![0; PIECE];
    let mut unpacked = 0_u64;
    let whole = match entry.with_reader(&mut *source, ZipReadOptions::new()) {
        Err(_) => false,
        Ok(mut file) => loop {
            match file.read(&mut piece) {
                Ok(0) => break true,
                Ok(read) => {
                    unpacked += read as u64;
                    // Whatever else is in it, it is not what the package says.
                    if unpacked > bytes {
                        return Err(broken().into());
                    }
                    sink.write_all(&piece[..read])?;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => break false,
            }
        },
    };
    if whole && unpacked == bytes { Ok(unpacked) } else { Err(source.fault(broken)) }
}

/// A source that remembers how it failed: what reads zip files takes that for damage.
struct Watched<R> {
    source: R,
    failure: Option<io::Error>,
    /// So many bytes may be read.
    left: u64,
}

impl<R> Watched<R> {
    fn noted<T>(&mut self, result: io::Result<T>) -> io::Result<T> {
        result.map_err(|error| {
            let kind = error.kind();
            // A seek to before the beginning is the package's fault.
            if !matches!(kind, io::ErrorKind::Interrupted | io::ErrorKind::InvalidInput) {
                self.failure.get_or_insert(error);
            }
            kind.into()
        })
    }

    /// Whose fault an error was: the source's, or the package's.
    fn fault(&mut self, refused: impl FnOnce() -> Refused) -> ReadError {
        match self.failure.take() {
            Some(failure) => failure.into(),
            None => refused().into(),
        }
    }
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        let result = self.source.read(&mut buffer[..most]);
        let read = self.noted(result)?;
        self.left -= read as u64;
        Ok(read)
    }
}

impl<R: Seek> Seek for Watched<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let result = self.source.seek(to);
        self.noted(result)
    }
}
