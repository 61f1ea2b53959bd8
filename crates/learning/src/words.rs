//! What the pages of this room say, where it stands in no template.

use store::Day;
use web::{
    format,
    ui::{Tag, TagColour},
};

use crate::attempts::Status;

/// The guide's information message on the portal page.
pub const ADVICE: &str = "It is recommended that eLearning is completed on a Windows PC or laptop. We do not recommend completing \
    eLearning on your mobile phone.";
/// The guide's words to whoever opens a course on a phone.
pub(crate) const PHONE_ADVICE: [&str; 2] = [
    "It is recommended that eLearning is completed on a Windows PC or laptop.",
    "We do not recommend completing eLearning on your mobile phone.",
];

pub(crate) const CODE_HINT: &str =
    "26 letters and digits in groups, such as 7ZK2M-… Hyphens and capitals do not matter.";
pub(crate) const CODE_FORM: &str = "Enter the code as it stands on the certificate: 26 letters and digits";
pub(crate) const SEARCH_TOO_LONG: &str = "Enter at most 100 letters";
pub(crate) const LEFT: &str = "You have left the course. What it has told the portal is saved, unless this page says below that something is \
    missing.";

/// A title and what to do.
pub(crate) const NOT_SET_UP: (&str, &str) = (
    "Courses are not set up here yet",
    "Tell your service desk. The people who run the portal have to give courses a host name: the command check says how.",
);
pub(crate) const ENDED: &str = "You have begun this course again since. What you did here stays as it is.";

pub(crate) const OPENED_OFTEN: &str = "You have opened courses very often";

/// What to do then.
pub(crate) fn opened_often(until: &str) -> String {
    format!(
        "A course can be opened 60 times within an hour. Try again at {until}. If a course keeps closing by itself, tell your service \
         desk."
    )
}

/// What the button says that opens an attempt.
pub(crate) fn open(status: Status, launches: i64) -> &'static str {
    match status {
        Status::Completed | Status::Passed => "Look at it again",
        _ if launches == 0 => "Start",
        _ => "Resume",
    }
}

/// `80 %`: cut off and not rounded, so that nobody who has just missed a mark reads that they have reached it.
pub(crate) fn percent(millionths: i64) -> String {
    format!("{} %", millionths.div_euclid(10_000))
}

/// Where an attempt or a part of it stands.
pub(crate) fn status(status: Status) -> Tag {
    let (text, colour) = match status {
        Status::Passed => ("Passed", TagColour::Green),
        Status::Completed => ("Completed", TagColour::Green),
        Status::Failed => ("Not passed yet", TagColour::Orange),
        Status::Incomplete => ("Begun", TagColour::Blue),
        Status::NotAttempted => ("Not begun", TagColour::Grey),
    };
    Tag::new(text).colour(colour)
}

/// `Last opened on 24 November 2026 at 09:12. 12 minutes so far.`
pub(crate) fn so_far(touched: &str, seconds: i64, score: Option<i64>) -> String {
    let mut says = format!("Last opened on {touched}.");
    if seconds >= 60 {
        says = format!("{says} {} so far.", format::minutes(seconds / 60));
    }
    if let Some(score) = score {
        says = format!("{says} Score {}.", percent(score));
    }
    says
}

/// `24 November 2026. Score 80 %. 12 minutes.`
pub(crate) fn done(day: Day, score: Option<i64>, seconds: i64) -> String {
    let mut says = format!("{}.", format::day(day));
    if let Some(score) = score {
        says = format!("{says} Score {}.", percent(score));
    }
    if seconds > 0 {
        says = format!("{says} {}.", format::minutes(seconds / 60));
    }
    says
}

/// What is missing of a launch, and what to do.
pub(crate) fn not_saved(device: &str, opened: &str, saved: Option<&str>, until: &str) -> String {
    let have = match saved {
        Some(saved) => format!("The last that arrived is of {saved}."),
        None => "Nothing of it has arrived.".to_owned(),
    };
    format!(
        "Opened on {opened}, on {device}. {have} If you did more there, open this portal on that same device and browser before {until}: \
         the rest is then sent by itself."
    )
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_score_is_never_rounded_up() {
        for (millionths, words) in [(800_000, "80 %"), (799_999, "79 %"), (1_000_000, "100 %"), (0, "0 %")] {
            assert_eq!(super::percent(millionths), words);
        }
    }

    #[test]
    fn the_portal_page_and_a_phone_are_told_the_same() {
        assert_eq!(super::ADVICE, super::PHONE_ADVICE.join(" "));
    }
}
