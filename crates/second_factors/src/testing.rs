//! For tests: what people have in their hands. A browser with a software authenticator, whose fields are what a test bends, and
//! an authenticator app.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use p256::ecdsa::{Signature, SigningKey, signature::Signer as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use store::Instant;
use totp_rs::{Builder, Secret, Totp};

/// One passkey on one device: ES256, no attestation (W3C Web Authentication §6).
pub struct Device {
    /// What the browser says it was on.
    pub origin: String,
    /// What the authenticator was asked for; a browser allows no other than the page's own.
    pub host: String,
    /// The passkey's key.
    pub key: SigningKey,
    /// The credential's id.
    pub credential: Vec<u8>,
    /// The `user` that it was registered for.
    pub user: Vec<u8>,
    /// The signature counter; `None` is one that stays at 0, as synchronised passkeys have it.
    pub counter: Option<u32>,
    /// Whether it asks for a finger, a face or a PIN.
    pub verifies_user: bool,
    /// Whether it says that it was copied to another device.
    pub is_backed_up: bool,
}

impl Device {
    /// A device of `https://portal.example`; another `seed` (not 0) is another device.
    ///
    /// # Panics
    /// Where the seed is 0.
    #[must_use]
    pub fn new(seed: u8) -> Self {
        Self {
            origin: "https://portal.example".to_owned(),
            host: "portal.example".to_owned(),
            key: SigningKey::from_slice(&[seed; 32]).expect("a key"),
            credential: vec![seed; 16],
            user: Vec::new(),
            counter: Some(0),
            verifies_user: true,
            is_backed_up: false,
        }
    }

    /// Whether the options forbid this device to register again.
    ///
    /// # Panics
    /// Where they are none.
    #[must_use]
    pub fn is_excluded(&self, options: &str) -> bool {
        let options: Value = serde_json::from_str(options).expect("options in JSON");
        let excluded = options["publicKey"]["excludeCredentials"].as_array().expect("a list");
        excluded.iter().any(|descriptor| binary(&descriptor["id"]) == self.credential)
    }

    /// `navigator.credentials.create`.
    ///
    /// # Panics
    /// Where the options are none.
    pub fn create(&mut self, options: &str) -> String {
        let options: Value = serde_json::from_str(options).expect("options in JSON");
        let options = &options["publicKey"];
        self.user = binary(&options["user"]["id"]);
        let attested = [
            &[0; 16], // AAGUID
            &u16::try_from(self.credential.len()).expect("a short id").to_be_bytes()[..],
            &self.credential,
            &self.public_key(),
        ]
        .concat();
        let data = self.authenticator_data(0x40, &attested);
        // {fmt: "none", attStmt: {}, authData: data} in CBOR
        let length = u16::try_from(data.len()).expect("little data").to_be_bytes();
        let object = [b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x59", &length[..], &data].concat();
        self.answer(&json!({
            "attestationObject": BASE64URL.encode(object),
            "clientDataJSON": BASE64URL.encode(self.client_data("webauthn.create", options)),
            "transports": ["internal", "hybrid", "one that is yet to come"],
        }))
    }

    /// `navigator.credentials.get`.
    ///
    /// # Panics
    /// Where the options are none.
    pub fn get(&mut self, options: &str) -> String {
        let options: Value = serde_json::from_str(options).expect("options in JSON");
        let client_data = self.client_data("webauthn.get", &options["publicKey"]);
        if let Some(counter) = &mut self.counter {
            *counter += 1;
        }
        let data = self.authenticator_data(0, &[]);
        let signature: Signature = self.key.sign(&[&data[..], &Sha256::digest(&client_data)].concat());
        self.answer(&json!({
            "authenticatorData": BASE64URL.encode(data),
            "clientDataJSON": BASE64URL.encode(client_data),
            "signature": BASE64URL.encode(signature.to_der()),
            "userHandle": BASE64URL.encode(&self.user),
        }))
    }

    fn answer(&self, response: &Value) -> String {
        let id = BASE64URL.encode(&self.credential);
        json!({
            "id": id,
            "rawId": id,
            "type": "public-key",
            "response": response,
            "clientExtensionResults": {"credProps": {"rk": true}},
        })
        .to_string()
    }

    fn client_data(&self, kind: &str, options: &Value) -> String {
        json!({
            "type": kind,
            "challenge": options["challenge"],
            "origin": self.origin,
            "crossOrigin": false,
        })
        .to_string()
    }

    fn authenticator_data(&self, flags: u8, more: &[u8]) -> Vec<u8> {
        let verified = if self.verifies_user { 0x04 } else { 0 };
        let backed_up = if self.is_backed_up { 0x10 } else { 0 };
        // Present, may be backed up, and what is asked for.
        let flags = 0x01 | 0x08 | verified | backed_up | flags;
        let counter = self.counter.unwrap_or(0).to_be_bytes();
        [&Sha256::digest(&self.host)[..], &[flags], &counter, more].concat()
    }

    /// {kty: EC2, alg: ES256, crv: P-256, x, y} in CBOR (RFC 9053 §7.1.1).
    fn public_key(&self) -> Vec<u8> {
        let point = self.key.verifying_key().to_sec1_point(false);
        [
            b"\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20",
            &point.as_bytes()[1..33],
            b"\x22\x58\x20",
            &point.as_bytes()[33..],
        ]
        .concat()
    }
}

fn binary(value: &Value) -> Vec<u8> {
    BASE64URL.decode(value.as_str().expect("a text")).expect("base64url")
}

/// An authenticator app on a phone.
#[derive(Clone)]
pub struct Phone(Totp);

impl Phone {
    /// One that was told the key as the page shows it for typing.
    ///
    /// # Panics
    /// Where that is no base 32.
    #[must_use]
    pub fn typed(key: &str) -> Self {
        let key: String = key.split_whitespace().collect();
        let secret = Secret::try_from_base32(key).expect("a key in base 32");
        Self(Builder::new().with_secret(secret).build_noncompliant())
    }

    /// The code that it shows at a moment.
    ///
    /// # Panics
    /// Before 1970.
    #[must_use]
    pub fn code(&self, at: Instant) -> String {
        let seconds = u64::try_from(at.microseconds() / 1_000_000).expect("a time after 1970");
        self.0.generate(seconds).to_string()
    }

    /// The key, which nobody else is to see.
    #[must_use]
    pub fn secret(&self) -> &[u8] {
        self.0.secret()
    }
}
