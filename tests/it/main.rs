//! The integration tests, one binary.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test that cannot go on stops, and says what it likes")]

mod architecture;
mod checks;
mod connector;
mod contract;
mod lab;
mod scaffold;
mod skill;
mod store;
mod workflow;

mod mapping;
mod matcher;
mod readers;
mod schemas;
mod systems;
