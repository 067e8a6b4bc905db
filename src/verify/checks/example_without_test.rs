//! An example without a test is one that stops working unseen.

use super::example_not_named::{examples, names};
use crate::base::yaml::Span;
use crate::finding::{Finding, Location, Severity};
use crate::skill::Skill;
use crate::verify::{Check, Profile, Rule, Subject};

const RULE: Rule = Rule {
    code: "example-without-test",
    id: "PI032",
    severity: Severity::Error,
    finds: "A directory under examples/ is named by no test.",
    source: "the procedure: adversarial validation is mandatory",
};

pub(super) const CHECK: Check = Check { rules: &[RULE], profile: Profile::Sync, run };

fn run(subject: &Subject<'_>) -> Vec<Finding> {
    subject.skills().flat_map(|skill| of(skill, subject)).collect()
}

fn of(skill: &Skill, subject: &Subject<'_>) -> Vec<Finding> {
    let tree = &subject.project.tree;
    let dirs = skill.dirs(tree, "tests");
    let tests: Vec<&str> = dirs.iter().flat_map(|d| tree.below(d)).filter_map(|(_, f)| f.text()).collect();
    examples(skill, subject)
        .into_iter()
        .filter(|name| !tests.iter().any(|text| names(text, name)))
        .map(|name| {
            let at = Location::at(&skill.main().file, Span { line: 1, column: 1 });
            let found = RULE.at(at, format!("no test names examples/{name}"));
            let found = found.fix(format!("add a test that checks and drills examples/{name}"));
            // A skill without any tests promises none.
            if dirs.is_empty() { Finding { severity: Severity::Warning, ..found } } else { found }
        })
        .collect()
}
