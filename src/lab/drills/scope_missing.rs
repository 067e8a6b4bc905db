//! A token that may not do what is asked of it stops the flow, and whoever reads the log or the report learns which scope
//! is missing (RFC 6750 section 3.1, `insufficient_scope`).
//!
//! Source: RFC 6750 section 3.1, `insufficient_scope`.

use serde_json::Value;

use super::super::faults::{Aim, ScopeMissing};
use super::super::judge::Evidence;
use super::tokens::bearers;
use super::{Drill, Setup};
use crate::base::rng::Rng;
use crate::lab::bench::Bench;

/// A scope that no contract asks for.
const SCOPE: &str = "planted.scope";

/// See the module.
pub(super) struct ScopeMissingDrill;

impl Drill for ScopeMissingDrill {
    fn code(&self) -> &'static str {
        "scope-missing"
    }

    fn hypothesis(&self) -> &'static str {
        "A token that lacks a scope stops the flow, and the scope is named."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        bearers(bench).map(|_| ())
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let _ = records;
        let Ok(purposes) = bearers(bench) else { return Setup::clean() };
        let aim = Aim::at(purposes).after(rng.below(3)).times(u64::MAX / 2);
        let mut setup = Setup::with(ScopeMissing { aim, scope: SCOPE.to_owned() }).passes(2).lenient();
        setup.faults_end_with_first_pass = true;
        setup
    }

    fn judge(&self, evidence: &Evidence<'_>) -> Vec<String> {
        if evidence.faults_fired == 0 {
            return Vec::new();
        }
        // A program need not name the scope; that it is not allowed what it asks for somebody must read.
        let words = [SCOPE, "403", "scope", "forbidden", "permission", "not allowed", "denied"];
        if evidence.foreign.is_some() {
            return match evidence.wrote_one_of(&words) {
                true => Vec::new(),
                false => vec!["the answer said that the token lacks a scope, and nobody was told".to_owned()],
            };
        }
        let logged = evidence.trace.logs().any(|line| line.to_string().contains(SCOPE));
        let buried = evidence.letters.iter().any(|l| l.because.contains(SCOPE));
        let stopped = evidence.runs.iter().filter_map(|r| r.end.report()?.stopped.as_ref());
        if logged || buried || stopped.into_iter().any(|(_, why)| why.contains(SCOPE)) {
            return Vec::new();
        }
        vec![format!("the answer said that the scope {SCOPE} is missing, and nobody was told")]
    }
}
