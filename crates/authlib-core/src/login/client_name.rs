//! [`ClientName`]: a client's name as a type.

/// A type that stands for a registered client, so that a handler names its client in its signature.
///
/// ```
/// # use authlib_core::login::ClientName;
/// struct Google;
/// impl ClientName for Google {
///     const NAME: &'static str = "google";
/// }
/// ```
pub trait ClientName {
    /// The name under which the client is registered.
    const NAME: &'static str;
}
