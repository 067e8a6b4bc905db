//! `accepted`: findings that somebody takes as they are, with a reason and a name.
//!
//! A finding that an entry covers stays in the answer, as a note. What breaks a law, or leaves the contract without a meaning,
//! nobody can accept. The file may be written by an agent, and an agent approves nothing: so of an error that is accepted,
//! [`Risk::waits_as`] names the inferred constraint that waits for a person.

use super::Subject;
use super::places::Places;
use crate::base::text::{quoted, words};
use crate::base::yaml::Span;
use crate::contract::{Accepted, Contract};
use crate::finding::{Finding, Severity};

/// Codes that no entry covers: laws, and what has a way of its own to be settled by a person.
const NEVER: [&str; 33] = [
    // Structure: without it, the file says nothing.
    "unreadable",
    "second-document",
    "duplicate-key",
    "wrong-type",
    "missing-key",
    "exclusive-keys",
    "not-in-this-release",
    "unsupported-version",
    "duplicate-target",
    "graphql-target",
    "grpc-operation",
    // A retried write is idempotent.
    "retried-write-without-idempotency",
    "retry-outlives-key",
    // Every required target field is fed, and nothing is written that must not be.
    "required-target-unmapped",
    "missing-required-parameter",
    "read-only-target-written",
    "write-only-source-read",
    // Secrets are references.
    "secret-as-value",
    "secret-in-const",
    // Nothing is called that cannot be called, or read without an end.
    "auth-missing",
    "auth-incomplete",
    "no-base-url",
    "cursor-without-end",
    "not-a-list-operation",
    "webhook-unsigned",
    // A person decides these, in the evidence store and nowhere else.
    "constraint-rejected",
    "inferred-unconfirmed",
    "assumption-unstated",
    "approval-too-weak",
    "signers-missing",
    "origin-not-found",
    // The entries themselves.
    "cannot-be-accepted",
    "accepted-nothing",
];
/// Beginnings of such codes: what does not exist, cannot be read, or has no meaning.
const NEVER_BEGINS: [&str; 3] = ["unknown-", "unreadable-", "bad-"];

/// A finding that somebody takes as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Risk {
    /// Where the entry stands that takes it.
    pub at: Span,
    /// The code of the finding.
    pub code: &'static str,
    /// How bad it was.
    pub severity: Severity,
    /// Where it stands in the contract: `flows.contacts.map.balance`.
    pub place: String,
    /// The flow that it is about, where it is about one.
    pub flow: Option<String>,
    /// The system that it is about, where it is about one.
    pub system: Option<String>,
    /// What was found.
    pub message: String,
    /// Why it is acceptable, as the contract says.
    pub because: String,
    /// Who accepts it, as the contract says.
    pub by: String,
}

impl Risk {
    /// The id of the inferred constraint under which it waits for a person; nothing for a warning or note, which waits for
    /// nobody.
    #[must_use]
    pub fn waits_as(&self) -> Option<String> {
        const MOST: usize = 100;
        if self.severity != Severity::Error {
            return None;
        }
        let place = words(self.place.trim_start_matches("flows.").trim_start_matches("systems.")).join("-");
        let id: String = format!("accepts-{}-{place}", self.code).chars().filter(char::is_ascii).take(MOST).collect();
        Some(id.trim_end_matches('-').to_owned())
    }

    /// What a person is asked to confirm, in words; at most 300 characters.
    #[must_use]
    pub fn says(&self) -> String {
        let (because, message) = (quoted(&self.because, 100), quoted(&self.message, 140));
        quoted(&format!("{} at {} is acceptable ({because}): {message}", self.code, self.place), 300)
    }
}

/// Whether no entry covers findings of this code.
pub(super) fn never(code: &str) -> bool {
    NEVER.contains(&code) || NEVER_BEGINS.iter().any(|b| code.starts_with(b))
}

/// The entry that covers a finding, and where the finding stands.
pub(super) fn covering<'c>(
    contract: &'c Contract,
    places: &Places,
    finding: &Finding,
) -> Option<(&'c Accepted, String)> {
    if never(finding.code) || finding.location.at.line == 0 || finding.location.file != contract.file {
        return None;
    }
    let path = places.path(finding.location.at)?;
    let entry = contract.accepted.iter().find(|a| a.code.value == finding.code && covers(contract, &a.place, path))?;
    Some((entry, path.to_owned()))
}

/// Whether a place of an entry, a path or the name of a flow or system, is that of a finding or around it.
fn covers(contract: &Contract, place: &str, path: &str) -> bool {
    let around =
        |place: &str| path.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']));
    around(place)
        || (contract.flows.contains_key(place) && around(&format!("flows.{place}")))
        || (contract.systems.contains_key(place) && around(&format!("systems.{place}")))
}

/// Makes notes of what entries cover, and tells which.
pub(super) fn apply(subject: &Subject<'_>, findings: &mut [Finding]) -> Vec<Risk> {
    let contract = subject.contract;
    if contract.accepted.is_empty() {
        return Vec::new();
    }
    let places = Places::of(subject.text);
    let mut risks: Vec<Risk> = Vec::new();
    for finding in findings {
        let Some((entry, place)) = covering(contract, &places, finding) else { continue };
        let below = |top: &str| {
            let name = place.strip_prefix(top)?.split(['.', '[']).next()?;
            Some(name.to_owned())
        };
        let risk = Risk {
            at: entry.at,
            code: finding.code,
            severity: finding.severity,
            flow: below("flows.").filter(|f| contract.flows.contains_key(f)),
            system: below("systems.").filter(|s| contract.systems.contains_key(s)),
            message: finding.message.clone(),
            because: entry.because.clone(),
            by: entry.by.clone(),
            place,
        };
        let waits =
            risk.waits_as().map_or_else(String::new, |id| format!("; a person has yet to confirm that, as {id}"));
        let (by, because) = (quoted(&entry.by, 60), quoted(&entry.because, 160));
        finding.message = format!("{}; accepted by {by}: {because}{waits}", finding.message);
        finding.severity = Severity::Note;
        // One place has one decision, whatever else is said of it under the code.
        if risks.iter().all(|r| (r.code, &r.place) != (risk.code, &risk.place)) {
            risks.push(risk);
        }
    }
    risks
}
