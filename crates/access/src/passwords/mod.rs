//! What makes a password good enough (NIST SP 800-63B-4 §3.1.1.2): long, not common, not breached, not made of what
//! everybody knows about its holder. No rules of composition, no expiry.

mod breached;
mod common;

use std::{collections::BTreeSet, path::Path, sync::Arc};

pub use breached::{Breached, BreachedError};
use deunicode::deunicode;
use web::{Language, Password};

use crate::{hasher::LONGEST, words};

/// The shortest word of a person's that matters: two letters stand in every password.
const SHORTEST_WORD: usize = 3;
/// So many characters a password has to have beside words that everybody knows.
const OWN_CHARACTERS: usize = 6;

/// Why a password is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weakness {
    /// Shorter than so many characters.
    Short {
        /// The least number.
        least: usize,
    },
    /// Longer than [`LONGEST`] characters.
    Long,
    /// On the list of common passwords, or one of them repeated or with a few characters about it.
    Common,
    /// On the operator's list of breached passwords.
    Breached,
    /// Made of the person's names, username, employer or the like.
    Personal,
}

/// Judges passwords. Cheap to clone.
#[derive(Clone, Default)]
pub struct Judge {
    breached: Option<Arc<Breached>>,
}

/// What everybody knows about a person: words that count for nothing in their password.
#[derive(Clone, Debug, Default)]
pub struct Known(BTreeSet<String>);

impl Known {
    /// Takes the words of `text`, and the whole of it.
    #[must_use]
    pub fn and(mut self, text: &str) -> Self {
        let plain = plain(text);
        let words = plain.split(|c: char| !c.is_alphanumeric()).map(str::to_owned);
        let whole = plain.chars().filter(|c| c.is_alphanumeric()).collect();
        self.0.extend(words.chain([whole]).filter(|word: &String| word.chars().count() >= SHORTEST_WORD));
        self
    }
}

impl Judge {
    /// A judge with the operator's list of breached passwords, if there is one.
    ///
    /// # Errors
    /// Where the list cannot be read or is not sorted.
    pub fn new(breached: Option<&Path>) -> Result<Self, BreachedError> {
        Ok(Self { breached: breached.map(Breached::open).transpose()?.map(Arc::new) })
    }

    /// What is wrong with `password`, if anything, where at least `least` characters are asked for.
    pub async fn weakness(&self, password: &Password, least: usize, known: &Known) -> Option<Weakness> {
        if let Some(weakness) = weakness(password.reveal(), least, known) {
            return Some(weakness);
        }
        let (breached, password) = (self.breached.clone()?, password.clone());
        let found = tokio::task::spawn_blocking(move || breached.contains(password.reveal())).await;
        match found {
            Ok(Ok(true)) => Some(Weakness::Breached),
            Ok(Ok(false)) => None,
            // A list that cannot be read keeps nobody from setting a password; `check` shows it.
            Ok(Err(error)) => {
                tracing::error!(%error, "the list of breached passwords cannot be read");
                None
            }
            Err(_) => None,
        }
    }
}

impl Weakness {
    /// What is wrong and what to do, for the person.
    #[must_use]
    pub fn words(self, language: Language) -> String {
        words::weakness(language, self)
    }
}

fn weakness(password: &str, least: usize, known: &Known) -> Option<Weakness> {
    let length = password.chars().count();
    if length > LONGEST {
        return Some(Weakness::Long);
    }
    if length < least {
        return Some(Weakness::Short { least });
    }
    let plain = plain(password);
    if is_common(&plain) {
        return Some(Weakness::Common);
    }
    // A word that is taken out leaves a gap, so that what stood about it does not join to another word.
    let mut rest = plain;
    let mut words: Vec<&String> = known.0.iter().collect();
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    let before = rest.clone();
    for word in words {
        rest = rest.replace(word.as_str(), "\n");
    }
    let own = rest.chars().filter(|c| c.is_alphabetic()).count();
    (rest != before && own < OWN_CHARACTERS).then_some(Weakness::Personal)
}

