use serde::Deserialize;
use store::Day;

use crate::{
    checks::{Limits, PensionTiers},
    run_file::Options,
};

/// The `[payslips]` table of the configuration.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Whether what holds pay figures is sealed before it is stored.
    pub encrypt: bool,
    /// A run file has so many bytes at most.
    pub most_bytes: u64,
    /// A run file has so many rows at most.
    pub most_rows: u64,
    /// Net pay that differs from the previous one by more percent of it is warned of.
    pub net_moved_percent: u32,
    /// What is usually paid into the pension, by the first pay date that it holds for. Where none holds, it is not checked.
    pub pension_tiers: Vec<PensionTiers>,
    /// Whether NI numbers that begin with `QQ`, which are nobody's, are let in. Only the demo sets it.
    #[serde(skip)]
    pub demo_numbers: bool,
}

impl Default for Settings {
    fn default() -> Self {
        let Limits { net_moved_percent, pension_tiers } = Limits::default();
        Self {
            encrypt: true,
            most_bytes: Options::MOST_BYTES,
            most_rows: Options::MOST_ROWS,
            net_moved_percent,
            pension_tiers,
            demo_numbers: false,
        }
    }
}

impl Settings {
    /// What is usual.
    #[must_use]
    pub fn limits(&self) -> Limits {
        Limits { net_moved_percent: self.net_moved_percent, pension_tiers: self.pension_tiers.clone() }
    }

    /// How a run file is read on a day.
    #[must_use]
    pub fn options(&self, today: Day) -> Options {
        Options {
            demo_numbers: self.demo_numbers,
            most_bytes: self.most_bytes,
            most_rows: self.most_rows,
            limits: self.limits(),
            ..Options::new(today)
        }
    }
}
