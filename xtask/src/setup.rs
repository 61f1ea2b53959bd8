//! What a command needs on this machine: said plainly, and installed where that is allowed.
//!
//! Packages of the system are installed by root in continuous integration, by root without a terminal (a fresh machine
//! or container), or by root's yes; anybody else is told the one line to run. npm's packages only ever go into this
//! checkout, by lock file and without their scripts, so nobody is asked.

use std::fs::{self, File};
use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::postgres;
use crate::run::{self, Failure, Workspace};

/// What a command needs.
#[derive(Clone, Copy, Default)]
pub(crate) struct Needs {
    /// `target/assets`: what is built into the program.
    pub(crate) assets: bool,
    /// `tests/node_modules`: the browser's driver, axe, a mail server.
    pub(crate) packages: bool,
    /// Chromium, and what smartcards are made with.
    pub(crate) browser: bool,
    /// A smartcard that asks for its PIN, and a screen to ask on.
    pub(crate) token: bool,
    /// PostgreSQL's own programs.
    pub(crate) postgres: bool,
    /// What reads PDFs back.
    pub(crate) pdf: bool,
    /// The web server that the content host is held against.
    pub(crate) nginx: bool,
}

impl Needs {
    /// What `cargo xtask test` needs.
    pub(crate) const TESTS: Needs = Needs {
        assets: true,
        packages: true,
        browser: true,
        token: false,
        postgres: true,
        pdf: true,
        nginx: false,
    };
    /// What `cargo xtask card` needs.
    pub(crate) const CARD: Needs = Needs { token: true, postgres: false, pdf: false, ..Needs::TESTS };
}

/// The oldest Node.js that the tests' packages accept.
const NODE: u32 = 20;

/// Puts everything in place, or says what is missing.
pub(crate) fn provide(workspace: &Workspace, needs: Needs) -> Result<(), Failure> {
    let missing = missing(needs);
    if !missing.is_empty() {
        install(&missing)?;
        let still = self::missing(needs);
        if !still.is_empty() {
            return Err(Failure::missing(format!(
                "Still missing after the installation: {}.",
                names(&still)
            )));
        }
    }
    if needs.assets {
        assets(workspace)?;
    }
    if needs.packages {
        test_packages(workspace)?;
    }
    Ok(())
}

/// A program that is not there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Missing {
    Node,
    Npm,
    Chromium,
    OpenSsl,
    NssTools,
    SoftHsm,
    OpenSc,
    Xvfb,
    Xdotool,
    Postgres,
    Poppler,
    Nginx,
}

impl Missing {
    fn name(self) -> &'static str {
        match self {
            Missing::Node => "Node.js 20 or newer",
            Missing::Npm => "npm",
            Missing::Chromium => "Chromium",
            Missing::OpenSsl => "openssl",
            Missing::NssTools => "NSS's tools (certutil, pk12util, modutil)",
            Missing::SoftHsm => "SoftHSM (softhsm2-util)",
            Missing::OpenSc => "OpenSC (pkcs11-tool)",
            Missing::Xvfb => "Xvfb",
            Missing::Xdotool => "xdotool",
            Missing::Postgres => "PostgreSQL (initdb, postgres, pg_ctl)",
            Missing::Poppler => "poppler's tools (pdftotext, pdfinfo, pdffonts, pdfimages)",
            Missing::Nginx => "nginx",
        }
    }

    /// The Debian packages that bring it. Without a font, Chromium draws pages as empty boxes.
    fn packages(self) -> &'static [&'static str] {
        match self {
            Missing::Node => &["nodejs"],
            Missing::Npm => &["npm"],
            Missing::Chromium => &["chromium", "fonts-liberation"],
            Missing::OpenSsl => &["openssl"],
            Missing::NssTools => &["libnss3-tools"],
            Missing::SoftHsm => &["softhsm2"],
            Missing::OpenSc => &["opensc"],
            Missing::Xvfb => &["xvfb"],
            Missing::Xdotool => &["xdotool"],
            Missing::Postgres => &["postgresql"],
            Missing::Poppler => &["poppler-utils"],
            Missing::Nginx => &["nginx-light"],
        }
    }
}

