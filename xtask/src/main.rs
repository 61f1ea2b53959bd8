//! What developers and continuous integration run: `cargo xtask setup | demo | test | card | bench | soak |
//! postgres | deny`.
//!
//! It knows no room: it only calls cargo, node and PostgreSQL's own programs. Each command sets up what it needs first
//! (`setup.rs`); what needs a PostgreSQL gets a throwaway one (`postgres.rs`). A new check is a step in `checks.rs`.

mod checks;
mod postgres;
mod run;
mod setup;

use std::ffi::OsString;
use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};

use crate::postgres::{Cluster, Storage};
use crate::run::{Failure, Workspace};
use crate::setup::Needs;

/// Builds, runs and checks staffrecord.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
enum Task {
    /// Say what is missing on this machine, and install it where that is allowed
    Setup {
        /// What it is wanted for
        #[arg(value_enum, default_value_t = Purpose::All)]
        purpose: Purpose,
    },
    /// Run the portal with made-up staff; arguments are passed on to `staffrecord demo`
    #[command(disable_help_flag = true)]
    Demo {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
    /// Run every check: format, lints, tests on both databases, the guide in a browser
    Test {
        /// Only the tests whose name holds this
        filter: Option<String>,
        /// Leave the browser out
        #[arg(long, conflicts_with = "browser")]
        rust: bool,
        /// Only what runs in a browser
        #[arg(long)]
        browser: bool,
    },
    /// Walk the guide with a smartcard that asks for its PIN, in a browser on a screen of its own
    Card,
    /// Measure a release build; all benchmarks, or those named
    Bench { names: Vec<OsString> },
    /// Kill the portal, and its database, at many points under load and count what was lost
    Soak,
    /// Run a throwaway PostgreSQL until Ctrl-C, for `cargo test` by hand
    Postgres,
    /// Check the licences and known faults of what staffrecord is built from
    Deny,
    /// Hold a PostgreSQL for as long as standard input stays open
    #[command(hide = true)]
    KeepPostgres {
        #[arg(long)]
        durable: bool,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum Purpose {
    /// To build and to run
    Assets,
    /// To run the browser and database tests
    Test,
    /// To run `cargo xtask card`
    Card,
    All,
}

fn main() -> ExitCode {
    match perform(Task::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            failure.exit_code()
        }
    }
}

fn perform(task: Task) -> Result<(), Failure> {
    let workspace = Workspace::find()?;
    match task {
        Task::Setup { purpose } => {
            let needs = match purpose {
                Purpose::Assets => Needs { assets: true, ..Needs::default() },
                Purpose::Test => Needs { assets: false, ..Needs::TESTS },
                Purpose::Card => Needs::CARD,
                Purpose::All => Needs { token: true, ..Needs::TESTS },
            };
            setup::provide(&workspace, needs)?;
            println!("Everything is in place.");
            Ok(())
        }
        Task::Demo { arguments } => demo(&workspace, &arguments),
        Task::Test { filter, rust, browser } => {
            let part = match (rust, browser) {
                (true, _) => checks::Part::Rust,
                (_, true) => checks::Part::Browser,
                _ => checks::Part::All,
            };
            checks::run(&workspace, part, filter.as_deref())
        }
        Task::Card => checks::card(&workspace),
        Task::Bench { names } => bench(&workspace, &names),
        Task::Soak => soak(&workspace),
        Task::Postgres => hold_postgres(&workspace),
        Task::Deny => deny(&workspace),
        Task::KeepPostgres { durable } => {
            postgres::keep(if durable { Storage::Durable } else { Storage::Fast })
        }
    }
}

fn demo(workspace: &Workspace, arguments: &[OsString]) -> Result<(), Failure> {
    setup::provide(workspace, Needs { assets: true, ..Needs::default() })?;
    // The demo takes this process's place, so that Ctrl-C and the exit code are its own.
    let error =
        workspace.cargo().args(["run", "--package", "staffrecord", "--", "demo"]).args(arguments).exec();
    Err(Failure::failed(format!("cargo does not start: {error}")))
}

fn bench(workspace: &Workspace, names: &[OsString]) -> Result<(), Failure> {
    setup::provide(workspace, Needs { assets: true, postgres: true, nginx: true, ..Needs::default() })?;
    run::succeed(workspace.cargo().args([
        "build",
        "--release",
        "--package",
        "staffrecord",
        "--package",
        "bench",
    ]))?;
    let cluster = Cluster::start(Storage::Durable)?;
    run::succeed(
        run::command(workspace.built("release", "bench"))
            .args(names)
            .current_dir(workspace.root())
            .env("STAFFRECORD_BINARY", workspace.built("release", "staffrecord"))
            .env(postgres::VARIABLE, cluster.address()),
    )
}

fn soak(workspace: &Workspace) -> Result<(), Failure> {
    setup::provide(workspace, Needs { browser: false, pdf: false, ..Needs::TESTS })?;
    run::succeed(workspace.cargo().args(["build", "--release", "--package", "staffrecord"]))?;
    let cluster = Cluster::start(Storage::Fast)?;
    run::succeed(
        workspace
            .cargo()
            .args(["test", "--package", "staffrecord", "--test", "kill", "--", "--ignored", "--nocapture"])
            .env("STAFFRECORD_BINARY", workspace.built("release", "staffrecord"))
            .env("STAFFRECORD_KILL_POINTS", "100")
            .env("STAFFRECORD_KILL_ATTEMPTS", "500")
            .env("STAFFRECORD_KILL_PUBLISH_POINTS", "200")
            .env(postgres::VARIABLE, cluster.address()),
    )
}

fn hold_postgres(workspace: &Workspace) -> Result<(), Failure> {
    setup::provide(workspace, Needs { postgres: true, ..Needs::default() })?;
    let cluster = Cluster::start(Storage::Fast)?;
    println!("export {}={}", postgres::VARIABLE, cluster.address());
    eprintln!("PostgreSQL runs until you press Ctrl-C; everything in it is then thrown away.");
    std::io::stdout().flush().map_err(|error| Failure::failed(format!("cannot write: {error}")))?;
    // Ctrl-C ends this process, and with it the pipe by which the cluster is held.
    Err(cluster.outlast())
}

fn deny(workspace: &Workspace) -> Result<(), Failure> {
    if !run::silent(workspace.cargo().args(["deny", "--version"])) {
        println!("cargo-deny is missing: cargo builds it now, which takes some minutes.");
        run::succeed(workspace.cargo().args(["install", "--locked", "cargo-deny"]))?;
    }
    run::succeed(workspace.cargo().args(["deny", "check"]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_commands_are_well_formed() {
        Task::command().debug_assert();
    }

    #[test]
    fn the_demo_gets_its_arguments_untouched() {
        let task = Task::parse_from(["cargo xtask", "demo", "--phone", "--port", "0", "--help"]);
        let Task::Demo { arguments } = task else { panic!("not the demo") };
        assert_eq!(arguments, ["--phone", "--port", "0", "--help"]);
    }

    #[test]
    fn rust_and_browser_exclude_each_other() {
        assert!(Task::try_parse_from(["cargo xtask", "test", "--rust", "--browser"]).is_err());
    }
}
