use std::fmt;

use sha2::{Digest, Sha256};
use sqlx::{Database, Decode, Encode, Postgres, Sqlite, Type, encode::IsNull, error::BoxDynError};

/// A secret that is looked up: a session's, a link's. 256 random bits, shown as 64 hexadecimal digits.
///
/// It is handed out once; only its [`SecretHash`] is ever stored.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret([u8; 32]);

/// What the database holds of a [`Secret`]: its SHA-256.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SecretHash([u8; 32]);

impl Secret {
    /// The secret's text, for a cookie or a link.
    #[must_use]
    pub fn reveal(&self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Reads what [`Secret::reveal`] wrote; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != 64 || !text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            return None;
        }
        let mut bytes = [0; 32];
        for (byte, at) in bytes.iter_mut().zip((0..64).step_by(2)) {
            *byte = u8::from_str_radix(text.get(at..at + 2)?, 16).ok()?;
        }
        Some(Self(bytes))
    }

    /// What is stored of it.
    #[must_use]
    pub fn hash(&self) -> SecretHash {
        SecretHash(Sha256::digest(self.0).into())
    }
}

impl From<[u8; 32]> for Secret {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl From<Secret> for [u8; 32] {
    fn from(secret: Secret) -> Self {
        secret.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

macro_rules! stored_as_bytes {
    ($database:ty) => {
        impl Type<$database> for SecretHash {
            fn type_info() -> <$database as Database>::TypeInfo {
                <Vec<u8> as Type<$database>>::type_info()
            }

            fn compatible(info: &<$database as Database>::TypeInfo) -> bool {
                <Vec<u8> as Type<$database>>::compatible(info)
            }
        }

        impl Encode<'_, $database> for SecretHash {
            fn encode_by_ref(
                &self,
                buffer: &mut <$database as Database>::ArgumentBuffer,
            ) -> Result<IsNull, BoxDynError> {
                Encode::<$database>::encode(self.0.to_vec(), buffer)
            }
        }

        impl<'r> Decode<'r, $database> for SecretHash {
            fn decode(value: <$database as Database>::ValueRef<'r>) -> Result<Self, BoxDynError> {
                Ok(Self(<Vec<u8> as Decode<$database>>::decode(value)?.as_slice().try_into()?))
            }
        }
    };
}

stored_as_bytes!(Sqlite);
stored_as_bytes!(Postgres);

#[cfg(test)]
mod tests {
    use super::Secret;

    #[test]
    fn only_its_own_text_is_read_back() {
        let secret = Secret::from([0xab; 32]);
        assert_eq!(Secret::parse(&secret.reveal()), Some(secret.clone()));
        for wrong in
            ["", "ab", &secret.reveal().to_uppercase(), &format!("{}0", secret.reveal()), &"é".repeat(32)]
        {
            assert_eq!(Secret::parse(wrong), None, "{wrong}");
        }
        assert_eq!(format!("{secret:?}"), "Secret");
    }
}
