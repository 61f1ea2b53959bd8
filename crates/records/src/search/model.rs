//! How names are folded to be found, and what somebody may have meant who got one letter wrong.

use std::collections::BTreeSet;

use deunicode::deunicode_char;
use store::Day;
use unicode_normalization::UnicodeNormalization;
use uuid::Uuid;

use crate::{Username, words};

/// A search needs so many characters at least; a name in a script of few letters counts as it is written in Latin ones.
pub const LEAST_TYPED: usize = 3;
/// A search has so many characters at most.
pub const MOST_TYPED: usize = 100;
/// So many people are shown at most.
pub const MOST_FOUND: usize = 20;
/// Of a name of many words, so many of the first and so many of the last begin a key.
const BEGINNING: usize = 4;
/// A name has so many keys at most.
pub(crate) const MOST_KEYS: usize = 2 * BEGINNING + 1;
/// A key is cut off after so many letters, and so is what it is compared with.
const LONGEST_KEY: usize = 64;
/// With fewer letters, one wrong letter could be any of too many names.
const LEAST_NEAR: usize = 4;
/// A wrong letter is looked for in so many orders of the words.
const MOST_NEAR_ORDERS: usize = 3;
/// A wrong letter is looked for in so many letters; what follows them may be anything.
const MOST_NEAR: usize = 16;
/// The end of a range of texts that begin alike: no assigned character sorts behind it, in the order of bytes or of any language.
const LAST: char = '\u{ffff}';

/// Somebody who was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundPerson {
    /// Their staff record.
    pub staff_record: Uuid,
    /// `Dr`, `Ms`, …
    pub title: Option<String>,
    /// First names and last name.
    pub name: String,
    /// The employer's number for them.
    pub employee_number: String,
    /// The newest username.
    pub username: Option<Username>,
    /// What the main assignment is: the first that has not ended.
    pub position: Option<String>,
    /// Where it belongs.
    pub department: Option<String>,
    /// The last day of the last assignment, where all have one.
    pub last_day: Option<Day>,
    /// Whether that day is over.
    pub has_left: bool,
    /// The earlier name, username or email address by which they were found, where nothing that they have now fits.
    pub earlier: Option<String>,
    /// Whether they were found only by taking one letter for wrong.
    pub near: bool,
}

/// Who was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Those with just this username, employee number or email address, then the others by last name; those with a letter that
    /// differs at the end. [`MOST_FOUND`] at most.
    pub people: Vec<FoundPerson>,
    /// Whether there are more.
    pub more: bool,
}

/// The words of a name, in unaccented small letters and digits. An apostrophe parts no word.
pub(super) fn folded(name: &str) -> Vec<String> {
    let (mut folded, mut word) = (Vec::new(), String::new());
    for c in name.nfc() {
        if c.is_alphanumeric() {
            let latin = deunicode_char(c).unwrap_or_default().chars().filter(char::is_ascii_alphanumeric);
            word.extend(latin.map(|c| c.to_ascii_lowercase()));
        } else if !is_within_word(c) && !word.is_empty() {
            folded.push(std::mem::take(&mut word));
        }
    }
    if !word.is_empty() {
        folded.push(word);
    }
    folded
}

/// Apostrophes as they are typed, and marks without a width of their own.
fn is_within_word(c: char) -> bool {
    matches!(c, '\'' | '\u{2018}' | '\u{2019}' | '`' | '\u{b4}' | '\u{300}'..='\u{36f}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}')
}

/// By what a name is found: for each word, that word and those that follow it, around to the first, without spaces; where there are
/// several first names, also the first of them and the last name. So `helen ow`, `O'Wsea, Helen` and `o wsea` each begin a key of Helen
/// Mary O'Wsea, and `delacruz` one of Maria de la Cruz.
#[must_use]
pub fn name_keys(first_names: &str, last_name: &str) -> BTreeSet<String> {
    let mut words = folded(first_names);
    let first_words = words.len();
    words.extend(folded(last_name));
    let many = words.len();
    let begins = (0..many).filter(|at| *at < BEGINNING || at + BEGINNING >= many);
    let mut keys: BTreeSet<String> =
        begins.map(|at| joined(words[at..].iter().chain(&words[..at]))).collect();
    if first_words > 1 && many > first_words {
        keys.insert(joined(words[..1].iter().chain(&words[first_words..])));
    }
    keys
}

