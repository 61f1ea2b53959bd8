//! The work when the delay is over: the factors go, and the holder may set up new ones from anywhere for a while.

use futures::FutureExt;
use serde_json::json;
use store::jobs::{Handler, Job, JobError};
use uuid::Uuid;

use super::sql;
use crate::{
    App, account,
    app::Trace,
    factors, log_in, mails,
    sessions::{self, EndedBy},
};

pub(super) const KIND: &str = "access.re_enrolment";
/// The holder has so many days to set up new ones.
const OPEN_DAYS: i64 = 7;

pub(crate) fn handler(app: App) -> Handler {
    Handler::new(KIND, move |job| run(app.clone(), job))
}

async fn run(app: App, job: Job) -> Result<(), JobError> {
    let id: Uuid = serde_json::from_value(job.payload["re_enrolment"].clone())
        .map_err(|error| JobError::Other(error.to_string()))?;
    let (now, app_in) = (app.clock.now(), app.clone());
    app.db
        .write(move |tx| {
            async move {
                store::jobs::finish(tx, &job).await?;
                let Some(row) = sql::by_id(tx, id).await? else { return Ok(()) };
                let staff_record = row.staff_record_id;
                log_in::sql::hold_lock(tx, staff_record, now).await?;
                let Some(holder) = records::holder(tx, staff_record, now).await? else { return Ok(()) };
                // Stopped in the meantime, or done by another.
                if !sql::set_done(tx, id, now).await? {
                    return Ok(());
                }
                let taken_off = factors::sql::remove_all(tx, staff_record).await?;
                factors::sql::remove_codes(tx, staff_record).await?;
                log_in::sql::forget_browsers(tx, staff_record).await?;
                account::sql::open_enrolment(tx, staff_record, now.plus_minutes(OPEN_DAYS * 24 * 60)).await?;
                sessions::sql::end_all(tx, staff_record, None, EndedBy::ReEnrolment, now).await?;
                mails::tell(tx, &app_in, &holder, mails::RE_ENROLLED, json!({ "at": now }), now).await?;
                let mut entry = Trace::system().entry(&app_in, "access.re_enrolled", Some(&holder), now);
                entry.data = json!({ "re_enrolment": id, "taken_off": taken_off });
                audit::append(tx, entry).await?;
                Ok(())
            }
            .boxed()
        })
        .await
}
