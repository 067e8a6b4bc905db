//! An error inside a 200 answer is an error: no empty page, and no record that was written. GraphQL tells errors this way, also beside a part of the
//! data.
//!
//! Source: GraphQL over HTTP section 6.4 and vendors with `ok: false`: three engines measured took it for an empty
//! page.

use serde_json::Value;

use super::super::bench::Purpose;
use super::super::faults::{Aim, ErrorEnvelope, Partial};
use super::{Drill, Setup};
use super::{in_target, owed, promises_json, reads, survivable};
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
        "An error inside a 200 answer is an error: no empty page, and no record that was written."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        if writes(bench).is_empty() { reads(bench) } else { Ok(()) }
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let writes = writes(bench);
        let aims = [
            // A search that is misread lets a record be made that is there.
            matches!(bench.plan.target.write, WritePlan::Upsert { .. }).then(|| vec![Purpose::Find]),
            // A write that is misread is never done.
            (!writes.is_empty()).then_some(writes),
            bench.plan.source.list.is_some().then(|| vec![Purpose::List]),
        ];
        let aims: Vec<Vec<Purpose>> = aims.into_iter().flatten().collect();
        let Some(purposes) = rng.pick(&aims).cloned() else { return Setup::clean() };
        let list = purposes == [Purpose::List];
        let aim =
            if list { Aim::at(purposes).after(rng.below(3)) } else { in_target(purposes, owed(bench, records), rng) };
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

/// Writes of one record whose answer the description promises to be JSON.
fn writes(bench: &Bench) -> Vec<Purpose> {
    const ONE: [Purpose; 3] = [Purpose::Create, Purpose::Update, Purpose::Put];
    promises_json(bench).into_iter().filter(|purpose| ONE.contains(purpose)).collect()
}
