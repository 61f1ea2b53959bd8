//! The sentences of this room: what is wrong with a setting or a line of a file, and what its mails say.

use jiff::tz::TimeZone;
use store::{Day, Instant};

use crate::{
    Fault, IdentityField, Role, Section, Username,
    import::{Column, Counts, Finding},
};

pub(crate) const CODE_FORM: &str = "write three digits, such as 427";
pub(crate) const EMPLOYER_NAME_FORM: &str = "write the employer's name, in 1 to 100 characters";
pub(crate) const EMPLOYER_OVERTAKEN: &str =
    "Somebody else has changed this employer in the meantime. Look at it again, then set it again.";
pub(crate) const SETTINGS_OVERTAKEN: &str = "Somebody else has changed this: look again. Nothing of yours was applied. Open Settings, see how \
    it is now, and change it from there.";
pub(crate) const NO_SUCH_DRAFT: &str = "There is no such change to apply.";
pub(crate) const NOTHING_CHANGED: &str = "You have changed nothing.";
pub(crate) const SEE_CHANGE: &str = "See what will change";
pub(crate) const CHANGE_TITLE: &str = "See what will change";
pub(crate) const WHOLE_NUMBER: &str = "write a whole number";
pub(crate) const CHOOSE_ONE: &str = "Choose one.";
pub(crate) const NONE: &str = "None";
pub(crate) const PAGES_SHUT: &str = "HR's pages would be shut to you from where you are now, this one too. To undo it you would have to \
    be inside your employer's networks, or ask the operator.";
pub(crate) const MAIL_DOMAIN_FORM: &str = "write a mail domain without @, such as nhs.net";
pub(crate) const NETWORK_OF_ALL: &str =
    "this is every address there is; write the employer's own networks, such as 10.20.0.0/16";
pub(crate) const NETWORK_FORM: &str = "this is no network; write one such as 10.20.0.0/16 or 2001:db8::/32";
pub(crate) const TIME_ZONE_FORM: &str = "no such time zone is known here; write one such as Europe/London";
pub(crate) const LINK_FORM: &str = "write an address that begins with https:// or mailto:, or the path of a page of this portal, such as /pc-checker";
pub(crate) const HTTPS_FORM: &str = "write an address that begins with https://";
pub(crate) const PHONE_FORM: &str = "write a telephone number, such as 0113 496 0000";
pub(crate) const LOGO_FORM: &str = "a logo is set on the page Settings; leave this empty to have none";
pub(crate) const LOGO_NEEDED: &str = "Choose a picture.";
pub(crate) const LOGO_TOO_LARGE: &str = "This file is larger than 1 MiB. Make the picture smaller.";
pub(crate) const LOGO_KIND: &str = "This file is no PNG and no JPEG. Save the picture as one of these.";
pub(crate) const LOGO_DAMAGED: &str =
    "This picture cannot be read. Open it in another program and save it anew.";
pub(crate) const LOGO_TOO_WIDE: &str =
    "This picture has too many pixels. Make it at most 3,000 pixels wide and high; 600 by 200 are enough.";
pub(crate) const EMAIL_FORM: &str = "this is not an email address; write one such as first.last@nhs.net";

pub(crate) const HOLD_NOT_OPEN: &str =
    "This change is no longer open: it works already, or it was stopped or released.";

pub(crate) const PERSONAL_ADDRESS: &str = "Personal address for after leaving";

/// Nothing but that there is one.
pub(crate) fn personal_address(set: bool) -> &'static str {
    if set { "Set" } else { "None" }
}

pub(crate) const ROLE_FROM_OUTSIDE: &str = "Your employer allows this from inside its own networks only.";
pub(crate) const OWN_RECORD: &str = "Nobody changes their own record. Ask a colleague with the same role.";
pub(crate) const SECOND_PERSON: &str = "Somebody else than who made the change has to do this.";
pub(crate) const MORE_RIGHTS: &str =
    "They hold a role that you do not. Somebody who holds it too has to do this, or the operator.";
