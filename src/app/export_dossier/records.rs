//! What the session's events show: drills, approvals, and the events themselves.

use crate::base::text;
use crate::evidence::Event;
use crate::scaffold::{ApprovalLine, DrillLine, EventLine};
use crate::workflow::drilled::Drilled;
use crate::workflow::{Facts, record};

/// The most text of a record's data that a page shows, in characters.
const MOST_DATA: usize = 4_000;

pub(super) fn event_line(e: &Event) -> EventLine {
    let data = if e.event.data.is_null() { String::new() } else { format!("{:#}", e.event.data) };
    EventLine {
        seq: e.seq,
        at: e.event.at.rfc3339(),
        kind: e.event.kind.as_str().to_owned(),
        client: e.event.client.clone(),
        summary: e.event.summary.clone(),
        phase: e.event.phase.as_str().to_owned(),
        tool: e.event.tool.clone(),
        outcome: e.event.outcome.as_str().to_owned(),
        principal: e.event.provenance.principal.clone().unwrap_or_default(),
        hash: e.hash.clone(),
        input: e.event.input.as_str().to_owned(),
        output: e.event.output.as_str().to_owned(),
        data: if e.dropped { "dropped by the rule of retention".to_owned() } else { text::truncate(&data, MOST_DATA) },
    }
}

/// What stands for each drill of each flow over all runs about the contract as it is, each with the event that shows
/// it; where no run is, the last one.
pub(super) fn drill_lines(facts: &Facts) -> Vec<DrillLine> {
    let line = |seq: u64, r: &record::DrillRow| DrillLine {
        flow: r.flow.clone(),
        code: r.code.clone(),
        verdict: r.verdict.as_str().to_owned(),
        schedules: r.schedules,
        fired: r.fired,
        because: r.because.clone().unwrap_or_default(),
        event: Some(seq),
    };
    let runs: Vec<_> = facts.standing_drills().collect();
    let drilled = Drilled::of(facts);
    if runs.is_empty() {
        return facts.last_drills().map(|d| d.record.rows.iter().map(|r| line(d.seq, r)).collect()).unwrap_or_default();
    }
    let mut out: Vec<DrillLine> = Vec::new();
    // Newest first; of what a drill stands at, the newest run that shows it. One that was asked for some drills alone, a
    // replay say, only where no whole run shows it.
    let newest = || runs.iter().rev();
    for run in newest().filter(|run| !run.record.partial).chain(newest().filter(|run| run.record.partial)) {
        for row in &run.record.rows {
            let stands = drilled.drills.get(&(row.flow.clone(), row.code.clone()));
            let known = out.iter().any(|d| d.flow == row.flow && d.code == row.code);
            if !known && stands.is_none_or(|v| *v == row.verdict) {
                out.push(line(run.seq, row));
            }
        }
    }
    // A failure carried over from before a change has no row of its own in a run that stands.
    for ((flow, code), verdict) in &drilled.drills {
        if !out.iter().any(|d| d.flow == *flow && d.code == *code) {
            let failed = facts.drills.iter().rev().find_map(|run| {
                let row =
                    run.record.rows.iter().find(|r| r.flow == *flow && r.code == *code && r.verdict == *verdict)?;
                Some(line(run.seq, row))
            });
            out.extend(failed);
        }
    }
    out
}

pub(super) fn approval_lines(facts: &Facts) -> Vec<ApprovalLine> {
    let current = |a: &record::Approved| {
        facts.checks.last().is_some_and(|c| c.record.digest == a.digest && c.record.systems == a.systems)
            && facts.contract.as_ref().is_none_or(|now| *now == a.digest)
    };
    facts
        .approvals
        .iter()
        .map(|seen| ApprovalLine {
            what: match &seen.record.risk {
                Some(risk) => format!("{} {risk}", seen.record.what.as_str()),
                None => seen.record.what.as_str().to_owned(),
            },
            by: seen.record.by.clone(),
            channel: seen.record.channel.as_str().to_owned(),
            at: seen.at.rfc3339(),
            seq: seen.seq,
            digest: seen.record.digest.clone(),
            current: current(&seen.record),
            because: seen.record.because.clone().unwrap_or_default(),
        })
        .collect()
}
