//! Room: mapping.
