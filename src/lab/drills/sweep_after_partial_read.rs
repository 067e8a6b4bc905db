//! A pass that did not see the whole list deletes nothing, whatever is missing in what it saw.
//!
//! Source: RFC 9110 section 6.1: from a message that is incomplete nothing follows about what it lacks.

use serde_json::Value;

use super::{Drill, Setup};
use crate::base::rng::Rng;
use crate::connector::DeletesPlan;
use crate::lab::bench::{Bench, Purpose};
use crate::lab::faults::{Aim, HtmlPage};
use crate::lab::judge::Evidence;
use crate::lab::mock::Effect;

/// See the module.
pub(super) struct SweepAfterPartialRead;

impl Drill for SweepAfterPartialRead {
    fn code(&self) -> &'static str {
        "sweep-after-partial-read"
    }

    fn hypothesis(&self) -> &'static str {
        "A pass that could not read the source's list to its end deletes nothing in the target."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        match bench.plan.source.deletes {
            DeletesPlan::Sweep { .. } => super::paged(bench).map(|_| ()),
            _ => Err("no sweep deletes what a list does not show".to_owned()),
        }
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let pages = (records.len() as u64).div_ceil(bench.page.max(1));
        // Past the first pass, and past the first page of the second.
        let after = pages + 2 + rng.below(2);
        Setup::with(HtmlPage { aim: Aim::at([Purpose::List]).after(after).times(10_000) }).passes(2).honest()
    }

    fn judge(&self, evidence: &Evidence<'_>) -> Vec<String> {
        let deleted = evidence.trace.exchanges.iter().filter(|x| matches!(x.effect, Some(Effect::Deleted { .. })));
        match deleted.count() {
            0 => Vec::new(),
            n => vec![format!("{n} records were deleted in the target, and none at the source")],
        }
    }
}
