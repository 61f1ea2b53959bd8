//! The commands. Each is a use case of a room, called from a shell; exit codes say what came of it.

/// Says a line on standard output. Whoever was reading may have gone; that is no reason not to finish.
macro_rules! say {
    ($($text:tt)*) => {{
        use std::io::Write as _;
        let _ = writeln!(std::io::stdout(), $($text)*);
    }};
}

mod access;
mod audit;
mod check;
mod course;
mod demo;
mod employer;
mod init;
mod keys;
mod opened;
mod payslips;
mod role;
mod serve;
mod staff;

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};

/// The staff record portal.
#[derive(Debug, Parser)]
#[command(name = "staffrecord", version, about, after_help = EXIT_CODES)]
pub struct Cli {
    /// The configuration.
    #[arg(
        long,
        global = true,
        env = "STAFFRECORD_CONFIG",
        default_value = "staffrecord.toml",
        value_name = "FILE"
    )]
    config: PathBuf,
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "Exit codes: 0 done, 1 refused or failed, 2 the command was not understood, 3 something was found (errors in a file, \
                          a trail that was altered, an installation that needs mending), 4 warnings have to be ticked off.";

#[derive(Debug, Subcommand)]
enum Command {
    /// Write a commented configuration and create the database.
    Init(init::Init),
    /// Run the portal.
    Serve,
    /// Say what is wrong with this installation and how to mend it.
    Check,
    /// Run a portal with made-up employers and staff, in a folder of its own.
    Demo(demo::Demo),
    /// Set up employers.
    #[command(subcommand)]
    Employer(employer::Employer),
    /// Load staff.
    #[command(subcommand)]
    Staff(staff::Staff),
    /// Grant roles.
    #[command(subcommand)]
    Role(role::Role),
    /// Say why somebody cannot get in, and do something about it.
    #[command(subcommand)]
    Access(access::Access),
    /// Check, publish and withdraw runs of payslips.
    #[command(subcommand)]
    Payslips(payslips::Payslips),
    /// Take course packages in, publish and retire them.
    #[command(subcommand)]
    Course(course::Course),
    /// Prove the trail.
    #[command(subcommand)]
    Audit(audit::Audit),
    /// Look after the site's keys.
    #[command(subcommand)]
    Keys(keys::Keys),
}

/// What came of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It did what it was asked to.
    Done,
    /// It looked, and found something that needs somebody.
    Found,
    /// It found warnings that nobody has ticked off.
    Warned,
}

/// Why a command did not do what it was asked to, in words for the operator.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Failed(String);

impl Failed {
    pub(crate) fn because(error: impl std::fmt::Display) -> Self {
        Self(error.to_string())
    }
}

/// Runs what was typed.
#[must_use]
pub fn run(cli: Cli) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return refuse(&Failed::because(error)),
    };
    let ended = runtime.block_on(async {
        match cli.command {
            Command::Init(init) => init.run(&cli.config).await,
            Command::Serve => serve::run(&cli.config).await,
            Command::Check => check::run(&cli.config).await,
            Command::Demo(demo) => demo.run().await,
            Command::Employer(employer) => employer.run(&cli.config).await,
            Command::Staff(staff) => staff.run(&cli.config).await,
            Command::Role(role) => role.run(&cli.config).await,
            Command::Access(access) => access.run(&cli.config).await,
            Command::Payslips(payslips) => payslips.run(&cli.config).await,
            Command::Course(course) => course.run(&cli.config).await,
            Command::Audit(audit) => audit.run(&cli.config).await,
            Command::Keys(keys) => keys.run(&cli.config).await,
        }
    });
    runtime.shutdown_timeout(std::time::Duration::from_secs(5));
    match ended {
        Ok(Ended::Done) => ExitCode::SUCCESS,
        Ok(Ended::Found) => ExitCode::from(3),
        Ok(Ended::Warned) => ExitCode::from(4),
        Err(failed) => refuse(&failed),
    }
}

fn refuse(failed: &Failed) -> ExitCode {
    eprintln!("{failed}");
    ExitCode::FAILURE
}
