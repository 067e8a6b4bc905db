//! Room: scaffold.