pub(crate) const OTHER_PERMIT: &str = "This permit is for something else.";
pub(crate) const HR_FIRST: &str = "This employer has no HR yet. Grant the role hr to somebody first.";
pub(crate) const NEEDS_RECOVER: &str = "This employer has had its HR, who grant roles. If nobody of them can, say --recover: all HR and \
    auditors of the employer are then told by mail.";
pub(crate) const REASON_NEEDED: &str = "Write the reason: it stands on the trail, and they can read it.";
pub(crate) const REASON_FORM: &str = "Write the reason in one line of 500 characters at most.";
pub(crate) const WAITS_ALREADY: &str =
    "This role waits for a second HR person already. Ask one of them to look at Roles.";
pub(crate) const NOBODY_TO_CONFIRM: &str = "A second HR person has to confirm this role, and there is nobody but you and the person it is \
    for. Grant the role HR to somebody else first. Where a colleague of HR has just gone, you can do so after seven days, and the operator at once.";
pub(crate) const NO_SUCH_GRANT: &str = "There is no such role at this employer.";
pub(crate) const NOT_HELD: &str = "Nobody holds this role any more: somebody else has withdrawn it.";
pub(crate) const LAST_HR: &str = "This is the last HR person of the employer, who cannot be withdrawn. Grant the role HR to somebody else first.";
pub(crate) const NOT_WAITING: &str =
    "This role no longer waits: it was confirmed, refused or taken back, or it has run out.";
pub(crate) const ASKER_GONE: &str =
    "Whoever asked for this role is no longer HR. Refuse it; if it is right, grant it yourself.";
pub(crate) const HOLDER_GONE: &str = "The person whom this role is for has left. Refuse it.";
pub(crate) const WAITS_FOR_YOURSELF: &str = "This role is for yourself: another HR person decides on it.";
pub(crate) const ASKED_YOURSELF: &str =
    "You asked for this role yourself: another HR person has to confirm it.";
pub(crate) const NONE_GIVEN: &str = "None given";
pub(crate) const OPERATOR: &str = "the operator";
pub(crate) const ROLE_FIELD: &str = "Choose a role.";
pub(crate) const USERNAME_FIELD: &str = "Write a username, such as 999JSMITH01.";

pub(crate) const CORRECTED: &str = "The record is corrected.";
pub(crate) const CORRECTED_HELD: &str = "The record is corrected. They have logged in before, so the new email, date of birth or smartcard is held for a while: they are told, and can stop it.";
pub(crate) const NOTHING_CORRECTED: &str = "Nothing was saved, because nothing differs from what is held.";
pub(crate) const USERNAME_DONE: &str =
    "A new username is allotted, and they are told by mail. The old one works for 90 more days.";
pub(crate) const RELEASED: &str = "The new value works from now on.";
pub(crate) const NO_SUCH_RECORD: &str = "There is no such staff record at this employer.";
pub(crate) const LEFT_NO_USERNAME: &str = "They have left, so no username is allotted.";
pub(crate) const RECORD_OVERTAKEN: &str =
    "The staff record has changed since it was shown. Nothing was saved; look at it again, then correct it.";
pub(crate) const NO_SUCH_EMPLOYER: &str = "There is no such employer. Add it first: staffrecord employer add";
pub(crate) const LOADING_ALREADY: &str = "Somebody else is loading staff of this employer now. Try again when they have finished; a load that was \
    killed gives way after a minute.";
pub(crate) const PLAN_OVERTAKEN: &str =
    "The staff records have changed since the file was checked. Nothing was loaded; check it again.";

pub(crate) const SEARCH_TOO_SHORT: &str =
    "Write at least three characters of a name, username, employee number or email address.";
pub(crate) const SEARCH_TOO_LONG: &str = "Write 100 characters at most.";

pub(crate) const NO_SUCH_UPLOAD: &str = "There is no such upload.";
pub(crate) const UPLOAD_MOVED_ON: &str =
    "Something has happened to this upload in the meantime. Nothing was done; look at it again.";
pub(crate) const UPLOAD_FAILED: &str = "It was tried several times. Upload the file again; if it fails again, tell the people who run the portal: \
    its log says why.";

pub(crate) const COLUMN_REQUIRED: &str = " (required)";

