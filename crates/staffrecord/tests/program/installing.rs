//! `init`, `check`, and configurations that cannot stand.

use std::{fs, os::unix::fs::PermissionsExt};

use crate::common::{
    installation::{Installation, run},
    mailbox::MailServer,
    staff::staffed,
};

fn mode(file: &std::path::Path) -> u32 {
    fs::metadata(file).unwrap().permissions().mode() & 0o777
}

#[test]
fn init_makes_an_installation_that_only_its_owner_reads() {
    let folder = tempfile::tempdir().unwrap();
    run(folder.path(), &["init"])
        .ends(0)
        .says("Written: staffrecord.toml")
        .says("staffrecord employer add 427");
    for file in ["staffrecord.toml", "staffrecord.sqlite", "keys/cookie-0001.key", "keys/form-0001.key"] {
        assert_eq!(mode(&folder.path().join(file)), 0o600, "{file}");
    }
    for inner in ["keys", "mail"] {
        assert_eq!(mode(&folder.path().join(inner)), 0o700, "{inner}");
    }
    let written = fs::read(folder.path().join("staffrecord.toml")).unwrap();
    run(folder.path(), &["check"]).ends(0).says("ok    configuration").says("up to date");

    run(folder.path(), &["init"]).ends(1).says("is there already");
    assert_eq!(fs::read(folder.path().join("staffrecord.toml")).unwrap(), written);

    run(folder.path(), &["--config", "other/portal.toml", "init"]).ends(0);
    assert!(
        folder.path().join("other/staffrecord.sqlite").exists(),
        "paths are from the configuration's folder"
    );
    run(folder.path(), &["--config", "other/portal.toml", "check"]).ends(0);
}

#[test]
fn what_init_cannot_use_it_names_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    for (arguments, says) in [
        (["--address", "portal.example"], "site.address"),
        (["--name", " "], "site.name"),
        (["--mail-from", "nobody"], "mail.from"),
        (["--database", "mysql://localhost/x"], "mysql"),
    ] {
        run(folder.path(), &[&["init"], &arguments[..]].concat()).ends(1).says(says);
        assert!(!folder.path().join("staffrecord.toml").exists(), "{arguments:?}");
    }
}

#[test]
fn before_init_every_command_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [&["serve"][..], &["access", "why", "427HOWSEA01"], &["audit", "verify"]] {
        run(folder.path(), arguments).ends(1).says("staffrecord.toml").says("staffrecord init");
    }
    run(folder.path(), &["check"]).ends(3).says("WRONG").says("staffrecord init");
    let installation = Installation::new();
    fs::remove_file(installation.path("staffrecord.sqlite")).unwrap();
    installation.run(&["serve"]).ends(1).says("There is no database").says("staffrecord init");
}

#[test]
fn a_configuration_that_cannot_stand_is_refused_by_name() {
    for (from, to, says) in [
        ("\nlisten = ", "\nlisen = ", &["`lisen`", "Did you mean `listen`?"][..]),
        ("[serve]", "[server]", &["`server`", "Did you mean `serve`?"]),
        ("hash_passes = 1", "hash_passes = 0", &["hash_passes"]),
        (
            "\nlisten = \"127.0.0.1:0\"",
            "\nlisten = \"0.0.0.0:0\"",
            &["serve.listen", "serve.tls_certificate", "serve.trusted_proxies"],
        ),
        ("level = \"info\"", "level = \"loud\"", &["log.level", "\"loud\""]),
        (
            "address = \"https://portal.example\"",
            "address = \"https://portal.example/here\"",
            &["site.address"],
        ),
        ("folder = \"mail\"", "", &["mail", "smtp", "folder"]),
        (
            "sqlite:staffrecord.sqlite",
            "postgres://portal:hush@127.0.0.1:1/x",
            &["postgres://…@127.0.0.1:1/x"],
        ),
    ] {
        let installation = Installation::new();
        installation.change(from, to);
        let ran = installation.run(&["serve"]);
        ran.ends(1).says_not("hush").says_not("panicked");
        for words in says {
            ran.says(words);
        }
        installation.run(&["check"]).ends(3).says("WRONG").says(says[0]);
    }
}

#[test]
fn check_says_what_a_fresh_installation_lacks() {
    let installation = Installation::new();
    let fresh = installation.run(&["check"]);
    fresh
        .ends(0)
        .says("no employer yet")
        .says("access.breached_passwords")
        .says("reaches nobody")
        .says_not("WRONG");
    let installation = staffed(installation);
    let staffed = installation.run(&["check"]);
    staffed.ends(0).says_not("no employer").says_not("entries wait to be sealed").says_not("WRONG");
    installation.does(&["employer", "add", "999", "--name", "Hill Trust"]);
    installation
        .run(&["check"])
        .ends(3)
        .says("WRONG employer 999: no mail domain")
        .says("employer 999: no staff yet");
}

#[test]
fn check_finds_what_does_not_work() {
    let installation = staffed(Installation::new());
    let key = installation.path("keys/cookie-0001.key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    installation.run(&["check"]).ends(3).says("WRONG keys").says("chmod 600");
    installation.run(&["serve"]).ends(1).says("chmod 600");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    installation.run(&["check"]).ends(0);

    let hashes: Vec<String> =
        (10..99).map(|number| format!("{}:3\n", number.to_string().repeat(20))).collect();
    let backwards: String = hashes.iter().rev().cloned().collect();
    for (list, says) in
        [(backwards, Some("not sorted")), ("password\n".to_owned(), Some("SHA-1")), (hashes.concat(), None)]
    {
        installation.write("breached.txt", list);
        if !fs::read_to_string(installation.path("staffrecord.toml"))
            .unwrap()
            .contains("\nbreached_passwords")
        {
            installation.change("#breached_passwords", "breached_passwords");
        }
        match says {
            Some(says) => {
                installation.run(&["check"]).ends(3).says("WRONG").says(says);
                installation.run(&["serve"]).ends(1).says(says);
            }
            None => {
                installation.run(&["check"]).ends(0).says("ok    breached passwords");
            }
        }
    }

    installation.write("nonsense.pem", "not a certificate");
    installation.change(
        "#tls_certificate = \"certificate.pem\"\n#tls_key = \"key.pem\"",
        "tls_certificate = \"nonsense.pem\"\ntls_key = \"nonsense.pem\"",
    );
    installation.run(&["check"]).ends(3).says("WRONG HTTPS").says("nonsense.pem");
    installation.run(&["serve"]).ends(1).says("nonsense.pem");
}

#[test]
fn check_tries_the_mail_server() {
    let installation = staffed(Installation::new());
    let server = MailServer::starttls(&installation);
    installation.run(&["check"]).ends(0).says("ok    mail: the server takes us");
    installation.write("smtp-password", "wrong words");
    installation.run(&["check"]).ends(3).says("WRONG mail").says("535 5.7.8 wrong username or password");
    installation.write("smtp-password", "right words");
    // Nobody has signed this certificate whom the system knows.
    installation.change("ca_file = \"smtp-ca.pem\", ", "");
    installation.run(&["check"]).ends(3).says("WRONG mail").says("does not encrypt as asked");
    drop(server);
    installation.run(&["check"]).ends(3).says("WRONG mail").says("cannot be reached");
}
