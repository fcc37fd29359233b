//! Client configuration: [`ClientConfig`] from code, TOML files and the environment, not yet validated.

mod client_config;
mod extensions;
mod problem;
mod setting_keys;
mod settings;
mod source;

pub use self::client_config::ClientConfig;
pub use self::problem::{ConfigProblem, ConfigProblems};
pub(crate) use self::setting_keys::is_reserved_authorize_param;
pub use self::setting_keys::key_names;
pub use self::settings::ResponseMode;
pub(crate) use self::settings::{ClientSettings, OAuth1Method, OAuth1Settings, Renewal, is_openid};
pub(crate) use self::source::Sources;
