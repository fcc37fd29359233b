//! The guide, compiled: every code block of its chapters and of the README is a test.

#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
mod readme {}
