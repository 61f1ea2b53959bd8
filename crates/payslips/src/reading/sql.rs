use store::{Day, Instant, Result, StoreError, Tx, later, on};
use uuid::Uuid;

use super::Listed;
use crate::{Frequency, Period, RunKind, WhichDocument};

/// A document's columns beside those of its run `r`. Where a statement asks from the person's side they may all be missing.
#[derive(sqlx::FromRow)]
struct ListedRow {
    id: Option<Uuid>,
    assignment_number: Option<String>,
    pay_date: Option<Day>,
    period_from: Option<Day>,
    period_to: Option<Day>,
    replaces: Option<Uuid>,
    frequency: Option<Frequency>,
    document: Option<WhichDocument>,
    kind: Option<RunKind>,
    published_at: Option<Instant>,
    withdrawn_at: Option<Instant>,
}

macro_rules! listed {
    () => {
        "d.id, d.assignment_number, d.pay_date, d.period_from, d.period_to, d.replaces, r.frequency, r.document, r.kind,
             r.published_at, r.withdrawn_at"
    };
}

impl ListedRow {
    /// `None` where there is no document, or its run was never published.
    fn listed(self) -> Option<Listed> {
        Some(Listed {
            id: self.id?,
            assignment_number: self.assignment_number?,
            pay_date: self.pay_date?,
            period: Period { from: self.period_from?, to: self.period_to? },
            frequency: self.frequency,
            document: self.document?,
            kind: self.kind?,
            withdrawn_at: self.withdrawn_at,
            replaces: self.replaces,
            published_at: self.published_at?,
        })
    }

    fn there(self) -> Result<Listed> {
        self.listed().ok_or_else(|| StoreError::Damaged("a published run does not say what it is".into()))
    }
}

/// A document's body as it is kept.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(super) struct Kept {
    pub(super) run_id: Uuid,
    pub(super) key_number: i64,
    pub(super) body: Vec<u8>,
}

