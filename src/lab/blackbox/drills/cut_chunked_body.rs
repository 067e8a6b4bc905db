//! No last chunk: an incomplete message (RFC 9112 section 8).

use serde_json::Value;

use super::OnWire;
use crate::base::rng::Rng;
use crate::lab::bench::Bench;
use crate::lab::drills::{Drill, Setup, read, reads};
use crate::lab::faults::Wire;

pub(super) struct CutChunkedBody;

impl Drill for CutChunkedBody {
    fn code(&self) -> &'static str {
        "cut-chunked-body"
    }

    fn hypothesis(&self) -> &'static str {
        "A body in chunks that ends before its last chunk is an error, not a short page."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        reads(bench)
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let aim = read(bench, records.len(), rng);
        let mut setup =
            Setup::with(OnWire { code: "cut-chunked-body", aim, wire: Wire::CutChunks }).passes(2).lenient();
        setup.faults_end_with_first_pass = true;
        setup
    }
}
