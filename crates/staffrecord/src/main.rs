//! `staffrecord`: see the library of the same name.

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    staffrecord::commands::run(staffrecord::commands::Cli::parse())
}
