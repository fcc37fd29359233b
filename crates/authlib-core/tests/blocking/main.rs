//! The clients for programs without an async runtime, over real sockets: what the flow tests show of their
//! async twins holds for them too. Numbers stand for the same tests of Authlib's blocking clients; a table in
//! the guide has them all.

// `cfg(test)` tells clippy that these are tests all through, where `unwrap` is allowed.
#[cfg(test)]
mod grants;
#[cfg(test)]
mod requests;
#[cfg(test)]
mod served;
