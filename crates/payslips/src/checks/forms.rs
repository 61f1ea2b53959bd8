//! What an NI number, a tax code and the like look like.

/// The letters that a National Insurance category can have.
const NI_LETTERS: &str = "ABCDEFHIJKLMNSVXZ";

/// Whether an NI number can be one (HMRC NIM39110). HMRC's own samples begin with `QQ`, so that they cannot; demos may have them.
pub(super) fn is_ni_number(text: &str, demo: bool) -> bool {
    let letters: Vec<u8> =
        text.bytes().filter(|byte| *byte != b' ').map(|byte| byte.to_ascii_uppercase()).collect();
    let [first, second, digits @ .., last] = letters.as_slice() else { return false };
    let prefix = [*first, *second];
    let no_prefix = [b"BG", b"GB", b"KN", b"NK", b"NT", b"TN", b"ZZ"].contains(&&prefix);
    let never = |letter: &u8| !letter.is_ascii_uppercase() || b"DFIQUV".contains(letter);
    let right = !never(first) && !never(second) && *second != b'O' && !no_prefix;
    (right || (demo && prefix == *b"QQ"))
        && digits.len() == 6
        && digits.iter().all(u8::is_ascii_digit)
        && (b'A'..=b'D').contains(last)
}

/// Whether it is one of the letters of HMRC's tables.
pub(super) fn is_ni_letter(text: &str) -> bool {
    text.len() == 1 && NI_LETTERS.contains(&text.to_ascii_uppercase())
}

