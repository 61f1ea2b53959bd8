//! Mail: what has arrived, and `tests/smtp/server.mjs`, a real mail server.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc,
    time::Duration,
};

use mail_parser::MessageParser;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};

use super::{installation::Installation, until};

/// A mail as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) to: String,
    pub(crate) subject: String,
    pub(crate) message_id: String,
    pub(crate) text: String,
}

impl Received {
    /// The path behind its first link to the portal.
    pub(crate) fn link(&self) -> String {
        let word = self.text.split_whitespace().find(|word| word.starts_with("https://")).expect("a link");
        word.strip_prefix("https://portal.example").expect("a link to the portal").to_owned()
    }
}

/// The mails in a folder, oldest first.
pub(crate) fn read(folder: &Path) -> Vec<Received> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    // What begins with a dot is still being written.
    files.retain(|file| {
        let name = file.file_name().unwrap().to_string_lossy();
        name.ends_with(".eml") && !name.starts_with('.')
    });
    files.sort();
    let parse = |file: &PathBuf| {
        let bytes = fs::read(file).unwrap();
        let mail = MessageParser::default().parse(&bytes).unwrap();
        Received {
            to: mail.to().unwrap().first().unwrap().address().unwrap().to_owned(),
            subject: mail.subject().unwrap().to_owned(),
            message_id: mail.message_id().unwrap().to_owned(),
            text: mail.body_text(0).unwrap().into_owned(),
        }
    };
    files.iter().map(parse).collect()
}

/// Waits for the mail to an address with these words in its subject; the newest.
pub(crate) async fn mail_to(folder: &Path, to: &str, subject: &str) -> Received {
    let fits = |mail: &Received| mail.to == to && mail.subject.contains(subject);
    let what = format!("a mail to {to}: {subject}");
    until(&what, || std::future::ready(read(folder).into_iter().rfind(fits))).await
}

/// The mail server, running; ended with this value.
pub(crate) struct MailServer {
    child: Child,
    input: ChildStdin,
    lines: mpsc::Receiver<serde_json::Value>,
    pub(crate) port: u16,
}

impl MailServer {
    /// Without encryption, for this machine only. The installation is told to send its mail there.
    pub(crate) fn plain(installation: &Installation) -> Self {
        let server = Self::start(installation, &[]);
        let settings = format!(
            "smtp = {{ host = \"localhost\", port = {}, tls = \"none\", timeout_seconds = 2 }}",
            server.port
        );
        installation.change("folder = \"mail\"", &settings);
        server
    }

    /// With STARTTLS, and for those who log in. The installation is told to send its mail there.
    pub(crate) fn starttls(installation: &Installation) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = params.self_signed(&key).unwrap();
        let issuer = Issuer::new(params, key);
        let key = KeyPair::generate().unwrap();
        let certificate =
            CertificateParams::new(vec!["localhost".to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
        installation.write("smtp-ca.pem", authority.pem());
        installation.write("smtp-certificate.pem", certificate.pem());
        installation.write("smtp-key.pem", key.serialize_pem());
        installation.write("smtp-password", "right words\n");
        let server = Self::start(
            installation,
            &[
                "--cert",
                "smtp-certificate.pem",
                "--key",
                "smtp-key.pem",
                "--user",
                "portal",
                "--password",
                "right words",
            ],
        );
        let settings = format!(
            "smtp = {{ host = \"localhost\", port = {}, username = \"portal\", password_file = \"smtp-password\", \
             ca_file = \"smtp-ca.pem\", timeout_seconds = 20 }}",
            server.port
        );
        installation.change("folder = \"mail\"", &settings);
        server
    }

    fn start(installation: &Installation, arguments: &[&str]) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/smtp/server.mjs");
        let mut child = Command::new("node")
            .arg(script)
            .args(["--folder", "received"])
            .args(arguments)
            .current_dir(installation.folder())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("node runs; `cargo xtask setup` says what is missing");
        let output = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                let _ = sender.send(serde_json::from_str(&line).unwrap());
            }
        });
        let input = child.stdin.take().unwrap();
        let mut server = Self { child, input, lines, port: 0 };
        server.port = server.says("port").as_u64().unwrap().try_into().unwrap();
        server
    }

    /// Waits until the server says something under `key`.
    fn says(&mut self, key: &str) -> serde_json::Value {
        loop {
            let line = self.lines.recv_timeout(Duration::from_secs(30));
            let line = line.expect("the mail server runs; `cargo xtask setup` installs what it needs");
            if let Some(value) = line.get(key) {
                return value.clone();
            }
        }
    }

    /// Gives an order, as the server's script lists them, and waits until it is obeyed.
    pub(crate) fn order(&mut self, order: &str) {
        writeln!(self.input, "{order}").unwrap();
        let done = self.says("ok");
        assert!(order.starts_with(done.as_str().unwrap()), "{done}");
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
