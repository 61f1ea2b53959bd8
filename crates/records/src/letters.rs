//! The mails of this room, written when they are sent.

use mail::{Block, ComposeError, Composer, Letter, Outgoing};
use serde::Deserialize;
use store::{Clock, Db, Instant};
use uuid::Uuid;

use crate::{
    Holder, IdentityField, Role,
    employer::tell::WayInChanged,
    holds,
    import::{self, Counts},
    roles::tell::Change,
    staff,
    words::{self, settings},
};

/// To the old address of somebody whose identity field will change.
pub(crate) const IDENTITY_HELD: &str = "records.identity_held";
/// To all HR of an employer where a load changed many.
pub(crate) const MASS_CHANGE: &str = "records.mass_change";
/// To all HR and auditors of an employer where the operator granted a role.
pub(crate) const ROLE_RECOVERED: &str = "records.role_recovered";
/// To whoever was granted a role by HR or had one withdrawn; of some roles to the other HR; and to HR who are to confirm one.
pub(crate) const ROLE_CHANGED: &str = "records.role_changed";
/// To all HR and auditors of an employer whose networks or mail domains were changed.
pub(crate) const WAY_IN_CHANGED: &str = "records.way_in_changed";
/// To HR who can agree to a staff file that needs a second person.
pub(crate) const UPLOAD_WAITS: &str = "records.upload_waits";
/// To somebody who has a new username.
pub(crate) const USERNAME_ALLOTTED: &str = "records.username_allotted";

/// Who writes the mails of this room.
#[must_use]
pub fn composers(db: &Db, clock: &Clock) -> Vec<Composer> {
    let (for_held, held_clock) = (db.clone(), clock.clone());
    let (for_change, change_clock) = (db.clone(), clock.clone());
    let (for_role, role_clock) = (db.clone(), clock.clone());
    let (for_username, username_clock) = (db.clone(), clock.clone());
    let (for_roles, roles_clock) = (db.clone(), clock.clone());
    let (for_way_in, way_in_clock) = (db.clone(), clock.clone());
    let (for_upload, upload_clock) = (db.clone(), clock.clone());
    vec![
        Composer::new(USERNAME_ALLOTTED, move |mail| {
            username_allotted(for_username.clone(), username_clock.now(), mail)
        }),
        Composer::new(IDENTITY_HELD, move |mail| identity_held(for_held.clone(), held_clock.now(), mail)),
        Composer::new(MASS_CHANGE, move |mail| mass_change(for_change.clone(), change_clock.now(), mail)),
        Composer::new(ROLE_RECOVERED, move |mail| role_recovered(for_role.clone(), role_clock.now(), mail)),
        Composer::new(ROLE_CHANGED, move |mail| role_changed(for_roles.clone(), roles_clock.now(), mail)),
        Composer::new(WAY_IN_CHANGED, move |mail| {
            way_in_changed(for_way_in.clone(), way_in_clock.now(), mail)
        }),
        Composer::new(UPLOAD_WAITS, move |mail| upload_waits(for_upload.clone(), upload_clock.now(), mail)),
    ]
}

type Composed = Result<Option<Letter>, ComposeError>;

fn read<T: serde::de::DeserializeOwned>(mail: &Outgoing) -> Result<T, ComposeError> {
    serde_json::from_value(mail.data.clone()).map_err(|error| ComposeError::Other(error.to_string()))
}

async fn recipient(db: &Db, now: Instant, mail: &Outgoing) -> Result<Option<Holder>, ComposeError> {
    let Some(id) = mail.about else { return Ok(None) };
    Ok(staff::holder(&mut db.read().await?.tx(), id, now).await?)
}

#[derive(Deserialize)]
struct Held {
    change: i64,
}

