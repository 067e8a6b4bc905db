//! An idle connection is closed by the server without a word, at any time (RFC 9112 section 9.5).

use serde_json::Value;

use super::OnWire;
use crate::base::rng::Rng;
use crate::lab::bench::Bench;
use crate::lab::drills::{Drill, Setup, everywhere, retries};
use crate::lab::faults::Wire;

pub(super) struct ClosedConnection;

impl Drill for ClosedConnection {
    fn code(&self) -> &'static str {
        "closed-connection"
    }

    fn hypothesis(&self) -> &'static str {
        "A kept connection that the system has closed costs nothing but another one."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        retries(bench)
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let aim = everywhere(bench, records.len(), rng).times(4);
        Setup::with(OnWire { code: "closed-connection", aim, wire: Wire::CloseAfter })
    }
}
