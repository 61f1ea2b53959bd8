use std::{
    fs::File,
    io::{IsTerminal, Read},
    path::{Path, PathBuf},
};

use audit::Origin;
use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use records::{
    Permission, Permit,
    import::{self, Options, Plan, PlanError},
};

use super::{Ended, Failed, opened::Opened};

#[derive(Debug, Subcommand)]
pub(super) enum Staff {
    /// Load staff of one employer from a CSV file: checked whole, applied all or nothing; a second time changes nothing.
    Import(Import),
}

#[derive(Debug, Args)]
#[command(after_long_help = import::help())]
pub(super) struct Import {
    /// The file.
    #[arg(required_unless_present = "template")]
    file: Option<PathBuf>,
    /// The employer's three digits.
    #[arg(long, required_unless_present = "template", value_name = "CODE")]
    employer: Option<String>,
    /// Say what would change, and change nothing.
    #[arg(long)]
    dry_run: bool,
    /// The number of leavers and changed identity fields, where they are so many that it has to be typed.
    #[arg(long, value_name = "NUMBER")]
    confirm: Option<u64>,
    /// Print a file to fill in.
    #[arg(long)]
    template: bool,
}

/// So many changes are listed.
const LISTED: usize = 20;

impl Staff {
    pub(super) async fn run(self, path: &Path) -> Result<Ended, Failed> {
        let Self::Import(import) = self;
        if import.template {
            say!("{}", import::template().trim_end());
            return Ok(Ended::Done);
        }
        let (Some(file), Some(code)) = (import.file, import.employer) else {
            return Err(Failed("Name a file and an employer.".into()));
        };
        let bytes = read(&file)?;
        let opened = Opened::new(path).await?;
        let employer = opened.employer(&code).await?;
        let name = file.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        let plan = match import::plan(&opened.db, employer.id, &bytes, &name, opened.clock.now()).await {
            Ok(plan) => plan,
            Err(PlanError::Findings(findings)) => {
                eprintln!("{name} was not loaded, since something in it is wrong:");
                for finding in findings {
                    eprintln!("  {finding}");
                }
                return Ok(Ended::Found);
            }
            Err(error) => return Err(Failed::because(error)),
        };
        drop(bytes);
        preview(&plan);
        if import.dry_run {
            say!("Nothing was changed: this was a dry run.");
            return Ok(Ended::Done);
        }
        let permit = Permit::operator(Permission::ImportStaff, employer.id);
        let bar = progress();
        let hears = bar.clone();
        let options = Options { confirm: import.confirm };
        let applied = import::apply(
            &opened.db,
            &opened.clock,
            &opened.entropy,
            &permit,
            plan,
            options,
            Origin::default(),
            move |done, of| {
                hears.set_length(of);
                hears.set_position(done);
            },
        )
        .await;
        bar.finish_and_clear();
        let applied = applied.map_err(|error| Failed(format!("Nothing was changed. {error}")))?;
        match applied.change {
            Some(number) => say!("Loaded as change {number} of employer {code}."),
            None => say!("Nothing was changed: all of it was there already."),
        }
        opened.close().await?;
        Ok(Ended::Done)
    }
}

fn read(file: &Path) -> Result<Vec<u8>, Failed> {
    let failed = |error: std::io::Error| Failed(format!("{} cannot be read: {error}", file.display()));
    let mut bytes = Vec::new();
    // One byte over the limit is enough to be refused.
    File::open(file)
        .map_err(failed)?
        .take(import::MOST_BYTES as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    Ok(bytes)
}

fn preview(plan: &Plan) {
    let counts = plan.counts;
    say!(
        "{}: {} staff records, {} new, {} changed, {} leavers, {} with a changed email, date of birth or smartcard, {} unchanged",
        plan.file_name,
        counts.records,
        counts.new,
        counts.changed,
        counts.leavers,
        counts.identity,
        counts.unchanged
    );
    for planned in plan.new_records().take(LISTED) {
        let username = planned.username.as_ref().map(|username| format!(", {username}")).unwrap_or_default();
        say!("  new      line {}: {} {}{username}", planned.line, planned.employee_number, planned.name);
    }
    more(counts.new);
    for planned in plan.changed_records().take(LISTED) {
        say!("  changed  line {}: {} {}", planned.line, planned.employee_number, planned.name);
        for change in &planned.changes {
            let shown = |value: &Option<String>| value.clone().unwrap_or_else(|| "nothing".into());
            say!("             {}: {} -> {}", change.field, shown(&change.before), shown(&change.after));
        }
        for field in &planned.held {
            say!(
                "             the new {} works after a day, in which the person can stop it",
                field.as_str().replace('_', " ")
            );
        }
        if let Some(day) = planned.leaves {
            say!("             leaves on {day}");
        }
    }
    more(counts.changed);
    for warning in &plan.warnings {
        say!("  note     {warning}");
    }
}

fn more(number: u64) {
    let left = number.saturating_sub(LISTED as u64);
    if left > 0 {
        say!("  … and {left} more");
    }
}

fn progress() -> ProgressBar {
    let bar = if std::io::stderr().is_terminal() { ProgressBar::new(0) } else { ProgressBar::hidden() };
    let style = ProgressStyle::with_template("{bar:40} {pos} of {len} staff records, {eta} left");
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
