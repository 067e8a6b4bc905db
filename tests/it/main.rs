//! The integration tests, one binary.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a test that cannot go on stops, and says what it likes"
)]

mod answers;
mod approvals;
mod architecture;
mod bad_input;
mod bypasses;
mod check;
mod checks;
mod checks_accepted;
mod checks_lookalikes;
mod checks_variants;
mod cli;
mod code;
mod codes;
mod connector;
mod contract;
mod contract_hostile;
mod drafting;
mod drift;
mod evidence;
mod evidence_fields;
mod first_steps;
mod http;
mod kill;
mod lab;
mod mapping;
mod matcher;
mod mcp;
mod newcomer;
mod operate;
mod operating;
mod otel;
mod package;
mod pages;
mod probe;
mod readers;
mod rejected;
mod run;
mod run_csv;
mod run_search;
mod runbook;
#[cfg(target_os = "linux")]
mod sandbox;
mod scaffold;
mod schemas;
mod seeded;
mod skill;
mod sources;
mod store;
mod systems;
mod verify;
mod workflow;
