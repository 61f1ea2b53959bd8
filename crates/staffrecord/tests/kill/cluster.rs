//! A PostgreSQL that a test may kill: a cluster of its own, with fsync on as it is where it is installed.

use std::{
    fs,
    net::{Ipv4Addr, TcpListener},
    os::unix::{fs::chown, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, geteuid, kill_process};
use tempfile::TempDir;

/// So long it may take to start, or to be gone.
const PATIENCE: Duration = Duration::from_secs(60);

/// A cluster; ended with this value.
pub(crate) struct Cluster {
    programs: PathBuf,
    folder: TempDir,
    port: u16,
    /// PostgreSQL refuses to run as root.
    user: Option<(u32, u32)>,
    /// The process that all others of it come from, while it runs.
    postmaster: Option<Child>,
}

impl Cluster {
    /// Makes one and starts it.
    pub(crate) fn new() -> Self {
        let programs =
            programs().expect("PostgreSQL is installed; `cargo xtask setup` installs what tests need");
        // Its user has to reach the folder.
        let place = if geteuid().is_root() { PathBuf::from("/var/tmp") } else { std::env::temp_dir() };
        let folder = tempfile::Builder::new().prefix("staffrecord-killed-").tempdir_in(place).unwrap();
        let user = geteuid().is_root().then(|| (id("-u"), id("-g")));
        if let Some((uid, gid)) = user {
            chown(folder.path(), Some(uid), Some(gid)).unwrap();
        }
        // Taken by nobody a moment ago.
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let mut this = Self { programs, folder, port, user, postmaster: None };
        let made = this
            .command("initdb")
            .args([
                "--username=postgres",
                "--auth=trust",
                "--encoding=UTF8",
                "--locale=C.UTF-8",
                "--no-sync",
                "-D",
            ])
            .arg(this.data())
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        this.start();
        this.ready();
        this
    }

    /// As a portal's configuration names it.
    pub(crate) fn address(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.programs.join(program));
        command.current_dir(self.folder.path()).stdin(Stdio::null());
        if let Some((uid, gid)) = self.user {
            command.uid(uid).gid(gid);
        }
        command
    }

    /// Starts it, and does not wait until it is ready.
    pub(crate) fn start(&mut self) {
        assert!(self.postmaster.is_none(), "it runs");
        let log = fs::OpenOptions::new().create(true).append(true).open(self.log()).unwrap();
        let postmaster = self
            .command("postgres")
            .arg("-D")
            .arg(self.data())
            .args(["-h", "127.0.0.1", "-p", &self.port.to_string(), "-k", ""])
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        self.postmaster = Some(postmaster);
    }

    /// Waits until it lets anybody in: the file says so, once it is this start's.
    pub(crate) fn ready(&mut self) {
        let (began, log) = (Instant::now(), self.log());
        let file = self.data().join("postmaster.pid");
        let postmaster = self.postmaster.as_mut().expect("it was started");
        let id = postmaster.id().to_string();
        loop {
            let text = fs::read_to_string(&file).unwrap_or_default();
            let mut lines = text.lines();
            if lines.next() == Some(&id) && lines.nth(6).is_some_and(|state| state.trim() == "ready") {
                return;
            }
            let ended = postmaster.try_wait().unwrap();
            assert!(
                ended.is_none() && began.elapsed() < PATIENCE,
                "PostgreSQL does not start:\n{}",
                fs::read_to_string(&log).unwrap_or_default()
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Kills all of its processes, and waits until nothing of them is left.
    pub(crate) fn kill(&mut self) {
        let mut postmaster = self.postmaster.take().expect("it runs");
        let parent = Pid::from_child(&postmaster);
        let began = Instant::now();
        let wait_while = |is_so: &dyn Fn() -> bool| {
            while is_so() {
                assert!(began.elapsed() < PATIENCE, "it cannot be killed");
                std::thread::sleep(Duration::from_millis(1));
            }
        };
        // Held first, so that it starts no more of them: one that was left would keep the next start out.
        kill_process(parent, Signal::STOP).unwrap();
        wait_while(&|| state(parent).is_some_and(|state| !matches!(state, 'T' | 'Z')));
        let others = children(parent);
        for process in std::iter::once(parent).chain(others.iter().copied()) {
            let _ = kill_process(process, Signal::KILL);
        }
        postmaster.wait().unwrap();
        // One that is dead and that nobody has buried is not there.
        wait_while(&|| others.iter().any(|process| state(*process).is_some_and(|state| state != 'Z')));
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Some(mut postmaster) = self.postmaster.take() {
            // It ends at once, with all of its processes.
            let _ = kill_process(Pid::from_child(&postmaster), Signal::QUIT);
            let _ = postmaster.wait();
        }
    }
}

/// State and parent of a process (proc(5)); nothing where it is gone.
fn stat(process: &str) -> Option<(char, i32)> {
    let text = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name before them may hold anything.
    let mut fields = text.rsplit_once(')')?.1.split_whitespace();
    Some((fields.next()?.chars().next()?, fields.next()?.parse().ok()?))
}

fn children(parent: Pid) -> Vec<Pid> {
    let names = fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let ids = names.filter(|name| stat(name).is_some_and(|(_, of)| of == parent.as_raw_nonzero().get()));
    ids.filter_map(|name| Pid::from_raw(name.parse().ok()?)).collect()
}

fn state(process: Pid) -> Option<char> {
    stat(&process.as_raw_nonzero().to_string()).map(|(state, _)| state)
}

/// Where `initdb` in `PATH` really stands, or Debian's newest.
fn programs() -> Option<PathBuf> {
    let whole = |folder: &PathBuf| ["initdb", "postgres"].iter().all(|name| folder.join(name).is_file());
    let path = std::env::var_os("PATH")?;
    let mut named = std::env::split_paths(&path).map(|folder| folder.join("initdb"));
    let in_path = named.find_map(|file| Some(file.canonicalize().ok()?.parent()?.to_path_buf()));
    in_path.filter(whole).or_else(|| {
        let versions = fs::read_dir(Path::new("/usr/lib/postgresql")).ok()?.filter_map(|entry| {
            let folder = entry.ok()?.path();
            Some((folder.file_name()?.to_str()?.parse::<u32>().ok()?, folder.join("bin")))
        });
        versions.filter(|(_, folder)| whole(folder)).max().map(|(_, folder)| folder)
    })
}

/// The number of the user that Debian's packages make for it, or of its group.
fn id(which: &str) -> u32 {
    let said = Command::new("id").args([which, "postgres"]).output().unwrap();
    String::from_utf8(said.stdout).unwrap().trim().parse().expect("there is a user `postgres` to run it as")
}