/// Whether a tax code can be one: `1257L`, `S1257L`, `CBR`, `K475`, `0T`, `D0`, `NT`, each with `W1`, `M1` or `X` behind it where it is for
/// this period alone.
pub(super) fn is_tax_code(text: &str) -> bool {
    let code: String = text.chars().filter(|c| *c != ' ').collect::<String>().to_ascii_uppercase();
    let code = ["W1/M1", "W1M1", "W1", "M1", "X"]
        .iter()
        .find_map(|alone| code.strip_suffix(alone))
        .unwrap_or(code.as_str());
    if code == "NT" {
        return true;
    }
    // Scottish and Welsh rates.
    let code = code.strip_prefix(['S', 'C']).unwrap_or(code);
    if ["0T", "BR", "D0", "D1", "D2", "D3"].contains(&code) {
        return true;
    }
    let digits = match code.strip_prefix('K') {
        Some(digits) => digits,
        None => code.strip_suffix(['L', 'M', 'N', 'T']).unwrap_or_default(),
    };
    (1..=6).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether the way that net pay goes names a bank account: a number of six digits or more, or the end of one behind stars.
pub(super) fn names_account(text: &str) -> bool {
    let (mut digits, mut hidden) = (0, 0);
    for c in text.chars() {
        match c {
            '0'..='9' => digits += 1,
            '*' | '•' => hidden += 1,
            ' ' | '-' | '/' => continue,
            'x' | 'X' if hidden > 0 || digits > 0 => hidden += 1,
            _ => (digits, hidden) = (0, 0),
        }
        if digits >= 6 || (digits >= 2 && hidden >= 2) {
            return true;
        }
    }
    is_iban(text)
}

/// Whether a text that may hold other numbers names a bank account.
pub(super) fn tells_account(description: &str, text: &str) -> bool {
    let digits = |text: &str| text.bytes().filter(u8::is_ascii_digit).count();
    // Most texts have no room for one.
    if digits(text) + digits(description) < 4 {
        return false;
    }
    let both = format!("{description} {text}").to_lowercase();
    let named = ["account number", "account no", "sort code", "bank account", "iban", "bank details"];
    let sorted = both.as_bytes().windows(8).enumerate().any(|(at, eight)| {
        let code = eight.iter().enumerate().all(|(at, byte)| match at {
            2 | 5 => *byte == b'-',
            _ => byte.is_ascii_digit(),
        });
        code && both.as_bytes()[at + 8..].windows(8).any(|account| account.iter().all(u8::is_ascii_digit))
    });
    named.iter().any(|name| both.contains(name)) || sorted || is_iban(text)
}

/// A British account as it is written for abroad: `GB29 NWBK 6016 1331 9268 19`.
fn is_iban(text: &str) -> bool {
    let letters: Vec<u8> =
        text.bytes().filter(|byte| *byte != b' ').map(|byte| byte.to_ascii_uppercase()).collect();
    letters.windows(22).any(|iban| {
        iban.starts_with(b"GB")
            && iban[2..4].iter().all(u8::is_ascii_digit)
            && iban[4..8].iter().all(u8::is_ascii_alphabetic)
            && iban[8..].iter().all(u8::is_ascii_digit)
    })
}

/// Whether a payment of this name is one that time is counted for. Basic pay is not: it is a share of a year.
pub(super) fn is_paid_by_time(description: &str, unit: Option<&str>) -> bool {
    let is_time = |unit: &str| {
        ["hour", "hours", "hrs", "hr", "day", "days", "shift", "shifts", "session", "sessions"]
            .iter()
            .any(|time| unit.eq_ignore_ascii_case(time))
    };
    if unit.is_some_and(is_time) {
        return true;
    }
    let mut words = description.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let low = |word: &str, of: &[&str]| of.iter().any(|other| word.eq_ignore_ascii_case(other));
    let arrears = description.split(' ').any(|word| low(word, &["arrs", "arrears", "refund"]));
    // `EN` and `OT` are how ESR's payslips write them.
    let timed = words.any(|word| {
        low(word, &["overtime", "enhancement", "enhancements", "unsocial"]) || ["EN", "OT"].contains(&word)
    });
    let bank = description.split(' ').any(|word| low(word, &["bank"]))
        && description.split(' ').any(|word| low(word, &["shift", "shifts", "hours"]));
    (timed || bank) && !arrears
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ni_numbers_are_told_from_what_cannot_be_one() {
        for right in ["AB123456A", "ab 12 34 56 d", "CE000000B", "SZ999999C"] {
            assert!(is_ni_number(right, false), "{right}");
        }
        for wrong in [
            "",
            "AB12345A",
            "AB1234567A",
            "AB123456E",
            "AB123456",
            "DA123456A",
            "AF123456A",
            "AO123456A",
            "BG123456A",
            "GB123456A",
            "KN123456A",
            "NK123456A",
            "NT123456A",
            "TN123456A",
            "ZZ123456A",
            "QQ123456A",
            "11A11111",
            "ÄB123456A",
            "A1123456A",
        ] {
            assert!(!is_ni_number(wrong, false), "{wrong}");
        }
        assert!(is_ni_number("QQ 12 34 56 A", true) && !is_ni_number("QQ123456E", true));
    }

    #[test]
    fn tax_codes_are_told_from_what_cannot_be_one() {
        for right in [
            "1257L",
            "1257L M1",
            "1257LX",
            "1257L W1/M1",
            "S1257L",
            "C1257L",
            "K475",
            "SK475",
            "CK1 X",
            "BR",
            "SBR",
            "CBR",
            "0T",
            "S0T",
            "D0",
            "D1",
            "SD2",
            "SD3",
            "NT",
            "45M",
            "12N",
            "100T",
            "1257l",
        ] {
            assert!(is_tax_code(right), "{right}");
        }
        for wrong in
            ["", "L", "1257", "1257P", "E1257L", "K", "D4", "SNT", "0", "1257L M2", "L1257", "12571257L"]
        {
            assert!(!is_tax_code(wrong), "{wrong}");
        }
    }

    #[test]
    fn bank_accounts_are_found_and_other_numbers_are_not() {
        for account in [
            "BACS 12-34-56 12345678",
            "Account 12345678",
            "to 123456",
            "BACS ****5678",
            "Bank xx",
            "GB29 NWBK 6016 1331 9268 19",
        ] {
            assert_eq!(names_account(account), account != "Bank xx", "{account}");
        }
        assert!(!names_account("BACS") && !names_account("Cheque 1 of 2") && !names_account("Max 2 parts"));
        assert!(tells_account("Sort code", "12-34-56") && tells_account("", "paid to 12-34-56 12345678"));
        assert!(tells_account("Account no.", "12345678") && tells_account("", "IBAN GB29NWBK60161331926819"));
        for harmless in
            ["Ring 0113 496 0000", "20214567-2", "27-11-26", "Paid on 27-11-26, 24-12-26 and 29-01-27."]
        {
            assert!(!tells_account("Message", harmless), "{harmless}");
        }
    }

    #[test]
    fn what_is_paid_by_time_is_known_by_its_name_or_unit() {
        for timed in ["Overtime 1.5", "Saturday EN", "Night Enhancement", "Bank shift", "Bank Hours NP", "OT"]
        {
            assert!(is_paid_by_time(timed, None), "{timed}");
        }
        for other in
            ["Basic Pay", "Bank holiday toil", "High Cost Area", "Overtime Arrs", "Pay en route", "Food bank"]
        {
            assert!(!is_paid_by_time(other, None), "{other}");
        }
        assert!(is_paid_by_time("Basic Pay", Some("Hours")) && !is_paid_by_time("Mileage", Some("miles")));
    }

    proptest! {
        #[test]
        fn no_text_is_too_much(text in "\\PC{0,60}") {
            is_ni_number(&text, true);
            is_tax_code(&text);
            names_account(&text);
            tells_account(&text, &text);
            is_paid_by_time(&text, Some(&text));
        }
    }
}
