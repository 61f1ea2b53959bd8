//! `serve` is killed while it checks, stages, switches and sweeps what HR has uploaded, and started again each time. Of each file all is
//! loaded, once, and nothing is left over.

use std::time::Duration;

use http::Method;
use records::IdentityField;
use second_factors::testing::Phone;
use sqlx::types::Uuid;
use staffrecord::config::Config;
use store::{Clock, Db, Instant, on};

use crate::{
    common::{
        browser::Browser,
        installation::Installation,
        serve::Serve,
        staff::{HELEN, JOHN, PASSWORD, set_password, staffed},
        until,
    },
    seeded,
};

/// People in each file.
const PEOPLE: i64 = 2000;

#[tokio::test(flavor = "multi_thread")]
async fn uploads_are_loaded_once_at_ten_points_on_sqlite() {
    killed_at(10, Installation::new()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn uploads_are_loaded_once_at_ten_points_on_postgres() {
    killed_at(10, Installation::on(&store::testing::pg_address().await)).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes: cargo xtask soak"]
async fn uploads_are_loaded_once_at_many_points() {
    killed_at(crate::points(), Installation::new()).await;
    killed_at(crate::points(), Installation::on(&store::testing::pg_address().await)).await;
}

/// What the program is at when it is killed.
#[derive(Clone, Copy, Debug, PartialEq)]
enum At {
    Checking,
    Staging,
    /// Clearing away what a process that was killed before has staged.
    Clearing,
    Switching,
    /// Sweeping the bytes, and telling whom it concerns.
    Sweeping,
}

const ALL: [At; 5] = [At::Checking, At::Staging, At::Clearing, At::Switching, At::Sweeping];

async fn killed_at(points: usize, installation: Installation) {
    let (seed, dice) = seeded();
    println!("{points} points of uploads, STAFFRECORD_KILL_SEED={seed}");
    let roll = |below: u64| u64::from_le_bytes(dice.bytes()) % below;
    let installation = staffed(installation);
    installation.does(&["employer", "set", "427", "--set", "policies.roles_from_outside=true"]);
    let serve = Serve::start(&installation);
    // John has been in: each change of his address is held and told to him.
    set_password(&installation, &serve, JOHN, "mail").await;
    let mut hr = hr(&installation, &serve).await;
    let mut serve = Some(serve);
    let database = Database::of(&installation).await;
    let loads = database.count("SELECT COUNT(*) FROM record_change").await;

    for point in 0..points {
        let at = ALL[point % ALL.len()];
        println!("point {point}: {at:?}");
        let here = serve.take().unwrap_or_else(|| Serve::start(&installation));
        hr = hr.moved_to(here.address);
        let place = upload(&mut hr, point).await;
        let id: Uuid = place.rsplit('/').next().unwrap().parse().unwrap();
        if at != At::Checking {
            agree(&mut hr, &place).await;
        }
        match at {
            At::Checking => {}
            At::Staging => database.staged(id, roll(PEOPLE.unsigned_abs())).await,
            At::Clearing => database.staged(id, PEOPLE.unsigned_abs() / 2).await,
            At::Switching => database.staged(id, PEOPLE.unsigned_abs() - 50).await,
            At::Sweeping => until("it is applied", async || database.is(id, "applied").await).await,
        }
        let most = if at == At::Sweeping { 5_000 } else { 100_000 };
        tokio::time::sleep(Duration::from_micros(roll(most))).await;
        here.kill();
        if at == At::Clearing && database.left().await > 0 {
            let staged = database.left().await;
            let next = database.again(&installation).await;
            until("something is cleared away", async || (database.left().await < staged).then_some(())).await;
            next.kill();
        }
        // Nothing of it is seen, or all; and what the upload says fits.
        let (seen, applied) = (database.seen(point).await, database.is(id, "applied").await.is_some());
        assert_eq!(seen, if applied { PEOPLE } else { 0 }, "at point {point}");

        let next = database.again(&installation).await;
        hr = hr.moved_to(next.address);
        if at == At::Checking {
            until("it waits for a yes", async || database.is(id, "checked").await).await;
            assert_eq!(hr.get(&place).await.value_of("New").as_deref(), Some("2,000"));
            agree(&mut hr, &place).await;
        }
        until("it is applied", async || database.is(id, "applied").await).await;
        until("nothing is left to do", async || database.idle().await).await;
        database.whole(point, loads).await;
        serve = Some(next);
    }
    let told = format!(
        "SELECT COUNT(*) FROM outbox WHERE kind = 'records.identity_held' AND state = 'sent' AND to_folded = '{}'",
        JOHN.email
    );
    let told = database.count(&told).await;
    assert_eq!(told, i64::try_from(points).unwrap(), "notices of {}", IdentityField::Email);
    database.db.close().await;
    serve.expect("it runs").stop();
    installation.run(&["audit", "verify"]).ends(0).says("Nothing was altered.");
    installation.run(&["check"]).ends(0).says_not("given up");
}

/// Helen, in HR, with a second factor.
async fn hr(installation: &Installation, serve: &Serve) -> Browser {
    let mut helen = set_password(installation, serve, HELEN, "mail").await;
    helen.log_in(HELEN.username, PASSWORD).await.leads_to("/portal");
    let form = "/my-account/second-factors/authenticator";
    let page = helen.get(form).await;
    let phone = Phone::typed(page.between("Key to type: <strong class=\"portal-code\">", "<"));
    let (ticket, code) = (page.between("name=\"ticket\" value=\"", "\""), phone.code(Clock::system().now()));
    helen.post(form, &[("ticket", ticket), ("code", &code), ("name", "App")]).await.is(303);
    installation.does(&["role", "grant", HELEN.username, "hr"]);
    // The code of now has been used.
    let code = phone.code(Clock::system().now().plus_seconds(30));
    helen.get("/portal").await.leads_to("/second-factor");
    helen.get("/second-factor").await.is(200);
    helen.post("/second-factor", &[("code", &code)]).await.leads_to("/portal");
    helen
}

/// New people, and John with another address. The file is larger than a piece of an upload.
fn file(point: usize) -> String {
    let mut file =
        "employee_number,first_names,last_name,date_of_birth,email,start_date,department\n".to_owned();
    file.push_str(&format!("20010001,John,Smith,1975-11-02,john.smith.{point}@nhs.net,2011-04-01,\n"));
    let department = "Long words ".repeat(14);
    for number in 1..=PEOPLE {
        file.push_str(&format!(
            "U{point}-{number},Una,Upton,1990-06-01,u{point}.{number}@nhs.net,2020-01-01,{department}\n"
        ));
    }
    file
}

async fn upload(hr: &mut Browser, point: usize) -> String {
    const BOUNDARY: &str = "between-the-parts";
    hr.get("/hr/staff-upload").await.is(200);
    let token = hr.token.clone().expect("a form");
    let body = format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\n{token}\r\n\
         --{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"staff-{point}.csv\"\r\n\
         Content-Type: text/csv\r\n\r\n{}\r\n--{BOUNDARY}--\r\n",
        file(point)
    );
    let kind = format!("multipart/form-data; boundary={BOUNDARY}");
    let answer = hr.send(Method::POST, "/hr/staff-upload", Some((&kind, body.into()))).await.unwrap();
    answer.is(303).location().unwrap().to_owned()
}

/// Waits for the check, and says that it is to be loaded.
async fn agree(hr: &mut Browser, place: &str) {
    until("it is checked", || {
        let mut hr = hr.clone();
        async move { hr.get(place).await.body.contains("name=\"seen\"").then_some(()) }
    })
    .await;
    let seen = hr.get(place).await.between("name=\"seen\" value=\"", "\"").to_owned();
    hr.post(&format!("{place}/apply"), &[("seen", &seen)]).await.leads_to(place);
}

/// The database past the program.
struct Database {
    db: Db,
}

impl Database {
    async fn of(installation: &Installation) -> Self {
        let config = Config::read(&installation.path("staffrecord.toml")).unwrap();
        Self { db: Db::open(&config.database()).await.unwrap() }
    }

    async fn count(&self, text: &str) -> i64 {
        let mut reader = self.db.read().await.unwrap();
        on!(reader.tx(), c => sqlx::query_scalar(sqlx::AssertSqlSafe(text)).fetch_one(c).await).unwrap()
    }

    /// How many of a point's people are seen.
    async fn seen(&self, point: usize) -> i64 {
        self.count(&format!("SELECT COUNT(*) FROM staff WHERE employee_number LIKE 'U{point}-%'")).await
    }

    async fn is(&self, upload: Uuid, state: &str) -> Option<()> {
        let mut reader = self.db.read().await.unwrap();
        let found: Option<i64> = on!(reader.tx(), c => sqlx::query_scalar("SELECT total FROM staff_upload WHERE id = $1 AND state = $2")
            .bind(upload).bind(state).fetch_optional(c).await)
        .unwrap();
        found.map(drop)
    }

    /// How many versions are staged that nobody sees.
    async fn left(&self) -> i64 {
        self.count(
            "SELECT COUNT(*) FROM staff_version v JOIN staff_record r ON r.id = v.staff_record_id
             JOIN record_change c ON c.employer_id = r.employer_id AND c.number = v.number WHERE c.switched_at IS NULL",
        )
        .await
    }

    /// Waits until so many are staged, or until all are switched: that can be quicker than a look.
    async fn staged(&self, upload: Uuid, least: u64) {
        let least = least.cast_signed().max(1);
        until("so many are staged", async || {
            if self.left().await >= least { Some(()) } else { self.is(upload, "applied").await }
        })
        .await;
    }

    /// Starts the program again, as if a minute had passed: what the killed one had taken is free then.
    async fn again(&self, installation: &Installation) -> Serve {
        let killed = Clock::system().now();
        let serve = Serve::start(installation);
        let (before, past) = (killed.plus_seconds(60), killed.plus_seconds(-1));
        let freed: store::Result<()> =
            self.db.write(move |tx| Box::pin(async move { free(tx, before, past).await })).await;
        freed.unwrap();
        serve
    }

    /// Only what is swept after a day is left to do, and every mail is sent.
    async fn idle(&self) -> Option<()> {
        let open = "SELECT (SELECT COUNT(*) FROM job WHERE kind <> 'records.sweep_upload' OR payload NOT LIKE '%\"all\"%')
            + (SELECT COUNT(*) FROM outbox WHERE state <> 'sent') + (SELECT COUNT(*) FROM staff_upload_piece)";
        (self.count(open).await == 0).then_some(())
    }

    /// All files until this point are loaded, each once, and nothing else is there.
    async fn whole(&self, point: usize, loads: i64) {
        let files = i64::try_from(point + 1).unwrap();
        for earlier in 0..=point {
            assert_eq!(self.seen(earlier).await, PEOPLE, "of point {earlier}");
        }
        let left = "SELECT (SELECT COUNT(*) FROM record_change WHERE switched_at IS NULL)";
        assert_eq!((self.count(left).await, self.left().await), (0, 0), "staged and not switched");
        for (table, column) in [
            ("staff_version", "number"),
            ("assignment", "number"),
            ("staff_record", "created_number"),
            ("username", "number"),
            ("identity_hold", "number"),
            ("staff_key", "number"),
        ] {
            let strays = format!(
                "SELECT COUNT(*) FROM {table} t WHERE NOT EXISTS (SELECT 1 FROM record_change c WHERE c.number = t.{column})"
            );
            assert_eq!(self.count(&strays).await, 0, "{table}");
        }
        assert_eq!(self.count("SELECT COUNT(*) FROM record_change").await, loads + files);
        for event in ["records.staff_uploaded", "records.staff_upload_agreed", "records.identity_held"] {
            let (table, column) =
                if event == "records.identity_held" { ("outbox", "kind") } else { ("audit_entry", "event") };
            let text = format!("SELECT COUNT(*) FROM {table} WHERE {column} = '{event}'");
            assert_eq!(self.count(&text).await, files, "{event}");
        }
        let loaded = "SELECT COUNT(*) FROM audit_entry WHERE event = 'records.staff_loaded'";
        assert_eq!(self.count(loaded).await, loads + files);
        let applied =
            "SELECT COUNT(*) FROM staff_upload WHERE state = 'applied' AND change_number IS NOT NULL";
        assert_eq!(self.count(applied).await, files);
    }
}

async fn free(tx: &mut store::Tx<'_>, before: Instant, past: Instant) -> store::Result<()> {
    on!(tx, c => sqlx::query("UPDATE job SET leased_until = $2 WHERE leased_until < $1")
        .bind(before).bind(past).execute(c).await.map(drop))?;
    // A mail is taken for forty seconds where mails go to a folder.
    on!(tx, c => sqlx::query("UPDATE outbox SET leased_until = $2 WHERE leased_until < $1")
        .bind(before.plus_seconds(-20)).bind(past).execute(c).await.map(drop))?;
    on!(tx, c => sqlx::query("UPDATE lease SET held_until = $2 WHERE held_until < $1 AND name LIKE 'import-%'")
        .bind(before).bind(past).execute(c).await.map(drop))
}
