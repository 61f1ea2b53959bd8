use std::collections::HashSet;

use audit::{NewEntry, Origin};
use futures::FutureExt;
use serde_json::json;
use store::{Clock, Db, Entropy, Instant, StoreError, Tx, jobs, lease};
use uuid::Uuid;

use super::{
    Counts, Plan,
    jobs::LOADED,
    piece::{Load, Piece},
    sql::{self, NewChange, Sweep},
    upload::Ending,
};
use crate::{App, Employer, Permission, Permit, Refused, employer, roles::still_held, search, words};

/// How a plan is to be applied.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// The number that was typed, where [`Plan::number_to_type`] asks for one.
    pub confirm: Option<u64>,
}

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// The number of the change; `None` where the file changes nothing, and nothing was written.
    pub change: Option<i64>,
    /// In numbers.
    pub counts: Counts,
}

/// Why a plan was not applied. Nobody sees any of it then.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// Many records end or have a changed identity field: the number has to be typed.
    #[error("{}", words::type_the_number(*.number, *.typed))]
    Confirm {
        /// What has to be typed.
        number: u64,
        /// What was typed.
        typed: Option<u64>,
    },
    /// Somebody else is loading staff of this employer.
    #[error("{}", words::LOADING_ALREADY)]
    Loading,
    /// The records have changed since the plan was made: make another.
    #[error("{}", words::PLAN_OVERTAKEN)]
    Overtaken,
    /// Not by this person.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A load that has written nothing for so long is taken for dead, and another may begin.
const LEASE_SECONDS: i64 = 60;
/// So many staff records are swept by one transaction.
const SWEPT_AT_ONCE: i64 = 100;
/// So many of the employer's keys are looked through by one transaction.
const KEYS_SWEPT_AT_ONCE: i64 = 2000;

/// What every step of a load needs.
#[derive(Clone)]
struct Loader {
    db: Db,
    clock: Clock,
    entropy: Entropy,
    employer: Employer,
    /// This load's hold on the lease.
    holder: Uuid,
}

/// Applies a plan: all of it is staged in pieces that nobody can read, then one short transaction switches to it, with one entry
/// on the trail and one job that tells whom it concerns. `progress` hears how many of how many records are staged.
///
/// A load that is killed leaves everything as it was; the next one clears away what it had staged.
///
/// # Errors
/// See [`ApplyError`].
#[expect(
    clippy::too_many_arguments,
    reason = "one use case with its surroundings; a struct would only move them"
)]
pub async fn apply(
    db: &Db,
    clock: &Clock,
    entropy: &Entropy,
    permit: &Permit,
    plan: Plan,
    options: Options,
    origin: Origin,
    progress: impl FnMut(u64, u64) + Send,
) -> Result<Applied, ApplyError> {
    let app = App { db: db.clone(), clock: clock.clone(), entropy: entropy.clone() };
    apply_in(&app, permit, plan, Surroundings { options, origin, ending: None }, progress).await
}

/// How a plan is applied, and what ends with it.
pub(super) struct Surroundings {
    pub(super) options: Options,
    pub(super) origin: Origin,
    /// The upload that it came from.
    pub(super) ending: Option<Ending>,
}

/// See [`apply`].
pub(super) async fn apply_in(
    app: &App,
    permit: &Permit,
    plan: Plan,
    surroundings: Surroundings,
    mut progress: impl FnMut(u64, u64) + Send,
) -> Result<Applied, ApplyError> {
    let Surroundings { options, origin, ending } = surroundings;
    permit.check(Permission::ImportStaff, plan.employer.id, None)?;
    for id in plan.existing() {
        permit.check(Permission::ImportStaff, plan.employer.id, Some(id))?;
    }
    let App { db, clock, entropy } = app.clone();
    if plan.is_empty() {
        if let Some(ending) = ending {
            let now = clock.now();
            db.write(move |tx| async move { ending.end(tx, &entropy, None, now).await }.boxed()).await?;
        }
        return Ok(Applied { change: None, counts: plan.counts });
    }
    let to_type = plan.number_to_type();
    if let Some(number) = to_type.filter(|number| options.confirm != Some(*number)) {
        return Err(ApplyError::Confirm { number, typed: options.confirm });
    }
    let holder = entropy.id(clock.now());
    let loader = Loader { db, clock, entropy, employer: plan.employer.clone(), holder };
    let counts = plan.counts;
    let switch = Switch {
        at: plan.at,
        // Whoever gets in before the switch must not find an identity field changed at once.
        unheld: plan.changed().filter(|outcome| outcome.unheld).filter_map(|outcome| outcome.id).collect(),
        permit: permit.clone(),
        file_name: plan.file_name.clone(),
        file_hash: plan.file_hash.clone(),
        counts,
        many: to_type.is_some(),
        origin,
        ending,
    };
    loader.begin().await?;
    let loaded = loader.load(plan, switch, &mut progress).await;
    loader.end().await;
    loaded.map(|number| Applied { change: Some(number), counts })
}

