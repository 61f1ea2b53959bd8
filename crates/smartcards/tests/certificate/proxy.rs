//! What a proxy that ends TLS passes on.

use base64::{Engine, prelude::BASE64_STANDARD};
use smartcards::certificate::{CardRefused, from_proxy};

use super::{Site, UUID, now};

const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// As nginx encodes it.
fn encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => encoded.push(byte.into()),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

#[test]
fn either_form_is_read() {
    let site = Site::new();
    let card = site.card();
    let pem = card.certificate.pem();
    let plus_as_it_is = encoded(&pem).replace("%2B", "+");
    let lower_case = encoded(&pem).replace("%0A", "%0a").replace("%2F", "%2f");
    let base64 = format!(":{}:", BASE64_STANDARD.encode(card.der()));
    for form in [encoded(&pem), plus_as_it_is, lower_case, base64] {
        let chain = from_proxy(&format!("{SECRET} {form}"), SECRET).unwrap();
        assert_eq!(chain, [card.der()]);
        assert_eq!(site.checker().check(&chain, now()).unwrap().uuid, UUID);
    }
    let both = encoded(&(pem + &site.authority.certificate.pem()));
    assert_eq!(from_proxy(&format!("{SECRET} {both}"), SECRET).unwrap().len(), 2);
}

#[test]
fn a_header_that_the_proxy_did_not_write_is_forged() {
    let site = Site::new();
    let form = encoded(&site.card().certificate.pem());
    let longer = format!("{SECRET}0");
    for given in ["", "x", &SECRET[1..], &SECRET.to_uppercase(), &longer, "0123456789abcdef0123456789abcdeg"]
    {
        assert_eq!(from_proxy(&format!("{given} {form}"), SECRET), Err(CardRefused::Forged), "{given}");
    }
    assert_eq!(from_proxy(&form, SECRET), Err(CardRefused::Forged));
    assert_eq!(from_proxy("", SECRET), Err(CardRefused::Forged));
    // No such secret is ever configured; were it, it would let nobody in.
    for weak in ["", "x", &SECRET[1..]] {
        assert_eq!(from_proxy(&format!("{weak} {form}"), weak), Err(CardRefused::Forged), "{weak}");
    }
}

#[test]
fn a_client_without_a_card_is_told_from_one_that_cannot_be_read() {
    for none in [SECRET.to_owned(), format!("{SECRET} "), format!("{SECRET}   "), format!("{SECRET} ::")] {
        assert_eq!(from_proxy(&none, SECRET), Err(CardRefused::NoCertificate), "{none:?}");
    }
    let pem = encoded(&Site::new().card().certificate.pem());
    let (cut, broken) = (&pem[..pem.len() / 2], pem.replace("%0A", "%0"));
    for junk in ["junk", ":junk", ":ju nk:", ":%%%%:", "%", "%4", "%zz", "%+1", cut, &broken] {
        assert_eq!(from_proxy(&format!("{SECRET} {junk}"), SECRET), Err(CardRefused::Unreadable), "{junk}");
    }
}

#[test]
fn a_header_has_16_kib_at_most() {
    let der = |length: usize| format!("{SECRET} :{}:", "A".repeat(length));
    let room = 16 * 1024 - der(0).len();
    assert!(from_proxy(&der(room / 4 * 4), SECRET).is_ok());
    assert_eq!(from_proxy(&der(room / 4 * 4 + 4), SECRET), Err(CardRefused::Unreadable));
}
