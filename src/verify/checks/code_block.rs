//! A block of code that is marked `run` must run, and where some are marked, all say what they are.

use super::super::runs::Ran;
use crate::finding::{Finding, Location, Severity};
use crate::skill::{Mark, Skill};
use crate::verify::{Check, Profile, Rule, Subject};

const FAILS: Rule = Rule {
    code: "code-block-fails",
    id: "PI030",
    severity: Severity::Error,
    finds: "A block of code marked `run` ends otherwise than it says, in a sandbox without a network.",
    source: "the procedure: what a document shows is what happens",
};
const UNMARKED: Rule = Rule {
    code: "code-block-unmarked",
    id: "PI030",
    severity: Severity::Warning,
    finds: "A block of shell, Python or JavaScript has no mark, in a skill that marks others.",
    source: "the fence marks run, static and skip=because of docs/verify.md",
};

pub(super) const CHECK: Check = Check { rules: &[FAILS, UNMARKED], profile: Profile::Full, run };

/// Whether blocks of this language can be run.
pub(crate) fn is_code(language: &str) -> bool {
    matches!(
        language.to_ascii_lowercase().as_str(),
        "sh" | "shell" | "bash" | "python" | "python3" | "py" | "js" | "javascript" | "node" | "mjs"
    )
}

fn run(subject: &Subject<'_>) -> Vec<Finding> {
    let fails = subject.facts.runs.blocks.iter().filter_map(|ran| {
        let Ran { file, at, name, fault, said } = ran;
        let fault = fault.as_ref()?;
        let said = if said.is_empty() { String::new() } else { format!(": {said}") };
        let offline = said.contains("Network is down") || said.contains("ENETDOWN");
        let fix = if offline {
            "mark it skip=needs-network, or let it work without one"
        } else {
            "mend the block or what it calls; where it must fail, mark it run exit=N"
        };
        Some(FAILS.at(Location::at(file, *at), format!("the {name} block {fault}{said}")).fix(fix))
    });
    fails.chain(subject.skills().flat_map(unmarked)).collect()
}

fn unmarked(skill: &Skill) -> Vec<Finding> {
    let code = || {
        skill.documents.iter().flat_map(|d| d.blocks.iter().map(move |b| (d, b))).filter(|(_, b)| is_code(&b.language))
    };
    if !code().any(|(_, b)| b.mark.is_some()) {
        return Vec::new();
    }
    code()
        .filter(|(_, b)| b.mark.is_none())
        .map(|(document, block)| {
            UNMARKED
                .in_document(document, block.at, format!("a {} block says not whether it is run", block.language))
                .fix("add run, static or skip=because to its fence")
        })
        .collect()
}

/// Whether a block is to be run, and with which end.
pub(crate) fn expected(mark: Option<&Mark>) -> Option<i32> {
    match mark? {
        Mark::Run { exit } => Some(*exit),
        Mark::Static | Mark::Skip { .. } | Mark::Malformed { .. } => None,
    }
}
