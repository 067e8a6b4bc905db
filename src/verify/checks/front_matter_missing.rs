//! Without front matter a client does not know the skill's name and when to use it.

use crate::base::yaml::Span;
use crate::finding::{Finding, Location, Severity};
use crate::skill::{NoFrontMatter, Skill};
use crate::verify::{Check, Profile, Rule, Subject};

const RULE: Rule = Rule {
    code: "front-matter-missing",
    id: "PI001",
    severity: Severity::Error,
    finds: "SKILL.md does not begin with front matter.",
    source: "Agent Skills specification, \"Frontmatter\": a skill begins with it",
};

pub(super) const CHECK: Check = Check { rules: &[RULE], profile: Profile::Spec, run };

fn run(subject: &Subject<'_>) -> Vec<Finding> {
    subject.skills().flat_map(of).collect()
}

fn of(skill: &Skill) -> Vec<Finding> {
    let Err(NoFrontMatter::Missing) = &skill.front else { return Vec::new() };
    let at = Location::at(&skill.main().file, Span { line: 1, column: 1 });
    vec![
        Finding::error(RULE.code, at, "the first line is not ---, so no client reads name and description")
            .fix("begin the file with ---, name and description, and another ---; a banner goes below"),
    ]
}
