//! Log-in by card at an identity provider: OpenID Connect Core 1.0, authorisation code with PKCE (RFC 7636).
//!
//! A provider's metadata and keys are kept for an hour; a token signed with a key that is not among them makes the keys
//! be fetched anew. Nothing here remembers a person: what [`Provider::begin`] asked stands in [`Asked`], which the caller
//! keeps until the browser comes back. No token is ever logged.

mod http;
mod settings;

use std::{
    fmt,
    path::Path,
    sync::Arc,
    time::{Duration, SystemTime},
};

use openidconnect::{
    AdditionalClaims, AuthType, AuthenticationContextClass, AuthorizationCode, ClaimsVerificationError,
    ClientId, ClientSecret, CsrfToken, DiscoveryError, EmptyExtraTokenFields, EndpointMaybeSet,
    EndpointNotSet, EndpointSet, IdToken, IdTokenClaims, IdTokenFields, IdTokenVerifier, IssuerUrl,
    JsonWebKeySet, Nonce, OAuth2TokenResponse, PkceCodeChallenge, PkceCodeVerifier,
    ProviderMetadataWithLogout, RedirectUrl, RequestTokenError, Scope, SignatureVerificationError,
    StandardErrorResponse, StandardTokenResponse, UserInfoClaims, UserInfoError,
    core::{
        CoreAuthDisplay, CoreAuthPrompt, CoreAuthenticationFlow, CoreClientAuthMethod, CoreErrorResponseType,
        CoreGenderClaim, CoreJsonWebKey, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm,
        CoreRevocableToken, CoreRevocationErrorResponse, CoreTokenIntrospectionResponse, CoreTokenType,
    },
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use store::{Clock, Entropy, Instant};
use tokio::sync::Mutex;
use url::Url;

pub use settings::{Assurance, Settings, SettingsError};

use http::{Http, HttpError};

/// All that a person waits for a provider, however many questions it takes.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long metadata and keys are good for, in seconds.
const KEPT: i64 = 3600;
/// How often, at most, keys are fetched anew for a token that none of them signed, in seconds.
const BETWEEN_KEYS: i64 = 10;
/// How far the provider's clock may be from ours, in seconds.
const SKEW: i64 = 60;
/// How long ago, at most, a card was presented where a fresh proof is asked for, in seconds.
const FRESH: i64 = 300;
/// The longest code that is sent on, in bytes.
const LONGEST_CODE: usize = 4096;

/// Signatures that only the provider can make; never `none`, never one made with the secret that we hold too.
const ALGORITHMS: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

/// Every claim that the standard has no name for.
#[derive(Debug, Serialize, Deserialize)]
#[serde(transparent)]
struct Claims(Map<String, Value>);

impl AdditionalClaims for Claims {}

type Token = IdToken<Claims, CoreGenderClaim, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm>;
type TokenClaims = IdTokenClaims<Claims, CoreGenderClaim>;
type Answer = StandardTokenResponse<
    IdTokenFields<
        Claims,
        EmptyExtraTokenFields,
        CoreGenderClaim,
        CoreJweContentEncryptionAlgorithm,
        CoreJwsSigningAlgorithm,
    >,
    CoreTokenType,
>;
type Client = openidconnect::Client<
    Claims,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    Answer,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;
type Metadata = ProviderMetadataWithLogout;

/// An identity provider; clones share what is kept of it.
#[derive(Clone)]
pub struct Provider(Arc<Inner>);

struct Inner {
    id: String,
    name: String,
    issuer: IssuerUrl,
    loopback: bool,
    client_id: ClientId,
    secret: ClientSecret,
    redirect: RedirectUrl,
    scopes: Vec<Scope>,
    acr: Vec<AuthenticationContextClass>,
    uuid_claim: String,
    assurance: Option<Assurance>,
    clock: Clock,
    http: Http,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    /// With the keys, and when they were fetched.
    metadata: Option<(Instant, Arc<Metadata>)>,
    /// When keys were last fetched for a token that none of them signed.
    keys_asked: Option<Instant>,
}

/// What a browser was sent to a provider with, kept out of its sight until it comes back.
#[derive(Clone, Serialize, Deserialize)]
pub struct Asked {
    /// Comes back in the address; the caller compares it.
    pub state: String,
    /// Comes back in the ID token.
    pub nonce: String,
    /// Shows that who redeems the code asked for it (RFC 7636).
    pub verifier: String,
    /// The card had to be presented again.
    pub fresh: bool,
}

impl Asked {
    /// A new request with a nonce and a verifier of 256 random bits each.
    #[must_use]
    pub fn new(entropy: &Entropy, state: String, fresh: bool) -> Self {
        Self { state, nonce: entropy.secret().reveal(), verifier: entropy.secret().reveal(), fresh }
    }
}

/// A card, as a provider vouches for it.
#[derive(Clone, PartialEq, Eq)]
pub struct Proven {
    /// The card's UUID: 12 digits.
    pub uuid: String,
    /// What the provider calls the person.
    pub subject: String,
    /// How the person proved themselves; one of the accepted values.
    pub acr: String,
    /// When the card was presented (`auth_time`) or, where the provider does not say, when the token was issued (`iat`).
    /// Never later than now.
    pub at: Instant,
    /// For [`Provider::log_out`].
    pub id_token: String,
}

impl fmt::Debug for Proven {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proven").field("acr", &self.acr).field("at", &self.at).finish_non_exhaustive()
    }
}

