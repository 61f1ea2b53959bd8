//! A folder with a configuration, and the commands that work on it.

use std::{
    fs,
    io::Read,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::mpsc,
    time::Duration,
};

use sqlx::{Connection, SqliteConnection};
use tempfile::TempDir;

/// The host that the portal is reached at, wherever it listens.
pub(crate) const HOST: &str = "portal.example";

/// What came of a command.
#[derive(Debug)]
pub(crate) struct Ran {
    what: String,
    /// The exit code; none where it was killed.
    pub(crate) code: Option<i32>,
    /// What it wrote to stdout, then to stderr.
    pub(crate) said: String,
}

impl Ran {
    /// Asserts the exit code.
    #[track_caller]
    pub(crate) fn ends(&self, code: i32) -> &Self {
        assert_eq!(self.code, Some(code), "{}\n{}", self.what, self.said);
        self
    }

    /// Asserts that it says this.
    #[track_caller]
    pub(crate) fn says(&self, words: &str) -> &Self {
        assert!(self.said.contains(words), "{}: {words:?} is not in:\n{}", self.what, self.said);
        self
    }

    /// Asserts that it does not say this.
    #[track_caller]
    pub(crate) fn says_not(&self, words: &str) -> &Self {
        assert!(!self.said.contains(words), "{}: {words:?} is in:\n{}", self.what, self.said);
        self
    }
}

/// The program, with no surroundings but its folder.
pub(crate) fn program(folder: &Path) -> Command {
    // `cargo xtask soak` takes the release build.
    let binary = std::env::var_os("STAFFRECORD_BINARY");
    let mut command = Command::new(binary.unwrap_or_else(|| env!("CARGO_BIN_EXE_staffrecord").into()));
    command.current_dir(folder).env_remove("STAFFRECORD_CONFIG").stdin(Stdio::null());
    command
}

/// Runs a command to its end; one that does not end is a failure.
pub(crate) fn run(folder: &Path, arguments: &[&str]) -> Ran {
    let what = format!("staffrecord {}", arguments.join(" "));
    let mut child = program(folder)
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let (mut out, mut err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let (ended, end) = mpsc::channel();
    let pid = rustix::process::Pid::from_child(&child);
    let waiting = std::thread::spawn(move || {
        let errors = std::thread::spawn(move || read(&mut err));
        let said = read(&mut out) + &errors.join().unwrap();
        let _ = ended.send((child.wait().unwrap().code(), said));
    });
    let came = end.recv_timeout(Duration::from_secs(60));
    if came.is_err() {
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
    }
    waiting.join().unwrap();
    let (code, said) = came.unwrap_or_else(|_| panic!("{what} does not end"));
    Ran { what, code, said }
}

fn read(from: &mut impl Read) -> String {
    let mut bytes = Vec::new();
    from.read_to_end(&mut bytes).unwrap();
    String::from_utf8(bytes).expect("it writes UTF-8")
}

/// An installation of the portal.
pub(crate) struct Installation {
    folder: TempDir,
}

impl Installation {
    /// What `init` makes on SQLite, with cheap hashing and any free ports.
    pub(crate) fn new() -> Self {
        Self::on("sqlite:staffrecord.sqlite")
    }

    /// The same on another database.
    pub(crate) fn on(database: &str) -> Self {
        let this = Self { folder: tempfile::tempdir().unwrap() };
        let address = format!("https://{HOST}");
        let arguments = [
            "init",
            "--name",
            "Staff Record Portal",
            "--address",
            &address,
            "--database",
            database,
            "--mail-from",
            "portal@portal.example",
        ];
        this.run(&arguments).ends(0);
        this.change("listen = \"127.0.0.1:8080\"", "listen = \"127.0.0.1:0\"");
        this.change("#metrics_listen = \"127.0.0.1:9100\"", "metrics_listen = \"127.0.0.1:0\"");
        this.change("#hash_memory_kib = 19456", "hash_memory_kib = 8");
        this.change("#hash_passes = 2", "hash_passes = 1");
        this
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path(name), content).unwrap();
    }

    /// Changes the configuration; what is changed has to be there.
    #[track_caller]
    pub(crate) fn change(&self, from: &str, to: &str) {
        let text = fs::read_to_string(self.path("staffrecord.toml")).unwrap();
        assert_eq!(text.matches(from).count(), 1, "{from} in:\n{text}");
        self.write("staffrecord.toml", text.replace(from, to));
    }

    /// Adds tables to the configuration.
    pub(crate) fn add(&self, tables: &str) {
        let text = fs::read_to_string(self.path("staffrecord.toml")).unwrap();
        self.write("staffrecord.toml", format!("{text}\n{tables}\n"));
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        run(self.folder(), arguments)
    }

    /// Runs a command that is only a step on the way.
    #[track_caller]
    pub(crate) fn does(&self, arguments: &[&str]) -> Ran {
        let ran = self.run(arguments);
        ran.ends(0);
        ran
    }

    /// Loads a file's text as staff of an employer.
    pub(crate) fn import(&self, code: &str, csv: impl AsRef<[u8]>) -> Ran {
        self.write("staff.csv", csv);
        self.run(&["staff", "import", "staff.csv", "--employer", code])
    }

    /// The SQLite database itself, as somebody would open it who gets hold of it.
    pub(crate) async fn database(&self) -> SqliteConnection {
        open(&self.path("staffrecord.sqlite")).await
    }
}

/// Opens a SQLite file past the program.
pub(crate) async fn open(file: &Path) -> SqliteConnection {
    SqliteConnection::connect(&format!("sqlite:{}", file.display())).await.unwrap()
}
