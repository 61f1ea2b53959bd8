//! Coming in, by whatever door: the session, the browser that is known from now on, the last log-in, the notice.

use records::Holder;
use serde_json::json;
use store::{Instant, Secret, StoreError, Tx};
use uuid::Uuid;
use web::{Client, Person, ProofKind};

use super::{
    Outcome,
    service::count,
    sql::{self, Found, LogIn},
};
use crate::{
    App, Door, account,
    app::{Trace, holder_of},
    mails,
    sessions::{self, Completed, EndedBy, Step},
};

/// Somebody is in, or has a step before them until they are.
#[derive(Clone, Debug)]
pub struct LoggedIn {
    /// Who.
    pub staff_record: Uuid,
    /// Their session's secret, for the cookie.
    pub secret: Secret,
    /// The browser, for its cookie; it is known once they are in.
    pub browser: Uuid,
    /// What they still have to do.
    pub step: Option<Step>,
    /// Whether a form is kept for them.
    pub kept_form: bool,
}

/// How somebody comes in.
#[derive(Clone, Debug)]
pub(crate) struct Arrival {
    pub(crate) browser: Option<Uuid>,
    pub(crate) address: String,
    pub(crate) device: String,
    /// A session of this browser that ends with it.
    pub(crate) replaces: Option<Uuid>,
    pub(crate) proof: ProofKind,
    /// When they proved themselves, where that was before now.
    pub(crate) proof_at: Option<Instant>,
    pub(crate) step: Option<Step>,
    pub(crate) inside: bool,
    /// The identity provider that they came by, and its ID token, sealed.
    pub(crate) provider: Option<(String, Vec<u8>)>,
    /// Whether they came by the leavers' door.
    pub(crate) leaver: bool,
}

/// Begins a session for somebody who has proved themselves.
pub(crate) async fn arrive(
    tx: &mut Tx<'_>,
    app: &App,
    holder: &Holder,
    found: Found,
    arrival: Arrival,
    now: Instant,
) -> Result<LoggedIn, StoreError> {
    let staff_record = holder.record.id;
    let browser = arrival.browser.unwrap_or_else(|| app.entropy.id(now));
    if arrival.step.is_none() {
        come_in(
            tx,
            app,
            holder,
            (browser, &arrival.device),
            arrival.inside || found.known_browser.is_some(),
            now,
        )
        .await?;
    }
    if let Some(old) = arrival.replaces {
        sessions::sql::end(tx, old, EndedBy::Replaced, now).await?;
    }
    let secret = app.entropy.secret();
    let begun = sessions::NewSession {
        id: app.entropy.id(now),
        staff_record,
        secret: secret.hash(),
        proof: arrival.proof,
        proof_at: arrival.proof_at.unwrap_or(now),
        address: arrival.address,
        device: arrival.device,
        previous_at: found.last_log_in_at,
        previous_device: found.last_log_in_device,
        outstanding: arrival.step,
        provider: arrival.provider,
        leaver: arrival.leaver,
    };
    sessions::sql::begin(tx, &begun, now).await?;
    // What they had been sending while they worked here is not theirs to send any more.
    let kept_form = found.kept_form && !arrival.leaver;
    Ok(LoggedIn { staff_record, secret, browser, step: arrival.step, kept_form })
}

/// What every log-in does once nothing is outstanding. `usual`: nobody is surprised by it.
async fn come_in(
    tx: &mut Tx<'_>,
    app: &App,
    holder: &Holder,
    (browser, device): (Uuid, &str),
    usual: bool,
    now: Instant,
) -> Result<(), StoreError> {
    make_known(tx, app, browser, holder.record.id, device, now).await?;
    account::sql::set_last_log_in(tx, holder.record.id, device, now).await?;
    if !usual {
        mails::tell(tx, app, holder, mails::NEW_DEVICE, json!({ "at": now, "device": device }), now).await?;
    }
    Ok(())
}

