//! [`LinkPolicy`]: which accounts at providers may belong to one user of the application.

/// Which accounts at providers may belong to one user of the application: see
/// [`OAuthBuilder::link_policy`](crate::OAuthBuilder::link_policy).
///
/// An account is its [`Identity`](crate::login::Identity): issuer and subject. By default it belongs to one user, and an
/// e-mail address never links it to a user: many providers don't verify addresses, some let users change them, and
/// they can be reassigned.
///
/// ```
/// use authlib_core::{LinkPolicy, OAuth};
///
/// // Google is the authority for the addresses that it verifies.
/// let oauth = OAuth::builder().link_policy(LinkPolicy::new().trust_email_of("google")).build()?;
/// # let _ = oauth;
/// # Ok::<(), authlib_core::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct LinkPolicy {
    trusted: Vec<String>,
    pub(crate) moves_accounts: bool,
}

impl LinkPolicy {
    /// One user per account, and no links by e-mail.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets [`CompletedLogin::linkable_email`](crate::login::CompletedLogin::linkable_email) return the verified e-mail addresses of the client registered under
    /// this name. **Name only clients whose provider proves that the user owns the address**: whoever gets a
    /// provider to confirm somebody's address takes over that user.
    #[must_use]
    pub fn trust_email_of(mut self, client: impl Into<String>) -> Self {
        self.trusted.push(client.into());
        self
    }

    /// Moves an account that is connected to another user: the other user loses it. By default that is an
    /// error of kind [`Conflict`](crate::ErrorKind::Conflict).
    #[must_use]
    pub fn move_accounts(mut self) -> Self {
        self.moves_accounts = true;
        self
    }

    /// Whether the e-mail addresses of this client are trusted.
    pub(crate) fn trusts_email_of(&self, client: &str) -> bool {
        self.trusted.iter().any(|name| name == client)
    }
}
