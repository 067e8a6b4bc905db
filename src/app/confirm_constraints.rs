//! Puts inferred constraints to a human. The agent can pass on what the user said, as a report with the words quoted;
//! it cannot answer for the user. Where no human can be reached, the session is parked and everything else goes on.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::context::{Asked, HumanInput, HumanQuestion};
use super::{Call, Done, Face, Hints, No, Proposed, Refusal, UseCase};
use crate::base::{redact, text};
use crate::contract::Bar;
use crate::evidence::{EventKind, Phase};
use crate::workflow::approvals::counts;
use crate::workflow::record::{self, Channel, DecisionRecord};

/// What was decided on a constraint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Decision {
    /// It holds.
    Confirm,
    /// It does not hold; change the contract.
    Reject,
    /// Not decided; it stays a named risk.
    Defer,
}

impl Decision {
    /// `confirm`, `reject`, `defer`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Confirm => "confirm",
            Self::Reject => "reject",
            Self::Defer => "defer",
        }
    }

    /// The word for what was recorded.
    const fn of(d: record::Decision) -> Self {
        match d {
            record::Decision::Confirmed => Self::Confirm,
            record::Decision::Rejected => Self::Reject,
            record::Decision::Deferred => Self::Defer,
        }
    }

    /// Reads [`Decision::as_str`] back.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Confirm, Self::Reject, Self::Defer].into_iter().find(|d| d.as_str() == word)
    }
}

/// What the user said about one constraint, passed on by the agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct DecisionArg {
    /// The constraint's handle.
    pub id: String,
    /// confirm, reject or defer.
    pub decision: Decision,
    /// The user's own words.
    pub quote: String,
    /// Who said so, by name. Default: the user.
    #[serde(default = "the_user")]
    pub by: String,
    /// Rejected: what holds instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correction: Option<String>,
    /// Deferred: the risk, and who takes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub risk: Option<String>,
}

fn the_user() -> String {
    "the user".to_owned()
}

impl std::str::FromStr for DecisionArg {
    type Err = String;

    /// `ID=confirm:the user's words`, `ID=reject:the words -> what holds instead`, `ID=defer:the words -> the risk`
    fn from_str(s: &str) -> Result<Self, String> {
        let form = "give ID=confirm:WORDS, \"ID=reject:WORDS -> WHAT HOLDS INSTEAD\" or \"ID=defer:WORDS -> THE RISK\"";
        let (id, rest) = s.split_once('=').ok_or(form)?;
        let (decision, quote) = rest.split_once(':').ok_or(form)?;
        let decision = Decision::parse(decision).ok_or(form)?;
        let (quote, note) = match quote.split_once(" -> ") {
            Some((quote, note)) if decision != Decision::Confirm => (quote, Some(note.trim().to_owned())),
            _ => (quote, None),
        };
        let (correction, risk) = if decision == Decision::Reject { (note, None) } else { (None, note) };
        Ok(Self { id: id.to_owned(), decision, quote: quote.trim().to_owned(), by: the_user(), correction, risk })
    }
}

/// Arguments of `confirm_constraints`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, clap::Args)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// From open_session.
    #[arg(long)]
    pub session: String,
    /// What the user said, where nobody can be asked directly: a report (ceiling 0.70).
    #[arg(long = "decision", value_name = "ID=DECISION:QUOTE")]
    #[serde(default)]
    pub decisions: Vec<DecisionArg>,
}

/// One decision as recorded.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct DecidedOut {
    /// The constraint.
    pub id: String,
    /// What was decided.
    pub decision: Decision,
    /// How it came.
    pub channel: Channel,
    /// Rejected: what holds instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub correction: Option<String>,
    /// Deferred: the risk, and who takes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub risk: Option<String>,
}

/// One constraint that waits.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct PendingOut {
    /// The constraint.
    pub id: String,
    /// What it says.
    pub says: String,
}

/// What came of it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Answer {
    /// What was decided now.
    pub decided: Vec<DecidedOut>,
    /// What still waits for a human.
    pub pending: Vec<PendingOut>,
    /// Why nobody answered; all else goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parked: Option<String>,
    /// What to do next.
    pub next: String,
}

/// Puts inferred constraints to a human.
pub struct ConfirmConstraints;