/// Not wanted any more once nothing of that change is held: it works already, or was stopped or released.
async fn identity_held(db: Db, now: Instant, mail: Outgoing) -> Composed {
    let Held { change } = read(&mail)?;
    let Some(holder) = recipient(&db, now, &mail).await? else { return Ok(None) };
    let open = holds::open_holds(&mut db.read().await?.tx(), holder.record.id, now).await?;
    let zone = holder.employer.zone();
    let line = |field: IdentityField, until| {
        (words::identity_held::field(field).to_owned(), words::identity_held::works_from(until, &zone))
    };
    let facts: Vec<_> = open
        .into_iter()
        .filter(|hold| hold.number == change)
        .map(|hold| line(hold.field, hold.held_until))
        .collect();
    if facts.is_empty() {
        return Ok(None);
    }
    let blocks = vec![
        Block::Text(words::identity_held::opening(&holder.employer.name)),
        Block::Facts(facts),
        Block::Text(words::identity_held::STOP.to_owned()),
    ];
    Ok(Some(Letter { subject: words::identity_held::SUBJECT.to_owned(), blocks }))
}

#[derive(Deserialize)]
struct Allotted {
    username: String,
}

async fn username_allotted(db: Db, now: Instant, mail: Outgoing) -> Composed {
    let Allotted { username } = read(&mail)?;
    let Some(holder) = recipient(&db, now, &mail).await? else { return Ok(None) };
    let facts = vec![
        (words::username_allotted::USERNAME.to_owned(), username),
        (words::username_allotted::EMPLOYER.to_owned(), holder.employer.name),
    ];
    let blocks = vec![
        Block::Text(words::username_allotted::OPENING.to_owned()),
        Block::Facts(facts),
        Block::Text(words::username_allotted::NOT_ASKED.to_owned()),
    ];
    Ok(Some(Letter { subject: words::username_allotted::SUBJECT.to_owned(), blocks }))
}

#[derive(Deserialize)]
struct MassChange {
    file_name: Option<String>,
    counts: Counts,
    at: Instant,
}

async fn mass_change(db: Db, now: Instant, mail: Outgoing) -> Composed {
    let MassChange { file_name, counts, at } = read(&mail)?;
    let Some(holder) = recipient(&db, now, &mail).await? else { return Ok(None) };
    let employer = &holder.employer;
    let blocks = vec![
        Block::Text(words::mass_change::opening(&employer.name, at, &employer.zone())),
        Block::Facts(words::mass_change::facts(file_name.as_deref().unwrap_or_default(), &counts)),
        Block::Text(words::mass_change::CHECK.to_owned()),
    ];
    Ok(Some(Letter { subject: words::mass_change::SUBJECT.to_owned(), blocks }))
}

#[derive(Deserialize)]
struct RoleRecovered {
    staff_record: Uuid,
    username: String,
    role: Role,
    at: Instant,
    reason: Option<String>,
}

async fn role_recovered(db: Db, now: Instant, mail: Outgoing) -> Composed {
    let granted: RoleRecovered = read(&mail)?;
    let Some(holder) = recipient(&db, now, &mail).await? else { return Ok(None) };
    let to = staff::holder(&mut db.read().await?.tx(), granted.staff_record, now).await?;
    let employer = &holder.employer;
    let name = to.map_or_else(String::new, |to| to.record.name());
    let facts = [
        (words::role_recovered::NAME, name),
        (words::role_recovered::USERNAME, granted.username),
        (words::role_recovered::ROLE, words::role_name(granted.role).to_owned()),
        (words::role_recovered::WHEN, words::role_recovered::when(granted.at, &employer.zone())),
        (words::role_recovered::REASON, granted.reason.unwrap_or_default()),
    ];
    let facts = facts.into_iter().filter(|(_, value)| !value.is_empty());
    let blocks = vec![
        Block::Text(words::role_recovered::opening(&employer.name)),
        Block::Facts(facts.map(|(name, value)| (name.to_owned(), value)).collect()),
        Block::Text(words::role_recovered::CHECK.to_owned()),
    ];
    Ok(Some(Letter { subject: words::role_recovered::SUBJECT.to_owned(), blocks }))
}

#[derive(Deserialize)]
struct RoleChanged {
    change: Change,
    staff_record: Uuid,
    username: String,
    role: Role,
    by: Option<Uuid>,
    at: Instant,
    reason: Option<String>,
}

