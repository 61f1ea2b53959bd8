use audit::{Actor, NewEntry, Origin};
use futures::FutureExt;
use store::{Day, Instant, StoreError, Tx};
use uuid::Uuid;
use web::{Keys, Problem};

use super::{Listed, sql};
use crate::{
    App, Comparison, Document, P60View, PayslipView, WhichDocument,
    body::{self, Place},
    model::compare,
    words,
};

/// A link to a newest payslip, for the portal page: no amount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Newest {
    /// The payslip.
    pub id: Uuid,
    /// `November 2026 payslip, paid 27 November`.
    pub words: String,
}

/// So many assignments have a link each on the portal page; whoever has more finds them in the list.
const MOST_LINKS: usize = 3;
/// Payslips this many days apart are not both the newest.
const NEWEST_DAYS: i32 = 35;

/// The newest payslip of each assignment of somebody, newest first; none where they have had none, or have too many assignments for
/// a link each.
///
/// # Errors
/// What the store says.
pub async fn newest(tx: &mut Tx<'_>, staff_record: Uuid, today: Day) -> Result<Vec<Newest>, StoreError> {
    let newest = newest_of_each(sql::newest(tx, staff_record).await?);
    if newest.len() > MOST_LINKS {
        return Ok(Vec::new());
    }
    let several = newest.len() > 1;
    let links = newest.into_iter().map(|listed| {
        let mut text = format!("{}, {}", listed.name(), words::paid(listed.pay_date, today));
        if several {
            text = format!("{text} (assignment {})", listed.assignment_number);
        }
        Newest { id: listed.id, words: text }
    });
    Ok(links.collect())
}

fn newest_of_each(listed: Vec<Listed>) -> Vec<Listed> {
    let since = listed.first().map(|first| first.pay_date.plus_days(-NEWEST_DAYS));
    let mut newest: Vec<Listed> = Vec::new();
    for one in listed.into_iter().filter(|one| Some(one.pay_date) > since) {
        if newest.iter().all(|other| other.assignment_number != one.assignment_number) {
            newest.push(one);
        }
    }
    newest
}

/// How somebody is told of a payslip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Choices {
    /// They are mailed when one is there.
    pub(super) mail: bool,
    /// Payroll is to send it on paper.
    pub(super) paper: bool,
}

impl Default for Choices {
    fn default() -> Self {
        Self { mail: true, paper: false }
    }
}

/// Everything that was published for somebody, newest first.
pub(super) async fn list(app: &App, holder: Uuid) -> Result<(Choices, Vec<Listed>), StoreError> {
    let mut reader = app.db.read().await?;
    let (chosen, listed) = sql::list(&mut reader.tx(), holder).await?;
    Ok((chosen.map_or_else(Choices::default, |(mail, paper)| Choices { mail, paper }), listed))
}

/// Keeps how somebody wants to be told.
pub(super) async fn choose(
    app: &App,
    (holder, employer): (Uuid, Uuid),
    choices: Choices,
    origin: Origin,
    now: Instant,
) -> Result<(), StoreError> {
    let entry = NewEntry {
        id: app.entropy.id(now),
        at: now,
        actor: Actor::Person { staff_record: holder, role: None },
        about: Some(holder),
        employer: Some(employer),
        event: "payslips.choices_set",
        reason: None,
        data: serde_json::json!({ "mail": choices.mail, "paper": choices.paper }),
        origin,
    };
    let Choices { mail, paper } = choices;
    app.db
        .write(move |tx| {
            async move {
                sql::choose(tx, holder, (mail, paper), now).await?;
                audit::append(tx, entry).await
            }
            .boxed()
        })
        .await
}

/// Why a document is not shown.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReadError {
    /// There is none: it is somebody else's, or not published, or was never made.
    #[error("no such document")]
    NotFound,
    /// It was taken back.
    #[error("withdrawn")]
    Withdrawn {
        /// What it was called.
        name: String,
        /// When.
        at: Instant,
    },
    /// What is kept cannot be opened.
    #[error("document {0} cannot be opened: is its key missing?")]
    Shut(Uuid),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<ReadError> for Problem {
    fn from(error: ReadError) -> Self {
        match error {
            // Its page says when it was withdrawn.
            ReadError::NotFound | ReadError::Withdrawn { .. } => Self::NotFound,
            ReadError::Shut(_) => Self::broken(error),
            ReadError::Store(error) => error.into(),
        }
    }
}

