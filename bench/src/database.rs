//! Where a figure's portal keeps its data: in a file of SQLite's, or in a database of its own on a server of PostgreSQL's.

use std::{env, fs, path::PathBuf};

use crate::{
    Failed,
    server::processor_seconds,
    sql::{self, SERVER},
};

/// A database for one portal.
pub(crate) struct Database {
    address: String,
    /// The server and the database's name there, where it is PostgreSQL's.
    on_server: Option<(String, String)>,
}

impl Database {
    /// An empty one; `kind` is `SQLite` or `PostgreSQL`.
    pub(crate) async fn make(kind: &str, name: &str) -> Result<Self, Failed> {
        if kind == "SQLite" {
            return Ok(Self { address: "sqlite:staffrecord.sqlite".into(), on_server: None });
        }
        let Ok(server) = env::var(SERVER) else {
            return Err(Failed::because(format!("{SERVER} names no server; `cargo xtask bench` starts one")));
        };
        let database = format!("bench_{name}_{}", std::process::id());
        sql::run(
            &server,
            &[format!("DROP DATABASE IF EXISTS {database}"), format!("CREATE DATABASE {database}")],
        )
        .await?;
        Ok(Self { address: format!("{server}/{database}"), on_server: Some((server, database)) })
    }

    /// As the portal's configuration names it.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// The processor time that processes of the database's own have used so far, in seconds: none on SQLite, which is a part of the portal.
    pub(crate) async fn processor_seconds(&self) -> Result<f64, Failed> {
        let Some((server, database)) = &self.on_server else { return Ok(0.0) };
        let mut seconds = 0.0;
        for process in sql::processes(server, database).await? {
            let folder = PathBuf::from(format!("/proc/{process}"));
            if fs::read_to_string(folder.join("comm"))?.trim() != "postgres" {
                return Err(Failed::because(format!("PostgreSQL at {server} is not on this machine")));
            }
            seconds += processor_seconds(&folder)?;
        }
        Ok(seconds)
    }

    /// Lets a server do what it does by itself in the minutes after very much was written.
    pub(crate) async fn settle(&self) -> Result<(), Failed> {
        match &self.on_server {
            Some((server, database)) => sql::settle(server, database).await,
            None => Ok(()),
        }
    }

    /// Drops it, where it is a server's.
    pub(crate) async fn end(self) -> Result<(), Failed> {
        match self.on_server {
            Some((server, database)) => sql::run(&server, &[format!("DROP DATABASE {database}")]).await,
            None => Ok(()),
        }
    }
}
