//! The workflow: facts from events, gates, guardrails, readiness. Events are made by a small log that stands in for
//! the tools.

mod chain;
mod facts;
mod guardrails;
mod log;
mod progress;
mod readiness;