pub(crate) const CELL_NEEDED: &str = "this has to be filled in";
pub(crate) const NAME_NEEDED: &str = "first names or last name has to be filled in";
pub(crate) const CELL_OF_ONE_LINE: &str =
    "there is a line break or another control character in it; a quotation mark may be left open";
pub(crate) const NUMBER_FORM: &str = "write letters and digits, with - / . _ between them";
pub(crate) const BORN_LATER: &str = "this date of birth is in the future";
pub(crate) const TOO_YOUNG: &str = "this date of birth makes them younger than 14";
pub(crate) const TOO_OLD: &str = "this date of birth makes them older than 110";
pub(crate) const SMARTCARD_FORM: &str = "a smartcard's UUID has twelve digits";
pub(crate) const LEFT_BEFORE_START: &str = "the leaving date is before the start date";
pub(crate) const ABSENCE_WITHOUT_START: &str = "there is a last day of absence and no first";
pub(crate) const ABSENCE_ENDS_EARLY: &str = "the absence ends before it begins";
pub(crate) const UNKNOWN_MANAGER: &str = "no staff record here has this employee number";

pub(crate) fn fault(field: &str, value: &str, text: &str) -> String {
    if value.is_empty() { format!("{field}: {text}") } else { format!("{field} is {value:?}: {text}") }
}

/// What is wrong with a field, at that field.
pub(crate) fn fault_at_field(value: &str, text: &str) -> String {
    if value.is_empty() { sentence(text) } else { format!("{value}: {text}.") }
}

pub(crate) fn faults(faults: &[Fault]) -> String {
    lines(faults)
}

pub(crate) fn findings(findings: &[Finding]) -> String {
    lines(findings)
}

fn lines(of: &[impl std::fmt::Display]) -> String {
    of.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

pub(crate) fn more_findings(more: usize) -> String {
    format!("and {more} more, which are not listed")
}

pub(crate) fn too_many_uploads(most: i64) -> String {
    format!(
        "{most} uploads of your employer wait to be loaded or discarded; do one of both with some of them first"
    )
}

pub(crate) fn number_differs(number: u64) -> String {
    format!("Type the number {number}, if that many people are right.")
}

pub(crate) fn code_taken(code: &str) -> String {
    format!("There is an employer with the code {code} already. To change it: staffrecord employer set")
}

pub(crate) fn number_form(least: u32, most: u32) -> String {
    format!("write a number from {least} to {most}")
}

pub(crate) fn text_form(least: usize, most: usize) -> String {
    format!("write {least} to {most} characters in one line")
}

pub(crate) fn at_most(most: usize) -> String {
    format!("write {most} at most")
}

pub(crate) fn yes_or_no(yes: bool) -> &'static str {
    if yes { "Yes" } else { "No" }
}

pub(crate) fn section(section: Section) -> &'static str {
    match section {
        Section::Contacts => "Service desks",
        Section::Networks => "Networks",
        Section::MailDomains => "Mail domains",
        Section::Links => "Local links",
        Section::Messages => "Messages",
        Section::Policies => "Policies",
        Section::Logo => "Logo",
    }
}

pub(crate) fn section_intro(section: Section) -> &'static str {
    match section {
        Section::Contacts => {
            "Whom staff ring who cannot log in. Everybody sees this, also without logging in."
        }
        Section::Networks => {
            "Whoever is in one of these networks is at work: inside. It counts for your own staff only."
        }
        Section::MailDomains => {
            "Links to set a password are mailed to addresses in these domains only. A part of a domain, such as trust.nhs.uk of nhs.uk, \
             counts only where it stands here itself."
        }
        Section::Links => "These stand on the portal page of your staff, in this order.",
        Section::Messages => "What your staff read on their portal page.",
        Section::Policies => "How the portal treats your staff.",
        Section::Logo => "It stands at the top of each page that your staff see while they are logged in.",
    }
}

pub(crate) fn section_changed(title: &str) -> String {
    format!("Changed: {title}.")
}

pub(crate) fn own_address_outside(address: &str) -> String {
    format!(
        "Your own address, {address}, would no longer be inside. Check the networks before you apply this."
    )
}

