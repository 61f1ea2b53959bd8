use std::sync::Arc;

use futures::{FutureExt, future::BoxFuture};
use http::HeaderMap;
use records::Holder;
use store::{Instant, Secret, StoreError};
use web::{
    Client, Desk, Ended, Form, Front, Halfway, Language, Logo, Person, Proof, Roles, Visitor, cookies,
};

use super::{
    EndedBy, Session, Step,
    model::{Asking, Standing},
    sql,
};
use crate::{App, kept_forms, log_in::is_inside};

/// So long after a session has lapsed, what is still sent by it is kept.
const LAPSED_SECONDS: i64 = 3600;

impl Front for App {
    fn visitor<'a>(
        &'a self,
        headers: &'a HeaderMap,
        client: Client,
    ) -> BoxFuture<'a, Result<Visitor, StoreError>> {
        visitor(self, headers, client).boxed()
    }

    fn keep<'a>(
        &'a self,
        ended: &'a Ended,
        path: &'a str,
        form: &'a Form,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        kept_forms::keep(self, ended, path, form).boxed()
    }

    fn sent_kept<'a>(&'a self, person: &'a Person) -> BoxFuture<'a, Result<(), StoreError>> {
        kept_forms::discard(self, person.staff_record).boxed()
    }

    fn desks(&self) -> BoxFuture<'_, Result<Arc<Vec<Desk>>, StoreError>> {
        App::desks(self).boxed()
    }
}

async fn visitor(app: &App, headers: &HeaderMap, client: Client) -> Result<Visitor, StoreError> {
    let Some(secret) = cookies::read(headers, cookies::SESSION).and_then(Secret::parse) else {
        return Ok(Visitor::Stranger);
    };
    let now = app.clock.now();
    let mut reader = app.db.read().await?;
    let Some(asking) = sql::by_secret(&mut reader.tx(), &secret.hash(), now).await? else {
        return Ok(Visitor::Stranger);
    };
    drop(reader);
    let Asking { session, mut holder, factors } = asking;
    if session.leaver {
        // Roles end with the job, whatever stands there.
        holder.roles.clear();
    }
    match session.standing(&holder, now) {
        Standing::Over { by, recorded, since } => {
            if !recorded {
                record_end(app, &session, by, since).await;
            }
            let idle = by == EndedBy::Idle;
            let lapsed = idle || by == EndedBy::Age;
            let lapsed = lapsed && now.seconds_since(since) <= LAPSED_SECONDS;
            Ok(Visitor::Ended(Ended {
                staff_record: session.staff_record_id,
                session: session.id,
                idle,
                lapsed: lapsed && !session.leaver,
                leaver: session.leaver,
            }))
        }
        Standing::Open { touch, idle_at } => {
            if touch {
                touch_session(app, &session, now).await;
            }
            // A role that somebody was given while they were in asks for more than a password from then on.
            let strong = session.proof.is_strong() || !holder.has_role();
            // What it is follows from what the account has now: it may have been set up or taken off elsewhere meanwhile.
            // Leavers set none up.
            let step = if factors.any() || session.leaver { Step::SecondFactor } else { Step::SetUp };
            let step = (session.outstanding.is_some() || !strong).then_some(step);
            let person = Person {
                staff_record: session.staff_record_id,
                employer: holder.employer.id,
                session: session.id,
                name: holder.record.name(),
                logo: logo_of(&holder),
                inside: is_inside(&holder, client),
                proof: Proof { kind: session.proof, at: session.proof_at },
                factors,
                roles: roles_of(&holder, client),
                leaver: session.leaver,
                last_log_in: session.previous_at.zip(session.previous_device),
                idle_at,
                now,
                zone: holder.employer.zone(),
                language: Language::English,
                record: Arc::new(holder),
            };
            Ok(match step {
                Some(step) => Visitor::Halfway(Box::new(Halfway { person, next: step.path() })),
                None => Visitor::Person(Box::new(person)),
            })
        }
    }
}

fn logo_of(holder: &Holder) -> Option<Logo> {
    let hash = holder.employer.settings.logo.as_ref()?;
    Some(Logo { path: format!("/logo/{hash}"), name: holder.employer.name.clone() })
}

/// A role's pages open inside the employer's networks, and outside where it allows that.
fn roles_of(holder: &Holder, client: Client) -> Roles {
    let open = is_inside(holder, client) || holder.employer.settings.policies.roles_from_outside;
    Roles { held: holder.roles.iter().map(|role| role.as_str()).collect(), open }
}

/// A page is shown also where this cannot be written: then the session ends a little sooner.
async fn touch_session(app: &App, session: &Session, now: Instant) {
    let id = session.id;
    let touched: Result<(), StoreError> =
        app.db.write(move |tx| async move { sql::touch(tx, id, now).await }.boxed()).await;
    if let Err(error) = touched {
        tracing::warn!(%error, "a session could not be written down as seen");
    }
}

/// Over is over, whether or not it can be written down.
async fn record_end(app: &App, session: &Session, by: EndedBy, now: Instant) {
    let id = session.id;
    let ended: Result<(), StoreError> =
        app.db.write(move |tx| async move { sql::end(tx, id, by, now).await }.boxed()).await;
    if let Err(error) = ended {
        tracing::warn!(%error, "a session could not be written down as ended");
    }
}
