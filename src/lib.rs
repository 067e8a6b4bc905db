//! platform-integration: map two systems, write the contract between them, run it, try to break it,
//! and keep the evidence. The rooms and what each may name are in `ARCHITECTURE.md`; the table there is a test.

pub mod app;
pub mod base;
pub mod checks;
pub mod cli;
pub mod connector;
pub mod contract;
pub mod drift;
pub mod evidence;
pub mod finding;
pub mod html;
pub mod knowledge;
pub mod lab;
pub mod mapping;
pub mod mcp;
pub mod model;
pub mod package;
pub mod probe;
pub mod readers;
pub mod render;
pub mod sandbox;
pub mod scaffold;
pub mod skill;
pub mod store;
pub mod ui;
pub mod verify;
pub mod workflow;
