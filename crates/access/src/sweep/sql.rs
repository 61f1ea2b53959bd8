use store::{Instant, Result, Tx, on};

/// A kind of row that is swept.
#[derive(Clone, Copy, Debug)]
pub(super) enum Swept {
    KeptForms,
    NetworkFailures,
    Locks,
    Sessions,
    Links,
    Requests,
    Outcomes,
    LogIns,
    Browsers,
    Tickets,
    Openings,
    BirthChecks,
    PersonalAddresses,
}

impl Swept {
    /// The statement, of this room's rows.
    fn statement(self) -> Option<&'static str> {
        Some(match self {
            Self::PersonalAddresses => return None,
            Self::KeptForms => {
                "DELETE FROM kept_form WHERE id IN (SELECT id FROM kept_form WHERE kept_until < $1 LIMIT $2)"
            }
            Self::NetworkFailures => {
                "DELETE FROM network_failure WHERE (network, began_at) IN
                 (SELECT network, began_at FROM network_failure WHERE began_at < $1 LIMIT $2)"
            }
            Self::Locks => {
                "DELETE FROM log_in_lock WHERE subject IN (SELECT subject FROM log_in_lock WHERE changed_at < $1 LIMIT $2)"
            }
            Self::Sessions => {
                "DELETE FROM session WHERE id IN (SELECT id FROM session WHERE seen_at < $1 LIMIT $2)"
            }
            Self::Links => {
                "DELETE FROM reset_link WHERE id IN (SELECT id FROM reset_link WHERE expires_at < $1 LIMIT $2)"
            }
            Self::Requests => {
                "DELETE FROM recovery_request WHERE id IN
                 (SELECT id FROM recovery_request WHERE requested_at < $1 LIMIT $2)"
            }
            Self::Outcomes => {
                "DELETE FROM recovery_outcome WHERE id IN (SELECT id FROM recovery_outcome WHERE at < $1 LIMIT $2)"
            }
            Self::LogIns => "DELETE FROM log_in WHERE id IN (SELECT id FROM log_in WHERE at < $1 LIMIT $2)",
            Self::Tickets => {
                "DELETE FROM spent_ticket WHERE hash IN (SELECT hash FROM spent_ticket WHERE lapses_at < $1 LIMIT $2)"
            }
            Self::Openings => {
                "DELETE FROM person_opening WHERE id IN (SELECT id FROM person_opening WHERE opened_at < $1 LIMIT $2)"
            }
            Self::BirthChecks => {
                "DELETE FROM birth_check WHERE id IN (SELECT id FROM birth_check WHERE checked_at < $1 LIMIT $2)"
            }
            Self::Browsers => {
                "DELETE FROM known_browser WHERE id IN (SELECT id FROM known_browser WHERE used_at < $1 LIMIT $2)"
            }
        })
    }
}

/// Removes at most `most` rows that are older than `before`.
pub(super) async fn remove(tx: &mut Tx<'_>, what: Swept, before: Instant, most: i64) -> Result<u64> {
    let Some(statement) = what.statement() else {
        return records::personal_address::sweep(tx, before, most).await;
    };
    on!(tx, c => sqlx::query(statement).bind(before).bind(most).execute(c).await.map(|done| done.rows_affected()))
}
