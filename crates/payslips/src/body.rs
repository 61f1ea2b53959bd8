//! How what holds pay figures is stored: a byte that says of which version the encoding is, then postcard, sealed to where it belongs.

use serde::{Serialize, de::DeserializeOwned};
use store::{Entropy, StoreError};
use uuid::Uuid;
use web::Keys;

use crate::Document;

/// The encoding that is written. Older ones stay readable.
const VERSION: u8 = 1;
/// The key number of what is not sealed.
pub const NOT_SEALED: i64 = 0;

/// Which row of `pay_document` a body belongs to: moved to another, it does not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The document.
    pub document: Uuid,
    /// Whose it is.
    pub staff_record: Uuid,
    /// Its run.
    pub run: Uuid,
}

impl Place {
    pub(crate) fn bound(self) -> Vec<u8> {
        bound(b"document", &[self.document, self.staff_record, self.run], 0)
    }
}

/// What a seal is bound to: of what kind it is, and to which row it belongs.
pub(crate) fn bound(kind: &[u8], ids: &[Uuid], number: i64) -> Vec<u8> {
    let mut bound = Vec::with_capacity(kind.len() + 16 * ids.len() + 8);
    bound.extend_from_slice(kind);
    ids.iter().for_each(|id| bound.extend_from_slice(id.as_bytes()));
    bound.extend_from_slice(&number.to_be_bytes());
    bound
}

/// Encodes a document and seals it to its place, where `encrypt` says so; the number of the key and the bytes.
///
/// # Errors
/// [`StoreError::Damaged`] where it cannot be encoded, which is our fault.
pub fn seal(
    keys: &Keys,
    entropy: &Entropy,
    encrypt: bool,
    place: Place,
    document: &Document,
) -> Result<(i64, Vec<u8>), StoreError> {
    Ok(seal_bytes(keys, entropy, encrypt, &place.bound(), &encode(document)?))
}

/// The document that [`seal`] sealed.
///
/// # Errors
/// [`StoreError::Damaged`] where the key is missing, the body was altered or belongs elsewhere, or cannot be read.
pub fn open(keys: &Keys, place: Place, key_number: i64, body: &[u8]) -> Result<Document, StoreError> {
    decode(&open_bytes(keys, &place.bound(), key_number, body)?)
}

pub(crate) fn encode<T: Serialize>(value: &T) -> Result<Vec<u8>, StoreError> {
    postcard::to_extend(value, vec![VERSION]).map_err(damaged)
}

pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, StoreError> {
    match bytes.split_first() {
        Some((&VERSION, rest)) => postcard::from_bytes(rest).map_err(damaged),
        _ => Err(StoreError::Damaged("a body of pay is of a version that is not known here".into())),
    }
}

pub(crate) fn seal_bytes(
    keys: &Keys,
    entropy: &Entropy,
    encrypt: bool,
    bound: &[u8],
    bytes: &[u8],
) -> (i64, Vec<u8>) {
    if encrypt { keys.seal_pay(bound, bytes, entropy) } else { (NOT_SEALED, bytes.to_vec()) }
}

pub(crate) fn open_bytes(
    keys: &Keys,
    bound: &[u8],
    key_number: i64,
    sealed: &[u8],
) -> Result<Vec<u8>, StoreError> {
    if key_number == NOT_SEALED {
        return Ok(sealed.to_vec());
    }
    keys.open_pay(key_number, bound, sealed).ok_or_else(|| {
        StoreError::Damaged(format!("a body of pay does not open with the key pay-{key_number:04}.key"))
    })
}

/// Seals what stands in a column by itself: the key's number stands before it.
pub(crate) fn seal_alone(
    keys: &Keys,
    entropy: &Entropy,
    encrypt: bool,
    bound: &[u8],
    bytes: &[u8],
) -> Vec<u8> {
    let (number, sealed) = seal_bytes(keys, entropy, encrypt, bound, bytes);
    [number.to_be_bytes().as_slice(), &sealed].concat()
}

/// What [`seal_alone`] sealed.
pub(crate) fn open_alone(keys: &Keys, bound: &[u8], sealed: &[u8]) -> Result<Vec<u8>, StoreError> {
    let (number, sealed) =
        sealed.split_first_chunk().ok_or_else(|| StoreError::Damaged("a body of pay is cut off".into()))?;
    open_bytes(keys, bound, i64::from_be_bytes(*number), sealed)
}

