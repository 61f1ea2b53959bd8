//! From a manifest's XML to what it says.

use std::{
    collections::{HashMap, HashSet},
    io,
};

use serde_json::{Map, Value, json};

use crate::{
    CompletionThreshold, FindingKind, Item, Launch, Limits, Manifest, Refused, Standard,
    budget::Budget,
    finding::{Findings, more_than},
    names::{Found, Names, Reference},
    sequencing::{self, Collection, truth},
    xml::{Element, Space},
};

/// A title has so many characters at most; the rest is left out.
const LONGEST_TITLE: usize = 500;
/// An identifier has so many bytes at most.
const LONGEST_IDENTIFIER: usize = 1_000;
/// What a course is told when it is opened has so many bytes at most.
const LONGEST_DATA: usize = 64 * 1024;
/// Items lie so deep in each other at most, whatever the limits say: what is kept of them has to be read again.
const DEEPEST_ITEMS: usize = 48;
/// Controls of a player that a course may hide.
const CONTROLS: [&str; 7] =
    ["continue", "previous", "exit", "exitAll", "abandon", "abandonAll", "suspendAll"];

/// The files that a manifest refers to, as far as their addresses can be read.
pub(crate) fn referred(root: &Element) -> Vec<Reference> {
    let (mut found, mut budget) = (Vec::new(), Budget::default());
    for resources in root.all(Space::Packaging, "resources") {
        for resource in resources.all(Space::Packaging, "resource") {
            let bases = bases(root, resources, resource);
            let files = resource.all(Space::Packaging, "file").filter_map(|file| file.own("href"));
            for href in resource.own("href").into_iter().chain(files) {
                if !budget.take(Reference::weight(&bases, href)) {
                    return found;
                }
                found.extend(Reference::new(&bases, href).ok());
            }
        }
    }
    found
}

fn bases<'m>(root: &'m Element, resources: &'m Element, resource: &'m Element) -> [Option<&'m str>; 3] {
    [root, resources, resource].map(|element| element.attribute(Space::Xml, "base"))
}

/// Reads a manifest whose package has these files.
pub(crate) fn manifest(
    root: &Element,
    names: &Names,
    limits: &Limits,
    findings: &mut Findings,
) -> Result<Option<Manifest>, Refused> {
    if !root.is(Space::Packaging, "manifest") {
        findings.add(FindingKind::NotScorm, format!("<{}>", root.name));
        return Ok(None);
    }
    let Some((standard, edition)) = standard(root) else {
        findings.add(FindingKind::NotScorm, "");
        return Ok(None);
    };
    let mut reader = Reader {
        names,
        limits,
        findings,
        standard,
        resources: HashMap::new(),
        shared: Collection::new(),
        seen: HashSet::new(),
        budget: Budget::default(),
        items: 0,
        launched: 0,
    };
    reader.resources(root)?;
    for collection in root.all(Space::Sequencing, "sequencingCollection") {
        for sequencing in collection.all(Space::Sequencing, "sequencing") {
            if let Some(id) = sequencing.own("ID") {
                reader.shared.insert(id, sequencing);
            }
        }
    }
    let Some(organization) = reader.organization(root) else {
        reader.findings.add(FindingKind::NothingToLaunch, "");
        return Ok(None);
    };
    let mut tree = reader.item(organization, 0)?;
    if reader.launched == 0 {
        reader.findings.add(FindingKind::NothingToLaunch, "");
    }
    let title = [titled(organization), described(root), first_title(&tree)].into_iter().flatten().next();
    let title = title.unwrap_or_else(|| tree.identifier.clone());
    tree.title.clone_from(&title);
    let manifest = Manifest { standard, edition, title, root: tree };
    let mut counted = Counted { left: limits.tree_bytes };
    if serde_json::to_writer(&mut counted, &manifest).is_err() {
        findings.add(FindingKind::TreeTooLarge, more_than(limits.tree_bytes as u64));
    }
    Ok(Some(manifest))
}

/// Takes so many bytes, to no place.
struct Counted {
    left: usize,
}

