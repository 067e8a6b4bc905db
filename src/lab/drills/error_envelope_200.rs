//! An error inside a 200 answer is an error, not an empty page. GraphQL tells errors this way, also beside a part of the
//! data.
//!
//! Source: GraphQL over HTTP section 6.4 and vendors with `ok: false`: three engines measured took it for an empty
//! page.

use serde_json::Value;

use super::super::bench::Purpose;
use super::super::faults::{Aim, ErrorEnvelope, Partial};
use super::{Drill, Setup};
use super::{in_target, reads, survivable};
use crate::base::rng::Rng;
use crate::connector::WritePlan;
use crate::lab::bench::Bench;

/// See the module.
pub(super) struct ErrorEnvelope200;

impl Drill for ErrorEnvelope200 {
    fn code(&self) -> &'static str {
        "error-envelope-200"
    }

    fn hypothesis(&self) -> &'static str {
        "An error inside a 200 answer is an error, not an empty page."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        reads(bench)
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let (aim, list) = match bench.plan.target.write {
            // A search that is misread lets a record be made that is there.
            WritePlan::Upsert { .. } if bench.plan.source.list.is_none() || rng.one_in(2) => {
                (in_target(vec![Purpose::Find], records.len(), rng), false)
            }
            _ => (Aim::at([Purpose::List]).after(rng.below(3)), true),
        };
        let times = survivable(bench, 2, rng);
        let aim = aim.times(times);
        // A connector may stop at such an answer; what it may not do is go on as if there were nothing.
        let graph = bench.plan.source.by_graphql() && list;
        let partial = if graph && rng.one_in(2) { Partial::Some } else { Partial::Nothing };
        let fault = ErrorEnvelope { aim, graph: graph.then_some(partial) };
        let mut setup = Setup::with(fault).passes(2).lenient();
        setup.faults_end_with_first_pass = true;
        setup
    }
}
