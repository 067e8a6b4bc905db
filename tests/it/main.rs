//! The integration tests, one binary.

mod contract;
mod mapping;
mod schemas;