fn joined<'w>(words: impl IntoIterator<Item = &'w String>) -> String {
    let mut key = String::new();
    for word in words {
        key.push_str(word);
    }
    key.truncate(LONGEST_KEY);
    key
}

/// A range of texts: from the first, up to the second.
pub(super) type Range = (String, String);

/// The range that holds nothing.
pub(super) fn nothing() -> Range {
    (String::new(), String::new())
}

/// What begins with `text`.
pub(super) fn beginning(text: &str) -> Range {
    (text.to_owned(), format!("{text}{LAST}"))
}

/// What somebody typed, read in each way that it can be meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Typed {
    /// Without space around it and control characters.
    pub(super) text: String,
    /// The words of a name in each order, without spaces.
    pub(super) orders: Vec<String>,
}

/// A name is looked for in so many orders of its words.
pub(super) const MOST_ORDERS: usize = 6;

impl Typed {
    pub(super) fn read(typed: &str) -> Result<Self, &'static str> {
        // Spaces at the ends are nobody's fault, but reading any number of them is not for free.
        if typed.len() > 100 * MOST_TYPED {
            return Err(words::SEARCH_TOO_LONG);
        }
        let text: String = typed.chars().filter(|c| !c.is_control()).collect();
        let text = text.trim().to_owned();
        let words = folded(&text);
        let characters = text.chars().count();
        if characters > MOST_TYPED {
            return Err(words::SEARCH_TOO_LONG);
        }
        if characters < LEAST_TYPED && joined(&words).len() < LEAST_TYPED {
            return Err(words::SEARCH_TOO_SHORT);
        }
        Ok(Self { text, orders: orders(&words) })
    }

    /// The same in capitals without spaces, with the employer's code in front: the beginning of a username of theirs, if anything is.
    pub(super) fn username(&self, code: &str) -> Option<String> {
        let typed: String = self.text.chars().filter(|c| !c.is_whitespace()).collect();
        let typed = typed.to_ascii_uppercase();
        if typed.is_empty() || !typed.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return None;
        }
        Some(if typed.starts_with(code) { typed } else { format!("{code}{typed}") })
    }

    /// The same as an employee number or its beginning.
    pub(super) fn employee_number(&self) -> Option<&str> {
        let right = |byte: u8| byte.is_ascii_alphanumeric() || b"-/._".contains(&byte);
        (!self.text.is_empty() && self.text.bytes().all(right)).then_some(&self.text)
    }

    /// The same as an email address or its beginning.
    pub(super) fn email(&self) -> Option<String> {
        let right = self.text.bytes().all(|byte| byte.is_ascii_graphic());
        (!self.text.is_empty() && right).then(|| self.text.to_ascii_lowercase())
    }

    /// With what the keys begin of names that differ from the typed one by a letter; first those that do not differ in the last one
    /// alone, which many names do.
    pub(super) fn near_names(&self) -> Vec<String> {
        // No name has digits, or a letter for the @.
        if self.text.contains(|c: char| c.is_ascii_digit() || c == '@') {
            return Vec::new();
        }
        let mut near = BTreeSet::new();
        // All orders would be too many: of three words, each once in front.
        let step = if self.orders.len() == MOST_ORDERS { 2 } else { 1 };
        let orders = self.orders.iter().step_by(step).take(MOST_NEAR_ORDERS);
        for order in orders.filter(|order| order.len() >= LEAST_NEAR) {
            let begin = &order[..order.len().min(MOST_NEAR)];
            let all_but_last = &begin[..begin.len() - 1];
            if begin.len() < order.len() {
                near.insert((false, begin.to_owned()));
            }
            near.extend(
                one_letter_off(begin, LETTERS).into_iter().map(|text| (text.starts_with(all_but_last), text)),
            );
        }
        near.into_iter().map(|(_, text)| text).collect()
    }

    /// Usernames that differ from the typed one by a letter. A digit that differs is another person's.
    pub(super) fn near_usernames(&self, code: &str) -> Vec<String> {
        let Some(typed) = self.username(code).filter(|typed| Username::parse(typed).is_some()) else {
            return Vec::new();
        };
        let (code, rest) = typed.split_at(code.len());
        let (letters, count) = rest.split_at(rest.trim_end_matches(|c: char| c.is_ascii_digit()).len());
        let near = one_letter_off(&letters.to_ascii_lowercase(), LETTERS);
        let near = near.into_iter().filter(|letters| (1..=6).contains(&letters.len()));
        near.map(|letters| format!("{code}{}{count}", letters.to_ascii_uppercase())).collect()
    }

    /// Email addresses that differ from the typed one by a letter before the @. A digit that differs is another person's.
    pub(super) fn near_emails(&self) -> Vec<String> {
        let email = self.email();
        let Some((local, domain)) = email.as_deref().and_then(|email| email.split_once('@')) else {
            return Vec::new();
        };
        if local.len() < LEAST_NEAR || local.len() > LONGEST_KEY || domain.is_empty() {
            return Vec::new();
        }
        let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
        let near = one_letter_off(local, MAIL_LETTERS).into_iter();
        near.filter(|near| digits(near) == digits(local)).map(|local| format!("{local}@{domain}")).collect()
    }

    /// With what an email address begins whose domain is mistyped.
    pub(super) fn local_part(&self) -> Option<String> {
        let email = self.email()?;
        let (local, domain) = email.split_once('@')?;
        (local.len() >= LEAST_NEAR && !domain.is_empty()).then(|| format!("{local}@"))
    }
}

