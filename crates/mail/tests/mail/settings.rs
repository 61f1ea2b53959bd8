//! The `[mail]` table: what is right, and what a wrong one says.

use mail::{Settings, Transport};

const FROM: &str = "from = \"portal@example.nhs.uk\"\n";

fn opened(text: &str) -> Result<Transport, String> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("empty"), "\n").unwrap();
    std::fs::write(folder.path().join("secret"), "s3cret\r\n").unwrap();
    std::fs::write(folder.path().join("big"), "x".repeat(2 << 20)).unwrap();
    let settings: Settings = toml::from_str(text).map_err(|error| error.to_string())?;
    settings.open(folder.path()).map(|(transport, _)| transport).map_err(|error| error.to_string())
}

#[tokio::test]
async fn right_settings_open() {
    for (smtp, shown) in [
        ("host = \"mail.example.nhs.uk\"", "Smtp(mail.example.nhs.uk:587)"),
        ("host = \"mail.example.nhs.uk\", tls = \"tls\"", "Smtp(mail.example.nhs.uk:465)"),
        ("host = \"::1\", tls = \"none\"", "Smtp(::1:25)"),
        ("host = \"127.0.0.1\", tls = \"none\", port = 1025", "Smtp(127.0.0.1:1025)"),
        ("host = \"a\", username = \"u\", password_file = \"secret\", timeout_seconds = 600", "Smtp(a:587)"),
        ("host = \"a\", username = \"u\", password = \"p\"", "Smtp(a:587)"),
    ] {
        assert_eq!(format!("{:?}", opened(&format!("{FROM}smtp = {{ {smtp} }}")).unwrap()), shown);
    }
    assert!(
        opened(&format!("{FROM}from_name = \"Åström\"\nreply_to = \"a@b.uk\"\nfolder = \"x/y\"")).is_ok()
    );
}

#[test]
fn wrong_settings_name_the_key() {
    for (text, says) in [
        ("from = \"nobody\"\nfolder = \"x\"", "mail.from: this is no mail address"),
        ("from = \"a@b.uk\\r\\nBcc: c@d.uk\"\nfolder = \"x\"", "mail.from: this is no mail address"),
        (
            "from = \"a@b.uk\"\nfrom_name = \"a\\nb\"\nfolder = \"x\"",
            "mail.from_name: is over 200 bytes or has a line end",
        ),
        ("from = \"a@b.uk\"\nreply_to = \"b\"\nfolder = \"x\"", "mail.reply_to: this is no mail address"),
        ("from = \"a@b.uk\"", "mail: has neither smtp nor folder"),
        ("from = \"a@b.uk\"\nfolder = \"x\"\nsmtp = { host = \"a\" }", "mail: has both smtp and folder"),
        ("from = \"a@b.uk\"\nfolder = \"\"", "mail.folder: is empty"),
        ("from = \"a@b.uk\"\nfolder = \"secret/x\"", "mail.folder: the mail folder"),
        ("folder = \"x\"", "missing field `from`"),
        ("from = \"a@b.uk\"\nfolders = \"x\"", "unknown field `folders`, expected one of"),
        ("from = \"a@b.uk\"\nsmtp = { hosts = \"a\" }", "unknown field `hosts`, expected one of"),
        ("from = \"a@b.uk\"\nsmtp = { host = \"a\", port = 70000 }", "port"),
        (
            "from = \"a@b.uk\"\nsmtp = { host = \"a\", tls = \"ssl\" }",
            "\"ssl\" is none of starttls, tls, none",
        ),
    ] {
        let error = opened(text).unwrap_err();
        assert!(error.contains(says), "{text}: {error}");
    }
    for (smtp, says) in [
        ("host = \" \"", "mail.smtp.host: is no host name"),
        ("host = \"smtp://a\"", "mail.smtp.host: is no host name"),
        ("host = \"a\", port = 0", "mail.smtp.port: is 0"),
        ("host = \"a\", tls = \"none\"", "mail.smtp.tls: \"none\" is allowed to this very machine only"),
        ("host = \"localhost.example.com\", tls = \"none\"", "mail.smtp.tls: \"none\" is allowed"),
        ("host = \"a\", timeout_seconds = 0", "mail.smtp.timeout_seconds: is not between 1 and 600"),
        ("host = \"a\", timeout_seconds = 601", "mail.smtp.timeout_seconds: is not between 1 and 600"),
        ("host = \"a\", username = \"u\"", "mail.smtp.username: has no password or password_file"),
        ("host = \"a\", password = \"p\"", "mail.smtp.password: has no username"),
        ("host = \"a\", password_file = \"secret\"", "mail.smtp.password_file: has no username"),
        ("host = \"a\", username = \"u\", password = \"\"", "mail.smtp.password: is empty"),
        ("host = \"a\", username = \"u\", password_file = \"empty\"", "mail.smtp.password_file: is empty"),
        ("host = \"a\", username = \"u\", password_file = \"gone\"", "gone cannot be read"),
        ("host = \"a\", username = \"u\", password_file = \"big\"", "big is over 1 MiB"),
        (
            "host = \"a\", username = \"u\", password = \"p\", password_file = \"secret\"",
            "mail.smtp.password_file: stands beside password",
        ),
        ("host = \"a\", ca_file = \"gone\"", "gone cannot be read"),
        ("host = \"a\", ca_file = \"secret\"", "mail.smtp.ca_file: holds no certificate in PEM form"),
        ("host = \"localhost\", tls = \"none\", ca_file = \"secret\"", "mail.smtp.ca_file: is of no use"),
    ] {
        let error = opened(&format!("{FROM}smtp = {{ {smtp} }}")).unwrap_err();
        assert!(error.contains(says), "{smtp}: {error}");
    }
}

#[test]
fn no_password_is_shown() {
    let text = format!("{FROM}smtp = {{ host = \"a\", username = \"u\", password = \"s3cret\" }}");
    let settings: Settings = toml::from_str(&text).unwrap();
    assert!(!format!("{settings:?}").contains("s3cret"));
}