/// Why a provider does not vouch for a card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProviderError {
    /// No connection, no answer in time, an error of its own, or an answer that makes no sense.
    #[error("the identity provider cannot be used at present")]
    Down,
    /// The code was not taken: redeemed before, expired, or never issued.
    #[error("the identity provider did not take the code")]
    Refused,
    /// Not signed by the provider, not for us, expired, or about somebody else.
    #[error("the identity provider's token is not valid")]
    BadToken,
    /// The token answers another request than ours.
    #[error("the identity provider's token answers another request")]
    WrongNonce,
    /// The person did not prove themselves by card.
    #[error("the log-in at the identity provider was not by card")]
    AcrTooLow,
    /// The provider has not checked well enough who the person is.
    #[error("the identity provider has not checked the person's identity well enough")]
    AssuranceTooLow,
    /// A fresh proof was asked for; the card was presented over five minutes ago, or nobody says when.
    #[error("the card was presented too long ago")]
    TooOld,
    /// No claim holds a UUID of 12 digits.
    #[error("the identity provider gave no UUID of 12 digits")]
    NoUuid,
}

impl ProviderError {
    /// Its word on the trail.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Down => "down",
            Self::Refused => "refused",
            Self::BadToken => "bad_token",
            Self::WrongNonce => "wrong_nonce",
            Self::AcrTooLow => "acr_too_low",
            Self::AssuranceTooLow => "assurance_too_low",
            Self::TooOld => "too_old",
            Self::NoUuid => "no_uuid",
        }
    }
}

impl Provider {
    /// Checks the settings; asks the provider nothing yet. `folder` is the configuration's, `redirect` the address in this
    /// portal that the provider sends people back to.
    ///
    /// # Errors
    /// Names the key and what is wrong with it.
    pub fn new(
        settings: &Settings,
        folder: &Path,
        redirect: &str,
        clock: Clock,
    ) -> Result<Self, SettingsError> {
        settings.check()?;
        let (issuer, loopback) = settings.issuer()?;
        Ok(Self(Arc::new(Inner {
            id: settings.id.clone(),
            name: settings.name.trim().to_owned(),
            issuer,
            loopback,
            client_id: ClientId::new(settings.client_id.clone()),
            secret: ClientSecret::new(settings.secret(folder)?),
            redirect: settings::redirect(redirect)?,
            scopes: settings.scopes.iter().cloned().map(Scope::new).collect(),
            acr: settings.acr.iter().cloned().map(AuthenticationContextClass::new).collect(),
            uuid_claim: settings.uuid_claim.clone(),
            assurance: settings.identity_assurance.clone(),
            clock,
            http: Http::new(loopback).map_err(|error| settings::wrong("issuer", error.to_string()))?,
            kept: Mutex::default(),
        })))
    }

