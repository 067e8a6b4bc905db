//! What the conclusion rests on, and how sure that makes it. `docs/confidence.md` tells the same for people.
//!
//! A claim is made of support: descriptions read, a check, drills with their counts, decisions with their channel. Its
//! value is computed and never above the lowest ceiling of its support. The conclusion, that the connector does what
//! the contract says under the faults drilled, is worth what its weakest claim is worth.
//!
//! | evidence | value of the claim `connector` before the ceiling |
//! |---|---|
//! | nothing mapped | 0 |
//! | two systems mapped | 0.10 |
//! | contract compiles, nothing drilled | 0.30 |
//! | drilled, something failed | 0.20 × share |
//! | drilled, nothing failed | 0.50 + 0.45 × share × depth − 0.01 for each item of the checklist not met |
//!
//! `share` is the share of drills that passed among those that apply; `depth` is n / (n + 10) for n schedules behind
//! the drills that passed. A chain that does not hold, a contract with errors, or one that relies on what was rejected,
//! leaves 0.
//!
//! Hence: never above the ceiling, more that passes never lowers, a failure or a change never raises. All are tests.

use super::checklist::{Item, ItemState};
use super::constraint::{ConstraintFact, ConstraintState};
use super::drilled::Drilled;
use super::facts::Facts;
use super::phases::{self, confirm, confirm_command};
use super::record::Channel;
use super::standing::Standing;
use crate::base::text::{plural, quoted};
use crate::contract::ConstraintKind;
use crate::evidence::{ChainFault, Verdict};
use crate::finding::{Ceiling, Confidence};

/// The most that any claim can be worth.
const WHOLE: f64 = 0.95;

/// What a claim is made of.
#[derive(Debug, Clone, PartialEq)]
pub enum Support {
    /// A description as this server read it.
    Description {
        /// The event.
        seq: u64,
        /// The system.
        system: String,
    },
    /// What the compiler said.
    Check {
        /// The event.
        seq: u64,
        /// Errors.
        errors: u64,
    },
    /// What somebody decided; nobody, where the channel is missing.
    Decision {
        /// The event that said or decided it last.
        seq: u64,
        /// The constraint.
        id: String,
        /// Through which channel.
        channel: Option<Channel>,
    },
    /// What drills saw.
    Drills {
        /// The events.
        seqs: Vec<u64>,
        /// Drills that passed.
        passed: u64,
        /// Drills that apply.
        of: u64,
        /// Schedules behind those that passed.
        schedules: u64,
    },
    /// Nothing yet.
    Nothing,
}

impl Support {
    /// What caps a claim that rests on it.
    #[must_use]
    pub fn ceiling(&self) -> Ceiling {
        match self {
            Self::Description { .. } | Self::Check { .. } => Ceiling::Observation,
            Self::Drills { passed, .. } if *passed > 0 => Ceiling::Observation,
            Self::Decision { channel: Some(channel), .. } => channel.ceiling(),
            Self::Decision { channel: None, .. } | Self::Drills { .. } | Self::Nothing => Ceiling::Inference,
        }
    }
}

impl std::fmt::Display for Support {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Description { seq, system } => write!(f, "description of {system} as read (event {seq})"),
            Self::Check { seq, errors } => write!(f, "check with {} (event {seq})", plural(*errors, "error")),
            Self::Decision { seq, id, channel: Some(channel) } => {
                write!(f, "{id} decided through {} (event {seq})", channel.as_str())
            }
            Self::Decision { seq, id, channel: None } => write!(f, "{id} as inferred (event {seq})"),
            Self::Drills { seqs, passed, of, schedules } => {
                let events: Vec<String> = seqs.iter().map(u64::to_string).collect();
                let events = if events.is_empty() { "none standing".to_owned() } else { events.join(", ") };
                write!(f, "{passed} of {of} drills over {} (events: {events})", plural(*schedules, "schedule"))
            }
            Self::Nothing => f.write_str("nothing"),
        }
    }
}

/// Points that a claim lacks.
#[derive(Debug, Clone, PartialEq)]
pub struct Loss {
    /// The claim.
    pub claim: String,
    /// How much; the conclusion's value and all of these make 0.95.
    pub points: f64,
    /// What is lacking.
    pub because: String,
    /// What would regain it: a call, or what a person types.
    pub regain: String,
}

/// Something claimed, with all that it rests on.
#[derive(Debug, Clone, PartialEq)]
pub struct Claim {
    /// `systems`, `contract`, `connector`, or the id of an inferred constraint.
    pub code: String,
    /// What is claimed.
    pub text: String,
    /// What it is made of.
    pub support: Vec<Support>,
    /// How sure, under the lowest ceiling of its support.
    pub confidence: Confidence,
    /// Where it is lost.
    pub lost: Vec<Loss>,
}

impl Claim {
    fn new(code: &str, text: String, support: Vec<Support>, value: f64, lost: Vec<Loss>) -> Self {
        let ceiling = support.iter().map(Support::ceiling).min().unwrap_or(Ceiling::Inference);
        Self { code: code.to_owned(), text, support, confidence: Confidence::capped(value, ceiling), lost }
    }