/// Whether it is common as it is, without digits and signs at its ends, or as one common piece over and over.
fn is_common(plain: &str) -> bool {
    let trimmed = plain.trim_matches(|c: char| !c.is_alphabetic());
    let closed: String = plain.chars().filter(|c| c.is_alphanumeric()).collect();
    [plain, trimmed, &closed].iter().any(|form| common::contains(form) || repeats(form)) || runs(plain)
}

/// Whether it is one short piece written several times: `passwordpassword`, `abcabcabcabcabc`, `aaaaaaaaaaaaaaa`.
fn repeats(plain: &str) -> bool {
    let characters: Vec<char> = plain.chars().collect();
    (1..=characters.len() / 2).any(|length| {
        let (piece, rest) = characters.split_at(length);
        let repeated = rest.chunks(length).all(|chunk| piece.starts_with(chunk));
        repeated && (length <= 4 || common::contains(&piece.iter().collect::<String>()))
    })
}

/// Whether it only counts up or down: `123456789012345`, `abcdefghijklmno`.
fn runs(plain: &str) -> bool {
    let steps: Vec<i64> = plain
        .chars()
        .zip(plain.chars().skip(1))
        .map(|(a, b)| i64::from(u32::from(b)) - i64::from(u32::from(a)))
        .collect();
    let of_run = |step: &&i64| matches!(step, -1..=1 | -9 | 9);
    steps.len() > 3 && steps.iter().filter(of_run).count() == steps.len()
}

/// Lower case, without accents; other scripts are kept.
fn plain(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_alphabetic() && c < '\u{250}' { deunicode(&c.to_string()) } else { c.to_string() })
        .collect::<String>()
        .to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::{Known, Weakness, weakness};

    fn known() -> Known {
        Known::default()
            .and("Helen O'Wsea")
            .and("427HOWSEA01")
            .and("Northern General Hospital")
            .and("NHS Electronic Staff Record")
            .and("helen.owsea@nhs.net")
    }

    #[test]
    fn refused_for_the_right_reason() {
        for (password, reason) in [
            ("", Weakness::Short { least: 15 }),
            ("fourteen chars", Weakness::Short { least: 15 }),
            (&"x y".repeat(43), Weakness::Long),
            ("passwordpassword", Weakness::Common),
            ("iloveyou iloveyou", Weakness::Common),
            ("Password12345678", Weakness::Common),
            ("aaaaaaaaaaaaaaaaaaa", Weakness::Common),
            ("ab12 ab12 ab12 ab12", Weakness::Common),
            ("123456789012345678", Weakness::Common),
            ("abcdefghijklmnopq", Weakness::Common),
            ("qwertyuiopqwertyuiop", Weakness::Common),
            ("Helen O'Wsea 1980", Weakness::Personal),
            ("427HOWSEA01-427HOWSEA01", Weakness::Personal),
            ("NorthernGeneralHospital7", Weakness::Personal),
            ("HÉLEN-wsea-2026-!", Weakness::Personal),
            ("nhselectronicstaffrecord", Weakness::Personal),
        ] {
            assert_eq!(weakness(password, 15, &known()), Some(reason), "{password}");
        }
    }

    #[test]
    fn taken_in_any_script_with_spaces_and_up_to_128_characters() {
        for password in [
            "correct horse battery staple",
            "my cat sits on helen",
            "fünfzehn Äpfel im Baum",
            "一二三四五六七八九十日月火水木",
            "три толстяка и кот",
            "               spaces about               ",
            "🐝🐢🐈🌧️🌳🏥🚲🎻🥖🧦🪁🛶🧭🎈🪴",
        ] {
            assert_eq!(weakness(password, 15, &known()), None, "{password}");
        }
        let longest: String = "the quick brown fox jumps over ".chars().cycle().take(128).collect();
        assert_eq!(weakness(&longest, 15, &known()), None);
    }
}
