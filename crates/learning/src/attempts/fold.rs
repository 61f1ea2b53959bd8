use std::collections::{BTreeMap, BTreeSet};

use scorm::Manifest;
use store::Instant;

use super::model::{self, ItemProgress, Standing, Status, Verdict};

/// What one commit says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// The number of its launch within the attempt.
    pub launch: i64,
    /// Its own number within the launch.
    pub sequence: i64,
    /// The person's time.
    pub at: Instant,
    /// Which item it is of.
    pub item: String,
    /// What it says of that.
    pub standing: Standing,
    /// So long somebody was in it.
    pub seconds: i64,
    /// What the player's sequencing says of the whole.
    pub whole: Option<Standing>,
}

/// How far an attempt is. Whatever the order in which commits come, and however often, it is the same in the end, and on the way there
/// it only moves up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Each item of which something was said.
    pub items: BTreeMap<String, ItemProgress>,
    /// The whole.
    pub whole: Standing,
}

impl Default for Progress {
    fn default() -> Self {
        Self { items: BTreeMap::new(), whole: Standing::NOTHING }
    }
}

impl Progress {
    /// From what is stored.
    #[must_use]
    pub fn new(items: Vec<ItemProgress>, whole: Standing) -> Self {
        Self { items: items.into_iter().map(|item| (item.item.clone(), item)).collect(), whole }
    }

    /// Takes in what a commit says. `rolls_up`: see [`model::rolls_up`].
    pub fn take(&mut self, manifest: &Manifest, rolls_up: bool, said: &Said) -> Verdict {
        let held = self.items.entry(said.item.clone()).or_insert_with(|| ItemProgress {
            item: said.item.clone(),
            launch_number: 0,
            sequence: 0,
            status: Status::NotAttempted,
            score: None,
            seconds: 0,
        });
        let newest = (said.launch, said.sequence) > (held.launch_number, held.sequence);
        if newest {
            (held.launch_number, held.sequence) = (said.launch, said.sequence);
        }
        let best = Standing { status: held.status, score: held.score }.or_better(said.standing);
        (held.status, held.score) = (best.status, best.score);
        held.seconds = held.seconds.max(said.seconds);
        self.whole = if rolls_up {
            let begun = Standing { status: Status::Incomplete, score: None };
            let begun = if best.status > Status::NotAttempted { begun } else { Standing::NOTHING };
            self.whole.or_better(said.whole.unwrap_or(Standing::NOTHING)).or_better(begun)
        } else {
            let now = model::whole(manifest, |item| self.standing(item));
            // What was reached once stays, also where somebody has looked at it by older rules.
            if now.status >= self.whole.status { now } else { self.whole }
        };
        if newest { Verdict::Newest } else { Verdict::Late }
    }

    /// How one item stands.
    #[must_use]
    pub fn standing(&self, item: &str) -> Standing {
        self.items
            .get(item)
            .map_or(Standing::NOTHING, |held| Standing { status: held.status, score: held.score })
    }

    /// So long somebody was in all of it.
    #[must_use]
    pub fn seconds(&self) -> i64 {
        self.items.values().fold(0, |all, item| all.saturating_add(item.seconds))
    }

    /// Which completion is to be written now, where `written` is the best that is. One that was completed can be passed later; nothing else
    /// is added.
    #[must_use]
    pub fn fact(&self, written: Option<Status>) -> Option<Status> {
        let due = self.whole.status.is_done() && written.is_none_or(|written| written < self.whole.status);
        due.then_some(self.whole.status)
    }
}

/// Whether all has come of a launch that was to come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Something may come still.
    Open,
    /// The last has come, and some that were sent before it have not.
    Awaits(BTreeSet<i64>),
    /// All has.
    Come,
}

impl End {
    /// As it is stored.
    pub(super) fn stored(has_come: bool, awaits: Option<&str>) -> Self {
        match awaits.and_then(|numbers| serde_json::from_str(numbers).ok()) {
            _ if has_come => Self::Come,
            Some(numbers) => Self::Awaits(numbers),
            None => Self::Open,
        }
    }

    /// What is awaited, as it is stored.
    pub(super) fn awaits(&self) -> Option<String> {
        match self {
            Self::Awaits(numbers) => serde_json::to_string(numbers).ok(),
            Self::Open | Self::Come => None,
        }
    }

    /// Where a newest commit says that it is the last, and so many of those before it have not come.
    pub(super) fn last(missing: BTreeSet<i64>) -> Self {
        if missing.is_empty() { Self::Come } else { Self::Awaits(missing) }
    }

    /// One has come that is not the newest.
    pub(super) fn older(&self, sequence: i64) -> Self {
        match self {
            Self::Awaits(numbers) => {
                Self::last(numbers.iter().copied().filter(|number| *number != sequence).collect())
            }
            other => other.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::End;

    #[test]
    fn an_end_has_come_when_all_before_it_has() {
        let awaits = |numbers: &[i64]| End::Awaits(numbers.iter().copied().collect());
        assert_eq!(End::last([].into()), End::Come);
        assert_eq!(End::last([3, 5].into()), awaits(&[3, 5]));
        assert_eq!(awaits(&[3, 5]).older(3), awaits(&[5]));
        assert_eq!(awaits(&[3, 5]).older(4), awaits(&[3, 5]));
        assert_eq!(awaits(&[5]).older(5), End::Come);
        assert_eq!(End::Come.older(5), End::Come);
        assert_eq!(End::Open.older(5), End::Open);
        for (come, stored) in [(false, None), (false, Some("[3,5]")), (true, None)] {
            let end = End::stored(come, stored);
            assert_eq!(end.awaits().as_deref(), stored);
            assert_eq!(end == End::Come, come);
        }
        assert_eq!(End::stored(false, Some("damaged")), End::Open);
    }
}
