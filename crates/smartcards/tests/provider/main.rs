//! Log-in at an identity provider: a real one (npm's `oidc-provider`), and one that misbehaves.

#![expect(clippy::unwrap_used, reason = "helpers of tests, too, stop where something is not as it should be")]

mod common;
mod log_in;
mod misbehaving;
mod settings;
mod stub;