/// A document with what is to be said beside it.
pub(super) struct Shown<V> {
    pub(super) view: V,
    /// When another took its place, and which.
    pub(super) replaced: Option<(Instant, Uuid)>,
    /// It stands in another's place.
    pub(super) replaces: bool,
    /// When it was published.
    pub(super) published_at: Instant,
    /// When somebody of payroll looked at it, and why.
    pub(super) looks: Vec<(Instant, String)>,
}

/// One payslip of somebody's own.
pub(super) async fn payslip(app: &App, holder: Uuid, id: Uuid) -> Result<Shown<PayslipView>, ReadError> {
    let (own, document) = open_own(app, holder, id, WhichDocument::Payslips).await?;
    match document {
        Document::Payslip(payslip) => Ok(shown(PayslipView::of(*payslip, own.listed.kind), own)),
        Document::P60(_) => Err(ReadError::Shut(id)),
    }
}

/// One P60 of somebody's own.
pub(super) async fn p60(app: &App, holder: Uuid, id: Uuid) -> Result<Shown<P60View>, ReadError> {
    let (own, document) = open_own(app, holder, id, WhichDocument::P60s).await?;
    match document {
        Document::P60(p60) => Ok(shown(P60View::of(*p60), own)),
        Document::Payslip(_) => Err(ReadError::Shut(id)),
    }
}

fn shown<V>(view: V, own: sql::Own) -> Shown<V> {
    let (replaces, published_at) = (own.listed.replaces.is_some(), own.listed.published_at);
    Shown { view, replaced: own.replaced, replaces, published_at, looks: own.looks }
}

async fn open_own(
    app: &App,
    holder: Uuid,
    id: Uuid,
    which: WhichDocument,
) -> Result<(sql::Own, Document), ReadError> {
    let mut reader = app.db.read().await?;
    let own = sql::own(&mut reader.tx(), holder, id, which).await?.ok_or(ReadError::NotFound)?;
    drop(reader);
    if let Some(at) = own.listed.withdrawn_at {
        return Err(ReadError::Withdrawn { name: own.listed.name(), at });
    }
    let document = open(&app.keys, holder, id, &own.kept)?;
    Ok((own, document))
}

fn open(keys: &Keys, staff_record: Uuid, id: Uuid, kept: &sql::Kept) -> Result<Document, ReadError> {
    let place = Place { document: id, staff_record, run: kept.run_id };
    body::open(keys, place, kept.key_number, &kept.body).map_err(|_| ReadError::Shut(id))
}

/// Two payslips beside each other, and which others there are.
pub(super) struct Beside {
    /// The one that is asked about.
    pub(super) one: Listed,
    /// The one that it is held against, and what differs; none where there is no other.
    pub(super) other: Option<(Listed, Comparison)>,
    /// All others that stand or were replaced.
    pub(super) choice: Vec<Listed>,
}

/// Compares a payslip of somebody's own with another, or with the one before it.
pub(super) async fn beside(
    app: &App,
    holder: Uuid,
    id: Uuid,
    with: Option<Uuid>,
) -> Result<Beside, ReadError> {
    let mut reader = app.db.read().await?;
    let all = sql::to_compare(&mut reader.tx(), holder, id, with).await?;
    drop(reader);
    let (mut one, mut other, mut choice) = (None, None, Vec::new());
    for (listed, kept) in all {
        let named = listed.id == id || Some(listed.id) == with;
        match listed.withdrawn_at {
            Some(at) if named => return Err(ReadError::Withdrawn { name: listed.name(), at }),
            Some(_) => continue,
            None => {}
        }
        let document = kept.map(|kept| open(&app.keys, holder, listed.id, &kept)).transpose()?;
        let payslip = match document {
            None => None,
            Some(Document::Payslip(payslip)) => Some(*payslip),
            Some(Document::P60(_)) => return Err(ReadError::Shut(listed.id)),
        };
        if listed.id == id {
            one = payslip.map(|payslip| (listed, payslip));
        } else {
            if let Some(payslip) = payslip {
                other = Some((listed.clone(), payslip));
            }
            choice.push(listed);
        }
    }
    let (one, payslip) = one.ok_or(ReadError::NotFound)?;
    if with.is_some_and(|with| with != id) && other.is_none() {
        return Err(ReadError::NotFound);
    }
    let other = other.map(|(listed, before)| {
        let compared = compare(&before, &payslip);
        (listed, compared)
    });
    Ok(Beside { one, other, choice })
}