    /// What caps it.
    #[must_use]
    pub fn ceiling(&self) -> Ceiling {
        self.confidence.ceiling()
    }
}

/// All that the conclusion rests on.
#[must_use]
pub fn claims(facts: &Facts, drilled: &Drilled, items: &[Item], chain: Option<&ChainFault>) -> Vec<Claim> {
    let mut all = vec![systems(facts), contract(facts, chain)];
    all.extend(facts.constraints.values().filter(|c| c.kind == ConstraintKind::Inferred).map(|c| assumed(facts, c)));
    all.push(connector(facts, drilled, items));
    all
}

/// The value of the weakest claim under the lowest ceiling, and where it is lost, largest first.
#[must_use]
pub fn conclude(facts: &Facts, claims: &[Claim]) -> (Confidence, Vec<Loss>) {
    let ceiling = claims.iter().map(Claim::ceiling).min().unwrap_or(Ceiling::Inference);
    let weakest = claims.iter().map(|c| c.confidence.value()).fold(WHOLE, f64::min);
    let confidence = Confidence::capped(weakest, ceiling);
    let mut lost: Vec<Loss> = Vec::new();
    // What the connector lacks of its own, then what holds the conclusion below even that.
    let own: f64 = match claims.iter().find(|c| c.code == CONNECTOR) {
        Some(connector) => {
            lost.extend(connector.lost.iter().cloned());
            WHOLE - connector.lost.iter().map(|l| l.points).sum::<f64>()
        }
        None => WHOLE,
    };
    let held = own - confidence.value();
    if held >= 0.005 {
        let lowest =
            claims.iter().filter(|c| c.code != CONNECTOR).filter(|c| c.confidence.value() <= confidence.value() + 1e-9);
        let lowest: Vec<&Claim> = lowest.collect();
        let (claim, because, regain) = match lowest.as_slice() {
            [] => (
                CONNECTOR.to_owned(),
                format!("a claim that nothing is drilled for rests on {}", ceiling.as_str()),
                phases::next_call(facts).to_string(),
            ),
            all @ [first, ..] => {
                let because =
                    first.lost.first().map_or_else(|| "it holds the conclusion down".to_owned(), |l| l.because.clone());
                let regain =
                    first.lost.first().map_or_else(|| phases::next_call(facts).to_string(), |l| l.regain.clone());
                (all.iter().map(|c| c.code.as_str()).collect::<Vec<_>>().join(", "), because, regain)
            }
        };
        lost.push(Loss { claim, points: held, because, regain });
    }
    for loss in &mut lost {
        loss.points = (loss.points * 100.0).round() / 100.0;
    }
    lost.retain(|l| l.points > 0.0);
    lost.sort_by(|a, b| b.points.total_cmp(&a.points));
    (confidence, lost)
}

/// The claim that the conclusion is about.
const CONNECTOR: &str = "connector";

fn loss(claim: &str, points: f64, because: impl Into<String>, regain: impl std::fmt::Display) -> Loss {
    Loss { claim: claim.to_owned(), points, because: because.into(), regain: regain.to_string() }
}

fn systems(facts: &Facts) -> Claim {
    let text = "both systems are as their descriptions say".to_owned();
    let support: Vec<Support> =
        facts.systems.iter().map(|(name, seen)| Support::Description { seq: seen.seq, system: name.clone() }).collect();
    match (phases::SYSTEMS_MAPPED.met)(facts) {
        Ok(()) => Claim::new("systems", text, support, WHOLE, Vec::new()),
        Err(unmet) => {
            // A stale map of two systems is worth more than none: the contract was checked against what is there.
            let value = if facts.systems.len() >= 2 { 0.30 } else { 0.0 };
            let lost = vec![loss("systems", WHOLE - value, unmet.because, unmet.next)];
            Claim::new("systems", text, support, value, lost)
        }
    }
}

/// What is wrong with a contract is not forgotten when the file changes, only when it is checked again. The claim is
/// about what was found; that nothing was checked yet is for the claim about the connector.
fn contract(facts: &Facts, chain: Option<&ChainFault>) -> Claim {
    let text = "nothing is known to be wrong with contract and record".to_owned();
    let support = facts.checks.last().map(|c| Support::Check { seq: c.seq, errors: c.record.errors });
    let rejected = facts.constraints.values().find(|c| c.relied_on_though_rejected());
    let wrong = match (chain, facts.checks.last(), rejected) {
        (Some(fault), _, _) => Some(format!("the log was {} at event {}", fault.because, fault.seq)),
        (_, Some(check), _) if check.record.errors > 0 => {
            Some(format!("{} has {} (event {})", check.record.file, plural(check.record.errors, "error"), check.seq))
        }
        (_, _, Some(fact)) => Some(format!("{} was rejected, and the contract still relies on it", fact.id)),
        _ => None,
    };
    let support = support.into_iter().collect();
    match wrong {
        None => Claim::new("contract", text, support, WHOLE, Vec::new()),
        Some(because) => {
            let regain = match (chain, rejected) {
                (Some(_), _) => "open_session {\"name\": \"...\"} in a store that is whole".to_owned(),
                (None, Some(fact)) => phases::take_out(facts, fact),
                (None, None) => phases::check(facts).to_string(),
            };
            Claim::new("contract", text, support, 0.0, vec![loss("contract", WHOLE, because, regain)])
        }
    }
}

