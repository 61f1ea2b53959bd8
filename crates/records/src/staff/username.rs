use std::{collections::HashMap, fmt};

use deunicode::deunicode_char;
use unicode_normalization::UnicodeNormalization;

/// A username such as `999JSMITH01`: employer's code, initial, up to five letters of the last name, a count of two digits or more.
/// It belongs to a staff record and is never used for another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct Username(String);

/// No username is longer than this when typed, spaces included.
const MOST_TYPED: usize = 100;

impl Username {
    /// Reads what somebody typed: in any case, with stray spaces anywhere. `None` for what cannot be a username.
    #[must_use]
    pub fn parse(typed: &str) -> Option<Self> {
        if typed.len() > MOST_TYPED {
            return None;
        }
        let name: String = typed.chars().filter(|c| !is_space(*c)).map(|c| c.to_ascii_uppercase()).collect();
        let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        let (code, rest) = name.split_at_checked(3)?;
        let letters = rest.bytes().take_while(u8::is_ascii_uppercase).count();
        let (_, count) = rest.split_at_checked(letters)?;
        let right =
            digits(code) && (1..=6).contains(&letters) && (2..=7).contains(&count.len()) && digits(count);
        right.then_some(Self(name))
    }

    /// It without its count.
    #[must_use]
    pub fn stem(&self) -> &str {
        self.0.trim_end_matches(|c: char| c.is_ascii_digit())
    }

    /// Its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Username {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// White space, and the marks without width that come along when a name is pasted.
fn is_space(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}')
}

/// A username without its count: `427HOWSEA` for Helen O'Wsea at 427. With one name only, it gives initial and letters;
/// with nothing that has letters, `X` stands there.
#[must_use]
pub fn stem(code: &str, first_names: &str, last_name: &str) -> String {
    let (first, last) = (letters(first_names), letters(last_name));
    let (first, last) = match (first.is_empty(), last.is_empty()) {
        (true, true) => ("X", ""),
        (true, false) => (last.as_str(), last.as_str()),
        (false, true) => (first.as_str(), first.as_str()),
        (false, false) => (first.as_str(), last.as_str()),
    };
    let initial = first.chars().take(1);
    code.chars().chain(initial).chain(last.chars().take(5)).collect()
}

/// The letters of a name, in unaccented capitals.
fn letters(name: &str) -> String {
    // Only letters are transliterated: what is no letter (an emoji, say) would become its English description.
    let latin = name.nfc().filter(|c| c.is_alphabetic()).filter_map(deunicode_char);
    latin.flat_map(str::chars).filter(char::is_ascii_alphabetic).map(|c| c.to_ascii_uppercase()).collect()
}

/// Gives out usernames of one employer: for each stem, the count after the highest ever given.
#[derive(Debug, Default)]
pub(crate) struct Allotment(HashMap<String, u32>);

impl Allotment {
    /// From every username that the employer has ever given.
    pub(crate) fn after(taken: impl IntoIterator<Item = String>) -> Self {
        let mut allotment = Self::default();
        for name in taken {
            let stem = name.trim_end_matches(|c: char| c.is_ascii_digit());
            let count = name[stem.len()..].parse().unwrap_or(0);
            let highest = allotment.0.entry(stem.to_owned()).or_default();
            *highest = count.max(*highest);
        }
        allotment
    }

