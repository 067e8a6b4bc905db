//! A body that ends where the connection ends, cut: nothing on the wire tells that it is not whole (RFC 9112 section 8).

use serde_json::Value;

use super::OnWire;
use crate::base::rng::Rng;
use crate::lab::bench::Bench;
use crate::lab::drills::{Drill, Setup, read, reads};
use crate::lab::faults::Wire;

pub(super) struct CutClosedBody;

impl Drill for CutClosedBody {
    fn code(&self) -> &'static str {
        "cut-closed-body"
    }

    fn hypothesis(&self) -> &'static str {
        "A body without a length that ends early is not JSON any more, and that is an error, not a short page."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        reads(bench)
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let aim = read(bench, records.len(), rng);
        // After any share of it, so that it ends between records too
        let wire = Wire::CutClosed(rng.between(1, 999));
        let mut setup = Setup::with(OnWire { code: "cut-closed-body", aim, wire }).passes(2).lenient();
        setup.faults_end_with_first_pass = true;
        setup
    }
}
