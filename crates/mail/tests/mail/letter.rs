//! What a mail looks like.

use mail::{Block, Composer, Letter, Postman, Sender, Transport};
use store::{Clock, Entropy};

use crate::common::{Received, nine, queue, read_folder, status};

fn letter() -> Letter {
    Letter {
        subject: "Your username & a link".into(),
        blocks: vec![
            Block::Text(
                "Hello Helen O'Wsea,\n\nsomebody asked for this.\r\nIf it was not you, ring us.".into(),
            ),
            Block::Facts(vec![
                ("Employer".into(), "Åström <Trust>".into()),
                ("Username".into(), "427HOWSEA01".into()),
            ]),
            Block::Link {
                label: "Set a new password".into(),
                address: "https://portal.example.nhs.uk/link/ab?c=1&d=2".into(),
            },
        ],
    }
}

/// The letter as it comes out of a folder.
async fn delivered(letter: Letter) -> Received {
    let (folder, fresh) = (tempfile::tempdir().unwrap(), store::testing::lite().await);
    let clock = Clock::standing(nine());
    let transport = Transport::folder(folder.path()).unwrap();
    let sender =
        Sender::new("portal@example.nhs.uk", Some("Staff Récord"), Some("help@example.nhs.uk")).unwrap();
    let composer = Composer::new("letter", move |_| {
        let letter = letter.clone();
        async { Ok(Some(letter)) }
    });
    let postman =
        Postman::new(fresh.db.clone(), clock.clone(), Entropy::seeded(1), transport, sender, vec![composer]);
    let id = queue(&fresh.db, &clock, "first.last@nhs.net", "letter").await;
    postman.run_due().await.unwrap();
    assert_eq!(status(&fresh.db, id).await.answer, Some(format!("written to {id}.eml")));
    read_folder(folder.path()).remove(0)
}

#[test]
fn text_reads_as_it_should() {
    assert_eq!(
        letter().text(),
        "Hello Helen O'Wsea,\n\nsomebody asked for this.\nIf it was not you, ring us.\n\n\
         Employer: Åström <Trust>\nUsername: 427HOWSEA01\n\n\
         Set a new password:\nhttps://portal.example.nhs.uk/link/ab?c=1&d=2\n"
    );
}

#[test]
fn html_says_the_same_for_a_phone() {
    let html = letter().html();
    let body = html.split("<div style=\"").nth(1).unwrap();
    let (style, body) = body.split_once("\">\n").unwrap();
    assert!(style.contains("max-width:600px") && style.contains("font-size:18px"), "{style}");
    let button = "display:inline-block;padding:12px 16px;color:#ffffff;background:#005eb8;border-radius:4px;\
                  font-weight:bold;text-decoration:none";
    assert_eq!(
        body,
        format!(
            "<p style=\"margin:0 0 16px\">Hello Helen O&#39;Wsea,</p>\n\
             <p style=\"margin:0 0 16px\">somebody asked for this.<br>\nIf it was not you, ring us.</p>\n\
             <p style=\"margin:0 0 16px\">Employer<br>\n<strong>Åström &lt;Trust&gt;</strong></p>\n\
             <p style=\"margin:0 0 16px\">Username<br>\n<strong>427HOWSEA01</strong></p>\n\
             <p style=\"margin:0 0 16px\"><a href=\"https://portal.example.nhs.uk/link/ab?c=1&amp;d=2\" \
             style=\"{button}\">Set a new password</a></p>\n\
             <p style=\"margin:0 0 16px\">https://portal.example.nhs.uk/link/ab?c=1&amp;d=2</p>\n\
             </div>\n</body>\n</html>\n"
        )
    );
    assert!(html.contains("<title>Your username &amp; a link</title>"));
    assert!(html.contains("name=\"viewport\""));
    assert_eq!(
        (html.matches("href").count(), html.matches("<img").count(), html.matches("<style").count()),
        (1, 0, 0)
    );
}

#[test]
fn nothing_in_a_letter_becomes_markup() {
    let evil = "<script>alert(\"1\")</script>' onload='x";
    let html = Letter {
        subject: evil.into(),
        blocks: vec![
            Block::Text(evil.into()),
            Block::Facts(vec![(evil.into(), evil.into())]),
            Block::Link { label: evil.into(), address: format!("https://x/\"><script>{evil}") },
        ],
    }
    .html();
    assert!(!html.contains("<script") && !html.contains("' onload"), "{html}");
    assert_eq!(
        html.matches("&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&#39; onload=&#39;x").count(),
        7
    );
}

#[tokio::test]
async fn headers_say_who_when_and_that_no_person_wrote_it() {
    let mail = delivered(letter()).await;
    let (headers, _) = mail.raw.split_once("\r\n\r\n").unwrap();
    for line in [
        "From: =?utf-8?b?U3RhZmYgUsOpY29yZA==?= <portal@example.nhs.uk>",
        "To: first.last@nhs.net",
        "Reply-To: help@example.nhs.uk",
        "Subject: Your username & a link",
        "Date: Tue, 24 Nov 2026 09:00:00 +0000",
        "Auto-Submitted: auto-generated",
        "MIME-Version: 1.0",
    ] {
        assert!(headers.lines().any(|header| header == line), "{line} in\n{headers}");
    }
    assert!(mail.raw.contains("multipart/alternative"));
    assert_eq!(mail.text.replace("\r\n", "\n").trim_end(), letter().text().trim_end());
    assert_eq!(mail.html.replace("\r\n", "\n").trim_end(), letter().html().trim_end());
}

#[tokio::test]
async fn line_ends_add_no_header() {
    let block = Block::Text(".\r\n.\r\nFrom here\r\n--=_part--\0\u{7}\u{1b}[31m".into());
    let subject = "Hello\r\nBcc: everybody@nhs.net\r\n\r\n<p>\0 and Åström\n more";
    let mail = delivered(Letter { subject: subject.into(), blocks: vec![block] }).await;
    assert_eq!(mail.subject, "Hello Bcc: everybody@nhs.net <p> and Åström more");
    let (headers, _) = mail.raw.split_once("\r\n\r\n").unwrap();
    assert!(!headers.lines().any(|line| line.starts_with("Bcc")), "{headers}");
    assert_eq!(mail.text.trim_end(), ".\r\n.\r\nFrom here\r\n--=_part-- [31m");
}

#[tokio::test]
async fn long_lines_and_long_words_arrive_whole() {
    let word = "Donaudampfschifffahrt".repeat(100);
    let line = "wörter und ".repeat(400);
    let blocks = vec![Block::Text(format!("{word}\n\n{line}"))];
    let mail = delivered(Letter { subject: "lang ".repeat(60), blocks }).await;
    assert!(mail.raw.lines().all(|line| line.len() <= 998), "RFC 5322 §2.1.1");
    assert_eq!(mail.text.trim_end(), format!("{word}\r\n\r\n{}", line.trim_end()));
    assert_eq!(mail.subject.trim_end(), "lang ".repeat(60).trim_end());
}
