//! Who cannot write down what it does does no more, and claims no success.

use super::Evidence;
use crate::evidence::Verdict;
use crate::lab::trace::Event;

/// Writes under way when the ledger failed may still come to their end.
const UNDER_WAY: usize = 8;

pub(super) fn judge(e: &Evidence<'_>, out: &mut Vec<String>) {
    for seen in &e.runs {
        let failed = e.trace.events.iter().find_map(|event| match event {
            Event::LedgerFailed { at, run, lasting: true, .. } if *run == seen.run => Some(*at),
            _ => None,
        });
        let Some(at) = failed else { continue };
        let after: Vec<u64> =
            e.trace.run(seen.run).filter(|x| x.purpose.writes() && x.at > at).map(|x| x.nth).collect();
        if let (true, Some(first)) = (after.len() > UNDER_WAY, after.first()) {
            out.push(format!(
                "memory: run {} wrote {} times, from request {first} on, after its ledger had failed",
                seen.run,
                after.len()
            ));
        }
        if seen.end.report().is_some_and(|r| r.verdict == Verdict::Pass) {
            out.push(format!("memory: run {} claims PASS, though its ledger had failed", seen.run));
        }
    }
}
