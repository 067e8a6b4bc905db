//! Writes the SOP's five outputs from evidence.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::assess_readiness::{assess, notes};
use super::scaffold_connector::flow_line;
use super::subject::Compiled;
use super::wire::counts_line;
use super::{Call, Done, Fault, Hints, No, Proposed, Refusal, UseCase, trace_constraint};
use crate::base::{fs, text};
use crate::checks::honour::{About, Honoured, honoured};
use crate::contract::{ConstraintKind, Contract};
use crate::evidence::{Event, EventKind, Phase, WHY, who};
use crate::finding::Confidence;
use crate::model::{Basis, System};
use crate::scaffold::{
    self, ApprovalLine, ChecklistLine, ClaimLine, ClauseLine, ConstraintLine, Dossier, DrillLine, EventLine, FactLine,
    FindingLine, LinkLine, MappingLine, NotAppliedLine, OperationLine, SystemLine, TestLine,
};
use crate::workflow::drilled::Drilled;
use crate::workflow::lookalike::as_read;
use crate::workflow::stated::{statements, wrong};
use crate::workflow::{ConstraintState, Facts, record};

/// The file of a dossier that names the session it is of.
const NAMES_SESSION: &str = "risk-rollback.md";
/// The most of it that is looked through, in bytes.
const MAX_DOSSIER: u64 = 16 * 1024 * 1024;

/// Arguments of `export_dossier`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, clap::Args)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// From open_session.
    #[arg(long)]
    pub session: String,
    /// Directory to write to; older files there are replaced.
    #[arg(long, default_value = "dossier")]
    #[serde(default = "default_out")]
    pub out: String,
    /// Remarks of yours for the reader. No confidence of your own.
    #[arg(long)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notes: Option<String>,
}

fn default_out() -> String {
    "dossier".to_owned()
}

/// What was written.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Answer {
    /// The directory.
    pub out: String,
    /// The files: the five outputs, and dossier.html with all of them.
    pub files: Vec<String>,
    /// The confidence line that stands in them.
    pub confidence: String,
    /// What to do next.
    pub next: String,
}

/// Writes the dossier.
pub struct ExportDossier;

impl UseCase for ExportDossier {
    const NAME: &'static str = "export_dossier";
    const COMMAND: &'static str = "export";
    const TITLE: &'static str = "Export the dossier";
    const SUMMARY: &'static str = "Write the five outputs as Markdown and as one HTML page from the session's evidence: integration specification, data mapping, \
        test matrix, deployment and runbook, risk and rollback plan. Every figure comes from the store; what was not run is UNPROVEN there.";
    const HINTS: Hints = Hints { read_only: false, destructive: true, idempotent: true };
    const KIND: EventKind = EventKind::DossierExported;
    const PHASE: Phase = Phase::Validate;
    type Params = Params;
    type Answer = Answer;

    fn session(params: &Params) -> Option<&str> {
        Some(&params.session)
    }

    fn paths(params: &Params) -> Vec<&str> {
        vec![&params.out]
    }

    fn proposes(_call: &Call<'_>, params: &Params) -> Proposed {
        params.notes.clone().map_or(Proposed::Nothing, Proposed::Notes)
    }

