//! What is looked for, and which devices are phones.

use crate::courses::plain;

/// So many letters may be looked for.
const MOST_TYPED: usize = 100;
/// So many words are looked for; more of them narrow nothing.
pub(super) const WORDS: usize = 4;

/// What somebody looks for: patterns that a course's title, code or description has to match, all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sought(pub(super) [String; WORDS]);

/// Everything fits.
impl Default for Sought {
    fn default() -> Self {
        Self([(); WORDS].map(|()| "%".to_owned()))
    }
}

impl Sought {
    /// Reads what was typed; `None` where it is too long.
    pub(super) fn parse(typed: &str) -> Option<Self> {
        if typed.chars().count() > MOST_TYPED {
            return None;
        }
        let mut words = typed.split_whitespace().map(pattern);
        Some(Self([(); WORDS].map(|()| words.next().unwrap_or_else(|| "%".to_owned()))))
    }
}

/// The pattern of `LIKE` for a word somewhere, whose own signs mean nothing.
fn pattern(word: &str) -> String {
    let plain: String = plain(word)
        .chars()
        .flat_map(|c| matches!(c, '%' | '_' | '\\').then_some('\\').into_iter().chain([c]))
        .collect();
    format!("%{plain}%")
}

/// Whether a device, as `web` names it, is a phone.
pub(super) fn is_phone(device: &str) -> bool {
    ["iPhone", "Android"].iter().any(|phone| device.ends_with(phone))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_of_a_pattern_are_letters_like_others() {
        let words = |typed: &str| Sought::parse(typed).map(|sought| sought.0);
        assert_eq!(
            words("  Fire 100%_\\ "),
            Some(["%fire%", "%100\\%\\_\\\\%", "%", "%"].map(str::to_owned))
        );
        assert_eq!(words("a b c d e"), Some(["%a%", "%b%", "%c%", "%d%"].map(str::to_owned)));
        assert_eq!(words(&"ä".repeat(100)).map(|_| ()), Some(()));
        assert_eq!(words(&"ä".repeat(101)), None);
    }

    #[test]
    fn a_phone_is_told_from_a_computer() {
        for (device, phone) in [
            ("Safari on iPhone", true),
            ("Chrome on Android", true),
            ("Samsung Internet on Android", true),
            ("Safari on iPad", false),
            ("Edge on Windows", false),
            ("a browser that we do not recognise", false),
        ] {
            assert_eq!(is_phone(device), phone, "{device}");
        }
    }
}
