//! Every check, in order, with a heading and its time; one failure does not keep the others from running.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::postgres::{self, Cluster, Storage};
use crate::run::{self, Failure, Workspace};
use crate::setup::{self, Needs};

/// Which of the checks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    All,
    Rust,
    Browser,
}

pub(crate) fn run(workspace: &Workspace, part: Part, filter: Option<&str>) -> Result<(), Failure> {
    let needs = match part {
        Part::All => Needs::TESTS,
        Part::Rust => Needs { browser: false, ..Needs::TESTS },
        Part::Browser => Needs { postgres: false, ..Needs::TESTS },
    };
    setup::provide(workspace, needs)?;
    let mut report = Report::default();
    if part != Part::Browser {
        rust(workspace, filter, &mut report)?;
    }
    if part != Part::Rust {
        browser(workspace, "browser tests", browser_tests(workspace)?, filter, &mut report)?;
    }
    report.end()
}

/// The one browser test that needs a screen, since a card's PIN is asked for beside the page.
pub(crate) fn card(workspace: &Workspace) -> Result<(), Failure> {
    setup::provide(workspace, Needs::CARD)?;
    let mut report = Report::default();
    let file = PathBuf::from("tests/browser/token.card.mjs");
    browser(workspace, "smartcard", vec![file], None, &mut report)?;
    report.end()
}

fn rust(workspace: &Workspace, filter: Option<&str>, report: &mut Report) -> Result<(), Failure> {
    match filter {
        None => {
            report.check("format", workspace.cargo().args(["fmt", "--all", "--check"]))?;
            let clippy = ["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"];
            report.check("lints", workspace.cargo().args(clippy))?;
        }
        Some(_) => {
            report.leave_out("format", "only some tests were asked for");
            report.leave_out("lints", "only some tests were asked for");
        }
    }
    let cluster = Cluster::start(Storage::Fast)?;
    let mut tests = workspace.cargo();
    tests
        .args(["test", "--workspace", "--no-fail-fast"])
        .args(filter)
        .env(postgres::VARIABLE, cluster.address());
    report.check("Rust tests", &mut tests)?;
    Ok(())
}

fn browser(
    workspace: &Workspace,
    name: &'static str,
    files: Vec<PathBuf>,
    filter: Option<&str>,
    report: &mut Report,
) -> Result<(), Failure> {
    let Some(chromium) = setup::chromium() else {
        return Err(Failure::missing("Chromium is not installed."));
    };
    if !report.check("build", workspace.cargo().args(["build", "--package", "staffrecord"]))? {
        report.leave_out(name, "staffrecord does not build");
        return Ok(());
    }
    let mut node = run::command("node");
    node.args(["--test", "--test-reporter=spec"]);
    node.args(filter.map(|filter| format!("--test-name-pattern={}", literally(filter))));
    node.args(files)
        .current_dir(workspace.root())
        .env("STAFFRECORD_BINARY", workspace.built("debug", "staffrecord"))
        .env("CHROMIUM", chromium);
    report.check(name, &mut node)?;
    Ok(())
}

/// `tests/browser/*.test.mjs`. That there are none is no success.
fn browser_tests(workspace: &Workspace) -> Result<Vec<PathBuf>, Failure> {
    let unreadable = |error| Failure::failed(format!("tests/browser: {error}"));
    let mut files = Vec::new();
    for entry in fs::read_dir(workspace.path("tests/browser")).map_err(unreadable)? {
        let name = entry.map_err(unreadable)?.file_name();
        if name.to_string_lossy().ends_with(".test.mjs") {
            files.push(PathBuf::from("tests/browser").join(name));
        }
    }
    files.sort();
    if files.is_empty() {
        return Err(Failure::failed("There are no browser tests in tests/browser."));
    }
    Ok(files)
}

