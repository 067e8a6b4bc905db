//! Room: checks.
