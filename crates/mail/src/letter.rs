//! What a mail says, and how it looks as plain text and as HTML.

/// A mail's words. It renders to a text and an HTML part that say the same; everything in it is escaped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// The subject; line ends and other control characters become spaces.
    pub subject: String,
    /// The body, in order.
    pub blocks: Vec<Block>,
}

/// A piece of a [`Letter`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    /// Paragraphs, parted by an empty line.
    Text(String),
    /// Names and what they are, one under the other.
    Facts(Vec<(String, String)>),
    /// A link, shown as its label and as its full address.
    Link {
        /// What it does.
        label: String,
        /// An `http` or `https` address.
        address: String,
    },
}

/// Why a letter cannot be sent: a mistake of its composer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LetterError {
    /// Only web addresses may be linked.
    #[error("a link of the letter is no http or https address")]
    Address,
}

impl Letter {
    /// The subject in one line.
    #[must_use]
    pub fn subject_line(&self) -> String {
        one_line(&self.subject)
    }

    /// The plain text part.
    #[must_use]
    pub fn text(&self) -> String {
        let blocks: Vec<String> = self
            .blocks
            .iter()
            .map(|block| match block {
                Block::Text(text) => paragraphs(text).join("\n\n"),
                Block::Facts(facts) => {
                    let lines: Vec<String> = facts
                        .iter()
                        .map(|(name, value)| format!("{}: {}", one_line(name), one_line(value)))
                        .collect();
                    lines.join("\n")
                }
                Block::Link { label, address } => format!("{}:\n{}", one_line(label), one_line(address)),
            })
            .collect();
        blocks.join("\n\n") + "\n"
    }

    /// The HTML part: one column, readable on a phone, no images, styles only inline, no link but the blocks' own.
    #[must_use]
    pub fn html(&self) -> String {
        let body: String = self
            .blocks
            .iter()
            .flat_map(|block| match block {
                Block::Text(text) => {
                    paragraphs(text).iter().map(|lines| escaped(lines).replace('\n', "<br>\n")).collect()
                }
                Block::Facts(facts) => facts
                    .iter()
                    .map(|(name, value)| (escaped(&one_line(name)), escaped(&one_line(value))))
                    .map(|(name, value)| format!("{name}<br>\n<strong>{value}</strong>"))
                    .collect(),
                Block::Link { label, address } => {
                    let (label, address) = (escaped(&one_line(label)), escaped(&one_line(address)));
                    vec![format!("<a href=\"{address}\" style=\"{BUTTON}\">{label}</a>"), address]
                }
            })
            .map(|paragraph| format!("<p style=\"{PARAGRAPH}\">{paragraph}</p>\n"))
            .collect();
        let subject = escaped(&self.subject_line());
        format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{subject}</title>\n</head>\n\
             <body style=\"margin:0;padding:0;background:#ffffff\">\n<div style=\"{COLUMN}\">\n{body}</div>\n</body>\n</html>\n"
        )
    }

    pub(crate) fn check(&self) -> Result<(), LetterError> {
        let sound = self.blocks.iter().all(|block| match block {
            Block::Link { address, .. } => {
                (address.starts_with("https://") || address.starts_with("http://"))
                    && !address.contains(|c: char| c.is_whitespace() || c.is_control())
            }
            Block::Text(_) | Block::Facts(_) => true,
        });
        if sound { Ok(()) } else { Err(LetterError::Address) }
    }
}

const COLUMN: &str = "max-width:600px;margin:0 auto;padding:16px;color:#212b32;background:#ffffff;\
                      font-family:Arial,Helvetica,sans-serif;font-size:18px;line-height:1.5;overflow-wrap:anywhere";
const PARAGRAPH: &str = "margin:0 0 16px";
const BUTTON: &str = "display:inline-block;padding:12px 16px;color:#ffffff;background:#005eb8;border-radius:4px;\
                      font-weight:bold;text-decoration:none";

/// Paragraphs of trimmed lines, without control characters.
fn paragraphs(text: &str) -> Vec<String> {
    let mut paragraphs: Vec<Vec<String>> = vec![Vec::new()];
    for line in text.replace("\r\n", "\n").split(['\n', '\r']) {
        let line = one_line(line);
        match paragraphs.last_mut() {
            Some(last) if !line.is_empty() => last.push(line),
            _ => paragraphs.push(Vec::new()),
        }
    }
    paragraphs.into_iter().filter(|lines| !lines.is_empty()).map(|lines| lines.join("\n")).collect()
}

/// The text in one line: control characters are spaces, and one space stands for many.
fn one_line(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ")
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}
