//! The mails about networks and mail domains: they decide from where people get in without a second factor, and to which addresses links
//! are mailed. Whoever changes them in somebody else's name is seen by all HR and auditors.

use mail::NewMail;
use serde::{Deserialize, Serialize};
use store::{Entropy, Instant, StoreError, Tx};
use uuid::Uuid;

use super::{Employer, Settings};
use crate::{Role, letters, roles};

/// What became of both.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct WayInChanged {
    /// Who did it; none for the operator.
    pub(crate) by: Option<Uuid>,
    pub(crate) at: Instant,
    /// Before and after, as they are shown; none where they stayed as they were.
    pub(crate) networks: Option<(String, String)>,
    pub(crate) mail_domains: Option<(String, String)>,
}

fn shown<T: ToString>(list: &[T]) -> String {
    list.iter().map(T::to_string).collect::<Vec<_>>().join(", ")
}

fn changed<T: ToString>(before: &[T], after: &[T]) -> Option<(String, String)> {
    let (before, after) = (shown(before), shown(after));
    (before != after).then_some((before, after))
}

/// Mails all HR and auditors, whoever did it too, where one of the two is not as it was in `before`.
pub(super) async fn changed_way_in(
    tx: &mut Tx<'_>,
    entropy: &Entropy,
    before: &Employer,
    after: &Settings,
    by: Option<Uuid>,
    now: Instant,
) -> Result<(), StoreError> {
    let told = WayInChanged {
        by,
        at: now,
        networks: changed(&before.settings.networks, &after.networks),
        mail_domains: changed(&before.settings.mail_domains, &after.mail_domains),
    };
    if told.networks.is_none() && told.mail_domains.is_none() {
        return Ok(());
    }
    let data = serde_json::to_value(told).map_err(|error| StoreError::Damaged(error.to_string()))?;
    for (about, to) in roles::addresses(tx, before.id, (Role::Hr, Role::Auditor), now).await? {
        let (id, kind) = (entropy.id(now), letters::WAY_IN_CHANGED);
        let key = Some(format!("{kind}:{}:{}:{about}", before.id, before.revision));
        mail::enqueue(tx, NewMail { id, key, to, about: Some(about), kind, data: data.clone() }, now).await?;
    }
    Ok(())
}
