//! The table of phases, gates and tools. A gate is a row; a phase and a tool name the gates that stand before them.

use serde_json::{Value, json};

use super::chain;
use super::constraint::{ConstraintFact, ConstraintState};
use super::facts::{Facts, Seen};
use super::looked::Looked;
use super::record::ContractChecked;
use super::standing::{Standing, short};
use crate::base::text::{plural, quoted};
use crate::evidence::{EventKind, Phase};

/// A call that moves on: what a refusal ends with.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// A tool that exists.
    pub tool: &'static str,
    /// Its arguments, complete where the facts give them.
    pub arguments: Value,
}

impl std::fmt::Display for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.tool, self.arguments)
    }
}

/// Why a gate is shut, and what opens it.
#[derive(Debug, Clone, PartialEq)]
pub struct Unmet {
    /// What is missing, as a fragment.
    pub because: String,
    /// The events that say so.
    pub looked: Looked,
    /// The call that meets it, or that goes on towards it.
    pub next: Call,
    /// What a person has to do, where only a person can.
    pub person: Option<String>,
}

/// Whether a gate is open.
pub type Met = Result<(), Box<Unmet>>;

/// One gate.
#[derive(Debug)]
pub struct Gate {
    /// Kebab-case name.
    pub code: &'static str,
    /// What it needs, in words.
    pub needs: &'static str,
    /// The kinds of event it computes from; nothing else opens it.
    pub reads: &'static [EventKind],
    /// Whether the facts meet it.
    pub met: fn(&Facts) -> Met,
}

/// Two systems are mapped.
pub const SYSTEMS_MAPPED: Gate = Gate {
    code: "systems-mapped",
    needs: "source and target system mapped, from descriptions that are still as they were read",
    reads: &[EventKind::SystemMapped],
    met: systems_mapped,
};

/// A check stands, whatever it found.
pub const CONTRACT_CHECKED: Gate = Gate {
    code: "contract-checked",
    needs: "the contract checked as it is now",
    reads: &[EventKind::ContractChecked],
    met: contract_checked,
};

/// A check stands, and found no error.
pub const CONTRACT_CLEAN: Gate = Gate {
    code: "contract-clean",
    needs: "the contract checked as it is now, without errors",
    reads: &[EventKind::ContractChecked],
    met: contract_clean,
};

/// A person has settled everything inferred.
pub const INFERRED_SETTLED: Gate = Gate {
    code: "inferred-settled",
    needs: "every inferred constraint confirmed or rejected by a person, and none relied on that was rejected",
    reads: &[EventKind::ConstraintRecorded, EventKind::ContractChecked, EventKind::ConstraintsConfirmed],
    met: inferred_settled,
};

/// All gates.
pub const GATES: [&Gate; 4] = [&SYSTEMS_MAPPED, &CONTRACT_CHECKED, &CONTRACT_CLEAN, &INFERRED_SETTLED];

/// A phase and the gates before it.
#[derive(Debug)]
pub struct PhaseRow {
    /// The phase.
    pub phase: Phase,
    /// All must be met to enter it.
    pub gates: &'static [&'static Gate],
}

/// The phases, in order. Validate does not wait for Connect: drilling is safe, and shows what an assumption costs.
pub const PHASES: [PhaseRow; 4] = [
    PhaseRow { phase: Phase::Map, gates: &[] },
    PhaseRow { phase: Phase::Contract, gates: &[&SYSTEMS_MAPPED] },
    PhaseRow { phase: Phase::Connect, gates: &[&CONTRACT_CLEAN, &INFERRED_SETTLED] },
    PhaseRow { phase: Phase::Validate, gates: &[&CONTRACT_CLEAN] },
];

/// A tool, its phase and the gates before it.
#[derive(Debug)]
pub struct ToolRow {
    /// Its name.
    pub tool: &'static str,
    /// The phase its events belong to.
    pub phase: Phase,
    /// All must be met.
    pub gates: &'static [&'static Gate],
}

