//! A browser with a software authenticator: ES256, no attestation (W3C Web Authentication §6). Its fields are what a test
//! bends.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use p256::ecdsa::{Signature, SigningKey, signature::Signer as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// One passkey on one device.
pub(crate) struct Device {
    /// What the browser says it was on.
    pub(crate) origin: String,
    /// What the authenticator was asked for; a browser allows no other than the page's own.
    pub(crate) host: String,
    pub(crate) key: SigningKey,
    pub(crate) credential: Vec<u8>,
    pub(crate) user: Vec<u8>,
    /// The signature counter; `None` is one that stays at 0, as synchronised passkeys have it.
    pub(crate) counter: Option<u32>,
    pub(crate) verifies_user: bool,
    pub(crate) is_backed_up: bool,
}

impl Device {
    pub(crate) fn new(seed: u8) -> Self {
        Self {
            origin: "https://portal.example".to_owned(),
            host: "portal.example".to_owned(),
            key: SigningKey::from_slice(&[seed; 32]).unwrap(),
            credential: vec![seed; 16],
            user: Vec::new(),
            counter: Some(0),
            verifies_user: true,
            is_backed_up: false,
        }
    }

    /// Whether the options forbid this device to register again.
    pub(crate) fn is_excluded(&self, options: &str) -> bool {
        let options: Value = serde_json::from_str(options).unwrap();
        let excluded = options["publicKey"]["excludeCredentials"].as_array().unwrap();
        excluded.iter().any(|descriptor| binary(&descriptor["id"]) == self.credential)
    }

    /// `navigator.credentials.create`.
    pub(crate) fn create(&mut self, options: &str) -> String {
        let options: Value = serde_json::from_str(options).unwrap();
        let options = &options["publicKey"];
        self.user = binary(&options["user"]["id"]);
        let attested = [
            &[0; 16], // AAGUID
            &u16::try_from(self.credential.len()).unwrap().to_be_bytes()[..],
            &self.credential,
            &self.public_key(),
        ]
        .concat();
        let data = self.authenticator_data(0x40, &attested);
        // {fmt: "none", attStmt: {}, authData: data} in CBOR
        let length = u16::try_from(data.len()).unwrap().to_be_bytes();
        let object = [b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x59", &length[..], &data].concat();
        self.answer(&json!({
            "attestationObject": BASE64URL.encode(object),
            "clientDataJSON": BASE64URL.encode(self.client_data("webauthn.create", options)),
            "transports": ["internal", "hybrid", "one that is yet to come"],
        }))
    }

    /// `navigator.credentials.get`.
    pub(crate) fn get(&mut self, options: &str) -> String {
        let options: Value = serde_json::from_str(options).unwrap();
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
    BASE64URL.decode(value.as_str().unwrap()).unwrap()
}
