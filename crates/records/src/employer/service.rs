use audit::{Actor, NewEntry, Origin};
use futures::FutureExt;
use serde_json::{Map, Value, json};
use store::{Db, Entropy, Instant, StoreError};

use super::{Employer, Fault, NewEmployer, Settings, model::name_fault, sql};
use crate::words;

/// Why an employer was not added or changed.
#[derive(Debug, thiserror::Error)]
pub enum EmployerError {
    /// What is wrong with it, field by field.
    #[error("{}", words::faults(.0))]
    Invalid(Vec<Fault>),
    /// There is an employer with this code.
    #[error("{}", words::code_taken(.0))]
    CodeTaken(String),
    /// Somebody else changed it since it was read.
    #[error("{}", words::EMPLOYER_OVERTAKEN)]
    Overtaken,
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The operator adds an employer; it stands on the trail.
///
/// # Errors
/// See [`EmployerError`].
pub async fn employer_add(
    db: &Db,
    entropy: &Entropy,
    now: Instant,
    new: NewEmployer,
    origin: Origin,
) -> Result<Employer, EmployerError> {
    let faults = new.faults();
    if !faults.is_empty() {
        return Err(EmployerError::Invalid(faults));
    }
    let (id, entry) = (entropy.id(now), entropy.id(now));
    let settings = to_json(&new.settings)?;
    db.write(move |tx| {
        async move {
            if sql::employer_by_code(tx, &new.code).await?.is_some() {
                return Err(EmployerError::CodeTaken(new.code));
            }
            let added = sql::add(tx, id, &new, &settings.to_string(), now).await;
            // Two processes may both have seen no such code.
            added.map_err(|error| {
                if error.is_duplicate() { EmployerError::CodeTaken(new.code.clone()) } else { error.into() }
            })?;
            let data = json!({ "code": new.code, "name": new.name, "settings": settings });
            audit::append(tx, on_trail(entry, now, id, "records.employer_added", data, origin)).await?;
            let NewEmployer { code, name, settings } = new;
            Ok(Employer { id, code, name, settings, revision: 1, record_change: 0 })
        }
        .boxed()
    })
    .await
}

/// The operator changes an employer's name and settings, from how `employer` was read; what changed stands on the trail.
///
/// # Errors
/// See [`EmployerError`].
pub async fn employer_set(
    db: &Db,
    entropy: &Entropy,
    now: Instant,
    employer: Employer,
    name: String,
    settings: Settings,
    origin: Origin,
) -> Result<Employer, EmployerError> {
    let faults: Vec<Fault> = name_fault(&name).into_iter().chain(settings.validate()).collect();
    if !faults.is_empty() {
        return Err(EmployerError::Invalid(faults));
    }
    if name == employer.name && settings == employer.settings {
        return Ok(employer);
    }
    let entry = entropy.id(now);
    let before = json!({ "name": employer.name, "settings": to_json(&employer.settings)? });
    let settings_json = to_json(&settings)?;
    let after = json!({ "name": name, "settings": settings_json });
    let mut changed = Map::new();
    differences("", &before, &after, &mut changed);
    db.write(move |tx| {
        async move {
            if !sql::set(tx, employer.id, employer.revision, &name, &settings_json.to_string(), now).await? {
                return Err(EmployerError::Overtaken);
            }
            let data = json!({ "changed": changed });
            audit::append(tx, on_trail(entry, now, employer.id, "records.employer_set", data, origin))
                .await?;
            let revision = employer.revision + 1;
            Ok(Employer { name, settings, revision, ..employer })
        }
        .boxed()
    })
    .await
}

fn on_trail(
    id: uuid::Uuid,
    at: Instant,
    employer: uuid::Uuid,
    event: &'static str,
    data: Value,
    origin: Origin,
) -> NewEntry {
    NewEntry {
        id,
        at,
        actor: Actor::Operator,
        about: None,
        employer: Some(employer),
        event,
        reason: None,
        data,
        origin,
    }
}

fn to_json(settings: &Settings) -> Result<Value, StoreError> {
    serde_json::to_value(settings).map_err(|error| StoreError::Damaged(error.to_string()))
}

/// Collects what differs as `"settings.policies.link_minutes": { "before": 30, "after": 60 }`.
fn differences(at: &str, before: &Value, after: &Value, into: &mut Map<String, Value>) {
    match (before, after) {
        (Value::Object(b), Value::Object(a)) => {
            for key in b.keys().chain(a.keys().filter(|key| !b.contains_key(*key))) {
                let deeper = if at.is_empty() { key.clone() } else { format!("{at}.{key}") };
                differences(&deeper, &before[key], &after[key], into);
            }
        }
        _ if before == after => {}
        _ => {
            into.insert(at.to_owned(), json!({ "before": before, "after": after }));
        }
    }
}