impl UseCase for ConfirmConstraints {
    const NAME: &'static str = "confirm_constraints";
    const COMMAND: &'static str = "confirm";
    const TITLE: &'static str = "Confirm constraints";
    const SUMMARY: &'static str = "Ask the human about each inferred constraint: confirm, reject or defer. \
        You can request this, never answer it. Where no human can be reached it is parked, and everything else goes on.";
    const HINTS: Hints = Hints { read_only: false, destructive: false, idempotent: true };
    const KIND: EventKind = EventKind::ConstraintsConfirmed;
    const PHASE: Phase = Phase::Map;
    type Params = Params;
    type Answer = Answer;

    fn session(params: &Params) -> Option<&str> {
        Some(&params.session)
    }

    fn proposes(call: &Call<'_>, params: &Params) -> Proposed {
        Proposed::Decisions(reported(call, params))
    }

    fn run(call: &Call<'_>, params: Params) -> Result<Done<Answer>, No> {
        for d in &params.decisions {
            if !call.facts.constraints.contains_key(&d.id) {
                let near = text::did_you_mean(&d.id, call.facts.constraints.keys().map(String::as_str));
                return Err(Refusal::new(
                    "unknown-constraint",
                    format!("no constraint \"{}\" in this session{near}", text::quoted(&d.id, 60)),
                    format!("record_constraint first, or query_evidence {{\"session\": \"{}\", \"kind\": \"constraint-recorded\"}}", params.session),
                )
                .into());
            }
        }
        let open: Vec<Asked> =
            call.facts.waiting().map(|c| Asked { id: c.id.clone(), says: c.question(), digest: c.digest() }).collect();
        let mut parked = None;
        let decided: Vec<DecisionRecord> = if !params.decisions.is_empty() {
            reported(call, &params)
        } else if open.is_empty() {
            Vec::new()
        } else {
            match &call.human {
                HumanInput::NotAsked | HumanInput::Answered { .. } if out_of_reach(call).is_some() => {
                    parked = out_of_reach(call);
                    Vec::new()
                }
                HumanInput::NotAsked => {
                    let message = format!(
                        "Integration {}: these things were assumed, nobody stated them. Confirm what holds, reject what does not, defer what you cannot say.",
                        call.session.as_ref().map_or("", |s| s.name.as_str())
                    );
                    return Err(No::NeedsHuman(HumanQuestion { message, items: open }));
                }
                HumanInput::Unreachable { because } => {
                    parked = Some(because.clone());
                    Vec::new()
                }
                // Words that changed while the human read the old ones were not decided on.
                HumanInput::Answered { channel, by, decisions } => decisions
                    .iter()
                    .filter(|d| open.iter().any(|o| o.id == d.id && o.digest == d.digest))
                    .filter_map(|d| {
                        let said = Said { decision: Decision::parse(&d.word)?, quote: None, note: d.note.as_deref() };
                        Some(decided(call, &d.id, *channel, by, &said))
                    })
                    .collect(),
            }
        };
        let settled = |id: &str| {
            decided.iter().any(|d| d.id == id && d.channel.is_person() && d.decision != record::Decision::Deferred)
        };
        let pending: Vec<PendingOut> = open
            .iter()
            .filter(|o| !settled(&o.id))
            .map(|o| PendingOut { id: o.id.clone(), says: o.says.clone() })
            .collect();
        let signed = call.facts.waiting().any(|c| c.bar == Bar::Signature);
        let next = next(&params.session, &decided, &pending, parked.is_some(), signed.then(|| file(call)));
        let summary = format!("{} decided, {} waiting for a person", decided.len(), pending.len());
        let answer = Answer {
            decided: decided
                .iter()
                .map(|d| DecidedOut {
                    id: d.id.clone(),
                    decision: Decision::of(d.decision),
                    channel: d.channel,
                    correction: d.correction.clone(),
                    risk: d.risk.clone(),
                })
                .collect(),
            pending: pending.iter().map(|p| PendingOut { id: p.id.clone(), says: p.says.clone() }).collect(),
            parked,
            next,
        };
        let data =
            record::ConstraintsConfirmed { decisions: decided, pending: pending.into_iter().map(|p| p.id).collect() };
        Ok(Done::new(answer, summary, data.to_value()))
    }
}

/// Why an answer through this face would settle nothing: the contract asks for a stronger channel.
fn out_of_reach(call: &Call<'_>) -> Option<String> {
    let bar = call.facts.waiting().map(|c| c.bar).max()?;
    let channel = match call.face {
        Face::Cli => Channel::Terminal,
        Face::Mcp { .. } => Channel::Elicitation,
        // A page that only reads brings no decision: nothing that counts.
        Face::Browser { .. } => Channel::AgentReport,
    };
    (!counts(bar, channel)).then(|| {
        let stronger = if bar == Bar::Signature { "a signature" } else { "a person at a terminal" };
        format!("the contract's approvals ask for {stronger}, which is more than could be answered here")
    })
}

