use serde::{Deserialize, Serialize};

/// The standard that a package was made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Standard {
    /// SCORM 1.2.
    #[serde(rename = "scorm12")]
    Scorm12,
    /// SCORM 2004, any edition.
    #[serde(rename = "scorm2004")]
    Scorm2004,
}

impl Standard {
    /// As it stands in the database and on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Scorm12 => "scorm12",
            Self::Scorm2004 => "scorm2004",
        }
    }
}

/// What a package's manifest says. Kept with each version as JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Its standard.
    pub standard: Standard,
    /// As the manifest names it, such as `2004 4th Edition`.
    pub edition: Option<String>,
    /// The course's title.
    pub title: String,
    /// The organisation that is taken, whose children are what there is to do.
    pub root: Item,
}

/// One node of the tree: a folder, or something that is opened.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Item {
    /// Unique in its manifest.
    pub identifier: String,
    /// What people read.
    pub title: String,
    /// What is opened for it; none for a folder.
    pub launch: Option<Launch>,
    /// Whether it is shown in the tree.
    pub visible: bool,
    /// SCORM 2004: controls of the player that it asks to hide, such as `continue` and `previous`.
    pub hidden_controls: Vec<String>,
    /// SCORM 1.2: from 0 to 100, where a raw score from which on it is passed is given.
    pub mastery_score: Option<f64>,
    /// SCORM 2004: from -1 to 1, where a scaled score from which on it is passed is given.
    pub scaled_passing: Option<f64>,
    /// SCORM 2004: when progress counts as completed.
    pub completion_threshold: Option<CompletionThreshold>,
    /// The most time for it, as written.
    pub max_time: Option<String>,
    /// What happens then, as written.
    pub time_limit_action: Option<String>,
    /// What the course wants to be told when it is opened.
    pub data_from_lms: Option<String>,
    /// SCORM 1.2: as written.
    pub prerequisites: Option<String>,
    /// SCORM 2004: what scorm-again's `settings.sequencing.activityTree` takes for this activity besides its `id`, `title`,
    /// `isVisible` and `children`.
    pub sequencing: Option<serde_json::Value>,
    /// What is below it.
    pub children: Vec<Item>,
}

/// What is opened for an item.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Launch {
    /// A file of the package: decoded, with `/` between its parts, without `..`.
    pub path: String,
    /// Empty, or with its leading `?` (and `#…`).
    pub query: String,
    /// Whether it speaks to the portal (a SCO); otherwise it is only shown (an asset) and done once it was.
    pub tracked: bool,
}

/// SCORM 2004: `adlcp:completionThreshold`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct CompletionThreshold {
    /// Whether progress decides at all.
    pub completed_by_measure: bool,
    /// From 0 to 1.
    pub least_progress: f64,
    /// Its share in what its parent has.
    pub weight: f64,
}
