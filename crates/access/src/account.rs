//! The account: what a staff record gets when its holder first sets a password.

use store::Instant;
use uuid::Uuid;

use crate::{factors::History, internet_access::Status};

/// An account's row.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct Account {
    /// The staff record that it belongs to.
    pub(crate) staff_record_id: Uuid,
    /// A PHC string; missing where its holder has only ever used other ways in.
    pub(crate) password_hash: Option<String>,
    /// When the password was last set.
    pub(crate) password_set_at: Option<Instant>,
    /// May it log in from outside?
    pub(crate) internet_access: Status,
    /// When it last logged in.
    pub(crate) last_log_in_at: Option<Instant>,
    /// On what.
    pub(crate) last_log_in_device: Option<String>,
    /// What decides about second factors.
    #[sqlx(flatten)]
    pub(crate) history: History,
}

/// A password that the rules have passed.
#[derive(Clone, Debug)]
pub struct NewPassword {
    /// Its hash, a PHC string.
    pub hash: String,
    /// Whether it is too short to be the only factor.
    pub short: bool,
}

pub(crate) mod sql {
    //! Statements on `account` that more than one use case needs.

    use store::{Instant, Result, Tx, later, on};
    use uuid::Uuid;

    use super::{Account, NewPassword};
    use crate::internet_access::Status;

    pub(crate) async fn account(tx: &mut Tx<'_>, staff_record: Uuid) -> Result<Option<Account>> {
        on!(tx, c => sqlx::query_as(
            "SELECT staff_record_id, password_hash, password_set_at, internet_access, last_log_in_at, last_log_in_device,
                 password_short, first_log_in_at, first_password_at, first_factor_at, enrolment_until,
                 EXISTS (SELECT 1 FROM second_factor f WHERE f.staff_record_id = account.staff_record_id) AS has_factor
             FROM account WHERE staff_record_id = $1")
            .bind(staff_record).fetch_optional(c).await)
    }

    /// The hash of its password, where it has one.
    pub(crate) async fn password_hash(tx: &mut Tx<'_>, staff_record: Uuid) -> Result<Option<String>> {
        let found: Option<Option<String>> = on!(tx, c => sqlx::query_scalar("SELECT password_hash FROM account WHERE staff_record_id = $1")
                .bind(staff_record).fetch_optional(c).await)?;
        Ok(found.flatten())
    }

    /// Makes the account where there is none yet.
    pub(crate) async fn ensure(tx: &mut Tx<'_>, staff_record: Uuid, now: Instant) -> Result<()> {
        later!(
            tx,
            "INSERT INTO account (staff_record_id, created_at, internet_access) VALUES ($1, $2, $3)
             ON CONFLICT (staff_record_id) DO NOTHING",
            staff_record,
            now,
            Status::NotRequested,
        )
    }

    pub(crate) async fn set_password(
        tx: &mut Tx<'_>,
        staff_record: Uuid,
        new: &NewPassword,
        now: Instant,
    ) -> Result<()> {
        on!(tx, c => sqlx::query(
            "UPDATE account SET password_hash = $2, password_set_at = $3, password_short = $4 WHERE staff_record_id = $1")
            .bind(staff_record).bind(&new.hash).bind(now).bind(new.short).execute(c).await.map(drop))
    }

    /// Notes that the first password is about to be set by a mailed link.
    pub(crate) async fn note_first_password(tx: &mut Tx<'_>, staff_record: Uuid, now: Instant) -> Result<()> {
        on!(tx, c => sqlx::query(
            "UPDATE account SET first_password_at = $2 WHERE staff_record_id = $1 AND password_hash IS NULL AND first_password_at IS NULL")
            .bind(staff_record).bind(now).execute(c).await.map(drop))
    }

    /// Notes that a factor was set up: what let it be done from outside is used up.
    pub(crate) async fn note_factor(tx: &mut Tx<'_>, staff_record: Uuid, now: Instant) -> Result<()> {
        on!(tx, c => sqlx::query(
            "UPDATE account SET first_factor_at = COALESCE(first_factor_at, $2), enrolment_until = NULL WHERE staff_record_id = $1")
            .bind(staff_record).bind(now).execute(c).await.map(drop))
    }

    /// Lets the holder set up a factor from anywhere until then.
    pub(crate) async fn open_enrolment(tx: &mut Tx<'_>, staff_record: Uuid, until: Instant) -> Result<()> {
        on!(tx, c => sqlx::query("UPDATE account SET enrolment_until = $2 WHERE staff_record_id = $1")
            .bind(staff_record).bind(until).execute(c).await.map(drop))
    }

    /// Stores the same password's hash of today's parameters, unless the password has changed meanwhile.
    pub(crate) async fn rehash(tx: &mut Tx<'_>, staff_record: Uuid, old: &str, new: &str) -> Result<()> {
        on!(tx, c => sqlx::query("UPDATE account SET password_hash = $3 WHERE staff_record_id = $1 AND password_hash = $2")
            .bind(staff_record).bind(old).bind(new).execute(c).await.map(drop))
    }

    pub(crate) async fn set_last_log_in(
        tx: &mut Tx<'_>,
        staff_record: Uuid,
        device: &str,
        now: Instant,
    ) -> Result<()> {
        later!(
            tx,
            "UPDATE account SET last_log_in_at = $2, last_log_in_device = $3, first_log_in_at = COALESCE(first_log_in_at, $2)
             WHERE staff_record_id = $1",
            staff_record,
            now,
            device,
        )
    }
}
