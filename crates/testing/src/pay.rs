use payslips::{Document, Heading, Payslip, RunKind, testing::Made};
use uuid::Uuid;
use web::Keys;

use crate::Portal;

/// The seed of a portal's keys.
pub(crate) const KEYS: u64 = 7;

impl Portal {
    /// Writes a run of an employer's with these documents, and hands over its id and those of the documents. `state` is that of the run.
    ///
    /// # Panics
    /// Where the store refuses.
    pub async fn pay_run(
        &self,
        code: &str,
        kind: RunKind,
        state: &'static str,
        documents: &[Made],
    ) -> (Uuid, Vec<Uuid>) {
        let mut reader = self.db.read().await.expect("a connection");
        let employer =
            records::employer_by_code(&mut reader.tx(), code).await.expect("the store").expect("an employer");
        drop(reader);
        let sealing = (&Keys::seeded(KEYS), &self.entropy);
        let run = (kind, state);
        payslips::testing::run(&self.db, sealing, employer.id, run, documents, self.clock.now())
            .await
            .expect("a run")
    }

    /// Gives a run another state.
    ///
    /// # Panics
    /// Where the store refuses.
    pub async fn set_pay_run(&self, run: Uuid, state: &'static str) {
        payslips::testing::set_state(&self.db, run, state, self.clock.now()).await.expect("a run");
    }

    /// The made-up payslip of somebody's month, with changes, not yet in any run.
    pub async fn payslip(
        &self,
        username: &str,
        (year, month): (i16, i8),
        change: impl FnOnce(&mut Payslip),
    ) -> Made {
        let (staff_record, heading) = self.whose(username).await;
        let mut payslip = payslips::testing::payslip(heading, year, month);
        change(&mut payslip);
        Made::new(staff_record, Document::Payslip(Box::new(payslip)))
    }

    /// The made-up P60 of somebody's tax year, not yet in any run.
    pub async fn p60(&self, username: &str, year_ended: i16) -> Made {
        let (staff_record, heading) = self.whose(username).await;
        Made::new(staff_record, Document::P60(Box::new(payslips::testing::p60(heading, year_ended))))
    }

    async fn whose(&self, username: &str) -> (Uuid, Heading) {
        let record = self.holder(username).await.record;
        (record.id, payslips::testing::heading(&record.name(), &record.employee_number))
    }
}