/// Every tool. What only looks or asks has no gate.
pub const TOOLS: [ToolRow; 13] = [
    ToolRow { tool: "open_session", phase: Phase::Map, gates: &[] },
    ToolRow { tool: "map_system", phase: Phase::Map, gates: &[] },
    ToolRow { tool: "inspect_system", phase: Phase::Map, gates: &[] },
    ToolRow { tool: "check_drift", phase: Phase::Map, gates: &[] },
    ToolRow { tool: "record_constraint", phase: Phase::Map, gates: &[] },
    ToolRow { tool: "confirm_constraints", phase: Phase::Contract, gates: &[] },
    ToolRow { tool: "draft_contract", phase: Phase::Contract, gates: &[&SYSTEMS_MAPPED] },
    ToolRow { tool: "check_contract", phase: Phase::Contract, gates: &[] },
    ToolRow { tool: "scaffold_connector", phase: Phase::Connect, gates: &[&CONTRACT_CLEAN, &INFERRED_SETTLED] },
    ToolRow { tool: "run_drills", phase: Phase::Validate, gates: &[&CONTRACT_CLEAN] },
    ToolRow { tool: "assess_readiness", phase: Phase::Validate, gates: &[] },
    ToolRow { tool: "export_dossier", phase: Phase::Validate, gates: &[&CONTRACT_CHECKED] },
    ToolRow { tool: "query_evidence", phase: Phase::Validate, gates: &[] },
];

/// The row of a tool; nothing for a name that is none.
#[must_use]
pub fn required(tool: &str) -> Option<&'static ToolRow> {
    TOOLS.iter().find(|row| row.tool == tool)
}

/// A gate that is shut.
#[derive(Debug)]
pub struct Shut {
    /// The gate.
    pub gate: &'static Gate,
    /// Why, and what opens it.
    pub unmet: Unmet,
}

/// Each phase with the first gate that is shut before it.
#[must_use]
pub fn standing(facts: &Facts) -> Vec<(Phase, Option<Shut>)> {
    PHASES.iter().map(|row| (row.phase, first_shut(row.gates, facts))).collect()
}

/// The first gate that is shut.
#[must_use]
pub fn first_shut(gates: &'static [&'static Gate], facts: &Facts) -> Option<Shut> {
    let shut = |gate: &'static Gate, mut unmet: Unmet| {
        if unmet.looked.is_empty() {
            unmet.looked.absent = gate.reads.iter().map(|kind| kind.as_str()).collect();
        }
        Shut { gate, unmet }
    };
    gates.iter().find_map(|gate| (gate.met)(facts).err().map(|unmet| shut(gate, *unmet)))
}

/// The call that moves this session on: what an answer ends with. A human who cannot be reached is asked once; then
/// the work goes on around the question.
#[must_use]
pub fn next_call(facts: &Facts) -> Call {
    if let Err(unmet) = systems_mapped(facts)
        && facts.checks.is_empty()
    {
        return unmet.next;
    }
    if facts.waiting().any(|c| !facts.pending.contains(&c.id) && c.decided.is_none()) {
        return confirm(facts);
    }
    if facts.checks.is_empty() && facts.drafted.is_none() {
        return draft(facts);
    }
    if contract_clean(facts).is_err() || facts.constraints.values().any(ConstraintFact::relied_on_though_rejected) {
        return check(facts);
    }
    let last_drill = facts.standing_drills().last().map(|d| d.seq);
    let Some(last_drill) = last_drill else { return drills(facts) };
    let basis = chain::basis(facts);
    let current = |seq: u64, on: &Option<String>| seq > last_drill && on.as_ref().is_none_or(|on| *on == basis);
    if !facts.readiness.as_ref().is_some_and(|r| current(r.seq, &r.record.basis)) {
        return call(facts, "assess_readiness", json!({}));
    }
    if !facts.dossier.as_ref().is_some_and(|d| current(d.seq, &d.record.basis)) {
        return call(facts, "export_dossier", json!({"out": "dossier"}));
    }
    call(facts, "query_evidence", json!({}))
}

