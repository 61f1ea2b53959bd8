use serde::{Deserialize, Serialize};

store::words! {
    /// Something that courses need, or run better with.
    pub(crate) enum Check {
        /// Scripts run.
        Script = "script",
        /// A frame of the host of course content loads.
        Frame = "frame",
        /// What is sent from there is answered.
        Commit = "commit",
        /// It arrives whole.
        Bodies = "bodies",
        /// What is sent as a page is left arrives.
        Beacon = "beacon",
        /// The portal's own pages may keep something in the browser until it can be sent.
        Outbox = "outbox",
        /// The frame may keep something in the browser.
        Storage = "storage",
        /// A course's questions in a dialog are shown.
        Dialogs = "dialogs",
        /// Sound is played.
        Sound = "sound",
        /// The usual kind of video is played.
        Video = "video",
        /// The width of the window, in CSS pixels.
        Screen = "screen",
        /// How far the clock is off, in seconds.
        Clock = "clock",
        /// How fast files come, in kilobits a second.
        Speed = "speed",
    }
}

store::words! {
    /// How a check went.
    pub(crate) enum Outcome {
        /// As it should.
        Good = "ok",
        /// Courses run, but less well.
        Poor = "poor",
        /// Courses that need it do not run.
        Failed = "failed",
        /// Nobody knows.
        Untested = "untested",
    }
}

/// The outcome of one check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Found {
    pub(crate) check: Check,
    pub(crate) outcome: Outcome,
    /// What was measured, where it is a number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) value: Option<i64>,
}

impl Check {
    /// Reads what the script has put into this check's field; `None` where no script of ours wrote that.
    pub(crate) fn read(self, field: &str) -> Option<Found> {
        let found = |outcome, value| Some(Found { check: self, outcome, value });
        match (field, self) {
            ("" | "untested", _) => found(Outcome::Untested, None),
            (measured, Self::Screen | Self::Clock | Self::Speed) => {
                let value = measured.parse().ok().filter(|value| (-MOST..=MOST).contains(value))?;
                found(self.judge(value), Some(value))
            }
            ("ok", _) => found(Outcome::Good, None),
            ("failed", _) => found(if self.is_needed() { Outcome::Failed } else { Outcome::Poor }, None),
            _ => None,
        }
    }

    fn judge(self, value: i64) -> Outcome {
        let (good, poor) = match self {
            // A tablet on its side; a small phone.
            Self::Screen => (value >= 768, value >= 320),
            // Commits are dated by the portal, so a wrong clock only confuses people and certificates of sites.
            Self::Clock => (value.abs() <= 60, true),
            _ => (value >= 2_000, true),
        };
        match (good, poor) {
            (true, _) => Outcome::Good,
            (_, true) => Outcome::Poor,
            _ => Outcome::Failed,
        }
    }

    /// Whether no course runs, or counts, without it.
    fn is_needed(self) -> bool {
        matches!(self, Self::Script | Self::Frame | Self::Commit | Self::Bodies)
    }
}

/// No measurement is beyond this.
const MOST: i64 = 10_000_000;

impl Outcome {
    /// The worst is first.
    pub(crate) fn rank(self) -> u8 {
        match self {
            Self::Failed => 0,
            Self::Poor => 1,
            Self::Untested => 2,
            Self::Good => 3,
        }
    }
}

/// The worst of what was found.
pub(crate) fn worst(found: &[Found]) -> Outcome {
    found.iter().map(|found| found.outcome).min_by_key(|outcome| outcome.rank()).unwrap_or(Outcome::Good)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_field_is_judged() {
        for (check, field, outcome) in [
            (Check::Frame, "ok", Some(Outcome::Good)),
            (Check::Frame, "failed", Some(Outcome::Failed)),
            (Check::Video, "failed", Some(Outcome::Poor)),
            (Check::Video, "", Some(Outcome::Untested)),
            (Check::Screen, "untested", Some(Outcome::Untested)),
            (Check::Screen, "1280", Some(Outcome::Good)),
            (Check::Screen, "390", Some(Outcome::Poor)),
            (Check::Screen, "240", Some(Outcome::Failed)),
            (Check::Clock, "-59", Some(Outcome::Good)),
            (Check::Clock, "3600", Some(Outcome::Poor)),
            (Check::Speed, "300", Some(Outcome::Poor)),
            (Check::Speed, "ok", None),
            (Check::Speed, "99999999999999999999", None),
            (Check::Speed, "10000001", None),
            (Check::Frame, "1", None),
            (Check::Frame, "<script>", None),
        ] {
            assert_eq!(check.read(field).map(|found| found.outcome), outcome, "{check} {field}");
        }
    }

    #[test]
    fn the_worst_is_what_is_told() {
        let all = |fields: &[(Check, &str)]| {
            let found: Vec<Found> = fields.iter().filter_map(|(check, field)| check.read(field)).collect();
            worst(&found)
        };
        assert_eq!(all(&[(Check::Frame, "ok"), (Check::Video, "failed")]), Outcome::Poor);
        assert_eq!(all(&[(Check::Frame, "failed"), (Check::Video, "failed")]), Outcome::Failed);
        assert_eq!(all(&[(Check::Frame, "ok"), (Check::Video, "")]), Outcome::Untested);
        assert_eq!(all(&[(Check::Frame, "ok")]), Outcome::Good);
    }
}