#[expect(clippy::needless_pass_by_value, reason = "it is handed to `map_err`")]
fn damaged(error: postcard::Error) -> StoreError {
    StoreError::Damaged(format!("a body of pay: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Amount, Decimal, Detail, Frequency, Heading, Line, NiEarnings, P60, PayAndTax, Payslip, Pence, Period,
    };

    fn amount(description: &str, pence: i64) -> Amount {
        Amount { description: description.into(), amount: Pence(pence) }
    }

    fn detail(description: &str, text: &str) -> Detail {
        Detail { description: description.into(), text: text.into() }
    }

    fn heading() -> Heading {
        Heading {
            employer: "Trust 427".into(),
            name: "Ms Helen O’Wsea".into(),
            employee_number: "20001".into(),
            assignment_number: "20001-2".into(),
            position: Some("Staff Nurse".into()),
            department: None,
            location: Some("Ward 5".into()),
        }
    }

    fn payslip() -> Document {
        let line = |description: &str, pence| Line {
            description: description.into(),
            units: Some(Decimal(37_500_000)),
            unit: Some("hours".into()),
            rate: None,
            amount: Pence(pence),
        };
        Document::Payslip(Box::new(Payslip {
            heading: heading(),
            frequency: Frequency::Month,
            period: Period { from: "2026-11-01".parse().unwrap(), to: "2026-11-30".parse().unwrap() },
            pay_date: "2026-11-27".parse().unwrap(),
            details: vec![detail("Tax code", "1257L")],
            payments: vec![line("Basic Pay", 250_000)],
            deductions: vec![line("PAYE", -1)],
            employer: vec![amount("NHS Pension", 59_250)],
            this_period: vec![amount("Taxable pay", 250_000)],
            year_to_date: vec![amount("Taxable pay", 2_000_000)],
            gross: Pence(250_000),
            total_deductions: Pence(-1),
            net: Pence(250_001),
            net_parts: vec![amount("BACS", 250_001)],
            messages: vec!["Merry Christmas".into()],
        }))
    }

    fn p60() -> Document {
        Document::P60(Box::new(P60 {
            heading: heading(),
            year_ended: 2026,
            paye_reference: "123/A246".into(),
            employer_address: vec!["1 High Street".into(), "Cardiff".into()],
            details: vec![detail("Final tax code", "1257L")],
            previous: PayAndTax::default(),
            this: PayAndTax { pay: Pence(3_000_000), tax: Pence(-123) },
            ni: vec![NiEarnings {
                letter: "A".into(),
                at_lower_limit: Pence(1),
                to_primary_threshold: Pence(2),
                to_upper_limit: Pence(3),
                contributions: Pence(4),
            }],
            statutory: vec![amount("SMP", 5)],
            loans: vec![amount("Student loan", 100)],
            replacement: true,
        }))
    }

    fn place() -> Place {
        Place { document: Uuid::from_u128(1), staff_record: Uuid::from_u128(2), run: Uuid::from_u128(3) }
    }

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn unhex(text: &str) -> Vec<u8> {
        (0..text.len() / 2).map(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap()).collect()
    }

    #[test]
    fn what_an_older_release_wrote_is_read() {
        for (golden, document) in [
            (include_str!("../golden/payslip-1.hex"), payslip()),
            (include_str!("../golden/p60-1.hex"), p60()),
        ] {
            assert_eq!(
                hex(&encode(&document).unwrap()),
                golden.trim(),
                "a change of the encoding is a new version"
            );
            assert_eq!(decode::<Document>(&unhex(golden.trim())).unwrap(), document);
        }
        // Keys of this seed have sealed it.
        let sealed = unhex(include_str!("../golden/sealed-1.hex").trim());
        assert_eq!(open(&Keys::seeded(7), place(), 1, &sealed).unwrap(), p60());
    }

    #[test]
    fn a_body_opens_at_its_place_with_its_key_and_nowhere_else() {
        let (keys, entropy) = (Keys::seeded(7), Entropy::seeded(1));
        let (number, body) = seal(&keys, &entropy, true, place(), &payslip()).unwrap();
        assert_eq!(number, 1);
        assert_eq!(open(&keys, place(), number, &body).unwrap(), payslip());
        let other = Uuid::from_u128(9);
        for place in [
            Place { document: other, ..place() },
            Place { staff_record: other, ..place() },
            Place { run: other, ..place() },
        ] {
            assert!(matches!(open(&keys, place, number, &body), Err(StoreError::Damaged(_))));
        }
        let mut altered = body.clone();
        *altered.last_mut().unwrap() ^= 1;
        for (keys, number, body) in [
            (&keys, number, altered.as_slice()),
            (&keys, number, &body[..10]),
            (&keys, 2, &body),
            (&keys, NOT_SEALED, &body),
            (&Keys::seeded(8), number, &body),
        ] {
            assert!(matches!(open(keys, place(), number, body), Err(StoreError::Damaged(_))));
        }
    }

    #[test]
    fn without_encryption_a_body_is_plain() {
        let (number, body) = seal(&Keys::seeded(7), &Entropy::seeded(1), false, place(), &p60()).unwrap();
        assert_eq!((number, &body), (NOT_SEALED, &encode(&p60()).unwrap()));
        assert_eq!(open(&Keys::seeded(8), place(), number, &body).unwrap(), p60());
    }
}