    pub(crate) fn next(&mut self, stem: &str) -> Username {
        let count = self.0.entry(stem.to_owned()).or_default();
        *count += 1;
        Username(format!("{stem}{count:02}"))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    fn first(code: &str, first_names: &str, last_name: &str) -> String {
        Allotment::default().next(&stem(code, first_names, last_name)).to_string()
    }

    #[test]
    fn names_become_usernames() {
        for (code, first_names, last_name, username) in [
            ("427", "Helen", "O'Wsea", "427HOWSEA01"),
            ("427", "Helen", "O’Wsea", "427HOWSEA01"),
            ("999", "John", "Smith", "999JSMITH01"),
            ("999", "john paul", "smith", "999JSMITH01"),
            ("427", "Maria", "de la Cruz", "427MDELAC01"),
            ("427", "Kim", "Ng", "427KNG01"),
            ("427", "Öjvind", "Åström", "427OASTRO01"),
            ("427", "O\u{308}jvind", "A\u{30a}stro\u{308}m", "427OASTRO01"),
            ("427", "Thị Lan", "Nguyễn", "427TNGUYE01"),
            ("427", "Ann", "Smith-Jones", "427ASMITH01"),
            ("427", "明", "李", "427MLI01"),
            ("427", "Łukasz", "Żółć", "427LZOLC01"),
            ("427", "Þóra", "Weiß", "427TWEISS01"),
            ("427", "", "Sukarno", "427SSUKAR01"),
            ("427", "Teller", "", "427TTELLE01"),
            ("427", "😀", "Smith", "427SSMITH01"),
            ("427", "😀", "💉", "427X01"),
            ("427", "", "", "427X01"),
            ("427", "1", "2", "427X01"),
        ] {
            assert_eq!(first(code, first_names, last_name), username, "{first_names} {last_name}");
        }
    }

    #[test]
    fn the_hundredth_j_smith_counts_on() {
        let mut allotment = Allotment::after((1..=98).map(|n| format!("999JSMITH{n:02}")));
        let next: Vec<_> =
            (0..3).map(|_| allotment.next(&stem("999", "Jane", "Smith")).to_string()).collect();
        assert_eq!(next, ["999JSMITH99", "999JSMITH100", "999JSMITH101"]);
        assert_eq!(Username::parse("999jsmith100").map(|u| u.to_string()).as_deref(), Some("999JSMITH100"));
    }

    #[test]
    fn a_gap_is_never_filled() {
        let mut allotment = Allotment::after(["999JSMITH01".to_owned(), "999JSMITH07".to_owned()]);
        assert_eq!(allotment.next("999JSMITH").as_str(), "999JSMITH08");
        assert_eq!(allotment.next("999JSMIT").as_str(), "999JSMIT01");
    }

    #[test]
    fn it_is_read_as_people_type_it() {
        for typed in [
            "427HOWSEA01",
            "427howsea01",
            " 427 Howsea 01\u{a0}",
            "\u{feff}427HOWSEA01\n",
            "4 2 7 h o w s e a 0 1",
        ] {
            assert_eq!(
                Username::parse(typed).as_ref().map(Username::as_str),
                Some("427HOWSEA01"),
                "{typed:?}"
            );
        }
        let (long, spaces) = ("1".repeat(101), " ".repeat(1000));
        for typed in [
            "",
            " ",
            "HOWSEA01",
            "427HOWSEA",
            "427HOWSEA1",
            "427HOWSEAXX01",
            "42HOWSEA01",
            "427HOW-EA01",
            "427HÖWSEA01",
            "427HOWSEA01\0",
            "４２７HOWSEA01",
            "427HOWSEA01x",
            "é",
            "427é",
            "427HOWSEA12345678",
            &long,
            &spaces,
        ] {
            assert_eq!(Username::parse(typed), None, "{typed:?}");
        }
    }

    proptest! {
        #[test]
        fn any_names_give_a_username_of_the_right_form(first_names in "\\PC{0,20}", last_name in "\\PC{0,20}") {
            let username = first("427", &first_names, &last_name);
            prop_assert_eq!(Username::parse(&username).map(|u| u.to_string()), Some(username.clone()));
            prop_assert!(username.starts_with("427") && username.ends_with("01"));
        }

        #[test]
        fn no_two_are_alike(names in proptest::collection::vec(("[AB]{0,2}", "[SM]{0,2}"), 0..200), before in 0usize..150) {
            let mut allotment = Allotment::default();
            let mut given = HashSet::new();
            let mut all = Vec::new();
            for (at, (first_names, last_name)) in names.iter().enumerate() {
                if at == before {
                    // Another load, which knows only what the database holds.
                    allotment = Allotment::after(all.clone());
                }
                let username = allotment.next(&stem("999", first_names, last_name)).to_string();
                prop_assert!(given.insert(username.clone()), "{username} twice");
                all.push(username);
            }
        }

        #[test]
        fn nothing_typed_is_too_much(typed in "\\PC{0,200}") {
            let _ = Username::parse(&typed);
        }
    }
}
