use std::{
    fs,
    io::{self, BufRead, IsTerminal, Write},
    path::Path,
};

use clap::Args;
use store::{Db, Entropy};

use super::{Ended, Failed};
use crate::config::{Config, template};

/// Write a commented configuration and create the database. Asks for what is not given.
#[derive(Debug, Args)]
pub(super) struct Init {
    /// The name shown on pages.
    #[arg(long)]
    name: Option<String>,
    /// The address that people will type, such as https://portal.example.org.
    #[arg(long)]
    address: Option<String>,
    /// `sqlite:FILE` or `postgres://…`.
    #[arg(long)]
    database: Option<String>,
    /// The address that mails come from.
    #[arg(long)]
    mail_from: Option<String>,
}

impl Init {
    pub(super) async fn run(self, path: &Path) -> Result<Ended, Failed> {
        if path.exists() {
            return Err(Failed(format!(
                "{} is there already: change it with an editor, or name another with --config.",
                path.display()
            )));
        }
        let name = given(self.name, "Name shown on pages", "Staff Record Portal")?;
        let address = given(self.address, "Address that people will type", "https://localhost:8443")?;
        let database = given(self.database, "Database", "sqlite:staffrecord.sqlite")?;
        let from = given(self.mail_from, "Address that mails come from", "portal@localhost.localdomain")?;
        let text = template(&name, &address, &database, &from);
        let config = Config::parse(&text, path).map_err(Failed::because)?;
        config.mail.open(&config.folder).map_err(Failed::because)?;
        fs::create_dir_all(&config.folder).map_err(Failed::because)?;
        let db = Db::open(&config.database()).await.map_err(super::opened::unreachable(&config))?;
        db.migrate().await.map_err(Failed::because)?;
        db.close().await;
        config.keys(&Entropy::system()).map_err(Failed::because)?;
        write_new(path, &text)
            .map_err(|error| Failed(format!("{} cannot be written: {error}", path.display())))?;
        say!("Written: {}", path.display());
        say!(
            "Created: {}",
            config
                .database
                .address
                .split_once("://")
                .map_or(config.database.address.as_str(), |(kind, _)| kind)
        );
        say!("Next:    look through {}, then", path.display());
        say!("         staffrecord employer add 427 --name \"Name of the employer\"");
        say!("         staffrecord staff import staff.csv --employer 427");
        say!("         staffrecord serve");
        Ok(Ended::Done)
    }
}

/// What was given; or typed at a terminal; or the usual.
fn given(given: Option<String>, question: &str, usual: &str) -> Result<String, Failed> {
    if let Some(given) = given {
        return Ok(given);
    }
    if !io::stdin().is_terminal() {
        return Ok(usual.to_owned());
    }
    print!("{question} [{usual}]: ");
    io::stdout().flush().map_err(Failed::because)?;
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line).map_err(Failed::because)?;
    let typed = line.trim();
    Ok(if typed.is_empty() { usual } else { typed }.to_owned())
}

/// It may hold a password later, so only its owner reads it.
fn write_new(path: &Path, text: &str) -> io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    let mut file = fs::OpenOptions::new().create_new(true).write(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}