/// What somebody has chosen, where they have, and all that was ever published for them, newest first.
pub(super) async fn list(tx: &mut Tx<'_>, holder: Uuid) -> Result<(Option<(bool, bool)>, Vec<Listed>)> {
    #[derive(sqlx::FromRow)]
    struct Row {
        mail: Option<bool>,
        paper: Option<bool>,
        #[sqlx(flatten)]
        listed: ListedRow,
    }
    let rows: Vec<Row> = on!(tx, c => sqlx::query_as(concat!("SELECT c.mail, c.paper, ", listed!(), "
         FROM staff_record s LEFT JOIN pay_choice c ON c.staff_record_id = s.id
         LEFT JOIN pay_document d ON d.staff_record_id = s.id
         LEFT JOIN pay_run r ON r.id = d.run_id AND r.state IN ('published', 'withdrawn')
         WHERE s.id = $1 ORDER BY d.pay_date DESC, d.run_id DESC, d.id DESC"))
        .bind(holder).fetch_all(c).await)?;
    let chosen = rows.first().and_then(|row| row.mail.zip(row.paper));
    Ok((chosen, rows.into_iter().filter_map(|row| row.listed.listed()).collect()))
}

/// The newest payslips of somebody that stand, newest first: some, not all.
pub(super) async fn newest(tx: &mut Tx<'_>, holder: Uuid) -> Result<Vec<Listed>> {
    let rows: Vec<ListedRow> = on!(tx, c => sqlx::query_as(concat!("SELECT ", listed!(), "
         FROM pay_document d JOIN pay_run r ON r.id = d.run_id AND r.state = 'published' AND r.document = 'payslips'
         WHERE d.staff_record_id = $1 AND NOT EXISTS (SELECT 1 FROM pay_document n
             JOIN pay_run q ON q.id = n.run_id AND q.state = 'published' WHERE n.replaces = d.id)
         ORDER BY d.pay_date DESC, d.run_id DESC, d.id DESC LIMIT 12"))
        .bind(holder).fetch_all(c).await)?;
    rows.into_iter().map(ListedRow::there).collect()
}

/// One document of somebody's, with who has looked at it and what stands in its place.
pub(super) struct Own {
    pub(super) listed: Listed,
    pub(super) kept: Kept,
    /// When what stands in its place was published, and its id.
    pub(super) replaced: Option<(Instant, Uuid)>,
    /// When somebody of payroll looked at it, and why; newest first.
    pub(super) looks: Vec<(Instant, String)>,
}

/// A document of somebody's own that was published; whether it still stands is in it.
pub(super) async fn own(
    tx: &mut Tx<'_>,
    holder: Uuid,
    id: Uuid,
    which: WhichDocument,
) -> Result<Option<Own>> {
    #[derive(sqlx::FromRow)]
    struct Row {
        #[sqlx(flatten)]
        listed: ListedRow,
        #[sqlx(flatten)]
        kept: Kept,
        replaced_by: Option<Uuid>,
        replaced_at: Option<Instant>,
        look_id: Option<Uuid>,
        looked_at: Option<Instant>,
        looked_why: Option<String>,
    }
    let rows: Vec<Row> = on!(tx, c => sqlx::query_as(concat!("SELECT ", listed!(), ", d.run_id, d.key_number, d.body,
             CASE WHEN q.id IS NOT NULL THEN n.id END AS replaced_by, q.published_at AS replaced_at,
             l.id AS look_id, l.at AS looked_at, l.reason AS looked_why
         FROM pay_document d JOIN pay_run r ON r.id = d.run_id AND r.state IN ('published', 'withdrawn') AND r.document = $3
         LEFT JOIN pay_document n ON n.replaces = d.id
         LEFT JOIN pay_run q ON q.id = n.run_id AND q.state = 'published'
         LEFT JOIN pay_look l ON l.document_id = d.id
         WHERE d.staff_record_id = $1 AND d.id = $2 ORDER BY l.at DESC, l.id, q.published_at DESC"))
        .bind(holder).bind(id).bind(which).fetch_all(c).await)?;
    // Each look stands beside each replacement.
    let mut looks: Vec<(Uuid, Instant, String)> = Vec::new();
    let mut own: Option<Own> = None;
    for row in rows {
        let replaced = row.replaced_at.zip(row.replaced_by);
        if let Some(((look, at), why)) = row.look_id.zip(row.looked_at).zip(row.looked_why)
            && looks.iter().all(|(other, _, _)| *other != look)
        {
            looks.push((look, at, why));
        }
        match &mut own {
            Some(own) => own.replaced = own.replaced.max(replaced),
            None => {
                own = Some(Own { listed: row.listed.there()?, kept: row.kept, replaced, looks: Vec::new() });
            }
        }
    }
    Ok(own.map(|own| Own { looks: looks.into_iter().map(|(_, at, why)| (at, why)).collect(), ..own }))
}

/// All payslips of somebody that were published, newest first: with the bodies of one and of the other, or where no other is named, of
/// the one before it of the same assignment that stands.
pub(super) async fn to_compare(
    tx: &mut Tx<'_>,
    holder: Uuid,
    one: Uuid,
    other: Option<Uuid>,
) -> Result<Vec<(Listed, Option<Kept>)>> {
    #[derive(sqlx::FromRow)]
    struct Row {
        #[sqlx(flatten)]
        listed: ListedRow,
        run_id: Uuid,
        key_number: i64,
        wanted: Option<Vec<u8>>,
    }
    let rows: Vec<Row> = on!(tx, c => sqlx::query_as(concat!("SELECT ", listed!(), ", d.run_id, d.key_number,
             CASE WHEN d.id = $2 OR d.id = COALESCE($3, (SELECT p.id FROM pay_document t
                 JOIN pay_document p ON p.staff_record_id = t.staff_record_id AND p.assignment_number = t.assignment_number
                     AND (p.pay_date, p.run_id) < (t.pay_date, t.run_id)
                 JOIN pay_run q ON q.id = p.run_id AND q.state = 'published' AND q.document = 'payslips'
                 WHERE t.staff_record_id = $1 AND t.id = $2 AND NOT EXISTS (SELECT 1 FROM pay_document n
                     JOIN pay_run m ON m.id = n.run_id AND m.state = 'published' WHERE n.replaces = p.id)
                 ORDER BY p.pay_date DESC, p.run_id DESC LIMIT 1)) THEN d.body END AS wanted
         FROM pay_document d JOIN pay_run r ON r.id = d.run_id AND r.state IN ('published', 'withdrawn')
             AND r.document = 'payslips'
         WHERE d.staff_record_id = $1 ORDER BY d.pay_date DESC, d.run_id DESC, d.id DESC"))
        .bind(holder).bind(one).bind(other).fetch_all(c).await)?;
    rows.into_iter()
        .map(|row| {
            let (run_id, key_number) = (row.run_id, row.key_number);
            Ok((row.listed.there()?, row.wanted.map(|body| Kept { run_id, key_number, body })))
        })
        .collect()
}

pub(super) async fn choose(
    tx: &mut Tx<'_>,
    holder: Uuid,
    (mail, paper): (bool, bool),
    now: Instant,
) -> Result<()> {
    later!(
        tx,
        "INSERT INTO pay_choice (staff_record_id, mail, paper, changed_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (staff_record_id) DO UPDATE SET mail = excluded.mail, paper = excluded.paper, changed_at = excluded.changed_at",
        holder,
        mail,
        paper,
        now,
    )
}
