//! Logins in a browser.

mod browsers;
mod callback;
mod client_settings;
mod logout;
mod presets;
mod registry;
mod secrets_in_logs;
mod session_failures;
