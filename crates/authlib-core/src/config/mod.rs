//! Client configuration: [`ClientConfig`] from code, TOML files and the environment, not yet validated.

pub(crate) mod client_config;
mod credentials;
mod dpop;
mod encryption;
mod extension_setters;
mod extensions;
mod list_setters;
mod login_policy;
mod problem;
mod profile;
mod refresh;
mod registration;
mod request_setters;
mod response_mode;
mod setting_keys;
mod settings;
mod source;
mod tls_setters;

pub(crate) use self::client_config::ClientConfig;
pub use self::dpop::Dpop;
pub(crate) use self::encryption::EncryptionSettings;
pub(crate) use self::login_policy::LoginPolicy;
pub use self::problem::{ConfigProblem, ConfigProblems};
pub use self::profile::Profile;
pub use self::refresh::{Refresh, RefreshCallback};
pub use self::response_mode::ResponseMode;
pub use self::setting_keys::setting_names;
pub(crate) use self::setting_keys::{is_reserved_authorize_param, is_reserved_logout_param};
pub(crate) use self::settings::{
    ClientSettings, DpopKeys, KeptClaims, RefreshPolicy, is_openid, metadata_url, no_token_kept,
};
#[cfg(feature = "oauth1")]
pub(crate) use self::settings::{OAuth1Method, OAuth1Settings};
pub(crate) use self::source::{REQUIRE_FIPS, Sources, environment_variable, similar_preset};
pub use crate::oidc::user_info::UserInfoMethod;
