//! A name that is not resolved for a while is a connection that was not made: sent again, nothing lost (RFC 9110 section
//! 9.2.2: nothing was done).
//!
//! Source: RFC 9110 section 9.2.2: nothing was sent, so nothing was done.

use serde_json::Value;

use super::super::faults::TransportFails;
use super::{Drill, Setup, owed, retries, somewhere, survivable};
use crate::base::rng::Rng;
use crate::lab::bench::Bench;

/// See the module.
pub(super) struct DnsFailure;

impl Drill for DnsFailure {
    fn code(&self) -> &'static str {
        "dns-failure"
    }

    fn hypothesis(&self) -> &'static str {
        "A host whose name is not resolved for a while is asked again, and no record is given up for it."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        retries(bench)
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let times = survivable(bench, 2, rng);
        Setup::with(TransportFails::no_name(somewhere(bench, owed(bench, records), rng).times(times)))
    }
}
