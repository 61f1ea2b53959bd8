//! The mails of this room: what they are called in the outbox, and what they say.

use mail::{Block, ComposeError, Composer, Letter, NewMail, Outgoing};
use records::{Employer, Holder};
use serde::Deserialize;
use serde_json::json;
use store::{Instant, StoreError, Tx};
use uuid::Uuid;
use web::{Language, format};

use crate::{
    App, Door, internet_access::Status, personal_address, recovery, service_desk::WrongField, words,
};

/// A link to get back in.
pub(crate) const RECOVERY: &str = "access.recovery";
/// A notice that a password was set.
pub(crate) const PASSWORD_SET: &str = "access.password_set";
/// A notice that a lock was lifted.
pub(crate) const UNLOCKED: &str = "access.unlocked";
/// A notice that somebody logged in on a new device from outside.
pub(crate) const NEW_DEVICE: &str = "access.new_device";
/// A notice that a second factor was set up or taken off.
pub(crate) const SECOND_FACTOR: &str = "access.second_factor";
/// A notice that the second factors are to be taken off, because their holder is said to have lost them.
pub(crate) const RE_ENROLMENT: &str = "access.re_enrolment";
/// A notice that they were.
pub(crate) const RE_ENROLLED: &str = "access.re_enrolled";
/// A link for somebody who has left to set a password.
pub(crate) const LEAVER_RECOVERY: &str = "access.leaver_recovery";
/// A link that confirms a personal address.
pub(crate) const PERSONAL_ADDRESS_CONFIRM: &str = "access.personal_address_confirm";
/// A notice that a personal address was set, with a link that stops it.
pub(crate) const PERSONAL_ADDRESS_SET: &str = "access.personal_address_set";
/// A notice that one was taken off or stopped.
pub(crate) const PERSONAL_ADDRESS_ENDED: &str = "access.personal_address_ended";
/// HR's decision on internet access.
pub(crate) const INTERNET_ACCESS: &str = "access.internet_access";

/// To HR: something on a record is wrong.
pub(crate) const TELL_HR: &str = "access.tell_hr";
/// To the auditors: somebody has opened very many persons.
pub(crate) const MANY_OPENED: &str = "access.many_opened";

/// Queues a notice to the address on a staff record, if the record has one that may be mailed; to the personal address of
/// whoever gets in by it, since their mailbox here has ended with the job.
pub(crate) async fn tell(
    tx: &mut Tx<'_>,
    app: &App,
    holder: &Holder,
    kind: &'static str,
    data: serde_json::Value,
    now: Instant,
) -> Result<(), StoreError> {
    if holder.record.has_left(holder.employer.today(now)) {
        let address = records::personal_address::confirmed(tx, holder.record.id).await?;
        let address =
            address.filter(|address| address.works(holder, now)).and_then(|address| address.address);
        if let Some(to) = address {
            return tell_there(tx, app, holder, to, (kind, data), now).await;
        }
    }
    let Some(to) = holder.record.email.clone().filter(|_| recovery::may_be_mailed(holder)) else {
        return Ok(());
    };
    let mail = NewMail { id: app.entropy.id(now), key: None, to, about: Some(holder.record.id), kind, data };
    mail::enqueue(tx, mail, now).await
}

