use futures::FutureExt;
use serde_json::json;
use store::jobs::{Job, JobError, finish};
use uuid::Uuid;

use super::{
    Run, State,
    jobs::{DAY, LAPSE, sweep_run},
    sql,
    staging::SWEPT_AT_ONCE,
};
use crate::App;

/// So many pieces of a file are deleted by one transaction.
const PIECES_AT_ONCE: i64 = 8;

/// Clears away what nobody needs of a run any more: of one that was given up its bytes and documents at once, and after two weeks all else;
/// of a published one its bytes and findings. One that nobody has done anything with for two weeks is discarded.
pub(super) async fn sweep(app: App, job: Job, run: Uuid) -> Result<(), JobError> {
    let now = app.clock.now();
    let (app_in, job_in) = (app.clone(), job.clone());
    let held: Result<Option<Run>, JobError> = app
        .db
        .write(move |tx| {
            async move {
                let Some(held) = sql::hold(tx, run).await? else {
                    finish(tx, &job_in).await?;
                    return Ok(None);
                };
                if held.state.is_given_up() || held.published_at.is_some() {
                    return Ok(Some(held));
                }
                // Nobody goes on with an upload that stopped, or a check whose command died.
                let dead = held.state == State::Receiving || (held.state == State::Checking && !held.kept);
                let lapses = held.changed_at.plus_minutes(if dead { DAY } else { LAPSE });
                if now < lapses || held.state == State::Scheduled {
                    sweep_run(&app_in, run, now).at(lapses.max(now.plus_minutes(60))).enqueue(tx).await?;
                    finish(tx, &job_in).await?;
                    return Ok(None);
                }
                sql::set_state(tx, run, State::Discarded, None, now).await?;
                let data = json!({ "run": run, "reference": held.reference, "file_name": held.file_name });
                let entry = app_in.own_entry(now, held.employer_id, "payslips.run_discarded", data);
                audit::append(tx, entry).await?;
                Ok(Some(Run { changed_at: now, ..held }))
            }
            .boxed()
        })
        .await;
    let Some(held) = held? else { return Ok(()) };
    while pieces(&app, run).await? > 0 {}
    if held.published_at.is_none() {
        while documents(&app, run).await? > 0 {}
    }
    let old = now >= held.changed_at.plus_minutes(LAPSE);
    if old {
        while findings(&app, run).await? > 0 {}
    }
    let later = sweep_run(&app, run, now).at(held.changed_at.plus_minutes(LAPSE).max(now.plus_minutes(60)));
    app.db
        .write(move |tx| {
            async move {
                if old {
                    sql::remove(tx, run).await?;
                } else {
                    later.enqueue(tx).await?;
                }
                finish(tx, &job).await
            }
            .boxed()
        })
        .await
}

async fn pieces(app: &App, run: Uuid) -> Result<u64, JobError> {
    app.db
        .write(move |tx| async move { Ok(sql::remove_pieces(tx, run, PIECES_AT_ONCE).await?) }.boxed())
        .await
}

async fn documents(app: &App, run: Uuid) -> Result<u64, JobError> {
    app.db
        .write(move |tx| async move { Ok(sql::remove_documents(tx, run, SWEPT_AT_ONCE).await?) }.boxed())
        .await
}

async fn findings(app: &App, run: Uuid) -> Result<u64, JobError> {
    app.db
        .write(move |tx| async move { Ok(sql::remove_findings(tx, run, SWEPT_AT_ONCE).await?) }.boxed())
        .await
}
