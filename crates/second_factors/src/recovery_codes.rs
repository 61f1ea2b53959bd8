//! Recovery codes: ten that are shown once, each good for one log-in, stored hashed.

use sha2::{Digest, Sha256};
use store::Entropy;
use uuid::Uuid;

/// Crockford's base 32: no I, L, O or U. Five bits a letter, sixteen letters a code.
const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const LENGTH: usize = 16;

/// The longest typing that is read, in bytes: a code with blanks and hyphens, however odd, is far below.
const LONGEST_TYPING: usize = 128;

/// Ten new codes of 80 bits each, as they are shown: `XXXX-XXXX-XXXX-XXXX`.
#[must_use]
pub fn ten(entropy: &Entropy) -> Vec<String> {
    (0..10).map(|_| shown(entropy.bytes())).collect()
}

fn shown(bits: [u8; 10]) -> String {
    let bits = bits.iter().fold(0u128, |all, byte| all << 8 | u128::from(*byte));
    let mut code = String::with_capacity(LENGTH + 3);
    for place in 0..LENGTH {
        if place > 0 && place % 4 == 0 {
            code.push('-');
        }
        code.push(char::from(LETTERS[(bits >> (5 * (LENGTH - 1 - place))) as usize & 31]));
    }
    code
}

/// What is stored and looked up for a code of `staff_record`'s account; `None` where what was typed is no code.
///
/// Case, blanks and hyphens do not matter, and letters that look like a digit are taken for it. With 80 random bits a
/// plain SHA-256 withstands guessing; the record's id keeps equal codes of two people apart.
#[must_use]
pub fn hash(staff_record: Uuid, typed: &str) -> Option<[u8; 32]> {
    if typed.len() > LONGEST_TYPING {
        return None;
    }
    let mut code = String::with_capacity(LENGTH);
    for letter in typed.chars().filter(|letter| !is_separator(*letter)) {
        let letter = match letter.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            other => other,
        };
        if code.len() == LENGTH || !u8::try_from(letter).is_ok_and(|byte| LETTERS.contains(&byte)) {
            return None;
        }
        code.push(letter);
    }
    (code.len() == LENGTH).then(|| {
        Sha256::new()
            .chain_update(b"staffrecord recovery code\0")
            .chain_update(staff_record.as_bytes())
            .chain_update(code)
            .finalize()
            .into()
    })
}

/// Blanks, and the hyphens and dashes that phones and word processors make of a hyphen.
fn is_separator(letter: char) -> bool {
    letter.is_whitespace() || matches!(letter, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}')
}