/// What somebody said about one constraint.
struct Said<'a> {
    decision: Decision,
    quote: Option<&'a str>,
    /// What holds instead, or the risk.
    note: Option<&'a str>,
}

fn decided(call: &Call<'_>, id: &str, channel: Channel, by: &str, said: &Said<'_>) -> DecisionRecord {
    let clean = redact::bounded;
    let note = said.note.map(|n| clean(n, 300)).filter(|n| !n.trim().is_empty());
    let (decision, correction, risk) = match said.decision {
        Decision::Confirm => (record::Decision::Confirmed, None, None),
        Decision::Reject => (record::Decision::Rejected, note, None),
        Decision::Defer => (record::Decision::Deferred, None, note),
    };
    // Bound to the words that were put before them: when these change, the decision is stale.
    let digest = call.facts.constraints.get(id).map(crate::workflow::ConstraintFact::digest).unwrap_or_default();
    let (by, quote) = (clean(by, 60), said.quote.map(|q| clean(q, 300)));
    DecisionRecord { id: id.to_owned(), decision, channel, by, quote, correction, risk, digest }
}

/// Decisions that an agent passes on.
fn reported(call: &Call<'_>, params: &Params) -> Vec<DecisionRecord> {
    params
        .decisions
        .iter()
        .map(|d| {
            let note = if d.decision == Decision::Reject { d.correction.as_deref() } else { d.risk.as_deref() };
            let said = Said { decision: d.decision, quote: Some(&d.quote), note };
            decided(call, &d.id, Channel::AgentReport, &d.by, &said)
        })
        .collect()
}

/// The contract of the session.
fn file(call: &Call<'_>) -> String {
    call.facts.contract_file().unwrap_or("integration.yaml").to_owned()
}

/// `sign`: the contract, where only a signature settles.
fn next(
    session: &str,
    decided: &[DecisionRecord],
    pending: &[PendingOut],
    parked: bool,
    sign: Option<String>,
) -> String {
    if let Some(d) = decided.iter().find(|d| d.decision == record::Decision::Rejected) {
        let instead =
            d.correction.as_ref().map_or_else(String::new, |c| format!(" (instead: {})", text::quoted(c, 300)));
        return format!(
            "{} does not hold{instead}: change the contract so that no flow relies on it, then check_contract",
            d.id
        );
    }
    let terminal = match sign {
        Some(contract) => format!(
            "platform-integration approve {contract} inferred-constraints --session {session} --print-statement"
        ),
        None => format!("platform-integration confirm --session {session}"),
    };
    if parked {
        return format!(
            "ask the user to run `{terminal}` in a terminal; meanwhile draft_contract, check_contract and run_drills go on. What the user tells you can be passed on as decisions with quotes: a report, which confirms nothing"
        );
    }
    if pending.is_empty() {
        return format!(
            "draft_contract {{\"session\": \"{session}\", \"source\": \"...\", \"target\": \"...\"}}, or check_contract if integration.yaml exists"
        );
    }
    format!(
        "recorded; a person still has to settle {} (`{terminal}`, or confirm_constraints again without decisions); drafting, checking and drilling go on",
        if pending.len() == 1 { "one" } else { "the rest" }
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decision_on_the_command_line_needs_the_words() {
        let d: DecisionArg = "ids-stable=confirm:yes, they never change".parse().expect("well-formed");
        assert_eq!(
            (d.id.as_str(), d.decision, d.quote.as_str()),
            ("ids-stable", Decision::Confirm, "yes, they never change")
        );
        let d: DecisionArg = "ids-stable=reject:no -> only within a tenant".parse().expect("well-formed");
        assert_eq!((d.quote.as_str(), d.correction.as_deref(), d.risk), ("no", Some("only within a tenant"), None));
        let d: DecisionArg = "ids-stable=defer:later -> duplicates until March, Mira takes it".parse().expect("good");
        assert_eq!(d.risk.as_deref(), Some("duplicates until March, Mira takes it"));
        assert!("ids-stable=confirm".parse::<DecisionArg>().is_err());
        assert!("ids-stable=maybe:x".parse::<DecisionArg>().is_err());
    }
}
