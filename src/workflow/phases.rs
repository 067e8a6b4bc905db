//! The table of phases, gates and tools. A gate is a row; a phase and a tool name the gates that stand before them.

use serde_json::{Value, json};

use super::facts::{ConstraintFact, Facts, Standing};
use crate::base::text::{plural, quoted};
use crate::evidence::Phase;

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
    /// Whether the facts meet it.
    pub met: fn(&Facts) -> Met,
}

/// Two systems are mapped.
pub const SYSTEMS_MAPPED: Gate =
    Gate { code: "systems-mapped", needs: "source and target system mapped", met: systems_mapped };

/// A check stands, whatever it found.
pub const CONTRACT_CHECKED: Gate =
    Gate { code: "contract-checked", needs: "the contract checked as it is now", met: contract_checked };

/// A check stands, and found no error.
pub const CONTRACT_CLEAN: Gate =
    Gate { code: "contract-clean", needs: "the contract checked as it is now, without errors", met: contract_clean };

/// A person has settled everything inferred.
pub const INFERRED_SETTLED: Gate = Gate {
    code: "inferred-settled",
    needs: "every inferred constraint confirmed or rejected by a person, and none relied on that was rejected",
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
pub const TOOLS: [ToolRow; 12] = [
    ToolRow { tool: "open_session", phase: Phase::Map, gates: &[] },
    ToolRow { tool: "map_system", phase: Phase::Map, gates: &[] },
    ToolRow { tool: "inspect_system", phase: Phase::Map, gates: &[] },
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
    gates.iter().find_map(|gate| (gate.met)(facts).err().map(|unmet| Shut { gate, unmet: *unmet }))
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
    let assessed = facts.readiness.as_ref().is_some_and(|r| r.seq > last_drill);
    if !assessed {
        return call(facts, "assess_readiness", json!({}));
    }
    if facts.dossier.as_ref().is_none_or(|d| d.seq < last_drill) {
        return call(facts, "export_dossier", json!({"out": "dossier"}));
    }
    call(facts, "query_evidence", json!({}))
}

fn systems_mapped(facts: &Facts) -> Met {
    let mapped: Vec<&str> = facts.systems.keys().map(String::as_str).collect();
    let because = match mapped.as_slice() {
        [] => "no system is mapped yet".to_owned(),
        [one] => format!("only {one} is mapped; an integration has two sides"),
        _ => return Ok(()),
    };
    let next = call(facts, "map_system", json!({"name": "NAME", "api": "PATH OF ITS API DESCRIPTION"}));
    Err(Box::new(Unmet { because, next, person: None }))
}

fn contract_checked(facts: &Facts) -> Met {
    let unmet = |because, next| Err(Box::new(Unmet { because, next, person: None }));
    match facts.standing() {
        Standing::Stands(_) => Ok(()),
        Standing::Stale { because, .. } => unmet(because, check(facts)),
        Standing::Never if facts.drafted.is_some() => {
            unmet("the contract was drafted but never checked".to_owned(), check(facts))
        }
        Standing::Never if facts.systems.len() >= 2 => {
            unmet("no contract was checked in this session".to_owned(), draft(facts))
        }
        Standing::Never => unmet("no contract was checked in this session".to_owned(), check(facts)),
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
            next: check(facts),
            person: None,
        }));
    }
    let waiting: Vec<&ConstraintFact> = facts.waiting().collect();
    let Some(first) = waiting.first() else { return Ok(()) };
    let ids: Vec<&str> = waiting.iter().map(|c| c.id.as_str()).collect();
    let state = match first.state {
        super::ConstraintState::Reported => format!("; that an agent reports it confirmed{} is no approval", by(first)),
        super::ConstraintState::Deferred => format!("; it was put off{}", by(first)),
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

pub(super) fn drills(facts: &Facts) -> Call {
    call(facts, "run_drills", json!({"contract": file(facts)}))
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
