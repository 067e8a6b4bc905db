//! What rests on what, as a table, and where each link stands: description, map, contract, check, decisions, drills,
//! readiness, dossier. When a link changes, everything that rests on it is stale, and the path says why.

use super::constraint::ConstraintFact;
use super::drilled::Drilled;
use super::facts::{Facts, Seen};
use super::record::{Approved, Record};
use super::standing::{Change, Standing, short};
use crate::base::digest::Digest;
use crate::base::text::{plural, quoted};
use crate::contract::ConstraintKind;
use crate::evidence::EventKind;

/// A link of the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// An API description, as it lies on disk.
    Description,
    /// What was read from it.
    Map,
    /// The words of a constraint, and what it binds.
    Words,
    /// What somebody decided on them.
    Decision,
    /// The contract file, as it lies on disk.
    Contract,
    /// What the compiler said of it.
    Check,
    /// The project written for it.
    Scaffold,
    /// What the drills saw.
    Drills,
    /// What a person approved.
    Approval,
    /// The assessment.
    Readiness,
    /// The five outputs.
    Dossier,
}

impl Step {
    /// In words; for what is an event, the kind of the event.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Description => "description",
            Self::Map => EventKind::SystemMapped.as_str(),
            Self::Words => "constraint",
            Self::Decision => EventKind::ConstraintsConfirmed.as_str(),
            Self::Contract => "contract",
            Self::Check => EventKind::ContractChecked.as_str(),
            Self::Scaffold => EventKind::ConnectorScaffolded.as_str(),
            Self::Drills => EventKind::DrillsRun.as_str(),
            Self::Approval => EventKind::Approved.as_str(),
            Self::Readiness => EventKind::ReadinessAssessed.as_str(),
            Self::Dossier => EventKind::DossierExported.as_str(),
        }
    }
}

/// What each link rests on. A link comes after everything that it rests on.
pub const RESTS_ON: [(Step, &[Step]); 11] = [
    (Step::Description, &[]),
    (Step::Map, &[Step::Description]),
    (Step::Words, &[]),
    (Step::Decision, &[Step::Words]),
    (Step::Contract, &[]),
    (Step::Check, &[Step::Contract, Step::Description]),
    (Step::Scaffold, &[Step::Check, Step::Decision]),
    (Step::Drills, &[Step::Check]),
    (Step::Approval, &[Step::Contract, Step::Description]),
    (Step::Readiness, &[Step::Map, Step::Decision, Step::Check, Step::Drills]),
    (Step::Dossier, &[Step::Map, Step::Decision, Step::Check, Step::Drills]),
];

/// What a link rests on.
#[must_use]
pub fn rests_on(step: Step) -> &'static [Step] {
    RESTS_ON.iter().find(|(s, _)| *s == step).map_or(&[], |(_, on)| on)
}

/// Where a link stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum RowState {
    /// It says something about things as they are.
    Stands,
    /// What it rests on has changed.
    Stale,
    /// It is not there yet.
    Missing,
}

impl RowState {
    /// `stands`, `stale`, `missing`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stands => "stands",
            Self::Stale => "stale",
            Self::Missing => "missing",
        }
    }
}

/// One link as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Which.
    pub step: Step,
    /// Which of them: a system, a constraint, a file.
    pub of: String,
    /// The event, where it is one.
    pub seq: Option<u64>,
    /// Where it stands.
    pub state: RowState,
    /// What it says; or what changed, and on the way to which event.
    pub because: String,
}

impl Row {
    /// `contract-checked integration.yaml (event 9)`
    fn name(&self) -> String {
        let of = if self.of.is_empty() { String::new() } else { format!(" {}", self.of) };
        let event = self.seq.map_or_else(String::new, |seq| format!(" (event {seq})"));
        format!("{}{of}{event}", self.step.as_str())
    }
}

impl std::fmt::Display for Row {
    /// `drills-run (event 12) is stale: integration.yaml changed (sha256:ab… → sha256:cd…) after contract-checked (event 9)`
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name())?;
        match self.state {
            RowState::Stands => write!(f, " stands: {}", self.because),
            RowState::Stale => write!(f, " is stale: {}", self.because),
            RowState::Missing => write!(f, " is missing: {}", self.because),
        }
    }
}

