//! nginx, as a process of this one's.

use std::{
    env, fs,
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, geteuid, kill_process};

use crate::Failed;

/// So long it may take to start.
const PATIENCE: Duration = Duration::from_secs(10);

/// A running nginx; ended with this value.
pub(crate) struct Nginx {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Nginx {
    /// Serves the files of `files` at a free port; what it writes down is in `folder`.
    pub(crate) async fn start(folder: &Path, files: &Path) -> Result<Self, Failed> {
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        // Root's workers would else be somebody who may not enter the folder.
        let user = if geteuid().is_root() { "user root;" } else { "" };
        let text = include_str!("../nginx.conf")
            .replace("{user}", user)
            .replace("{address}", &address.to_string())
            .replace("{files}", &files.display().to_string())
            .replace("{folder}", &folder.display().to_string());
        let (config, log) = (folder.join("nginx.conf"), folder.join("nginx.log"));
        fs::write(&config, text)?;
        let child = Command::new(program()?)
            .arg("-e")
            .arg(&log)
            .arg("-p")
            .arg(folder)
            .arg("-c")
            .arg(&config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let mut nginx = Self { child, address };
        let began = Instant::now();
        while TcpStream::connect(address).is_err() {
            if nginx.child.try_wait()?.is_some() || began.elapsed() > PATIENCE {
                let log = fs::read_to_string(&log).unwrap_or_default();
                return Err(Failed::because(format!("nginx did not start: {log}")));
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Ok(nginx)
    }

    /// Tells it to stop and waits until it has.
    pub(crate) fn stop(mut self) -> Result<(), Failed> {
        self.end();
        let ended = self.child.wait()?;
        if ended.success() { Ok(()) } else { Err(Failed::because(format!("nginx ended with {ended}"))) }
    }

    /// A signal that it passes on to its workers, which a kill would leave behind.
    fn end(&self) {
        let _ = kill_process(Pid::from_child(&self.child), Signal::TERM);
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            self.end();
            let _ = self.child.wait();
        }
    }
}

/// Debian puts it where only root looks.
fn program() -> Result<PathBuf, Failed> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    let found = folders.map(|folder| folder.join("nginx")).find(|program| program.is_file());
    found.ok_or_else(|| Failed::because("nginx is not installed; `cargo xtask bench` sees to it"))
}