    /// Its short name in addresses and on the trail.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.0.id
    }

    /// Its name on the button.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Where to send the browser.
    ///
    /// # Errors
    /// [`ProviderError::Down`].
    pub async fn begin(&self, asked: &Asked) -> Result<Url, ProviderError> {
        self.0.within(self.0.begin(asked)).await
    }

    /// Redeems the `code` that the browser came back with, after the caller compared the state.
    ///
    /// # Errors
    /// Any [`ProviderError`].
    pub async fn finish(&self, code: &str, asked: &Asked) -> Result<Proven, ProviderError> {
        self.0.within(self.0.finish(code, asked)).await
    }

    /// Where to send the browser to log out there too, from where it comes `back` to the portal (OpenID Connect RP-Initiated
    /// Logout 1.0 §2). `None` where the provider does not offer that or is down.
    pub async fn log_out(&self, id_token: &str, back: &str) -> Option<Url> {
        let metadata = self.0.within(self.0.metadata()).await.ok()?;
        let mut url = metadata.additional_metadata().end_session_endpoint.as_ref()?.url().clone();
        url.query_pairs_mut()
            .append_pair("id_token_hint", id_token)
            .append_pair("client_id", &self.0.client_id)
            .append_pair("post_logout_redirect_uri", back);
        Some(url)
    }
}

impl Inner {
    async fn within<T>(
        &self,
        work: impl Future<Output = Result<T, ProviderError>>,
    ) -> Result<T, ProviderError> {
        let answer = tokio::time::timeout(PATIENCE, work).await;
        answer.unwrap_or_else(|_| Err(self.down("no answer within ten seconds")))
    }

    fn down(&self, reason: impl fmt::Display) -> ProviderError {
        tracing::warn!(provider = %self.id, %reason, "the identity provider cannot be used");
        ProviderError::Down
    }

    fn bad_token(&self, reason: &'static str) -> ProviderError {
        tracing::warn!(provider = %self.id, reason, "the identity provider's token is not valid");
        ProviderError::BadToken
    }

