//! The connector against a scripted world: two systems in memory, faults on demand, virtual time.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod access;
mod batching;
mod deleting;
mod following;
mod graphql;
mod holding;
mod operating;
mod pacing;
mod reading;
mod receiving;
mod remapping;
mod remembering;
mod repeating;
mod sockets;
mod stage;
mod tracing;
mod undoing;
mod world;
mod writing;
