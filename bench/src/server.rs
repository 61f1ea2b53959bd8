use std::{
    fs,
    net::SocketAddr,
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, ChildStdout, Command},
};

use crate::{Failed, client::Client, wire::Wire, world::World};

/// So long `serve` may take to start, and to stop.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running `serve`. It ends when this is dropped.
pub(crate) struct Server {
    child: Child,
    pid: u32,
    /// From the start of the process to the last byte of the log-in page.
    pub(crate) first_page: Duration,
    /// Where its metrics are, if anywhere.
    metrics: Option<SocketAddr>,
    /// Held open: a program whose output nobody reads would fail at its next line.
    _output: BufReader<ChildStdout>,
}

/// Processor time used so far, in seconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Usage {
    /// By the whole process.
    pub(crate) all: f64,
    /// By the threads that hash passwords.
    pub(crate) hashing: f64,
}

/// Memory in use, in bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Memory {
    pub(crate) now: u64,
    /// The most since the start.
    pub(crate) peak: u64,
}

impl Server {
    /// Starts it and asks for the first page.
    pub(crate) async fn start(world: &World) -> Result<Self, Failed> {
        let began = Instant::now();
        let server = Self::started(world).await?;
        let page = Client::connect(world).await?.get("/", &[]).await?;
        let first_page = began.elapsed();
        page.expect(200)?;
        Ok(Self { first_page, ..server })
    }

    /// Starts it.
    pub(crate) async fn started(world: &World) -> Result<Self, Failed> {
        let log = fs::File::create(world.folder.join("serve.log"))?;
        let began = Instant::now();
        let mut child = Command::new(&world.binary)
            .arg("--config")
            .arg(world.config())
            .arg("serve")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()?;
        let pid = child.id().ok_or_else(|| Failed::because("serve ended at once"))?;
        let output = child.stdout.take().ok_or_else(|| Failed::because("serve has no output"))?;
        let mut output = BufReader::new(output);
        let mut line = String::new();
        tokio::time::timeout(PATIENCE, output.read_line(&mut line)).await??;
        let mut metrics = None;
        if let Some(address) = line.strip_prefix("Metrics are on ") {
            metrics = Some(address.trim().parse()?);
            line.clear();
            tokio::time::timeout(PATIENCE, output.read_line(&mut line)).await??;
        }
        if !line.starts_with("Serving") {
            let log = fs::read_to_string(world.folder.join("serve.log")).unwrap_or_default();
            return Err(Failed::because(format!("serve did not start: {log}")));
        }
        Ok(Self { child, pid, first_page: began.elapsed(), metrics, _output: output })
    }

    /// What the process has used so far.
    pub(crate) fn usage(&self) -> Result<Usage, Failed> {
        let process = format!("/proc/{}", self.pid);
        let mut hashing = 0.0;
        for thread in fs::read_dir(format!("{process}/task"))? {
            let thread = thread?.path();
            if fs::read_to_string(thread.join("comm"))?.starts_with("hasher-") {
                hashing += processor_seconds(&thread)?;
            }
        }
        Ok(Usage { all: processor_seconds(Path::new(&process))?, hashing })
    }

    /// A number that its metrics say, where the configuration names an address for them.
    pub(crate) async fn metric(&self, name: &str) -> Result<f64, Failed> {
        let none = || Failed::because(format!("serve has no metric {name}"));
        let mut wire = Wire::connect(self.metrics.ok_or_else(none)?).await?;
        let heard = wire.ask(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n").await?;
        heard.expect(200)?;
        let mut lines = std::str::from_utf8(heard.body)?.lines();
        let value = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        Ok(value.ok_or_else(none)?.trim().parse()?)
    }

    pub(crate) fn memory(&self) -> Result<Memory, Failed> {
        memory_of(self.pid)
    }

    /// Tells it to stop and waits until it has.
    pub(crate) async fn stop(mut self) -> Result<(), Failed> {
        let pid = i32::try_from(self.pid)?;
        if let Some(pid) = rustix::process::Pid::from_raw(pid) {
            rustix::process::kill_process(pid, rustix::process::Signal::TERM)?;
        }
        let ended = tokio::time::timeout(PATIENCE, self.child.wait()).await??;
        if ended.success() { Ok(()) } else { Err(Failed::because(format!("serve ended with {ended}"))) }
    }
}

/// What a process has in memory.
pub(crate) fn memory_of(pid: u32) -> Result<Memory, Failed> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let bytes = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        let kib = line.and_then(|rest| rest.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
        kib.map(|kib| kib * 1024).ok_or_else(|| Failed::because(format!("the kernel says no {name}")))
    };
    Ok(Memory { now: bytes("VmRSS")?, peak: bytes("VmHWM")? })
}

/// User and system time of a process or thread, from its `stat` (proc(5)).
pub(crate) fn processor_seconds(folder: &Path) -> Result<f64, Failed> {
    let stat = fs::read_to_string(folder.join("stat"))?;
    let ticks = ticks(&stat).ok_or_else(|| Failed::because("the kernel's stat cannot be read"))?;
    Ok(ticks as f64 / rustix::param::clock_ticks_per_second() as f64)
}

/// Fields 14 and 15; the name before them may hold anything, also brackets and spaces.
fn ticks(stat: &str) -> Option<u64> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace().skip(11);
    Some(fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?)
}

#[cfg(test)]
mod tests {
    use super::ticks;

    #[test]
    fn user_and_system_time_are_found_behind_any_name() {
        let stat = "7 (a) b (c) S 1 7 7 0 -1 4194560 1 2 3 4 250 50 0 0 20 0 9 0 100 1 2";
        assert_eq!(ticks(stat), Some(300));
        assert_eq!(ticks("7 (a) S"), None);
    }
}