    async fn begin(&self, asked: &Asked) -> Result<Url, ProviderError> {
        let metadata = self.metadata().await?;
        let client = self.client(&metadata)?;
        let (state, nonce) = (asked.state.clone(), asked.nonce.clone());
        let verifier = PkceCodeVerifier::new(asked.verifier.clone());
        let mut request = client
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                || CsrfToken::new(state),
                || Nonce::new(nonce),
            )
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier))
            .add_scopes(self.scopes.iter().cloned());
        for acr in &self.acr {
            request = request.add_auth_context_value(acr.clone());
        }
        if asked.fresh {
            let age = Duration::from_secs(FRESH.unsigned_abs());
            request = request.add_prompt(CoreAuthPrompt::Login).set_max_age(age);
        }
        Ok(request.url().0)
    }

    async fn finish(&self, code: &str, asked: &Asked) -> Result<Proven, ProviderError> {
        if code.is_empty() || code.len() > LONGEST_CODE {
            return Err(ProviderError::Refused);
        }
        let metadata = self.metadata().await?;
        let client = self.client(&metadata)?;
        let answer = self.redeem(&client, code, asked).await?;
        let token = answer.extra_fields().id_token().ok_or_else(|| self.bad_token("there is no ID token"))?;
        let claims = self.verified(token, &metadata, asked).await?;
        let acr =
            claims.auth_context_ref().filter(|acr| self.acr.contains(acr)).ok_or(ProviderError::AcrTooLow)?;
        let at = self.presented_at(claims, asked.fresh)?;

        let mut stated = object(claims);
        let wanted = std::iter::once(&self.uuid_claim).chain(self.assurance.as_ref().map(|a| &a.claim));
        if wanted.into_iter().any(|claim| !stated.contains_key(claim)) {
            for (claim, value) in self.user_info(&client, &answer, claims).await? {
                stated.entry(claim).or_insert(value);
            }
        }
        if let Some(assurance) = &self.assurance
            && stated.get(&assurance.claim).and_then(level).is_none_or(|level| level < assurance.least)
        {
            return Err(ProviderError::AssuranceTooLow);
        }
        let uuid = stated.get(&self.uuid_claim).and_then(Value::as_str).filter(|text| is_uuid(text));
        Ok(Proven {
            uuid: uuid.ok_or(ProviderError::NoUuid)?.to_owned(),
            subject: claims.subject().to_string(),
            acr: acr.to_string(),
            at,
            id_token: token.to_string(),
        })
    }

    /// The provider's metadata and keys, fetched where there are none or they are too old.
    async fn metadata(&self) -> Result<Arc<Metadata>, ProviderError> {
        // Held while fetching: who comes meanwhile waits for the one answer, within their own ten seconds.
        let mut kept = self.kept.lock().await;
        let now = self.clock.now();
        if let Some((at, metadata)) = &kept.metadata
            && lately(*at, now, KEPT)
        {
            return Ok(metadata.clone());
        }
        let metadata = Metadata::discover_async(self.issuer.clone(), &self.http)
            .await
            .map_err(|error| self.unfetched(&error))?;
        let log_out = metadata.additional_metadata().end_session_endpoint.as_ref();
        let visited = [Some(metadata.authorization_endpoint().url()), log_out.map(|endpoint| endpoint.url())];
        if !visited.into_iter().flatten().all(|url| settings::is_safe(url, self.loopback)) {
            return Err(self.down("its metadata send people to an address that is not https://"));
        }
        let metadata = Arc::new(metadata);
        kept.metadata = Some((now, metadata.clone()));
        Ok(metadata)
    }

    /// The same with its keys of now, unless they were asked for just before.
    async fn with_new_keys(&self, known: &Arc<Metadata>) -> Result<Arc<Metadata>, ProviderError> {
        let mut kept = self.kept.lock().await;
        let now = self.clock.now();
        let (at, mut metadata) = kept.metadata.clone().unwrap_or_else(|| (now, known.clone()));
        if !kept.keys_asked.is_some_and(|at| lately(at, now, BETWEEN_KEYS)) {
            kept.keys_asked = Some(now);
            let keys = JsonWebKeySet::fetch_async(metadata.jwks_uri(), &self.http)
                .await
                .map_err(|error| self.unfetched(&error))?;
            metadata = Arc::new(Metadata::clone(&metadata).set_jwks(keys));
            kept.metadata = Some((at, metadata.clone()));
        }
        Ok(metadata)
    }

    fn unfetched(&self, error: &DiscoveryError<HttpError>) -> ProviderError {
        match error {
            DiscoveryError::Request(error) => self.down(error),
            DiscoveryError::Validation(_) => self.down("its metadata name another issuer"),
            _ => self.down("its metadata or keys cannot be read"),
        }
    }

    fn client(&self, metadata: &Metadata) -> Result<Client, ProviderError> {
        // Basic where nothing is said: OpenID Connect Discovery 1.0 §3.
        let by = match metadata.token_endpoint_auth_methods_supported() {
            None => AuthType::BasicAuth,
            Some(by) if by.contains(&CoreClientAuthMethod::ClientSecretBasic) => AuthType::BasicAuth,
            Some(by) if by.contains(&CoreClientAuthMethod::ClientSecretPost) => AuthType::RequestBody,
            Some(_) => return Err(self.down("takes neither client_secret_basic nor client_secret_post")),
        };
        let (id, secret) = (self.client_id.clone(), self.secret.clone());
        Ok(Client::from_provider_metadata(metadata.clone(), id, Some(secret))
            .set_redirect_uri(self.redirect.clone())
            .set_auth_type(by))
    }

    async fn redeem(&self, client: &Client, code: &str, asked: &Asked) -> Result<Answer, ProviderError> {
        client
            .exchange_code(AuthorizationCode::new(code.to_owned()))
            .map_err(|_| self.down("its metadata name no token endpoint"))?
            .set_pkce_verifier(PkceCodeVerifier::new(asked.verifier.clone()))
            .request_async(&self.http)
            .await
            .map_err(|error| match error {
                RequestTokenError::ServerResponse(refusal) => match refusal.error() {
                    CoreErrorResponseType::InvalidGrant => ProviderError::Refused,
                    CoreErrorResponseType::InvalidClient | CoreErrorResponseType::UnauthorizedClient => {
                        self.down("does not take client_id and client_secret")
                    }
                    _ => self.down("refuses every code"),
                },
                RequestTokenError::Request(error) => self.down(error),
                RequestTokenError::Parse(..) => self.bad_token("the answer is no token"),
                RequestTokenError::Other(_) => self.down("its answer for a code cannot be read"),
            })
    }

    /// The claims of a token that the provider signed, for us, in answer to this request, still valid.
    async fn verified<'t>(
        &self,
        token: &'t Token,
        metadata: &Arc<Metadata>,
        asked: &Asked,
    ) -> Result<&'t TokenClaims, ProviderError> {
        let nonce = Nonce::new(asked.nonce.clone());
        let mut claims = token.claims(&self.verifier(metadata), &nonce);
        // Without a key id, or with one used twice, a new key shows as a signature that does not fit.
        if let Err(ClaimsVerificationError::SignatureVerification(
            SignatureVerificationError::NoMatchingKey | SignatureVerificationError::CryptoError(_),
        )) = claims
        {
            let metadata = self.with_new_keys(metadata).await?;
            claims = token.claims(&self.verifier(&metadata), &nonce);
        }
        claims.map_err(|error| match error {
            ClaimsVerificationError::InvalidNonce(_) => ProviderError::WrongNonce,
            ClaimsVerificationError::Expired(_) => self.bad_token("it has expired or is from the future"),
            ClaimsVerificationError::InvalidIssuer(_) => self.bad_token("it is another issuer's"),
            ClaimsVerificationError::InvalidAudience(_) => self.bad_token("it is for somebody else"),
            ClaimsVerificationError::SignatureVerification(_) => self.bad_token("its signature does not fit"),
            _ => self.bad_token("it is of an unknown kind"),
        })
    }

    fn verifier(&self, metadata: &Metadata) -> IdTokenVerifier<'static, CoreJsonWebKey> {
        let now = self.clock.now();
        let latest = seconds(now) + SKEW;
        let since_1970 = now.plus_seconds(-SKEW).microseconds().try_into().unwrap_or_default();
        // A public client's has no secret, with which a token could be signed as well.
        IdTokenVerifier::new_public_client(
            self.client_id.clone(),
            self.issuer.clone(),
            metadata.jwks().clone(),
        )
        .set_allowed_algs(ALGORITHMS)
        .set_time_fn(move || (SystemTime::UNIX_EPOCH + Duration::from_micros(since_1970)).into())
        .set_issue_time_verifier_fn(move |at| {
            if at.timestamp() <= latest { Ok(()) } else { Err("from the future".to_owned()) }
        })
    }

    /// When the card was presented; `fresh`: only if the provider says so, and at most five minutes ago.
    fn presented_at(&self, claims: &TokenClaims, fresh: bool) -> Result<Instant, ProviderError> {
        let now = self.clock.now();
        let stated = claims.auth_time().map(|at| at.timestamp());
        let at = stated.unwrap_or_else(|| claims.issue_time().timestamp());
        if !(0..=seconds(now) + SKEW).contains(&at) {
            return Err(self.bad_token("the card was presented in no possible time"));
        }
        if fresh && stated.is_none_or(|at| seconds(now) - at > FRESH) {
            return Err(ProviderError::TooOld);
        }
        Ok(Instant::from_microseconds(at * 1_000_000).min(now))
    }

    /// What userinfo says about the same person; nothing where the provider has none.
    async fn user_info(
        &self,
        client: &Client,
        answer: &Answer,
        claims: &TokenClaims,
    ) -> Result<Map<String, Value>, ProviderError> {
        let subject = Some(claims.subject().clone());
        let Ok(request) = client.user_info(answer.access_token().clone(), subject) else {
            return Ok(Map::new());
        };
        let info: UserInfoClaims<Claims, CoreGenderClaim> =
            request.request_async(&self.http).await.map_err(|error| match error {
                UserInfoError::ClaimsVerification(_) => self.bad_token("userinfo is about somebody else"),
                UserInfoError::Request(error) => self.down(error),
                _ => self.down("its userinfo cannot be read"),
            })?;
        Ok(object(&info))
    }
}

/// Claims by their names in the token, whether the standard has them or not.
fn object(claims: &impl Serialize) -> Map<String, Value> {
    match serde_json::to_value(claims) {
        Ok(Value::Object(claims)) => claims,
        _ => Map::new(),
    }
}

fn level(value: &Value) -> Option<u8> {
    match value {
        Value::String(digits) => digits.parse().ok(),
        number => number.as_u64()?.try_into().ok(),
    }
}

fn is_uuid(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
}

fn lately(at: Instant, now: Instant, limit: i64) -> bool {
    (0..limit).contains(&now.seconds_since(at))
}

/// Whole seconds since 1970.
fn seconds(at: Instant) -> i64 {
    at.microseconds().div_euclid(1_000_000)
}
