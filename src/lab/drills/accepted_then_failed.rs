//! A write that the target takes with 202 and then does not do is no success: it is looked for, and becomes a dead letter.
//!
//! Source: RFC 9110 section 15.3.3 (202 Accepted is noncommittal; the request might be disallowed when it is processed).

use serde_json::Value;

use super::super::faults::{AcceptedThenFailed, Aim};
use super::{Drill, Setup};
use super::{WRITES, deliverable, identifiable};
use crate::base::rng::Rng;
use crate::connector::{Call, WritePlan};
use crate::lab::bench::Bench;

/// See the module.
pub(super) struct AcceptedThenFailedDrill;

impl Drill for AcceptedThenFailedDrill {
    fn code(&self) -> &'static str {
        "accepted-then-failed"
    }

    fn hypothesis(&self) -> &'static str {
        "A write that the target takes with 202 and never does is told of as a dead letter, and not counted as written."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        let target = &bench.plan.target;
        let (calls, looked_at): (Vec<&Call>, bool) = match &target.write {
            WritePlan::Upsert { create, update, .. } => (vec![create, update], true),
            WritePlan::Put { put, .. } => (vec![put], target.back.get.is_some()),
            WritePlan::Bulk { write, .. } => (vec![write], false),
            WritePlan::Create { create, .. } => (vec![create], false),
        };
        if !calls.iter().all(|call| call.answers_later) {
            return Err("no write of it is described to answer 202".to_owned());
        }
        if !looked_at {
            return Err(
                "what it takes with 202 cannot be looked up: the check says so (write-settles-later)".to_owned()
            );
        }
        identifiable(bench)
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let mut setup = Setup::clean();
        // One that may be new to the target, and one that it holds in an older form: of that, something is found whatever became
        // of the write.
        for older in [false, true] {
            let Some((key, identity)) = deliverable(bench, records, rng) else { return setup };
            if older {
                setup.older.insert(key.clone());
            }
            if setup.expect.dead.insert(key) {
                let aim = Aim::at(WRITES).record(identity).times(u64::MAX / 2);
                setup.faults.push(Box::new(AcceptedThenFailed { aim }));
            }
        }
        setup
    }
}