fn systems_mapped(facts: &Facts) -> Met {
    let mapped: Vec<&str> = facts.systems.keys().map(String::as_str).collect();
    let looked = looked_at_maps(facts);
    let unmet = |because, next| Err(Box::new(Unmet { because, looked, next, person: None }));
    let another = json!({"name": "NAME", "api": "PATH OF ITS API DESCRIPTION"});
    match mapped.as_slice() {
        [] => return unmet("no system is mapped yet".to_owned(), call(facts, "map_system", another)),
        [one] => {
            let because = format!("only {one} is mapped; an integration has two sides");
            return unmet(because, call(facts, "map_system", another));
        }
        _ => {}
    }
    let changed = facts.systems.iter().find_map(|(name, seen)| facts.remap(seen).map(|c| (name, seen, c)));
    match changed {
        None => Ok(()),
        Some((name, seen, change)) => {
            let again = json!({"name": name, "api": seen.record.api});
            unmet(format!("the map of {name} is stale: {change}"), call(facts, "map_system", again))
        }
    }
}

/// The systems as mapped.
pub(super) fn looked_at_maps(facts: &Facts) -> Looked {
    if facts.systems.is_empty() {
        return Looked::none(EventKind::SystemMapped.as_str());
    }
    facts.systems.iter().fold(Looked::default(), |l, (name, seen)| {
        l.also(Looked::at(seen, &format!("{name}, {}", short(&seen.record.digest))))
    })
}

/// A check, as evidence.
pub(super) fn looked_at_check(check: &Seen<ContractChecked>) -> Looked {
    let ContractChecked { file, digest, errors, .. } = &check.record;
    Looked::at(check, &format!("{file}, {}, {}", short(digest), plural(*errors, "error")))
}

fn contract_checked(facts: &Facts) -> Met {
    let unmet = |because, looked, next| Err(Box::new(Unmet { because, looked, next, person: None }));
    let none = Looked::none(EventKind::ContractChecked.as_str());
    match facts.standing() {
        Standing::Stands(_) => Ok(()),
        Standing::Stale { because, check: last } => unmet(because, looked_at_check(last), check(facts)),
        Standing::Never => {
            let because = "no contract was checked in this session".to_owned();
            match &facts.drafted {
                Some(drafted) => unmet(
                    "the contract was drafted but never checked".to_owned(),
                    Looked::at(drafted, &drafted.record.file).also(none),
                    check(facts),
                ),
                None if facts.systems.len() >= 2 => unmet(because, none, draft(facts)),
                None => unmet(because, none, check(facts)),
            }
        }
    }
}

fn contract_clean(facts: &Facts) -> Met {
    contract_checked(facts)?;
    match facts.standing() {
        Standing::Stands(seen) if seen.record.errors > 0 => Err(Box::new(Unmet {
            because: format!(
                "{} has {} (event {}); repair them from the top, then check again",
                seen.record.file,
                plural(seen.record.errors, "error"),
                seen.seq
            ),
            looked: looked_at_check(seen),
            next: check(facts),
            person: None,
        })),
        _ => Ok(()),
    }
}

