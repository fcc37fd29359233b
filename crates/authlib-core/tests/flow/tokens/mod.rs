//! Refresh, storage and revocation of tokens.

mod backoff;
mod leases;
mod leeway;
mod logged_once;
mod model;
mod needs_user;
mod outages;
mod refresh;
mod refresh_methods;
mod replicas;
mod resources;
mod retry;
mod revocation;
mod tasks;
mod unsaved;
