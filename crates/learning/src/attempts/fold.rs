use std::collections::BTreeMap;

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
