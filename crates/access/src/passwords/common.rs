//! Common passwords: a table of the first eight bytes of each one's SHA-256, sorted, built into the program.

use sha2::{Digest, Sha256};

static TABLE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/common-passwords.bin"));
const WIDTH: usize = 8;

/// Whether a password (in lower case) is on the list.
pub(super) fn contains(plain: &str) -> bool {
    let digest = Sha256::digest(plain.as_bytes());
    let wanted = &digest[..WIDTH];
    let (mut low, mut high) = (0, TABLE.len() / WIDTH);
    while low < high {
        let middle = low.midpoint(high);
        match TABLE[middle * WIDTH..][..WIDTH].cmp(wanted) {
            std::cmp::Ordering::Less => low = middle + 1,
            std::cmp::Ordering::Equal => return true,
            std::cmp::Ordering::Greater => high = middle,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::{TABLE, WIDTH, contains};

    #[test]
    fn the_table_is_sorted_and_holds_what_everybody_uses() {
        let entries: Vec<&[u8]> = TABLE.chunks_exact(WIDTH).collect();
        assert!(entries.len() > 10_000 && entries.is_sorted());
        for common in ["password", "qwerty", "123456789", "iloveyou"] {
            assert!(contains(common), "{common}");
        }
        assert!(!contains("correct horse battery staple") && !contains(""));
    }
}
