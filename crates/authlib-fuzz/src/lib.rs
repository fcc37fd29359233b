//! Fuzz targets: properties of every reader of a peer's input, over the public API of `authlib-core`.
//!
//! A target gets bytes, gives them to a reader as a response, a header, a callback, a cookie or a file, and checks
//! the outcome with a second, simpler reader. `fuzz/` runs the targets with cargo-fuzz; the tests of this crate run
//! them with the inputs in `seeds`, and count how the work of each reader grows.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a target stops at the first violated property"
)]

mod callbacks;
mod challenge;
mod documents;
mod files;
mod id_token;
mod oauth1;
mod peer;
mod responses;
mod texts;

/// A target: whether the reader accepted the input. It panics if a property is violated.
pub type Target = fn(&[u8]) -> bool;

/// All targets by name. The folder of a target's seeds and its binary in `fuzz/` have the same name.
pub const TARGETS: &[(&str, Target)] = &[
    ("callback", callbacks::callback),
    ("callback_request", callbacks::callback_request),
    ("challenge", challenge::challenge),
    ("config", files::config),
    ("device", responses::device),
    ("fragment", callbacks::fragment),
    ("id_token", id_token::id_token),
    ("introspection", responses::introspection),
    ("jwks", id_token::jwks),
    ("local_path", texts::local_path),
    ("logout_token", id_token::logout_token),
    ("metadata", documents::metadata),
    ("oauth1_base_string", oauth1::base_string),
    ("oauth1_temporary", oauth1::temporary),
    ("oauth1_token", oauth1::token),
    ("params", texts::params),
    ("private_key", files::private_key),
    ("registration", documents::registration),
    ("revocation", responses::revocation),
    ("session", texts::session),
    ("token", responses::token),
    ("userinfo", responses::userinfo),
];

/// Runs the target of this name, and returns what it does.
///
/// # Panics
///
/// If there is no such target, or if a property is violated.
pub fn run(name: &str, data: &[u8]) -> bool {
    let (_, target) = TARGETS.iter().find(|(known, _)| *known == name).expect("a target");
    target(data)
}
