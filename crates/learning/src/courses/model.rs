use scorm::{Finding, Manifest, Standard};
use store::{Instant, StoreError};
use unicode_normalization::UnicodeNormalization;
use uuid::Uuid;

store::words! {
    /// Where a version of a course stands.
    pub enum VersionState {
        /// Its files are being written: nobody sees it.
        Arriving = "arriving",
        /// It was taken in, and nobody can begin it.
        Uploaded = "uploaded",
        /// It is what is begun.
        Published = "published",
        /// It is begun no more. Who is in it goes on with it.
        Retired = "retired",
    }
}

/// What an employer teaches.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Course {
    /// Its id.
    pub id: Uuid,
    /// Whose it is.
    pub employer_id: Uuid,
    /// The employer's own name for it.
    pub code: String,
    /// What people read.
    pub title: String,
    /// The same, at length.
    pub description: String,
    /// How long it takes; none where nobody has said.
    pub minutes: Option<i64>,
    /// When its first version was taken in.
    pub created_at: Instant,
    /// By whom; none for the operator.
    pub created_by: Option<Uuid>,
    /// The version that is begun from now on.
    pub current_version: Option<Uuid>,
}

/// A package of a course. What is in it stands in its [`Manifest`], which is read by itself.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Version {
    /// Its id.
    pub id: Uuid,
    /// Of which course.
    pub course_id: Uuid,
    /// From 1, in the order in which they were uploaded; one that was given up leaves a gap.
    pub number: i64,
    /// Where it stands.
    pub state: VersionState,
    /// `scorm12` or `scorm2004`.
    pub standard: String,
    /// What is wrong with it and can be lived with: `scorm::Finding`s as JSON.
    pub findings: String,
    /// As it was called.
    pub file_name: String,
    /// SHA-256 of the package, in hexadecimal.
    pub file_hash: String,
    /// Its bytes.
    pub size: i64,
    /// When it was taken in.
    pub uploaded_at: Instant,
    /// By whom; none for the operator.
    pub uploaded_by: Option<Uuid>,
    /// When it was last published.
    pub published_at: Option<Instant>,
    /// When it was last retired.
    pub retired_at: Option<Instant>,
    /// What its people have tried it on, in words.
    pub tested_on: String,
}

impl Version {
    /// What is wrong with it and can be lived with.
    ///
    /// # Errors
    /// Where the row is damaged.
    pub fn findings(&self) -> Result<Vec<Finding>, StoreError> {
        serde_json::from_str(&self.findings)
            .map_err(|_| StoreError::Damaged(format!("findings of version {}", self.id)))
    }

    /// The standard that it was made for.
    #[must_use]
    pub fn standard(&self) -> Standard {
        if self.standard == Standard::Scorm12.as_str() { Standard::Scorm12 } else { Standard::Scorm2004 }
    }
}

/// What is said of a package that is taken in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewVersion {
    /// The employer's own name for the course: letters, digits, `-`, `_` and `.`.
    pub code: String,
    /// The course's title; the manifest's for a new course, and as it is for others, unless given.
    pub title: Option<String>,
    /// The same for its description.
    pub description: Option<String>,
    /// The same for how many minutes it takes.
    pub minutes: Option<i64>,
    /// What it was tried on.
    pub tested_on: String,
    /// What the package is called.
    pub file_name: String,
}

/// A code has at most so many letters.
pub const MOST_CODE: usize = 40;
/// A title has at most so many letters.
pub const MOST_TITLE: usize = 200;
/// Other words have at most so many letters.
pub const MOST_WORDS: usize = 2000;
/// A course takes at most so many minutes: a hundred hours.
pub const MOST_MINUTES: i64 = 6000;

/// Why what is said of a package cannot be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// The code.
    #[error("The course code must be 1 to 40 letters, digits, hyphens, underscores or full stops")]
    Code,
    /// The title.
    #[error("The title must be 200 characters or fewer")]
    Title,
    /// The description.
    #[error("The description must be 2,000 characters or fewer")]
    Description,
    /// The minutes.
    #[error("How long it takes must be between 1 and 6,000 minutes")]
    Minutes,
    /// What it was tested on.
    #[error("What it was tested on must be 2,000 characters or fewer")]
    TestedOn,
}

impl NewVersion {
    /// The same without spaces around its words, where they can be taken.
    ///
    /// # Errors
    /// The first that cannot.
    pub fn fit(mut self) -> Result<Self, Unfit> {
        let trimmed =
            |text: Option<String>| text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        self.code = self.code.trim().to_owned();
        self.title = trimmed(self.title);
        self.description = trimmed(self.description);
        self.tested_on = self.tested_on.trim().to_owned();
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        if self.code.is_empty() || self.code.len() > MOST_CODE || !self.code.bytes().all(plain) {
            return Err(Unfit::Code);
        }
        let longer = |text: Option<&str>, most: usize| text.is_some_and(|text| text.chars().count() > most);
        if longer(self.title.as_deref(), MOST_TITLE) {
            return Err(Unfit::Title);
        }
        if longer(self.description.as_deref(), MOST_WORDS) {
            return Err(Unfit::Description);
        }
        if longer(Some(&self.tested_on), MOST_WORDS) {
            return Err(Unfit::TestedOn);
        }
        if self.minutes.is_some_and(|minutes| !(1..=MOST_MINUTES).contains(&minutes)) {
            return Err(Unfit::Minutes);
        }
        Ok(self)
    }
}

/// Words as they are compared where courses are looked for: in small letters of any script, and those with marks always written in the
/// same of their ways.
pub(crate) fn plain(words: &str) -> String {
    words.nfc().flat_map(char::to_lowercase).collect()
}

/// What a course is found by.
pub(super) fn words_of(code: &str, title: &str, description: &str) -> String {
    plain(&format!("{title} {code} {description}"))
}

/// The title of a course whose uploader gave none: the manifest's, as far as it fits.
pub(super) fn title_of(manifest: &Manifest, code: &str) -> String {
    let title: String = manifest.title.trim().chars().take(MOST_TITLE).collect();
    if title.is_empty() { code.to_owned() } else { title }
}
