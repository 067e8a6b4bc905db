//! Webhooks: what the source sent is taken, and soon; what others sent is not.

use std::collections::BTreeSet;

use super::Evidence;
use crate::lab::courier::How;
use crate::lab::world::RunEnd;

/// Senders wait some seconds for an answer, then send again; many give an endpoint up that is slow.
const SOON_MS: i64 = 5_000;

pub(super) fn judge(e: &Evidence<'_>, out: &mut Vec<String>) {
    let mut refused: BTreeSet<&str> = BTreeSet::new();
    // A sender knows of no scale: its patience is real time, and an answer is no wait that a program could shorten.
    let soon = SOON_MS * e.foreign.as_ref().map_or(1, |program| i64::from(program.scale.max(1)));
    for d in &e.trace.deliveries {
        let (id, run) = (&d.delivery.id, d.run);
        // An event of another kind may be acknowledged, as long as nothing comes of it.
        if !d.is_genuine() && d.acknowledged() && d.delivery.how != How::OtherEvent {
            out.push(format!("forgery: run {run} took {id}, which is {}", d.delivery.how.as_str()));
        }
        let wrongly = d.status.filter(|s| d.is_genuine() && (300..500).contains(s));
        if let Some(status) = wrongly.filter(|_| refused.insert(id)) {
            out.push(format!("refused: run {run} answered {status} to {id}, which the source sent"));
        }
        let killed = e.runs.iter().any(|r| r.run == run && r.end == RunEnd::Crashed);
        match d.ended {
            Some(ended) if ended.0 - d.at.0 > soon => {
                out.push(format!("slow: run {run} answered {id} after {} ms", ended.0 - d.at.0));
            }
            None if !killed => out.push(format!("silent: run {run} never answered {id}")),
            _ => {}
        }
    }
}
