//! What the portal costs: each figure is measured on the release build, printed beside what it should reach, and called ok or
//! short. `bench NAME…` measures only some.
//!
//! The program is `$STAFFRECORD_BINARY`, or `staffrecord` beside this one. Each figure makes a portal of its own in
//! `target/bench`, by the commands that an operator would type, and runs `serve` as a process of its own: what is measured is
//! what is installed. With `RUST_LOG=store=info` it says what held SQLite's writer for long. A new figure is a module in `figures/` and a name in [`NAMES`].

mod client;
mod courses;
mod database;
mod failed;
mod figures;
mod nginx;
mod pay;
mod people;
mod ranks;
mod server;
mod sql;
mod staff;
mod table;
mod wire;
mod world;

use std::{env, path::PathBuf, process::ExitCode, time::Duration};

use failed::Failed;
use table::{Row, Table};
use world::Bench;

/// In the order of the table.
const NAMES: [&str; 23] = [
    "hashing",
    "storm",
    "portal",
    "writes",
    "import",
    "update",
    "publish",
    "start",
    "binary",
    "weight",
    "times",
    "recovery",
    "card",
    "second_factor",
    "search",
    "payslip",
    "reading",
    "pay_day",
    "pdf",
    "commit",
    "commits",
    "course_files",
    "homepage",
];
/// No figure takes so long.
const LONGEST: Duration = Duration::from_secs(300);
/// But for those for which millions of rows are written.
const LARGE: [&str; 3] = ["search", "reading", "publish"];
const LONGEST_LARGE: Duration = Duration::from_secs(3600);

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .with_writer(std::io::stderr)
        .init();
    let named: Vec<String> = env::args().skip(1).collect();
    if let Some(unknown) = named.iter().find(|name| !NAMES.contains(&name.as_str())) {
        eprintln!("There is no benchmark {unknown}: there are {}.", NAMES.join(", "));
        return ExitCode::from(2);
    }
    // Dropping what runs ends the processes that it started.
    tokio::select! {
        ended = run(&named) => ended,
        _ = tokio::signal::ctrl_c() => ExitCode::FAILURE,
    }
}

async fn run(named: &[String]) -> ExitCode {
    let bench = match open() {
        Ok(bench) => bench,
        Err(failed) => {
            eprintln!("{failed}");
            return ExitCode::FAILURE;
        }
    };
    let mut table = Table::default();
    for name in NAMES.iter().filter(|name| named.is_empty() || named.iter().any(|other| other == *name)) {
        eprintln!("measuring: {name}");
        let longest = if LARGE.contains(name) { LONGEST_LARGE } else { LONGEST };
        let rows = match tokio::time::timeout(longest, measure(name, &bench)).await {
            Ok(Ok(rows)) => rows,
            Ok(Err(failed)) => vec![Row::failed(name, &failed)],
            Err(_) => {
                vec![Row::failed(name, &Failed::because(format!("no end in {} s", longest.as_secs())))]
            }
        };
        table.add(rows);
    }
    print!("{table}");
    if table.is_short() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

async fn measure(name: &str, bench: &Bench) -> Result<Vec<Row>, Failed> {
    match name {
        "hashing" => figures::hashing::measure(bench).await,
        "storm" => figures::storm::measure(bench).await,
        "portal" => figures::portal::measure(bench).await,
        "writes" => figures::writes::measure(bench).await,
        "import" => figures::import::measure(bench).await,
        "update" => figures::update::measure(bench).await,
        "publish" => figures::publish::measure(bench).await,
        "start" => figures::start::measure(bench).await,
        "binary" => figures::binary::measure(bench).await,
        "weight" => figures::weight::measure(bench).await,
        "times" => figures::times::measure(bench).await,
        "recovery" => figures::recovery::measure(bench).await,
        "card" => figures::card::measure(bench).await,
        "second_factor" => figures::second_factor::measure(bench).await,
        "search" => figures::search::measure(bench).await,
        "payslip" => figures::payslip::measure(bench).await,
        "reading" => figures::reading::measure(bench).await,
        "pay_day" => figures::pay_day::measure(bench).await,
        "pdf" => figures::pdf::measure().await,
        "commit" => figures::commit::measure(bench).await,
        "commits" => figures::commits::measure(bench).await,
        "course_files" => figures::course_files::measure(bench).await,
        "homepage" => figures::homepage::measure(bench).await,
        other => Err(Failed::because(format!("there is no benchmark {other}"))),
    }
}

fn open() -> Result<Bench, Failed> {
    let this = env::current_exe()?;
    let beside = this.parent().ok_or_else(|| Failed::because("this program is in no folder"))?;
    let binary = env::var_os("STAFFRECORD_BINARY").map_or_else(|| beside.join("staffrecord"), PathBuf::from);
    if !binary.exists() {
        return Err(Failed::because(format!(
            "There is no {}: run `cargo xtask bench`, which builds it.",
            binary.display()
        )));
    }
    let target = beside.parent().unwrap_or(beside);
    Bench::new(binary, target.join("bench"))
}
