//! The work behind `/forgotten` and `/leavers/forgotten`: who was meant, and may a mail go to them?

use futures::FutureExt;
use records::{Holder, Username};
use serde_json::json;
use store::{
    Instant, StoreError, Tx,
    jobs::{Handler, Job, JobError},
};
use uuid::Uuid;

use super::{
    model::{MAILS, Outcome, Wanted, judge},
    sql::{self, OutcomeRow},
};
use crate::{App, Door, app::Trace, log_in, mails};

pub(super) const KIND: &str = "access.recovery";

/// Does the jobs that [`super::request`] queues.
pub(crate) fn handler(app: App) -> Handler {
    Handler::new(KIND, move |job| run(app.clone(), job))
}

async fn run(app: App, job: Job) -> Result<(), JobError> {
    let id: Uuid = serde_json::from_value(job.payload["request"].clone())
        .map_err(|error| JobError::Other(error.to_string()))?;
    let now = app.clock.now();
    let app_in = app.clone();
    app.db
        .write(move |tx| {
            async move {
                store::jobs::finish(tx, &job).await?;
                let Some(row) = sql::request(tx, id).await? else { return Ok(()) };
                if row.leaver {
                    deal_with_leaver(tx, &app_in, row, now).await?;
                } else {
                    deal_with(tx, &app_in, row, now).await?;
                }
                Ok(sql::set_done(tx, id, now).await?)
            }
            .boxed()
        })
        .await
}

/// Whether an address has had as many mails with a link as it may have. Of many requests for one address at once, each counts what
/// the one before has queued.
pub(crate) async fn has_had_enough(tx: &mut Tx<'_>, email: &str, now: Instant) -> Result<bool, StoreError> {
    log_in::hold_address(tx, email, now).await?;
    for (minutes, most) in MAILS {
        let since = now.plus_minutes(-minutes).plus_seconds(1);
        if mail::sent_to(tx, email, &[mails::RECOVERY, mails::LEAVER_RECOVERY], since).await? >= most {
            return Ok(true);
        }
    }
    Ok(false)
}

async fn deal_with(tx: &mut Tx<'_>, app: &App, row: sql::RequestRow, now: Instant) -> Result<(), StoreError> {
    let (Some(email), Some(date_of_birth)) = (row.email, row.date_of_birth) else { return Ok(()) };
    let username = row.username.as_deref().map(|typed| Username::parse(typed).ok_or(()));
    // A username that cannot be one is still a username given: nobody has it.
    let (username, impossible) = match username {
        Some(Err(())) => (None, true),
        Some(Ok(username)) => (Some(username), false),
        None => (None, false),
    };
    let given = username.is_some() || impossible;
    let wanted = Wanted { date_of_birth, username };
    let mut judged: Vec<(Holder, Outcome)> = Vec::new();
    for holder in records::holders_by_email(tx, &email, now).await? {
        let usernames = records::usernames(tx, holder.record.id, now).await?;
        let outcome = match judge(&holder, &usernames, &wanted, now) {
            Outcome::Mailed if impossible => Outcome::OtherUsername,
            outcome => outcome,
        };
        judged.push((holder, outcome));
    }
    let mut over_limit = false;
    if judged.iter().any(|(_, outcome)| *outcome == Outcome::Mailed) {
        over_limit = has_had_enough(tx, &email, now).await?;
    }
    let mail_id = app.entropy.id(now);
    let mut mailed = Vec::new();
    for (holder, outcome) in judged {
        let outcome = if over_limit && outcome == Outcome::Mailed { Outcome::TooManyMails } else { outcome };
        let about = holder.record.id;
        let mail_id = (outcome == Outcome::Mailed).then_some(mail_id);
        sql::insert_outcome(
            tx,
            app.entropy.id(now),
            row.id,
            about,
            &OutcomeRow { at: now, outcome, mail_id },
        )
        .await?;
        let mut entry = Trace::system().entry(app, "access.recovery_requested", Some(&holder), now);
        entry.data = json!({ "outcome": outcome, "network": row.network });
        audit::append(tx, entry).await?;
        mailed.extend(mail_id.map(|_| about));
    }
    if let Some(about) = mailed.first().copied() {
        let data = json!({ "staff_records": mailed, "usernames": !given });
        let mail = mail::NewMail {
            id: mail_id,
            key: None,
            to: email,
            about: Some(about),
            kind: mails::RECOVERY,
            data,
        };
        mail::enqueue(tx, mail, now).await?;
    }
    Ok(())
}

/// At the leavers' door the account is named by its username, and the address has to be its personal one.
async fn deal_with_leaver(
    tx: &mut Tx<'_>,
    app: &App,
    row: sql::RequestRow,
    now: Instant,
) -> Result<(), StoreError> {
    let (Some(email), Some(date_of_birth)) = (row.email, row.date_of_birth) else { return Ok(()) };
    let Some(username) = row.username.as_deref().and_then(Username::parse) else { return Ok(()) };
    let Some(holder) = records::find_by_username(tx, &username, now).await? else { return Ok(()) };
    let address = records::personal_address::confirmed(tx, holder.record.id).await?;
    let address = address.filter(|address| address.is(&email) && address.works(&holder, now));
    let outcome = if address.is_none() || holder.record.date_of_birth != date_of_birth {
        Outcome::LeaverRefused
    } else if has_had_enough(tx, &email, now).await? {
        Outcome::TooManyMails
    } else {
        Outcome::LeaverMailed
    };
    // The mail is not named: its address is nobody's business at the service desk.
    let written = OutcomeRow { at: now, outcome, mail_id: None };
    sql::insert_outcome(tx, app.entropy.id(now), row.id, holder.record.id, &written).await?;
    let mut entry = Trace::system().entry(app, "access.recovery_requested", Some(&holder), now);
    entry.data = json!({ "outcome": outcome, "network": row.network, "door": Door::Leavers });
    audit::append(tx, entry).await?;
    if outcome != Outcome::LeaverMailed {
        return Ok(());
    }
    let mail = mail::NewMail {
        id: app.entropy.id(now),
        key: None,
        to: email,
        about: None,
        kind: mails::LEAVER_RECOVERY,
        data: json!({ "staff_record": holder.record.id }),
    };
    mail::enqueue(tx, mail, now).await
}
