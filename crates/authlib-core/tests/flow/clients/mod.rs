//! Clients of programs without a browser.

mod assertion;
mod authentication;
mod backchannel;
mod device;
mod grants;
mod hooks;
mod implicit;
mod refresh;
mod requests;
mod secrets_in_logs;
