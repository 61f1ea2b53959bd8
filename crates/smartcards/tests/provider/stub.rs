//! A provider that says whatever it is told to, true or not.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use hmac::{Hmac, Mac};
use rcgen::{KeyPair, PKCS_ED25519, PublicKeyData, SigningKey};
use serde_json::{Value, json};
use store::Instant;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

use crate::common::{SECRET, UUID};

#[derive(Default)]
struct Said {
    /// By path: everything after `HTTP/1.1 `.
    answers: HashMap<&'static str, String>,
    asked: HashMap<String, usize>,
}

pub(crate) struct Stub {
    pub(crate) issuer: String,
    said: Arc<Mutex<Said>>,
}

impl Stub {
    /// It behaves until it is told otherwise.
    pub(crate) async fn start(key: &Key) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let said = Arc::new(Mutex::new(Said::default()));
        let heard = said.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream, heard.clone()));
            }
        });
        let stub = Self { issuer, said };
        stub.says("/.well-known/openid-configuration", "200 OK", &stub.metadata());
        stub.says("/jwks", "200 OK", &json!({"keys": [key.public()]}));
        stub
    }

    pub(crate) fn metadata(&self) -> Value {
        let at = |path: &str| format!("{}/{path}", self.issuer);
        json!({
            "issuer": self.issuer,
            "authorization_endpoint": at("auth"),
            "token_endpoint": at("token"),
            "userinfo_endpoint": at("userinfo"),
            "jwks_uri": at("jwks"),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["EdDSA"],
        })
    }

    pub(crate) fn says(&self, path: &'static str, status: &str, value: &Value) {
        let body = value.to_string();
        let length = body.len();
        self.raw(
            path,
            format!("{status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"),
        );
    }

    /// Hands out this ID token.
    pub(crate) fn token(&self, token: &str) {
        let answer = json!({"access_token": "access", "token_type": "Bearer", "id_token": token});
        self.says("/token", "200 OK", &answer);
    }

    pub(crate) fn raw(&self, path: &'static str, answer: String) {
        self.said.lock().unwrap().answers.insert(path, answer);
    }

    pub(crate) fn asked(&self, path: &str) -> usize {
        self.said.lock().unwrap().asked.get(path).copied().unwrap_or_default()
    }

    /// The claims of a token that is as it should be.
    pub(crate) fn claims(&self, now: Instant, nonce: &str) -> Value {
        let now = now.microseconds() / 1_000_000;
        json!({
            "iss": self.issuer, "sub": "helen", "aud": "staffrecord", "iat": now, "exp": now + 300, "auth_time": now,
            "nonce": nonce, "acr": "AAL3_ANY", "nhsid_useruid": UUID, "id_assurance_level": 3,
        })
    }
}

/// One request, one answer, and the connection is shut.
async fn answer(stream: TcpStream, said: Arc<Mutex<Said>>) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let (mut first, mut line, mut length) = (String::new(), String::new(), 0);
    stream.read_line(&mut first).await?;
    while line != "\r\n" {
        line.clear();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
    }
    stream.read_exact(&mut vec![0; length]).await?;
    let path = first.split(' ').nth(1).unwrap().to_owned();
    let answer = {
        let mut said = said.lock().unwrap();
        *said.asked.entry(path.clone()).or_default() += 1;
        said.answers.get(path.as_str()).cloned()
    };
    let answer = answer.unwrap_or_else(|| "404 Not Found\r\nContent-Length: 0\r\n\r\n".to_owned());
    let answer = answer.replacen("\r\n", "\r\nConnection: close\r\n", 1);
    stream.write_all(format!("HTTP/1.1 {answer}").as_bytes()).await?;
    stream.shutdown().await
}

/// A provider's signing key.
pub(crate) struct Key {
    pair: KeyPair,
    id: &'static str,
}

impl Key {
    pub(crate) fn new(id: &'static str) -> Self {
        Self { pair: KeyPair::generate_for(&PKCS_ED25519).unwrap(), id }
    }

    pub(crate) fn public(&self) -> Value {
        let x = BASE64.encode(self.pair.der_bytes());
        json!({"kty": "OKP", "crv": "Ed25519", "use": "sig", "kid": self.id, "x": x})
    }

    pub(crate) fn sign(&self, claims: &Value) -> String {
        let signed = unsigned(&json!({"alg": "EdDSA", "kid": self.id}), claims);
        let signature = self.pair.sign(signed.as_bytes()).unwrap();
        format!("{signed}.{}", BASE64.encode(signature))
    }
}

/// With a signature that anybody who has the client's secret can make.
pub(crate) fn sign_with_secret(claims: &Value) -> String {
    let signed = unsigned(&json!({"alg": "HS256"}), claims);
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(signed.as_bytes());
    format!("{signed}.{}", BASE64.encode(mac.finalize().into_bytes()))
}

pub(crate) fn unsigned(header: &Value, claims: &Value) -> String {
    format!("{}.{}", BASE64.encode(header.to_string()), BASE64.encode(claims.to_string()))
}
