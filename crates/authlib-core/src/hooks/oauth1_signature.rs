//! Custom signature methods for OAuth 1.0a: [`OAuth1Signature`].

use crate::error::Result;
use crate::secret::Secret;

/// Signs OAuth 1.0a requests with a method of the server's own, which RFC 5849 §3.4 allows. Register it
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

    /// The `oauth_signature` over the signature base string (RFC 5849 §3.4.1), with the client's shared
    /// secret and that of the token or temporary credentials, if there are any.
    ///
    /// # Errors
    ///
    /// If the request can't be signed: it is then not sent.
    fn sign(
        &self,
        base_string: &str,
        client_secret: &Secret,
        token_secret: Option<&Secret>,
    ) -> Result<Secret>;
}
