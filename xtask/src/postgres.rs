//! A throwaway PostgreSQL on loopback.
//!
//! A second xtask process, the keeper, owns the server and its folder for as long as its standard input is open. So
//! however this process ends (done, failed, Ctrl-C, killed), the pipe closes and the keeper clears everything away.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use crate::run::{self, Failure};

/// The environment variable in which tests and benchmarks find the server.
pub(crate) const VARIABLE: &str = "STAFFRECORD_TEST_POSTGRES";

/// How long a server may take to accept connections.
const START: Duration = Duration::from_secs(60);
/// How soon the keeper notices that the server is ready, or gone.
const LOOK: Duration = Duration::from_millis(50);

/// What a commit means.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Storage {
    /// For tests: nothing survives a crash of the machine.
    Fast,
    /// For benchmarks: fsync on, and on a disk.
    Durable,
}

/// The folder of PostgreSQL's programs: where `initdb` in `PATH` really stands, or Debian's newest.
pub(crate) fn programs() -> Option<PathBuf> {
    let in_path =
        run::in_path(&["initdb"]).and_then(|file| Some(file.canonicalize().ok()?.parent()?.to_path_buf()));
    in_path.filter(|folder| complete(folder)).or_else(|| newest(Path::new("/usr/lib/postgresql")))
}

fn newest(versions: &Path) -> Option<PathBuf> {
    let numbered = fs::read_dir(versions).ok()?.filter_map(|entry| {
        let entry = entry.ok()?;
        let version: u32 = entry.file_name().to_str()?.parse().ok()?;
        Some((version, entry.path().join("bin")))
    });
    numbered.filter(|(_, folder)| complete(folder)).max().map(|(_, folder)| folder)
}

fn complete(folder: &Path) -> bool {
    ["initdb", "postgres", "pg_ctl"].iter().all(|name| folder.join(name).is_file())
}

/// A running server, cleared away when this is dropped.
pub(crate) struct Cluster {
    keeper: Child,
    hold: Option<ChildStdin>,
    address: String,
}

impl Cluster {
    pub(crate) fn start(storage: Storage) -> Result<Cluster, Failure> {
        let unstarted = |error| Failure::failed(format!("The keeper of PostgreSQL does not start: {error}"));
        let own = std::env::current_exe().map_err(unstarted)?;
        let mut keeper = run::command(own)
            .arg("keep-postgres")
            .args((storage == Storage::Durable).then_some("--durable"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // Away from the terminal's Ctrl-C, which is for this process: the keeper clears up after it.
            .process_group(0)
            .spawn()
            .map_err(unstarted)?;
        let (hold, said) = (keeper.stdin.take(), keeper.stdout.take());
        let mut address = String::new();
        if let Some(said) = said {
            // Nothing is said where the server did not start; the keeper has then told why.
            let _ = BufReader::new(said).read_line(&mut address);
        }
        let cluster = Cluster { keeper, hold, address: address.trim().to_owned() };
        if cluster.address.is_empty() {
            return Err(Failure::failed("There is no PostgreSQL to work with."));
        }
        Ok(cluster)
    }

    /// `postgres://postgres@127.0.0.1:PORT`
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Waits until the server ends without being asked.
    pub(crate) fn outlast(mut self) -> Failure {
        match self.keeper.wait() {
            Ok(_) => Failure::failed("PostgreSQL has stopped by itself."),
            Err(error) => Failure::failed(format!("PostgreSQL is out of sight: {error}")),
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.hold.take());
        if let Err(error) = self.keeper.wait() {
            eprintln!("The keeper of PostgreSQL cannot be waited for: {error}");
        }
    }
}

/// The keeper: starts a server, prints its address, and ends it when standard input closes.
pub(crate) fn keep(storage: Storage) -> Result<(), Failure> {
    let broken = |error| Failure::failed(format!("PostgreSQL: {error}"));
    let programs = programs().ok_or_else(|| Failure::missing("PostgreSQL is not installed."))?;
    let folder = tempfile::Builder::new()
        .prefix("staffrecord-postgres-")
        .tempdir_in(place(storage))
        .map_err(broken)?;
    let mut server = Server::start(programs, folder.path(), storage)?;

    let (sender, closed) = mpsc::channel();
    thread::spawn(move || {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        let _ = sender.send(());
    });
    let mut stdout = std::io::stdout();
    writeln!(stdout, "{}", server.address()).and_then(|()| stdout.flush()).map_err(broken)?;
    while closed.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
        server.running()?;
    }
    Ok(())
}

/// The server's own user must reach the folder, which rules out home folders; what is to be durable must not be in
/// memory, as `/tmp` often is.
fn place(storage: Storage) -> PathBuf {
    match storage {
        Storage::Durable => PathBuf::from("/var/tmp"),
        Storage::Fast if run::is_root() => PathBuf::from("/tmp"),
        Storage::Fast => std::env::temp_dir(),
    }
}

struct Server {
    programs: PathBuf,
    data: PathBuf,
    log: PathBuf,
    /// PostgreSQL refuses to run as root.
    user: Option<(u32, u32)>,
    port: u16,
    postmaster: Child,
}

impl Server {
    fn start(programs: PathBuf, folder: &Path, storage: Storage) -> Result<Server, Failure> {
        let broken = |error| Failure::failed(format!("PostgreSQL: {error}"));
        let user = user()?;
        if let Some((uid, gid)) = user {
            chown(folder, Some(uid), Some(gid)).map_err(broken)?;
        }
        let (data, log) = (folder.join("data"), folder.join("log"));

        let made = as_user(programs.join("initdb"), folder, user)
            .args([
                "--username=postgres",
                "--auth=trust",
                "--encoding=UTF8",
                "--locale=C.UTF-8",
                "--no-sync",
                "-D",
            ])
            .arg(&data)
            .output()
            .map_err(broken)?;
        if !made.status.success() {
            let said = String::from_utf8_lossy(&made.stderr).into_owned();
            return Err(Failure::failed(format!("initdb failed ({}).\n{said}", made.status)));
        }

        // Taken by nobody a moment ago; should somebody be quicker, the server says so.
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .and_then(|free| free.local_addr())
            .map_err(broken)?
            .port();
        let said = fs::File::create(&log).map_err(broken)?;
        let fast: &[&str] = match storage {
            Storage::Fast => {
                &["-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off"]
            }
            Storage::Durable => &[],
        };
        let postmaster = as_user(programs.join("postgres"), folder, user)
            .arg("-D")
            .arg(&data)
            .args(["-h", "127.0.0.1", "-p", &port.to_string(), "-k", "", "-c", "max_connections=300"])
            .args(fast)
            .stdout(said.try_clone().map_err(broken)?)
            .stderr(said)
            .spawn()
            .map_err(broken)?;
        let mut server = Server { programs, data, log, user, port, postmaster };
        server.accept_connections()?;
        Ok(server)
    }

