use std::{
    fs,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use access::{
    NewPassword,
    recovery::{self, Request, UsedBy},
};
use staffrecord::{Parts, Portal, config::Config};
use store::{Clock, Db, Entropy, Secret};
use tokio::process::Command;
use web::{Client, Keys, Password};

use crate::{
    Failed,
    people::{EMPLOYER, PASSWORD, Person, file},
    server::memory_of,
};

/// No command takes so long.
const COMMAND_SECONDS: u64 = 240;
/// What the memory file system calls itself (Linux, magic.h).
const TMPFS: rustix::fs::FsWord = 0x0102_1994;

/// Where benchmarks run, and what they measure.
pub(crate) struct Bench {
    pub(crate) binary: PathBuf,
    folder: PathBuf,
}

impl Bench {
    pub(crate) fn new(binary: PathBuf, folder: PathBuf) -> Result<Self, Failed> {
        fs::create_dir_all(&folder)?;
        if rustix::fs::statfs(&folder)?.f_type == TMPFS {
            return Err(Failed::because(format!(
                "{} is in memory, where writing costs nothing: build into a folder on a disk.",
                folder.display()
            )));
        }
        // Thousands of connections; `serve` inherits it.
        let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
        rustix::process::setrlimit(
            rustix::process::Resource::Nofile,
            rustix::process::Rlimit { current: limit.maximum, ..limit },
        )?;
        Ok(Self { binary, folder })
    }

    /// An empty folder of its own.
    pub(crate) fn folder(&self, name: &str) -> Result<PathBuf, Failed> {
        let folder = self.folder.join(name);
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        Ok(folder)
    }
}

/// A portal of one employer, in a folder of its own, made by the commands that an operator types. The folder goes with it.
pub(crate) struct World {
    pub(crate) binary: PathBuf,
    pub(crate) folder: PathBuf,
    pub(crate) address: SocketAddr,
}

impl World {
    /// `access` are lines for the configuration's table of that name, `settings` such as `employer add --set` takes.
    pub(crate) async fn make(
        bench: &Bench,
        name: &str,
        access: &str,
        settings: &[&str],
    ) -> Result<Self, Failed> {
        Self::make_on(bench, name, access, settings, "sqlite:staffrecord.sqlite").await
    }

    /// The same on another database, by its address.
    pub(crate) async fn make_on(
        bench: &Bench,
        name: &str,
        access: &str,
        settings: &[&str],
        database: &str,
    ) -> Result<Self, Failed> {
        let folder = bench.folder(name)?;
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        let world = Self { binary: bench.binary.clone(), folder, address };
        let site = world.origin();
        let init = ["init", "--name", "NHS Electronic Staff Record", "--address", &site];
        let more = ["--database", database, "--mail-from", "portal@bench.example"];
        world.command(&[&init[..], &more[..]].concat()).await?;
        let text = fs::read_to_string(world.config())?
            .replace("listen = \"127.0.0.1:8080\"", &format!("listen = \"{address}\""))
            .replace("[access]\n", &format!("[access]\n{access}\n"));
        fs::write(world.config(), text)?;
        let mut add = vec!["employer", "add", EMPLOYER, "--name", "Northmoor Hospitals Trust"];
        let links = "local_links=[{\"title\":\"Learning and Development Prospectus\",\"address\":\"https://a.example/\"},\
                     {\"title\":\"PC Checker\",\"address\":\"https://b.example/\"}]";
        let usual = [
            "mail_domains=nhs.net",
            "service_desk.name=ESR Service Desk",
            "service_desk.phone=01632 960427",
            "learning.message=It is recommended that eLearning is completed on a Windows PC or laptop.",
            "learning.homepage=https://learning.example/",
            links,
        ];
        for setting in usual.iter().chain(settings) {
            add.extend(["--set", setting]);
        }
        world.command(&add).await?;
        Ok(world)
    }

    /// The site's origin, as a browser writes it.
    pub(crate) fn origin(&self) -> String {
        format!("http://localhost:{}", self.address.port())
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.folder.join("staffrecord.toml")
    }

    /// Changes the configuration; what is changed has to be there.
    pub(crate) fn configure(&self, from: &str, to: &str) -> Result<(), Failed> {
        let text = fs::read_to_string(self.config())?;
        if !text.contains(from) {
            return Err(Failed::because(format!("the configuration has no {from}")));
        }
        Ok(fs::write(self.config(), text.replacen(from, to, 1))?)
    }

    /// The site's keys.
    pub(crate) fn keys(&self, entropy: &Entropy) -> Result<Keys, Failed> {
        Ok(Config::read(&self.config())?.keys(entropy)?)
    }

    pub(crate) fn mails(&self) -> PathBuf {
        self.folder.join("mail")
    }

    /// Runs a command to its end.
    pub(crate) async fn command(&self, arguments: &[&str]) -> Result<(), Failed> {
        let run = Command::new(&self.binary)
            .arg("--config")
            .arg(self.config())
            .args(arguments)
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output();
        let ended = tokio::time::timeout(Duration::from_secs(COMMAND_SECONDS), run).await??;
        if ended.status.success() {
            return Ok(());
        }
        let says = String::from_utf8_lossy(&ended.stderr);
        Err(Failed::because(format!(
            "`staffrecord {}` ended with {}: {says}",
            arguments.join(" "),
            ended.status
        )))
    }

    /// Writes a staff file into the folder.
    pub(crate) fn write(&self, name: &str, text: &str) -> Result<PathBuf, Failed> {
        let path = self.folder.join(name);
        fs::write(&path, text)?;
        Ok(path)
    }

    /// Loads a staff file.
    pub(crate) async fn import(&self, path: &Path) -> Result<(), Failed> {
        self.command(&["staff", "import", &path.to_string_lossy(), "--employer", EMPLOYER]).await
    }

    /// Loads a staff file, and says how much memory that took at most, in bytes.
    pub(crate) async fn import_peak(&self, path: &Path) -> Result<u64, Failed> {
        self.command_peak(&["staff", "import", &path.to_string_lossy(), "--employer", EMPLOYER]).await
    }

    /// Runs a command, and says how much memory that took at most, in bytes.
    pub(crate) async fn command_peak(&self, arguments: &[&str]) -> Result<u64, Failed> {
        let mut child = Command::new(&self.binary)
            .arg("--config")
            .arg(self.config())
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        let pid = child.id().ok_or_else(|| Failed::because("the command ended at once"))?;
        let (mut peak, mut look) = (0, tokio::time::interval(Duration::from_millis(20)));
        loop {
            tokio::select! {
                ended = child.wait() => {
                    let ended = ended?;
                    let what = arguments.join(" ");
                    return if ended.success() { Ok(peak) } else { Err(Failed::because(format!("`{what}` ended with {ended}"))) };
                }
                // Nothing is known of a process that is just ending.
                _ = look.tick() => peak = memory_of(pid).map_or(peak, |memory| memory.peak),
            }
        }
    }

    /// Loads people and sets their passwords, the way each would: by a request, the mail, and the link in it. One hash does for
    /// all, since it is the one password of all.
    pub(crate) async fn populate(&self, people: &[Person]) -> Result<(), Failed> {
        self.import(&self.write("accounts.csv", &file(people))?).await?;
        let (db, portal) = self.portal().await?;
        let app = &portal.access;
        for person in people {
            let (email, date_of_birth) = (person.email.clone(), person.born);
            let client = Client { address: Ipv4Addr::LOCALHOST.into(), hidden: false };
            recovery::request(
                app,
                Request { email, date_of_birth, username: None, client, door: access::Door::Staff },
            )
            .await?;
        }
        portal.settle().await?;
        let hash = app.hasher.hash(&Password::new(PASSWORD)).await?;
        let mails = demo::mailbox::read(&self.mails())?;
        for person in people {
            let mail = mails.iter().find(|mail| mail.to == person.email);
            let link = mail.and_then(|mail| mail.links.first().cloned()).unwrap_or_default();
            let secret = link.rsplit_once('=').and_then(|(_, secret)| Secret::parse(secret));
            let secret =
                secret.ok_or_else(|| Failed::because(format!("no link was mailed to {}", person.email)))?;
            let by = UsedBy {
                browser: app.entropy.id(app.clock.now()),
                device: "a benchmark".into(),
                session: None,
                trace: access::Trace::system(),
            };
            let set =
                recovery::set_password(app, &secret, NewPassword { hash: hash.clone(), short: false }, by)
                    .await;
            set.map_err(|error| Failed::because(format!("{}: {error}", person.username)))?;
        }
        // The notices, so that `serve` begins with nothing to do.
        portal.settle().await?;
        db.close().await;
        Ok(())
    }

    /// The same portal in this process, while no `serve` runs.
    pub(crate) async fn portal(&self) -> Result<(Db, Portal), Failed> {
        let config = Config::read(&self.config())?;
        let (clock, entropy) = (Clock::system(), Entropy::system());
        let db = Db::open(&config.database()).await?;
        let (transport, sender) = config.mail.open(&config.folder)?;
        let portal = Portal::new(Parts {
            db: db.clone(),
            site: config.site().map_err(Failed::because)?,
            keys: config.keys(&entropy)?,
            clock,
            entropy,
            access: config.access.clone(),
            learning: config.learning.clone(),
            payslips: config.payslips.clone(),
            transport,
            sender,
            anchor: config.anchor(),
            more_routes: Vec::new(),
            folder: config.folder.clone(),
        })?;
        Ok((db, portal))
    }
}

impl Drop for World {
    fn drop(&mut self) {
        // A folder that stays is in nobody's way: the next run empties it.
        let _ = fs::remove_dir_all(&self.folder);
    }
}
