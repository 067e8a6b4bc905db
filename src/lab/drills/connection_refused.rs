//! Where no connection is made, the request is sent again later, and nothing is lost.
//!
//! Source: RFC 9110 section 9.2.2: what was never received may be sent again.

use serde_json::Value;

use super::super::faults::ConnectionRefused;
use super::{Drill, Setup};
use super::{everywhere, retries, survivable};
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
        let times = survivable(bench, 3, rng);
        Setup::with(ConnectionRefused { aim: everywhere(bench, records.len(), rng).times(times) })
    }
}
