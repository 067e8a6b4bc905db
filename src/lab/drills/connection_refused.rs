//! Where no connection is made, the request is sent again later, and nothing is lost.
//!
//! Source: RFC 9110 section 9.2.2: what was never received may be sent again.

use serde_json::Value;

use super::super::faults::ConnectionRefused;
use super::{Drill, Setup};
use super::{everywhere, owed, retries, survivable};
use crate::base::rng::Rng;
use crate::lab::bench::Bench;

/// See the module.
pub(super) struct ConnectionRefusedDrill;

impl Drill for ConnectionRefusedDrill {
    fn code(&self) -> &'static str {
        "connection-refused"
    }

    fn hypothesis(&self) -> &'static str {
        "Where no connection is made, the request is sent again later, and nothing is lost."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        retries(bench)
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        // In real time nobody is seen who knocks at a closed door: who makes three attempts may have made two by the next hit.
        let times = if bench.real.is_some() { 1 } else { survivable(bench, 3, rng) };
        Setup::with(ConnectionRefused { aim: everywhere(bench, owed(bench, records), rng).times(times) })
    }
}
