use std::{
    fmt, io,
    path::{Path, PathBuf},
};

use store::{Db, StoreError, Tx};
use uuid::Uuid;

use crate::{
    anchor::{self, Line, Reader},
    model::{Hash, Head},
    sql::{self, Sealed},
};

/// A [`Report`] lists so many findings at most and counts the rest.
pub const MOST_FINDINGS: usize = 1000;
/// So many entries are read at once.
const PAGE: i64 = 500;

/// Why the trail could not be checked to its end.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The database refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The anchor file cannot be read.
    #[error("the anchor file {} cannot be read: {source}", path.display())]
    Anchor {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// What [`verify`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Sealed entries that were read.
    pub entries: u64,
    /// Entries that wait to be sealed.
    pub unsealed: u64,
    /// The last sealed entry.
    pub head: Head,
    /// What is wrong, in the order of the trail. Nothing here: nothing was altered, except for what is not provable.
    pub findings: Vec<Finding>,
    /// Findings beyond the first [`MOST_FINDINGS`].
    pub further_findings: u64,
    /// What this check could not prove.
    pub not_provable: Vec<NotProvable>,
}

/// Something that is wrong with the trail. `Display` says it in plain words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// An entry's hash does not follow from its fields and the hash before it.
    Altered {
        /// Its number.
        number: i64,
        /// Its id.
        id: Uuid,
    },
    /// A field of an entry holds what it cannot hold.
    Unreadable {
        /// Its number.
        number: i64,
        /// Its id, if that can be read.
        id: Option<Uuid>,
        /// What cannot be read.
        why: String,
    },
    /// Numbers that no entry has, though later ones exist.
    Missing {
        /// The first of them.
        from: i64,
        /// The last of them.
        to: i64,
    },
    /// A second entry with the same number.
    Duplicate {
        /// The number.
        number: i64,
        /// The second entry's id, if that can be read.
        id: Option<Uuid>,
    },
    /// An entry with a number below 1, which no sealer gives.
    Stray {
        /// Its number.
        number: i64,
        /// Its id, if that can be read.
        id: Option<Uuid>,
    },
    /// The recorded end of the trail is not its last entry.
    HeadDisagrees {
        /// The recorded number.
        head: i64,
        /// The last entry's number.
        last: i64,
    },
    /// The record of the trail's end is missing.
    HeadMissing,
    /// The anchor file has another hash for an entry: it was rewritten, and the hashes after it computed anew.
    Rewritten {
        /// The entry's number.
        number: i64,
        /// Its id, if that can be read.
        id: Option<Uuid>,
        /// The line of the anchor file.
        line: u64,
    },
    /// The anchor file knows an entry that is missing though later ones exist.
    AnchoredMissing {
        /// The entry's number.
        number: i64,
        /// The line of the anchor file.
        line: u64,
    },
    /// The anchor file knows later entries than there are: the end was cut off.
    CutOff {
        /// The last entry's number.
        last: i64,
        /// The newest number in the anchor file.
        anchored: i64,
        /// Its line.
        line: u64,
    },
    /// A line of the anchor file is not what the portal writes.
    MalformedAnchor {
        /// The line.
        line: u64,
    },
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Altered { number, id } => {
                write!(f, "Entry {number} ({id}) was changed, moved or put in: it does not match its hash.")
            }
            Self::Unreadable { number, id, why } => {
                write!(f, "Entry {number} ({}) was changed and cannot be read: {why}.", Id(*id))
            }
            Self::Missing { from, to } if from == to => {
                write!(f, "Entry {from} is missing, so entry {} could not be checked against it.", to + 1)
            }
            Self::Missing { from, to } => {
                write!(
                    f,
                    "Entries {from} to {to} are missing, so entry {} could not be checked against them.",
                    to + 1
                )
            }
            Self::Duplicate { number, id } => {
                write!(f, "Entry {number} is there twice: the second ({}) was put in, or the first.", Id(*id))
            }
            Self::Stray { number, id } => {
                write!(f, "Entry {number} ({}) was put in: the trail begins with number 1.", Id(*id))
            }
            Self::HeadDisagrees { head, last } if head == last => {
                write!(f, "The recorded end of the trail and its last entry, {last}, have different hashes.")
            }
            Self::HeadDisagrees { head, last } => {
                write!(f, "The recorded end of the trail is entry {head}, but the last entry is {last}.")
            }
            Self::HeadMissing => f.write_str("The record of the trail's end is missing."),
            Self::Rewritten { number, id, line } => {
                write!(
                    f,
                    "Entry {number} ({}) or one before it was rewritten: line {line} of the anchor file has another hash.",
                    Id(*id)
                )
            }
            Self::AnchoredMissing { number, line } => {
                write!(f, "Entry {number} is missing, but stands on line {line} of the anchor file.")
            }
            Self::CutOff { last, anchored, line } => {
                write!(
                    f,
                    "The end was cut off: the last entry is {last}, but line {line} of the anchor file knows entry {anchored}."
                )
            }
            Self::MalformedAnchor { line } => {
                write!(f, "Line {line} of the anchor file is not NUMBER HASH TIME as the portal writes it.")
            }
        }
    }
}