/// Up to three words in every order, more of them each once in front.
fn orders(words: &[String]) -> Vec<String> {
    let w = |at: usize| &words[at];
    let orders: Vec<Vec<&String>> = match words.len() {
        0 => Vec::new(),
        1 => vec![vec![w(0)]],
        2 => vec![vec![w(0), w(1)], vec![w(1), w(0)]],
        // The even ones are the rotations.
        3 => [[0, 1, 2], [0, 2, 1], [1, 2, 0], [1, 0, 2], [2, 0, 1], [2, 1, 0]]
            .map(|order| order.map(w).to_vec())
            .to_vec(),
        many => (0..many.min(MOST_ORDERS - 1))
            .map(|at| words[at..].iter().chain(&words[..at]).collect())
            .collect(),
    };
    let mut orders: Vec<String> = orders.into_iter().map(joined).collect();
    orders.dedup();
    orders
}

const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyz";
const MAIL_LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyz.-_";

/// Every text from which one wrong letter makes `text`: another one in its place, one left out, one too many (also one that was typed
/// twice), or two that were swapped.
fn one_letter_off(text: &str, letters: &[u8]) -> BTreeSet<String> {
    let mut off = BTreeSet::new();
    if !text.is_ascii() {
        return off;
    }
    for at in 0..=text.len() {
        let (before, after) = text.split_at(at);
        for letter in letters.iter().map(|letter| char::from(*letter)) {
            off.insert(format!("{before}{letter}{after}"));
            if let Some(rest) = after.get(1..) {
                off.insert(format!("{before}{letter}{rest}"));
            }
        }
        if let Some(rest) = after.get(1..) {
            off.insert(format!("{before}{rest}"));
        }
        if let (Some(first), Some(second), Some(rest)) = (after.get(..1), after.get(1..2), after.get(2..)) {
            off.insert(format!("{before}{second}{first}{rest}"));
        }
    }
    off.remove(text);
    off
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn keys(first_names: &str, last_name: &str) -> Vec<String> {
        name_keys(first_names, last_name).into_iter().collect()
    }

    #[test]
    fn names_become_keys() {
        for (first_names, last_name, expected) in [
            ("Helen", "O'Wsea", vec!["helenowsea", "owseahelen"]),
            ("Helen", "O\u{2019}Wsea", vec!["helenowsea", "owseahelen"]),
            ("Ann", "Smith-Jones", vec!["annsmithjones", "jonesannsmith", "smithjonesann"]),
            ("Thị Lan", "Nguyễn", vec!["lannguyenthi", "nguyenthilan", "thilannguyen", "thinguyen"]),
            ("Łukasz", "Żółć", vec!["lukaszzolc", "zolclukasz"]),
            ("A\u{30a}sa", "Weiß", vec!["asaweiss", "weissasa"]),
            ("明", "李", vec!["liming", "mingli"]),
            ("", "Sukarno", vec!["sukarno"]),
            ("John", "John", vec!["johnjohn"]),
            ("😀", "💉", vec![]),
            ("", "", vec![]),
        ] {
            assert_eq!(keys(first_names, last_name), expected, "{first_names} {last_name}");
        }
        let long = "abcdefghij ".repeat(50);
        assert!(keys(&long, &long).iter().all(|key| key.len() == 64));
        assert_eq!(keys("a b c d e f", "g h i j").len(), MOST_KEYS);
    }

    #[test]
    fn one_wrong_letter_of_each_kind_is_near() {
        let near = one_letter_off("smith", LETTERS);
        for meant in ["smyth", "smiths", "smitch", "smit", "mith", "msith", "smiht", "ssmith", "xsmith"] {
            assert!(near.contains(meant), "{meant}");
        }
        for other in ["smith", "smyht", "smithss", "smi", ""] {
            assert!(!near.contains(other), "{other}");
        }
        // About fifty for each letter.
        assert!((250..300).contains(&near.len()), "{}", near.len());
    }

    #[test]
    fn what_is_too_short_or_too_long_is_said() {
        assert_eq!(Typed::read(" ab "), Err(words::SEARCH_TOO_SHORT));
        assert_eq!(Typed::read(""), Err(words::SEARCH_TOO_SHORT));
        assert_eq!(Typed::read("李"), Err(words::SEARCH_TOO_SHORT));
        assert!(Typed::read("李明").is_ok());
        assert!(Typed::read(&"x".repeat(100)).is_ok());
        assert_eq!(Typed::read(&"x".repeat(101)), Err(words::SEARCH_TOO_LONG));
        assert_eq!(Typed::read(&" ".repeat(1_000_000)), Err(words::SEARCH_TOO_LONG));
    }

    #[test]
    fn words_are_looked_for_in_every_order() {
        assert_eq!(Typed::read("John Smi").unwrap().orders, ["johnsmi", "smijohn"]);
        assert_eq!(Typed::read("a b c").unwrap().orders.len(), 6);
        assert_eq!(Typed::read("a b c d e f g h").unwrap().orders.len(), 5);
        assert_eq!(Typed::read("%%%").unwrap().orders, [""; 0]);
    }

    proptest! {
        #[test]
        fn nothing_typed_is_too_much(typed in "\\PC{0,120}") {
            if let Ok(read) = Typed::read(&typed) {
                prop_assert!(read.orders.len() <= MOST_ORDERS);
                prop_assert!(read.near_names().len() < 3000);
                read.near_usernames("427");
                prop_assert!(read.near_emails().len() < 5000);
            }
        }

        #[test]
        fn a_name_is_found_by_its_own_words(first in "[A-Za-zÀ-ž'-]{1,12}( [A-Za-z]{1,8})?", last in "[A-Za-zÀ-ž' -]{1,20}") {
            let keys = name_keys(&first, &last);
            prop_assert!(keys.len() <= MOST_KEYS);
            for typed in [format!("{first} {last}"), format!("{last}, {first}"), format!("{last}{first}")] {
                if let Ok(read) = Typed::read(&typed) {
                    let found = |order: &String| keys.iter().any(|key| key.starts_with(order));
                    prop_assert!(read.orders.is_empty() || read.orders.iter().any(found), "{typed} {keys:?}");
                }
            }
        }
    }
}