    fn run(call: &Call<'_>, params: Params) -> Result<Done<Answer>, No> {
        let Some(file) = call.facts.checks.last().map(|c| c.record.file.clone()) else {
            return Err(Refusal::new(
                "no-contract",
                "no contract was checked in this session, so there is nothing to write up",
                format!("check_contract {{\"session\": \"{}\", \"contract\": \"integration.yaml\"}}", params.session),
            )
            .into());
        };
        // The record keeps where the file lies; people read it from where they are.
        let here = std::path::Path::new(&file).strip_prefix(&call.app.cwd).ok().and_then(|p| p.to_str());
        let file = here.map_or(file.clone(), str::to_owned);
        let compiled = Compiled::load(call, &file)?;
        let Some(contract) = &compiled.contract else {
            return Err(Refusal::new(
                "contract-does-not-compile",
                format!("{file} cannot be read as a contract"),
                format!("check_contract {{\"contract\": \"{file}\"}}"),
            )
            .into());
        };
        let readiness = assess(call)?;
        if let Some((place, because)) = overstated(call, contract, readiness.confidence) {
            return Err(Refusal::new(
                "confidence-in-contract",
                format!("{place} would stand in the dossier and {because}; the line is \"{}\"", readiness.confidence),
                format!(
                    "take it out, then check_contract {{\"session\": \"{}\", \"contract\": \"{file}\"}}",
                    params.session
                ),
            )
            .into());
        }
        let events = call.app.store.events_of(call.session_id())?;
        let mut dossier = dossier(call, Some((&file, &compiled, contract)), &readiness, &events, events.len() as u64)?;
        dossier.notes = params.notes.as_deref().map(notes).unwrap_or_default();
        // It is that link itself, and recorded when it is written: in it, it can be neither missing nor stale.
        dossier.chain.retain(|l| l.link != EventKind::DossierExported.as_str());
        let out = call.app.path(&params.out);
        let files = scaffold::dossier(&dossier).map_err(|e| Fault::internal(&e))?;
        if of_another_session(&out, &params.session) {
            return Err(Refusal::new(
                "written-by-another-session",
                format!("the dossier in {} is that of another session", text::quoted(&params.out, 160)),
                format!("export_dossier {{\"session\": \"{0}\", \"out\": \"dossier-{0}\"}}", params.session),
            )
            .saw("the session that its files name")
            .into());
        }
        let mut names = Vec::new();
        for f in &files {
            fs::write_atomic(&out.join(&f.path), f.content.as_bytes()).map_err(Fault::from)?;
            names.push(f.path.clone());
        }
        let data = record::DossierExported {
            out: out.display().to_string(),
            files: names.clone(),
            basis: Some(crate::workflow::chain::basis(&call.facts)),
        };
        let answer = Answer {
            out: params.out.clone(),
            files: names,
            confidence: readiness.confidence.to_string(),
            next: next(call, &params, &contract.owner),
        };
        Ok(Done::new(
            answer,
            format!("wrote {} to {}", text::plural(files.len() as u64, "file"), params.out),
            data.to_value(),
        ))
    }
}

/// What to do with the dossier; first what a person still has to settle, which it lists as open.
fn next(call: &Call<'_>, params: &Params, owner: &str) -> String {
    let give = format!("give {}/dossier.html to the owner, {owner}", params.out);
    match call.facts.waiting().count() {
        0 => format!("{give}; query_evidence {{\"session\": \"{}\"}} shows what it rests on", params.session),
        n => format!(
            "a person still has to settle {}: confirm_constraints {{\"session\": \"{1}\"}}, or platform-integration confirm --session {1}; then export_dossier again, and {give}",
            text::plural(n as u64, "inferred constraint"),
            params.session
        ),
    }
}

/// Whether a dossier lies in `out` that another session wrote; one of its files names the session.
fn of_another_session(out: &std::path::Path, session: &str) -> bool {
    let Ok(text) = fs::read_text(&out.join(NAMES_SESSION), MAX_DOSSIER) else { return false };
    let named = text.lines().find_map(|l| l.strip_prefix("Session ")?.split(',').next());
    named.is_some_and(|named| named != session)
}

/// The first text of contract or record that states a confidence of its own making, and what is wrong with it. Such a
/// text goes into the dossier, where only the computed line stands.
fn overstated(call: &Call<'_>, contract: &Contract, computed: Confidence) -> Option<(String, String)> {
    let listed = contract.constraints.iter().flat_map(|c| {
        let owner = c.owner.as_ref().map(|o| o.value.as_str());
        let origin = c.origin.as_ref().map(|o| o.value.as_str());
        [Some(c.says.as_str()), owner, origin].map(|text| (c.id.value.as_str(), text))
    });
    let recorded = call.facts.constraints.values().flat_map(|c| {
        let decided = c.decided.as_ref().map(|d| &d.record);
        let words = decided.into_iter().flat_map(|d| {
            [Some(&d.by), d.quote.as_ref(), d.correction.as_ref(), d.risk.as_ref()].map(|t| t.map(String::as_str))
        });
        let own = [Some(c.says.as_str()), c.owner.as_deref(), c.origin.as_deref()];
        own.into_iter().chain(words).map(|text| (c.id.as_str(), text)).collect::<Vec<_>>()
    });
    // What a constraint is about may have a confidence of its own; in what the author says of the work, it is theirs.
    let prose = [("why", Some(contract.why.as_str())), ("owner", Some(contract.owner.as_str()))];
    let name = [("name", Some(contract.name.value.as_str()))];
    let all = prose
        .into_iter()
        .chain(name)
        .map(|(place, text)| (place.to_owned(), text, true))
        .chain(listed.chain(recorded).map(|(id, text)| (format!("constraint {id}"), text, false)));
    all.filter_map(|(place, text, prose)| {
        let read = as_read(text?);
        let because = statements(&read, prose).iter().find_map(|s| wrong(s, computed))?;
        Some((place, because))
    })
    .next()
}

