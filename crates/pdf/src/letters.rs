//! Which letters a document is set with: what no font has would be an error in an accessible PDF.

use typst::foundations::Str;

use crate::render::fonts;

/// What stands for a letter that cannot be set.
pub(crate) const UNKNOWN: char = '\u{FFFD}';
/// A word with more letters would run out of its column or off the page: a line may end after each [`PART`] of it. Addresses are
/// shorter, and are copied from documents as they are.
const LONGEST_WORD: usize = 40;
const PART: usize = 24;
/// Where a line may end; it has no width.
const MAY_END: char = '\u{200B}';

/// How much of a text is set as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Letters {
    /// Every letter that some font has.
    Known,
    /// What surely can be set: for telling a fault of the template from one of the text.
    Plain,
}

impl Letters {
    /// The text as it is set: lines end with `\n`, other control characters are spaces, and whatever makes text stand
    /// in another order than it is written is left out, since figures must not be read otherwise than they are.
    pub(crate) fn of(self, text: &str) -> Str {
        if text.len() <= LONGEST_WORD && text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
            return text.into();
        }
        let mut set = String::with_capacity(text.len());
        for word in text.split_inclusive(char::is_whitespace) {
            let long = word.len() > LONGEST_WORD && word.trim_end().chars().count() > LONGEST_WORD;
            self.set_word(word, if long { PART } else { usize::MAX }, &mut set);
        }
        set.into()
    }

    fn set_word(self, word: &str, part: usize, set: &mut String) {
        for (place, letter) in word.chars().enumerate() {
            if place > 0 && place % part == 0 {
                set.push(MAY_END);
            }
            match letter {
                ' '..='~' | '\n' => set.push(letter),
                '\r' => {}
                _ if is_unseen(letter) => {}
                _ if letter.is_control() || letter.is_whitespace() => set.push(' '),
                _ if self.has(letter) => set.push(letter),
                _ => set.push(UNKNOWN),
            }
        }
    }

    fn has(self, letter: char) -> bool {
        match self {
            Letters::Known => fonts().have(letter),
            Letters::Plain => false,
        }
    }
}

/// Marks without a shape of their own: of direction, of joining, of variants of an emoji, of the order of bytes.
fn is_unseen(letter: char) -> bool {
    matches!(letter,
        '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFF0}'..='\u{FFFB}'
        | '\u{E0000}'..='\u{E0FFF}')
}

#[cfg(test)]
mod tests {
    use super::Letters;

    #[test]
    fn letters_that_a_font_has_stand_and_others_are_marked() {
        for known in [
            "Siân Ŵŷn-Llŷr",
            "Zażółć gęślą jaźń",
            "Ελένη Παπαδοπούλου",
            "Щербакова Ёлка",
            "£1,234.56 – “x”",
            "محمد",
        ] {
            assert_eq!(Letters::Known.of(known).as_str(), known);
        }
        assert_eq!(
            Letters::Known.of("王 and 🧑🏽‍⚕️").as_str().chars().filter(|letter| *letter == '\u{FFFD}').count(),
            3
        );
        assert_eq!(Letters::Plain.of("Siân").as_str(), "Si\u{FFFD}n");
    }

    #[test]
    fn long_words_may_be_broken() {
        let set = Letters::Known.of(&format!(
            "{} {} {}",
            "a".repeat(40),
            "é".repeat(49),
            "https://trust.example/a/page"
        ));
        let parts: Vec<usize> = set.as_str().split('\u{200B}').map(|part| part.chars().count()).collect();
        assert_eq!(parts, [40 + 1 + 24, 24, 1 + 1 + 28]);
    }

    #[test]
    fn what_cannot_be_seen_or_turns_text_round_is_left_out() {
        assert_eq!(Letters::Known.of("a\u{202E}00.1\u{202C}\u{FEFF}\u{200B}b").as_str(), "a00.1b");
        assert_eq!(Letters::Known.of("a\r\nb\tc\u{0}d\u{85}e\u{A0}f").as_str(), "a\nb c d e f");
    }
}