/// The whole chain, in the order of [`RESTS_ON`].
#[must_use]
pub fn chain(facts: &Facts) -> Vec<Row> {
    let mut rows = maps(facts);
    rows.extend(decisions(facts));
    rows.push(check(facts));
    rows.extend(scaffold(facts, &rows));
    rows.push(drills(facts));
    rows.extend(approvals(facts));
    rows.push(computed(Step::Readiness, facts, facts.readiness.as_ref(), |r| &r.basis, &rows));
    rows.push(computed(Step::Dossier, facts, facts.dossier.as_ref(), |d| &d.basis, &rows));
    rows
}

/// Digest of everything that an assessment weighs: the check and its descriptions, the drills, the decisions. Where it
/// is another one, the assessment is about something else.
#[must_use]
pub fn basis(facts: &Facts) -> String {
    let check = match facts.standing() {
        Standing::Stands(check) => serde_json::json!([check.record.digest, check.record.systems, check.record.errors]),
        Standing::Never | Standing::Stale { .. } => serde_json::Value::Null,
    };
    let maps: Vec<_> =
        facts.systems.iter().map(|(name, s)| (name, &s.record.digest, facts.remap(s).is_none())).collect();
    let constraints: Vec<_> = facts
        .constraints
        .values()
        .map(|c| (c.digest(), c.kind.as_str(), c.state.as_str(), c.decided.as_ref().map(|d| d.seq), c.in_contract))
        .collect();
    let drills = Drilled::of(facts).seqs;
    Digest::of_json(&serde_json::json!({"check": check, "maps": maps, "constraints": constraints, "drills": drills}))
        .as_str()
        .to_owned()
}

fn row(step: Step, of: impl Into<String>, seq: Option<u64>, state: RowState, because: impl Into<String>) -> Row {
    Row { step, of: of.into(), seq, state, because: because.into() }
}

fn maps(facts: &Facts) -> Vec<Row> {
    if facts.systems.is_empty() {
        return vec![row(Step::Map, "", None, RowState::Missing, "no system is mapped")];
    }
    let one = |(name, seen): (&String, &Seen<super::record::SystemMapped>)| match facts.remap(seen) {
        Some(change) => row(Step::Map, name, Some(seen.seq), RowState::Stale, change.to_string()),
        None => {
            let says = format!("{} {}", seen.record.api, short(&seen.record.digest));
            row(Step::Map, name, Some(seen.seq), RowState::Stands, says)
        }
    };
    facts.systems.iter().map(one).collect()
}

/// The last approval of each kind. It is of one state of the contract and of its descriptions.
fn approvals(facts: &Facts) -> Vec<Row> {
    let mut last: Vec<&Seen<Approved>> = Vec::new();
    for seen in &facts.approvals {
        last.retain(|old| (old.record.what, &old.record.risk) != (seen.record.what, &seen.record.risk));
        last.push(seen);
    }
    let one = |seen: &Seen<Approved>| {
        let given = &seen.record;
        let risk = given.risk.as_ref().map(|r| format!(" {r}")).unwrap_or_default();
        let of = format!("{}{risk}", given.what.as_str());
        let now =
            facts.contract.as_ref().filter(|now| **now != given.digest).map(|now| (&given.file, &given.digest, now));
        let described = given.systems.iter().find_map(|(name, was)| {
            let mapped = &facts.systems.get(name)?.record;
            let now = facts.files.get(&mapped.api).unwrap_or(&mapped.digest);
            (now != was).then(|| (format!("the description of {name}"), was, now))
        });
        let change = now.map(|(file, was, now)| (file.clone(), was, now)).or(described);
        match change {
            Some((what, was, now)) => {
                let after = (EventKind::Approved.as_str(), seen.seq);
                let change = Change { what, was: was.clone(), now: now.clone(), after };
                row(Step::Approval, of, Some(seen.seq), RowState::Stale, change.to_string())
            }
            None => {
                let says = format!("by {} through {}", quoted(&given.by, 60), given.channel.as_str());
                row(Step::Approval, of, Some(seen.seq), RowState::Stands, says)
            }
        }
    };
    last.into_iter().map(one).collect()
}

