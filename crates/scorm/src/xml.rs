//! The XML of a manifest as a tree, within limits.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use quick_xml::{
    NsReader, XmlVersion,
    events::{BytesRef, BytesStart, Event},
    name::{NamespaceResolver, ResolveResult},
};

use crate::{FindingKind, Refused};

/// Elements stand so deep in each other at most.
const DEEPEST: usize = 64;
/// Elements and attributes there are at most.
const MOST: usize = 200_000;
/// Attributes of an element, and prefixes at a time, at most.
const MOST_OF_ELEMENT: usize = 64;
/// An address of a vocabulary that is known has so many bytes at most. A longer one would be looked through for each name that it is for.
const LONGEST_NAMESPACE: usize = 200;
/// An element and an attribute weigh so many bytes besides their texts.
const OF_ELEMENT: usize = 256;
const OF_ATTRIBUTE: usize = 32;

/// Which vocabulary a name is of: by its namespace's address, since each edition and tool has its own prefixes and versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Space {
    /// None.
    No,
    /// Content packaging of IMS.
    Packaging,
    /// ADL's own.
    Adl,
    /// Simple sequencing of IMS.
    Sequencing,
    /// ADL's extensions to it.
    AdlSequencing,
    /// ADL's navigation.
    Navigation,
    /// `xml:`.
    Xml,
    /// Any other.
    Other,
}

impl Space {
    /// From an address, or from a prefix that was never bound to one.
    fn of(named: &str) -> Self {
        if named.len() > LONGEST_NAMESPACE {
            return Self::Other;
        }
        let named = named.to_ascii_lowercase();
        if named.ends_with("/xml/1998/namespace") || named == "xml" {
            return Self::Xml;
        }
        let known = [
            ("adlseq", Self::AdlSequencing),
            ("adlnav", Self::Navigation),
            ("adlcp", Self::Adl),
            ("imsss", Self::Sequencing),
            ("imscp", Self::Packaging),
        ];
        known.iter().find(|(part, _)| named.contains(part)).map_or(Self::Other, |(_, space)| *space)
    }

    fn resolved(result: &ResolveResult<'_>) -> Self {
        match result {
            ResolveResult::Unbound => Self::No,
            ResolveResult::Bound(namespace) => Self::of(namespace.as_ref()),
            ResolveResult::Unknown(prefix) => Self::of(prefix),
        }
    }
}

/// An element and all in it.
#[derive(Debug)]
pub(crate) struct Element {
    pub(crate) space: Space,
    pub(crate) name: String,
    attributes: Vec<(Space, String, String)>,
    pub(crate) children: Vec<Element>,
    /// Its own text, without that of its children.
    text: String,
}

impl Element {
    /// Whether it has this name. What has no namespace counts as any: some tools leave them out.
    pub(crate) fn is(&self, space: Space, name: &str) -> bool {
        (self.space == space || self.space == Space::No) && self.name.eq_ignore_ascii_case(name)
    }

    pub(crate) fn all<'e>(&'e self, space: Space, name: &'e str) -> impl Iterator<Item = &'e Element> {
        self.children.iter().filter(move |child| child.is(space, name))
    }

    pub(crate) fn child(&self, space: Space, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.is(space, name))
    }

    /// An attribute. Those without a prefix are of the element's own vocabulary, and count where one with a prefix is asked for.
    pub(crate) fn attribute(&self, space: Space, name: &str) -> Option<&str> {
        let of = |wanted: Space| {
            let named = |(space, other, _): &&(Space, String, String)| {
                *space == wanted && other.eq_ignore_ascii_case(name)
            };
            self.attributes.iter().find(named).map(|(_, _, value)| value.as_str())
        };
        of(space).or_else(|| if space == Space::Xml { None } else { of(Space::No) })
    }

    /// An attribute without a prefix, without spaces around it.
    pub(crate) fn own(&self, name: &str) -> Option<&str> {
        self.attribute(Space::No, name).map(str::trim)
    }

    /// Whether it has an attribute that is written so, in capital and small letters.
    pub(crate) fn has_exactly(&self, name: &str) -> bool {
        self.attributes.iter().any(|(_, other, _)| other == name)
    }

    /// Its text, with spaces and ends of lines as one space; none where there is none.
    pub(crate) fn text(&self) -> Option<String> {
        let words: Vec<&str> = self.text.split_whitespace().collect();
        let text: String = words.join(" ").chars().filter(|character| !character.is_control()).collect();
        Some(text).filter(|text| !text.is_empty())
    }

    /// Its text as it stands there.
    pub(crate) fn raw_text(&self) -> &str {
        &self.text
    }

    /// What it takes to read it once more with all in it: bytes, more or less.
    pub(crate) fn weight(&self) -> usize {
        let attributes =
            self.attributes.iter().map(|(_, name, value)| OF_ATTRIBUTE + name.len() + value.len());
        let children = self.children.iter().map(Element::weight);
        OF_ELEMENT + self.text.len() + attributes.sum::<usize>() + children.sum::<usize>()
    }

    /// Any element in it, however deep.
    pub(crate) fn any(&self, wanted: &dyn Fn(&Element) -> bool) -> bool {
        wanted(self) || self.children.iter().any(|child| child.any(wanted))
    }

    /// Whether it or anything in it has a name of this vocabulary.
    pub(crate) fn speaks(&self, space: Space) -> bool {
        self.any(&|element| {
            element.space == space || element.attributes.iter().any(|(other, _, _)| *other == space)
        })
    }
}

