//! The link in the mail: minted as the mail is sent, used once, by a press of a button and by nothing else.

use futures::FutureExt;
use jiff::tz::TimeZone;
use records::{Holder, Username};
use serde_json::json;
use sha2::{Digest, Sha256};
use store::{Instant, Secret, StoreError, Tx};
use uuid::Uuid;

use super::{
    model::may_be_mailed,
    sql::{self, LinkRow},
};
use crate::{
    App, Door,
    account::{self, NewPassword},
    app::Trace,
    internet_access::{self, Status},
    lock::Lock,
    log_in, mails,
    sessions::{self, EndedBy},
};

/// How a link stands.
#[derive(Clone, Debug)]
pub enum LinkState {
    /// It can be used.
    Open(Box<OpenLink>),
    /// Nobody was ever sent it.
    Unknown,
    /// It was used then, in the employer's time zone.
    Used(Instant, TimeZone),
    /// A newer one was sent then.
    Superseded(Instant, TimeZone),
    /// The password was set then, in another way.
    PasswordSet(Instant, TimeZone),
    /// Its time was over then.
    Expired(Instant, TimeZone),
    /// The email address on the staff record has changed since it was sent.
    AddressChanged,
    /// Its holder has left.
    Left,
    /// It was mailed to a leaver, who is none any more: they work here again, or left too long ago.
    NoLeaver,
}

/// A link that can be used.
#[derive(Clone, Debug)]
pub struct OpenLink {
    pub(super) row: LinkRow,
    /// Whose it is.
    pub holder: Holder,
    /// Their username.
    pub username: Option<Username>,
    /// Whether they have a password already, and could keep it.
    pub has_password: bool,
    /// Until when password log-in is stopped for them.
    pub locked_until: Option<Instant>,
}

impl OpenLink {
    /// The door that it was asked for at.
    pub(super) fn door(&self) -> Door {
        Door::of(self.row.leaver)
    }
}

/// Looks at a link. Changes nothing: mail scanners do it too.
///
/// # Errors
/// What the store says.
pub async fn look_at(app: &App, secret: Option<&Secret>) -> Result<LinkState, StoreError> {
    let mut reader = app.db.read().await?;
    state(&mut reader.tx(), secret, app.clock.now()).await
}

async fn state(tx: &mut Tx<'_>, secret: Option<&Secret>, now: Instant) -> Result<LinkState, StoreError> {
    let Some(secret) = secret else { return Ok(LinkState::Unknown) };
    let Some(row) = sql::link_by_secret(tx, &secret.hash()).await? else { return Ok(LinkState::Unknown) };
    let Some(holder) = records::holder(tx, row.staff_record_id, now).await? else {
        return Ok(LinkState::Unknown);
    };
    let account = account::sql::account(tx, row.staff_record_id).await?;
    let newest = sql::newest_link(tx, row.staff_record_id).await?;
    let set = account.as_ref().and_then(|account| account.password_set_at);
    let zone = holder.employer.zone();
    if let Some(used) = row.used_at {
        return Ok(LinkState::Used(used, zone));
    }
    let personal = match Door::of(row.leaver) {
        Door::Staff => None,
        Door::Leavers => records::personal_address::confirmed(tx, row.staff_record_id).await?,
    };
    let address = match Door::of(row.leaver) {
        Door::Staff => holder.record.email.as_deref(),
        Door::Leavers => personal.as_ref().and_then(|personal| personal.address.as_deref()),
    };
    if row.address_hash != address_hash(address.unwrap_or_default()) {
        return Ok(LinkState::AddressChanged);
    }
    if let Some(newer) = newest.filter(|newest| newest.id != row.id) {
        return Ok(LinkState::Superseded(newer.sent_at, zone));
    }
    if let Some(set) = set.filter(|set| *set >= row.sent_at) {
        return Ok(LinkState::PasswordSet(set, zone));
    }
    if now >= row.expires_at {
        return Ok(LinkState::Expired(row.expires_at, zone));
    }
    if personal.as_ref().is_some_and(|personal| !personal.works(&holder, now)) {
        return Ok(LinkState::NoLeaver);
    }
    if personal.is_none() && holder.record.has_left(holder.employer.today(now)) {
        return Ok(LinkState::Left);
    }
    let username = records::usernames(tx, row.staff_record_id, now).await?.into_iter().next();
    let lock = log_in::sql::lock(tx, row.staff_record_id).await?;
    let browsers = log_in::sql::locked_browsers(tx, row.staff_record_id, now).await?;
    let locks = browsers.into_iter().map(|(until, _)| until).chain(lock.locked_until);
    let locked_until = locks.filter(|until| now < *until).max();
    let has_password = account.is_some_and(|account| account.password_hash.is_some());
    Ok(LinkState::Open(Box::new(OpenLink { row, holder, username, has_password, locked_until })))
}

