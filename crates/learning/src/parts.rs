//! The parts of a course, as pages list them.

use askama::{Template, filters::HtmlSafe};
use scorm::{Item, Manifest};
use web::ui::Tag;

use crate::{attempts::Status, words};

/// What is visible of a course's tree.
#[derive(Template)]
#[template(path = "parts.html")]
pub(crate) struct Parts {
    parts: Vec<Part>,
}

impl HtmlSafe for Parts {}

struct Part {
    title: String,
    /// How far somebody is in it, where that is asked for.
    status: Option<Tag>,
    below: Option<Parts>,
}

impl Parts {
    /// The parts of a course where it has several, with how far each is where there is somebody who is in it.
    pub(crate) fn of(manifest: &Manifest, progress: Option<&[(String, Status)]>) -> Option<Self> {
        let parts = Self::below(&manifest.root, progress)?;
        let is_one = parts.parts.len() == 1 && parts.parts.iter().all(|part| part.below.is_none());
        (!is_one).then_some(parts)
    }

    fn below(item: &Item, progress: Option<&[(String, Status)]>) -> Option<Self> {
        let visible = item.children.iter().filter(|child| child.visible);
        let parts: Vec<Part> = visible.map(|child| Part::of(child, progress)).collect();
        (!parts.is_empty()).then_some(Self { parts })
    }
}

impl Part {
    fn of(item: &Item, progress: Option<&[(String, Status)]>) -> Self {
        let status = progress.filter(|_| item.launch.is_some()).map(|progress| {
            let held = progress.iter().find(|(identifier, _)| *identifier == item.identifier);
            words::status(held.map_or(Status::NotAttempted, |(_, status)| *status))
        });
        Self { title: item.title.clone(), status, below: Parts::below(item, progress) }
    }
}
