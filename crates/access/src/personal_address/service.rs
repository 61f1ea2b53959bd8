use futures::FutureExt;
use jiff::tz::TimeZone;
use records::{
    Holder, PersonalAddress,
    personal_address::{self as rows, EndedBy, Refusal},
};
use serde_json::json;
use store::{Instant, Secret, StoreError, Tx};
use uuid::Uuid;
use web::Person;

use crate::{App, app::Trace, log_in, mails, recovery, sessions};

/// So often in so many minutes may one be set for an account, and a link be mailed to one address.
const MOST: [(i64, i64); 2] = [(60, 3), (24 * 60, 10)];

/// Why an address was not set.
#[derive(Debug, thiserror::Error)]
pub(super) enum SetError {
    /// It is not taken.
    #[error("the address is not taken")]
    Refused(Refusal),
    /// It is the one that is set.
    #[error("it is set already")]
    Same,
    /// Too often lately.
    #[error("too often")]
    TooOften,
    /// There is no address on the staff record that could be told.
    #[error("nobody could be told")]
    NoNotice,
    /// The session has ended.
    #[error("the session has ended")]
    Ended,
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn count(event: &'static str) {
    metrics::counter!("staffrecord_access_personal_addresses_total", "event" => event).increment(1);
}

/// Somebody sets their personal address. A link goes to it, and a notice to the address on their record.
pub(super) async fn set(
    app: &App,
    person: &Person,
    typed: &str,
    device: String,
    trace: Trace,
) -> Result<(), SetError> {
    let (now, app_in, typed) = (app.clock.now(), app.clone(), typed.to_owned());
    let (staff_record, session) = (person.staff_record, person.session);
    app.db
        .write(move |tx| {
            async move {
                log_in::sql::hold_lock(tx, staff_record, now).await?;
                if !sessions::sql::is_open(tx, session).await? {
                    return Err(SetError::Ended);
                }
                let holder = records::holder(tx, staff_record, now).await?.ok_or(SetError::Ended)?;
                let address = rows::judge(&typed, &holder.employer.settings).map_err(SetError::Refused)?;
                if !recovery::may_be_mailed(&holder) {
                    return Err(SetError::NoNotice);
                }
                let open = rows::open(tx, staff_record).await?;
                if open.iter().any(|open| open.confirmed_at.is_some() && open.is(&address)) {
                    return Err(SetError::Same);
                }
                if is_too_often(tx, staff_record, &address, now).await? {
                    return Err(SetError::TooOften);
                }
                let id = app_in.entropy.id(now);
                rows::set(tx, id, staff_record, &address, now).await?;
                let data = json!({ "personal_address": id });
                let mail = (mails::PERSONAL_ADDRESS_CONFIRM, data);
                mails::tell_there(tx, &app_in, &holder, address, mail, now).await?;
                let data =
                    json!({ "staff_record": staff_record, "personal_address": id, "at": now, "device": device });
                mails::tell(tx, &app_in, &holder, mails::PERSONAL_ADDRESS_SET, data, now).await?;
                let mut entry = trace.entry(&app_in, "access.personal_address_set", Some(&holder), now);
                entry.data = json!({ "personal_address": id, "device": device });
                audit::append(tx, entry).await?;
                count("set");
                Ok(())
            }
            .boxed()
        })
        .await
}

async fn is_too_often(
    tx: &mut Tx<'_>,
    staff_record: Uuid,
    address: &str,
    now: Instant,
) -> Result<bool, StoreError> {
    log_in::hold_address(tx, address, now).await?;
    for (minutes, most) in MOST {
        let since = now.plus_minutes(-minutes).plus_seconds(1);
        let mailed = mail::sent_to(tx, address, &[mails::PERSONAL_ADDRESS_CONFIRM], since).await?;
        if mailed >= most || rows::set_since(tx, staff_record, since).await? >= most {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Why an address was not ended.
#[derive(Debug, thiserror::Error)]
pub(super) enum EndError {
    /// They have none with this id, or it cannot be ended so.
    #[error("there is no such address")]
    NotFound,
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Somebody takes their address off, or says, as long as it is young, that it was not they who set it: then they are logged out
/// everywhere else as well.
pub(super) async fn end(
    app: &App,
    person: &Person,
    id: Uuid,
    by: EndedBy,
    trace: Trace,
) -> Result<(), EndError> {
    let (now, app_in) = (app.clock.now(), app.clone());
    let (staff_record, session) = (person.staff_record, person.session);
    app.db
        .write(move |tx| {
            async move {
                log_in::sql::hold_lock(tx, staff_record, now).await?;
                let holder = records::holder(tx, staff_record, now).await?.ok_or(EndError::NotFound)?;
                let open = rows::open(tx, staff_record).await?;
                let address = open.into_iter().find(|open| open.id == id).ok_or(EndError::NotFound)?;
                if by == EndedBy::Stopped && !address.is_young(now) {
                    return Err(EndError::NotFound);
                }
                let ending = Ending { by, place: "my account", session: Some(session), trace };
                end_these(tx, &app_in, &holder, &[address], ending, now).await?;
                Ok(())
            }
            .boxed()
        })
        .await
}

/// How, by whom and from where addresses end.
struct Ending {
    by: EndedBy,
    place: &'static str,
    /// Their own session, which goes on where the others end.
    session: Option<Uuid>,
    trace: Trace,
}

async fn end_these(
    tx: &mut Tx<'_>,
    app: &App,
    holder: &Holder,
    these: &[PersonalAddress],
    Ending { by, place, session, trace }: Ending,
    now: Instant,
) -> Result<(), StoreError> {
    let staff_record = holder.record.id;
    for address in these {
        rows::end(tx, staff_record, address.id, by, now).await?;
    }
    let mut logged_out = 0;
    if by == EndedBy::Stopped {
        logged_out =
            sessions::sql::end_all(tx, staff_record, session, sessions::EndedBy::Stopped, now).await?;
    }
    let data = json!({ "at": now, "change": by });
    mails::tell(tx, app, holder, mails::PERSONAL_ADDRESS_ENDED, data, now).await?;
    let event = match by {
        EndedBy::Stopped => "access.personal_address_stopped",
        EndedBy::Removed | EndedBy::Replaced => "access.personal_address_removed",
    };
    let mut entry = trace.entry(app, event, Some(holder), now);
    let ids: Vec<Uuid> = these.iter().map(|address| address.id).collect();
    entry.data = json!({ "personal_addresses": ids, "by": place, "sessions_ended": logged_out });
    audit::append(tx, entry).await?;
    count(by.as_str());
    Ok(())
}

/// How a link stands that confirms an address.
#[derive(Clone, Debug)]
pub(super) enum ConfirmState {
    /// It can be used.
    Open(Box<(PersonalAddress, Holder)>),
    /// It was used then, in the employer's time zone.
    Confirmed(Instant, TimeZone),
    /// Its time was over then.
    Expired(Instant, TimeZone),
    /// The address was taken off, stopped or replaced.
    Ended,
    /// Its holder has left.
    Left,
    /// Nobody was ever sent it, or a newer one was.
    Unknown,
}

/// Looks at a link that confirms an address. Changes nothing: mail scanners do it too.
pub(super) async fn look_at_confirm(app: &App, secret: Option<&Secret>) -> Result<ConfirmState, StoreError> {
    let mut reader = app.db.read().await?;
    confirm_state(&mut reader.tx(), secret, app.clock.now()).await
}

async fn confirm_state(
    tx: &mut Tx<'_>,
    secret: Option<&Secret>,
    now: Instant,
) -> Result<ConfirmState, StoreError> {
    let Some(secret) = secret else { return Ok(ConfirmState::Unknown) };
    let Some(address) = rows::by_confirm_link(tx, &secret.hash()).await? else {
        return Ok(ConfirmState::Unknown);
    };
    let Some(holder) = records::holder(tx, address.staff_record_id, now).await? else {
        return Ok(ConfirmState::Unknown);
    };
    let until = address.confirm_until.unwrap_or(address.set_at);
    Ok(if address.ended_at.is_some() {
        ConfirmState::Ended
    } else if let Some(at) = address.confirmed_at {
        ConfirmState::Confirmed(at, holder.employer.zone())
    } else if now >= until {
        ConfirmState::Expired(until, holder.employer.zone())
    } else if holder.record.has_left(holder.employer.today(now)) {
        ConfirmState::Left
    } else {
        ConfirmState::Open(Box::new((address, holder)))
    })
}

/// The button behind the link is pressed: the address is confirmed, in the place of the one before. An inner state is why not.
pub(super) async fn confirm(
    app: &App,
    secret: &Secret,
    trace: Trace,
) -> Result<Result<PersonalAddress, ConfirmState>, StoreError> {
    let (now, app_in, secret) = (app.clock.now(), app.clone(), secret.clone());
    app.db
        .write(move |tx| {
            async move {
                if let Some(address) = rows::by_confirm_link(tx, &secret.hash()).await? {
                    log_in::sql::hold_lock(tx, address.staff_record_id, now).await?;
                }
                let (address, holder) = match confirm_state(tx, Some(&secret), now).await? {
                    ConfirmState::Open(open) => *open,
                    dead => return Ok(Err(dead)),
                };
                if !rows::confirm(tx, &address, now).await? {
                    return Ok(Err(ConfirmState::Unknown));
                }
                let mut entry = trace.entry(&app_in, "access.personal_address_confirmed", Some(&holder), now);
                entry.data = json!({ "personal_address": address.id });
                audit::append(tx, entry).await?;
                count("confirmed");
                Ok(Ok(PersonalAddress { confirmed_at: Some(now), ..address }))
            }
            .boxed()
        })
        .await
}

/// How a link stands that stops an address.
#[derive(Clone, Debug)]
pub(super) enum StopState {
    /// It can be used: whose it is, and what it stops.
    Open(Box<(Holder, Vec<PersonalAddress>)>),
    /// There is nothing to stop any more.
    Ended,
    /// Nobody was ever sent it, or a newer one was.
    Unknown,
}

/// Looks at a link that stops an address. Changes nothing.
pub(super) async fn look_at_stop(app: &App, secret: Option<&Secret>) -> Result<StopState, StoreError> {
    let mut reader = app.db.read().await?;
    stop_state(&mut reader.tx(), secret, app.clock.now()).await
}

/// What was set since stops as well: whoever sets another one must not get out of the way of the first notice.
async fn stop_state(tx: &mut Tx<'_>, secret: Option<&Secret>, now: Instant) -> Result<StopState, StoreError> {
    let Some(secret) = secret else { return Ok(StopState::Unknown) };
    let Some(told) = rows::by_stop_link(tx, &secret.hash()).await? else { return Ok(StopState::Unknown) };
    let Some(holder) = records::holder(tx, told.staff_record_id, now).await? else {
        return Ok(StopState::Unknown);
    };
    let mut open = rows::open(tx, told.staff_record_id).await?;
    open.retain(|open| open.set_at >= told.set_at);
    Ok(if open.is_empty() { StopState::Ended } else { StopState::Open(Box::new((holder, open))) })
}

/// The button behind the notice's link is pressed: what it told of, and what was set since, is dead for good. An inner state is why
/// not. `session` is their own here, which goes on.
pub(super) async fn stop(
    app: &App,
    secret: &Secret,
    session: Option<Uuid>,
    trace: Trace,
) -> Result<Result<(), StopState>, StoreError> {
    let (now, app_in, secret) = (app.clock.now(), app.clone(), secret.clone());
    app.db
        .write(move |tx| {
            async move {
                if let Some(told) = rows::by_stop_link(tx, &secret.hash()).await? {
                    log_in::sql::hold_lock(tx, told.staff_record_id, now).await?;
                }
                let (holder, open) = match stop_state(tx, Some(&secret), now).await? {
                    StopState::Open(open) => *open,
                    dead => return Ok(Err(dead)),
                };
                let ending = Ending { by: EndedBy::Stopped, place: "mailed link", session, trace };
                end_these(tx, &app_in, &holder, &open, ending, now).await?;
                Ok(Ok(()))
            }
            .boxed()
        })
        .await
}

/// A link that confirms an address.
pub(crate) struct Minted {
    pub(crate) holder: Holder,
    pub(crate) address: String,
    pub(crate) until: Instant,
}

/// Mints the link as its mail is sent; `None` where there is nothing to confirm any more.
pub(crate) async fn mint_confirm_link(
    app: &App,
    staff_record: Uuid,
    id: Uuid,
    to: &str,
) -> Result<Option<Minted>, StoreError> {
    let (now, app_in, to) = (app.clock.now(), app.clone(), to.to_owned());
    app.db
        .write(move |tx| {
            async move {
                log_in::sql::hold_lock(tx, staff_record, now).await?;
                let Some(holder) = records::holder(tx, staff_record, now).await? else { return Ok(None) };
                let open = rows::open(tx, staff_record).await?;
                if !open.iter().any(|open| open.id == id && open.is(&to)) {
                    return Ok(None);
                }
                let until = now.plus_minutes(holder.employer.settings.policies.link_minutes.into());
                let secret = app_in.entropy.secret();
                if !rows::set_confirm_link(tx, id, &secret.hash(), until).await? {
                    return Ok(None);
                }
                let address =
                    app_in.site.link(&format!("/personal-address/confirm?link={}", secret.reveal()));
                Ok(Some(Minted { holder, address, until }))
            }
            .boxed()
        })
        .await
}

/// Mints the link of the notice as it is sent; `None` where there is nothing to stop any more.
pub(crate) async fn mint_stop_link(
    app: &App,
    staff_record: Uuid,
    id: Uuid,
) -> Result<Option<(Holder, String)>, StoreError> {
    let (now, app_in) = (app.clock.now(), app.clone());
    app.db
        .write(move |tx| {
            async move {
                log_in::sql::hold_lock(tx, staff_record, now).await?;
                let Some(holder) = records::holder(tx, staff_record, now).await? else { return Ok(None) };
                let secret = app_in.entropy.secret();
                if !rows::set_stop_link(tx, id, &secret.hash()).await? {
                    return Ok(None);
                }
                let address = app_in.site.link(&format!("/personal-address/stop?link={}", secret.reveal()));
                Ok(Some((holder, address)))
            }
            .boxed()
        })
        .await
}
