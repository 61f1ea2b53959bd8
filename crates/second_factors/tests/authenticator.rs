//! The authenticator app's codes and the picture that hands over the secret.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::collections::HashSet;

use proptest::prelude::*;
use second_factors::authenticator::{Authenticator, Qr, qr};
use store::{Entropy, Instant};

/// The secret of RFC 6238, appendix B.
const SECRET: &[u8] = b"12345678901234567890";

fn app() -> Authenticator {
    Authenticator::from_secret(SECRET).unwrap()
}

fn at(seconds: i64) -> Instant {
    Instant::from_microseconds(seconds * 1_000_000)
}

#[test]
fn the_vectors_of_rfc_6238() {
    // Appendix B, SHA-1. Its codes have eight digits; those of six are their last six, as both are remainders.
    for (seconds, code) in [
        (59, "94287082"),
        (1_111_111_109, "07081804"),
        (1_111_111_111, "14050471"),
        (1_234_567_890, "89005924"),
        (2_000_000_000, "69279037"),
        (20_000_000_000, "65353130"),
    ] {
        assert_eq!(app().step(&code[2..], at(seconds), None), Some(seconds / 30), "{seconds}");
    }
}

#[test]
fn one_step_early_and_one_late_but_not_two() {
    let step = 1_111_111_109 / 30;
    for (steps, matched) in [(-2, None), (-1, Some(step)), (0, Some(step)), (1, Some(step)), (2, None)] {
        // At the first and the last moment of the step that it is.
        for second in [0, 29] {
            let now = at((step + steps) * 30 + second);
            assert_eq!(app().step("081804", now, None), matched, "{steps} steps and {second} s away");
        }
    }
}

#[test]
fn a_code_works_once_and_none_before_it_again() {
    let now = at(1_111_111_109);
    let step = app().step("081804", now, None).unwrap();
    assert_eq!(app().step("081804", now, Some(step)), None);
    assert_eq!(app().step("081804", now.plus_seconds(30), Some(step)), None);
    assert_eq!(app().step("081804", now, Some(step + 1)), None, "a later one was used");
    assert_eq!(app().step("081804", now, Some(step - 1)), Some(step));
    // The next one is good at once.
    assert_eq!(app().step("050471", now, Some(step)), Some(step + 1));
}

#[test]
fn blanks_are_ignored() {
    for code in ["081 804", " 081804\n", "0 8 1 8 0 4", "081\u{a0}804"] {
        assert!(app().step(code, at(1_111_111_109), None).is_some(), "{code:?}");
    }
}

#[test]
fn what_is_no_code_is_none() {
    let long = "081804".repeat(1_700);
    let blanks = format!("081804{}", " ".repeat(10_240));
    for junk in [
        "",
        " ",
        "08180",
        "0818044",
        "07081804",
        "+81804",
        "-81804",
        "08180x",
        "secret",
        "081-804",
        "٠٨١٨٠٤",
        "０８１８０４",
        "081804\0",
        &long,
        &blanks,
    ] {
        assert_eq!(app().step(junk, at(1_111_111_109), None), None);
    }
}

#[test]
fn the_beginning_of_time_is_no_trouble() {
    for seconds in [-1, -30, -10_000_000_000, 0, 29] {
        let _ = app().step("000000", at(seconds), None);
    }
    assert_eq!(app().step("287082", at(29), None), Some(1));
}

#[test]
fn a_new_secret_is_160_random_bits_and_kept() {
    let entropy = Entropy::seeded(1);
    let (one, other) = (Authenticator::new(&entropy), Authenticator::new(&entropy));
    assert_eq!(one.secret().len(), 20);
    assert_ne!(one.secret(), other.secret());
    assert_eq!(Authenticator::from_secret(one.secret()).unwrap().secret(), one.secret());
    for length in [0, 16, 19, 21, 32] {
        assert!(Authenticator::from_secret(&vec![1; length]).is_none());
    }
    assert_eq!(format!("{:?}", app()), "Authenticator");
}

#[test]
fn the_address_is_escaped() {
    assert_eq!(
        app().address("NHS Electronic Staff Record", "427HOWSEA01"),
        "otpauth://totp/NHS%20Electronic%20Staff%20Record:427HOWSEA01?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\
         &issuer=NHS%20Electronic%20Staff%20Record&algorithm=SHA1&digits=6&period=30"
    );
    let address = app().address("Ysbyty: Tŷ & Co?", "a/b:c");
    assert!(address.starts_with("otpauth://totp/Ysbyty%20T%C5%B7%20%26%20Co%3F:a%2Fbc?secret="), "{address}");
}

#[test]
fn for_typing_by_hand() {
    assert_eq!(app().typed(), "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ");
}

/// The dark modules of a path: the pieces of `M{x} {y}h{run}v1h-{run}z`.
fn dark(picture: &Qr) -> HashSet<(u32, u32)> {
    let mut dark = HashSet::new();
    for piece in picture.path.split_terminator('z') {
        let (start, rest) = piece.strip_prefix('M').unwrap().split_once('h').unwrap();
        let (x, y) = start.split_once(' ').unwrap();
        let (run, back) = rest.split_once("v1h-").unwrap();
        assert_eq!(run, back);
        let (x, y, run): (u32, u32, u32) = (x.parse().unwrap(), y.parse().unwrap(), run.parse().unwrap());
        dark.extend((x..x + run).map(|x| (x, y)));
    }
    dark
}

#[test]
fn a_phone_reads_the_address_from_the_picture() {
    for site in ["NHS Electronic Staff Record", "Bwrdd Iechyd Prifysgol Tŷ'r Ysbyty: Cofnod Staff Electronig"]
    {
        let address = app().address(site, "427HOWSEA01");
        let picture = qr(&address).unwrap();
        let dark = dark(&picture);
        let quiet = 4..picture.size - 4;
        assert!(dark.iter().all(|(x, y)| quiet.contains(x) && quiet.contains(y)));
        assert!(dark.contains(&(4, 4)), "the corner's mark begins where the quiet zone ends");

        let side = picture.size as usize;
        let mut image = rqrr::PreparedImage::prepare_from_greyscale(side * 4, side * 4, |x, y| {
            if dark.contains(&(x as u32 / 4, y as u32 / 4)) { 0 } else { 255 }
        });
        let found = image.detect_grids();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].decode().unwrap().1, address);
    }
}

#[test]
fn too_much_for_a_picture_is_none() {
    assert!(qr(&"x".repeat(10_240)).is_none());
}

proptest! {
    #[test]
    fn typing_never_panics(code in ".{0,80}", seconds in -10_000_000_000..200_000_000_000i64, last: Option<i64>) {
        let step = app().step(&code, at(seconds), last);
        prop_assert!(step.is_none_or(|step| (step - seconds.div_euclid(30)).abs() <= 1 && last.is_none_or(|last| step > last)));
    }
}