/// `most` people are counted; there may be more.
pub(crate) fn no_longer_mailed(people: i64, most: i64) -> String {
    if people == 1 {
        return "1 member of your staff has an address to which no link would be mailed any more.".to_owned();
    }
    if people >= most {
        return format!(
            "{most} or more of your staff have addresses to which no link would be mailed any more."
        );
    }
    format!("{people} of your staff have addresses to which no link would be mailed any more.")
}

pub(crate) fn needs_role(role: Role) -> String {
    format!("This needs the role {} at this employer.", role_name(role))
}

pub(crate) fn role_name(role: Role) -> &'static str {
    match role {
        Role::ServiceDesk => "service desk",
        Role::Hr => "HR",
        Role::Payroll => "payroll",
        Role::Learning => "learning",
        Role::Auditor => "auditor",
    }
}

pub(crate) fn username_fits(username: &Username) -> String {
    format!(
        "Their username {username} is made of the name that they have now. Correct the name first, then allot a new one."
    )
}

/// What a column is called on pages.
pub(crate) fn field(column: Column) -> &'static str {
    match column {
        Column::EmployeeNumber => "Employee number",
        Column::AssignmentNumber => "Assignment",
        Column::Title => "Title",
        Column::FirstNames => "First names",
        Column::LastName => "Last name",
        Column::DateOfBirth => "Date of birth",
        Column::Email => "Email",
        Column::SmartcardUuid => "Smartcard UUID",
        Column::Position => "Position",
        Column::Department => "Department",
        Column::Location => "Location",
        Column::Manager => "Manager’s employee number",
        Column::StartDate => "Start date",
        Column::LeavingDate => "Leaving date",
        Column::AbsentFrom => "Long absence from",
        Column::AbsentTo => "Long absence to",
    }
}

/// A finding's text as a sentence of its own.
pub(crate) fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(char::to_uppercase);
    first.into_iter().flatten().chain(letters).chain(['.']).collect()
}

pub(crate) fn held_until(held: IdentityField, until: &str) -> String {
    format!(
        "A new {} is held until {until}; until then the old one works.",
        identity_held::field(held).to_lowercase()
    )
}

/// Who granted a role.
pub(crate) fn granted_by(by: &str, confirmed_by: Option<&str>) -> String {
    match confirmed_by {
        Some(second) => format!("{by}, confirmed by {second}"),
        None => by.to_owned(),
    }
}

/// Which role somebody holds.
pub(crate) fn held_since(role: &str, since: &str, granted_by: &str) -> String {
    format!("{role}, since {since}, granted by {granted_by}")
}

/// Which role waits for a second HR person.
pub(crate) fn waits_until(role: &str, asked_by: &str, until: &str) -> String {
    format!("{role}, asked for by {asked_by}, runs out on {until}")
}

/// Who holds a role.
pub(crate) fn who(name: &str, username: &str, has_left: bool) -> String {
    match has_left {
        true => format!("{name} ({username}), has left"),
        false => format!("{name} ({username})"),
    }
}

/// What a role is called where it is chosen, and what it is for.
pub(crate) fn role_choice(role: Role) -> (&'static str, &'static str) {
    match role {
        Role::ServiceDesk => ("Service desk", "helps staff who cannot get in"),
        Role::Hr => (
            "HR",
            "loads and corrects staff records, decides internet access, grants roles, changes settings",
        ),
        Role::Payroll => ("Payroll", "publishes payslips"),
        Role::Learning => ("Learning", "publishes courses"),
        Role::Auditor => ("Auditor", "reads the trail"),
    }
}

pub(crate) fn unknown_username(username: &Username) -> String {
    format!("Nobody at this employer has the username {username}.")
}

pub(crate) fn has_left(username: &Username, last: Day) -> String {
    format!("{username} has left; the last day was {}.", day(last))
}

pub(crate) fn cell_too_long(most: usize) -> String {
    format!("write {most} characters at most")
}

pub(crate) fn rows_differ(employee_number: &str, line: u64, there: Option<&str>) -> String {
    match there {
        Some(there) => {
            format!(
                "line {line} says {:?} of the same employee number {employee_number}",
                tables::shortened(there)
            )
        }
        None => format!("line {line} says nothing here of the same employee number {employee_number}"),
    }
}

