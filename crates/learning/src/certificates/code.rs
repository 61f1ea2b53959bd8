use std::fmt;

use store::Entropy;

/// Digits and letters that nobody takes for another: without I, L, O and U.
const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// So many of them hold 128 bits.
const LENGTH: usize = 26;
/// So many stand together on paper.
const GROUP: usize = 5;
/// Nobody types more around a code than this.
const MOST_TYPED: usize = 100;

/// What a certificate is verified by: 128 random bits. Whoever knows it has been shown the certificate.
#[derive(Clone, PartialEq, Eq)]
pub struct Code(String);

impl Code {
    /// A new one.
    #[must_use]
    pub fn new(entropy: &Entropy) -> Self {
        let bits = u128::from_be_bytes(entropy.bytes());
        let letter = |at: usize| {
            let five = usize::try_from((bits >> (5 * (LENGTH - 1 - at))) & 31).unwrap_or_default();
            char::from(LETTERS[five])
        };
        Self((0..LENGTH).map(letter).collect())
    }

    /// Reads one as people type it: in any case, with or without the hyphens, an O for the digit.
    #[must_use]
    pub fn parse(typed: &str) -> Option<Self> {
        if typed.len() > MOST_TYPED {
            return None;
        }
        let letters = typed.chars().filter(|c| !c.is_whitespace() && !matches!(c, '-' | '–' | '.'));
        let read = letters.map(|c| match c.to_ascii_uppercase() {
            'O' => Some('0'),
            'I' | 'L' => Some('1'),
            c => u8::try_from(c).is_ok_and(|c| LETTERS.contains(&c)).then_some(c),
        });
        let code: String = read.collect::<Option<_>>()?;
        (code.len() == LENGTH).then_some(Self(code))
    }

    /// As it is stored.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// In groups, as it stands on paper.
impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, letter) in self.0.chars().enumerate() {
            if at > 0 && at % GROUP == 0 {
                f.write_str("-")?;
            }
            write!(f, "{letter}")?;
        }
        Ok(())
    }
}

/// Whoever reads a log is not to be shown certificates.
impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_read_as_people_type_it() {
        let code = Code::new(&Entropy::seeded(3));
        let shown = code.to_string();
        assert_eq!(shown.len(), LENGTH + 5, "{shown}");
        assert_eq!(Code::parse(code.as_str()), Some(code.clone()));
        assert_eq!(
            Code::parse(&format!("  {} ", shown.to_lowercase().replace('-', " "))),
            Some(code.clone())
        );
        assert_eq!(Code::parse(&shown.replace('0', "o").replace('1', "l")), Some(code));
        for wrong in [
            "",
            "0",
            &shown[1..],
            &format!("{shown}0"),
            &shown.replacen(&shown[..1], "ß", 1),
            &"0".repeat(101),
        ] {
            assert_eq!(Code::parse(wrong), None, "{wrong}");
        }
    }

    proptest::proptest! {
        #[test]
        fn nothing_that_is_typed_makes_it_panic(typed in "\\PC{0,120}") {
            let _ = Code::parse(&typed);
        }
    }

    #[test]
    fn no_two_are_the_same() {
        let entropy = Entropy::seeded(1);
        let codes: std::collections::BTreeSet<String> =
            (0..1000).map(|_| Code::new(&entropy).to_string()).collect();
        assert_eq!(codes.len(), 1000);
    }
}
