//! "Rate limited" inside a 200 answer is no success: what was written is written again later. GraphQL tells its limits
//! this way (GraphQL over HTTP, section 6.4), and so do envelopes with a flag, such as Slack's `ok`.
//!
//! Source: GraphQL over HTTP, section 6.4; Slack, "Rate limits" and its `ok` flag.

use serde_json::Value;

use super::super::bench::Purpose;
use super::super::faults::{Shape, ThrottledEnvelope};
use super::{Drill, Setup, in_target, owed, retries, survivable};
use crate::base::rng::Rng;
use crate::connector::{Call, WritePlan};
use crate::lab::bench::Bench;
use crate::lab::faults::Aim;
use crate::model::{System, TypeSet};

/// See the module.
pub(super) struct RateLimited200;

impl Drill for RateLimited200 {
    fn code(&self) -> &'static str {
        "rate-limited-200"
    }

    fn hypothesis(&self) -> &'static str {
        "A limit that is told inside a 200 answer is an error: nothing is counted as written, or as read."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        retries(bench)?;
        if places(bench).is_empty() {
            return Err("no answer is described to carry ok or success beside its data".to_owned());
        }
        Ok(())
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let all = places(bench);
        let Some((purpose, shape)) = rng.pick(&all).cloned() else { return Setup::clean() };
        let aim = match purpose {
            Purpose::List => Aim::at([Purpose::List]).after(rng.below(2)),
            other => in_target(vec![other], owed(bench, records), rng),
        };
        let aim = aim.times(survivable(bench, 2, rng));
        let mut setup = Setup::with(ThrottledEnvelope { aim, shape }).passes(2).lenient();
        setup.faults_end_with_first_pass = true;
        setup
    }
}

/// The operations whose described success has room for an error, and how it is told there.
fn places(bench: &Bench) -> Vec<(Purpose, Shape)> {
    let mut out = Vec::new();
    if bench.plan.source.by_graphql() {
        out.push((Purpose::List, Shape::Errors));
    } else if let Some(list) = &bench.plan.source.list {
        out.extend(flag(&bench.source.system, list).map(|f| (Purpose::List, Shape::Flag(f))));
    }
    let writes: Vec<(Purpose, &Call)> = match &bench.plan.target.write {
        WritePlan::Upsert { find, create, .. } => vec![(Purpose::Find, find), (Purpose::Create, create)],
        WritePlan::Put { put, .. } => vec![(Purpose::Put, put)],
        WritePlan::Bulk { write, .. } => vec![(Purpose::Bulk, write)],
        WritePlan::Create { create, .. } => vec![(Purpose::Create, create)],
    };
    let told = |(purpose, call): (Purpose, &Call)| Some((purpose, Shape::Flag(flag(&bench.target.system, call)?)));
    out.extend(writes.into_iter().filter_map(told));
    out
}

/// The boolean of a described success that says whether it is one.
fn flag(system: &System, call: &Call) -> Option<String> {
    let op = system.operations.iter().find(|o| o.method == call.method && o.path == call.path)?;
    let schema = op.success()?.schema?;
    let fields = system.schemas.properties(schema);
    let is_flag = |id| {
        let types = system.schemas.get(id).types;
        types.has(TypeSet::BOOLEAN) && !types.is_any()
    };
    ["ok", "success"].into_iter().find(|name| fields.get(name).is_some_and(is_flag)).map(str::to_owned)
}