pub(crate) fn too_many_posts(most: usize) -> String {
    format!("one employee number has more than {most} rows")
}

pub(crate) fn assignment_twice(line: u64) -> String {
    format!("line {line} has the same assignment number for the same person")
}

pub(crate) fn like_another_number(other: &str) -> String {
    format!(
        "this is no known employee number, but {other} differs only in zeros at the start or in case; a spreadsheet may have dropped them"
    )
}

pub(crate) fn alike(employee_number: &str, line: Option<u64>) -> String {
    let place = line.map_or_else(String::new, |line| format!(" (line {line})"));
    format!(
        "employee number {employee_number}{place} has the same and another date of birth; one of them is wrong"
    )
}

pub(crate) fn alike_elsewhere(code: &str) -> String {
    format!("a staff record of employer {code} has the same and another date of birth; one of them is wrong")
}

pub(crate) fn unlike_elsewhere(code: &str) -> String {
    format!(
        "a staff record of employer {code} has the same and does not fit this one; one of them is wrong, ask HR there"
    )
}

pub(crate) fn told_too_much(most: i64) -> String {
    format!(
        "Nothing more is said today about values that stand on staff records of other employers: you were told of {most}. \
         Leave such people out, try again tomorrow, or ask the operator to load the file."
    )
}

pub(crate) fn stopped_by_person(on: Day) -> String {
    format!("the person stopped this change on {}; the old value is kept, ask them", day(on))
}

pub(crate) fn outside_mail_domains(domains: &[String]) -> String {
    if domains.is_empty() {
        return "the employer has no mail domains yet, so that no link will be mailed there".to_owned();
    }
    format!(
        "this is outside the employer's mail domains ({}), so that no link will be mailed there",
        domains.join(", ")
    )
}

pub(crate) fn type_the_number(number: u64, typed: Option<u64>) -> String {
    let typed = typed.map_or_else(String::new, |typed| format!(" You wrote {typed}."));
    format!(
        "{number} staff records would end or have a changed email, date of birth or smartcard UUID. If that is right, say --confirm {number}.{typed}"
    )
}

pub(crate) fn column(column: Column) -> &'static str {
    match column {
        Column::EmployeeNumber => {
            "the employer's number for the person; several rows with one number are assignments"
        }
        Column::AssignmentNumber => "the post's number; the employee number where left out, then …-2, …-3",
        Column::Title => "Dr, Ms, …",
        Column::FirstNames => "may be empty where the person has one name only",
        Column::LastName => "may be empty where the person has one name only",
        Column::DateOfBirth => "YYYY-MM-DD or DD/MM/YYYY, as all dates",
        Column::Email => "where mail with links goes",
        Column::SmartcardUuid => "twelve digits",
        Column::Position => "such as Staff Nurse",
        Column::Department => "such as Ward 7",
        Column::Location => "such as General Hospital",
        Column::Manager => "the manager's employee number",
        Column::StartDate => "the post's first day",
        Column::LeavingDate => "the post's last day; only this ends a staff record, a missing row does not",
        Column::AbsentFrom => "first day of a long absence",
        Column::AbsentTo => "last day of a long absence",
    }
}

fn day(day: Day) -> String {
    day.date().strftime("%-d %B %Y").to_string()
}

fn day_and_time(at: Instant, zone: &TimeZone) -> String {
    at.in_zone(zone).strftime("%-d %B %Y at %H:%M").to_string()
}

/// The mail to the old address about held identity fields.
pub(crate) mod identity_held {
    use super::{IdentityField, Instant, TimeZone, day_and_time};

    pub(crate) const SUBJECT: &str = "A change to your staff record";

    pub(crate) const STOP: &str = "If this is right, you need not do anything.\n\nIf it is wrong, log in as you always do, open My account, and stop \
        the change before then. If you cannot log in, ring the service desk.";

    pub(crate) fn opening(employer: &str) -> String {
        format!(
            "{employer} has changed details of yours by which you are recognised. The change does not work yet."
        )
    }

    pub(crate) fn field(field: IdentityField) -> &'static str {
        match field {
            IdentityField::Email => "Email address",
            IdentityField::DateOfBirth => "Date of birth",
            IdentityField::SmartcardUuid => "Smartcard",
        }
    }

    pub(crate) fn works_from(at: Instant, zone: &TimeZone) -> String {
        format!("the new one works from {}", day_and_time(at, zone))
    }
}