/// Makes a browser known to an account: whoever has proved themselves on it once keeps an allowance of their own.
pub(crate) async fn make_known(
    tx: &mut Tx<'_>,
    app: &App,
    browser: Uuid,
    staff_record: Uuid,
    device: &str,
    now: Instant,
) -> Result<(), StoreError> {
    sql::know_browser(tx, app.entropy.id(now), browser, staff_record, device, now).await
}

/// Where and on what an outstanding step was done.
#[derive(Clone, Debug)]
pub(crate) struct Completion {
    pub(crate) browser: Option<Uuid>,
    pub(crate) client: Client,
    pub(crate) device: String,
    pub(crate) proof: ProofKind,
    /// Whether the browser is to be remembered, where the policy lets it.
    pub(crate) remember: bool,
    pub(crate) trace: Trace,
}

/// The outstanding step is done, in the transaction of whatever did it: the person is in. `None` where the session has ended.
pub(crate) async fn complete(
    tx: &mut Tx<'_>,
    app: &App,
    person: &Person,
    completion: Completion,
    now: Instant,
) -> Result<Option<LoggedIn>, StoreError> {
    let Completion { browser, client, device, proof, remember, trace } = completion;
    let staff_record = person.staff_record;
    let holder = holder_of(person)?;
    let secret = app.entropy.secret();
    let completed = sessions::sql::complete(tx, person.session, &secret.hash(), proof, browser, now).await?;
    let Some(Completed { known_browser, kept_form }) = completed else { return Ok(None) };
    let browser = browser.unwrap_or_else(|| app.entropy.id(now));
    come_in(tx, app, holder, (browser, &device), person.inside || known_browser, now).await?;
    let days = i64::from(holder.employer.settings.policies.remember_device_days);
    // Ward computers are shared: none is remembered inside, and nobody's with a role anywhere. Leavers give their factor each time.
    let may = !person.inside && !holder.has_role() && !person.leaver;
    if remember && days > 0 && may && proof.is_strong() {
        sql::remember_browser(tx, browser, staff_record, now.plus_minutes(days * 24 * 60)).await?;
    }
    let door = Door::of(person.leaver);
    note_log_in(tx, app, holder, door, (client, device, proof), trace, now).await?;
    let kept_form = kept_form && !person.leaver;
    Ok(Some(LoggedIn { staff_record, secret, browser, step: None, kept_form }))
}

/// Somebody is let in by what is enough by itself, on this browser, and not by a password.
pub(crate) async fn let_in(
    tx: &mut Tx<'_>,
    app: &App,
    holder: &Holder,
    client: Client,
    arrival: Arrival,
    trace: Trace,
    now: Instant,
) -> Result<LoggedIn, StoreError> {
    let staff_record = holder.record.id;
    account::sql::ensure(tx, staff_record, now).await?;
    records::mark_proved(tx, staff_record, now).await?;
    let network = client.network();
    let browser = arrival.browser.unwrap_or_default();
    let found = sql::found(tx, staff_record, browser, (&network, now), now).await?;
    let by = (client, arrival.device.clone(), arrival.proof);
    note_log_in(tx, app, holder, Door::Staff, by, trace, now).await?;
    arrive(tx, app, holder, found, arrival, now).await
}

async fn note_log_in(
    tx: &mut Tx<'_>,
    app: &App,
    holder: &Holder,
    door: Door,
    (client, device, proof): (Client, String, ProofKind),
    trace: Trace,
    now: Instant,
) -> Result<(), StoreError> {
    count(Outcome::LoggedIn, door);
    let tried = LogIn { at: now, outcome: Outcome::LoggedIn, address: client.address.to_string(), device };
    sql::insert_log_in(tx, app.entropy.id(now), Some(holder.record.id), &tried).await?;
    let actor = audit::Actor::Person { staff_record: holder.record.id, role: None };
    let mut entry = Trace { actor, ..trace }.entry(app, "access.logged_in", Some(holder), now);
    entry.data = json!({ "outcome": tried.outcome, "device": tried.device, "by": proof, "door": door });
    audit::append(tx, entry).await
}