fn missing(needs: Needs) -> Vec<Missing> {
    let mut missing = Vec::new();
    if needs.assets || needs.packages {
        let version = run::output(run::command("node").arg("--version"));
        if version.as_deref().and_then(major).is_none_or(|major| major < NODE) {
            missing.push(Missing::Node);
        }
        if run::in_path(&["npm"]).is_none() {
            missing.push(Missing::Npm);
        }
    }
    if needs.browser && chromium().is_none() {
        missing.push(Missing::Chromium);
    }
    let tools: [(bool, Missing, &[&str]); 7] = [
        (needs.browser, Missing::OpenSsl, &["openssl"]),
        (needs.browser, Missing::NssTools, &["certutil", "pk12util", "modutil"]),
        (needs.token, Missing::SoftHsm, &["softhsm2-util"]),
        (needs.token, Missing::OpenSc, &["pkcs11-tool"]),
        (needs.token, Missing::Xvfb, &["Xvfb"]),
        (needs.token, Missing::Xdotool, &["xdotool"]),
        (needs.pdf, Missing::Poppler, &["pdftotext", "pdfinfo", "pdffonts", "pdfimages"]),
    ];
    for (needed, tool, programs) in tools {
        if needed && programs.iter().any(|program| run::in_path(&[program]).is_none()) {
            missing.push(tool);
        }
    }
    if needs.postgres && postgres::programs().is_none() {
        missing.push(Missing::Postgres);
    }
    // Debian puts it where only root looks.
    if needs.nginx && run::in_path(&["nginx"]).is_none() && !Path::new("/usr/sbin/nginx").is_file() {
        missing.push(Missing::Nginx);
    }
    missing
}