fn inferred_settled(facts: &Facts) -> Met {
    if let Some(fact) = facts.constraints.values().find(|c| c.relied_on_though_rejected()) {
        return Err(Box::new(Unmet {
            because: format!(
                "constraint {} was rejected{}, and {} still relies on it; take it out and change what rests on it",
                fact.id,
                by(fact),
                file(facts)
            ),
            looked: fact.looked().also(facts.checks.last().map(looked_at_check).unwrap_or_default()),
            next: check(facts),
            person: None,
        }));
    }
    let waiting: Vec<&ConstraintFact> = facts.waiting().collect();
    let Some(first) = waiting.first() else { return Ok(()) };
    let ids: Vec<&str> = waiting.iter().map(|c| c.id.as_str()).collect();
    let state = match (first.state, &first.lapsed) {
        (ConstraintState::Reported, _) => format!("; that an agent reports it confirmed{} is no approval", by(first)),
        (ConstraintState::Deferred, _) => format!("; it was put off{}", by(first)),
        (_, Some(lapsed)) => {
            format!("; what was decided about it (event {}) is stale: {}", lapsed.decided.seq, lapsed.because)
        }
        _ => String::new(),
    };
    let ConstraintFact { id, says, .. } = first;
    Err(Box::new(Unmet {
        because: format!(
            "{} not settled by a person: {}. First: {id}, \"{}\"{state}",
            plural(waiting.len() as u64, "inferred constraint"),
            ids.join(", "),
            quoted(says, 160)
        ),
        looked: waiting.iter().fold(Looked::default(), |l, c| l.also(c.looked())),
        next: confirm(facts),
        person: Some(confirm_command(facts)),
    }))
}

fn by(fact: &ConstraintFact) -> String {
    fact.decided.as_ref().map_or_else(String::new, |d| format!(" by {}", quoted(&d.record.by, 60)))
}

/// What a person types to settle the waiting constraints.
#[must_use]
pub fn confirm_command(facts: &Facts) -> String {
    let session = facts.session.as_ref().map_or_else(String::new, |s| format!(" --session {}", s.id));
    format!("platform-integration confirm{session}")
}

/// A call in this session; the session comes first among the arguments.
pub(super) fn call(facts: &Facts, tool: &'static str, arguments: Value) -> Call {
    let mut all = serde_json::Map::new();
    if let Some(session) = &facts.session {
        all.insert("session".to_owned(), Value::String(session.id.clone()));
    }
    if let Value::Object(given) = arguments {
        all.extend(given);
    }
    Call { tool, arguments: Value::Object(all) }
}

pub(super) fn check(facts: &Facts) -> Call {
    call(facts, "check_contract", json!({"contract": file(facts)}))
}

/// What has to be done about a constraint that the contract relies on though it was rejected.
pub(super) fn take_out(facts: &Facts, fact: &ConstraintFact) -> String {
    format!(
        "take {} out of {} and change what rests on it{}, then {}",
        fact.id,
        file(facts),
        instead(fact),
        check(facts)
    )
}

/// ` (instead: ids are reused after a year)`, where the person who rejected it said so.
pub(super) fn instead(fact: &ConstraintFact) -> String {
    let correction = fact.decided.as_ref().and_then(|d| d.record.correction.as_deref());
    correction.map_or_else(String::new, |c| format!(" (instead: {})", quoted(c, 200)))
}

pub(super) fn drills(facts: &Facts) -> Call {
    call(facts, "run_drills", json!({"contract": file(facts)}))
}

/// More schedules than there are; the tool takes 10,000 at most.
pub(super) fn deeper(facts: &Facts, schedules: u64) -> Call {
    let more = (schedules * 2).clamp(50, 10_000);
    call(facts, "run_drills", json!({"contract": file(facts), "schedules": more, "seed": 1001}))
}

/// The drill that failed, from the seed that shows it.
pub(super) fn replay(facts: &Facts, flow: &str, code: &str, seed: u64) -> Call {
    call(facts, "run_drills", json!({"contract": file(facts), "flow": flow, "only": code, "seed": seed}))
}

pub(super) fn confirm(facts: &Facts) -> Call {
    call(facts, "confirm_constraints", json!({}))
}

/// The contract file, or the name it would have.
fn file(facts: &Facts) -> &str {
    facts.contract_file().unwrap_or("integration.yaml")
}

fn draft(facts: &Facts) -> Call {
    let mut names = facts.systems.keys();
    let arguments = match (names.next(), names.next()) {
        (Some(source), Some(target)) => json!({"source": source, "target": target}),
        _ => json!({}),
    };
    call(facts, "draft_contract", arguments)
}