struct Id(Option<Uuid>);

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(id) => id.fmt(f),
            None => f.write_str("its id cannot be read"),
        }
    }
}

/// Something that the check could not prove. `Display` says it in plain words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotProvable {
    /// Entries without a number and hash yet.
    Unsealed {
        /// How many.
        entries: u64,
    },
    /// No anchor file was given.
    NoAnchor,
    /// Entries after the newest line of the anchor file.
    AfterAnchor {
        /// The number on that line, 0 where there is none.
        anchored: i64,
        /// The last entry's number.
        last: i64,
    },
    /// The last line of the anchor file has no end.
    TornAnchor {
        /// The line.
        line: u64,
    },
}

impl fmt::Display for NotProvable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsealed { entries } => {
                write!(f, "Entries that are not sealed yet ({entries}) may have been changed, removed or put in.")
            }
            Self::NoAnchor => f.write_str(
                "Without the anchor file, an end that was cut off or computed anew by somebody who controls the database cannot be seen.",
            ),
            Self::AfterAnchor { anchored, last } => write!(
                f,
                "Entries {} to {last} are newer than the anchor file, and may have been rewritten by somebody who controls the database.",
                anchored + 1
            ),
            Self::TornAnchor { line } => write!(
                f,
                "Line {line} of the anchor file, its last, has no end, as after a crash; it was left out, and the portal mends it."
            ),
        }
    }
}

/// Walks the chain from its beginning, a page at a time, beside the anchor file where one is given. Sealing goes on meanwhile.
///
/// # Errors
/// Where the database or the file cannot be read. What is wrong with the trail is no error but a [`Finding`].
pub async fn verify(db: &Db, anchor: Option<&Path>) -> Result<Report, VerifyError> {
    let anchors = match anchor {
        Some(path) => Some(Anchors::open(path).await?),
        None => None,
    };
    let mut check =
        Check { anchors, entries: 0, number: 0, hash: None, follows: None, findings: Vec::new(), further: 0 };
    let mut reader = db.read().await?;
    let mut tx = reader.tx();
    // The number the walk is at, and how many entries of that number were read: more than one only where somebody forged.
    let (mut number, mut seen) = (i64::MIN, 0);
    let recorded = loop {
        // Read before the page: where the page is empty, an honest head can be neither older nor newer than the last entry.
        let recorded = sql::head(&mut tx).await?;
        let page = sql::sealed_from(&mut tx, number, seen, PAGE).await?;
        if page.is_empty() {
            break recorded;
        }
        for row in page {
            seen = if row.number == number { seen + 1 } else { 1 };
            number = row.number;
            check.entry(&mut tx, row).await?;
        }
    };
    check.end(&mut tx, recorded).await?;
    let unsealed = sql::count_unsealed(&mut tx).await?.unsigned_abs();
    Ok(check.report(unsealed))
}

struct Check {
    anchors: Option<Anchors>,
    entries: u64,
    /// The number of the last entry.
    number: i64,
    /// Its hash as stored, `None` where it has none that could be one.
    hash: Option<Hash>,
    /// The hash that it follows, `None` where that is not known.
    follows: Option<Hash>,
    findings: Vec<Finding>,
    further: u64,
}

impl Check {
    fn find(&mut self, finding: Finding) {
        if self.findings.len() < MOST_FINDINGS {
            self.findings.push(finding);
        } else {
            self.further += 1;
        }
    }

    /// The next entry by number.
    async fn entry(&mut self, tx: &mut Tx<'_>, row: Sealed) -> Result<(), VerifyError> {
        self.entries += 1;
        let number = row.number;
        if number < 1 {
            self.find(Finding::Stray { number, id: row.id });
            return Ok(());
        }
        if number == self.number {
            self.find(Finding::Duplicate { number, id: row.id });
            if self.follows.is_some() && matches(&row, self.follows) {
                self.hash = row.hash; // the second one is the one that belongs here
            }
            return Ok(());
        }
        let before = match self.number {
            0 => Some(Hash::BEGINNING),
            _ => self.hash,
        };
        self.follows = if number == self.number + 1 {
            before
        } else {
            self.find(Finding::Missing { from: self.number + 1, to: number - 1 });
            None
        };
        self.number = number;
        self.hash = row.hash;
        match &row.entry {
            Err(why) => self.find(Finding::Unreadable { number, id: row.id, why: why.clone() }),
            Ok(entry) if !matches(&row, self.follows) => self.find(Finding::Altered { number, id: entry.id }),
            Ok(_) => {}
        }
        self.anchors_up_to(tx, &row).await
    }
    /// Holds the lines of the anchor file against the entry that was just read, as far as they reach.
    async fn anchors_up_to(&mut self, tx: &mut Tx<'_>, row: &Sealed) -> Result<(), VerifyError> {
        while let Some((line, anchored)) = self.next_anchor(row.number).await? {
            let Head { number, hash } = anchored.head;
            if number == row.number {
                if row.hash != Some(hash) {
                    self.find(Finding::Rewritten { number, id: row.id, line });
                }
            } else if !self.anchor_stands(tx, line, anchored.head).await? {
                self.find(Finding::AnchoredMissing { number, line });
            }
        }
        Ok(())
    }

