//! One record on which the target fails each time (500) is given up after its attempts; it neither holds the others up nor
//! passes for an outage. A breaker that cannot tell the two apart stops the flow for good.
//!
//! Source: "Enterprise Integration Patterns", Dead Letter Channel; "Release It!", Circuit Breaker.

use serde_json::Value;

use super::super::faults::{Aim, Fault, ItemRefused, RecordRefused};
use super::super::judge::{Evidence, Foreign};
use super::{Drill, Setup, WRITES, deliverable, identifiable, in_batches, named, retries};
use crate::base::rng::Rng;
use crate::contract::Order;
use crate::lab::bench::{Bench, Purpose};

/// The target fails on this record whenever it comes: of a batch on its item alone, since a batch that fails as a whole says
/// nothing of one record.
pub(super) fn fails_each_time(bench: &Bench, identity: String) -> Box<dyn Fault> {
    let ever = |aim: Aim| aim.record(identity).times(u64::MAX / 2);
    if in_batches(bench).is_ok() {
        return Box::new(ItemRefused { aim: ever(Aim::at([Purpose::Bulk])), status: 500, any_order: named(bench) });
    }
    Box::new(RecordRefused { aim: ever(Aim::at(WRITES)), status: 500 })
}

/// One record may fail each time, and the others go on.
pub(super) fn one_may_fail(bench: &Bench) -> Result<(), String> {
    retries(bench)?;
    if bench.plan.delivery.order == Order::Total {
        return Err("the contract wants all in order: nothing may overtake what fails as in an outage".to_owned());
    }
    identifiable(bench)
}

/// See the module.
pub(super) struct Poison500;

impl Drill for Poison500 {
    fn code(&self) -> &'static str {
        "poison-500"
    }

    fn hypothesis(&self) -> &'static str {
        "One record on which the target fails each time is given up in the end, and all others are delivered."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        if in_batches(bench).is_ok() && bench.real.is_some() {
            return Err(
                "of a batch a program may take one item that fails each time for an outage; failed-record-forgotten \
                        judges what becomes of it"
                    .to_owned(),
            );
        }
        one_may_fail(bench)
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let Some((key, identity)) = deliverable(bench, records, rng) else { return Setup::clean() };
        let mut setup = Setup::with(fails_each_time(bench, identity));
        setup.expect.dead.insert(key);
        setup
    }

    fn judge(&self, evidence: &Evidence<'_>) -> Vec<String> {
        // Our connector is judged at the end of its one run. A program is started again, without the fault, where it says
        // that it is not done: what the one record held up has to be seen before. A service is asked to end when it is quiet,
        // maybe between two attempts.
        let job = |program: &&Foreign| !program.service && evidence.faults_fired > 0;
        let Some(program) = evidence.foreign.as_ref().filter(job) else { return Vec::new() };
        let Some(last) = evidence.runs.iter().rfind(|r| r.run < program.spare_from) else { return Vec::new() };
        let held_up = last.missing.iter().filter(|key| !evidence.expect.dead.contains(*key)).count();
        match held_up {
            0 => Vec::new(),
            n => vec![format!(
                "held up: run {} left {n} records behind one on which the target fails each time",
                last.run
            )],
        }
    }
}
