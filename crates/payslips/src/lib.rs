//! Payslips and P60s: what payroll publishes, all or nothing, and what each person reads of their own and nobody else's.
//!
//! This room knows `records` and all below it, and not `access`: it sees a `web::Person`. Its words:
//!
//! - a *run* ([`RunHead`]) is what payroll publishes at once: payslips of one period, or the P60s of a tax year, by a file;
//! - a [`Payslip`] is one assignment's pay of one period in one run; a [`P60`] is a person's tax year. Either is a [`Document`], sealed into one
//!   compact row whose key is the staff record, the pay date and the run;
//! - a run is *main*, *supplementary* or a *correction*, whose documents stand in the place of earlier ones;
//! - a [`Finding`] is what a check has found: an error, which keeps the run from being published, or a warning, which is ticked off.
//!
//! The portal shows pay and checks that it adds up. It never computes it.

mod app;
pub mod body;
pub mod checks;
mod model;
mod payroll;
mod reading;
pub mod run_file;
pub mod runs;
mod settings;
#[cfg(feature = "testing")]
pub mod testing;
mod view;
mod words;

pub use app::App;
pub use model::{
    Amount, Block, Compared, Comparison, Decimal, Detail, Document, Finding, FindingKind, Frequency, Heading,
    Line, NiEarnings, P60, PayAndTax, Payslip, Pence, Period, Reason, RunHead, RunKind, Severity, TaxYear,
    Total, WhichDocument, compare,
};
pub use reading::{Newest, Printing, newest};
pub use settings::Settings;
pub use view::{Fact, LineView, NiView, P60View, PayAndTaxView, PayslipView};
pub use words::{p60 as p60_name, payslip as payslip_name};

/// The pages of this room.
#[must_use]
pub fn routes(app: &App) -> Vec<web::Route> {
    [reading::pages::routes(app), payroll::routes(app)].concat()
}

/// The jobs of this room.
#[must_use]
pub fn handlers(app: &App) -> Vec<store::jobs::Handler> {
    runs::handlers(app)
}

/// Who writes the mails of this room.
#[must_use]
pub fn composers(app: &App) -> Vec<mail::Composer> {
    runs::composers(app)
}