/// What the last step needs.
struct Switch {
    at: Instant,
    unheld: HashSet<Uuid>,
    permit: Permit,
    file_name: String,
    file_hash: String,
    counts: Counts,
    many: bool,
    origin: Origin,
    ending: Option<Ending>,
}

impl Loader {
    fn lease(&self) -> String {
        format!("import-{}", self.employer.code)
    }

    /// Takes the lease, where the plan is still based on the newest change.
    async fn begin(&self) -> Result<(), ApplyError> {
        let (this, now) = (self.clone(), self.clock.now());
        self.db
            .write(move |tx| {
                async move {
                    if !lease::take(tx, &this.lease(), this.holder, now.plus_seconds(LEASE_SECONDS), now)
                        .await?
                    {
                        return Err(ApplyError::Loading);
                    }
                    let newest = employer(tx, this.employer.id).await?.map(|employer| employer.record_change);
                    if newest != Some(this.employer.record_change) {
                        return Err(ApplyError::Overtaken);
                    }
                    Ok(())
                }
                .boxed()
            })
            .await
    }

    /// Prolongs the lease in the transaction of a step, which must not be kept where another load has it.
    async fn keep_lease(&self, tx: &mut Tx<'_>, now: Instant) -> Result<(), ApplyError> {
        let kept = lease::take(tx, &self.lease(), self.holder, now.plus_seconds(LEASE_SECONDS), now).await?;
        if kept { Ok(()) } else { Err(ApplyError::Overtaken) }
    }

    /// Gives the lease back. Where that fails, it runs out by itself.
    async fn end(&self) {
        let this = self.clone();
        let given_back: store::Result<()> = self
            .db
            .write(move |tx| async move { lease::release(tx, &this.lease(), this.holder).await }.boxed())
            .await;
        drop(given_back);
    }

    async fn load(
        &self,
        plan: Plan,
        switch: Switch,
        progress: &mut (impl FnMut(u64, u64) + Send),
    ) -> Result<i64, ApplyError> {
        self.sweep().await?;
        let load = self.start_change(&switch).await?;
        let Plan { written, groups, .. } = plan;
        let total = written.len() as u64;
        let mut done = 0;
        let mut piece = Piece::default();
        let mut ids = self.entropy.ids(load.at);
        progress(done, total);
        for written in written {
            let outcome = written.outcome(&groups);
            if !piece.has_room_for(&outcome) {
                done += piece.people;
                self.stage(std::mem::take(&mut piece)).await?;
                progress(done, total);
            }
            piece.add(outcome, load, &mut ids);
        }
        self.stage(piece).await?;
        progress(total, total);
        self.switch(load.number, switch).await?;
        Ok(load.number)
    }

    /// Deletes what killed loads have staged, in pieces; the change itself last, so that a killed sweep is taken up again.
    async fn sweep(&self) -> Result<(), ApplyError> {
        let employer = self.employer.id;
        let left = sql::unswitched(&mut self.db.read().await?.tx(), employer).await?;
        for number in left {
            self.sweep_keys(number).await?;
            let mut after = String::new();
            loop {
                let last =
                    sql::page_end(&mut self.db.read().await?.tx(), employer, &after, SWEPT_AT_ONCE).await?;
                let Some(last) = last else { break };
                let (this, now, next) = (self.clone(), self.clock.now(), last.clone());
                self.db
                    .write(move |tx| {
                        async move {
                            this.keep_lease(tx, now).await?;
                            let page = Sweep { employer, number, after: &after, last: &last };
                            sql::sweep_assignments(tx, &page).await?;
                            sql::sweep_usernames(tx, &page).await?;
                            sql::sweep_holds(tx, &page).await?;
                            sql::sweep_versions(tx, &page).await?;
                            sql::sweep_records(tx, &page).await?;
                            Ok::<_, ApplyError>(())
                        }
                        .boxed()
                    })
                    .await?;
                after = next;
            }
            let swept =
                self.db.write(move |tx| async move { sql::sweep_change(tx, employer, number).await }.boxed());
            swept.await?;
        }
        Ok(())
    }