    /// The last line of `postmaster.pid` says it, as it does to `pg_ctl --wait`.
    fn accept_connections(&mut self) -> Result<(), Failure> {
        let started = Instant::now();
        loop {
            self.running()?;
            let state = fs::read_to_string(self.data.join("postmaster.pid")).unwrap_or_default();
            if state.lines().nth(7).is_some_and(|line| line.trim() == "ready") {
                return Ok(());
            }
            if started.elapsed() > START {
                return Err(Failure::failed(format!(
                    "PostgreSQL is not ready after {START:?}.\n{}",
                    self.said()
                )));
            }
            thread::sleep(LOOK);
        }
    }

    fn running(&mut self) -> Result<(), Failure> {
        match self.postmaster.try_wait() {
            Ok(None) => Ok(()),
            Ok(Some(status)) => {
                Err(Failure::failed(format!("PostgreSQL has ended ({status}).\n{}", self.said())))
            }
            Err(error) => Err(Failure::failed(format!("PostgreSQL is out of sight: {error}"))),
        }
    }

    fn said(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    fn address(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}", self.port)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let mut stop = as_user(self.programs.join("pg_ctl"), Path::new("/"), self.user);
        if !run::silent(stop.args(["stop", "--silent", "--mode=immediate", "-D"]).arg(&self.data)) {
            // It may have ended already; killing it then changes nothing.
            let _ = self.postmaster.kill();
        }
        let _ = self.postmaster.wait();
    }
}

/// Root runs the server as the user that Debian's packages make for it.
fn user() -> Result<Option<(u32, u32)>, Failure> {
    if !run::is_root() {
        return Ok(None);
    }
    match (run::id("-u", Some("postgres")), run::id("-g", Some("postgres"))) {
        (Some(uid), Some(gid)) => Ok(Some((uid, gid))),
        _ => Err(Failure::missing(
            "PostgreSQL does not run as root, and there is no user `postgres` to run it as.",
        )),
    }
}

/// A command in a folder that this user may enter.
fn as_user(program: PathBuf, folder: &Path, user: Option<(u32, u32)>) -> Command {
    let mut command = run::command(program);
    command.current_dir(folder).stdin(Stdio::null());
    if let Some((uid, gid)) = user {
        command.uid(uid).gid(gid);
    }
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    fn install(versions: &Path, version: &str, programs: &[&str]) {
        let bin = versions.join(version).join("bin");
        fs::create_dir_all(&bin).unwrap();
        for program in programs {
            fs::write(bin.join(program), "").unwrap();
        }
    }

    #[test]
    fn the_newest_whole_version_is_taken_by_number() {
        let versions = tempfile::tempdir().unwrap();
        let all = ["initdb", "postgres", "pg_ctl"];
        install(versions.path(), "9", &all);
        install(versions.path(), "15", &all);
        install(versions.path(), "17", &["pg_ctl"]);
        install(versions.path(), "common", &all);
        assert_eq!(newest(versions.path()), Some(versions.path().join("15/bin")));
    }

    #[test]
    fn no_version_is_no_programs() {
        let versions = tempfile::tempdir().unwrap();
        assert_eq!(newest(versions.path()), None);
        assert_eq!(newest(&versions.path().join("absent")), None);
    }
}
