//! Client configuration: [`ClientConfig`] from code, TOML files and the environment, not yet validated.

pub(crate) mod client_config;
mod extensions;
mod problem;
mod setting_keys;
mod settings;
mod source;

pub(crate) use self::client_config::ClientConfig;
pub use self::problem::{ConfigProblem, ConfigProblems};
pub(crate) use self::setting_keys::is_reserved_authorize_param;
pub use self::setting_keys::setting_names;
pub(crate) use self::settings::{
    ClientSettings, OAuth1Method, OAuth1Settings, RefreshPolicy, is_openid, metadata_url,
};
pub use self::settings::{Refresh, RefreshCallback, ResponseMode};
pub(crate) use self::source::Sources;
