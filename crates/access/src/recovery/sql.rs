use store::{Day, Instant, Result, SecretHash, Tx, on};
use uuid::Uuid;

use super::Outcome;

/// What was typed at `/forgotten`.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct RequestRow {
    pub(crate) id: Uuid,
    pub(crate) email: Option<String>,
    pub(crate) date_of_birth: Option<Day>,
    pub(crate) username: Option<String>,
    pub(crate) network: String,
    pub(crate) requested_at: Instant,
    pub(crate) leaver: bool,
}

pub(super) async fn insert_request(tx: &mut Tx<'_>, request: &RequestRow) -> Result<()> {
    on!(tx, c => sqlx::query(
        "INSERT INTO recovery_request (id, email, date_of_birth, username, network, requested_at, leaver) VALUES ($1, $2, $3, $4, $5, $6, $7)")
        .bind(request.id).bind(&request.email).bind(request.date_of_birth).bind(&request.username).bind(&request.network)
        .bind(request.requested_at).bind(request.leaver).execute(c).await.map(drop))
}

/// How many requests of one network wait to be dealt with; a thousand is as good as more.
pub(super) async fn waiting(tx: &mut Tx<'_>, network: &str) -> Result<i64> {
    on!(tx, c => sqlx::query_scalar(
        "SELECT COUNT(*) FROM (SELECT id FROM recovery_request WHERE network = $1 AND done_at IS NULL LIMIT 1000) AS counted")
        .bind(network).fetch_one(c).await)
}

pub(super) async fn request(tx: &mut Tx<'_>, id: Uuid) -> Result<Option<RequestRow>> {
    on!(tx, c => sqlx::query_as(
        "SELECT id, email, date_of_birth, username, network, requested_at, leaver FROM recovery_request WHERE id = $1 AND done_at IS NULL")
        .bind(id).fetch_optional(c).await)
}

/// A request has been dealt with: what was typed is wiped.
pub(super) async fn set_done(tx: &mut Tx<'_>, id: Uuid, now: Instant) -> Result<()> {
    on!(tx, c => sqlx::query(
        "UPDATE recovery_request SET done_at = $2, email = NULL, date_of_birth = NULL, username = NULL WHERE id = $1")
        .bind(id).bind(now).execute(c).await.map(drop))
}

/// What became of a request for one staff record.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct OutcomeRow {
    pub(crate) at: Instant,
    pub(crate) outcome: Outcome,
    pub(crate) mail_id: Option<Uuid>,
}

pub(super) async fn insert_outcome(
    tx: &mut Tx<'_>,
    id: Uuid,
    request: Uuid,
    staff_record: Uuid,
    outcome: &OutcomeRow,
) -> Result<()> {
    on!(tx, c => sqlx::query(
        "INSERT INTO recovery_outcome (id, request_id, staff_record_id, at, outcome, mail_id) VALUES ($1, $2, $3, $4, $5, $6)")
        .bind(id).bind(request).bind(staff_record).bind(outcome.at).bind(outcome.outcome).bind(outcome.mail_id)
        .execute(c).await.map(drop))
}

/// The newest outcomes that concerned a staff record.
pub(crate) async fn outcomes(tx: &mut Tx<'_>, staff_record: Uuid, most: i64) -> Result<Vec<OutcomeRow>> {
    on!(tx, c => sqlx::query_as("SELECT at, outcome, mail_id FROM recovery_outcome WHERE staff_record_id = $1 ORDER BY at DESC, id DESC LIMIT $2")
        .bind(staff_record).bind(most).fetch_all(c).await)
}

/// A link's row.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct LinkRow {
    pub(crate) id: Uuid,
    pub(crate) staff_record_id: Uuid,
    pub(crate) sent_at: Instant,
    pub(crate) expires_at: Instant,
    pub(crate) used_at: Option<Instant>,
    pub(crate) address_hash: Vec<u8>,
    /// Whether it was asked for at the leavers' door.
    pub(crate) leaver: bool,
}

impl LinkRow {
    /// Whether it was mailed to this address: it works as long as that is held.
    pub(crate) fn went_to(&self, email: &str) -> bool {
        self.address_hash == super::link::address_hash(email)
    }
}

pub(super) async fn insert_link(tx: &mut Tx<'_>, link: &LinkRow, secret: &SecretHash) -> Result<()> {
    on!(tx, c => sqlx::query(
        "INSERT INTO reset_link (id, secret_hash, staff_record_id, sent_at, expires_at, address_hash, leaver)
         VALUES ($1, $2, $3, $4, $5, $6, $7)")
        .bind(link.id).bind(secret).bind(link.staff_record_id).bind(link.sent_at).bind(link.expires_at).bind(&link.address_hash)
        .bind(link.leaver).execute(c).await.map(drop))
}

pub(super) async fn link_by_secret(tx: &mut Tx<'_>, secret: &SecretHash) -> Result<Option<LinkRow>> {
    on!(tx, c => sqlx::query_as("SELECT id, staff_record_id, sent_at, expires_at, used_at, address_hash, leaver FROM reset_link WHERE secret_hash = $1")
        .bind(secret).fetch_optional(c).await)
}

/// The newest link of an account.
pub(crate) async fn newest_link(tx: &mut Tx<'_>, staff_record: Uuid) -> Result<Option<LinkRow>> {
    on!(tx, c => sqlx::query_as(
        "SELECT id, staff_record_id, sent_at, expires_at, used_at, address_hash, leaver FROM reset_link WHERE staff_record_id = $1
         ORDER BY sent_at DESC, id DESC LIMIT 1")
        .bind(staff_record).fetch_optional(c).await)
}

/// Uses a link up; `false` where somebody was faster.
pub(super) async fn use_link(tx: &mut Tx<'_>, id: Uuid, now: Instant) -> Result<bool> {
    on!(tx, c => sqlx::query("UPDATE reset_link SET used_at = $2 WHERE id = $1 AND used_at IS NULL")
        .bind(id).bind(now).execute(c).await.map(|done| done.rows_affected() == 1))
}
