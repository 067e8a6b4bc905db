//! A connection that ends before the system has the request costs nothing but a second attempt.
//!
//! Source: RFC 9112 section 9.6: a connection may end at any time.

use serde_json::Value;

use super::super::faults::ConnectionReset;
use super::{Drill, Setup};
use super::{everywhere, owed, retries, survivable};
use crate::base::rng::Rng;
use crate::lab::bench::Bench;

/// See the module.
pub(super) struct ConnectionResetDrill;

impl Drill for ConnectionResetDrill {
    fn code(&self) -> &'static str {
        "connection-reset"
    }

    fn hypothesis(&self) -> &'static str {
        "A connection that ends before the system has the request costs nothing but a second attempt."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        retries(bench)
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let times = survivable(bench, 3, rng);
        Setup::with(ConnectionReset { aim: everywhere(bench, owed(bench, records), rng).times(times) })
    }
}