impl io::Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.left = self.left.checked_sub(bytes.len()).ok_or(io::ErrorKind::WriteZero)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The standard and how it is named; none where it is none of SCORM.
fn standard(root: &Element) -> Option<(Standard, Option<String>)> {
    let metadata = root.child(Space::Packaging, "metadata");
    let said =
        |name| metadata.and_then(|metadata| metadata.child(Space::Packaging, name)).and_then(Element::text);
    let version = said("schemaversion").map(|version| version.chars().take(100).collect::<String>());
    let by_version = version.as_deref().and_then(|version| match version.to_ascii_lowercase() {
        version if version == "1.2" || version.contains("scorm 1.2") => Some(Standard::Scorm12),
        version if version.contains("2004") || version.contains("cam 1.3") => Some(Standard::Scorm2004),
        _ => None,
    });
    let sequenced =
        [Space::Sequencing, Space::AdlSequencing, Space::Navigation].iter().any(|space| root.speaks(*space));
    let standard = match by_version {
        Some(standard) => standard,
        // 2004 writes `scormType`, 1.2 `scormtype`.
        None if sequenced || root.any(&|element| element.has_exactly("scormType")) => Standard::Scorm2004,
        None if root.speaks(Space::Adl)
            || said("schema").is_some_and(|schema| schema.to_ascii_lowercase().contains("scorm")) =>
        {
            Standard::Scorm12
        }
        None => return None,
    };
    Some((standard, version))
}

fn titled(element: &Element) -> Option<String> {
    let title = element.child(Space::Packaging, "title").and_then(Element::text)?;
    Some(title.chars().take(LONGEST_TITLE).collect())
}

/// The title in the package's description (LOM), whichever version of it.
fn described(root: &Element) -> Option<String> {
    let metadata = root.child(Space::Packaging, "metadata")?;
    let mut path = ["lom", "general", "title"].into_iter();
    let title = path.try_fold(metadata, |element, name| {
        element.children.iter().find(|child| child.name.eq_ignore_ascii_case(name))
    })?;
    let text = title.children.iter().find_map(Element::text).or_else(|| title.text())?;
    Some(text.chars().take(LONGEST_TITLE).collect())
}

fn first_title(item: &Item) -> Option<String> {
    item.children.first().map(|child| child.title.clone())
}

/// A resource, and the addresses that its own address is in.
struct Resource<'m> {
    element: &'m Element,
    bases: [Option<&'m str>; 3],
}

struct Reader<'r, 'm> {
    names: &'r Names,
    limits: &'r Limits,
    findings: &'r mut Findings,
    standard: Standard,
    resources: HashMap<&'m str, Resource<'m>>,
    shared: Collection<'m>,
    /// Identifiers of items.
    seen: HashSet<String>,
    budget: Budget,
    items: usize,
    /// Items that something is opened for, also where that is not there.
    launched: usize,
}

