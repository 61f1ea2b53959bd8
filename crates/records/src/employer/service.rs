use audit::{Actor, NewEntry, Origin};
use futures::FutureExt;
use serde_json::{Map, Value, json};
use store::{Db, Entropy, Instant, StoreError, Tx};
use uuid::Uuid;

use super::{Employer, Fault, NewEmployer, Settings, model::name_fault, sql, tell};
use crate::{Refused, words};

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
    /// Not by this person.
    #[error(transparent)]
    Refused(#[from] Refused),
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
    let change = Change::new(entropy, now, employer, name, settings)?;
    if change.is_none() {
        return Ok(change.employer);
    }
    db.write(move |tx| async move { change.write(tx, Actor::Operator, origin).await }.boxed()).await
}

/// A change of an employer that is right in itself.
pub(super) struct Change {
    entropy: Entropy,
    now: Instant,
    employer: Employer,
    name: String,
    settings: Settings,
    settings_json: String,
    changed: Map<String, Value>,
}

impl Change {
    pub(super) fn new(
        entropy: &Entropy,
        now: Instant,
        employer: Employer,
        name: String,
        settings: Settings,
    ) -> Result<Self, EmployerError> {
        let faults: Vec<Fault> = name_fault(&name).into_iter().chain(settings.validate()).collect();
        if !faults.is_empty() {
            return Err(EmployerError::Invalid(faults));
        }
        let before = json!({ "name": employer.name, "settings": to_json(&employer.settings)? });
        let settings_json = to_json(&settings)?;
        let after = json!({ "name": name, "settings": settings_json });
        let mut changed = Map::new();
        differences("", &before, &after, &mut changed);
        let settings_json = settings_json.to_string();
        Ok(Self { entropy: entropy.clone(), now, employer, name, settings, settings_json, changed })
    }

    /// Nothing is different.
    pub(super) fn is_none(&self) -> bool {
        self.changed.is_empty()
    }

    /// The settings as they would be, in JSON.
    pub(super) fn into_json(self) -> String {
        self.settings_json
    }

    /// Makes it, provided that nobody else has changed the employer since it was read; what changed stands on the trail.
    pub(super) async fn write(
        self,
        tx: &mut Tx<'_>,
        actor: Actor,
        origin: Origin,
    ) -> Result<Employer, EmployerError> {
        let Self { entropy, now, employer, name, settings, settings_json, changed } = self;
        if let Some(logo) =
            settings.logo.as_ref().filter(|logo| employer.settings.logo.as_ref() != Some(logo))
            && !sql::has_logo(tx, logo).await?
        {
            return Err(EmployerError::Invalid(vec![Fault::new("logo", logo, words::LOGO_FORM)]));
        }
        if !sql::set(tx, employer.id, employer.revision, &name, &settings_json, now).await? {
            return Err(EmployerError::Overtaken);
        }
        let by = match &actor {
            Actor::Person { staff_record, .. } => Some(*staff_record),
            _ => None,
        };
        let (data, id) = (json!({ "changed": changed }), entropy.id(now));
        let entry =
            NewEntry { actor, ..on_trail(id, now, employer.id, "records.employer_set", data, origin) };
        audit::append(tx, entry).await?;
        tell::changed_way_in(tx, &entropy, &employer, &settings, by, now).await?;
        let revision = employer.revision + 1;
        Ok(Employer { name, settings, revision, ..employer })
    }
}

fn on_trail(
    id: Uuid,
    at: Instant,
    employer: Uuid,
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
