//! What the tests of this room share: a database, a standing clock, seeded randomness, and short ways to load staff.

use audit::Origin;
use records::{
    Employer, Holder, NewEmployer, Permission, Permit, Settings, Username,
    import::{self, Applied, ApplyError, Options, Plan, PlanError},
};
use store::{Clock, Db, Entropy, Instant, on};
use uuid::Uuid;

pub(crate) const HEADER: &str =
    "employee_number,first_names,last_name,date_of_birth,start_date,leaving_date,email,smartcard_uuid";

#[derive(Clone)]
pub(crate) struct World {
    pub(crate) db: Db,
    pub(crate) clock: Clock,
    pub(crate) entropy: Entropy,
}

impl World {
    pub(crate) fn new(db: Db) -> Self {
        let clock = Clock::standing("2026-11-24T09:00:00Z".parse().unwrap());
        Self { db, clock, entropy: Entropy::seeded(7) }
    }

    pub(crate) fn now(&self) -> Instant {
        self.clock.now()
    }

    pub(crate) async fn employer(&self, code: &str) -> Employer {
        let settings = Settings { mail_domains: vec!["nhs.net".into()], ..Settings::default() };
        let new = NewEmployer { code: code.into(), name: format!("Trust {code}"), settings };
        records::employer_add(&self.db, &self.entropy, self.now(), new, Origin::default()).await.unwrap()
    }

    pub(crate) async fn plan(&self, employer: &Employer, file: impl AsRef<[u8]>) -> Result<Plan, PlanError> {
        import::plan(&self.db, employer.id, file.as_ref(), "/home/hr/staff.csv", self.now()).await
    }

    /// The errors of a file that is not right.
    pub(crate) async fn errors(&self, employer: &Employer, file: impl AsRef<[u8]>) -> Vec<String> {
        match self.plan(employer, file).await {
            Err(PlanError::Findings(findings)) => findings.iter().map(ToString::to_string).collect(),
            Ok(plan) => panic!("no errors: {:?}", plan.counts),
            Err(error) => panic!("{error}"),
        }
    }

    pub(crate) async fn apply(&self, plan: Plan, confirm: Option<u64>) -> Result<Applied, ApplyError> {
        self.apply_with(plan, confirm, |_, _| {}).await
    }

    pub(crate) async fn apply_with(
        &self,
        plan: Plan,
        confirm: Option<u64>,
        progress: impl FnMut(u64, u64) + Send,
    ) -> Result<Applied, ApplyError> {
        let permit = Permit::operator(Permission::ImportStaff, plan.employer.id);
        let options = Options { confirm };
        import::apply(
            &self.db,
            &self.clock,
            &self.entropy,
            &permit,
            plan,
            options,
            Origin::default(),
            progress,
        )
        .await
    }

    /// Loads rows under [`HEADER`].
    pub(crate) async fn load(&self, employer: &Employer, rows: &[&str]) -> Applied {
        let plan = self.plan(employer, csv(rows)).await.unwrap_or_else(|error| panic!("{error}"));
        let confirm = plan.number_to_type();
        self.apply(plan, confirm).await.unwrap()
    }

    pub(crate) async fn find(&self, username: &str) -> Option<Holder> {
        let username = Username::parse(username).unwrap();
        records::find_by_username(&mut self.db.read().await.unwrap().tx(), &username, self.now())
            .await
            .unwrap()
    }

    pub(crate) async fn id(&self, username: &str) -> Uuid {
        self.find(username).await.unwrap_or_else(|| panic!("nobody is {username}")).record.id
    }

    /// The employee numbers, by employer's code, of whoever has this email in force.
    pub(crate) async fn by_email(&self, email: &str) -> Vec<String> {
        let mut reader = self.db.read().await.unwrap();
        let holders = records::holders_by_email(&mut reader.tx(), email, self.now()).await.unwrap();
        holders.iter().map(|h| format!("{}/{}", h.employer.code, h.record.employee_number)).collect()
    }

