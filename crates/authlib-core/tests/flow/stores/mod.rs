//! Stores, tested by their conformance kit.

mod conformance;