    /// The keys that one change has staged. They are found by their own order, since no index leads to them from a record.
    async fn sweep_keys(&self, number: i64) -> Result<(), ApplyError> {
        let employer = self.employer.id;
        let mut next = Some(Vec::new());
        while let Some(begin) = next.take() {
            let mut reader = self.db.read().await?;
            let end = search::page_end(&mut reader.tx(), employer, &begin, KEYS_SWEPT_AT_ONCE).await?;
            drop(reader);
            next.clone_from(&end);
            let (this, now) = (self.clone(), self.clock.now());
            self.db
                .write(move |tx| {
                    async move {
                        this.keep_lease(tx, now).await?;
                        search::sweep(tx, employer, number, &begin, end.as_deref()).await?;
                        Ok::<_, ApplyError>(())
                    }
                    .boxed()
                })
                .await?;
        }
        Ok(())
    }

    async fn start_change(&self, switch: &Switch) -> Result<Load, ApplyError> {
        let (this, now) = (self.clone(), self.clock.now());
        let by = switch.permit.staff_record();
        let mut new = NewChange {
            id: self.entropy.id(now),
            employer: self.employer.id,
            number: 0,
            source: if by.is_some() { "file" } else { "command" },
            by,
            file_name: Some(switch.file_name.clone()),
            file_hash: Some(switch.file_hash.clone()),
            counts: json!(switch.counts).to_string(),
        };
        self.db
            .write(move |tx| {
                async move {
                    this.keep_lease(tx, now).await?;
                    new.number = employer::sql::number_change(tx, new.employer).await?;
                    sql::add_change(tx, &new, now).await?;
                    let hours = i64::from(this.employer.settings.policies.identity_hold_hours);
                    let held_until = now.plus_minutes(hours * 60);
                    Ok(Load { employer: new.employer, number: new.number, at: now, held_until })
                }
                .boxed()
            })
            .await
    }

    async fn stage(&self, piece: Piece) -> Result<(), ApplyError> {
        let (this, now) = (self.clone(), self.clock.now());
        let began = std::time::Instant::now();
        let staged = self.db.write(move |tx| {
            async move {
                this.keep_lease(tx, now).await?;
                piece.write(tx).await?;
                Ok(())
            }
            .boxed()
        });
        staged.await.map_err(|error| match error {
            // A number or username that another change has taken since the plan was made.
            ApplyError::Store(error) if error.is_duplicate() => ApplyError::Overtaken,
            other => other,
        })?;
        // Another process that wants to write to the same SQLite file only looks now and then whether it may: half of the time is
        // left to it.
        tokio::time::sleep(began.elapsed()).await;
        Ok(())
    }

    async fn switch(&self, number: i64, switch: Switch) -> Result<(), ApplyError> {
        let (this, now) = (self.clone(), self.clock.now());
        self.db
            .write(move |tx| {
                async move {
                    this.keep_lease(tx, now).await?;
                    let employer = this.employer.id;
                    if !employer::sql::switch(tx, employer, this.employer.record_change, number).await? {
                        return Err(ApplyError::Overtaken);
                    }
                    // Staging takes minutes, in which the role may have been withdrawn.
                    still_held(tx, &switch.permit).await??;
                    let proved = sql::proved_since(tx, employer, switch.at).await?;
                    if proved.iter().any(|id| switch.unheld.contains(id)) {
                        return Err(ApplyError::Overtaken);
                    }
                    sql::mark_switched(tx, employer, number, now).await?;
                    let counts = switch.counts;
                    let (id, about, reason) = (this.entropy.id(now), None, None);
                    let data = json!({
                        "change": number, "file_name": switch.file_name, "file_hash": switch.file_hash, "counts": counts,
                    });
                    let (actor, origin, event) = (switch.permit.actor(), switch.origin, "records.staff_loaded");
                    let employer_id = Some(employer);
                    audit::append(
                        tx,
                        NewEntry { id, at: now, actor, about, employer: employer_id, event, reason, data, origin },
                    )
                    .await?;
                    let payload = json!({ "employer": employer, "number": number, "many": switch.many });
                    let id = this.entropy.id(now);
                    let job = jobs::NewJob { id, kind: LOADED, payload: &payload, priority: 5, run_at: now };
                    jobs::enqueue(tx, job).await?;
                    if let Some(ending) = switch.ending {
                        ending.end(tx, &this.entropy, Some(number), now).await?;
                    }
                    Ok(())
                }
                .boxed()
            })
            .await
    }
}