    pub(crate) async fn prove(&self, username: &str) -> Uuid {
        let (id, now) = (self.id(username).await, self.now());
        self.db
            .write(move |tx| Box::pin(async move { records::mark_proved(tx, id, now).await }))
            .await
            .map(|()| id)
            .unwrap()
    }

    /// All that is seen of an employer's staff, in words.
    pub(crate) async fn seen(&self, employer: &Employer) -> Vec<String> {
        type Row = (String, i64, String, Option<String>, Option<store::Day>, i64);
        let id = employer.id;
        let mut reader = self.db.read().await.unwrap();
        let rows: Vec<Row> = on!(reader.tx(), c => {
            sqlx::query_as("SELECT s.employee_number, s.number, s.last_name, s.email, s.last_day,
                    (SELECT COUNT(*) FROM username u WHERE u.staff_record_id = s.id)
                 FROM staff s WHERE s.employer_id = $1 ORDER BY s.employee_number").bind(id).fetch_all(c).await
        })
        .unwrap();
        rows.into_iter()
            .map(|(number, version, name, email, last_day, usernames)| {
                let last_day = last_day.map(|day| day.to_string()).unwrap_or_default();
                format!("{number} v{version} {name} {} {last_day} {usernames}", email.unwrap_or_default())
            })
            .collect()
    }

    /// How many rows a table of this room has.
    pub(crate) async fn rows(&self, table: &'static str) -> i64 {
        let text = match table {
            "staff_record" => "SELECT COUNT(*) FROM staff_record",
            "staff_version" => "SELECT COUNT(*) FROM staff_version",
            "assignment" => "SELECT COUNT(*) FROM assignment",
            "username" => "SELECT COUNT(*) FROM username",
            "identity_hold" => "SELECT COUNT(*) FROM identity_hold",
            "record_change" => "SELECT COUNT(*) FROM record_change",
            "staff_key" => "SELECT COUNT(*) FROM staff_key",
            "role_grant" => "SELECT COUNT(*) FROM role_grant",
            other => panic!("{other}"),
        };
        let mut reader = self.db.read().await.unwrap();
        on!(reader.tx(), c => sqlx::query_scalar(text).fetch_one(c).await).unwrap()
    }

    pub(crate) async fn run_jobs(&self) -> usize {
        let handlers = records::handlers(&self.db, &self.clock, &self.entropy);
        let worker =
            store::jobs::Worker::new(self.db.clone(), self.clock.clone(), self.entropy.clone(), handlers);
        worker.run_due().await.unwrap()
    }

    /// Addresses and kinds of all mails about a staff record, oldest first.
    pub(crate) async fn mails(&self, about: Uuid) -> Vec<String> {
        let mut reader = self.db.read().await.unwrap();
        let mails = mail::about(&mut reader.tx(), about, 100).await.unwrap();
        mails.iter().rev().map(|mail| format!("{} to {}", mail.kind, mail.to)).collect()
    }

    /// The events on the trail about a staff record, oldest first.
    pub(crate) async fn trail(&self, about: Uuid) -> Vec<String> {
        let mut reader = self.db.read().await.unwrap();
        let entries = audit::about(&mut reader.tx(), about, 100).await.unwrap();
        entries.iter().rev().map(|entry| entry.event.clone()).collect()
    }
}

pub(crate) fn csv(rows: &[&str]) -> String {
    std::iter::once(HEADER).chain(rows.iter().copied()).map(|row| format!("{row}\n")).collect()
}

/// Rows for people `from..to`, each with an email.
pub(crate) fn many(from: usize, to: usize) -> Vec<String> {
    (from..to).map(|n| format!("{n:05},Jo,Smith,1980-01-02,2020-01-01,,jo.smith{n}@nhs.net,")).collect()
}

pub(crate) fn refs(rows: &[String]) -> Vec<&str> {
    rows.iter().map(String::as_str).collect()
}
