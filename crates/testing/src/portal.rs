use std::{net::IpAddr, sync::Arc};

use demo::mailbox::{self, Mail};
use records::{Grant, Holder, Permission, Permit, Role, Settings, Username, import, role_grant};
use second_factors::testing::Phone;
use store::{Clock, Db, Entropy, Instant, testing::Fresh};
use web::{Keys, Site};

use crate::{Answer, Browser, pay};

/// Where the clock stands when a portal is made.
pub const START: &str = "2026-11-24T09:00:00Z";
/// The password that [`Portal::set_password`] sets.
pub const PASSWORD: &str = "seven quiet herons wade";
/// An address in both employers' networks.
pub const INSIDE: &str = "192.0.2.10";
/// An address in none.
pub const OUTSIDE: &str = "203.0.113.9";

/// The address of a proxy that the portal trusts.
pub const PROXY: &str = "198.51.100.250";

/// A portal in memory.
#[derive(Clone)]
pub struct Portal(Arc<Inner>);

/// What a portal in memory is made of.
pub struct Inner {
    /// The portal.
    pub portal: staffrecord::Portal,
    /// Its database.
    pub db: Db,
    /// How to open it once more.
    pub options: store::Options,
    /// Its clock, which only the test moves.
    pub clock: Clock,
    /// Its randomness.
    pub entropy: Entropy,
    folder: tempfile::TempDir,
    fresh: Arc<Fresh>,
}

impl std::ops::Deref for Portal {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl Portal {
    /// A portal on SQLite.
    pub async fn lite() -> Self {
        Self::on(store::testing::lite().await, |_| {}).await
    }

    /// A portal on PostgreSQL.
    pub async fn pg() -> Self {
        Self::on(store::testing::pg().await, |_| {}).await
    }

    /// A portal on a fresh database, with changes to the `[access]` table.
    ///
    /// # Panics
    /// Where it cannot be made.
    pub async fn on(fresh: Fresh, change: impl Fn(&mut access::Settings)) -> Self {
        let clock = Clock::standing(START.parse().expect("a time"));
        let portal = Self::with(Arc::new(fresh), clock, Entropy::seeded(7), change);
        demo::fill(&portal.db, &portal.clock, &portal.entropy).await.expect("made-up staff");
        portal
    }

    /// Another process on the same database, with changes to the `[access]` table.
    #[must_use]
    pub fn reopened(other: &Self, change: impl Fn(&mut access::Settings)) -> Self {
        Self::with(other.fresh.clone(), other.clock.clone(), other.entropy.clone(), change)
    }

    /// A portal on a SQLite database that may grow to so many pages of 4 KiB.
    pub async fn lite_of_pages(pages: u32) -> Self {
        Self::on(store::testing::lite_of_pages(pages).await, |_| {}).await
    }

    fn with(
        fresh: Arc<Fresh>,
        clock: Clock,
        entropy: Entropy,
        change: impl Fn(&mut access::Settings),
    ) -> Self {
        // What goes wrong on our side is shown with the test that saw it.
        let _ = tracing_subscriber::fmt()
            .with_test_writer()
            .with_max_level(tracing_subscriber::filter::LevelFilter::WARN)
            .try_init();
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut settings = access::Settings {
            hash_memory_kib: 8,
            hash_passes: 1,
            hash_threads: Some(1),
            ..access::Settings::default()
        };
        change(&mut settings);
        let mut site =
            Site::new("NHS Electronic Staff Record", "https://portal.example").expect("an address");
        site.trusted_proxies = vec![PROXY.parse::<IpAddr>().expect("an address").into()];
        let portal = staffrecord::Portal::new(staffrecord::Parts {
            db: fresh.db.clone(),
            clock: clock.clone(),
            entropy: entropy.clone(),
            site,
            keys: Keys::seeded(pay::KEYS),
            access: settings,
            learning: learning::Settings {
                content_base: Some("content.localhost".to_owned()),
                ..learning::Settings::default()
            },
            payslips: payslips::Settings { demo_numbers: true, ..payslips::Settings::default() },
            transport: mail::Transport::folder(folder.path().join("mail")).expect("a folder"),
            sender: mail::Sender::new("portal@portal.example", None, None).expect("an address"),
            anchor: Some(folder.path().join("anchor.txt")),
            more_routes: Vec::new(),
            folder: folder.path().to_owned(),
        })
        .expect("a portal");
        let (db, options) = (fresh.db.clone(), fresh.options.clone());
        Self(Arc::new(Inner { portal, db, options, clock, entropy, folder, fresh }))
    }

