use std::{
    io::IsTerminal,
    path::{Path, PathBuf},
};

use audit::Origin;
use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use jiff::{civil::DateTime, tz::TimeZone};
use payslips::{
    App, FindingKind, Pence, Severity,
    runs::{self, PublishError, Published, ReportError, Run, State, Totals},
};
use records::{Employer, Permission, Permit};
use store::Instant;
use uuid::Uuid;

use super::{Ended, Failed, opened::Opened};

#[derive(Debug, Subcommand)]
pub(super) enum Payslips {
    /// Check a run file and keep what is to be published, which nobody sees yet. Exit code 3: it has errors. 4: it has warnings to tick off.
    Check(Check),
    /// Publish a file, or a run that was checked: all or nothing. Exit code 3: it has errors. 4: warnings are not ticked off.
    Publish(Publish),
    /// Take a published run back. Its people are told, without any figure.
    Withdraw(Withdraw),
}

#[derive(Debug, Args)]
pub(super) struct Check {
    /// The run file.
    file: PathBuf,
    /// The employer's three digits.
    #[arg(long, value_name = "CODE")]
    employer: String,
}

#[derive(Debug, Args)]
pub(super) struct Publish {
    /// The run file, or the id of a run that was checked.
    what: String,
    /// The employer's three digits.
    #[arg(long, value_name = "CODE")]
    employer: String,
    /// The day and hour in the employer's time zone, such as 2026-11-27T07:00; at once unless set.
    #[arg(long, value_name = "DAYTHOUR")]
    at: Option<String>,
    /// Tick off a kind of warning, with the reason for it. Can stand several times.
    #[arg(long, value_name = "KIND=REASON")]
    accept_warnings: Vec<String>,
    #[command(flatten)]
    totals: Report,
}

/// The totals of payroll's own report, for a file without a trailer.
#[derive(Debug, Args)]
pub(super) struct Report {
    /// So many payslips or P60s, by payroll's own report. Needed where the file has no trailer.
    #[arg(long, requires_all = ["gross", "deductions", "net"])]
    people: Option<u64>,
    /// The gross pay of all of them, such as 1234567.89.
    #[arg(long, allow_negative_numbers = true, requires = "people", value_parser = pence)]
    gross: Option<Pence>,
    /// Their deductions.
    #[arg(long, allow_negative_numbers = true, requires = "people", value_parser = pence)]
    deductions: Option<Pence>,
    /// Their net pay.
    #[arg(long, allow_negative_numbers = true, requires = "people", value_parser = pence)]
    net: Option<Pence>,
}

#[derive(Debug, Args)]
pub(super) struct Withdraw {
    /// The run's id.
    run: Uuid,
    /// The employer's three digits.
    #[arg(long, value_name = "CODE")]
    employer: String,
    /// Why, for the trail.
    #[arg(long)]
    reason: String,
}

/// `1,234.56`.
fn pence(text: &str) -> Result<Pence, String> {
    let wrong = || "write pounds and pence, such as 1234567.89".to_owned();
    let plain: String = text.chars().filter(|c| *c != ',').collect();
    let (sign, digits) = plain.strip_prefix('-').map_or((1, plain.as_str()), |digits| (-1, digits));
    let (pounds, pence) = digits.split_once('.').ok_or_else(wrong)?;
    let all_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !all_digits(pounds) || !all_digits(pence) || pence.len() != 2 {
        return Err(wrong());
    }
    let all: i64 = format!("{pounds}{pence}").parse().map_err(|_| wrong())?;
    Ok(Pence(sign * all))
}

/// A day and hour of the employer's.
fn hour(text: &str, zone: &TimeZone) -> Result<Instant, Failed> {
    let wrong = || Failed(format!("{text:?}: write a day and an hour, such as 2026-11-27T07:00."));
    let at: DateTime = text.replace(' ', "T").parse().map_err(|_| wrong())?;
    Ok(at.to_zoned(zone.clone()).map_err(|_| wrong())?.timestamp().into())
}

/// So many findings of a kind are listed.
const LISTED: usize = 5;

