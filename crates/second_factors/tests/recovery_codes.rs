//! Recovery codes.

use std::collections::HashSet;

use proptest::prelude::*;
use second_factors::recovery_codes::{hash, ten};
use store::Entropy;
use uuid::{Uuid, uuid};

const HELEN: Uuid = uuid!("019dc000-0000-7000-8000-000000000001");
const SOMEBODY: Uuid = uuid!("019dc000-0000-7000-8000-000000000002");

#[test]
fn ten_different_ones_in_letters_that_nobody_mistakes() {
    let codes = ten(&Entropy::seeded(1));
    assert_eq!(codes.len(), 10);
    assert_eq!(codes.iter().collect::<HashSet<_>>().len(), 10);
    for code in &codes {
        let groups: Vec<_> = code.split('-').collect();
        assert_eq!(groups.iter().map(|group| group.len()).collect::<Vec<_>>(), [4; 4], "{code}");
        assert!(
            groups.concat().bytes().all(|letter| b"0123456789ABCDEFGHJKMNPQRSTVWXYZ".contains(&letter)),
            "{code}"
        );
    }
    assert_ne!(codes, ten(&Entropy::seeded(2)));
}

#[test]
fn every_bit_of_eighty_is_used() {
    // Each place shows each letter.
    let entropy = Entropy::seeded(3);
    let codes: Vec<String> = (0..100).flat_map(|_| ten(&entropy)).map(|code| code.replace('-', "")).collect();
    for place in 0..16 {
        let seen: HashSet<u8> = codes.iter().map(|code| code.as_bytes()[place]).collect();
        assert_eq!(seen.len(), 32, "place {place}");
    }
}

#[test]
fn typed_as_people_type() {
    let right = hash(HELEN, "0123-1567-89AB-CDEF").unwrap();
    for typed in [
        "0123156789ABCDEF",
        "0123-1567-89ab-cdef",
        "  0123 1567 89ab cdef\n",
        "O123-I567-89AB-CDEF",
        "oL23-l567-89ab-cdef",
        "oi23\u{2013}l567\u{2010}89ab\u{2212}cdef",
        "0123\u{a0}1567\u{a0}89AB\u{a0}CDEF",
    ] {
        assert_eq!(hash(HELEN, typed), Some(right), "{typed:?}");
    }
}

#[test]
fn what_is_no_code_is_none() {
    let (long, blanks) = ("0".repeat(10_240), format!("0123156789ABCDEF{}", " ".repeat(10_240)));
    for junk in [
        "",
        " ",
        "-",
        "0123-1567-89AB-CDE",
        "0123-1567-89AB-CDEF-0",
        "0123-1567-89AB-CDEU",
        "0123_1567_89AB_CDEF",
        "0123-1567-89AB-CDEÉ",
        "٠١٢٣-1567-89AB-CDEF",
        &long,
        &blanks,
    ] {
        assert_eq!(hash(HELEN, junk), None);
    }
}

#[test]
fn a_hash_belongs_to_one_code_of_one_record() {
    // SHA-256 of the prefix, the record's 16 bytes and the 16 letters: stored ones outlive every release.
    let stored = hash(HELEN, "0123-1567-89AB-CDEF").unwrap();
    let stored: String = stored.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(stored, "31579133e44f8afbb70dfed485803a5c2901f95406cf5fa32c27afaa080446e2");
    assert_ne!(hash(HELEN, "0123-1567-89AB-CDEF"), hash(SOMEBODY, "0123-1567-89AB-CDEF"));
    assert_ne!(hash(HELEN, "0123-1567-89AB-CDEF"), hash(HELEN, "0123-1567-89AB-CDEG"));
}

proptest! {
    #[test]
    fn each_is_found_again(seed: u64) {
        for code in ten(&Entropy::seeded(seed)) {
            let found = hash(HELEN, &code);
            prop_assert!(found.is_some());
            prop_assert_eq!(hash(HELEN, &code.to_lowercase().replace('-', " ").replace('0', "o").replace('1', "l")), found);
        }
    }

    #[test]
    fn typing_never_panics(typed in ".{0,200}") {
        let _ = hash(HELEN, &typed);
    }
}
