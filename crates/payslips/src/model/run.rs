use serde::{Deserialize, Serialize};

store::words! {
    /// What a run is to the pay of its period.
    pub enum RunKind {
        /// Everybody's pay.
        Main = "main",
        /// Some people's pay beside it.
        Supplementary = "supplementary",
        /// Documents in the place of earlier ones.
        Correction = "correction",
    }
}

store::words! {
    /// How often a run is paid.
    pub enum Frequency {
        /// Every month.
        Month = "month",
        /// Every four weeks.
        FourWeeks = "four_weeks",
        /// Every week.
        Week = "week",
    }
}

store::words! {
    /// What a run is made of.
    pub enum WhichDocument {
        /// Payslips.
        Payslips = "payslips",
        /// P60s.
        P60s = "p60s",
    }
}

/// What the first rows of a run's file say about all of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunHead {
    /// Payroll's own name for it, such as `2026-11 MAIN`: used once per employer.
    pub reference: String,
    /// Payslips or P60s.
    pub document: WhichDocument,
    /// Main, supplementary or correction.
    pub kind: RunKind,
    /// How often; a run of P60s has none.
    pub frequency: Option<Frequency>,
    /// The employer's PAYE reference: `123/A246`.
    pub paye_reference: Option<String>,
    /// The employer's address, line by line; a run of P60s needs it.
    pub employer_address: Vec<String>,
}
