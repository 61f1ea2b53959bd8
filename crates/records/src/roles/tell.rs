//! The mails about a role that HR grants or withdraws.

use mail::NewMail;
use serde_json::json;
use store::{StoreError, Tx};
use uuid::Uuid;

use super::{
    service::{Writing, others},
    sql,
};
use crate::{Holder, letters, staff};

store::words! {
    /// What became of a role.
    pub(crate) enum Change {
        /// Somebody holds it.
        Granted = "granted",
        /// Somebody holds it no longer.
        Withdrawn = "withdrawn",
        /// A second HR person has to confirm it.
        Asked = "asked",
        /// The second HR person refused.
        Refused = "refused",
    }
}

/// Tells the holder, and of a sensitive role the other HR too; says how many of those.
pub(super) async fn changed(
    tx: &mut Tx<'_>,
    writing: &Writing<'_>,
    change: Change,
    grant: &sql::NewGrant,
    username: &str,
) -> Result<usize, StoreError> {
    let holder = staff::holder(tx, grant.staff_record, writing.now).await?;
    mail(tx, writing, change, grant, username, holder).await?;
    if !grant.role.is_sensitive() {
        return Ok(0);
    }
    let known: Vec<Uuid> =
        [Some(grant.staff_record), writing.permit.staff_record()].into_iter().flatten().collect();
    let hr = others(tx, grant.employer, &known, writing.now).await?;
    mail(tx, writing, change, grant, username, hr).await
}

/// Mails all who have an address; says how many.
pub(super) async fn mail(
    tx: &mut Tx<'_>,
    writing: &Writing<'_>,
    change: Change,
    grant: &sql::NewGrant,
    username: &str,
    to: impl IntoIterator<Item = Holder>,
) -> Result<usize, StoreError> {
    let Writing { entropy, now, permit, .. } = *writing;
    let mut told = 0;
    for holder in to {
        let Some(email) = holder.record.email else { continue };
        let mail = NewMail {
            id: entropy.id(now),
            key: Some(format!("{}:{change}:{}:{}", letters::ROLE_CHANGED, grant.id, holder.record.id)),
            to: email,
            about: Some(holder.record.id),
            kind: letters::ROLE_CHANGED,
            data: json!({
                "change": change, "staff_record": grant.staff_record, "username": username, "role": grant.role,
                "by": permit.staff_record(), "at": now, "reason": grant.reason,
            }),
        };
        mail::enqueue(tx, mail, now).await?;
        told += 1;
    }
    Ok(told)
}
