//! The tests of a skill must pass, and must have run at all.

use crate::finding::{Finding, Severity};
use crate::verify::{Check, Profile, Rule, Subject};

const FAIL: Rule = Rule {
    code: "tests-fail",
    id: "PI031",
    severity: Severity::Error,
    finds: "A test fails, or does not end, in a sandbox without a network.",
    source: "a test that cannot be started, or fails, shows nothing of what it is meant to prove",
};
const EMPTY: Rule = Rule {
    code: "tests-empty",
    id: "PI031",
    severity: Severity::Error,
    finds: "A test file passes without a single case.",
    source: "the procedure: no success without counts",
};

pub(super) const CHECK: Check = Check { rules: &[FAIL, EMPTY], profile: Profile::Full, run };

fn run(subject: &Subject<'_>) -> Vec<Finding> {
    let suites = subject.facts.runs.suites.iter();
    suites
        .filter_map(|suite| {
            let at = subject.top(&suite.path);
            if let Some(fault) = &suite.fault {
                let said = if suite.said.is_empty() { String::new() } else { format!(": {}", suite.said) };
                return Some(
                    FAIL.at(at, format!("`{}` {fault}{said}", suite.command)).fix("mend the test, or what it tests"),
                );
            }
            (suite.cases == Some(0))
                .then(|| EMPTY.at(at, format!("`{}` ran no case", suite.command)).fix("add a case that can fail"))
        })
        .collect()
}