async fn role_changed(db: Db, now: Instant, mail: Outgoing) -> Composed {
    let changed: RoleChanged = read(&mail)?;
    let Some(holder) = recipient(&db, now, &mail).await? else { return Ok(None) };
    let own = holder.record.id == changed.staff_record;
    let mut reader = db.read().await?;
    let whose = staff::holder(&mut reader.tx(), changed.staff_record, now).await?;
    let by = match changed.by {
        Some(by) => staff::holder(&mut reader.tx(), by, now).await?,
        None => None,
    };
    drop(reader);
    let name = |of: Option<Holder>| of.map_or_else(String::new, |of| of.record.name());
    let employer = &holder.employer;
    let facts = [
        (words::role_changed::NAME, if own { String::new() } else { name(whose) }),
        (words::role_changed::USERNAME, changed.username),
        (words::role_changed::ROLE, words::role_name(changed.role).to_owned()),
        (words::role_changed::WHEN, words::role_changed::when(changed.at, &employer.zone())),
        (words::role_changed::BY, name(by)),
        (words::role_changed::REASON, changed.reason.unwrap_or_default()),
    ];
    let facts = facts.into_iter().filter(|(_, value)| !value.is_empty());
    let blocks = vec![
        Block::Text(words::role_changed::opening(changed.change, own, &employer.name)),
        Block::Facts(facts.map(|(name, value)| (name.to_owned(), value)).collect()),
        Block::Text(words::role_changed::what_to_do(changed.change, own).to_owned()),
    ];
    Ok(Some(Letter { subject: words::role_changed::subject(changed.change, own).to_owned(), blocks }))
}

async fn way_in_changed(db: Db, now: Instant, mail: Outgoing) -> Composed {
    let changed: WayInChanged = read(&mail)?;
    let Some(holder) = recipient(&db, now, &mail).await? else { return Ok(None) };
    let employer = &holder.employer;
    let mut facts = Vec::new();
    let both = [(settings::NETWORKS, changed.networks), (settings::MAIL_DOMAINS, changed.mail_domains)];
    for (what, (before, after)) in both.into_iter().filter_map(|(what, both)| Some((what, both?))) {
        facts.push((words::way_in_changed::before(what), words::way_in_changed::shown(before)));
        facts.push((words::way_in_changed::after(what), words::way_in_changed::shown(after)));
    }
    let by = match changed.by {
        Some(by) => name_of(&db, by, now).await?,
        None => words::way_in_changed::OPERATOR.to_owned(),
    };
    facts.push((words::role_changed::BY.to_owned(), by));
    facts.push((
        words::role_changed::WHEN.to_owned(),
        words::role_changed::when(changed.at, &employer.zone()),
    ));
    let blocks = vec![
        Block::Text(words::way_in_changed::opening(&employer.name)),
        Block::Facts(facts),
        Block::Text(words::way_in_changed::CHECK.to_owned()),
    ];
    Ok(Some(Letter { subject: words::way_in_changed::SUBJECT.to_owned(), blocks }))
}

async fn name_of(db: &Db, id: Uuid, now: Instant) -> Result<String, ComposeError> {
    let found = staff::holder(&mut db.read().await?.tx(), id, now).await?;
    Ok(found.map_or_else(String::new, |found| found.record.name()))
}

#[derive(Deserialize)]
struct UploadWaits {
    upload: Uuid,
    typed_by: Uuid,
    counts: Counts,
    at: Instant,
}

/// Not wanted any more once somebody has agreed, or discarded it, or it has to be looked at again.
async fn upload_waits(db: Db, now: Instant, mail: Outgoing) -> Composed {
    let UploadWaits { upload, typed_by, counts, at } = read(&mail)?;
    let Some(holder) = recipient(&db, now, &mail).await? else { return Ok(None) };
    let employer = &holder.employer;
    let waits = import::upload::waits_for_second(&db, upload, typed_by).await?;
    let Some(file_name) = waits else { return Ok(None) };
    let by = name_of(&db, typed_by, now).await?;
    let blocks = vec![
        Block::Text(words::upload_waits::opening(&employer.name, &by, at, &employer.zone())),
        Block::Facts(words::mass_change::facts(&file_name, &counts)),
        Block::Text(words::upload_waits::WHAT_TO_DO.to_owned()),
    ];
    Ok(Some(Letter { subject: words::upload_waits::SUBJECT.to_owned(), blocks }))
}
