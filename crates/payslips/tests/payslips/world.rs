//! What these tests share: run files, people of payroll, and short ways to upload and publish.

use audit::Origin;
use payslips::{
    Amount, App, Document, FindingKind, Frequency, Heading, Line, Payslip, Pence, Period, RunHead, RunKind,
    WhichDocument,
    body::{self, Place},
    run_file::{Block, Writer},
    runs::{self, ActError, PublishError, Published, Run, State},
};
use records::{Caller, Permission, Permit, Role, permit};
use store::{Day, on, testing::strings};
use testing::Portal;
use uuid::Uuid;
use web::FormFile;

/// HR of 427, whom tests need to exist before other roles, and three of payroll: two of 427, one of 999.
pub(crate) const GARETH: &str = "427GPUGH01";
pub(crate) const JOANNE: &str = "427JFLETC01";
pub(crate) const AMINA: &str = "427ADELAC01";
pub(crate) const HELEN: &str = "427HOWSEA01";
pub(crate) const JOHN: &str = "999JSMITH01";

/// Assignments of 427: Helen, Amina, Gareth, Joanne; Leonard, who has no address; Carol, who left in October 2025.
pub(crate) const PEOPLE: [&str; 5] = ["10001", "10002", "10003", "10004", "10005"];
pub(crate) const CAROL: &str = "10006";

pub(crate) fn day(text: &str) -> Day {
    text.parse().unwrap()
}

pub(crate) fn head(reference: &str, kind: RunKind) -> RunHead {
    RunHead {
        reference: reference.to_owned(),
        document: WhichDocument::Payslips,
        kind,
        frequency: Some(Frequency::Month),
        paye_reference: None,
        employer_address: Vec::new(),
    }
}

/// A payslip of November 2026 that adds up, with so many pounds of gross pay.
pub(crate) fn november(assignment: &str, gross: i64) -> Block {
    payslip(assignment, "2026-11", gross, None)
}

/// A payslip of a month that adds up: a tenth of it is deducted.
pub(crate) fn payslip(assignment: &str, month: &str, pounds: i64, replaces: Option<&str>) -> Block {
    let (gross, tax) = (Pence(pounds * 100), Pence(pounds * 10));
    let line = |description: &str, amount| Line {
        description: description.to_owned(),
        units: None,
        unit: None,
        rate: None,
        amount,
    };
    let from = day(&format!("{month}-01"));
    let slip = Payslip {
        heading: Heading::default(),
        frequency: Frequency::Month,
        period: Period { from, to: from.date().last_of_month().into() },
        pay_date: day(&format!("{month}-27")),
        details: Vec::new(),
        payments: vec![line("Basic Pay", gross)],
        deductions: vec![line("PAYE", tax)],
        employer: Vec::new(),
        this_period: Vec::new(),
        year_to_date: Vec::new(),
        gross,
        total_deductions: tax,
        net: gross - tax,
        net_parts: vec![Amount { description: "BACS".into(), amount: gross - tax }],
        messages: Vec::new(),
    };
    Block::of_payslip(assignment, replaces, slip)
}

pub(crate) fn file(head: &RunHead, blocks: &[Block]) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new(), head).unwrap();
    blocks.iter().for_each(|block| writer.block(block).unwrap());
    writer.finish().unwrap()
}

pub(crate) fn file_without_trailer(head: &RunHead, blocks: &[Block]) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new(), head).unwrap();
    blocks.iter().for_each(|block| writer.block(block).unwrap());
    writer.finish_without_trailer().unwrap()
}

/// The main run of a month for all of [`PEOPLE`].
pub(crate) fn main_run(month: &str) -> Vec<u8> {
    let blocks: Vec<Block> = PEOPLE.iter().map(|person| payslip(person, month, 2000, None)).collect();
    file(&head(&format!("{month} MAIN"), RunKind::Main), &blocks)
}

/// A portal with its people of payroll.
pub(crate) struct Office {
    pub(crate) portal: Portal,
    pub(crate) app: App,
}

impl Office {
    pub(crate) async fn new(portal: Portal) -> Self {
        portal.grant(GARETH, Role::Hr).await;
        portal.grant(JOANNE, Role::Payroll).await;
        portal.grant(AMINA, Role::Payroll).await;
        portal.grant("999JSMITH02", Role::Hr).await;
        portal.grant(JOHN, Role::Payroll).await;
        portal.settle().await;
        let app = portal.portal.payslips.clone();
        Self { portal, app }
    }

    pub(crate) async fn permit(&self, username: &str, permission: Permission) -> Permit {
        let holder = self.portal.holder(username).await;
        let caller = Caller { staff_record: holder.record.id, employer: holder.employer.id, inside: true };
        let mut reader = self.portal.db.read().await.unwrap();
        permit(&mut reader.tx(), &caller, permission, holder.employer.id).await.unwrap()
    }

    /// Uploads a file as Joanne.
    pub(crate) async fn upload(&self, bytes: Vec<u8>) -> Uuid {
        let permit = self.permit(JOANNE, Permission::CheckPayslips).await;
        let file = FormFile { name: "C:\\pay\\run.csv".into(), bytes: bytes.into() };
        runs::receive(&self.app, &permit, &file, Origin::default()).await.unwrap()
    }