/// The mail to somebody who has a new username.
pub(crate) mod username_allotted {
    pub(crate) const SUBJECT: &str = "You have a new username";
    pub(crate) const OPENING: &str = "HR has allotted you a new username. Your password stays as it is. The old username works for 90 more days.";
    pub(crate) const USERNAME: &str = "Username";
    pub(crate) const EMPLOYER: &str = "Employer";
    pub(crate) const NOT_ASKED: &str = "If you did not ask for it, tell HR.";
}

/// The mail to HR about a load that changed many.
pub(crate) mod mass_change {
    use super::{Counts, Instant, TimeZone, day_and_time};

    pub(crate) const SUBJECT: &str = "Many staff records were changed at once";

    pub(crate) const CHECK: &str = "If you did not expect this, speak to whoever loads staff records, and load the right file again. New email \
        addresses, dates of birth and smartcards of staff who have logged in before do not work yet.";

    pub(crate) fn opening(employer: &str, at: Instant, zone: &TimeZone) -> String {
        format!(
            "Staff of {employer} were loaded on {}, and the number of people who leave or whose identity changes was confirmed.",
            day_and_time(at, zone)
        )
    }

    pub(crate) fn facts(file_name: &str, counts: &Counts) -> Vec<(String, String)> {
        [
            ("File", file_name.to_owned()),
            ("Staff records that end", counts.leavers.to_string()),
            ("With a changed email, date of birth or smartcard", counts.identity.to_string()),
            ("New", counts.new.to_string()),
            ("Changed", counts.changed.to_string()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec()
    }
}

/// The mail to HR and auditors about a role that the operator granted with `--recover`.
pub(crate) mod role_recovered {
    pub(crate) const SUBJECT: &str = "A role was granted by the operator";

    pub(crate) const CHECK: &str =
        "If you did not expect this, speak to whoever runs the portal, and look at the trail.";

    pub(crate) fn opening(employer: &str) -> String {
        format!("At {employer}, a role was granted by the portal's operator, not by HR.")
    }

    pub(crate) const NAME: &str = "Name";
    pub(crate) const USERNAME: &str = "Username";
    pub(crate) const ROLE: &str = "Role";
    pub(crate) const WHEN: &str = "When";
    pub(crate) const REASON: &str = "Reason given";

    pub(crate) fn when(at: super::Instant, zone: &super::TimeZone) -> String {
        super::day_and_time(at, zone)
    }
}

/// The mails about a role that HR grants or withdraws: to its holder, and to HR.
pub(crate) mod role_changed {
    use crate::roles::tell::Change;

    pub(crate) use super::role_recovered::{NAME, REASON, ROLE, USERNAME, WHEN, when};

    pub(crate) const BY: &str = "By";

    pub(crate) fn subject(change: Change, own: bool) -> &'static str {
        match (change, own) {
            (Change::Granted, true) => "You have a new role",
            (Change::Granted, false) => "A role was granted",
            (Change::Withdrawn, true) => "A role of yours was withdrawn",
            (Change::Withdrawn, false) => "A role was withdrawn",
            (Change::Asked, _) => "A role waits for you to confirm it",
            (Change::Refused, _) => "A role that you asked for was refused",
        }
    }

    pub(crate) fn opening(change: Change, own: bool, employer: &str) -> String {
        match (change, own) {
            (Change::Granted, true) => {
                format!("{employer} has given you a role. Its pages are in the menu of the portal, at work.")
            }
            (Change::Granted, false) => format!("At {employer}, HR has granted a role."),
            (Change::Withdrawn, true) => {
                format!("{employer} has withdrawn a role of yours. Your own pages stay as they are.")
            }
            (Change::Withdrawn, false) => format!("At {employer}, HR has withdrawn a role."),
            (Change::Asked, _) => {
                format!(
                    "At {employer}, a colleague in HR asks to grant a role. It needs a second HR person who agrees."
                )
            }
            (Change::Refused, _) => {
                format!("At {employer}, a second HR person has refused the role that you asked for.")
            }
        }
    }

    pub(crate) fn what_to_do(change: Change, own: bool) -> &'static str {
        match (change, own) {
            (Change::Granted, true) => {
                "When you log in, you may be asked for a second factor, or to set one up. If you did not expect this, tell HR."
            }
            (Change::Withdrawn, true) => "If you did not expect this, ask HR.",
            (Change::Granted | Change::Withdrawn, false) => {
                "If you did not expect this, speak to whoever did it, and look at Roles in the portal."
            }
            (Change::Asked, _) => {
                "Log in to the portal at work, open Roles, and confirm or refuse it. If nobody does within seven days, it runs out."
            }
            (Change::Refused, _) => "Nothing was changed. Speak to them if you think that it is needed.",
        }
    }
}

