//! Room: lab.
