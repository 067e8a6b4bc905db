//! Everything that a dossier says, gathered from the evidence and the contract.

use super::super::scaffold_connector::flow_line;
use super::super::subject::Compiled;
use super::super::wire::counts_line;
use super::super::{Call, No, assess_readiness};
use super::constraints::constraint_lines;
use super::records::{approval_lines, drill_lines, event_line};
use super::subject::{accepted_lines, finding_lines, left_out, mapping_lines};
use super::systems::{mapped_lines, operation_lines, system_lines};
use crate::contract::Contract;
use crate::evidence::{Event, WHY, who};
use crate::scaffold::{ChecklistLine, ClaimLine, Dossier, LinkLine, NotAppliedLine};
use crate::workflow::drilled::Drilled;
use crate::workflow::{self, Readiness, record};

/// Everything that the dossier of the call's session says. Where the contract cannot be read, what rests on it is left
/// empty.
pub(in crate::app) fn dossier(
    call: &Call<'_>,
    subject: Option<(&str, &Compiled, &Contract)>,
    readiness: &Readiness,
    events: &[Event],
    total: u64,
) -> Result<Dossier, No> {
    let session = call.session_id().to_owned();
    let facts = &call.facts;
    // Records keep where files lie; people read it from where they are.
    let cwd = format!("{}/", call.app.cwd.display());
    let here = |text: &str| text.replace(&cwd, "");
    let heres = |list: &[String]| list.iter().map(|text| here(text)).collect::<Vec<_>>();
    let opened = call.session.as_ref();
    // A run of some drills alone, a replay say, tells neither what does not apply nor how much there was.
    let whole = facts.standing_drills().filter(|run| !run.record.partial).last();
    let drills = whole.or_else(|| facts.last_drills());
    let contract = subject.map(|(_, _, contract)| contract);
    let digest = contract.map(|c| c.digest.as_str().to_owned()).unwrap_or_default();
    let current = drills.is_some_and(|d| d.record.digest == digest);
    let standing = facts.standing_drills().next().is_some();
    let drilled = drill_lines(facts);
    let (undecided, unmapped) = subject.map(|(_, compiled, c)| left_out(&compiled.text, c)).unwrap_or_default();
    Ok(Dossier {
        name: contract.map(|c| c.name.value.clone()).or_else(|| opened.map(|s| s.name.clone())).unwrap_or_default(),
        why: contract.map(|c| c.why.clone()).unwrap_or_default(),
        owner: contract.map(|c| c.owner.clone()).unwrap_or_default(),
        contract: subject.map(|(file, _, _)| file.to_owned()).unwrap_or_default(),
        who_tag: who(Some(&session)),
        why_tag: WHY.to_owned(),
        goal: opened.map(|s| s.goal.clone()).unwrap_or_default(),
        opened_at: opened.map(|s| s.opened_at.rfc3339()).unwrap_or_default(),
        opened_by: opened.map(|s| s.client.clone()).unwrap_or_default(),
        session,
        head: call.app.store.head()?.hash,
        store: here(&call.app.store.place()),
        made_at: call.app.clock.now().rfc3339(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        systems: match subject {
            Some((_, compiled, contract)) => system_lines(call, compiled, contract),
            None => mapped_lines(call),
        },
        operations: subject.map(|(_, compiled, contract)| operation_lines(compiled, contract)).unwrap_or_default(),
        flows: contract.map(|c| c.flows.values().map(flow_line).collect()).unwrap_or_default(),
        mapping: subject.map(|(_, compiled, contract)| mapping_lines(compiled, contract)).unwrap_or_default(),
        unmapped,
        undecided,
        constraints: constraint_lines(call, subject),
        findings: subject.map(|(_, compiled, _)| finding_lines(compiled)).unwrap_or_default(),
        accepted: subject.map(|(_, compiled, _)| accepted_lines(call, compiled)).unwrap_or_default(),
        drills_current: current && standing,
        drills_verdict: match drills {
            None => "UNPROVEN".to_owned(),
            // A last run of one drill alone says nothing of the others.
            Some(_) if standing => Drilled::of(facts).verdict(|_| true).as_str().to_owned(),
            Some(last) => last.record.verdict.as_str().to_owned(),
        },
        drills_seq: drills.map(|d| d.seq),
        schedules: drilled.iter().map(|d| d.schedules).sum(),
        drills: drilled,
        not_applicable: drills.map_or(0, |d| d.record.not_applicable),
        not_applied: drills
            .map(|d| {
                let line = |n: &record::NotApplied| NotAppliedLine {
                    flow: n.flow.clone(),
                    code: n.code.clone(),
                    because: n.because.clone(),
                };
                d.record.not_applied.iter().map(line).collect()
            })
            .unwrap_or_default(),
        reconciliation: drills.map(|d| counts_line(&d.record.reconciliation)).unwrap_or_default(),
        counts: drills.map(|d| d.record.reconciliation.into()),
        checklist: readiness
            .checklist
            .iter()
            .map(|i| ChecklistLine {
                item: i.item.to_owned(),
                state: i.state.as_str().to_owned(),
                because: here(&i.because),
                evidence: once(&i.evidence).iter().map(u64::to_string).collect::<Vec<_>>().join(", "),
                events: once(&i.evidence),
            })
            .collect(),
        claims: readiness
            .claims
            .iter()
            .map(|c| ClaimLine {
                claim: format!("{}: {}", c.code, c.text),
                line: c.confidence.to_string(),
                support: c.support.iter().map(ToString::to_string).collect(),
            })
            .collect(),
        approvals: approval_lines(facts),
        chain: workflow::chain(facts)
            .into_iter()
            .map(assess_readiness::LinkOut::from)
            .map(|l| LinkLine {
                link: here(&l.link),
                event: l.event.map(|seq| seq.to_string()).unwrap_or_default(),
                seq: l.event,
                state: l.state.as_str().to_owned(),
                because: here(&l.because),
            })
            .collect(),
        notes: String::new(),
        lost: readiness
            .lost
            .iter()
            .map(|l| here(&format!("{:.2} by {}: {}; regain: {}", l.points, l.claim, l.because, l.regain)))
            .collect(),
        risks: heres(&readiness.risks),
        raise: heres(&readiness.raise),
        verdict: readiness.verdict.as_str().to_owned(),
        confidence: readiness.confidence.to_string(),
        value: readiness.confidence.value(),
        ceiling: readiness.confidence.ceiling().value(),
        events: events.iter().map(event_line).collect(),
        events_total: total,
        digest,
    })
}

/// Each number once, in order.
fn once(list: &[u64]) -> Vec<u64> {
    list.iter().copied().collect::<std::collections::BTreeSet<u64>>().into_iter().collect()
}