/// The mail to HR and auditors about networks and mail domains.
pub(crate) mod way_in_changed {
    pub(crate) const SUBJECT: &str = "Networks or mail domains were changed";

    pub(crate) const CHECK: &str = "Networks say from where your staff count as being at work, and mail domains where links to set a password may \
        be sent. If you did not expect this, speak to whoever did it, and look at Settings in the portal.";

    pub(crate) const OPERATOR: &str = "The portal's operator";

    pub(crate) fn opening(employer: &str) -> String {
        format!("At {employer}, it was changed how staff get in.")
    }

    pub(crate) fn before(what: &str) -> String {
        format!("{what} before")
    }

    pub(crate) fn after(what: &str) -> String {
        format!("{what} now")
    }

    pub(crate) fn shown(list: String) -> String {
        if list.is_empty() { super::NONE.to_owned() } else { list }
    }
}

/// The mail to HR who can agree to a staff file.
pub(crate) mod upload_waits {
    use super::{Instant, TimeZone, day_and_time};

    pub(crate) const SUBJECT: &str = "A staff file waits for you to agree";

    pub(crate) const WHAT_TO_DO: &str = "Nothing of it is loaded yet. Log in to the portal at work, open Upload staff, look at what the file would \
        change, and agree or discard it. After a day it is discarded by itself.";

    pub(crate) fn opening(employer: &str, by: &str, at: Instant, zone: &TimeZone) -> String {
        format!(
            "{by} confirmed a staff file of {employer} on {} that ends or changes many people at once. It needs a second HR person who agrees.",
            day_and_time(at, zone)
        )
    }
}

/// What the settings are called on their pages.
pub(crate) mod settings {
    use super::role_choice;
    use crate::{InternetAccess, LocalLink, Role, SecondFactor};

    pub(crate) const REQUIRED: &str = "Fields with an asterisk (*) are required fields";

    pub(crate) const SERVICE_DESK: &str = "Service desk";
    pub(crate) const IT_SERVICE_DESK: &str = "IT service desk, for staff without a mail account";
    pub(crate) const NAME: &str = "Name";
    pub(crate) const PHONE: &str = "Telephone";
    pub(crate) const EMAIL: &str = "Email";
    pub(crate) const HOURS: &str = "Hours";

    pub(crate) fn of_contact(whose: &str, what: &str) -> String {
        let whose = if whose == IT_SERVICE_DESK { "IT service desk" } else { whose };
        format!("{whose}: {what}")
    }

    pub(crate) const NETWORKS: &str = "Networks";
    pub(crate) const MAIL_DOMAINS: &str = "Mail domains";
    pub(crate) const MAIL_DOMAINS_HINT: &str = "One below the other, without @, such as nhs.net";

    pub(crate) fn networks_hint(own: &str) -> String {
        format!("One below the other, such as 10.20.0.0/16. You are at {own} now.")
    }

    pub(crate) fn link(number: usize) -> String {
        format!("Link {number}")
    }

    pub(crate) fn link_is(link: &LocalLink) -> String {
        format!("{}: {}", link.title, link_leads(link))
    }

    pub(crate) fn link_leads(link: &LocalLink) -> String {
        let for_whom = link.only_for.map_or("everyone", super::role_name);
        format!("{} (for {for_whom})", link.address)
    }

