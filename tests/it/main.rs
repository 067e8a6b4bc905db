//! The integration tests, one binary.

mod checks;
mod contract;
mod mapping;
mod schemas;
mod systems;
