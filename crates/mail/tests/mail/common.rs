//! A mail server, a postman with simple composers, and what they need.

use std::{
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    sync::{Arc, Mutex},
};

use mail::{Block, ComposeError, Composer, Letter, NewMail, Postman, Sender, Settings, Status, Transport};
use mail_parser::MessageParser;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use store::{Clock, Db, Entropy, Instant};
use tempfile::TempDir;
use tokio::sync::mpsc;
use uuid::Uuid;

pub(crate) const USER: &str = "staffrecord";
pub(crate) const PASSWORD: &str = "p@ss word";

/// `tests/smtp/server.mjs`, running; ended with this value.
pub(crate) struct Server {
    child: Child,
    input: ChildStdin,
    lines: mpsc::UnboundedReceiver<serde_json::Value>,
    pub(crate) port: u16,
}

/// A folder with the server's mail, its certificate, and the authority that signed it.
pub(crate) struct Site {
    pub(crate) folder: TempDir,
}

impl Site {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = params.self_signed(&key).unwrap();
        let issuer = Issuer::new(params, key);
        let key = KeyPair::generate().unwrap();
        let certificate =
            CertificateParams::new(vec!["localhost".to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
        std::fs::write(folder.path().join("ca.pem"), authority.pem()).unwrap();
        std::fs::write(folder.path().join("cert.pem"), certificate.pem()).unwrap();
        std::fs::write(folder.path().join("key.pem"), key.serialize_pem()).unwrap();
        std::fs::write(folder.path().join("password"), format!("{PASSWORD}\n")).unwrap();
        Self { folder }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// With STARTTLS and authentication; `port` 0 for any.
    pub(crate) async fn server(&self, port: u16) -> Server {
        self.server_with(
            port,
            &["--cert", "cert.pem", "--key", "key.pem", "--user", USER, "--password", PASSWORD],
        )
        .await
    }

    pub(crate) async fn server_with(&self, port: u16, arguments: &[&str]) -> Server {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/smtp/server.mjs");
        let mut child = Command::new("node")
            .arg(script)
            .args(["--folder", "mail", "--port", &port.to_string()])
            .args(arguments)
            .current_dir(self.folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("node runs; `cargo xtask setup` says what is missing");
        let output = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = mpsc::unbounded_channel();
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                let _ = sender.send(serde_json::from_str(&line).unwrap());
            }
        });
        let input = child.stdin.take().unwrap();
        let mut server = Server { child, input, lines, port: 0 };
        let port = server.says("port").await;
        server.port = port.as_u64().unwrap().try_into().unwrap();
        server
    }

    /// The settings of a postman that sends to the server at `port`.
    pub(crate) fn settings(&self, port: u16) -> String {
        format!(
            "from = \"portal@example.nhs.uk\"\nfrom_name = \"Staff Record\"\n[smtp]\nhost = \"localhost\"\nport = {port}\n\
             username = \"{USER}\"\npassword_file = \"password\"\nca_file = \"ca.pem\"\ntimeout_seconds = 20\n"
        )
    }

    pub(crate) fn postman(&self, db: &Db, clock: &Clock, port: u16) -> Postman {
        self.postman_with(db, clock, &self.settings(port))
    }

    pub(crate) fn postman_with(&self, db: &Db, clock: &Clock, settings: &str) -> Postman {
        let (transport, sender) = self.open(settings);
        postman(db, clock, transport, sender)
    }

    pub(crate) fn open(&self, settings: &str) -> (Transport, Sender) {
        toml::from_str::<Settings>(settings).unwrap().open(self.folder.path()).unwrap()
    }

    /// What the server has taken, in that order.
    pub(crate) fn received(&self) -> Vec<Received> {
        read_folder(&self.path("mail"))
    }
}

impl Server {
    /// Waits until the server says something under `key`.
    pub(crate) async fn says(&mut self, key: &str) -> serde_json::Value {
        loop {
            let line = self
                .lines
                .recv()
                .await
                .expect("the mail server runs; `cargo xtask setup` installs what it needs");
            if let Some(value) = line.get(key) {
                return value.clone();
            }
        }
    }