/// An inferred constraint is worth the ceiling of the channel that settled it.
fn assumed(facts: &Facts, fact: &ConstraintFact) -> Claim {
    let says = quoted(&fact.says, 160);
    let text = if fact.state == ConstraintState::Rejected { format!("that this does not hold: {says}") } else { says };
    let settled =
        matches!(fact.state, ConstraintState::Confirmed | ConstraintState::Reported | ConstraintState::Rejected);
    let channel = fact.decided.as_ref().filter(|_| settled).map(|d| d.record.channel);
    let seq = fact.decided.as_ref().map_or(fact.seq, |d| d.seq);
    let support = Support::Decision { seq, id: fact.id.clone(), channel };
    let ceiling = support.ceiling();
    let because = format!("it is {} and rests on {} ({:.2})", fact.state.as_str(), ceiling.as_str(), ceiling.value());
    let regain = if fact.is_confirmed() {
        // A person's word is a rule; nothing this release can run would turn it into an observation.
        "nothing in this release: what a person decides is capped at policy".to_owned()
    } else {
        format!("{}, or a person types: {}", confirm(facts), confirm_command(facts))
    };
    let lost = vec![loss(&fact.id, WHOLE - ceiling.value(), because, regain)];
    Claim::new(&fact.id, text, vec![support], ceiling.value(), lost)
}

fn connector(facts: &Facts, drilled: &Drilled, items: &[Item]) -> Claim {
    let text = "the connector does what the contract says under the faults drilled".to_owned();
    let passed = drilled.count(Verdict::Pass);
    let support = vec![if drilled.drills.is_empty() {
        Support::Nothing
    } else {
        let of = drilled.drills.len() as u64;
        Support::Drills { seqs: drilled.seqs.clone(), passed, of, schedules: drilled.schedules }
    }];
    let failed = drilled.count(Verdict::Fail) > 0;
    let (value, lost) = if failed {
        let value = 0.20 * drilled.share();
        let replay = drilled.failing.first().map(|(flow, code, seed)| phases::replay(facts, flow, code, *seed));
        let codes: Vec<&str> = drilled.codes(Verdict::Fail).into_iter().collect();
        let regain = replay.unwrap_or_else(|| phases::drills(facts));
        (value, vec![loss(CONNECTOR, WHOLE - value, format!("failed: {}", codes.join(", ")), regain)])
    } else if passed > 0 {
        drilled_clean(facts, drilled, items)
    } else if matches!(facts.standing(), Standing::Stands(_)) {
        let because = if drilled.drills.is_empty() { "nothing is drilled" } else { "no drill has passed" };
        (0.30, vec![loss(CONNECTOR, WHOLE - 0.30, because, phases::drills(facts))])
    } else if facts.systems.len() >= 2 {
        let why = (phases::CONTRACT_CHECKED.met)(facts).err();
        let because = why.map_or_else(|| "no contract is checked".to_owned(), |unmet| unmet.because);
        (0.10, vec![loss(CONNECTOR, WHOLE - 0.10, because, phases::next_call(facts))])
    } else {
        (0.0, vec![loss(CONNECTOR, WHOLE, "two systems are not mapped yet", phases::next_call(facts))])
    };
    Claim::new(CONNECTOR, text, support, value, lost)
}

fn drilled_clean(facts: &Facts, drilled: &Drilled, items: &[Item]) -> (f64, Vec<Loss>) {
    let n = drilled.schedules as f64;
    let (share, depth) = (drilled.share(), n / (n + 10.0));
    let rest: Vec<&str> = drilled.codes(Verdict::Unproven).union(&drilled.codes(Verdict::Partial)).copied().collect();
    let mut lost = vec![
        loss(
            CONNECTOR,
            0.45 * (1.0 - share),
            format!("not every drill passed: {}", rest.join(", ")),
            phases::drills(facts),
        ),
        loss(
            CONNECTOR,
            0.45 * share * (1.0 - depth),
            format!("only {} behind the drills that passed", plural(drilled.schedules, "schedule")),
            phases::deeper(facts, drilled.schedules),
        ),
    ];
    lost.extend(items.iter().filter(|i| i.state != ItemState::Met).map(|i| {
        let regain =
            i.next.as_ref().map_or_else(|| "by hand: nothing in this release runs it".to_owned(), ToString::to_string);
        loss(i.code, 0.01, i.because.clone(), regain)
    }));
    let value = WHOLE - lost.iter().map(|l| l.points).sum::<f64>();
    (value, lost)
}
