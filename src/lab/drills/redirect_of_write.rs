//! A write that is redirected to another origin with 307 or 308 is not sent there: neither its credential nor the record in
//! its body (RFC 9110 section 15.4; clients that strip the credential still send the body).
//!
//! Source: RFC 9110 section 15.4; clients that strip the credential still send the body.

use serde_json::Value;

use super::super::faults::Redirect;
use super::{Drill, Setup, WRITES, in_target, owed};
use crate::base::rng::Rng;
use crate::lab::bench::Bench;

/// See the module.
pub(super) struct RedirectOfWrite;

impl Drill for RedirectOfWrite {
    fn code(&self) -> &'static str {
        "redirect-of-write"
    }

    fn hypothesis(&self) -> &'static str {
        "A write that is redirected to another origin is not sent there, neither its credential nor its body."
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let status = if rng.one_in(2) { 307 } else { 308 };
        let _ = bench;
        let aim = in_target(WRITES.to_vec(), owed(bench, records), rng);
        Setup::with(Redirect { aim, status }).passes(2).lenient()
    }
}
