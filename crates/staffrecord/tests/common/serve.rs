//! `serve` as a process.

use std::{
    io::{BufRead, BufReader},
    net::SocketAddr,
    process::{Child, Stdio},
    sync::{Arc, Mutex},
    thread::JoinHandle,
};

use rustix::process::{Pid, Signal, kill_process};

use super::{
    browser::Browser,
    installation::{Installation, program},
};

/// A running `serve`; killed with this value.
pub(crate) struct Serve {
    child: Child,
    /// Where pages are served.
    pub(crate) address: SocketAddr,
    /// Where metrics are.
    pub(crate) metrics: Option<SocketAddr>,
    log: Arc<Mutex<Vec<String>>>,
    readers: Vec<JoinHandle<()>>,
}

impl Serve {
    /// Starts it and waits until it serves.
    pub(crate) fn start(installation: &Installation) -> Self {
        Self::with(installation, "staffrecord.toml")
    }

    /// The same with another configuration.
    pub(crate) fn with(installation: &Installation, config: &str) -> Self {
        let mut child = program(installation.folder())
            .args(["--config", config, "serve"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let log = Arc::new(Mutex::new(Vec::new()));
        let errors = {
            let (log, stderr) = (log.clone(), BufReader::new(child.stderr.take().unwrap()));
            std::thread::spawn(move || {
                for line in stderr.lines() {
                    log.lock().unwrap().push(line.expect("it logs UTF-8"));
                }
            })
        };
        let mut out = BufReader::new(child.stdout.take().unwrap()).lines();
        let (mut address, mut metrics) = (None, None);
        while address.is_none() {
            let Some(line) = out.next() else {
                errors.join().unwrap();
                panic!("it does not serve:\n{}", log.lock().unwrap().join("\n"));
            };
            let line = line.unwrap();
            if let Some((_, found)) = line.split_once("Metrics are on ") {
                metrics = Some(found.parse().unwrap());
            } else if line.starts_with("Serving ") {
                address = line.rsplit_once(" on ").map(|(_, found)| found.parse().unwrap());
            }
        }
        let rest = std::thread::spawn(move || out.for_each(drop));
        let address = address.expect("it says where it serves");
        Self { child, address, metrics, log, readers: vec![errors, rest] }
    }

    /// A new browser, outside the employers' networks.
    pub(crate) fn browser(&self) -> Browser {
        Browser::at(self.address)
    }

    /// What it has logged so far.
    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().join("\n")
    }

    /// Tells it to stop, as a service manager does.
    pub(crate) fn terminate(&self) {
        kill_process(Pid::from_child(&self.child), Signal::TERM).unwrap();
    }

    /// Waits for its end; the log.
    #[track_caller]
    pub(crate) fn ended(mut self) -> String {
        let status = self.child.wait().unwrap();
        self.readers.drain(..).for_each(|reader| reader.join().unwrap());
        assert_eq!(status.code(), Some(0), "{}", self.log());
        self.log()
    }

    /// Tells it to stop and waits for its end; the log.
    #[track_caller]
    pub(crate) fn stop(self) -> String {
        self.terminate();
        self.ended()
    }

    /// Kills it, as a power cut would.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Serve {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
