//! How runs ended, and whether what they claim is true.

use super::{Evidence, some};
use crate::evidence::Verdict;
use crate::lab::drills::Claim;
use crate::lab::world::RunEnd;

/// Every run comes to an end by itself.
pub(super) fn ended(e: &Evidence<'_>, out: &mut Vec<String>) {
    for seen in &e.runs {
        match &seen.end {
            RunEnd::Finished(_) | RunEnd::RolledBack(_) | RunEnd::Crashed | RunEnd::Exited(_) => {}
            RunEnd::Deadline => {
                out.push(format!("hangs: run {} was not over after 24 hours of virtual time", seen.run))
            }
            RunEnd::Runaway => {
                let sent = e.trace.run(seen.run).count();
                out.push(format!("endless: run {} had sent {sent} requests and went on", seen.run));
            }
            RunEnd::Panicked(message) => out.push(format!("panic in run {}: {message}", seen.run)),
        }
    }
}

pub(super) fn judge(e: &Evidence<'_>, out: &mut Vec<String>) {
    for seen in &e.runs {
        let Some(report) = seen.end.report() else { continue };
        let letters = seen.letters.len();
        if report.verdict == Verdict::Pass {
            let missing: Vec<String> =
                seen.missing.iter().filter(|key| could_know(e, seen.run, key)).cloned().collect();
            if !missing.is_empty() && e.expect.claim != Claim::Any && !e.left_half_taken_back() {
                let missing = some(&missing, 3);
                out.push(format!("dishonest: run {} claims PASS without {missing}", seen.run));
            }
            if letters > 0 {
                out.push(format!("dishonest: run {} claims PASS with {letters} new dead letters", seen.run));
            }
        }
        if report.verdict == Verdict::Unproven && e.trace.run(seen.run).next().is_some() {
            out.push(format!("run {} claims UNPROVEN, though it ran", seen.run));
        }
        let last = e.runs.last().is_some_and(|l| l.run == seen.run);
        if last && e.expect.claim == Claim::Exact {
            let due = if letters == 0 { Verdict::Pass } else { Verdict::Partial };
            if report.verdict != due && seen.missing.is_empty() {
                let why = report.stopped.as_ref().map_or_else(String::new, |(code, why)| format!(" ({code}: {why})"));
                out.push(format!("run {} claims {}, the systems say {due}{why}", seen.run, report.verdict));
            }
        }
    }
}

/// A run that lists nothing knows of a record only by an event that it took.
fn could_know(e: &Evidence<'_>, run: usize, key: &str) -> bool {
    let heard = || e.trace.deliveries.iter().any(|d| d.run <= run && d.acknowledged() && d.delivery.key == key);
    e.bench.plan.source.list.is_some() || heard()
}
