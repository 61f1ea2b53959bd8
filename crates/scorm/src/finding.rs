use std::{fmt, io};

use serde::{Deserialize, Serialize};

/// Whether something keeps a package out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// It is refused.
    Error,
    /// It is taken, and whoever uploads it is told.
    Warning,
}

/// What is wrong with a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingKind {
    /// It cannot be read as a zip file.
    NotAZip,
    /// The zip file has too many bytes.
    TooLarge,
    /// It has too many files.
    TooManyFiles,
    /// Its files have too many bytes, all together.
    UnpacksTooLarge,
    /// A file has too many bytes.
    FileTooLarge,
    /// A file is packed so small that it can only be meant to fill a disk.
    Bomb,
    /// A file's name leads out of the package, or is none on some computers.
    UnsafePath,
    /// A file's path is too long.
    PathTooLong,
    /// A file lies in too many folders.
    TooDeep,
    /// Something is no file but a link, or a device.
    NotAFile,
    /// A file asks for a password.
    Encrypted,
    /// A file is packed in a way that is not read.
    UnknownCompression,
    /// A name is there twice.
    DuplicateFile,
    /// A file's bytes are not what was packed.
    BrokenFile,
    /// There is no manifest.
    NoManifest,
    /// There is one, but in a folder that is not all of the package.
    ManifestInFolder,
    /// It is a course, but none of SCORM.
    OtherStandard,
    /// The manifest has too many bytes or elements.
    ManifestTooLarge,
    /// Its items and their rules take too many bytes, or refer too often to what is long.
    TreeTooLarge,
    /// The manifest is no XML.
    BrokenManifest,
    /// The manifest has a document type, which could name further files.
    Doctype,
    /// The manifest is none of SCORM.
    NotScorm,
    /// Nothing in it can be opened.
    NothingToLaunch,
    /// What is opened lies on another computer.
    RemoteLaunch,
    /// What is opened has an address that is no file of the package.
    BadLaunch,
    /// What is opened is not in the package.
    MissingLaunch,
    /// There are too many items.
    TooManyItems,
    /// Items lie too deep in each other.
    ItemsTooDeep,
    /// A name or an address is too long.
    TooLong,
    /// A file that the manifest lists is not there.
    MissingFile,
    /// The package lies in a folder of its own.
    TopFolder,
    /// Two names differ in capital letters only.
    NamesAlike,
    /// The manifest writes a name with other capital letters.
    CaseDiffers,
    /// The organisation that is to be taken is not there.
    NoDefaultOrganization,
    /// There are organisations that are not taken.
    OtherOrganizations,
    /// An identifier is there twice.
    DuplicateIdentifier,
    /// An item names a resource that is not there, or that has nothing to open.
    BrokenReference,
    /// A resource does not say whether it speaks to the portal.
    NoScormType,
    /// A value is none of those that the standard knows.
    BadValue,
    /// Letters that are not in the encoding that the manifest names.
    BadCharacters,
}

impl FindingKind {
    /// Whether it keeps the package out.
    #[must_use]
    pub fn severity(self) -> Severity {
        match self {
            Self::NotAZip
            | Self::TooLarge
            | Self::TooManyFiles
            | Self::UnpacksTooLarge
            | Self::FileTooLarge
            | Self::Bomb
            | Self::UnsafePath
            | Self::PathTooLong
            | Self::TooDeep
            | Self::NotAFile
            | Self::Encrypted
            | Self::UnknownCompression
            | Self::DuplicateFile
            | Self::BrokenFile
            | Self::NoManifest
            | Self::ManifestInFolder
            | Self::OtherStandard
            | Self::ManifestTooLarge
            | Self::TreeTooLarge
            | Self::BrokenManifest
            | Self::Doctype
            | Self::NotScorm
            | Self::NothingToLaunch
            | Self::RemoteLaunch
            | Self::BadLaunch
            | Self::MissingLaunch
            | Self::TooManyItems
            | Self::ItemsTooDeep
            | Self::TooLong => Severity::Error,
            Self::MissingFile
            | Self::TopFolder
            | Self::NamesAlike
            | Self::CaseDiffers
            | Self::NoDefaultOrganization
            | Self::OtherOrganizations
            | Self::DuplicateIdentifier
            | Self::BrokenReference
            | Self::NoScormType
            | Self::BadValue
            | Self::BadCharacters => Severity::Warning,
        }
    }
}

