//! A claim of what was seen, read or reported says where: otherwise it is an inference.

use std::sync::LazyLock;

use regex::Regex;

use super::confidence_malformed::claims;
use crate::finding::{Ceiling, Finding, Severity};
use crate::skill::{Document, Skill};
use crate::verify::{Check, Profile, Rule, Subject};

/// What stands for evidence anywhere in the section.
static EVIDENCE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\bev-[a-z0-9]{4,}|\bsha256:[0-9a-f]{8,}|\bevidence[ -]?(?:id|link|ids|links)?\s*[:=#]\s*\S|\bevent #?\d+|\bsources?\s*[:=]\s*\S|\bwitness(?:ed)?\s*[:=]")
        .expect("a constant pattern")
});
/// What stands for it beside the line itself.
static LINK: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"https?://\S|\]\([^)\s]+\)|\[\^[^\]]+\]|`[^`\s]+\.(?:jsonl?|log|xml|csv|txt|md)`")
        .expect("a constant pattern")
});

/// Words by which a report names who says it.
static SAYS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(?:says?|said|states?|stated|reports?|reported by|according to|told|as noted|per the)\b[^(]")
        .expect("a constant pattern")
});

const OBSERVED: Rule = Rule {
    code: "claim-without-evidence",
    id: "PI041",
    severity: Severity::Error,
    finds: "A claim of type observation names no evidence in its paragraph or section.",
    source: "the procedure: capture evidence links in outputs; what nobody can look at is an inference",
};

const SOURCELESS: Rule = Rule {
    code: "claim-without-source",
    id: "PI041",
    severity: Severity::Warning,
    finds: "A claim of type research or report names no source in its paragraph or section.",
    source: "the procedure: the ceiling of research and report rests on somebody who said it",
};

pub(super) const CHECK: Check = Check { rules: &[OBSERVED, SOURCELESS], profile: Profile::Sync, run };

fn run(subject: &Subject<'_>) -> Vec<Finding> {
    subject.skills().flat_map(of).collect()
}

fn of(skill: &Skill) -> Vec<Finding> {
    let mut out = Vec::new();
    for document in &skill.documents {
        let in_code = |at: usize| document.blocks.iter().any(|b| b.range.contains(&at));
        for claim in claims(document).into_iter().filter(|c| !in_code(c.range.start)) {
            let (rule, what) = match claim.kind {
                Ceiling::Observation => (&OBSERVED, "no evidence"),
                Ceiling::Research | Ceiling::Report => (&SOURCELESS, "no source"),
                Ceiling::Definition | Ceiling::Policy | Ceiling::Inference | Ceiling::Unknown => continue,
            };
            let said = claim.kind == Ceiling::Report;
            if supported(document, claim.range.start, said) {
                continue;
            }
            let kind = claim.kind.as_str();
            let because = format!("type {kind} is claimed, and {what} is named near it");
            let fix = format!(
                "name the evidence beside it, e.g. \"evidence: ev-…\" or a link, or claim inference ({:.2})",
                Ceiling::Inference.value()
            );
            let mut finding = rule.in_document(document, document.place(claim.range.start), because).fix(fix);
            if document.is_torn_at(claim.range.start) {
                // It may be part of a sample.
                finding.severity = Severity::Warning;
            }
            out.push(finding);
        }
    }
    out
}

/// Whether evidence is named near a claim; of a report also who says so.
fn supported(document: &Document, at: usize, said: bool) -> bool {
    let section = document.sections.iter().rposition(|s| s.range.start <= at);
    let from = section.and_then(|i| document.sections.get(i)).map_or(document.body, |s| s.range.end);
    let to = document.sections.iter().map(|s| s.range.start).find(|s| *s > at).unwrap_or(document.text.len());
    let part = |from: usize, to: usize| document.text.get(from..to).unwrap_or_default();
    let paragraph_start = part(from, at).rfind("\n\n").map_or(from, |p| from + p);
    let paragraph_end = part(at, to).find("\n\n").map_or(to, |p| at + p);
    let paragraph = part(paragraph_start, paragraph_end);
    EVIDENCE.is_match(part(from, to)) || (said && SAYS.is_match(paragraph)) || LINK.is_match(paragraph)
}