    /// A new browser outside the employers' networks.
    #[must_use]
    pub fn browser(&self) -> Browser {
        self.browser_at(OUTSIDE)
    }

    /// A new browser inside them.
    #[must_use]
    pub fn inside(&self) -> Browser {
        self.browser_at(INSIDE)
    }

    /// A new browser at an address.
    ///
    /// # Panics
    /// Where it is no address.
    #[must_use]
    pub fn browser_at(&self, address: &str) -> Browser {
        Browser::new(self.clone(), address.parse::<IpAddr>().expect("an address"))
    }

    /// Does what is due behind the pages.
    ///
    /// # Panics
    /// Where the store refuses.
    pub async fn settle(&self) {
        self.portal.settle().await.expect("what is due is done");
    }

    /// The mails to an address, newest first.
    ///
    /// # Panics
    /// Where the folder cannot be read.
    #[must_use]
    pub fn mails_to(&self, email: &str) -> Vec<Mail> {
        let mut mails = self.mails();
        mails.retain(|mail| mail.to == email);
        mails
    }

    /// All mails, newest first.
    ///
    /// # Panics
    /// Where the folder cannot be read.
    #[must_use]
    pub fn mails(&self) -> Vec<Mail> {
        mailbox::read(&self.folder.path().join("mail")).expect("the folder of mails")
    }

    /// The email addresses of the waiting requests for a link, in the order in which they will be dealt with.
    ///
    /// # Panics
    /// Where the store refuses.
    pub async fn jobs_in_order(&self) -> Vec<String> {
        let text = if self.db.kind() == "sqlite" {
            "SELECT r.email FROM job JOIN recovery_request r ON REPLACE(job.payload, '-', '') LIKE '%' || LOWER(HEX(r.id)) || '%'
             ORDER BY job.priority, job.run_at, job.id"
        } else {
            "SELECT r.email FROM job JOIN recovery_request r ON job.payload LIKE '%' || CAST(r.id AS TEXT) || '%'
             ORDER BY job.priority, job.run_at, job.id"
        };
        store::testing::strings(&self.db, text).await
    }

    /// All that the database holds, as text.
    ///
    /// # Panics
    /// Where it cannot be read.
    pub async fn dump(&self) -> Vec<String> {
        store::testing::dump(&self.db, &self.options).await
    }

    /// The trail's anchor file.
    #[must_use]
    pub fn anchor(&self) -> std::path::PathBuf {
        self.folder.path().join("anchor.txt")
    }

    /// Whoever has a username.
    ///
    /// # Panics
    /// Where nobody has.
    pub async fn holder(&self, username: &str) -> Holder {
        let username = Username::parse(username).expect("a username");
        let mut reader = self.db.read().await.expect("a connection");
        let found = records::find_by_username(&mut reader.tx(), &username, self.clock.now())
            .await
            .expect("the store");
        found.expect("somebody has the username")
    }

    /// Asks for a link at `/forgotten` and hands over the path behind it.
    ///
    /// # Panics
    /// Where no mail with a link comes.
    pub async fn link_for(&self, username: &str) -> String {
        let holder = self.holder(username).await;
        let email = holder.record.email.expect("an address");
        let born = holder.record.date_of_birth.date();
        let (day, month, year) = (born.day().to_string(), born.month().to_string(), born.year().to_string());
        let mut browser = self.browser_at("198.51.100.77");
        let fields = [
            ("email", email.as_str()),
            ("day", &day),
            ("month", &month),
            ("year", &year),
            ("username", username),
        ];
        browser.post("/forgotten", &fields).await.leads_to("/forgotten/sent");
        self.settle().await;
        let mails = self.mails_to(&email);
        let link = mails.first().and_then(|mail| mail.links.first()).expect("a mail with a link");
        link.strip_prefix("https://portal.example").expect("a link to the portal").to_owned()
    }