/// The browser that the tests use: `CHROMIUM`, or the first one found.
pub(crate) fn chromium() -> Option<PathBuf> {
    match std::env::var_os("CHROMIUM") {
        Some(path) => Some(PathBuf::from(path)).filter(|path| path.is_file()),
        None => run::in_path(&["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]),
    }
}

/// `v20.20.2` and `20.19.2+dfsg-1` are both 20.
fn major(version: &str) -> Option<u32> {
    version.trim().trim_start_matches('v').split('.').next()?.parse().ok()
}

fn names(missing: &[Missing]) -> String {
    missing.iter().map(|one| one.name()).collect::<Vec<_>>().join(", ")
}

fn install(missing: &[Missing]) -> Result<(), Failure> {
    println!("Missing on this machine: {}.", names(missing));
    if run::in_path(&["apt-get"]).is_none() {
        return Err(Failure::missing("Please install what is missing, then run this again."));
    }
    let packages: Vec<&str> = missing.iter().flat_map(|one| one.packages()).copied().collect();
    let line = format!("apt-get install --no-install-recommends {}", packages.join(" "));
    if !run::is_root() {
        return Err(Failure::missing(format!(
            "To install it, run:\n\n    sudo apt-get update && sudo {line}\n"
        )));
    }
    let unattended = std::env::var("CI").is_ok_and(|ci| ci == "true") || !std::io::stdin().is_terminal();
    if !unattended && !confirmed(&format!("Run `{line}` now? [y/N] "))? {
        return Err(Failure::missing(format!(
            "Nothing was installed. To do it yourself, run:\n\n    {line}\n"
        )));
    }
    run::succeed(apt().arg("update")).map_err(|failure| {
        Failure::failed(format!("{failure}\nThe package lists cannot be fetched: is there a network?"))
    })?;
    if missing.contains(&Missing::Node) {
        offered_node()?;
    }
    run::succeed(apt().args(["install", "--yes", "--no-install-recommends"]).args(packages))
}

/// Debian 12 has only Node.js 18: better said before three hundred packages are installed in vain.
fn offered_node() -> Result<(), Failure> {
    let policy = run::output(run::command("apt-cache").env("LC_ALL", "C").args(["policy", "nodejs"]));
    match policy.as_deref().and_then(candidate) {
        Some(major) if major < NODE => Err(Failure::missing(format!(
            "This system's packages offer Node.js {major}, {NODE} or newer is needed: \
             see https://nodejs.org/en/download, then run this again."
        ))),
        _ => Ok(()),
    }
}

/// The major version that `apt-cache policy` would install.
fn candidate(policy: &str) -> Option<u32> {
    policy.lines().find_map(|line| line.trim().strip_prefix("Candidate:")).and_then(major)
}

fn apt() -> Command {
    let mut apt = run::command("apt-get");
    apt.env("DEBIAN_FRONTEND", "noninteractive");
    apt
}

fn confirmed(question: &str) -> Result<bool, Failure> {
    let unreadable = |error| Failure::failed(format!("cannot ask: {error}"));
    print!("{question}");
    std::io::stdout().flush().map_err(unreadable)?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).map_err(unreadable)?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}

/// Fills `target/assets`: the packages of `assets/package-lock.json` and `common-passwords.txt`.
fn assets(workspace: &Workspace) -> Result<(), Failure> {
    let folder = workspace.path("target/assets");
    let sources = ["package.json", "package-lock.json", "passwords.mjs"]
        .map(|name| workspace.path("assets").join(name));
    let complete = ["node_modules/nhsuk-frontend", "node_modules/scorm-again", "common-passwords.txt"];
    kept_current(&workspace.path("target/assets.lock"), &folder, &sources, &complete, || {
        println!("Fetching what the pages are made of into target/assets …");
        for source in &sources {
            let name = source.file_name().unwrap_or_default();
            fs::copy(source, folder.join(name)).map_err(|error| unusable(source, &error))?;
        }
        npm_ci(&folder)?;
        run::succeed(run::command("node").arg("passwords.mjs").current_dir(&folder))
    })
}

/// Fills `tests/node_modules`.
fn test_packages(workspace: &Workspace) -> Result<(), Failure> {
    let folder = workspace.path("tests/node_modules");
    let sources = ["package.json", "package-lock.json"].map(|name| workspace.path("tests").join(name));
    let (turn, complete) = (workspace.path("target/node_modules.lock"), ["playwright-core", "axe-core"]);
    kept_current(&turn, &folder, &sources, &complete, || {
        println!("Fetching the tests' packages into tests/node_modules …");
        npm_ci(&workspace.path("tests"))
    })
}

/// Runs `fill` unless the folder was filled from just these sources. Two commands at once take turns, by a lock that
/// is not in the folder: npm empties it.
fn kept_current(
    turn: &Path,
    folder: &Path,
    sources: &[PathBuf],
    complete: &[&str],
    fill: impl FnOnce() -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut wanted = String::new();
    for source in sources {
        wanted += &fs::read_to_string(source).map_err(|error| unusable(source, &error))?;
    }
    for made in std::iter::once(folder).chain(turn.parent()) {
        fs::create_dir_all(made).map_err(|error| unusable(made, &error))?;
    }
    let held = File::create(turn).and_then(|file| file.lock().map(|()| file));
    let _held = held.map_err(|error| unusable(turn, &error))?;

    let stamp = folder.join(".filled-from");
    let current = fs::read_to_string(&stamp).is_ok_and(|found| found == wanted);
    if current && complete.iter().all(|name| folder.join(name).exists()) {
        return Ok(());
    }
    if stamp.exists() {
        fs::remove_file(&stamp).map_err(|error| unusable(&stamp, &error))?;
    }
    fill()?;
    fs::write(&stamp, wanted).map_err(|error| unusable(&stamp, &error))
}

fn npm_ci(folder: &Path) -> Result<(), Failure> {
    let mut npm = run::command("npm");
    npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier"])
        .current_dir(folder);
    run::succeed(&mut npm).map_err(|failure| {
        Failure::failed(format!(
            "{failure}\nCan this machine reach npm's registry? `npm config get registry` says which one it uses."
        ))
    })
}

fn unusable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::failed(format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[test]
    fn versions_are_read_as_node_and_debian_write_them() {
        for (version, expected) in
            [("v20.20.2", Some(20)), ("18.20.4+dfsg-1~deb12u1\n", Some(18)), ("(none)", None), ("", None)]
        {
            assert_eq!(major(version), expected, "{version}");
        }
    }

    #[test]
    fn the_candidate_is_what_would_be_installed() {
        let policy = "nodejs:\n  Installed: 22.1.0-1\n  Candidate: 18.20.4+dfsg-1\n  Version table:\n";
        assert_eq!(candidate(policy), Some(18));
        assert_eq!(candidate("nodejs:\n  Installed: (none)\n  Candidate: (none)\n"), None);
        assert_eq!(candidate("N: Unable to locate package nodejs"), None);
    }

    #[test]
    fn nothing_is_missing_for_nothing() {
        assert_eq!(missing(Needs::default()), []);
    }

    #[test]
    fn a_folder_is_filled_once_and_again_when_its_source_changes_or_it_was_left_half_done() {
        let folder = tempfile::tempdir().unwrap();
        let workspace = Workspace::at(folder.path());
        let (source, filled) = (workspace.path("lock.json"), workspace.path("filled"));
        fs::write(&source, "one").unwrap();
        let fills = Cell::new(0);
        let keep = |result: fn() -> Result<(), Failure>| {
            kept_current(
                &folder.path().join("turn"),
                &filled,
                std::slice::from_ref(&source),
                &["made"],
                || {
                    fills.set(fills.get() + 1);
                    fs::write(filled.join("made"), "").unwrap();
                    result()
                },
            )
        };

        keep(|| Ok(())).unwrap();
        keep(|| Ok(())).unwrap();
        assert_eq!(fills.get(), 1);

        fs::write(&source, "two").unwrap();
        keep(|| Err(Failure::failed("the network went away"))).unwrap_err();
        keep(|| Ok(())).unwrap();
        assert_eq!(fills.get(), 3, "a failed filling is no filling");

        fs::remove_file(filled.join("made")).unwrap();
        keep(|| Ok(())).unwrap();
        assert_eq!(fills.get(), 4);
    }

    #[test]
    fn a_missing_source_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let source = folder.path().join("package-lock.json");
        let (turn, filled) = (folder.path().join("turn"), folder.path().join("filled"));
        let failure = kept_current(&turn, &filled, &[source], &[], || Ok(())).unwrap_err();
        assert!(failure.to_string().contains("package-lock.json"), "{failure}");
    }
}
