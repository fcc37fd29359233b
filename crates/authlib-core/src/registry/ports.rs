//! [`Ports`]: what the clients of a registry share.

use std::sync::Arc;

use super::replaced_clients::ReplacedClients;
use crate::authorization::{LinkPolicy, SessionTurns, UnknownSessions, UsedStates};
use crate::base_url::BaseUrl;
use crate::clock::Clock;
use crate::config::LoginPolicy;
use crate::error_pages::ErrorPages;
use crate::keyring::Keyring;
use crate::random::Random;
use crate::store::{PendingLoginStore, TokenStore};
use crate::token_updates::Subscribers;

pub(super) struct Ports {
    pub(super) clock: Arc<dyn Clock>,
    pub(super) random: Arc<dyn Random>,
    pub(super) token_store: Arc<dyn TokenStore>,
    pub(super) link_policy: LinkPolicy,
    pub(super) login_policy: LoginPolicy,
    pub(super) keep_session_at_logout: bool,
    pub(super) pending_login_store: Option<Arc<dyn PendingLoginStore>>,
    pub(super) subscribers: Subscribers,
    pub(super) used_states: Arc<UsedStates>,
    pub(super) unknown_sessions: Arc<UnknownSessions>,
    pub(super) session_turns: Arc<SessionTurns>,
    pub(super) replaced: ReplacedClients,
    pub(super) base_url: Option<BaseUrl>,
    pub(super) keyring: Keyring,
    /// Whether the application has set the keys, which then outlive the process.
    pub(super) has_keys: bool,
    pub(super) error_pages: ErrorPages,
}
