//! What payroll of the made-up employers has paid: payslips of fourteen months that add up and carry their year, and P60s.

mod month;
mod people;
mod runs;
mod tariff;
mod work;

use std::{
    fs,
    path::{Path, PathBuf},
};

use audit::Origin;
use payslips::{
    App, run_file,
    runs::{self as portal, State},
};
use records::{Employer, Permission, Permit, import};
use store::{Clock, Day};
use uuid::Uuid;
use web::FormFile;

use crate::{DemoError, EXAMPLES, Example};
use runs::Run;

/// The folder in the demo's own that holds files to try an upload with.
const FILES: &str = "payslip-files";
/// Why a warning of the demo is ticked off.
const REASON: &str = "Looked at: made up for the demo";
/// The hour, in UTC, at which the demo's payroll works.
const AT_WORK: &str = "T09:00:00Z";

/// Files to try an upload with.
#[derive(Clone, Debug)]
pub struct Files {
    /// Next month's run, which is right.
    pub good: PathBuf,
    /// The same with deliberate errors.
    pub wrong: PathBuf,
}

/// Loads some more staff, publishes fourteen months of payslips of both employers, leaves the newest month to be published, and writes files
/// to try an upload with into `folder`. What waits is checked by the portal's jobs.
///
/// # Errors
/// See [`DemoError`].
pub async fn pay(app: &App, folder: &Path) -> Result<(), DemoError> {
    let files = folder.join(FILES);
    fs::create_dir_all(&files)?;
    for example in &EXAMPLES {
        let mut reader = app.db.read().await?;
        let employer = records::employer_by_code(&mut reader.tx(), example.code).await?;
        drop(reader);
        let Some(employer) = employer else { continue };
        let today = employer.today(app.clock.now());
        hire(app, &employer, example, today).await?;
        let made = runs::runs(example, today);
        for run in &made.published {
            publish(app, employer.id, run, &files).await?;
        }
        let name = format!("{}.csv", made.waiting.head.reference);
        let waiting = FormFile {
            name,
            bytes: run_file::write(Vec::new(), &made.waiting.head, &made.waiting.made)?.into(),
        };
        let permit = Permit::operator(Permission::CheckPayslips, employer.id);
        portal::receive(app, &permit, &waiting, Origin::default()).await?;
        if example.code == EXAMPLES[0].code {
            let Files { good, wrong } = example_files(folder, today);
            let next = [(good, made.next.clone()), (wrong, runs::with_errors(&made.next))];
            for (path, run) in next {
                fs::write(path, run_file::write(Vec::new(), &run.head, &run.made)?)?;
            }
        }
    }
    Ok(())
}

/// Where the files to try an upload with are on a day.
#[must_use]
pub fn example_files(folder: &Path, today: Day) -> Files {
    let next = month::Month::next_paid(today).minus(-1);
    let file = |words: &str| folder.join(FILES).join(format!("{next}-{words}.csv"));
    Files { good: file("main"), wrong: file("main-with-errors") }
}

/// Loads those whose dates depend on today.
async fn hire(app: &App, employer: &Employer, example: &Example, today: Day) -> Result<(), DemoError> {
    let rows = people::more_staff(example, month::Month::next_paid(today));
    if rows.is_empty() {
        return Ok(());
    }
    let file = format!("{}{rows}", people::MORE_HEADER);
    let plan = import::plan(&app.db, employer.id, file.as_bytes(), "more.csv", app.clock.now()).await?;
    let permit = Permit::operator(Permission::ImportStaff, employer.id);
    let options = import::Options::default();
    import::apply(&app.db, &app.clock, &app.entropy, &permit, plan, options, Origin::default(), |_, _| {})
        .await?;
    Ok(())
}

/// Publishes a run as payroll would have on the day: its file is checked, its warnings are ticked off, and it is published.
async fn publish(app: &App, employer: Uuid, run: &Run, files: &Path) -> Result<(), DemoError> {
    let on_the_day = format!("{}{AT_WORK}", run.published).parse().map(Clock::standing);
    let app = &App { clock: on_the_day.map_err(|_| DemoError::Day(run.published))?, ..app.clone() };
    let path = files.join(format!("{}.csv", run.head.reference));
    fs::write(&path, run_file::write(Vec::new(), &run.head, &run.made)?)?;
    let check = Permit::operator(Permission::CheckPayslips, employer);
    let id = portal::check_file(app, &check, &path, Origin::default(), |_| {}).await?;
    fs::remove_file(&path)?;
    let checked = portal::run(app, &check, id).await?;
    let Some((checked, seen)) = checked.and_then(|run| run.staging.map(|seen| (run, seen))) else {
        return Err(DemoError::Run(run.head.reference.clone(), String::new()));
    };
    if checked.state != State::Checked {
        let found = portal::findings(app, id).await?;
        let first = found.into_iter().next().map(|finding| format!("{finding:?}"));
        return Err(DemoError::Run(run.head.reference.clone(), first.unwrap_or_default()));
    }
    for kind in checked.warnings() {
        portal::tick(app, &check, id, seen, kind, REASON, Origin::default()).await?;
    }
    let permit = Permit::operator(Permission::PublishPayslips, employer);
    portal::publish(app, &permit, id, seen, None, Origin::default()).await?;
    Ok(())
}
