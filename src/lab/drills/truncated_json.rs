//! Half a body is an error, not an empty page.
//!
//! Source: RFC 9112 section 8: an incomplete message is an error.

use serde_json::Value;

use super::super::faults::TruncatedBody;
use super::{Drill, Setup};
use super::{read, reads, survivable};
use crate::base::rng::Rng;
use crate::lab::bench::Bench;

/// See the module.
pub(super) struct TruncatedJson;

impl Drill for TruncatedJson {
    fn code(&self) -> &'static str {
        "truncated-json"
    }

    fn hypothesis(&self) -> &'static str {
        "Half a body is an error, not an empty page."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        reads(bench)
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let aim = read(bench, records.len(), rng);
        let times = survivable(bench, 2, rng);
        let aim = aim.times(times);
        // A connector may stop at such an answer; what it may not do is go on as if there were nothing.
        let mut setup = Setup::with(TruncatedBody { aim }).passes(2).lenient();
        setup.faults_end_with_first_pass = true;
        setup
    }
}
