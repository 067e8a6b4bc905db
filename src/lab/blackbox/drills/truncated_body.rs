//! Fewer bytes than Content-Length: an incomplete message (RFC 9112 section 8).

use serde_json::Value;

use super::OnWire;
use crate::base::rng::Rng;
use crate::lab::bench::Bench;
use crate::lab::drills::{Drill, Setup, read, reads};
use crate::lab::faults::Wire;

pub(super) struct TruncatedBody;

impl Drill for TruncatedBody {
    fn code(&self) -> &'static str {
        "truncated-body"
    }

    fn hypothesis(&self) -> &'static str {
        "Half of a body under the length of the whole is an error, not a short page."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        reads(bench)
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let aim = read(bench, records.len(), rng);
        let mut setup = Setup::with(OnWire { code: "truncated-body", aim, wire: Wire::Truncate }).passes(2).lenient();
        setup.faults_end_with_first_pass = true;
        setup
    }
}
