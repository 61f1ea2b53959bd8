//! What the pages of the role learning say.

use scorm::Standard;
use web::{
    format,
    ui::{Tag, TagColour},
};

use super::VersionState;

pub(super) const CHOOSE_FILE: &str = "Choose a file";
pub(super) const UPLOADED: &str =
    "The package is taken in. Nobody can begin it until you publish it: look at it first.";
pub(super) const SAME: &str = "This very package is here already: this is its page. Nothing was changed.";
pub(super) const PUBLISHED: &str = "It is published. Whoever begins the course from now on gets this version; who is in another goes on with that.";
pub(super) const RETIRED: &str = "It is retired. Nobody can begin it; who is in it goes on with it.";
pub(super) const KEPT: &str = "It is kept.";
pub(super) const MINUTES_FORM: &str = "Enter how many minutes it takes, such as 30, or leave it empty";
pub(super) const TITLE_NEEDED: &str = "Enter a title";
pub(super) const OPERATOR: &str = "the people who run the portal";

/// Where a version stands.
pub(super) fn state(state: VersionState) -> Tag {
    let (text, colour) = match state {
        VersionState::Arriving => ("Arriving", TagColour::Grey),
        VersionState::Uploaded => ("Not published yet", TagColour::Yellow),
        VersionState::Published => ("Published", TagColour::Green),
        VersionState::Retired => ("Retired", TagColour::Grey),
    };
    Tag::new(text).colour(colour)
}

/// Whether a course can be begun.
pub(super) fn course(published: bool) -> Tag {
    if published {
        Tag::new("Published").colour(TagColour::Green)
    } else {
        Tag::new("Not published").colour(TagColour::Grey)
    }
}

/// `SCORM 2004`
pub(super) const fn standard(standard: Standard) -> &'static str {
    match standard {
        Standard::Scorm12 => "SCORM 1.2",
        Standard::Scorm2004 => "SCORM 2004",
    }
}

/// What may be uploaded.
pub(super) fn file_hint(most_bytes: usize) -> String {
    format!(
        "A zip file of SCORM 1.2 or SCORM 2004, as the authoring tool publishes it, of at most {} MiB. Larger ones are taken in by a \
         command: ask the people who run the portal.",
        most_bytes / (1024 * 1024)
    )
}

/// `1.3 MB`, as people read sizes of files.
pub(super) fn size(bytes: i64) -> String {
    let tenths = |unit: i64| format!("{}.{}", bytes / unit, bytes % unit * 10 / unit);
    match bytes {
        ..1_000 => format!("{bytes} bytes"),
        1_000..1_000_000 => format!("{} kB", format::number((bytes / 1_000).unsigned_abs())),
        _ => format!("{} MB", tenths(1_000_000)),
    }
}

/// `24 November 2026 at 09:00, by Grace Okafor`.
pub(super) fn at_by(at: &str, by: &str) -> String {
    format!("{at}, by {by}")
}

#[cfg(test)]
mod tests {
    #[test]
    fn sizes_are_read_at_a_glance() {
        for (bytes, words) in [
            (0, "0 bytes"),
            (999, "999 bytes"),
            (40_000, "40 kB"),
            (1_390_000, "1.3 MB"),
            (999_999, "999 kB"),
        ] {
            assert_eq!(super::size(bytes), words);
        }
    }
}