    /// Its word in forms, and what it is called.
    pub(crate) const EVERYONE: (&str, &str) = ("everyone", "Everyone");
    pub(crate) const LINK_ADDRESS_HINT: &str =
        "It begins with https:// or mailto:. A page of this portal is written without its name: /pc-checker";
    pub(crate) const LINK_PLACE_HINT: &str = "1 stands first";

    pub(crate) fn for_whom(role: Option<Role>) -> &'static str {
        role.map_or(EVERYONE.1, |role| role_choice(role).0)
    }

    pub(crate) fn place_form(most: usize) -> String {
        format!("write a number from 1 to {most}")
    }

    pub(crate) const MESSAGE: &str = "Message on the portal page";
    pub(crate) const MESSAGE_HINT: &str = "Shown above everything else. Leave it empty for none.";
    pub(crate) const LEARNING_MESSAGE: &str = "Message of My e-Learning";
    pub(crate) const LEARNING_MESSAGE_HINT: &str = "Which device to use, for example";
    pub(crate) const LEARNING_HOMEPAGE: &str = "Where Learner Homepage leads";
    pub(crate) const LEARNING_HOMEPAGE_HINT: &str =
        "It begins with https://. Leave both empty where e-learning is on this portal.";

    pub(crate) const LOGO: &str = "Logo";
    pub(crate) const LOGO_HINT: &str = "PNG or JPEG, at most 1 MiB. It is shown on white, and made smaller where it is wider than 600 or higher than 200 pixels.";

    /// A picture has no name but that of what is in it.
    pub(crate) fn logo(hash: &str) -> String {
        format!("Picture {}", hash.get(..8).unwrap_or_default())
    }

    pub(crate) const INTERNET_ACCESS: &str = "Who decides a request for internet access";
    pub(crate) const SECOND_FACTOR: &str = "Second factors of staff who log in from outside";
    pub(crate) const SECOND_FACTOR_HINT: &str = "Whoever holds a role always gives one.";
    pub(crate) const ROLES_FROM_OUTSIDE: &str = "Whether the pages of roles open outside your networks";
    pub(crate) const PAYSLIPS_TWO_PERSONS: &str =
        "Whether two people of payroll have to agree before payslips are published";

    pub(crate) fn internet_access(choice: InternetAccess) -> &'static str {
        match choice {
            InternetAccess::Automatic => "Nobody: it is approved at once",
            InternetAccess::Hr => "HR",
        }
    }

    pub(crate) fn second_factor(choice: SecondFactor) -> &'static str {
        match choice {
            SecondFactor::Off => "Off: staff give none",
            SecondFactor::Offered => "Offered: whoever has set one up gives it",
            SecondFactor::Required => "Required: everybody gives one",
        }
    }

    /// A policy that is a number.
    pub(crate) fn policy(field: &str) -> &'static str {
        match field {
            "session_idle_minutes" => "Minutes without a page until somebody is logged out",
            "session_most_hours" => "Hours until somebody is logged out in any case",
            "link_minutes" => "Minutes that a mailed link works",
            "lock_failures" => "Wrong passwords in a row that lock an account",
            "lock_minutes" => "Minutes that the first lock lasts",
            "lock_most_minutes" => "Minutes that a lock lasts at most",
            "password_length" => "Characters of a password at least",
            "password_length_beside_factor" => "Characters of a password beside a second factor at least",
            "second_factor_grace_days" => "Days that staff may put off a second factor",
            "remember_device_days" => "Days that a browser outside is remembered",
            "re_enrolment_hours" => "Hours until lost second factors are taken off",
            "identity_hold_hours" => "Hours until a changed email, date of birth or smartcard works",
            "username_change_days" => "Days that an old username works beside a new one",
            "leavers_years" => "Years that leavers can log in for their payslips",
            _ => "",
        }
    }

    pub(crate) fn policy_hint(field: &str, least: u32, most: u32) -> String {
        match field {
            "lock_most_minutes" => format!("As many as the first lock lasts, to {most}"),
            "password_length_beside_factor" => {
                format!("{least} or more, and no more than of a password that is the only factor")
            }
            "remember_device_days" | "leavers_years" => format!("{least} to {most}; 0 for never"),
            _ => format!("{least} to {most}"),
        }
    }
}
