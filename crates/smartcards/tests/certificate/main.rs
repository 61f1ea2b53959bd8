//! What a card's certificate proves, and why it proves nothing.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod cards;
mod files;
mod handshake;
mod lists;
mod proxy;
mod revocation;

use std::{fs, path::PathBuf};

use rustls::pki_types::CertificateDer;
use serde_json::json;
use smartcards::{
    certificate::{Card, CardRefused, Checker, Settings},
    testing::{self, Authority, Issued, rcgen::SerialNumber},
};
use store::Instant;
use tempfile::TempDir;

const UUID: &str = "555012345678";

fn at(text: &str) -> Instant {
    text.parse().unwrap()
}

fn now() -> Instant {
    at("2026-11-24T09:00:00Z")
}

/// Yesterday's list is good for a week.
fn last_update() -> Instant {
    at("2026-11-23T09:00:00Z")
}

fn next_update() -> Instant {
    at("2026-11-30T09:00:00Z")
}

/// An authority, its list, and the files of both.
struct Site {
    folder: TempDir,
    authority: Authority,
}

impl Site {
    fn new() -> Self {
        Self::of(Authority::root(testing::authority("Card Authority")))
    }

    fn of(authority: Authority) -> Self {
        let site = Self { folder: tempfile::tempdir().unwrap(), authority };
        site.write("authorities.pem", site.authority.certificate.pem());
        site.revoke(&[]);
        site
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path(name), content).unwrap();
    }

    fn revoke(&self, revoked: &[&SerialNumber]) {
        self.write("list.pem", self.authority.list(last_update(), next_update(), revoked).pem().unwrap());
    }

    fn card(&self) -> Issued {
        self.authority.issue(testing::card(UUID))
    }

    fn checker(&self) -> Checker {
        Checker::open(&settings(&["list.pem"]), self.folder.path()).unwrap()
    }
}

fn settings(lists: &[&str]) -> Settings {
    let settings = json!({
        "host": "card.portal.example",
        "authorities": "authorities.pem",
        "revocation_lists": lists,
    });
    serde_json::from_value(settings).unwrap()
}

/// What becomes of a card that is shown without anything else.
fn shown(checker: &Checker, card: &Issued) -> Result<Card, CardRefused> {
    checker.check(&[card.der()], now())
}

fn der(authority: &Authority) -> CertificateDer<'static> {
    authority.certificate.der().clone()
}