    /// Sets [`PASSWORD`] by a link, from outside; internet access is approved or requested by that.
    ///
    /// # Panics
    /// Where it is not taken.
    pub async fn set_password(&self, username: &str) {
        let link = self.link_for(username).await;
        let secret = link.rsplit_once('=').expect("a secret in the link").1.to_owned();
        let mut browser = self.browser_at("198.51.100.78");
        browser.get(&link).await.is(200);
        let answer =
            browser.post("/reset", &[("link", &secret), ("act", "set"), ("new_password", PASSWORD)]).await;
        answer.is(200).has("Your password is set");
        self.settle().await;
    }

    /// Sets [`PASSWORD`] for everybody whose email begins with `prefix`, by a link each, and hands over their usernames.
    ///
    /// # Panics
    /// Where the store refuses.
    pub async fn set_passwords(&self, prefix: &str) -> Vec<String> {
        let app = &self.portal.access;
        let born = "1990-01-02".parse().expect("a day");
        let emails = store::testing::strings(
            &self.db,
            "SELECT email FROM staff WHERE email IS NOT NULL ORDER BY email",
        )
        .await;
        let client = web::Client { address: "198.51.100.77".parse().expect("an address"), hidden: false };
        let mut set = Vec::new();
        for email in emails.into_iter().filter(|email| email.starts_with(prefix)) {
            let door = access::Door::Staff;
            let request =
                access::recovery::Request { email, date_of_birth: born, username: None, client, door };
            access::recovery::request(app, request).await.expect("a request");
        }
        self.settle().await;
        let hash = app.hasher.hash(&web::Password::new(PASSWORD)).await.expect("a hash");
        let new = access::NewPassword { hash, short: false };
        for mail in self.mails().into_iter().filter(|mail| mail.to.starts_with(prefix)) {
            let secret = mail
                .links
                .first()
                .and_then(|link| store::Secret::parse(link.rsplit_once('=')?.1))
                .expect("a link");
            let (browser, trace) = (self.entropy.id(self.clock.now()), access::Trace::system());
            let by = access::recovery::UsedBy { browser, device: "a test".into(), session: None, trace };
            let used =
                access::recovery::set_password(app, &secret, new.clone(), by).await.expect("the link works");
            set.extend(used.username.map(|username| username.to_string()));
        }
        set
    }

    /// A browser outside, logged in.
    pub async fn logged_in(&self, username: &str) -> Browser {
        self.set_password(username).await;
        let mut browser = self.browser();
        browser.log_in(username, PASSWORD).await.leads_to("/portal");
        browser
    }

    /// A browser inside, logged in as somebody who holds a role and has set up an authenticator app for it.
    ///
    /// # Panics
    /// Where something of that is refused.
    pub async fn with_role(&self, username: &str, role: Role) -> Browser {
        let mut browser = self.with_authenticator(username).await;
        self.grant(username, role).await;
        browser.give_code().await;
        browser
    }

    /// A browser inside, logged in as somebody who has just set up an authenticator app.
    ///
    /// # Panics
    /// Where something of that is refused.
    pub async fn with_authenticator(&self, username: &str) -> Browser {
        self.set_password(username).await;
        let mut browser = self.inside();
        browser.log_in(username, PASSWORD).await.leads_to("/portal");
        let form = "/my-account/second-factors/authenticator";
        let page = browser.get(form).await;
        let phone = Phone::typed(page.between("Key to type: <strong class=\"portal-code\">", "<"));
        let ticket = page.between("name=\"ticket\" value=\"", "\"");
        let code = phone.code(self.clock.now());
        browser.post(form, &[("ticket", ticket), ("code", &code), ("name", "App")]).await.is(303);
        browser.phone = Some(phone);
        browser
    }

    /// Writes somebody's last day on their record by a load: `YYYY-MM-DD`, or nothing for one who stays.
    ///
    /// # Panics
    /// Where it is not taken.
    pub async fn leaves(&self, username: &str, last_day: &str) {
        let record = self.holder(username).await.record;
        let header = "employee_number,first_names,last_name,date_of_birth,email,position,department,location,start_date,leaving_date";
        let row = format!(
            "{},{},{},{},{},Staff Nurse,Ward 7,Main Site,2012-09-03,{last_day}",
            record.employee_number,
            record.first_names,
            record.last_name,
            record.date_of_birth,
            record.email.unwrap_or_default()
        );
        self.load(&username[..3], &format!("{header}\n{row}\n")).await;
    }