/// Why a link was not used.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// It cannot be used, any more or at all.
    #[error("the link cannot be used")]
    Dead(Box<LinkState>),
    /// There is no password that could be kept.
    #[error("no password to keep")]
    NoPassword,
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Where a link is used, and by whom.
#[derive(Clone, Debug)]
pub struct UsedBy {
    /// The browser, to make it known.
    pub browser: Uuid,
    /// On what.
    pub device: String,
    /// Their own session here, which goes on.
    pub session: Option<Uuid>,
    /// For the trail.
    pub trace: Trace,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Used {
    /// Whose link it was.
    pub holder: Holder,
    /// Their username.
    pub username: Option<Username>,
    /// Their internet access now.
    pub status: Status,
}

/// Sets a password by a link. No second factor is touched by it.
///
/// # Errors
/// See [`LinkError`].
pub async fn set_password(
    app: &App,
    secret: &Secret,
    new: NewPassword,
    by: UsedBy,
) -> Result<Used, LinkError> {
    let (now, app_in, secret) = (app.clock.now(), app.clone(), secret.clone());
    app.db
        .write(move |tx| {
            async move {
                let link = take(tx, &secret, now).await?;
                let staff_record = link.holder.record.id;
                account::sql::ensure(tx, staff_record, now).await?;
                if link.door() == Door::Staff {
                    records::mark_proved(tx, staff_record, now).await?;
                    account::sql::note_first_password(tx, staff_record, now).await?;
                }
                account::sql::set_password(tx, staff_record, &new, now).await?;
                log_in::sql::forget_browsers(tx, staff_record).await?;
                let status = match link.door() {
                    Door::Staff => {
                        let trace = by.trace.clone();
                        internet_access::requested_by_setting_a_password(
                            tx,
                            &app_in,
                            &link.holder,
                            trace,
                            now,
                        )
                        .await?
                    }
                    // They are no staff, who might ask for it.
                    Door::Leavers => Status::NotRequested,
                };
                finish(tx, &app_in, &link, &by, ("access.password_set", mails::PASSWORD_SET), now).await?;
                Ok(Used { holder: link.holder, username: link.username, status })
            }
            .boxed()
        })
        .await
}

/// Lifts the lock by a link; the password stays.
///
/// # Errors
/// See [`LinkError`].
pub async fn unlock(app: &App, secret: &Secret, by: UsedBy) -> Result<Used, LinkError> {
    let (now, app_in, secret) = (app.clock.now(), app.clone(), secret.clone());
    app.db
        .write(move |tx| {
            async move {
                let link = take(tx, &secret, now).await?;
                if !link.has_password {
                    return Err(LinkError::NoPassword);
                }
                let account = account::sql::account(tx, link.holder.record.id).await?;
                finish(tx, &app_in, &link, &by, ("access.unlocked", mails::UNLOCKED), now).await?;
                let status = account.map_or(Status::NotRequested, |account| account.internet_access);
                Ok(Used { holder: link.holder, username: link.username, status })
            }
            .boxed()
        })
        .await
}

/// Uses the link up, if it can be used: of two presses at once one wins.
async fn take(tx: &mut Tx<'_>, secret: &Secret, now: Instant) -> Result<Box<OpenLink>, LinkError> {
    // Whatever else concerns the account waits for this, so that the link is judged by what will be true after it.
    if let Some(row) = sql::link_by_secret(tx, &secret.hash()).await? {
        log_in::sql::hold_lock(tx, row.staff_record_id, now).await?;
    }
    match state(tx, Some(secret), now).await? {
        LinkState::Open(link) if sql::use_link(tx, link.row.id, now).await? => Ok(link),
        LinkState::Open(link) => {
            Err(LinkError::Dead(Box::new(LinkState::Used(now, link.holder.employer.zone()))))
        }
        dead => Err(LinkError::Dead(Box::new(dead))),
    }
}

/// What every use of a link does: the lock is gone, this browser is known, other sessions end, a notice is mailed.
async fn finish(
    tx: &mut Tx<'_>,
    app: &App,
    link: &OpenLink,
    by: &UsedBy,
    (event, notice): (&'static str, &'static str),
    now: Instant,
) -> Result<(), StoreError> {
    let staff_record = link.holder.record.id;
    log_in::sql::set_lock(tx, staff_record, &Lock::default(), now).await?;
    log_in::sql::unlock_browsers(tx, staff_record).await?;
    log_in::make_known(tx, app, by.browser, staff_record, &by.device, now).await?;
    sessions::sql::end_all(tx, staff_record, by.session, EndedBy::Password, now).await?;
    mails::tell(tx, app, &link.holder, notice, json!({ "at": now, "device": by.device }), now).await?;
    let mut entry = by.trace.clone().entry(app, event, Some(&link.holder), now);
    entry.data = json!({ "by": "mailed link", "link": link.row.id, "door": link.door() });
    audit::append(tx, entry).await
}

/// One account's part of a mail: its username and a link that has just been minted for it.
pub(crate) struct Minted {
    pub(crate) holder: Holder,
    pub(crate) username: Option<Username>,
    pub(crate) address: String,
    pub(crate) expires_at: Instant,
}

/// Mints the links of a mail as it is sent. Whoever has left or may no longer be mailed gets none.
pub(crate) async fn compose(
    app: &App,
    mut staff_records: Vec<Uuid>,
    to: String,
    door: Door,
) -> Result<Vec<Minted>, StoreError> {
    // In the same order wherever several are held.
    staff_records.sort_unstable();
    let (now, app_in) = (app.clock.now(), app.clone());
    app.db
        .write(move |tx| {
            async move {
                let mut minted = Vec::new();
                for staff_record in staff_records {
                    log_in::sql::hold_lock(tx, staff_record, now).await?;
                    let Some(holder) = records::holder(tx, staff_record, now).await? else { continue };
                    if !may_have_link(tx, &holder, &to, door, now).await? {
                        continue;
                    }
                    let secret = app_in.entropy.secret();
                    let expires_at = now.plus_minutes(holder.employer.settings.policies.link_minutes.into());
                    let id = app_in.entropy.id(now);
                    let row = LinkRow {
                        id,
                        staff_record_id: staff_record,
                        sent_at: now,
                        expires_at,
                        used_at: None,
                        address_hash: address_hash(&to),
                        leaver: door == Door::Leavers,
                    };
                    sql::insert_link(tx, &row, &secret.hash()).await?;
                    let username = records::usernames(tx, staff_record, now).await?.into_iter().next();
                    let address = app_in.site.link(&format!("{}?link={}", door.reset(), secret.reveal()));
                    minted.push(Minted { holder, username, address, expires_at });
                }
                Ok(minted)
            }
            .boxed()
        })
        .await
}

/// Whether a link that was asked for at `door` may go to this address for them now.
async fn may_have_link(
    tx: &mut Tx<'_>,
    holder: &Holder,
    to: &str,
    door: Door,
    now: Instant,
) -> Result<bool, StoreError> {
    Ok(match door {
        Door::Staff => {
            let theirs = holder.record.email.as_deref().is_some_and(|email| email.eq_ignore_ascii_case(to));
            theirs && may_be_mailed(holder) && !holder.record.has_left(holder.employer.today(now))
        }
        Door::Leavers => {
            let address = records::personal_address::confirmed(tx, holder.record.id).await?;
            address.is_some_and(|address| address.is(to) && address.works(holder, now))
        }
    })
}

/// What a link keeps of the address that it was mailed to.
pub(super) fn address_hash(email: &str) -> Vec<u8> {
    Sha256::digest(email.to_lowercase()).to_vec()
}
