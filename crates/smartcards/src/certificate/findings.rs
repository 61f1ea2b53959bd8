use std::path::PathBuf;

use store::Instant;

use super::checker::Files;

/// Before so many days a list is said to be due.
const LIST_DAYS: i64 = 2;
/// Before so many days an authority is said to expire.
const AUTHORITY_DAYS: i64 = 30;
const DAY_SECONDS: i64 = 24 * 60 * 60;
/// The last second that an [`Instant`] holds: for 'never', authorities write a later one.
const LAST_SECOND: i64 = 253_402_207_200;

/// What stops cards from being accepted, or will.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The file.
    pub path: PathBuf,
    /// Whether it stops some or all cards already.
    pub refuses: bool,
    /// What is wrong.
    pub what: String,
    /// How to mend it.
    pub to_do: String,
}

pub(super) fn all(files: &Files, now: Instant) -> Vec<Finding> {
    let seconds = now.microseconds().div_euclid(1_000_000);
    let mut findings = Vec::new();
    let mut found = |path: &PathBuf, refuses: bool, what: String, to_do: &str| {
        findings.push(Finding { path: path.clone(), refuses, what, to_do: to_do.into() });
    };
    let bundle = &files.authorities;
    let lists = || files.lists.iter().flat_map(|file| file.content.iter().map(|list| (&file.path, list)));
    if files.lists.is_empty() {
        found(
            &bundle.path,
            true,
            "no revocation list is configured, so every card is refused".into(),
            "Have the authorities' lists fetched to files, and name those in access.smartcard_certificates.revocation_lists.",
        );
    }
    let problems = files.lists.iter().map(|file| (&file.path, &file.problem));
    for (path, problem) in problems.chain([(&bundle.path, &bundle.problem)]) {
        if let Some(problem) = problem {
            found(
                path,
                false,
                format!("it {problem}; what it held before is still in use"),
                "Write the file anew: first beside it, then moved into its place.",
            );
        }
    }
    for (path, list) in lists() {
        let (name, due) = (&list.name, day(list.next_update));
        if list.next_update <= seconds {
            let what =
                format!("the list of {name} was to be followed by another on {due}: its cards are refused");
            found(path, true, what, "Fetch the newer list, and see why that did not happen by itself.");
        } else if list.next_update - seconds <= LIST_DAYS * DAY_SECONDS {
            let what = format!("the list of {name} has to be followed by another by {due}");
            found(
                path,
                false,
                what,
                "See that the newer list is fetched, or that authority's cards will be refused.",
            );
        }
    }
    for authority in bundle.content.iter() {
        let (name, last) = (&authority.name, day(authority.not_after));
        if seconds > authority.not_after {
            let what = format!("the authority {name} expired on {last}: its cards are refused");
            found(&bundle.path, true, what, "Put its successor into the file, or take it out.");
        } else if authority.not_after - seconds <= AUTHORITY_DAYS * DAY_SECONDS {
            let what = format!("the authority {name} expires on {last}");
            found(&bundle.path, false, what, "Put its successor into the file before that.");
        }
        if !files.lists.is_empty() && lists().all(|(_, list)| list.issuer != authority.subject) {
            let what = format!("no revocation list is of {name}: what it issued is refused");
            found(
                &bundle.path,
                true,
                what,
                "Add its list to access.smartcard_certificates.revocation_lists, or take it out of the file.",
            );
        }
    }
    findings.sort_by_key(|finding| !finding.refuses);
    findings
}

fn day(seconds: i64) -> String {
    let at = Instant::from_microseconds(seconds.clamp(0, LAST_SECOND) * 1_000_000).to_string();
    at.split_once('T').map_or(at.clone(), |(day, _)| day.to_owned())
}