/// The most text of a record's data that a page shows, in characters.
const MOST_DATA: usize = 4_000;

/// Everything that the dossier of the call's session says. Where the contract cannot be read, what rests on it is left
/// empty.
pub(super) fn dossier(
    call: &Call<'_>,
    subject: Option<(&str, &Compiled, &Contract)>,
    readiness: &crate::workflow::Readiness,
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
    let drills = facts.last_drills();
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
        chain: crate::workflow::chain(facts)
            .into_iter()
            .map(super::assess_readiness::LinkOut::from)
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

/// The fields that flows leave out: those on a line that is still marked `# ?`, as a draft marks what needs a decision, and
/// the others.
fn left_out(text: &str, contract: &Contract) -> (Vec<String>, Vec<String>) {
    let lines: Vec<&str> = text.lines().collect();
    let open = |line: u32| {
        // A list over several lines is marked at its key, too.
        let above = lines.iter().take(line as usize).rev();
        let end = above.clone().position(|l| l.trim_start().starts_with("unmapped:")).unwrap_or(0);
        let at_key = above.clone().nth(end).is_some_and(|l| l.contains("# ?"));
        at_key || above.clone().next().is_some_and(|l| l.contains("# ?"))
    };
    let all = contract.flows.values().flat_map(|f| &f.unmapped);
    let (open, decided): (Vec<_>, Vec<_>) = all.partition(|u| open(u.at.line));
    let names = |list: Vec<&crate::base::yaml::Spanned<String>>| list.into_iter().map(|u| u.value.clone()).collect();
    (names(open), names(decided))
}

/// Each number once, in order.
fn once(list: &[u64]) -> Vec<u64> {
    list.iter().copied().collect::<std::collections::BTreeSet<u64>>().into_iter().collect()
}

fn event_line(e: &Event) -> EventLine {
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

fn finding_lines(compiled: &Compiled) -> Vec<FindingLine> {
    let line = |f: &crate::finding::Finding| FindingLine {
        severity: f.severity.as_str().to_owned(),
        code: f.code.to_owned(),
        place: f.location.to_string(),
        message: f.message.clone(),
    };
    compiled.findings.iter().map(line).collect()
}

/// The rules of all flows, each with the fields it reads.
fn mapping_lines(compiled: &Compiled, contract: &Contract) -> Vec<MappingLine> {
    let of_flow = |flow: &String| compiled.mappings.get(flow).map(|m| (flow.clone(), m));
    let lines = contract.flows.keys().filter_map(of_flow).flat_map(|(flow, mapping)| {
        let rules = mapping.rules().iter().zip(mapping.rows());
        rules
            .map(|(rule, row)| MappingLine {
                flow: flow.clone(),
                target: row.target,
                from: row.from,
                how: row.how,
                sources: rule.reads().map(ToString::to_string).collect(),
            })
            .collect::<Vec<_>>()
    });
    lines.collect()
}

/// What stands for each drill of each flow over all runs about the contract as it is, each with the event that shows
/// it; where no run is, the last one.
fn drill_lines(facts: &Facts) -> Vec<DrillLine> {
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
    // Newest first; of what a drill stands at, the newest run that shows it.
    for run in runs.iter().rev() {
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

fn approval_lines(facts: &Facts) -> Vec<ApprovalLine> {
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

/// The systems as they were mapped, where no contract says how they are used.
fn mapped_lines(call: &Call<'_>) -> Vec<SystemLine> {
    let mapped = call.facts.systems.iter().map(|(name, seen)| {
        let read = call.app.read_description(&call.app.path(&seen.record.api), &seen.record.api).ok();
        let system = read.as_ref().and_then(|r| r.system.as_ref());
        SystemLine {
            name: name.clone(),
            title: system.map_or_else(|| "its description cannot be read now".to_owned(), |s| s.title.clone()),
            api: seen.record.api.clone(),
            format: system.map(|s| format!("{} {}", s.format, s.format_version)).unwrap_or_default(),
            digest: seen.record.digest.clone(),
            base_url: system
                .and_then(|s| s.servers.first().map(|s| s.url.clone()))
                .unwrap_or_else(|| "none stated".to_owned()),
            auth: "not chosen yet".to_owned(),
            facts: system.map(|s| fact_lines(s)).unwrap_or_default(),
            event: Some(seen.seq),
        }
    });
    mapped.collect()
}

/// A value without the signs of JSON: `requests 50, window_ms 1000`.
fn in_words(value: &Value) -> String {
    match value {
        Value::String(s) => s.clone(),
        Value::Array(list) => list.iter().map(in_words).collect::<Vec<_>>().join(", "),
        Value::Object(all) => {
            let said = all.iter().filter(|(_, v)| !v.is_null() && !matches!(v, Value::String(s) if s.is_empty()));
            let word = |(key, v): (&String, &Value)| match key.as_str() {
                "value" => in_words(v),
                _ => format!("{key} {}", in_words(v)),
            };
            said.map(word).collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    }
}

fn fact_lines(system: &System) -> Vec<FactLine> {
    let line = |f: &crate::model::Fact| FactLine {
        fact: f.fact.to_owned(),
        value: text::truncate(&in_words(&f.value), 160),
        basis: f.basis_name().to_owned(),
        ground: match &f.basis {
            Basis::Stated { pointer } => pointer.clone(),
            Basis::Inferred { rule, from } => {
                format!("{rule} from {}", from.first().map_or("", String::as_str))
            }
        },
    };
    system.facts.iter().map(line).collect()
}

fn system_lines(call: &Call<'_>, compiled: &Compiled, contract: &Contract) -> Vec<SystemLine> {
    contract
        .systems
        .iter()
        .filter_map(|(name, used)| compiled.systems.get(name).map(|s| (name, used, s)))
        .map(|(name, used, system)| SystemLine {
            name: name.clone(),
            title: system.title.clone(),
            api: used.api.value.clone(),
            format: format!("{} {}", system.format, system.format_version),
            digest: system.digest.as_str().to_owned(),
            base_url: used
                .base_url
                .as_ref()
                .map(|u| u.value.clone())
                .or_else(|| system.servers.first().map(|s| s.url.clone()))
                .unwrap_or_else(|| "none stated".to_owned()),
            auth: used
                .auth
                .as_ref()
                .map_or_else(|| "none".to_owned(), |a| format!("{}, secrets by reference", a.scheme.value)),
            facts: fact_lines(system),
            event: call.facts.systems.get(name).map(|seen| seen.seq),
        })
        .collect()
}

fn operation_lines(compiled: &Compiled, contract: &Contract) -> Vec<OperationLine> {
    let mut out: Vec<OperationLine> = Vec::new();
    for flow in contract.flows.values() {
        let list = flow.source.operation.iter().map(|op| (&flow.source.system, "list", op));
        let mut uses: Vec<_> = list.collect();
        uses.extend(flow.target.write.operations().into_iter().map(|(role, op)| (&flow.target.system, role, op)));
        for (system, role, name) in uses {
            if let Some(op) = compiled.systems.get(system.as_str()).and_then(|s| s.operation(name)) {
                out.push(OperationLine {
                    system: system.value.clone(),
                    id: op.id.clone(),
                    call: format!("{} {}", op.method.as_str(), op.path),
                    role: role.to_owned(),
                    pointer: op.pointer.clone(),
                });
            }
        }
    }
    out.dedup_by(|a, b| a.system == b.system && a.id == b.id && a.role == b.role);
    out
}

fn constraint_lines(call: &Call<'_>, subject: Option<(&str, &Compiled, &Contract)>) -> Vec<ConstraintLine> {
    let contract = subject.map(|(_, _, contract)| contract);
    let drilled = Drilled::of(&call.facts);
    let owner = || contract.map_or_else(|| "not stated".to_owned(), |c| c.owner.clone());
    // Where it leads, as parts and in words.
    let leads = |about: &About<'_>| {
        let Some((_, compiled, contract)) = subject else { return (ConstraintLine::default(), None) };
        let found = honoured(contract, about);
        let parts = ConstraintLine {
            clauses: trace_constraint::clauses(contract, &compiled.text, &found)
                .into_iter()
                .map(|c| ClauseLine { place: c.place, path: c.path, line: c.line })
                .collect(),
            drills: found
                .drills
                .iter()
                .map(|d| TestLine {
                    drill: (*d).to_owned(),
                    verdict: drilled.verdict(|code| code == *d).as_str().to_owned(),
                })
                .collect(),
            watches: found.watches.iter().map(|w| (*w).to_owned()).collect(),
            ..ConstraintLine::default()
        };
        (parts, Some(honours(&found)))
    };
    let mut out: Vec<ConstraintLine> = call
        .facts
        .constraints
        .iter()
        .map(|(id, c)| {
            let (parts, words) = leads(&about_fact(c));
            ConstraintLine {
                id: id.clone(),
                kind: c.kind.as_str().to_owned(),
                says: c.says.clone(),
                origin: c.origin.clone().unwrap_or_else(|| "none given".to_owned()),
                owner: c.owner.clone().unwrap_or_else(owner),
                binds: c.binds.to_string(),
                honoured: match c.state {
                    ConstraintState::Rejected if c.in_contract => "relied on, although it was rejected".to_owned(),
                    ConstraintState::Rejected => "nothing relies on it".to_owned(),
                    _ => words.unwrap_or_else(|| "by no clause".to_owned()),
                },
                state: if c.kind == ConstraintKind::Inferred { c.state_line() } else { "stated".to_owned() },
                event: Some(c.seq),
                ..parts
            }
        })
        .collect();
    let written = contract.into_iter().flat_map(|c| &c.constraints);
    for c in written.filter(|c| !call.facts.constraints.contains_key(c.id.as_str())) {
        let (parts, words) = leads(&About::from(c));
        out.push(ConstraintLine {
            id: c.id.value.clone(),
            kind: c.kind.as_str().to_owned(),
            says: c.says.clone(),
            origin: c.origin.as_ref().map_or_else(|| "none given".to_owned(), |o| o.value.clone()),
            owner: c.owner.as_ref().map_or_else(owner, |o| o.value.clone()),
            binds: record::Binds::from(&c.binds).to_string(),
            honoured: words.unwrap_or_else(|| "by no clause".to_owned()),
            state: if c.kind == ConstraintKind::Inferred { "open".to_owned() } else { "stated".to_owned() },
            ..parts
        });
    }
    for (number, line) in (1..).zip(&mut out) {
        line.number = number;
    }
    out
}

/// A constraint of the session, as the checks look at one.
pub(super) fn about_fact(fact: &crate::workflow::ConstraintFact) -> About<'_> {
    About {
        says: &fact.says,
        origin: fact.origin.as_deref(),
        systems: names(&fact.binds.systems),
        flows: names(&fact.binds.flows),
        fields: names(&fact.binds.fields),
    }
}

fn names(list: &[String]) -> Vec<&str> {
    list.iter().map(String::as_str).collect()
}

/// `line 72 (flows.contacts.delivery.rate); drilled by rate-limited-seconds; seen as "the target is down"`
fn honours(found: &Honoured) -> String {
    let clauses: Vec<String> = found.clauses.iter().map(|c| format!("line {} ({})", c.at.line, c.path)).collect();
    if clauses.is_empty() {
        return "by no clause".to_owned();
    }
    let drills = if found.drills.is_empty() { "no drill".to_owned() } else { found.drills.join(", ") };
    let watches: Vec<String> = found.watches.iter().map(|w| format!("\"{w}\"")).collect();
    format!("{}; drilled by {drills}; seen as {}", clauses.join(", "), watches.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract;

    #[test]
    fn what_a_draft_left_out_is_undecided_until_its_mark_is_gone() {
        let whole = include_str!("../../examples/billing-to-crm/integration.yaml");
        let (above, rest) = whole.split_once("    unmapped:").expect("it leaves fields out");
        let below = rest.split_once("\n    delivery:").expect("delivery follows").1;
        let of = |lines: &str| {
            let text = format!("{above}    unmapped:{lines}\n    delivery:{below}");
            let (open, decided) = left_out(&text, &contract::parse(&text, "integration.yaml").0.expect("a contract"));
            (open.join(" "), decided.join(" "))
        };
        let pair = |open: &str, decided: &str| (open.to_owned(), decided.to_owned());
        assert_eq!(of(" [a, b]   # ? left out: is that right?"), pair("a b", ""));
        assert_eq!(of(" [a, b]   # Mira: not wanted"), pair("", "a b"));
        assert_eq!(of("   # ? is that right?\n      - a\n      - b"), pair("a b", ""));
        assert_eq!(of("\n      - a\n      - b   # ? really"), pair("b", "a"));
    }

    #[test]
    fn a_value_in_words_says_nothing_of_what_is_not_there() {
        let value = serde_json::json!({"header": "Idempotency-Key", "prefix": null, "note": "", "hours": 24});
        assert_eq!(in_words(&value), "header Idempotency-Key, hours 24");
    }
}