    /// Uploads a file and has it checked.
    pub(crate) async fn checked(&self, bytes: Vec<u8>) -> Run {
        let id = self.upload(bytes).await;
        self.portal.settle().await;
        self.run(id).await
    }

    pub(crate) async fn run(&self, id: Uuid) -> Run {
        let permit = self.permit(JOANNE, Permission::CheckPayslips).await;
        runs::run(&self.app, &permit, id).await.unwrap().unwrap()
    }

    /// Says as somebody that a run is to be published at once.
    pub(crate) async fn publish_as(&self, username: &str, run: &Run) -> Result<Published, PublishError> {
        let permit = self.permit(username, Permission::PublishPayslips).await;
        runs::publish(&self.app, &permit, run.id, run.staging.unwrap(), None, Origin::default()).await
    }

    /// Has a run published, whatever it warns of; its people are told.
    pub(crate) async fn published(&self, bytes: Vec<u8>) -> Run {
        let run = self.checked(bytes).await;
        assert_eq!(run.state, State::Checked, "{:?}", self.findings(run.id).await);
        self.tick_all(&run).await;
        assert_eq!(self.publish_as(JOANNE, &run).await.unwrap(), Published::Now);
        self.portal.settle().await;
        self.run(run.id).await
    }

    pub(crate) async fn tick_all(&self, run: &Run) {
        for kind in run.warnings() {
            self.tick(run, kind).await.unwrap();
        }
    }

    pub(crate) async fn tick(&self, run: &Run, kind: FindingKind) -> Result<(), ActError> {
        let permit = self.permit(JOANNE, Permission::CheckPayslips).await;
        let seen = run.staging.unwrap();
        runs::tick(&self.app, &permit, run.id, seen, kind, "as it should be", Origin::default()).await
    }

    pub(crate) async fn withdraw(&self, id: Uuid) -> Result<(), ActError> {
        let permit = self.permit(JOANNE, Permission::WithdrawPayslips).await;
        let withdrawn = runs::withdraw(&self.app, &permit, id, "wrong month", Origin::default()).await;
        self.portal.settle().await;
        withdrawn
    }

    /// The findings of a run, each as its kind and whose.
    pub(crate) async fn findings(&self, run: Uuid) -> Vec<String> {
        let findings = runs::findings(&self.app, run).await.unwrap();
        findings
            .iter()
            .map(|finding| format!("{} {}", finding.kind, finding.person.as_deref().unwrap_or("-")))
            .collect()
    }

    /// Subjects of the mails to somebody, in the order of letters.
    pub(crate) fn subjects(&self, email: &str) -> Vec<String> {
        let mut subjects: Vec<String> =
            self.portal.mails_to(email).into_iter().map(|mail| mail.subject).collect();
        subjects.retain(|subject| subject.contains("ayslip"));
        subjects.sort();
        subjects
    }

    /// What of payslips is on the trail, oldest first.
    pub(crate) async fn trail(&self) -> Vec<String> {
        strings(&self.portal.db, "SELECT event FROM audit_entry WHERE event LIKE 'payslips.%' ORDER BY id")
            .await
    }

    /// Who looked at a document of somebody's, and why.
    pub(crate) async fn looks(&self, document: Uuid, staff_record: Uuid) -> Vec<(Option<Uuid>, String)> {
        let mut reader = self.portal.db.read().await.unwrap();
        on!(reader.tx(), c => sqlx::query_as("SELECT by_staff_record, reason FROM pay_look WHERE document_id = $1 AND staff_record_id = $2")
            .bind(document).bind(staff_record).fetch_all(c).await)
        .unwrap()
    }

    pub(crate) async fn count(&self, table: &'static str) -> i64 {
        let text = match table {
            "pay_document" => "SELECT COUNT(*) FROM pay_document",
            "pay_run_piece" => "SELECT COUNT(*) FROM pay_run_piece",
            "pay_finding" => "SELECT COUNT(*) FROM pay_finding",
            "pay_run" => "SELECT COUNT(*) FROM pay_run",
            other => panic!("{other}"),
        };
        let mut reader = self.portal.db.read().await.unwrap();
        on!(reader.tx(), c => sqlx::query_scalar(text).fetch_one(c).await).unwrap()
    }

    /// The payslips that are stored, opened, in the order of assignments and runs.
    pub(crate) async fn stored(&self, app: &App) -> Vec<(Place, Payslip)> {
        type Row = (Uuid, Uuid, Uuid, i64, Vec<u8>);
        let mut reader = self.portal.db.read().await.unwrap();
        let rows: Vec<Row> = on!(reader.tx(), c => sqlx::query_as(
            "SELECT id, staff_record_id, run_id, key_number, body FROM pay_document ORDER BY assignment_number, run_id")
            .fetch_all(c).await)
        .unwrap();
        rows.into_iter()
            .map(|(document, staff_record, run, key, body)| {
                let place = Place { document, staff_record, run };
                match body::open(&app.keys, place, key, &body).unwrap() {
                    Document::Payslip(payslip) => (place, *payslip),
                    Document::P60(_) => panic!("a P60"),
                }
            })
            .collect()
    }
}
