//! Names of files: as a zip file has them, and as a manifest refers to them.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
};

use encoding_rs::{UTF_8, WINDOWS_1252};
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use unicode_normalization::UnicodeNormalization;

use crate::{FindingKind, Limits};

/// Names that Windows keeps for devices, whatever ending follows.
const DEVICES: [&str; 4] = ["con", "prn", "aux", "nul"];
/// What in a query would not be sent as it is.
const QUERY: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'\'')
    .add(b'<')
    .add(b'>')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');
/// A query has so many bytes at most, as it is written and as it is sent.
const LONGEST_QUERY: usize = 4_000;
/// An address has so many bytes at most, and each of the bases that it is in.
const LONGEST_ADDRESS: usize = 4_000;
/// An address weighs so many bytes besides its own.
const OF_ADDRESS: usize = 64;

/// The path of a file, from its name in the zip file; none where its name says that it is no part of the course.
pub(crate) fn packed(name: &str, limits: &Limits) -> Result<Option<String>, FindingKind> {
    if name.len() > limits.path_bytes {
        return Err(FindingKind::PathTooLong);
    }
    // Tools of Windows write `\`, though the format says `/`.
    let name = name.replace('\\', "/");
    if name.starts_with('/') || name.chars().any(char::is_control) {
        return Err(FindingKind::UnsafePath);
    }
    let mut parts = Vec::new();
    for part in name.split('/') {
        match part {
            "" | "." => {}
            // A colon is a drive, or a stream beside the file.
            part if part == ".." || part.contains(':') || is_device(part) => {
                return Err(FindingKind::UnsafePath);
            }
            part => parts.push(part),
        }
    }
    let left_out = parts.first().is_some_and(|first| *first == "__MACOSX")
        || parts.last().is_some_and(|last| matches!(*last, ".DS_Store" | "Thumbs.db" | "desktop.ini"));
    if left_out || parts.is_empty() {
        return Ok(None);
    }
    if parts.len() > limits.depth + 1 {
        return Err(FindingKind::TooDeep);
    }
    Ok(Some(composed(&parts.join("/"))))
}

fn is_device(part: &str) -> bool {
    let stem = part.split('.').next().unwrap_or(part).trim_end().to_ascii_lowercase();
    let numbered = |stem: &str| {
        let digit = stem.strip_prefix("com").or_else(|| stem.strip_prefix("lpt"));
        digit.is_some_and(|digit| matches!(digit.as_bytes(), [b'1'..=b'9']))
    };
    DEVICES.contains(&stem.as_str()) || numbered(&stem)
}

/// Letters and their marks as one: macOS writes names with them apart.
fn composed(name: &str) -> String {
    name.nfc().collect()
}

/// The files of a package, by their paths.
#[derive(Debug, Default)]
pub(crate) struct Names {
    paths: HashSet<String>,
    /// In small letters, with one of those that are so.
    folded: HashMap<String, String>,
}

/// What is there for a path.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found<'n> {
    /// The file.
    Exactly,
    /// A file whose name has other capital letters.
    Alike(&'n str),
    Nothing,
}

impl Names {
    pub(crate) fn new<'n>(paths: impl Iterator<Item = &'n str>) -> Self {
        let mut names = Self::default();
        for path in paths {
            names.folded.entry(path.to_lowercase()).or_insert_with(|| path.to_owned());
            names.paths.insert(path.to_owned());
        }
        names
    }

    pub(crate) fn find(&self, path: &str) -> Found<'_> {
        if self.paths.contains(path) {
            return Found::Exactly;
        }
        match self.folded.get(&path.to_lowercase()) {
            Some(other) => Found::Alike(other),
            None => Found::Nothing,
        }
    }
}

/// What an address in a manifest means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reference {
    /// The path of the file, with `%20` and the like read as what they stand for.
    pub(crate) path: String,
    /// The path as it is written, where that is another.
    pub(crate) literal: Option<String>,
    /// What follows `?`.
    query: Option<String>,
    /// What follows `#`.
    fragment: Option<String>,
}

