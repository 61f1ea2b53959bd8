//! What PC Checker says.

use web::ui::{Tag, TagColour};

use super::model::{Check, Found, Outcome};

pub(super) const NO_SCRIPT: &str = "JavaScript is switched off in this browser, or is stopped by something. Courses need it. Switch it on in the \
    browser's settings, or ask your IT service desk to; then check again.";
pub(super) const KEPT: &str =
    "The check is done. What was found stands below; your service desk can see it too.";
pub(super) const LOST: &str = "What this device sends does not arrive as it is: something between it and the portal empties or stops it, and the result of this \
    check could not be kept either. Do not do a course here: it would not count. Show this page to your IT service desk: a proxy has \
    to let the portal's addresses and those of courses through as they are. Until then use another network.";
pub(super) const WRONG_FORM: &str = "The check could not be read. Reload this page and check again.";

/// What is checked.
pub(super) const fn name(check: Check) -> &'static str {
    match check {
        Check::Script => "JavaScript",
        Check::Frame => "Courses load",
        Check::Commit => "What courses send is answered",
        Check::Bodies => "It arrives whole",
        Check::Beacon => "Saving when a page is shut",
        Check::Outbox => "Keeping what could not be sent",
        Check::Storage => "What courses keep in the browser",
        Check::Dialogs => "A course's questions",
        Check::Sound => "Sound",
        Check::Video => "Video",
        Check::Screen => "Screen",
        Check::Clock => "Clock",
        Check::Speed => "Speed",
    }
}

/// How it went.
pub(super) fn outcome(outcome: Outcome) -> Tag {
    let (text, colour) = match outcome {
        Outcome::Good => ("Works", TagColour::Green),
        Outcome::Poor => ("Could be better", TagColour::Yellow),
        Outcome::Failed => ("Does not work", TagColour::Red),
        Outcome::Untested => ("Not checked", TagColour::Grey),
    };
    Tag::new(text).colour(colour)
}

/// What to do about it; nothing where all is well.
pub(super) fn advice(found: &Found) -> String {
    if found.outcome == Outcome::Good {
        return measured(found).unwrap_or_default();
    }
    if found.outcome == Outcome::Untested {
        return "It could not be tried here. Check again, or tell your service desk.".to_owned();
    }
    let does = match found.check {
        Check::Script => NO_SCRIPT,
        Check::Frame => {
            "This network or browser stops the address that courses come from. Switch off what blocks content in the browser, or \
             use another browser or computer; at work, show this page to your IT service desk."
        }
        Check::Commit => {
            "What a course sends is not answered. Do not do a course here yet: it would not count. Try another network, and tell your \
             IT service desk."
        }
        Check::Bodies => {
            "Something between this device and the portal changes or cuts what is sent. Do not do a course here yet: it would not \
             count. Show this page to your IT service desk: a proxy has to let the portal's addresses through as they are."
        }
        Check::Beacon => {
            "What you did in the last seconds may be missing where you shut the window. Leave a course by its own Exit, and wait until it \
             says that it is saved."
        }
        Check::Outbox => {
            "This browser keeps nothing for the portal, as in a private window. Use a usual window, and leave a course only when it \
             says that it is saved."
        }
        Check::Storage => {
            "This browser keeps nothing for courses, as in a private window. Few courses need it: if one does not go on where you \
             were, use a usual window or another browser."
        }
        Check::Dialogs => {
            "This browser shows no questions of a course, such as whether to go on where you were. Allow dialogs for this site, \
             or use another browser."
        }
        Check::Sound => "No sound can be played here. Some courses speak; use another device for those.",
        Check::Video => {
            "This browser does not play the usual kind of video (MP4). Bring it up to date, or use Edge, Chrome, Firefox or Safari."
        }
        Check::Screen => {
            "It is narrow for some courses. Make the window larger, turn the device on its side, or use a PC or laptop."
        }
        Check::Clock => {
            "The clock of this device is wrong. Set date and time in its settings to be set by themselves."
        }
        Check::Speed => {
            "The connection is slow. Videos may stop now and then; try again elsewhere or at another time."
        }
    };
    match measured(found) {
        Some(measured) => format!("{measured} {does}"),
        None => does.to_owned(),
    }
}

/// What was measured, in words.
fn measured(found: &Found) -> Option<String> {
    let value = found.value?;
    Some(match found.check {
        Check::Screen => format!("The window is {value} pixels wide."),
        Check::Clock if value.abs() <= 60 => return None,
        Check::Clock => {
            let off = web::format::minutes(value.abs() / 60);
            let how = if value > 0 { "fast" } else { "slow" };
            format!("It is {off} {how}.")
        }
        // In megabits, to a tenth.
        _ => format!("{}.{} megabits a second.", value / 1_000, (value % 1_000).abs() / 100),
    })
}

/// All of it in a sentence.
pub(super) fn summary(worst: Outcome) -> &'static str {
    match worst {
        Outcome::Good => "Everything that courses need works here.",
        Outcome::Poor => "Courses run here. Some things could be better.",
        Outcome::Failed => "Courses do not run here as they should. Do the following first.",
        Outcome::Untested => "What could be checked works here. Some things could not be tried.",
    }
}

/// For the service desk: `Edge on Windows, 24 November 2026 at 09:00: does not work: Video, Speed.`
pub(super) fn line(device: &str, at: &str, found: &[Found]) -> String {
    let of = |outcome| -> Vec<&str> {
        found.iter().filter(|found| found.outcome == outcome).map(|found| name(found.check)).collect()
    };
    let parts = [
        ("Does not work", of(Outcome::Failed)),
        ("Could be better", of(Outcome::Poor)),
        ("Not checked", of(Outcome::Untested)),
    ];
    let mut says = format!("{device}, {at}:");
    for (how, names) in parts.into_iter().filter(|(_, names)| !names.is_empty()) {
        says = format!("{says} {how}: {}.", names.join(", "));
    }
    if says.ends_with(':') { format!("{says} all that courses need works.") } else { says }
}
