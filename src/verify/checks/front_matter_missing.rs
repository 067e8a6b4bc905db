//! Without front matter at the very top a client does not know the skill's name and when to use it.

use crate::base::yaml::Span;
use crate::finding::{Change, Finding, Location, Severity};
use crate::skill::{NoFrontMatter, Skill};
use crate::verify::{Check, Profile, Rule, Subject};

const MISSING: Rule = Rule {
    code: "front-matter-missing",
    id: "PI001",
    severity: Severity::Error,
    finds: "SKILL.md has no front matter.",
    source: "Agent Skills specification, \"Frontmatter\": a skill begins with it",
};

const DISPLACED: Rule = Rule {
    code: "front-matter-displaced",
    id: "PI001",
    severity: Severity::Error,
    finds: "Something stands before the front matter, so that no client reads it.",
    source: "Agent Skills specification, \"Frontmatter\": a client reads it from the first line on, and passes over a skill that begins with anything else",
};

const BOM: Rule = Rule {
    code: "byte-order-mark",
    id: "PI001",
    severity: Severity::Error,
    finds: "SKILL.md begins with a byte order mark, which clients take for text before the front matter.",
    source: "skills-ref and others ask whether the first three characters are ---",
};

pub(super) const CHECK: Check = Check { rules: &[MISSING, DISPLACED, BOM], profile: Profile::Spec, run };

fn run(subject: &Subject<'_>) -> Vec<Finding> {
    subject.skills().flat_map(of).collect()
}

fn of(skill: &Skill) -> Vec<Finding> {
    let main = skill.main();
    let top = || Location::at(&main.file, Span { line: 1, column: 1 });
    match &skill.front {
        Err(NoFrontMatter::Missing) => {
            let because = "the first line is not ---, so no client reads name and description";
            let fix = "begin the file with ---, name and description, and another ---";
            vec![MISSING.at(top(), because).fix(fix)]
        }
        Err(NoFrontMatter::Displaced { at, banner, block }) => {
            let because = format!("the front matter begins on line {}, and clients read it on line 1 only", at.line);
            let part = |range: &std::ops::Range<usize>| main.text.get(range.clone()).unwrap_or_default();
            // In another place the banner is what it was; a blank line keeps it from what follows.
            let banner_text = part(banner).trim_matches(['\n', '\r']);
            let gap = if part(block).ends_with('\n') { "" } else { "\n" };
            let with = format!("{}{gap}\n{banner_text}\n", part(block));
            let change = Change::Replace { from: 0, to: block.end, with };
            vec![
                DISPLACED
                    .at(top(), because)
                    .fix("move what stands before --- below the front matter")
                    .edit(&main.path, change),
            ]
        }
        Err(NoFrontMatter::Malformed { .. }) | Ok(_) if main.text.starts_with('\u{feff}') => {
            let change = Change::Replace { from: 0, to: '\u{feff}'.len_utf8(), with: String::new() };
            let because = "the file begins with a byte order mark, and clients want --- there";
            vec![BOM.at(top(), because).fix("save the file as UTF-8 without it").edit(&main.path, change)]
        }
        Err(NoFrontMatter::Malformed { .. }) | Ok(_) => Vec::new(),
    }
}
