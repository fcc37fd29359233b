//! Logins in a browser.

mod browsers;
mod callback;
mod callback_params;
mod client_settings;
mod connect;
mod denial;
mod deviations;
mod log_in_as;
mod login_rows;
mod logout;
mod policy;
mod preset_extras;
mod preset_responses;
mod preset_rows;
mod presets;
mod purpose;
mod pushed_requests;
mod registry;
mod relogin;
mod require_login;
mod secrets_in_logs;
mod session_failures;
mod setting_sources;
mod signed_userinfo;
mod single_row;
mod without_token;