    /// Gives an order and waits until it is obeyed.
    pub(crate) async fn order(&mut self, order: &str) {
        writeln!(self.input, "{order}").unwrap();
        let done = self.says("ok").await;
        assert!(order.starts_with(done.as_str().unwrap()), "{done}");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A mail as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) to: String,
    pub(crate) subject: String,
    pub(crate) message_id: String,
    pub(crate) text: String,
    pub(crate) html: String,
    pub(crate) raw: String,
    pub(crate) envelope: serde_json::Value,
}

pub(crate) fn read_folder(folder: &Path) -> Vec<Received> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .map(|entries| entries.map(|entry| entry.unwrap().path()).collect())
        .unwrap_or_default();
    files.retain(|file| file.extension().is_some_and(|ending| ending == "eml"));
    files.sort();
    files
        .iter()
        .map(|file| {
            let raw = std::fs::read(file).unwrap();
            let mail = MessageParser::default().parse(&raw).unwrap();
            let envelope = std::fs::read(file.with_extension("json")).unwrap_or_else(|_| b"null".to_vec());
            Received {
                to: mail.to().unwrap().first().unwrap().address().unwrap().to_owned(),
                subject: mail.subject().unwrap().to_owned(),
                message_id: mail.message_id().unwrap().to_owned(),
                text: mail.body_text(0).unwrap().into_owned(),
                html: mail.body_html(0).unwrap().into_owned(),
                raw: String::from_utf8(raw.clone()).unwrap(),
                envelope: serde_json::from_slice(&envelope).unwrap(),
            }
        })
        .collect()
}

pub(crate) fn nine() -> Instant {
    "2026-11-24T09:00:00Z".parse().unwrap()
}

/// A postman who knows `notice` (says its data and which try it is), `unwanted`, `broken`, `panics` and `bad_link`.
pub(crate) fn postman(db: &Db, clock: &Clock, transport: Transport, sender: Sender) -> Postman {
    let composers = vec![
        Composer::new("notice", async |mail| {
            Ok(Some(Letter {
                subject: mail.data["subject"].as_str().unwrap_or("A notice").to_owned(),
                blocks: vec![Block::Text(format!("Try {}", mail.attempt))],
            }))
        }),
        Composer::new("unwanted", async |_| Ok(None)),
        Composer::new("broken", async |_| Err(ComposeError::Other("the link could not be made".into()))),
        Composer::new("panics", async |_| panic!("a composer panics")),
        Composer::new("bad_link", async |_| {
            let link = Block::Link { label: "Open".into(), address: "javascript:alert(1)".into() };
            Ok(Some(Letter { subject: "A link".into(), blocks: vec![link] }))
        }),
    ];
    // Ids and leases need not be the same in each run; the system's randomness keeps two postmen apart.
    Postman::new(db.clone(), clock.clone(), Entropy::system(), transport, sender, composers)
}

/// Queues one mail of `kind`; its id, which is its staff record's too.
pub(crate) async fn queue(db: &Db, clock: &Clock, to: &str, kind: &'static str) -> Uuid {
    queue_with(db, clock, to, kind, serde_json::Value::Null).await
}

pub(crate) async fn queue_with(
    db: &Db,
    clock: &Clock,
    to: &str,
    kind: &'static str,
    data: serde_json::Value,
) -> Uuid {
    let now = clock.now();
    let id = Entropy::system().id(now);
    let mail = NewMail { id, key: None, to: to.to_owned(), about: Some(id), kind, data };
    db.write(move |tx| Box::pin(async move { mail::enqueue(tx, mail, now).await })).await.unwrap();
    id
}

pub(crate) async fn status(db: &Db, id: Uuid) -> Status {
    let mut reader = db.read().await.unwrap();
    mail::about(&mut reader.tx(), id, 10).await.unwrap().remove(0)
}

pub(crate) async fn waiting(db: &Db) -> i64 {
    let mut reader = db.read().await.unwrap();
    mail::queue(&mut reader.tx()).await.unwrap().waiting
}

/// What was logged.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl tracing_subscriber::fmt::MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}