    /// A browser of somebody who has set a personal address, has left since, and has come in by the leavers' door. Sixteen days go by.
    ///
    /// # Panics
    /// Where something of that is refused.
    pub async fn leaver(&self, username: &str) -> Browser {
        const ADDRESS: &str = "own.address@home.example";
        let mut browser = self.with_authenticator(username).await;
        let phone = browser.phone.clone().expect("a phone");
        let code = phone.code(self.clock.now().plus_seconds(30));
        browser.get("/confirm").await.is(200);
        browser.post("/confirm", &[("code", &code)]).await.leads_to("/portal");
        let form = "/my-account/personal-address";
        browser.get(form).await.is(200);
        browser.post(form, &[("address", ADDRESS)]).await.is(303);
        self.settle().await;
        let mails = self.mails_to(ADDRESS);
        let link = mails.first().and_then(|mail| mail.links.first()).expect("a mail with a link");
        let secret = link.rsplit_once('=').expect("a secret in the link").1;
        self.browser().post("/personal-address/confirm", &[("link", secret)]).await.is(200);
        let today = self.holder(username).await.employer.today(self.clock.now());
        self.leaves(username, &today.to_string()).await;
        self.clock.advance(16 * 24 * 3600);
        let mut browser = self.browser();
        browser.phone = Some(phone);
        browser.post("/leavers", &[("username", username), ("password", PASSWORD)]).await.is(303);
        browser.give_code().await;
        browser
    }

    /// Grants a role by the operator. An employer's first role has to be HR.
    ///
    /// # Panics
    /// Where it is refused.
    pub async fn grant(&self, username: &str, role: Role) {
        let permit = Permit::operator(Permission::GrantRole, self.holder(username).await.employer.id);
        let username = Username::parse(username).expect("a username");
        let grant = Grant { username, role, reason: None, recover: true };
        role_grant(&self.db, &self.entropy, self.clock.now(), &permit, grant, origin())
            .await
            .expect("a role");
    }

    /// Changes an employer's settings.
    ///
    /// # Panics
    /// Where they are not taken.
    pub async fn set(&self, code: &str, change: impl FnOnce(&mut Settings)) {
        let mut reader = self.db.read().await.expect("a connection");
        let employer =
            records::employer_by_code(&mut reader.tx(), code).await.expect("the store").expect("an employer");
        drop(reader);
        let (mut settings, name) = (employer.settings.clone(), employer.name.clone());
        change(&mut settings);
        let now = self.clock.now();
        records::employer_set(&self.db, &self.entropy, now, employer, name, settings, origin())
            .await
            .expect("settings");
    }

    /// Loads staff of an employer from a file's text.
    ///
    /// # Panics
    /// Where it is not taken.
    pub async fn load(&self, code: &str, csv: &str) {
        let mut reader = self.db.read().await.expect("a connection");
        let employer =
            records::employer_by_code(&mut reader.tx(), code).await.expect("the store").expect("an employer");
        drop(reader);
        let plan = import::plan(&self.db, employer.id, csv.as_bytes(), "test.csv", self.clock.now())
            .await
            .expect("a plan");
        let permit = Permit::operator(Permission::ImportStaff, employer.id);
        let options = import::Options::default();
        import::apply(&self.db, &self.clock, &self.entropy, &permit, plan, options, origin(), |_, _| {})
            .await
            .expect("a load");
        self.settle().await;
    }

    /// Sets the clock.
    pub fn set_clock(&self, at: &str) {
        self.clock.set(at.parse::<Instant>().unwrap_or_else(|error| panic!("{at}: {error}")));
    }

    /// Answers a request that no browser would make.
    ///
    /// # Panics
    /// Where the answer cannot be read.
    pub async fn answer(&self, request: http::Request<axum::body::Body>) -> Answer {
        Answer::to(self, request).await
    }
}

fn origin() -> audit::Origin {
    audit::Origin::default()
}
