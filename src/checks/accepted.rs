//! `accepted`: findings that somebody takes as they are, with a reason and a name.
//!
//! A finding that an entry covers stays in the answer, as a note. What breaks a law, or leaves the contract without a meaning,
//! nobody can accept. The file may be written by an agent, and an agent approves nothing: so of an error that is accepted,
//! [`Risk::waits_as`] names the inferred constraint that waits for a person.

use std::collections::{BTreeMap, BTreeSet};

use super::Subject;
use super::places::Places;
use crate::base::text::{quoted, words};
use crate::base::yaml::Span;
use crate::contract::{Accepted, Contract};
use crate::finding::{Finding, Severity};

/// Codes that no entry covers: laws, and what has a way of its own to be settled by a person.
const NEVER: [&str; 34] = [
    // Structure: without it, the file says nothing.
    "unreadable",
    "second-document",
    "duplicate-key",
    "wrong-type",
    "missing-key",
    "exclusive-keys",
    "not-in-this-release",
    "unsupported-version",
    "table-changed",
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

/// Codes of what real samples show: without samples there is nothing to cover, and that says nothing against an entry.
const OF_SAMPLES: [&str; 2] = ["sample-rejected", "sample-does-not-fit"];

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

/// Whether findings of this code may come of real samples alone.
pub(super) fn of_samples(code: &str) -> bool {
    OF_SAMPLES.contains(&code)
}

/// Entries by code and place, for looking them up from a finding.
pub(super) struct Entries<'c> {
    contract: &'c Contract,
    places: Places,
    by: BTreeMap<(&'c str, String), &'c Accepted>,
}

impl<'c> Entries<'c> {
    /// Of a contract and its text.
    pub(super) fn of(contract: &'c Contract, text: &str) -> Self {
        let mut by = BTreeMap::new();
        for entry in &contract.accepted {
            let (code, place) = (entry.code.as_str(), entry.place.as_str());
            by.entry((code, place.to_owned())).or_insert(entry);
            // The name of a flow or system stands for all below it.
            if contract.flows.contains_key(place) {
                by.entry((code, format!("flows.{place}"))).or_insert(entry);
            }
            if contract.systems.contains_key(place) {
                by.entry((code, format!("systems.{place}"))).or_insert(entry);
            }
        }
        Self { contract, places: Places::of(text), by }
    }

    /// Where a finding in the contract stands.
    pub(super) fn place(&self, finding: &Finding) -> Option<&str> {
        let here = finding.location.at.line > 0 && finding.location.file == self.contract.file;
        here.then(|| self.places.path(finding.location.at)).flatten()
    }

    /// The entry that covers a finding: one for its place, or for one around it.
    pub(super) fn covering(&self, finding: &Finding) -> Option<(&'c Accepted, &str)> {
        if never(finding.code) {
            return None;
        }
        let path = self.place(finding)?;
        let ends = path.match_indices(['.', '[']).map(|(i, _)| i).chain([path.len()]);
        let around: Vec<&str> = ends.filter_map(|end| path.get(..end)).collect();
        let entry = around.into_iter().rev().find_map(|p| self.by.get(&(finding.code, p.to_owned())))?;
        Some((entry, path))
    }
}

/// Makes notes of what entries cover, and tells which.
pub(super) fn apply(subject: &Subject<'_>, findings: &mut [Finding]) -> Vec<Risk> {
    let contract = subject.contract;
    if contract.accepted.is_empty() {
        return Vec::new();
    }
    let entries = Entries::of(contract, subject.text);
    let mut risks: Vec<Risk> = Vec::new();
    let mut known: BTreeSet<(&str, String)> = BTreeSet::new();
    for finding in findings {
        let Some((entry, place)) = entries.covering(finding) else { continue };
        let place = place.to_owned();
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
        // What somebody takes as it is, nothing mends unasked.
        finding.edits.clear();
        // One place has one decision, whatever else is said of it under the code.
        if known.insert((risk.code, risk.place.clone())) {
            risks.push(risk);
        }
    }
    risks
}