impl Payslips {
    pub(super) async fn run(self, path: &Path) -> Result<Ended, Failed> {
        let opened = Opened::new(path).await?;
        let app = opened.payslips()?;
        let ended = match self {
            Self::Check(check) => {
                let employer = opened.employer(&check.employer).await?;
                check_file(&app, &employer, &check.file).await.map(|(_, ended)| ended)
            }
            Self::Publish(publish) => {
                let employer = opened.employer(&publish.employer).await?;
                publish.run(&app, &employer).await
            }
            Self::Withdraw(withdraw) => {
                let employer = opened.employer(&withdraw.employer).await?;
                withdraw.run(&app, &employer).await
            }
        };
        opened.close().await?;
        ended
    }
}

fn permit(employer: &Employer, permission: Permission) -> Permit {
    Permit::operator(permission, employer.id)
}

async fn found(app: &App, employer: &Employer, run: Uuid) -> Result<Run, Failed> {
    let permit = permit(employer, Permission::CheckPayslips);
    let found = runs::run(app, &permit, run).await.map_err(Failed::because)?;
    found.ok_or_else(|| Failed(format!("There is no run {run} at {}.", employer.code)))
}

/// Checks a file and says what was found.
async fn check_file(app: &App, employer: &Employer, file: &Path) -> Result<(Run, Ended), Failed> {
    let permit = permit(employer, Permission::CheckPayslips);
    let bar = progress();
    let hears = bar.clone();
    let checked =
        runs::check_file(app, &permit, file, Origin::default(), move |done| hears.set_position(done)).await;
    bar.finish_and_clear();
    let id = checked.map_err(|error| Failed(format!("{} was not checked: {error}", file.display())))?;
    let run = found(app, employer, id).await?;
    say!("{}: run {}", run.file_name, run.id);
    if let Some(reference) = &run.reference {
        say!("  reference   {reference}");
    }
    if let Some(known) = runs::summary(app, id).await.map_err(Failed::because)? {
        let Totals { people, gross, deductions, net } = known.totals;
        say!("  people      {people}");
        say!("  gross       {gross}");
        say!("  deductions  {deductions}");
        say!("  net         {net}");
        if !known.trailer {
            say!(
                "  The file has no trailer: publish it with --people, --gross, --deductions and --net of payroll's report."
            );
        }
    }
    for (kind, count) in run.counts() {
        let severity = if kind.severity() == Severity::Error { "error  " } else { "warning" };
        say!("  {severity}  {kind}: {count}");
        let shown = runs::findings_of(app, id, *kind).await.map_err(Failed::because)?;
        for finding in shown.iter().take(LISTED) {
            let line = finding.line.map(|line| format!("line {line}: ")).unwrap_or_default();
            let person = finding.person.as_ref().map(|person| format!("{person}: ")).unwrap_or_default();
            say!("             {line}{person}{}", finding.text);
        }
        if *count > LISTED as u64 {
            say!("             … and {} more", count - LISTED as u64);
        }
    }
    let ended = match run.state {
        State::Wrong => Ended::Found,
        State::Checked if run.warnings().next().is_some() => Ended::Warned,
        _ => Ended::Done,
    };
    Ok((run, ended))
}

