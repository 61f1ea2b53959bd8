//! The authenticator app: codes of six digits that change every 30 seconds (RFC 6238, HMAC-SHA-1), and the picture that
//! hands the secret to a phone.

use std::fmt::{self, Write as _};

use qrcodegen::{QrCode, QrCodeEcc};
use store::{Entropy, Instant};
use totp_rs::{Builder, Totp};
use zeroize::Zeroizing;

const SECONDS_A_STEP: i64 = 30;

/// The secret's length in bytes: 160 bits, as RFC 4226 §4 recommends.
const SECRET: usize = 20;

/// The longest typing that is read, in bytes: six digits with blanks, however odd, are far below.
const LONGEST_TYPING: usize = 64;

/// One account's authenticator app. Its secret is wiped from memory when this is dropped.
pub struct Authenticator(Totp);

impl Authenticator {
    /// One with a new secret.
    #[must_use]
    pub fn new(entropy: &Entropy) -> Self {
        Self::with(&Zeroizing::new(entropy.bytes::<SECRET>()))
    }

    /// The one whose [`secret`](Self::secret) was kept; `None` where that is not 160 bits.
    #[must_use]
    pub fn from_secret(secret: &[u8]) -> Option<Self> {
        secret.try_into().ok().map(Self::with)
    }

    /// Apps ignore or mistake other algorithms and lengths, hence SHA-1 and six digits, which are the builder's own.
    fn with(secret: &[u8; SECRET]) -> Self {
        Self(Builder::new().with_secret(&secret[..]).with_skew(0).build_noncompliant())
    }

    /// The 160 bits to keep, sealed.
    #[must_use]
    pub fn secret(&self) -> &[u8] {
        self.0.secret()
    }

    /// The `otpauth://` address that an app reads from the [picture](qr). It holds the secret.
    #[must_use]
    pub fn address(&self, site_name: &str, username: &str) -> String {
        // A colon parts the two in the label, also where it is escaped.
        let (site, username) = (escaped(&site_name.replace(':', "")), escaped(&username.replace(':', "")));
        let secret = Zeroizing::new(self.0.secret().to_base32());
        format!(
            "otpauth://totp/{site}:{username}?secret={}&issuer={site}&algorithm=SHA1&digits=6&period={SECONDS_A_STEP}",
            *secret
        )
    }

    /// The secret for typing by hand: base 32 in groups of four.
    #[must_use]
    pub fn typed(&self) -> String {
        let secret = Zeroizing::new(self.0.secret().to_base32());
        let mut typed = String::with_capacity(secret.len() * 5 / 4);
        for (place, letter) in secret.chars().enumerate() {
            if place > 0 && place % 4 == 0 {
                typed.push(' ');
            }
            typed.push(letter);
        }
        typed
    }

    /// The step of 30 seconds since 1970 whose code was typed: `now`'s, the one before or the one after.
    ///
    /// The caller keeps it and hands it back as `last_step`: that step and all before it count no more, so that a code
    /// works once (RFC 6238 §5.2). Blanks are ignored.
    #[must_use]
    pub fn step(&self, code: &str, now: Instant, last_step: Option<i64>) -> Option<i64> {
        if code.len() > LONGEST_TYPING {
            return None;
        }
        let digits: Zeroizing<String> =
            Zeroizing::new(code.chars().filter(|letter| !letter.is_whitespace()).collect());
        let present = now.microseconds().div_euclid(SECONDS_A_STEP * 1_000_000);
        // Each is computed and compared whatever the others gave. Where two have the same code the later one is taken,
        // or the code would work again.
        (present - 1..=present + 1).fold(None, |matched, step| {
            let matches =
                u64::try_from(step * SECONDS_A_STEP).is_ok_and(|at| self.0.check(&digits, at).is_some());
            if matches && last_step.is_none_or(|last| step > last) { Some(step) } else { matched }
        })
    }
}

impl fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Authenticator")
    }
}

/// Percent-encoded but for the unreserved characters (RFC 3986 §2.3); apps do not read `+` as a blank.
fn escaped(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut escaped, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            let _ = write!(escaped, "%{byte:02X}");
        }
        escaped
    })
}

/// A QR code to be drawn as `<svg viewBox="0 0 size size"><path d="path"/></svg>`, dark on white.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Qr {
    /// Modules on each side, with the quiet zone of four around them (ISO/IEC 18004 §9.1).
    pub size: u32,
    /// SVG path data of the dark modules, one unit each.
    pub path: String,
}

/// The picture of an [address](Authenticator::address); `None` where that is too long for one.
#[must_use]
pub fn qr(address: &str) -> Option<Qr> {
    const QUIET: i32 = 4;
    let code = QrCode::encode_text(address, QrCodeEcc::Medium).ok()?;
    let mut path = String::new();
    for y in 0..code.size() {
        let mut x = 0;
        while x < code.size() {
            // Outside the code every module is light, so a run ends with its row.
            let run = (x..).take_while(|x| code.get_module(*x, y)).count() as i32;
            if run > 0 {
                let _ = write!(path, "M{} {}h{run}v1h-{run}z", x + QUIET, y + QUIET);
            }
            x += run.max(1);
        }
    }
    Some(Qr { size: u32::try_from(code.size() + 2 * QUIET).ok()?, path })
}
