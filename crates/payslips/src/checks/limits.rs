use serde::{Deserialize, Serialize};
use store::Day;

/// From when on which shares of pensionable pay are known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PensionTiers {
    /// The first pay date that they hold for. They hold until the next ones do.
    pub from: Day,
    /// The shares, in hundredths of a percent: 980 is 9.8 %.
    pub basis_points: Vec<u16>,
}

/// What is usual, and so not warned of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// The net pay may differ from the previous one by so many percent of it.
    pub net_moved_percent: u32,
    /// What is usually paid into the pension. Where none holds for a pay date, it is not checked.
    pub pension_tiers: Vec<PensionTiers>,
}

impl Default for Limits {
    /// 30 %, and the tiers of the NHS Pension Scheme from 1 April 2025 (nhsemployers.org).
    fn default() -> Self {
        let from = Day::new(2025, 4, 1);
        let tiers =
            from.map(|from| PensionTiers { from, basis_points: vec![520, 650, 830, 980, 1070, 1250] });
        Self { net_moved_percent: 30, pension_tiers: tiers.into_iter().collect() }
    }
}

impl Limits {
    /// The tiers that hold for a pay date.
    pub(super) fn tiers(&self, pay_date: Day) -> Option<&[u16]> {
        let known = self.pension_tiers.iter().filter(|tiers| tiers.from <= pay_date);
        known.max_by_key(|tiers| tiers.from).map(|tiers| tiers.basis_points.as_slice())
    }
}