impl Publish {
    async fn run(self, app: &App, employer: &Employer) -> Result<Ended, Failed> {
        let zone = employer.zone();
        let at = self.at.as_deref().map(|text| hour(text, &zone)).transpose()?;
        let accepted = self.accepted()?;
        let run = match self.what.parse::<Uuid>() {
            Ok(id) => found(app, employer, id).await?,
            Err(_) => {
                let (run, ended) = check_file(app, employer, Path::new(&self.what)).await?;
                if ended == Ended::Found {
                    say!("Nothing was published, since the file has errors.");
                    return Ok(Ended::Found);
                }
                run
            }
        };
        let Some(seen) = run.staging else {
            return Err(Failed(format!("Nothing was published: run {} is not checked.", run.id)));
        };
        let checking = permit(employer, Permission::CheckPayslips);
        for (kind, reason) in
            accepted.iter().filter(|(kind, _)| run.warnings().any(|warning| warning == *kind))
        {
            let ticked = runs::tick(app, &checking, run.id, seen, *kind, reason, Origin::default()).await;
            ticked.map_err(|error| Failed(format!("Nothing was published: {error}")))?;
        }
        if let (Some(people), Some(gross), Some(deductions), Some(net)) =
            (self.totals.people, self.totals.gross, self.totals.deductions, self.totals.net)
        {
            let typed = Totals { people, gross, deductions, net };
            match runs::report_totals(app, &checking, run.id, seen, typed, Origin::default()).await {
                Ok(()) => {}
                Err(ReportError::Differ(file)) => {
                    say!(
                        "Nothing was published, since the file has other totals: people {}, gross {}, deductions {}, net {}.",
                        file.people,
                        file.gross,
                        file.deductions,
                        file.net
                    );
                    return Ok(Ended::Found);
                }
                Err(ReportError::Act(error)) => {
                    return Err(Failed(format!("Nothing was published: {error}")));
                }
            }
        }
        let publishing = permit(employer, Permission::PublishPayslips);
        match runs::publish(app, &publishing, run.id, seen, at, Origin::default()).await {
            Ok(Published::Now) => {
                say!("Published run {}. A running `staffrecord serve` tells its people.", run.id);
                Ok(Ended::Done)
            }
            Ok(Published::At(at)) => {
                let shown = web::format::day_and_time(at, &zone);
                say!("Run {} will be published on {shown} by a running `staffrecord serve`.", run.id);
                Ok(Ended::Done)
            }
            Ok(Published::Waits) => Err(Failed("Somebody else has to agree as well.".into())),
            Ok(Published::Again) => Err(Failed(
                "Nothing was published: staff records or other runs have changed since it was checked. Check it again.".into(),
            )),
            Err(error @ PublishError::NotTicked(_)) => {
                say!("Nothing was published. {error} Use --accept-warnings KIND=REASON.");
                Ok(Ended::Warned)
            }
            Err(error) => Err(Failed(format!("Nothing was published: {error}"))),
        }
    }

    fn accepted(&self) -> Result<Vec<(FindingKind, String)>, Failed> {
        let read = |text: &String| {
            let wrong = |says: String| Failed(format!("--accept-warnings {text:?}: {says}"));
            let (kind, reason) = text.split_once('=').ok_or_else(|| wrong("write KIND=REASON".into()))?;
            let kind: FindingKind = kind.trim().parse().map_err(wrong)?;
            if kind.severity() == Severity::Error {
                return Err(wrong("that is an error, which has to be mended".into()));
            }
            let reason = records::reason(reason).map_err(|says| wrong(says.to_owned()))?;
            Ok((kind, reason))
        };
        self.accept_warnings.iter().map(read).collect()
    }
}

impl Withdraw {
    async fn run(self, app: &App, employer: &Employer) -> Result<Ended, Failed> {
        let reason = records::reason(&self.reason).map_err(Failed::because)?;
        let permit = permit(employer, Permission::WithdrawPayslips);
        let withdrawn = runs::withdraw(app, &permit, self.run, &reason, Origin::default()).await;
        withdrawn.map_err(|error| Failed(format!("Nothing was withdrawn: {error}")))?;
        say!("Withdrew run {}. A running `staffrecord serve` tells its people.", self.run);
        Ok(Ended::Done)
    }
}

fn progress() -> ProgressBar {
    let bar =
        if std::io::stderr().is_terminal() { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
    let style = ProgressStyle::with_template("{spinner} {pos} payslips checked, {per_sec}");
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()))
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use payslips::Pence;

    use super::{hour, pence};

    #[test]
    fn amounts_and_hours_are_read_or_refused_plainly() {
        assert_eq!(pence("1,234,567.89"), Ok(Pence(123_456_789)));
        assert_eq!(pence("-0.05"), Ok(Pence(-5)));
        for wrong in ["", "1", "1.5", "1.234", "--1.00", "1e5.00", ".50", "99999999999999999999.00"] {
            assert!(pence(wrong).is_err(), "{wrong}");
        }
        let zone = TimeZone::get("Europe/London").unwrap();
        assert_eq!(hour("2026-07-01 07:00", &zone).unwrap().to_string(), "2026-07-01T06:00:00.000000Z");
        for wrong in ["", "tomorrow", "2026-02-30T07:00", "27/11/2026 07:00"] {
            assert!(hour(wrong, &zone).is_err(), "{wrong}");
        }
    }
}
