//! Signature methods of OAuth 1.0a that no RFC registers: [`OAuth1Signature`].

use crate::error::Result;
use crate::secret::Secret;

/// Signs OAuth 1.0a requests in a way of its own (RFC 5849 §3.4 lets a server have one). It is registered
/// with [`ClientConfig::oauth1_signature`](crate::ClientConfig::oauth1_signature).
///
/// ```
/// use authlib_core::hooks::OAuth1Signature;
/// use authlib_core::{ClientConfig, Result, Secret};
///
/// struct Odd;
///
/// impl OAuth1Signature for Odd {
///     fn name(&self) -> &str {
///         "ODD"
///     }
///
///     fn sign(&self, base_string: &str, client: &Secret, token: Option<&Secret>) -> Result<Secret> {
///         let _ = (client, token);
///         Ok(Secret::new(base_string.len().to_string()))
///     }
/// }
///
/// let client = ClientConfig::new("odd").client_id("key").oauth1_signature(Odd);
/// # let _ = client;
/// ```
pub trait OAuth1Signature: Send + Sync {
    /// The `oauth_signature_method`.
    fn name(&self) -> &str;

    /// The `oauth_signature` over the signature base string (RFC 5849 §3.4.1), by the client's shared
    /// secret and, where there are credentials, theirs.
    ///
    /// # Errors
    ///
    /// Why nothing can be signed; the request is then not sent.
    fn sign(
        &self,
        base_string: &str,
        client_secret: &Secret,
        token_secret: Option<&Secret>,
    ) -> Result<Secret>;
}