/// Queues a mail to a personal address. It is not listed among those about somebody, which the service desk sees.
pub(crate) async fn tell_there(
    tx: &mut Tx<'_>,
    app: &App,
    holder: &Holder,
    to: String,
    (kind, mut data): (&'static str, serde_json::Value),
    now: Instant,
) -> Result<(), StoreError> {
    data["staff_record"] = json!(holder.record.id);
    mail::enqueue(tx, NewMail { id: app.entropy.id(now), key: None, to, about: None, kind, data }, now).await
}

/// The composers of this room's mails.
#[must_use]
pub fn composers(app: &App) -> Vec<Composer> {
    let notices = [
        PASSWORD_SET,
        UNLOCKED,
        NEW_DEVICE,
        SECOND_FACTOR,
        RE_ENROLMENT,
        RE_ENROLLED,
        INTERNET_ACCESS,
        PERSONAL_ADDRESS_ENDED,
    ]
    .map(|kind| {
        let app = app.clone();
        Composer::new(kind, move |mail| notice(app.clone(), kind, mail))
    });
    let (to_leaver, to_confirm, to_stop) = (app.clone(), app.clone(), app.clone());
    let links = [
        Composer::new(LEAVER_RECOVERY, move |mail| leaver_letter(to_leaver.clone(), mail)),
        Composer::new(PERSONAL_ADDRESS_CONFIRM, move |mail| confirm_letter(to_confirm.clone(), mail)),
        Composer::new(PERSONAL_ADDRESS_SET, move |mail| stop_letter(to_stop.clone(), mail)),
    ];
    let (to_hr, to_auditor, app) = (app.clone(), app.clone(), app.clone());
    let recovery = Composer::new(RECOVERY, move |mail| recovery_letter(app.clone(), mail));
    let others = [
        Composer::new(TELL_HR, move |mail| wrong_on_record(to_hr.clone(), mail)),
        Composer::new(MANY_OPENED, move |mail| many_opened(to_auditor.clone(), mail)),
    ];
    notices.into_iter().chain([recovery]).chain(links).chain(others).collect()
}

#[derive(Deserialize)]
struct WrongData {
    staff_record: Uuid,
    field: WrongField,
    reason: String,
    at: Instant,
}

async fn wrong_on_record(app: App, mail: Outgoing) -> Result<Option<Letter>, ComposeError> {
    let data: WrongData = read(mail.data)?;
    let mut reader = app.db.read().await?;
    let Some(holder) = records::holder(&mut reader.tx(), data.staff_record, app.clock.now()).await? else {
        return Ok(None);
    };
    drop(reader);
    let what = match data.field {
        WrongField::Email => "email address",
        WrongField::DateOfBirth => "date of birth",
    };
    let facts = vec![
        ("Name".to_owned(), holder.record.name()),
        ("Employee number".to_owned(), holder.record.employee_number.clone()),
        ("When".to_owned(), format::day_and_time(data.at, &holder.employer.zone())),
        ("The service desk says".to_owned(), data.reason),
    ];
    let blocks = vec![
        Block::Text(format!(
            "Somebody cannot get in, because the {what} on their staff record is not right. Check it with them, not with whoever rings you, and correct it."
        )),
        Block::Facts(facts),
    ];
    Ok(Some(Letter { subject: format!("The {what} of one of your staff is wrong"), blocks }))
}

#[derive(Deserialize)]
struct ManyData {
    opener: Uuid,
    persons: i64,
    at: Instant,
}

async fn many_opened(app: App, mail: Outgoing) -> Result<Option<Letter>, ComposeError> {
    let data: ManyData = read(mail.data)?;
    let mut reader = app.db.read().await?;
    let Some(opener) = records::holder(&mut reader.tx(), data.opener, app.clock.now()).await? else {
        return Ok(None);
    };
    drop(reader);
    let facts = vec![
        ("Who".to_owned(), opener.record.name()),
        ("Employee number".to_owned(), opener.record.employee_number.clone()),
        ("At".to_owned(), format::day_and_time(data.at, &opener.employer.zone())),
    ];
    let blocks = vec![
        Block::Text(format!(
            "One person of the service desk has opened the pages of {} persons within an hour. Ask them why. All of it is on the trail.",
            data.persons
        )),
        Block::Facts(facts),
    ];
    Ok(Some(Letter {
        subject: "Very many persons were opened by one of the service desk".to_owned(),
        blocks,
    }))
}

#[derive(Deserialize)]
struct RecoveryData {
    staff_records: Vec<Uuid>,
    /// Whether usernames were asked for as well.
    usernames: bool,
}

async fn recovery_letter(app: App, mail: Outgoing) -> Result<Option<Letter>, ComposeError> {
    let data: RecoveryData = read(mail.data)?;
    let minted = recovery::compose(&app, data.staff_records, mail.to, Door::Staff).await?;
    let Some(first) = minted.first() else { return Ok(None) };
    let minutes = minutes_left(&app, first.expires_at);
    let several = minted.len() > 1;
    let site = &app.site.name;
    let (subject, lead) = match (data.usernames, several) {
        (true, true) => (
            format!("Your usernames for {site}"),
            "Here are your usernames, and for each a link to reset its password.",
        ),
        (true, false) => {
            (format!("Your username for {site}"), "Here is your username and a link to reset your password.")
        }
        (false, _) => (format!("Reset your password for {site}"), "Here is a link to reset your password."),
    };
    let mut blocks = vec![Block::Text(lead.into())];
    for part in &minted {
        let name = part.username.as_ref().map(ToString::to_string).unwrap_or_default();
        let employer = part.holder.employer.name.clone();
        blocks.push(Block::Facts(vec![("Username".into(), name), ("Employer".into(), employer)]));
        blocks.push(Block::Link {
            label: "Reset your password or unlock your account".into(),
            address: part.address.clone(),
        });
    }
    let each = words::link_works(Language::English, several, minutes);
    blocks.push(Block::Text(format!(
        "{each} If you did not ask for it, do nothing: your password stays as it is."
    )));
    if several {
        let desks = minted.iter().map(|part| &part.holder.employer);
        blocks.extend(
            desks.map(|employer| Block::Text(format!("Help at {}: {}.", employer.name, contact(employer)))),
        );
        blocks.push(Block::Text("We never ask for your password by mail or phone.".into()));
    } else {
        blocks.push(desk(&first.holder.employer));
    }
    Ok(Some(Letter { subject, blocks }))
}

#[derive(Deserialize)]
struct LeaverData {
    staff_record: Uuid,
}

async fn leaver_letter(app: App, mail: Outgoing) -> Result<Option<Letter>, ComposeError> {
    let data: LeaverData = read(mail.data)?;
    let minted = recovery::compose(&app, vec![data.staff_record], mail.to, Door::Leavers).await?;
    let Some(part) = minted.into_iter().next() else { return Ok(None) };
    let minutes = minutes_left(&app, part.expires_at);
    let name = part.username.as_ref().map(ToString::to_string).unwrap_or_default();
    let employer = &part.holder.employer;
    let blocks = vec![
        Block::Text("Here is a link to set a new password. Your second factor stays as it is.".into()),
        Block::Facts(vec![("Username".into(), name), ("Employer".into(), employer.name.clone())]),
        Block::Link {
            label: "Set a new password or unlock your account".into(),
            address: part.address.clone(),
        },
        Block::Text(format!(
            "{} If you did not ask for it, do nothing: your password stays as it is.",
            words::link_works(Language::English, false, minutes)
        )),
        desk(employer),
    ];
    Ok(Some(Letter { subject: format!("Set a new password for {}", app.site.name), blocks }))
}

/// Rounded up: it was minted a moment ago.
fn minutes_left(app: &App, until: Instant) -> i64 {
    (until.seconds_since(app.clock.now()).max(0) + 59) / 60
}

#[derive(Deserialize)]
struct AddressData {
    staff_record: Uuid,
    personal_address: Uuid,
}

/// It names nobody: what was typed may be a stranger's address.
async fn confirm_letter(app: App, mail: Outgoing) -> Result<Option<Letter>, ComposeError> {
    let AddressData { staff_record, personal_address: id } = read(mail.data)?;
    let Some(minted) = personal_address::mint_confirm_link(&app, staff_record, id, &mail.to).await? else {
        return Ok(None);
    };
    let site = &app.site.name;
    let employer = &minted.holder.employer;
    let works = words::link_works(Language::English, false, minutes_left(&app, minted.until));
    let blocks = vec![
        Block::Text(format!(
            "Somebody who works at {} gave this address as their own, to see their payslips and P60s after they have left.",
            employer.name
        )),
        Block::Link { label: "Confirm this address".into(), address: minted.address },
        Block::Text(format!("{works} If it was not you, do nothing: this address is then not used.")),
        desk(employer),
    ];
    Ok(Some(Letter { subject: format!("Confirm your personal address for {site}"), blocks }))
}

#[derive(Deserialize)]
struct StopData {
    staff_record: Uuid,
    personal_address: Uuid,
    at: Instant,
    device: String,
}

/// The address itself does not stand in it: others may read the mailbox.
async fn stop_letter(app: App, mail: Outgoing) -> Result<Option<Letter>, ComposeError> {
    let StopData { staff_record, personal_address: id, at, device } = read(mail.data)?;
    let Some((holder, address)) = personal_address::mint_stop_link(&app, staff_record, id).await? else {
        return Ok(None);
    };
    let facts = vec![
        ("Employer".to_owned(), holder.employer.name.clone()),
        ("When".to_owned(), format::day_and_time(at, &holder.employer.zone())),
        ("On".to_owned(), device),
    ];
    let blocks = vec![
        Block::Text(
            "Somebody who was logged in as you set a personal address. With it, your password and your second factor, your payslips \
             and P60s can be seen after you have left."
                .into(),
        ),
        Block::Facts(facts),
        Block::Text(
            "If this was you, there is nothing to do. If not, stop it with the link, which works without logging in, and ring your \
             service desk."
                .into(),
        ),
        Block::Link { label: "Stop this address".into(), address },
        desk(&holder.employer),
    ];
    Ok(Some(Letter { subject: format!("A personal address was set for you at {}", app.site.name), blocks }))
}

#[derive(Deserialize)]
struct NoticeData {
    /// Whose it is, of a mail that is not listed as about them.
    #[serde(default)]
    staff_record: Option<Uuid>,
    #[serde(default)]
    at: Option<Instant>,
    #[serde(default)]
    device: Option<String>,
    #[serde(default)]
    status: Option<Status>,
    /// What happened to a second factor, and what its holder calls it.
    #[serde(default)]
    change: Option<String>,
    #[serde(default)]
    name: Option<String>,
}

async fn notice(app: App, kind: &'static str, mail: Outgoing) -> Result<Option<Letter>, ComposeError> {
    let data: NoticeData = read(mail.data)?;
    let Some(staff_record) = mail.about.or(data.staff_record) else { return Ok(None) };
    let mut reader = app.db.read().await?;
    let Some(holder) = records::holder(&mut reader.tx(), staff_record, app.clock.now()).await? else {
        return Ok(None);
    };
    drop(reader);
    let site = &app.site.name;
    let (subject, lead, then) = match kind {
        PASSWORD_SET => (
            format!("Your password for {site} was set"),
            "The password of your account was set. You have been logged out everywhere else.".to_owned(),
            "If this was not you, ring your service desk at once.",
        ),
        UNLOCKED => (
            format!("Your account for {site} was unlocked"),
            "Your account was unlocked. Your password is as it was.".to_owned(),
            "If you did not ask for this, ring your service desk.",
        ),
        NEW_DEVICE => (
            format!("Somebody logged in to {site} on a new device"),
            "Your account was logged in to on a device that it had not been used on before.".to_owned(),
            "If this was you, there is nothing to do. If not, ring your service desk at once and reset your password.",
        ),
        SECOND_FACTOR => (
            format!("Your second factors for {site} were changed"),
            match data.change.as_deref() {
                Some("set_up") => "A second factor was set up for your account.",
                Some("removed") => "A second factor of your account was taken off.",
                _ => "New recovery codes were made for your account. The old ones do not work any more.",
            }
            .to_owned(),
            "If this was you, there is nothing to do. If not, ring your service desk at once.",
        ),
        RE_ENROLMENT => (
            format!("Your second factors for {site} will be taken off"),
            "Your service desk was told that you have lost your passkeys, authenticator app and recovery codes. They \
             will be taken off your account at the time below, and you will then be asked to set up new ones."
                .to_owned(),
            "If you did not ask for this, log in and stop it under My account, and ring your service desk at once.",
        ),
        RE_ENROLLED => (
            format!("Your second factors for {site} were taken off"),
            "Your passkeys, authenticator app and recovery codes were taken off your account, and you were logged out \
             everywhere. Log in with your password and set up a new one within seven days."
                .to_owned(),
            "If you did not ask for this, ring your service desk at once.",
        ),
        PERSONAL_ADDRESS_ENDED => (
            format!("Your personal address for {site} was taken off"),
            match data.change.as_deref() {
                Some("stopped") => {
                    "It was said that it was not you who had set it, so nobody gets in by it. Whoever was logged in as you \
                     elsewhere has been logged out."
                }
                _ => "The address by which you would see your payslips after you have left was taken off.",
            }
            .to_owned(),
            "If you did not do this, ring your service desk at once. You can set an address again under My account.",
        ),
        _ => {
            let status = data.status.unwrap_or(Status::NotRequested);
            let means = words::status_means(Language::English, status);
            let subject = match status {
                Status::Approved => "Your internet access is approved",
                Status::Refused => "Your internet access is refused",
                _ => "Your internet access is withdrawn",
            };
            (subject.to_owned(), means.to_owned(), "If you have questions, ask HR.")
        }
    };
    let mut facts = vec![("Employer".to_owned(), holder.employer.name.clone())];
    facts.extend(data.at.map(|at| ("When".to_owned(), format::day_and_time(at, &holder.employer.zone()))));
    facts.extend(data.name.map(|name| ("Which".to_owned(), name)));
    facts.extend(data.device.map(|device| ("On".to_owned(), device)));
    let blocks =
        vec![Block::Text(lead), Block::Facts(facts), Block::Text(then.into()), desk(&holder.employer)];
    Ok(Some(Letter { subject, blocks }))
}

fn desk(employer: &Employer) -> Block {
    Block::Text(format!("Help: {}. We never ask for your password by mail or phone.", contact(employer)))
}

/// An employer's service desk in one line.
fn contact(employer: &Employer) -> String {
    let desk = &employer.settings.service_desk;
    let parts = [&desk.name, &desk.phone, &desk.hours].map(String::as_str);
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
}

fn read<T: serde::de::DeserializeOwned>(data: serde_json::Value) -> Result<T, ComposeError> {
    serde_json::from_value(data).map_err(|error| ComposeError::Other(error.to_string()))
}
