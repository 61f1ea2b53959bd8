//! What others did with somebody's record, and what was done with their personal address, in words that the person understands.

use audit::Entry;
use records::{RecordChange, Role};
use serde_json::Value;
use store::Instant;

/// One act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Done {
    /// When.
    pub(super) at: Instant,
    /// Who, by their role: no colleague is named.
    pub(super) who: &'static str,
    /// What.
    pub(super) act: String,
    /// Why, as they wrote it.
    pub(super) reason: Option<String>,
    /// What to say when asking about it.
    pub(super) reference: String,
}

/// What stands on the trail and what changed the record, newest first.
pub(super) fn done(entries: Vec<Entry>, changes: Vec<RecordChange>) -> Vec<Done> {
    let acts = entries.into_iter().map(|entry| Done {
        at: entry.at,
        who: by(&entry),
        act: act(&entry),
        reason: entry.reason.filter(|reason| !reason.is_empty()),
        reference: entry.request.unwrap_or_else(|| entry.id.simple().to_string()[..10].to_uppercase()),
    });
    // What pages change, and the person themselves stop, stands on the trail already.
    let loaded = changes.into_iter().filter(|change| !["page", "person"].contains(&change.source.as_str()));
    let changes = loaded.map(|change| Done {
        at: change.switched_at,
        who: if change.by_staff_record.is_some() { who(Some(Role::Hr.as_str())) } else { who(None) },
        act: match change.file_name {
            Some(file) => format!("Your staff record was loaded from the file {file}."),
            None => "Your staff record was changed.".to_owned(),
        },
        reason: None,
        reference: format!("Change {}", change.number),
    });
    let mut all: Vec<Done> = acts.chain(changes).collect();
    all.sort_by_key(|done| std::cmp::Reverse(done.at));
    all
}

fn by(entry: &Entry) -> &'static str {
    match (entry.actor.as_str(), entry.actor_role.as_deref()) {
        ("person", None) => "You, or somebody as you",
        ("stranger", None) => "By the link in the mail to it",
        (_, role) => who(role),
    }
}

fn who(role: Option<&str>) -> &'static str {
    match role.and_then(|role| role.parse().ok()) {
        Some(Role::ServiceDesk) => "Service desk",
        Some(Role::Hr) => "HR",
        Some(Role::Payroll) => "Payroll",
        Some(Role::Learning) => "Learning team",
        Some(Role::Auditor) => "Auditor",
        None => "Operator",
    }
}

fn act(entry: &Entry) -> String {
    let data: Value = serde_json::from_str(&entry.data).unwrap_or_default();
    let text = |name: &str| data[name].as_str().unwrap_or_default().replace('_', " ");
    match entry.event.as_str() {
        "access.person_opened" => "Looked at why you cannot get in.".into(),
        "access.link_sent" => "Had a link sent to the address on your record.".into(),
        "access.unlocked" => "Unlocked your account.".into(),
        "access.hr_told" => format!("Told HR that your {} is wrong.", text("field")),
        "access.date_of_birth_checked" if data["matched"] == true => {
            "Checked a date of birth that somebody said: it was yours.".into()
        }
        "access.date_of_birth_checked" => {
            "Checked a date of birth that somebody said: it was not yours.".into()
        }
        "access.re_enrolment_asked" => "Asked that your second factors be taken off.".into(),
        "access.re_enrolment_agreed" => "Agreed that your second factors be taken off.".into(),
        "access.internet_access_decided" => {
            format!("Decided on your internet access: {}.", text("after"))
        }
        "access.personal_address_set" => "Set a personal address.".into(),
        "access.personal_address_confirmed" => "Confirmed the personal address.".into(),
        "access.personal_address_stopped" => "Stopped the personal address.".into(),
        "access.personal_address_removed" => "Took the personal address off.".into(),
        "records.staff_corrected" => "Corrected your staff record.".into(),
        "records.username_allotted" => format!("Allotted you the username {}.", text("username")),
        "records.role_granted" => format!("Granted you the role {}.", text("role")),
        "records.role_withdrawn" => format!("Withdrew the role {} from you.", text("role")),
        "records.role_asked" => {
            format!("Asked to grant you the role {}. A second HR person has to agree.", text("role"))
        }
        "records.role_refused" => format!("Decided not to grant you the role {}.", text("role")),
        "records.told_elsewhere" => format!(
            "At another employer, entered your {} for somebody whose details are not yours. They were not told yours.",
            text("field").replace("uuid", "number")
        ),
        "records.identity_released" => format!("Let your new {} work early.", text("field")),
        "records.identity_stopped" => format!("Stopped the change of your {}.", text("field")),
        "payslips.looked_at" => "Looked at a payslip or P60 of yours while checking it.".into(),
        // Later rooms and releases: the event's own word is better than nothing.
        other => other.rsplit_once('.').map_or(other, |(_, what)| what).replace('_', " "),
    }
}
