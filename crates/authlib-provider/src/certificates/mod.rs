//! Certificates for tests of mutual TLS (RFC 8705), as PEM. They are valid for a hundred years, and their keys are public.
//! The key of the CA was deleted.

/// The CA, which signed the server's certificate and all below but one.
pub const CA: &str = include_str!("ca.pem");

/// The certificate of a client, with the subject `O=Example, CN=app`.
pub const CLIENT: &str = include_str!("client.pem");
/// The key of [`CLIENT`].
pub const CLIENT_KEY: &str = include_str!("client.key.pem");

/// Another certificate with the subject of [`CLIENT`], as after a renewal.
pub const RENEWED: &str = include_str!("renewed.pem");
/// The key of [`RENEWED`].
pub const RENEWED_KEY: &str = include_str!("renewed.key.pem");

/// The certificate of another client.
pub const OTHER: &str = include_str!("other.pem");
/// The key of [`OTHER`].
pub const OTHER_KEY: &str = include_str!("other.key.pem");

/// A certificate with the subject of [`CLIENT`] that no CA signed.
pub const SELF_SIGNED: &str = include_str!("self-signed.pem");
/// The key of [`SELF_SIGNED`].
pub const SELF_SIGNED_KEY: &str = include_str!("self-signed.key.pem");

/// The server's certificate, for `localhost` and 127.0.0.1.
pub const SERVER: &str = include_str!("server.pem");
/// The key of [`SERVER`].
pub const SERVER_KEY: &str = include_str!("server.key.pem");