impl<'m> Reader<'_, 'm> {
    /// The address, as far as there is budget for it.
    fn reference(
        &mut self,
        bases: &[Option<&str>],
        href: &str,
    ) -> Result<Result<Reference, FindingKind>, Refused> {
        if self.budget.take(Reference::weight(bases, href)) {
            Ok(Reference::new(bases, href))
        } else {
            Err(Refused::because(FindingKind::ManifestTooLarge, ""))
        }
    }

    fn resources(&mut self, root: &'m Element) -> Result<(), Refused> {
        for resources in root.all(Space::Packaging, "resources") {
            for element in resources.all(Space::Packaging, "resource") {
                let bases = bases(root, resources, element);
                for file in element.all(Space::Packaging, "file") {
                    self.listed(&bases, file.own("href").unwrap_or_default())?;
                }
                if let Some(identifier) = element.own("identifier") {
                    self.resources.entry(identifier).or_insert(Resource { element, bases });
                }
            }
        }
        Ok(())
    }

    /// A file that the manifest lists: nothing depends on it until a course asks for it.
    fn listed(&mut self, bases: &[Option<&str>], href: &str) -> Result<(), Refused> {
        if href.is_empty() {
            return Ok(());
        }
        // Some tools list what lies elsewhere; only what is opened matters.
        let Ok(reference) = self.reference(bases, href)? else { return Ok(()) };
        if self.present(&reference).is_none() {
            self.findings.add(FindingKind::MissingFile, &reference.path);
        }
        Ok(())
    }

    /// The path of the file that is meant.
    fn present(&mut self, reference: &Reference) -> Option<String> {
        let mut alike = None;
        for path in [Some(&reference.path), reference.literal.as_ref()].into_iter().flatten() {
            match self.names.find(path) {
                Found::Exactly => return Some(path.clone()),
                Found::Alike(other) => alike = alike.or(Some((path, other))),
                Found::Nothing => {}
            }
        }
        let (written, path) = alike?;
        self.findings.add(FindingKind::CaseDiffers, written);
        Some(path.to_owned())
    }

    fn organization(&mut self, root: &'m Element) -> Option<&'m Element> {
        let organizations = root.child(Space::Packaging, "organizations")?;
        let wanted = organizations.own("default").filter(|wanted| !wanted.is_empty());
        let all = || organizations.all(Space::Packaging, "organization");
        let chosen = wanted.and_then(|wanted| all().find(|one| one.own("identifier") == Some(wanted)));
        let chosen = match (chosen, wanted, all().next()) {
            (Some(chosen), _, _) => chosen,
            (None, Some(wanted), Some(first)) => {
                self.findings.add(FindingKind::NoDefaultOrganization, wanted);
                first
            }
            (None, None, Some(first)) => first,
            (None, _, None) => return None,
        };
        for other in all().filter(|other| !std::ptr::eq(*other, chosen)) {
            let name = titled(other).or_else(|| other.own("identifier").map(str::to_owned));
            self.findings.add(FindingKind::OtherOrganizations, name.unwrap_or_default());
        }
        Some(chosen)
    }

    fn item(&mut self, element: &'m Element, depth: usize) -> Result<Item, Refused> {
        self.items += 1;
        // What is built must not outgrow what was read, so this ends it.
        if self.items > self.limits.items + 1 {
            return Err(Refused::because(
                FindingKind::TooManyItems,
                format!("more than {}", self.limits.items),
            ));
        }
        if depth > self.limits.depth.min(DEEPEST_ITEMS) {
            return Err(Refused::because(
                FindingKind::ItemsTooDeep,
                element.own("identifier").unwrap_or_default(),
            ));
        }
        let identifier = self.identifier(element);
        let adl = |name| element.child(Space::Adl, name).and_then(Element::text);
        let mut item = Item {
            title: titled(element).unwrap_or_else(|| identifier.clone()),
            launch: self.launch(element)?,
            visible: element.own("isvisible").and_then(truth).unwrap_or(true),
            time_limit_action: adl("timeLimitAction").map(|action| action.to_ascii_lowercase()),
            data_from_lms: self.data(element, &identifier),
            identifier,
            ..Item::default()
        };
        match self.standard {
            Standard::Scorm12 => {
                item.mastery_score = self.mastery_score(element, &item.identifier);
                item.max_time = adl("maxtimeallowed");
                item.prerequisites = adl("prerequisites");
            }
            Standard::Scorm2004 => self.sequenced(element, &mut item)?,
        }
        for child in element.all(Space::Packaging, "item") {
            item.children.push(self.item(child, depth + 1)?);
        }
        Ok(item)
    }

    fn identifier(&mut self, element: &Element) -> String {
        let written = element.own("identifier").unwrap_or_default();
        if written.len() > LONGEST_IDENTIFIER {
            self.findings.add(FindingKind::TooLong, written);
        }
        let is_plain = !written.chars().any(char::is_control);
        if !is_plain {
            self.findings.add(FindingKind::BadValue, format!("identifier=\"{written}\""));
        }
        let mut identifier =
            if written.is_empty() || !is_plain { format!("item-{}", self.items) } else { written.to_owned() };
        if self.seen.contains(&identifier) {
            self.findings.add(FindingKind::DuplicateIdentifier, written);
            // Numbers of items do not repeat; written identifiers that look so end here too.
            while self.seen.contains(&identifier) {
                identifier = format!("{identifier}-{}", self.items);
            }
        }
        self.seen.insert(identifier.clone());
        identifier
    }

    fn launch(&mut self, item: &Element) -> Result<Option<Launch>, Refused> {
        let Some(name) = item.own("identifierref").filter(|name| !name.is_empty()) else { return Ok(None) };
        let label = || titled(item).unwrap_or_else(|| name.to_owned());
        let found = self.resources.get(name).and_then(|resource| {
            let href = resource.element.own("href").filter(|href| !href.is_empty())?;
            Some((resource.element, resource.bases, href))
        });
        let Some((element, bases, href)) = found else {
            self.findings.add(FindingKind::BrokenReference, label());
            return Ok(None);
        };
        self.launched += 1;
        let tracked = match element.attribute(Space::Adl, "scormType").map(str::trim) {
            Some(kind) if kind.eq_ignore_ascii_case("asset") => false,
            Some(kind) if kind.eq_ignore_ascii_case("sco") => true,
            // To wait for a result that never comes is seen; to count what was only looked at is not.
            _ => {
                self.findings.add(FindingKind::NoScormType, label());
                true
            }
        };
        let reference = match self.reference(&bases, href)? {
            Ok(reference) => reference,
            Err(kind) => {
                self.findings.add(kind, href);
                return Ok(None);
            }
        };
        let Some(path) = self.present(&reference) else {
            self.findings.add(FindingKind::MissingLaunch, &reference.path);
            return Ok(None);
        };
        match reference.query(item.own("parameters").unwrap_or_default()) {
            Ok(query) => Ok(Some(Launch { path, query, tracked })),
            Err(kind) => {
                self.findings.add(kind, label());
                Ok(None)
            }
        }
    }

    fn data(&mut self, element: &Element, identifier: &str) -> Option<String> {
        let data = element.child(Space::Adl, "dataFromLMS")?.raw_text().trim();
        if data.len() > LONGEST_DATA {
            self.findings.add(FindingKind::TooLong, format!("{identifier}: dataFromLMS"));
        }
        (!data.is_empty()).then(|| data.to_owned())
    }

    fn mastery_score(&mut self, element: &Element, identifier: &str) -> Option<f64> {
        let text = element.child(Space::Adl, "masteryscore").and_then(Element::text)?;
        self.number(&text, 100.0, &format!("{identifier}: masteryscore"))
    }

    fn number(&mut self, text: &str, most: f64, what: &str) -> Option<f64> {
        let number = text.parse().ok().filter(|number| (0.0..=most).contains(number));
        if number.is_none() {
            self.findings.add(FindingKind::BadValue, format!("{what} {text}"));
        }
        number
    }

    fn sequenced(&mut self, element: &'m Element, item: &mut Item) -> Result<(), Refused> {
        let data = element.child(Space::Adl, "data");
        let has_room = self.budget.take(data.map_or(0, Element::weight));
        let sequenced =
            sequencing::of(element, &item.identifier, &self.shared, self.findings, &mut self.budget);
        let Some(sequenced) = sequenced.filter(|_| has_room) else {
            return Err(Refused::because(FindingKind::TreeTooLarge, &item.identifier));
        };
        let mut settings = sequenced.settings;
        item.scaled_passing = sequenced.scaled_passing;
        item.max_time = sequenced.max_time;
        item.completion_threshold = self.completion_threshold(element, &item.identifier);
        if let Some(threshold) = item.completion_threshold {
            let threshold = json!({
                "completedByMeasure": threshold.completed_by_measure,
                "minProgressMeasure": threshold.least_progress,
                "progressWeight": threshold.weight,
            });
            settings.insert("completionThreshold".into(), threshold);
        }
        if let Some(action) = &item.time_limit_action {
            settings.insert("timeLimitAction".into(), action.as_str().into());
        }
        item.hidden_controls = self.hidden_controls(element, &item.identifier);
        if !item.hidden_controls.is_empty() {
            settings.insert("hideLmsUi".into(), item.hidden_controls.clone().into());
        }
        let shared = data.map(shared_data).unwrap_or_default();
        if !shared.is_empty() {
            settings.insert("sharedDataMaps".into(), shared.into());
        }
        item.sequencing = Some(Value::Object(settings));
        Ok(())
    }

    /// The 4th edition has attributes, those before it only a number.
    fn completion_threshold(&mut self, element: &Element, identifier: &str) -> Option<CompletionThreshold> {
        let threshold = element.child(Space::Adl, "completionThreshold")?;
        let mut measure = |name: &str| {
            let text = threshold.own(name)?;
            self.number(text, 1.0, &format!("{identifier}: {name}"))
        };
        let (least, weight) = (measure("minProgressMeasure"), measure("progressWeight").unwrap_or(1.0));
        let by_measure = threshold.own("completedByMeasure").and_then(truth);
        if let Some(text) = threshold.text() {
            let least = self.number(&text, 1.0, &format!("{identifier}: completionThreshold"))?;
            return Some(CompletionThreshold { completed_by_measure: true, least_progress: least, weight });
        }
        Some(CompletionThreshold {
            completed_by_measure: by_measure.unwrap_or(false),
            least_progress: least.unwrap_or(1.0),
            weight,
        })
    }

    fn hidden_controls(&mut self, element: &Element, identifier: &str) -> Vec<String> {
        let interface = element
            .child(Space::Navigation, "presentation")
            .and_then(|presentation| presentation.child(Space::Navigation, "navigationInterface"));
        let mut found = Vec::new();
        for hidden in interface.iter().flat_map(|interface| interface.all(Space::Navigation, "hideLMSUI")) {
            let Some(word) = hidden.text() else { continue };
            match CONTROLS.iter().find(|control| control.eq_ignore_ascii_case(&word)) {
                Some(control) if found.iter().all(|other| other != control) => {
                    found.push((*control).to_owned());
                }
                Some(_) => {}
                None => self.findings.add(FindingKind::BadValue, format!("{identifier}: hideLMSUI {word}")),
            }
        }
        found
    }
}

/// 4th edition: what an activity keeps together with others.
fn shared_data(data: &Element) -> Vec<Value> {
    data.all(Space::Adl, "map")
        .filter_map(|map| {
            let target = map.own("targetID").filter(|target| !target.is_empty())?;
            let flag = |name, usual| map.own(name).and_then(truth).unwrap_or(usual);
            let mut found = Map::new();
            found.insert("targetID".into(), target.into());
            found.insert("readSharedData".into(), flag("readSharedData", true).into());
            found.insert("writeSharedData".into(), flag("writeSharedData", true).into());
            Some(Value::Object(found))
        })
        .collect()
}
