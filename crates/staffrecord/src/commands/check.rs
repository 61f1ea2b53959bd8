//! What is wrong with this installation, and how to mend it.

use std::path::Path;

use store::jobs;

use super::{Ended, Failed, opened::Opened};
use crate::{config::Config, serve};

/// What was found, in order.
#[derive(Default)]
struct Findings {
    lines: Vec<(Severity, String)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Severity {
    Good,
    /// It works, and should be better.
    Note,
    /// It does not work.
    Wrong,
}

impl Findings {
    fn good(&mut self, says: impl Into<String>) {
        self.lines.push((Severity::Good, says.into()));
    }

    fn note(&mut self, says: impl Into<String>) {
        self.lines.push((Severity::Note, says.into()));
    }

    fn wrong(&mut self, says: impl Into<String>) {
        self.lines.push((Severity::Wrong, says.into()));
    }
}

/// A mail that has waited so long says that something is wrong with the mail server.
const MAIL_WAITS_SECONDS: i64 = 900;

pub(super) async fn run(path: &Path) -> Result<Ended, Failed> {
    let mut findings = Findings::default();
    match Opened::without_schema(path).await {
        Err(failed) => findings.wrong(failed.to_string()),
        Ok(opened) => {
            findings.good(format!("configuration: {}", path.display()));
            configuration(&opened.config, &mut findings).await;
            if let Err(error) = database(&opened, &mut findings).await {
                findings.wrong(format!("database: {error}"));
            }
            opened.db.close().await;
        }
    }
    for (severity, says) in &findings.lines {
        let mark = match severity {
            Severity::Good => "ok   ",
            Severity::Note => "note ",
            Severity::Wrong => "WRONG",
        };
        say!("{mark} {says}");
    }
    let wrong = findings.lines.iter().any(|(severity, _)| *severity == Severity::Wrong);
    Ok(if wrong { Ended::Found } else { Ended::Done })
}

async fn configuration(config: &Config, findings: &mut Findings) {
    match config.keys(&store::Entropy::system()) {
        Ok(_) => findings.good(format!("keys: {}", config.keys_folder().display())),
        Err(error) => findings.wrong(format!("keys: {error}")),
    }
    if let (Some(certificate), Some(key)) = (&config.serve.tls_certificate, &config.serve.tls_key) {
        match serve::tls(&config.path(certificate), &config.path(key)) {
            Ok(_) => findings.good("HTTPS: the certificate and its key belong together"),
            Err(error) => findings.wrong(format!("HTTPS: {error}")),
        }
    } else if config.site.address.starts_with("http:") {
        findings.note("site.address begins with http: browsers keep the log-in cookie only over HTTPS, except on localhost");
    }
    if let Err(error) = access::hasher::Hasher::start(&config.access, store::Entropy::system()) {
        findings.wrong(format!("[access] {error}"));
    }
    cards(config, findings);
    courses(config, findings);
    match &config.access.breached_passwords {
        None => findings.note(
            "no list of breached passwords is set: people may choose a password that was stolen elsewhere. Set access.breached_passwords.",
        ),
        Some(list) => match access::passwords::Breached::open(&config.path(list)) {
            Ok(_) => findings.good("breached passwords: the list can be searched"),
            Err(error) => findings.wrong(error.to_string()),
        },
    }
    if config.audit.anchor.is_none() {
        findings.note("no anchor file is set: a trail whose end was cut off could not be told from a shorter one. Set audit.anchor.");
    }
    match config.mail.open(&config.folder) {
        Err(error) => findings.wrong(error.to_string()),
        Ok((transport, _)) => match transport.check().await {
            Err(error) => findings.wrong(format!("mail: {error}")),
            Ok(()) if config.mail.folder.is_some() => {
                findings.note("mail: it is written to a folder and reaches nobody. Set mail.smtp and take out mail.folder.");
            }
            Ok(()) => findings.good("mail: the server takes us"),
        },
    }
}

fn cards(config: &Config, findings: &mut Findings) {
    if let Some(settings) = &config.access.smartcard_certificates {
        match smartcards::certificate::Checker::open(settings, &config.folder) {
            Err(error) => findings.wrong(error.to_string()),
            Ok(checker) => {
                let found = checker.findings(store::Clock::system().now());
                if found.is_empty() {
                    findings.good("smartcards: authorities and revocation lists are current");
                }
                for finding in found {
                    let says = format!(
                        "smartcards: {}: {}. {}",
                        finding.path.display(),
                        finding.what,
                        finding.to_do
                    );
                    if finding.refuses { findings.wrong(says) } else { findings.note(says) }
                }
            }
        }
        if let Err(error) = settings.proxy_secret(&config.folder) {
            findings.wrong(error.to_string());
        }
    }
    let Ok(site) = config.site() else { return };
    let (settings, clock) = (&config.access.smartcard_providers, store::Clock::system());
    match access::smartcard::providers(settings, &config.folder, &site, &clock) {
        Ok(providers) => {
            let returns = site.link(access::smartcard::RETURN_PATH);
            for provider in providers {
                findings.good(format!("smartcards: {} sends people back to {returns}", provider.name()));
            }
        }
        Err(error) => findings.wrong(error.to_string()),
    }
}

/// Where courses are served from, and where their files lie.
fn courses(config: &Config, findings: &mut Findings) {
    let settings = &config.learning;
    let Ok(site) = config.site() else { return };
    let Some(source) = settings.content_source(&site) else {
        findings.note(
            "e-Learning: no host name for courses is set, so none can be opened. Set learning.content_base",
        );
        return;
    };
    if settings.content_host.is_some() {
        findings.note(format!(
            "e-Learning: all courses are served from {source}, so that one can read what another keeps in the browser. Set \
             learning.content_base instead, where you can have a wildcard name"
        ));
    } else {
        findings.good(format!("e-Learning: courses are served from {source}"));
    }
    let portal_above = |host: &str| host.ends_with(&format!(".{}", site.host()));
    let host = settings.content_base.as_ref().or(settings.content_host.as_ref());
    if host.is_some_and(|host| portal_above(host)) && !site.host().ends_with("localhost") {
        findings.note(
            "e-Learning: the host names of courses are below the portal's own. Another domain keeps courses from setting cookies for it",
        );
    }
    match learning::courses::Files::open(&settings.files_in(&config.folder)) {
        Ok(_) => findings
            .good(format!("e-Learning: files of courses: {}", settings.files_in(&config.folder).display())),
        Err(error) => findings.wrong(error.to_string()),
    }
}

/// Which keys for pay are needed, and whether they are there.
fn pay_keys(opened: &Opened, needed: &[payslips::runs::KeyNeeded], findings: &mut Findings) {
    let Ok(keys) = opened.config.keys(&opened.entropy) else { return };
    let (newest, held) = (keys.newest_for_pay(), keys.numbers_for_pay());
    for key in needed.iter().filter(|key| key.number > 0) {
        let (number, runs) = (key.number, key.runs);
        if !held.contains(&number) {
            findings.wrong(format!(
                "keys: pay-{number:04}.key is missing, and {runs} run(s) of payslips cannot be opened without it: restore it from your backup"
            ));
        } else if number < newest {
            findings.note(format!("keys: pay-{number:04}.key is needed still by {runs} run(s) of payslips; a running `serve` seals them anew"));
        }
    }
    let least = needed.iter().map(|key| key.number).filter(|number| *number > 0).min().unwrap_or(newest);
    for number in held.iter().filter(|number| **number < least.min(newest)) {
        findings.note(format!("keys: nothing needs pay-{number:04}.key any more; backups from before may"));
    }
    if needed.iter().any(|key| key.number == 0) && opened.config.payslips.encrypt {
        findings.note("payslips: some are not sealed. `staffrecord keys rotate` has them sealed");
    }
}

async fn database(opened: &Opened, findings: &mut Findings) -> Result<(), store::StoreError> {
    let pending = opened.db.pending_migrations().await?;
    if !pending.is_empty() {
        for migration in pending {
            findings.note(format!(
                "database: `serve` will make change {} ({})",
                migration.version, migration.description
            ));
        }
        return Ok(());
    }
    findings.good(format!("database: {}, up to date", opened.db.kind()));
    let mut reader = opened.db.read().await?;
    let employers = records::employers(&mut reader.tx()).await?;
    if employers.is_empty() {
        findings.note("no employer yet: `staffrecord employer add 427 --name \"…\"`");
    }
    for employer in employers {
        let (code, settings) = (&employer.code, &employer.settings);
        if settings.mail_domains.is_empty() {
            findings.wrong(format!("employer {code}: no mail domain, so nobody there can be mailed. `staffrecord employer set {code} --set mail_domains=…`"));
        }
        if settings.service_desk.phone.is_empty() {
            findings.note(format!("employer {code}: no service desk's number, so dead ends help nobody. `staffrecord employer set {code} --set service_desk.phone=…`"));
        }
        if employer.record_change == 0 {
            findings.note(format!(
                "employer {code}: no staff yet. `staffrecord staff import FILE.csv --employer {code}`"
            ));
        }
    }
    pay_keys(opened, &payslips::runs::keys_needed(&mut reader.tx()).await?, findings);
    let dead = jobs::dead(&mut reader.tx()).await?;
    for job in &dead {
        findings.wrong(format!(
            "job {} ({}) was given up on {}: {}",
            job.id, job.kind, job.dead_at, job.last_error
        ));
    }
    let queue = mail::queue(&mut reader.tx()).await?;
    let now = opened.clock.now();
    match queue.oldest {
        Some(oldest) if now.seconds_since(oldest) > MAIL_WAITS_SECONDS => {
            let answer = queue.answer.unwrap_or_else(|| "nothing was said".into());
            findings.wrong(format!(
                "mail: {} wait, the oldest since {oldest}. The server's last answer: {answer}",
                queue.waiting
            ));
        }
        _ => findings.good(format!("mail: {} wait to be sent", queue.waiting)),
    }
    let unsealed = audit::unsealed(&mut reader.tx()).await?;
    if unsealed > 0 {
        findings.note(format!(
            "trail: {unsealed} entries wait to be sealed; a running `serve` does it within a second"
        ));
    }
    Ok(())
}
