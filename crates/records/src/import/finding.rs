use tables::Finding;

use crate::words;

/// So many errors are collected, and so many warnings; the rest is counted.
pub const MOST_FINDINGS: usize = 1000;

/// Collects findings, up to a limit.
#[derive(Debug, Default)]
pub(super) struct Findings {
    list: Vec<Finding>,
    more: usize,
}

impl Findings {
    pub(super) fn push(&mut self, finding: Finding) {
        if self.list.len() < MOST_FINDINGS {
            self.list.push(finding);
        } else {
            self.more += 1;
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Adds what was found in another order, in the order of the file.
    pub(super) fn append(&mut self, scattered: Scattered) {
        let Scattered { mut list, more } = scattered;
        list.sort_by_key(|(place, _)| *place);
        list.into_iter().for_each(|(_, finding)| self.push(finding));
        self.more += more;
    }

    /// By line, and at the end how many more there are.
    pub(super) fn finish(mut self) -> Vec<Finding> {
        self.list.sort_by_key(|finding| finding.line);
        if self.more > 0 {
            self.list.push(Finding::of_file(words::more_findings(self.more)));
        }
        self.list
    }
}

/// Collects findings that come in another order than that of the file, and keeps those of its first places.
#[derive(Debug, Default)]
pub(super) struct Scattered {
    list: Vec<(usize, Finding)>,
    more: usize,
}

impl Scattered {
    pub(super) fn push(&mut self, place: usize, finding: Finding) {
        self.list.push((place, finding));
        if self.list.len() > 2 * MOST_FINDINGS {
            self.list.sort_by_key(|(place, _)| *place);
            self.more += self.list.len() - MOST_FINDINGS;
            self.list.truncate(MOST_FINDINGS);
        }
    }

    /// All that was found of one place.
    pub(super) fn put(&mut self, place: usize, findings: Findings) {
        findings.list.into_iter().for_each(|finding| self.push(place, finding));
        self.more += findings.more;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn in_whatever_order_they_come_the_first_of_the_file_stay(places in proptest::collection::vec(0usize..5000, 0..6000)) {
            let of = |place: usize| Finding::of_line(place as u64, "");
            let mut scattered = Scattered::default();
            places.iter().for_each(|place| scattered.push(*place, of(*place)));
            let mut found = Findings::default();
            found.append(scattered);
            let mut ordered = places;
            ordered.sort_unstable();
            let mut expected = Findings::default();
            ordered.into_iter().for_each(|place| expected.push(of(place)));
            prop_assert_eq!(found.finish(), expected.finish());
        }
    }
}
