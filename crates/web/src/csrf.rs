use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac};
use http::{HeaderMap, header};
use sha2::Sha256;
use store::Entropy;
use subtle::ConstantTimeEq;

use crate::{Keys, Site};

/// The forgery token of one session or visit.
///
/// Each page shows it under a fresh mask, so that a compressed page does not leak it piece by piece (BREACH).
#[derive(Clone)]
pub struct Csrf([u8; 32]);

impl Csrf {
    /// The token bound to `binding`: a session's id, or a visit's cookie.
    #[must_use]
    pub fn new(keys: &Keys, binding: &str) -> Self {
        Self(mac(keys.cookie(), binding))
    }

    /// The token as a form or header carries it.
    #[must_use]
    pub fn masked(&self, entropy: &Entropy) -> String {
        let mask: [u8; 32] = entropy.bytes();
        let mut bytes = [0; 64];
        for (at, (mask, token)) in mask.iter().zip(self.0).enumerate() {
            bytes[at] = *mask;
            bytes[at + 32] = mask ^ token;
        }
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Whether `text` is this token under some mask.
    #[must_use]
    pub fn is(&self, text: &str) -> bool {
        let Ok(bytes) = URL_SAFE_NO_PAD.decode(text) else { return false };
        let Some((mask, masked)) = bytes.split_at_checked(32).filter(|(_, masked)| masked.len() == 32) else {
            return false;
        };
        let token: Vec<u8> = mask.iter().zip(masked).map(|(mask, masked)| mask ^ masked).collect();
        token.ct_eq(&self.0).into()
    }
}

fn mac(key: &[u8; 32], binding: &str) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(b"csrf:");
    mac.update(binding.as_bytes());
    mac.finalize().into_bytes().into()
}

/// Whether a browser says that a form of this very site was sent. Browsers that know no `Sec-Fetch-Site` send `Origin`;
/// the oldest send neither with a form of the same site, but a `Referer`.
pub(crate) fn is_same_origin(headers: &HeaderMap, site: &Site) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    if let Some(fetch_site) = text("sec-fetch-site") {
        return fetch_site == "same-origin";
    }
    let own = site.origin();
    if let Some(origin) = text(header::ORIGIN.as_str()) {
        return origin == own;
    }
    text(header::REFERER.as_str())
        .and_then(|referer| referer.strip_prefix(own.as_str()))
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderName};
    use store::Entropy;

    use super::{Csrf, is_same_origin};
    use crate::{Keys, Site};

    #[test]
    fn a_token_is_good_under_any_mask_and_for_its_binding_only() {
        let keys = Keys::seeded(1);
        let (mine, other) = (Csrf::new(&keys, "mine"), Csrf::new(&keys, "other"));
        let entropy = Entropy::seeded(1);
        let (first, second) = (mine.masked(&entropy), mine.masked(&entropy));
        assert_ne!(first, second);
        assert!(mine.is(&first) && mine.is(&second) && !other.is(&first));
        for wrong in ["", "x", "é", &first[1..], &format!("{first}A")] {
            assert!(!mine.is(wrong), "{wrong}");
        }
    }

    #[test]
    fn a_form_of_another_site_is_told_apart_in_old_browsers_too() {
        let site = Site::new("x", "https://a.example").unwrap();
        for (headers, same) in [
            (&[("sec-fetch-site", "same-origin")][..], true),
            (&[("sec-fetch-site", "same-site")], false),
            (&[("sec-fetch-site", "cross-site"), ("origin", "https://a.example")], false),
            (&[("sec-fetch-site", "none")], false),
            (&[("origin", "https://a.example")], true),
            (&[("origin", "null")], false),
            (&[("origin", "https://a.example.evil.example")], false),
            (&[("referer", "https://a.example/forgotten")], true),
            (&[("referer", "https://a.example.evil.example/")], false),
            (&[], false),
        ] {
            let headers: HeaderMap = headers
                .iter()
                .map(|(name, value)| (name.parse::<HeaderName>().unwrap(), value.parse().unwrap()))
                .collect();
            assert_eq!(is_same_origin(&headers, &site), same, "{headers:?}");
        }
    }
}