/// What happened and what to do, for whoever uploads the package, without the file or element that it is about and without a full
/// stop.
impl fmt::Display for FindingKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotAZip => {
                "This is not a zip file, or it is damaged. Publish the course as a SCORM package and upload the zip file it makes"
            }
            Self::TooLarge => "The zip file is too large",
            Self::TooManyFiles => "The package has too many files",
            Self::UnpacksTooLarge => "The files of the package are too large together",
            Self::FileTooLarge => "A file is too large",
            Self::Bomb => "A file unpacks to far more than a course has. Publish the course again",
            Self::UnsafePath => "A file has a name that cannot be taken. Rename it and publish the course again",
            Self::PathTooLong => "A file's name with its folders is too long",
            Self::TooDeep => "A file lies in too many folders",
            Self::NotAFile => "The package has a link in place of a file. Publish the course again with the file itself",
            Self::Encrypted => "The package has a password. Publish it without one",
            Self::UnknownCompression => {
                "A file is packed in a way that cannot be read. Zip the course with the usual method, Deflate"
            }
            Self::DuplicateFile => "A file is in the package twice",
            Self::BrokenFile => "A file in the package is damaged. Download or publish the package again",
            Self::NoManifest => {
                "There is no file imsmanifest.xml in the package. Publish the course as SCORM 1.2 or SCORM 2004, and upload the zip \
                 file as it is"
            }
            Self::ManifestInFolder => {
                "The file imsmanifest.xml is in a folder, beside other files. Zip what is in that folder, without the folder itself"
            }
            Self::OtherStandard => {
                "This package was published for another standard. Publish the course as SCORM 1.2 or SCORM 2004"
            }
            Self::ManifestTooLarge => "The file imsmanifest.xml is too large",
            Self::TreeTooLarge => {
                "The parts of the course and their rules are more than can be kept. Publish it as several courses"
            }
            Self::BrokenManifest => "The file imsmanifest.xml cannot be read. Publish the course again",
            Self::Doctype => "The file imsmanifest.xml has a DOCTYPE, which is not taken. Publish the course without it",
            Self::NotScorm => {
                "The file imsmanifest.xml is not one of SCORM. Publish the course as SCORM 1.2 or SCORM 2004"
            }
            Self::NothingToLaunch => "Nothing in this package can be opened. Publish the course again",
            Self::RemoteLaunch => {
                "The course is on another website. Only courses whose files are in the package can be taken"
            }
            Self::BadLaunch => "The course opens something that cannot be a file of the package",
            Self::MissingLaunch => "The file that the course opens is not in the package",
            Self::TooManyItems => "The course has too many parts",
            Self::ItemsTooDeep => "The parts of the course lie too deep within each other",
            Self::TooLong => "A name or address in imsmanifest.xml is too long",
            Self::MissingFile => "A file that imsmanifest.xml lists is not in the package",
            Self::TopFolder => "The package lies in a folder of its own, which was left out",
            Self::NamesAlike => "Two files have names that differ only in capital letters",
            Self::CaseDiffers => "imsmanifest.xml writes the name of a file with other capital letters",
            Self::NoDefaultOrganization => {
                "The structure that imsmanifest.xml names as its default is not there, so the first was taken"
            }
            Self::OtherOrganizations => "imsmanifest.xml has more than one structure. This one was left out",
            Self::DuplicateIdentifier => "Two parts of the course have the same identifier, so the second got another",
            Self::BrokenReference => "A part of the course has nothing to open, so it is only shown as a heading",
            Self::NoScormType => "It is not said whether a part of the course reports its result, so it is taken that it does",
            Self::BadValue => "A value in imsmanifest.xml is none that SCORM knows, so it was left out",
            Self::BadCharacters => "Some letters in imsmanifest.xml are not written as it says and may look wrong",
        })
    }
}

/// One thing that is wrong with a package. Its `Display` is a sentence or two for whoever uploads it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Whether it keeps the package out.
    pub severity: Severity,
    /// What it is.
    pub kind: FindingKind,
    /// The file or element that it is about, shortened; empty where it is about all of it.
    pub what: String,
}

/// A finding shows so many characters of what it is about.
const SHOWN: usize = 160;

impl Finding {
    pub(crate) fn new(kind: FindingKind, what: impl AsRef<str>) -> Self {
        let what = what.as_ref();
        let mut shown: String = what
            .chars()
            .take(SHOWN)
            .map(|character| if character.is_control() { '\u{fffd}' } else { character })
            .collect();
        if what.chars().nth(SHOWN).is_some() {
            shown.push('…');
        }
        Self { severity: kind.severity(), kind, what: shown }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.what.is_empty() {
            write!(f, "{}.", self.kind)
        } else {
            write!(f, "{}: {}", self.kind, self.what)
        }
    }
}

/// A package that is not taken, and why: one error at least. Its `Display` is the first of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// All that was found, errors and warnings, in the order of finding.
    pub findings: Vec<Finding>,
}

impl Refused {
    pub(crate) fn because(kind: FindingKind, what: impl AsRef<str>) -> Self {
        Self { findings: vec![Finding::new(kind, what)] }
    }

    /// What keeps it out.
    pub fn errors(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.severity == Severity::Error)
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.errors().next() {
            Some(error) => error.fmt(f),
            None => FindingKind::BrokenFile.fmt(f),
        }
    }
}

impl std::error::Error for Refused {}

/// Why a package could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The package's fault.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// This computer's: where the package lies, or where its files go.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// How many bytes something may have, for whoever sent more.
pub(crate) fn more_than(bytes: u64) -> String {
    match bytes {
        0..1_048_576 => format!("more than {bytes} bytes"),
        _ => format!("more than {} MB", bytes / 1_048_576),
    }
}

/// Findings as they come: no more of them than somebody reads.
#[derive(Debug, Default)]
pub(crate) struct Findings(Vec<Finding>);

/// A package has so many findings at most.
const MOST: usize = 200;

impl Findings {
    /// Errors are always kept; the same is said once.
    pub(crate) fn add(&mut self, kind: FindingKind, what: impl AsRef<str>) {
        let finding = Finding::new(kind, what);
        if (self.0.len() < MOST || (finding.severity == Severity::Error && !self.has_errors()))
            && !self.0.contains(&finding)
        {
            self.0.push(finding);
        }
    }

    pub(crate) fn has_errors(&self) -> bool {
        self.0.iter().any(|finding| finding.severity == Severity::Error)
    }

    /// The warnings, unless there is an error.
    pub(crate) fn done(self) -> Result<Vec<Finding>, Refused> {
        if self.has_errors() { Err(Refused { findings: self.0 }) } else { Ok(self.0) }
    }
}