    /// What is left once the last entry was read.
    async fn end(&mut self, tx: &mut Tx<'_>, recorded: Option<(i64, Vec<u8>)>) -> Result<(), VerifyError> {
        let last = self.head();
        match recorded {
            None => self.find(Finding::HeadMissing),
            Some((number, hash)) if number != last.number || hash != last.hash.as_bytes() => {
                self.find(Finding::HeadDisagrees { head: number, last: last.number });
            }
            Some(_) => {}
        }
        let mut cut: Option<(i64, u64)> = None;
        while let Some((line, anchored)) = self.next_anchor(i64::MAX).await? {
            // It may have been sealed since the last page was read.
            if !self.anchor_stands(tx, line, anchored.head).await? {
                cut = cut.max(Some((anchored.head.number, line)));
            }
        }
        if let Some((anchored, line)) = cut {
            self.find(Finding::CutOff { last: last.number, anchored, line });
        }
        Ok(())
    }

    /// The next line of the anchor file, if its number is not above `limit`.
    async fn next_anchor(&mut self, limit: i64) -> Result<Option<(u64, Line)>, VerifyError> {
        loop {
            let Some(anchors) = &mut self.anchors else { return Ok(None) };
            match anchors.next(limit).await? {
                Next::Line(line, anchored) => return Ok(Some((line, anchored))),
                Next::Malformed(line) => self.find(Finding::MalformedAnchor { line }),
                Next::None => return Ok(None),
            }
        }
    }

    /// Looks up an entry that the walk is not at (lines may be out of order, where a slow process wrote late); `false` where there is none. Another hash is a finding.
    async fn anchor_stands(
        &mut self,
        tx: &mut Tx<'_>,
        line: u64,
        anchored: Head,
    ) -> Result<bool, VerifyError> {
        let Some(row) = sql::sealed(tx, anchored.number).await? else { return Ok(false) };
        if row.hash != Some(anchored.hash) {
            self.find(Finding::Rewritten { number: anchored.number, id: row.id, line });
        }
        Ok(true)
    }

    fn head(&self) -> Head {
        Head { number: self.number, hash: self.hash.unwrap_or(Hash::BEGINNING) }
    }

    fn report(self, unsealed: u64) -> Report {
        let head = self.head();
        let mut not_provable = Vec::new();
        if unsealed > 0 {
            not_provable.push(NotProvable::Unsealed { entries: unsealed });
        }
        match &self.anchors {
            None => not_provable.push(NotProvable::NoAnchor),
            Some(anchors) => {
                if head.number > anchors.newest {
                    not_provable
                        .push(NotProvable::AfterAnchor { anchored: anchors.newest, last: head.number });
                }
                if let Some(line) = anchors.torn {
                    not_provable.push(NotProvable::TornAnchor { line });
                }
            }
        }
        Report {
            entries: self.entries,
            unsealed,
            head,
            findings: self.findings,
            further_findings: self.further,
            not_provable,
        }
    }
}

/// Whether the row's hash follows from its fields and the hash before it; where that is not known, it may be any.
fn matches(row: &Sealed, follows: Option<Hash>) -> bool {
    match (&row.entry, row.hash, follows) {
        (Ok(entry), Some(hash), Some(follows)) => follows.followed_by(&entry.encode(row.number)) == hash,
        (Ok(_), Some(_), None) => true,
        _ => false,
    }
}

/// The anchor file beside the walk.
struct Anchors {
    path: PathBuf,
    reader: Reader,
    /// The line that was read and waits until the walk is there.
    waiting: Option<(u64, Line)>,
    ended: bool,
    /// The highest number on a line.
    newest: i64,
    /// A last line without an end.
    torn: Option<u64>,
}

enum Next {
    Line(u64, Line),
    Malformed(u64),
    None,
}

impl Anchors {
    async fn open(path: &Path) -> Result<Self, VerifyError> {
        let reader = Reader::open(path)
            .await
            .map_err(|source| VerifyError::Anchor { path: path.to_owned(), source })?;
        Ok(Self { path: path.to_owned(), reader, waiting: None, ended: false, newest: 0, torn: None })
    }

    async fn next(&mut self, limit: i64) -> Result<Next, VerifyError> {
        if self.waiting.is_none() && !self.ended {
            let read = self.reader.next().await;
            match read.map_err(|source| VerifyError::Anchor { path: self.path.clone(), source })? {
                Some(anchor::Found::Line(line)) => {
                    self.newest = self.newest.max(line.head.number);
                    self.waiting = Some((self.reader.line, line));
                }
                Some(anchor::Found::Malformed) => return Ok(Next::Malformed(self.reader.line)),
                Some(anchor::Found::Torn) => {
                    self.torn = Some(self.reader.line);
                    self.ended = true;
                }
                None => self.ended = true,
            }
        }
        match self.waiting.take_if(|(_, line)| line.head.number <= limit) {
            Some((line, anchored)) => Ok(Next::Line(line, anchored)),
            None => Ok(Next::None),
        }
    }
}