/// Those that stand in one row, each that does not in a row of its own.
fn decisions(facts: &Facts) -> Vec<Row> {
    let inferred: Vec<&ConstraintFact> =
        facts.constraints.values().filter(|c| c.kind == ConstraintKind::Inferred).collect();
    let lapsed = facts.constraints.values().filter_map(|c| c.lapsed.as_ref().map(|l| (c, l)));
    let mut rows: Vec<Row> = lapsed
        .map(|(c, l)| {
            let because = format!("{} (event {})", l.because, l.by);
            row(Step::Decision, format!("on {}", c.id), Some(l.decided.seq), RowState::Stale, because)
        })
        .collect();
    if inferred.is_empty() {
        return rows;
    }
    let settled = inferred.iter().filter(|c| !c.waits_for_a_person()).count();
    let last = inferred.iter().filter_map(|c| c.decided.as_ref().map(|d| d.seq)).max();
    let state = if settled == inferred.len() { RowState::Stands } else { RowState::Missing };
    let because = format!("a person settled {settled} of {}", plural(inferred.len() as u64, "inferred constraint"));
    rows.insert(0, row(Step::Decision, "", last, state, because));
    rows
}

fn check(facts: &Facts) -> Row {
    match facts.standing() {
        Standing::Never => row(Step::Check, "", None, RowState::Missing, "no contract was checked"),
        Standing::Stale { check, because } => {
            row(Step::Check, &check.record.file, Some(check.seq), RowState::Stale, because)
        }
        Standing::Stands(check) => {
            let because = format!("{}, {}", short(&check.record.digest), plural(check.record.errors, "error"));
            row(Step::Check, &check.record.file, Some(check.seq), RowState::Stands, because)
        }
    }
}

fn scaffold(facts: &Facts, before: &[Row]) -> Option<Row> {
    let seen = facts.scaffolded.as_ref()?;
    let out = seen.record.out.as_str();
    let stale = |because| Some(row(Step::Scaffold, out, Some(seen.seq), RowState::Stale, because));
    let written = &seen.record.digest;
    if let Standing::Stands(check) = facts.standing()
        && check.record.digest != *written
    {
        let (file, now) = (&check.record.file, short(&check.record.digest));
        return stale(format!(
            "{file} changed ({} → {now}) and was checked again (event {})",
            short(written),
            check.seq
        ));
    }
    match inherited(Step::Scaffold, Some(seen.seq), before) {
        Some(because) => stale(because),
        None => Some(row(Step::Scaffold, out, Some(seen.seq), RowState::Stands, format!("for {}", short(written)))),
    }
}

fn drills(facts: &Facts) -> Row {
    let Some(last) = facts.drills.last() else {
        return row(Step::Drills, "", None, RowState::Missing, "nothing is drilled");
    };
    match facts.drills_stale(last) {
        Some(because) => row(Step::Drills, "", Some(last.seq), RowState::Stale, because),
        None => {
            let (stand, stale) = (facts.standing_drills().count() as u64, facts.stale_drills() as u64);
            let mut because = plural(stand, "run");
            if stale > 0 {
                because += &format!(", {stale} earlier about what has changed since");
            }
            row(Step::Drills, "", Some(last.seq), RowState::Stands, because)
        }
    }
}

/// The reason that a link passes on to what rests on it: the first stale link that is older than it.
fn inherited(step: Step, seq: Option<u64>, before: &[Row]) -> Option<String> {
    let below = |r: &&Row| rests_on(step).contains(&r.step) && r.state == RowState::Stale && r.seq < seq;
    before.iter().find(below).map(|r| format!("it rests on {}, which is stale: {}", r.name(), r.because))
}

/// Readiness and dossier: stale when what they weighed is not what there is.
fn computed<R: Record>(
    step: Step,
    facts: &Facts,
    seen: Option<&Seen<R>>,
    rested: fn(&R) -> &Option<String>,
    before: &[Row],
) -> Row {
    let Some(seen) = seen else {
        let because = if step == Step::Dossier { "nothing is written" } else { "nothing is assessed" };
        return row(step, "", None, RowState::Missing, because);
    };
    let stale = |because: String| row(step, "", Some(seen.seq), RowState::Stale, because);
    let stands = || row(step, "", Some(seen.seq), RowState::Stands, "it weighed what there is now");
    let because = inherited(step, Some(seen.seq), before);
    match (rested(&seen.record), because) {
        (Some(basis), _) if *basis == self::basis(facts) => stands(),
        (_, Some(because)) => stale(because),
        (rested, None) => {
            let newer = before.iter().rev().find(|r| rests_on(step).contains(&r.step) && r.seq > Some(seen.seq));
            match newer {
                Some(Row { step: came, seq: Some(seq), .. }) => {
                    stale(format!("{} (event {seq}) came after it", came.as_str()))
                }
                _ if rested.is_some() => stale("what it weighed is not what there is".to_owned()),
                _ => stands(),
            }
        }
    }
}