/// The text of a manifest, and whether some of it is not in the encoding that it names.
pub(crate) fn decode(bytes: &[u8]) -> (Cow<'_, str>, bool) {
    let (encoding, mark) = match Encoding::for_bom(bytes) {
        Some(found) => found,
        None if bytes.starts_with(b"<\0") => (UTF_16LE, 0),
        None if bytes.starts_with(b"\0<") => (UTF_16BE, 0),
        None => (declared(bytes), 0),
    };
    let bytes = bytes.get(mark..).unwrap_or_default();
    let (text, wrong) = encoding.decode_without_bom_handling(bytes);
    if wrong && encoding == UTF_8 {
        return (WINDOWS_1252.decode_without_bom_handling(bytes).0, true);
    }
    (text, wrong)
}

/// The encoding that the first line names.
fn declared(bytes: &[u8]) -> &'static Encoding {
    let start = &bytes[..bytes.len().min(256)];
    let start = String::from_utf8_lossy(start);
    let named = start
        .split_once("?>")
        .and_then(|(line, _)| line.split_once("encoding"))
        .and_then(|(_, rest)| rest.trim_start().strip_prefix('='))
        .and_then(|rest| {
            let rest = rest.trim_start();
            let quote = rest.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
            rest[1..].split(quote).next()
        })
        .and_then(|label| Encoding::for_label(label.as_bytes()));
    // What reads as letters so far is not UTF-16, whatever it says.
    named.filter(|encoding| *encoding != UTF_16LE && *encoding != UTF_16BE).unwrap_or(UTF_8)
}

/// Reads the root element.
pub(crate) fn parse(text: &str) -> Result<Element, Refused> {
    let broken = |what: String| Refused::because(FindingKind::BrokenManifest, what);
    let mut reader = NsReader::from_str(text.trim_start_matches('\u{feff}').trim_start());
    reader.resolver_mut().set_max_namespace_bindings(MOST_OF_ELEMENT);
    let mut counted = 0_usize;
    let mut open: Vec<Element> = Vec::new();
    let mut root = None;
    loop {
        let event = reader.read_event().map_err(|error| broken(error.to_string()))?;
        match event {
            Event::Start(start) | Event::Empty(start) if root.is_some() => {
                return Err(broken(format!("<{}>", start.name().as_ref())));
            }
            Event::Start(start) => {
                let element = element(&start, reader.resolver(), &mut counted)?;
                if open.len() == DEEPEST {
                    return Err(broken(element.name));
                }
                open.push(element);
            }
            Event::Empty(start) => {
                let element = element(&start, reader.resolver(), &mut counted)?;
                close(element, &mut open, &mut root);
            }
            Event::End(_) => {
                if let Some(element) = open.pop() {
                    close(element, &mut open, &mut root);
                }
            }
            Event::Text(piece) => append(&mut open, &piece.xml10_content()),
            Event::CData(piece) => append(&mut open, &piece.xml10_content()),
            Event::GeneralRef(name) => {
                let character = character(&name).ok_or_else(|| broken(format!("&{};", name.as_ref())))?;
                append(&mut open, character.encode_utf8(&mut [0; 4]));
            }
            // It could name further files, and texts without end.
            Event::DocType(_) => return Err(Refused::because(FindingKind::Doctype, "")),
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
            Event::Eof => break,
        }
    }
    match (open.pop(), root) {
        (None, Some(root)) => Ok(root),
        (Some(unclosed), _) => Err(broken(format!("<{}>", unclosed.name))),
        (None, None) => Err(broken(String::new())),
    }
}

fn append(open: &mut [Element], piece: &str) {
    if let Some(element) = open.last_mut() {
        element.text.push_str(&without_controls(piece));
    }
}

/// Without what XML has no place for: some tools write what was pasted into them as it came, and databases do not take NUL.
fn without_controls(text: &str) -> Cow<'_, str> {
    let stray = |character: char| character.is_control() && !matches!(character, '\t' | '\n' | '\r');
    if text.contains(stray) { Cow::Owned(text.replace(stray, "")) } else { Cow::Borrowed(text) }
}

fn close(element: Element, open: &mut [Element], root: &mut Option<Element>) {
    match open.last_mut() {
        Some(parent) => parent.children.push(element),
        None => *root = Some(element),
    }
}

fn element(
    start: &BytesStart<'_>,
    resolver: &NamespaceResolver,
    counted: &mut usize,
) -> Result<Element, Refused> {
    let broken = |what: &str| Refused::because(FindingKind::BrokenManifest, what);
    let (space, name) = resolver.resolve_element(start.name());
    let name = name.as_ref().to_owned();
    *counted += 1;
    let mut attributes = Vec::new();
    // Looking for doubles takes the square of their number.
    for attribute in start.attributes().with_checks(false) {
        let attribute = attribute.map_err(|_| broken(&name))?;
        if attribute.key.as_namespace_binding().is_some() {
            continue;
        }
        let (space, key) = resolver.resolve_attribute(attribute.key);
        let value = attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|_| broken(key.as_ref()))?;
        let value = without_controls(&value).into_owned();
        attributes.push((Space::resolved(&space), key.as_ref().to_owned(), value));
        *counted += 1;
        if attributes.len() > MOST_OF_ELEMENT {
            return Err(broken(&name));
        }
    }
    if *counted > MOST {
        return Err(Refused::because(FindingKind::ManifestTooLarge, ""));
    }
    Ok(Element {
        space: Space::resolved(&space),
        name,
        attributes,
        children: Vec::new(),
        text: String::new(),
    })
}

fn character(name: &BytesRef<'_>) -> Option<char> {
    match name.as_ref() {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "amp" => Some('&'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => name.resolve_char_ref().ok().flatten(),
    }
}
