//! A script that its interpreter cannot read does nothing, or half of something.

use crate::base::text::quoted;
use crate::finding::{Finding, Location, Severity};
use crate::verify::facts::Syntax;
use crate::verify::{Check, Profile, Rule, Subject, scripts};

const RULE: Rule = Rule {
    code: "script-malformed",
    id: "PI014",
    severity: Severity::Error,
    finds: "A script does not parse; where no interpreter says so too, only by its grammar, and that is a warning.",
    source: "a script that does not parse ends before it has done anything",
};
pub(super) const CHECK: Check = Check { rules: &[RULE], profile: Profile::Sync, run };

fn run(subject: &Subject<'_>) -> Vec<Finding> {
    let place = |path: &str, at| Location::at(subject.project.show(path), at);
    let judge = |suspect: scripts::Suspect| match subject.facts.syntax.get(&suspect.path) {
        Some(Syntax::Fine) => None,
        Some(Syntax::Wrong { at, because }) => {
            let at = if at.line > 0 { *at } else { suspect.at };
            let because = format!("its interpreter cannot read it: {}", quoted(because, 160));
            Some(RULE.at(place(&suspect.path, at), because).fix("mend it at that place"))
        }
        None => {
            let because = format!("it does not read as {}; no interpreter was asked", suspect.language.as_str());
            Some(
                Finding::warning(RULE.code, place(&suspect.path, suspect.at), because)
                    .fix("run it through its interpreter's own check"),
            )
        }
    };
    let suspects = subject.facts.suspects.clone().unwrap_or_else(|| scripts::suspects(subject.project));
    suspects.into_iter().filter_map(judge).collect()
}