/// A pattern that means just this text: node takes a regular expression, cargo does not.
fn literally(text: &str) -> String {
    let mut pattern = String::new();
    for character in text.chars() {
        if r"\^$.|?*+()[]{}/".contains(character) {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern
}

#[derive(Default)]
struct Report {
    lines: Vec<Line>,
}

struct Line {
    name: &'static str,
    outcome: Outcome,
}

enum Outcome {
    Passed(Duration),
    Failed(Duration),
    LeftOut(&'static str),
}

impl Report {
    /// Runs a check and notes how it went; an error only if it cannot be started at all.
    fn check(&mut self, name: &'static str, command: &mut Command) -> Result<bool, Failure> {
        println!("\n== {name}: {}", run::typed(command));
        let started = Instant::now();
        let passed = run::status(command)?.success();
        let took = started.elapsed();
        println!("== {name}: {} after {}", if passed { "passed" } else { "FAILED" }, seconds(took));
        self.lines
            .push(Line { name, outcome: if passed { Outcome::Passed(took) } else { Outcome::Failed(took) } });
        Ok(passed)
    }

    fn leave_out(&mut self, name: &'static str, reason: &'static str) {
        self.lines.push(Line { name, outcome: Outcome::LeftOut(reason) });
    }

    fn end(&self) -> Result<(), Failure> {
        println!("\n{}", self.table());
        match self.lines.iter().filter(|line| matches!(line.outcome, Outcome::Failed(_))).count() {
            0 => Ok(()),
            1 => Err(Failure::failed("1 check failed.")),
            failed => Err(Failure::failed(format!("{failed} checks failed."))),
        }
    }

    fn table(&self) -> String {
        let rows = self.lines.iter().map(|line| match line.outcome {
            Outcome::Passed(took) => format!("passed    {:<14} {:>9}", line.name, seconds(took)),
            Outcome::Failed(took) => format!("FAILED    {:<14} {:>9}", line.name, seconds(took)),
            Outcome::LeftOut(reason) => format!("left out  {:<14} {reason}", line.name),
        });
        rows.collect::<Vec<_>>().join("\n")
    }
}

fn seconds(took: Duration) -> String {
    format!("{:.1} s", took.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_does_not_hide_what_follows_it_and_fails_the_whole() {
        let mut report = Report::default();
        assert!(!report.check("first", run::command("sh").args(["-c", "exit 1"])).unwrap());
        assert!(report.check("second", &mut run::command("true")).unwrap());
        report.leave_out("third", "nobody asked");
        let table = report.table();
        let rows: Vec<&str> = table.lines().collect();
        assert!(rows[0].starts_with("FAILED    first"), "{table}");
        assert!(rows[1].starts_with("passed    second"), "{table}");
        assert!(rows[2].ends_with("nobody asked"), "{table}");
        assert_eq!(report.end().unwrap_err().to_string(), "1 check failed.");
    }

    #[test]
    fn what_was_left_out_fails_nothing() {
        let mut report = Report::default();
        report.leave_out("format", "only some tests were asked for");
        report.end().unwrap();
    }

    #[test]
    fn a_filter_means_its_own_characters() {
        assert_eq!(literally("a (b)|c.d"), r"a \(b\)\|c\.d");
    }

    #[test]
    fn browser_tests_are_found_by_their_ending_in_order() {
        let root = tempfile::tempdir().unwrap();
        let workspace = Workspace::at(root.path());
        assert!(browser_tests(&workspace).is_err(), "no folder");
        let folder = root.path().join("tests/browser");
        fs::create_dir_all(&folder).unwrap();
        assert!(browser_tests(&workspace).is_err(), "no tests");
        for name in ["way-in.test.mjs", "portal.mjs", "access.test.mjs"] {
            fs::write(folder.join(name), "").unwrap();
        }
        let found: Vec<String> =
            browser_tests(&workspace).unwrap().iter().map(|file| file.display().to_string()).collect();
        assert_eq!(found, ["tests/browser/access.test.mjs", "tests/browser/way-in.test.mjs"]);
    }
}
