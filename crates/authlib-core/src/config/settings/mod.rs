//! From a [`ClientConfig`](super::ClientConfig) to [`ClientSettings`].

mod api;
mod client_auth;
mod client_settings;
mod decryption;
mod dpop;
mod fingerprint;
mod kept_claims;
#[cfg(feature = "oauth1")]
mod oauth1;
#[cfg(not(feature = "oauth1"))]
#[path = "oauth1_off.rs"]
mod oauth1;
mod profile;
mod provider;
mod refresh;
mod request;
mod request_params;
mod secret;
mod tenants;
mod tls;
mod validate;
mod validator;

pub(crate) use self::client_settings::ClientSettings;
pub(crate) use self::dpop::DpopKeys;
pub(crate) use self::kept_claims::{KeptClaims, no_token_kept};
#[cfg(feature = "oauth1")]
pub(crate) use self::oauth1::{Method as OAuth1Method, OAuth1Settings};
pub(crate) use self::provider::{is_openid, metadata_url};
pub(crate) use self::refresh::RefreshPolicy;
