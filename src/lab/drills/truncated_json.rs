//! Half a body is an error, not an empty page.
//!
//! Source: RFC 9112 section 8: an incomplete message is an error.

use serde_json::Value;

use super::super::bench::Purpose;
use super::super::faults::{Aim, TruncatedBody};
use super::{Drill, Setup};
use super::{in_target, reads, survivable};
use crate::base::rng::Rng;
use crate::connector::WritePlan;
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
        let aim = match bench.plan.target.write {
            // A search that is misread lets a record be made that is there.
            WritePlan::Upsert { .. } if bench.plan.source.list.is_none() || rng.one_in(2) => {
                in_target(vec![Purpose::Find], records.len(), rng)
            }
            _ => Aim::at([Purpose::List]).after(rng.below(3)),
        };
        let times = survivable(bench, 2, rng);
        let aim = aim.times(times);
        // A connector may stop at such an answer; what it may not do is go on as if there were nothing.
        let mut setup = Setup::with(TruncatedBody { aim }).passes(2).lenient();
        setup.faults_end_with_first_pass = true;
        setup
    }
}
