//! The step between the password and being in.

use futures::FutureExt;
use store::StoreError;
use web::Person;

use super::{FactorError, Given, prove::prove_for, sql};
use crate::{
    App,
    app::Trace,
    log_in::{self, Completion, LoggedIn},
};

/// Somebody gives their second factor, and is in.
///
/// # Errors
/// See [`FactorError`].
pub(super) async fn give(
    app: &App,
    person: &Person,
    given: Given,
    completion: Completion,
    trace: Trace,
) -> Result<LoggedIn, FactorError> {
    let (app_in, place) = (app.clone(), (completion.client, completion.device.clone()));
    prove_for(app, person, given, place, trace, move |tx, person, proof, now| {
        async move {
            let completion = Completion { proof, ..completion };
            log_in::complete(tx, &app_in, &person, completion, now).await
        }
        .boxed()
    })
    .await
}

/// Somebody puts off setting one up, which their employer lets them. `None` where the session has ended, or one was set up in another
/// window meanwhile: then it has to be given.
///
/// # Errors
/// What the store says.
pub(super) async fn put_off(
    app: &App,
    person: Person,
    completion: Completion,
) -> Result<Option<LoggedIn>, StoreError> {
    let (now, app_in) = (app.clock.now(), app.clone());
    app.db
        .write(move |tx| {
            async move {
                log_in::sql::hold_lock(tx, person.staff_record, now).await?;
                if !sql::factors(tx, person.staff_record).await?.is_empty() {
                    return Ok(None);
                }
                log_in::complete(tx, &app_in, &person, completion, now).await
            }
            .boxed()
        })
        .await
}
