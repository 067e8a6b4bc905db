//! Room: readers.
