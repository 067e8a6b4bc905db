//! Without front matter a client does not know the skill's name and when to use it.

use super::{Check, Subject};
use crate::base::yaml::Span;
use crate::finding::{Finding, Location};
use crate::skill::frontmatter::NoFrontMatter;

pub(super) const CHECK: Check =
    Check { code: "front-matter-missing", finds: "SKILL.md does not begin with front matter.", run };

fn run(subject: &Subject<'_>) -> Vec<Finding> {
    let Err(NoFrontMatter::Missing) = &subject.skill.front else { return Vec::new() };
    let at = Location::at(&subject.skill.main().file, Span { line: 1, column: 1 });
    vec![
        Finding::error(CHECK.code, at, "the first line is not ---, so no client reads name and description")
            .fix("begin the file with ---, name and description, and another ---; a banner goes below"),
    ]
}
