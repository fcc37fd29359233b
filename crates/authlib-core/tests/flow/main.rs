//! Whole flows, in process: against real providers' recorded answers, and against the embedded provider
//! as a function. No sockets, no network, a fixed clock.

// `cfg(test)` tells clippy that these are tests all through, where `unwrap` is allowed.
#[cfg(test)]
mod canned;
#[cfg(test)]
mod presets;
