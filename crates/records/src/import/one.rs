//! One staff record corrected by hand: the same checks, holds and versions as a load's, in one transaction.

use audit::{NewEntry, Origin};
use csv::Writer;
use futures::FutureExt;
use serde_json::json;
use store::{Instant, StoreError, Tx, jobs};
use uuid::Uuid;

use super::{
    Column, Counts, Finding,
    alike::SHARED,
    compare::{Outcome, compare},
    elsewhere::{self, Asker, Elsewhere},
    finding::Findings,
    groups::Groups,
    jobs::LOADED,
    piece::{Load, Piece},
    sql::{self, NewChange},
    state::{Held, State},
};
use crate::{
    App, Employer, IdentityField, Permission, Permit, Refused, employer, holds, roles::still_held, words,
};

/// One assignment's cells, or the person's, as they were typed.
pub type Cells = Vec<(Column, String)>;

/// A staff record as it is held, for the form in which it is corrected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Editable {
    /// The version that it was read from.
    pub version: i64,
    /// The person's cells.
    pub person: Cells,
    /// Each assignment's, its number first.
    pub assignments: Vec<Cells>,
}

/// What is to become of a record.
#[derive(Clone, Debug)]
pub struct Correction {
    /// Whose.
    pub staff_record: Uuid,
    /// What was shown, with what was typed in its place.
    pub typed: Editable,
    /// Why.
    pub reason: String,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Corrected {
    /// The change's number; `None` where nothing differs.
    pub change: Option<i64>,
    /// Identity fields whose new values work only after a while.
    pub held: Vec<IdentityField>,
    /// What HR should look at.
    pub warnings: Vec<Finding>,
}

/// Why a record was not corrected.
#[derive(Debug, thiserror::Error)]
pub enum CorrectError {
    /// What is wrong, by column; the line is the assignment's, from 2.
    #[error("{}", words::findings(.0))]
    Findings(Vec<Finding>),
    /// There is no such record at the permit's employer.
    #[error("{}", words::NO_SUCH_RECORD)]
    NotFound,
    /// It has changed since it was shown.
    #[error("{}", words::RECORD_OVERTAKEN)]
    Overtaken,
    /// Not by this person.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Reads a record for the form; `None` where the employer has none with this id.
///
/// # Errors
/// What the store says.
pub async fn editable(
    tx: &mut Tx<'_>,
    employer: Uuid,
    staff_record: Uuid,
) -> Result<Option<Editable>, StoreError> {
    let Some(held) = sql::record(tx, employer, staff_record).await? else { return Ok(None) };
    let (version, _) = holds::sql::numbers(tx, staff_record).await?;
    let fields = held.fields;
    let text = |text: Option<String>| text.unwrap_or_default();
    let day = |day: Option<store::Day>| day.map(|day| day.to_string()).unwrap_or_default();
    let person = vec![
        (Column::Title, text(fields.title)),
        (Column::FirstNames, fields.first_names),
        (Column::LastName, fields.last_name),
        (Column::DateOfBirth, fields.date_of_birth.to_string()),
        (Column::Email, text(fields.email)),
        (Column::SmartcardUuid, text(fields.smartcard_uuid)),
    ];
    let assignments = held.assignments.into_iter().map(|assignment| {
        vec![
            (Column::AssignmentNumber, assignment.assignment_number),
            (Column::Position, text(assignment.position)),
            (Column::Department, text(assignment.department)),
            (Column::Location, text(assignment.location)),
            (Column::Manager, text(assignment.manager)),
            (Column::StartDate, assignment.start_date.to_string()),
            (Column::LeavingDate, day(assignment.leaving_date)),
            (Column::AbsentFrom, day(assignment.absent_from)),
            (Column::AbsentTo, day(assignment.absent_to)),
        ]
    });
    Ok(Some(Editable { version, person, assignments: assignments.collect() }))
}

/// HR corrects one record. A changed identity field of somebody who has been in is held and told to them, as in a load.
///
/// # Errors
/// See [`CorrectError`].
pub async fn correct(
    app: &App,
    permit: &Permit,
    correction: Correction,
    origin: Origin,
) -> Result<Corrected, CorrectError> {
    let Correction { staff_record, typed, reason } = correction;
    permit.check(Permission::CorrectStaff, permit.employer(), Some(staff_record))?;
    let now = app.clock.now();
    let (employer, outcome, warnings) = judge(app, permit, staff_record, &typed, &origin, now).await?;
    let held: Vec<IdentityField> = outcome.holds.iter().map(|hold| hold.field).collect();
    if outcome.changes.is_empty() {
        return Ok(Corrected { change: None, held, warnings });
    }
    let (app_in, permit) = (app.clone(), permit.clone());
    let change = app.db.write(move |tx| {
        async move {
            // Taking the number first lets nobody else change this employer's records until the commit.
            let number = employer::sql::number_change(tx, employer.id).await?;
            still_held(tx, &permit).await??;
            let (version, base) = holds::sql::numbers(tx, staff_record).await?;
            if version != typed.version || base != employer.record_change {
                return Err(CorrectError::Overtaken);
            }
            // Whoever gets in meanwhile must not find an identity field changed at once.
            if outcome.unheld && sql::proved_since(tx, employer.id, now).await?.contains(&staff_record) {
                return Err(CorrectError::Overtaken);
            }
            write(tx, &app_in, &permit, (&employer, number), outcome, reason, origin, now).await?;
            if !employer::sql::switch(tx, employer.id, base, number).await? {
                return Err(CorrectError::Overtaken);
            }
            Ok(number)
        }
        .boxed()
    });
    Ok(Corrected { change: Some(change.await?), held, warnings })
}

#[expect(clippy::too_many_arguments, reason = "the second half of one use case")]
async fn write(
    tx: &mut Tx<'_>,
    app: &App,
    permit: &Permit,
    (employer, number): (&Employer, i64),
    outcome: Outcome,
    reason: String,
    origin: Origin,
    now: Instant,
) -> Result<(), StoreError> {
    let about = outcome.id;
    let fields: Vec<String> = outcome.changes.iter().map(|change| change.field.clone()).collect();
    let (leaves, identity) = (u64::from(outcome.leaves.is_some()), u64::from(outcome.changes_identity()));
    let counts = Counts {
        records: 1,
        changed: 1,
        leavers: leaves,
        identity,
        delicate: leaves.max(identity),
        ..Counts::default()
    };
    let change = NewChange {
        id: app.entropy.id(now),
        employer: employer.id,
        number,
        source: "page",
        by: permit.staff_record(),
        file_name: None,
        file_hash: None,
        counts: json!(counts).to_string(),
    };
    sql::add_change(tx, &change, now).await?;
    let hours = i64::from(employer.settings.policies.identity_hold_hours);
    let load = Load { employer: employer.id, number, at: now, held_until: now.plus_minutes(hours * 60) };
    let mut piece = Piece::default();
    piece.add(outcome, load, &mut app.entropy.ids(load.at));
    piece.write(tx).await?;
    sql::mark_switched(tx, employer.id, number, now).await?;
    let entry = NewEntry {
        id: app.entropy.id(now),
        at: now,
        actor: permit.actor(),
        about,
        employer: Some(employer.id),
        event: "records.staff_corrected",
        reason: Some(reason),
        data: json!({ "change": number, "fields": fields }),
        origin,
    };
    audit::append(tx, entry).await?;
    // The same job as after a load tells whom it concerns.
    let payload = json!({ "employer": employer.id, "number": number, "many": false });
    let id = app.entropy.id(now);
    jobs::enqueue(tx, jobs::NewJob { id, kind: LOADED, payload: &payload, priority: 5, run_at: now }).await
}

/// Checks what was typed as a file of this one record would be.
async fn judge(
    app: &App,
    permit: &Permit,
    staff_record: Uuid,
    typed: &Editable,
    origin: &Origin,
    now: Instant,
) -> Result<(Employer, Outcome, Vec<Finding>), CorrectError> {
    let mut reader = app.db.read().await?;
    let tx = &mut reader.tx();
    let employer = employer(tx, permit.employer()).await?.ok_or(CorrectError::NotFound)?;
    let asker = permit.staff_record().map(|person| Asker {
        entropy: app.entropy.clone(),
        person,
        employer: employer.id,
        actor: permit.actor(),
        origin: origin.clone(),
        again: false,
    });
    let held = sql::record(tx, employer.id, staff_record).await?.ok_or(CorrectError::NotFound)?;
    let holds = sql::holds_of(tx, staff_record).await?;
    let text =
        as_file(&held.employee_number, typed).map_err(|error| StoreError::Damaged(error.to_string()))?;
    let (mut errors, mut warnings) = (Findings::default(), Findings::default());
    let groups = Groups::of_text(&text, employer.today(now), &mut errors, &mut warnings);
    let Some(place) = groups.places().next().filter(|_| errors.is_empty()) else {
        return Err(CorrectError::Findings(errors.finish()));
    };
    let state = State::new(employer, holds);
    let outcome = compare(groups.group(place), &held, &state, now, &mut errors, &mut warnings);
    let found = check_alike(tx, &outcome, &held, &state.employer, &mut errors).await?;
    check_managers(tx, &outcome, &held, state.employer.id, &mut errors).await?;
    drop(reader);
    elsewhere::tell(&app.db, asker, found, now, &mut errors).await?;
    if errors.is_empty() {
        Ok((state.employer, outcome, warnings.finish()))
    } else {
        Err(CorrectError::Findings(errors.finish()))
    }
}

/// A header, and a row for each assignment.
fn as_file(employee_number: &str, typed: &Editable) -> Result<String, csv::Error> {
    let mut file = Writer::from_writer(Vec::new());
    let assignment = typed.assignments.first();
    let columns =
        typed.person.iter().chain(assignment.into_iter().flatten()).map(|(column, _)| column.as_str());
    file.write_record(std::iter::once(Column::EmployeeNumber.as_str()).chain(columns))?;
    for assignment in &typed.assignments {
        let cells = typed.person.iter().chain(assignment).map(|(_, cell)| cell.as_str());
        file.write_record(std::iter::once(employee_number).chain(cells))?;
    }
    let bytes = file.into_inner().map_err(|error| csv::Error::from(error.into_error()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// One email or smartcard UUID on records whose date of birth differs, at this employer; and what stands on records of others.
async fn check_alike(
    tx: &mut Tx<'_>,
    outcome: &Outcome,
    before: &Held,
    employer: &Employer,
    errors: &mut Findings,
) -> Result<Vec<Elsewhere>, StoreError> {
    let mut elsewhere = Vec::new();
    for (field, column) in SHARED {
        let Some(value) = outcome.fields.identity(field) else { continue };
        let same = before.fields.identity(field).as_ref() == Some(&value);
        let born = outcome.fields.date_of_birth;
        if same && before.fields.date_of_birth == born {
            continue;
        }
        for id in sql::with_value(tx, field, &value).await?.into_iter().filter(|id| *id != before.id) {
            let Some(other) = sql::at_employer(tx, id).await? else { continue };
            if other.fields.identity(field).as_ref() != Some(&value) {
                continue;
            }
            let differs = other.fields.date_of_birth != born;
            if other.employer_id != employer.id {
                let (line, staff_record, value) = (outcome.line, id, value.clone());
                let (employer, code) = (other.employer_id, other.code);
                elsewhere.push(Elsewhere {
                    line,
                    column,
                    value,
                    born,
                    differs,
                    staff_record,
                    employer,
                    code,
                });
            } else if differs {
                errors.push(Finding::of_value(
                    outcome.line,
                    column,
                    &value,
                    words::alike_elsewhere(&other.code),
                ));
            }
        }
    }
    Ok(elsewhere)
}

/// In a file a manager may come later; the number of one who is picked by hand is there or mistyped.
async fn check_managers(
    tx: &mut Tx<'_>,
    outcome: &Outcome,
    before: &Held,
    employer: Uuid,
    errors: &mut Findings,
) -> Result<(), StoreError> {
    for (line, assignment) in (2..).zip(&outcome.assignments) {
        if let Some(manager) = &assignment.manager
            && before.assignments.iter().all(|held| held.manager.as_ref() != Some(manager))
            && !sql::has_number(tx, employer, manager).await?
        {
            errors.push(Finding::of_value(line, Column::Manager, manager, words::UNKNOWN_MANAGER));
        }
    }
    Ok(())
}