impl Reference {
    /// The address `href`, where each of `bases` is a folder within the one before.
    pub(crate) fn new(bases: &[Option<&str>], href: &str) -> Result<Self, FindingKind> {
        let href = href.trim();
        if href.len() > LONGEST_ADDRESS || bases.iter().flatten().any(|base| base.len() > LONGEST_ADDRESS) {
            return Err(FindingKind::TooLong);
        }
        let mut path = String::new();
        for base in bases.iter().copied().flatten() {
            let (base, _, _) = parted(base.trim());
            join(&mut path, &local(&base.replace('\\', "/"))?);
        }
        let (own, query, fragment) = parted(href);
        join(&mut path, &local(&own.replace('\\', "/"))?);
        let decoded = decoded(&path);
        let (literal, path) = (settled(&path)?, settled(&decoded)?);
        Ok(Self {
            literal: (literal != path).then_some(literal),
            path,
            query: query.map(str::to_owned),
            fragment: fragment.map(str::to_owned),
        })
    }

    /// What it takes to make one.
    pub(crate) fn weight(bases: &[Option<&str>], href: &str) -> usize {
        let all = bases.iter().copied().flatten().chain([href]);
        OF_ADDRESS + all.map(|address| address.len().min(LONGEST_ADDRESS)).sum::<usize>()
    }

    /// What follows the path, with an item's parameters as SCORM's Content Aggregation Model appends them.
    pub(crate) fn query(mut self, parameters: &str) -> Result<String, FindingKind> {
        if parameters.len() > LONGEST_QUERY {
            return Err(FindingKind::TooLong);
        }
        let parameters = parameters.trim().trim_start_matches(['?', '&']);
        let (queried, fragment) = match parameters.split_once('#') {
            Some((queried, fragment)) => (queried, Some(fragment)),
            None => (parameters, None),
        };
        if !queried.is_empty() {
            self.query = Some(match self.query {
                Some(query) if !query.is_empty() => format!("{query}&{queried}"),
                _ => queried.to_owned(),
            });
        }
        // Where there are two, the parameters' is left out.
        if self.fragment.is_none() {
            self.fragment = fragment.map(str::to_owned);
        }
        let mut whole = String::new();
        for (sign, part) in [('?', &self.query), ('#', &self.fragment)] {
            if let Some(part) = part.as_ref().filter(|part| !part.is_empty()) {
                whole.push(sign);
                whole.extend(utf8_percent_encode(part, QUERY));
            }
        }
        if whole.len() > LONGEST_QUERY { Err(FindingKind::TooLong) } else { Ok(whole) }
    }
}

/// Path, query and fragment of an address.
fn parted(address: &str) -> (&str, Option<&str>, Option<&str>) {
    let (address, fragment) = match address.split_once('#') {
        Some((address, fragment)) => (address, Some(fragment)),
        None => (address, None),
    };
    match address.split_once('?') {
        Some((path, query)) => (path, Some(query), fragment),
        None => (address, None, fragment),
    }
}

/// The address, unless it leads elsewhere.
fn local(address: &str) -> Result<Cow<'_, str>, FindingKind> {
    let scheme = address
        .split(['/', '?', '#'])
        .next()
        .and_then(|first| first.split_once(':'))
        .map(|(scheme, _)| scheme);
    match scheme {
        Some(scheme) if ["http", "https", "ftp"].iter().any(|known| scheme.eq_ignore_ascii_case(known)) => {
            Err(FindingKind::RemoteLaunch)
        }
        Some(_) => Err(FindingKind::BadLaunch),
        None if address.starts_with("//") => Err(FindingKind::RemoteLaunch),
        None => Ok(Cow::Borrowed(address)),
    }
}

/// Bases are folders, though some tools leave out the `/` at their end.
fn join(path: &mut String, more: &str) {
    if more.starts_with('/') {
        path.clear();
    } else if !path.is_empty() && !path.ends_with('/') && !more.is_empty() {
        path.push('/');
    }
    path.push_str(more);
}

/// `%20` and the like as what they stand for.
fn decoded(path: &str) -> String {
    let bytes: Cow<'_, [u8]> = percent_decode_str(path).into();
    let (text, wrong) = UTF_8.decode_without_bom_handling(&bytes);
    if wrong { WINDOWS_1252.decode_without_bom_handling(&bytes).0.into_owned() } else { text.into_owned() }
}

/// Without `.`, `..` and what is empty.
fn settled(path: &str) -> Result<String, FindingKind> {
    if path.chars().any(char::is_control) {
        return Err(FindingKind::BadLaunch);
    }
    let mut parts = Vec::new();
    let path = path.replace('\\', "/");
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop().ok_or(FindingKind::BadLaunch)?;
            }
            part => parts.push(part),
        }
    }
    Ok(composed(&parts.join("/")))
}
