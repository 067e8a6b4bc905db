//! A request that was refused as wrong is not sent again, and its record becomes a dead letter.
//!
//! Source: RFC 9110 section 15.5: the client has erred, and the same again errs again.

use serde_json::Value;

use super::super::faults::{Aim, RecordRefused};
use super::super::judge::Evidence;
use super::{Drill, Setup};
use super::{WRITES, deliverable, identifiable};
use crate::base::rng::Rng;
use crate::connector::WritePlan;
use crate::lab::bench::Bench;

/// See the module.
pub(super) struct ClientErrorNotRetried;

impl Drill for ClientErrorNotRetried {
    fn code(&self) -> &'static str {
        "client-error-not-retried"
    }

    fn hypothesis(&self) -> &'static str {
        "A request that was refused as wrong is not sent again, and its record becomes a dead letter."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        identifiable(bench)
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let Some((key, identity)) = deliverable(bench, records, rng) else { return Setup::clean() };
        // Of a batch 415 says nothing about one of its records.
        let all = [400, 413, 422, 415];
        let of_one_record =
            if matches!(bench.plan.target.write, WritePlan::Bulk { .. }) { 3 } else { all.len() as u64 };
        let status = all[usize::try_from(rng.below(of_one_record)).unwrap_or(0)];
        let aim = Aim::at(WRITES).record(identity).times(u64::MAX / 2);
        let mut setup = Setup::with(RecordRefused { aim, status });
        setup.expect.dead.insert(key);
        setup
    }

    fn judge(&self, evidence: &Evidence<'_>) -> Vec<String> {
        let sent = evidence.trace.exchanges.iter().filter(|x| {
            // A batch that is refused as a whole is cut down to the record that it is refused for.
            x.fault == Some("record-refused") && x.batch.len() < 2
        });
        let sent = sent.count();
        // A program of its own that is started again may try again; within a run the judge of attempts counts.
        let most = if evidence.foreign.is_some() { evidence.runs.len() } else { 1 };
        if sent > most { vec![format!("the refused write was sent {sent} times")] } else { Vec::new() }
    }
}
