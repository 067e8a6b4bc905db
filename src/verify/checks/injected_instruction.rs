//! Text that tells an agent to put its user or its rules aside.

use std::sync::LazyLock;

use base64::Engine as _;
use regex::Regex;

use crate::base::text::quoted;
use crate::finding::{Finding, Severity};
use crate::skill::{Document, Skill};
use crate::verify::paths::line_at;
use crate::verify::{Check, Profile, Rule, Subject};

static INSTRUCTION: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?i)\b(?:ignore|disregard|forget|override|bypass)\s+(?:all\s+|any\s+|everything\s+)?(?:of\s+)?(?:the\s+|your\s+|my\s+|these\s+)?(?:previous|prior|above|earlier|preceding|existing|system|safety)\s+(?:instructions?|prompts?|rules|messages?|guidelines|directions|context)\b|\b(?:do not|don't|never)\s+(?:tell|inform|notify|alert|mention (?:this |it )?to|reveal (?:this |it )?to|show (?:this |it )?to)\s+(?:the\s+)?(?:user|human|operator)\b|\bwithout\s+(?:telling|informing|notifying|alerting)\s+(?:the\s+)?(?:user|human|operator)\b|\byou are now (?:in )?(?:dan\b|developer mode|jailbroken|unrestricted)|\b(?:send|post|upload|exfiltrate|forward|leak)\b[^.\n]{0,60}\b(?:api keys?|credentials|environment variables|secrets|ssh keys?|tokens|passwords)\b[^.\n]{0,40}\bto\s+(?:https?://|[a-z0-9-]+\.[a-z]{2,})",
    )
    .expect("a constant pattern")
});
/// A line that speaks of such text rather than being it.
static ABOUT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?i)inject|attack|malicious|jailbreak|adversar|detect|red.?team|phrases?|patterns?|payload|such as|e\.g\.|for example|example|refuse|block|untrusted|["“'‘`](?:ignore|disregard|forget|override)"#)
        .expect("a constant pattern")
});
/// What is left out is the telling of each step.
static EACH: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?i)^\s+(?:about\s+|of\s+)?(?:each|every)\s+(?:single\s+)?(?:tool|step|command|call|file|search|query)\b",
    )
    .expect("a constant pattern")
});
/// Letters that may be text in disguise.
static BLOB: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"[A-Za-z0-9+/]{48,}={0,2}").expect("a constant pattern"));

const RULE: Rule = Rule {
    code: "instruction-injected",
    id: "PI052",
    severity: Severity::Error,
    finds: "A document hides an instruction against the user or against an agent's rules: in a comment, or encoded.",
    source: "OWASP Top 10 for LLM applications, LLM01: prompt injection",
};

const OPEN: Rule = Rule {
    code: "instruction-suspicious",
    id: "PI052",
    severity: Severity::Warning,
    finds: "A document tells the agent to put its user or its rules aside.",
    source: "OWASP Top 10 for LLM applications, LLM01: prompt injection",
};

pub(super) const CHECK: Check = Check { rules: &[RULE, OPEN], profile: Profile::Sync, run };

fn run(subject: &Subject<'_>) -> Vec<Finding> {
    subject.skills().flat_map(of).collect()
}

fn of(skill: &Skill) -> Vec<Finding> {
    skill.documents.iter().flat_map(|d| [hidden(d), open(d), encoded(d)].into_iter().flatten()).collect()
}

fn hidden(document: &Document) -> Vec<Finding> {
    let mut out = Vec::new();
    for comment in &document.comments {
        for found in INSTRUCTION.find_iter(&comment.text) {
            // Four bytes open the comment.
            let at = document.place(comment.range.start + 4 + found.start());
            let because = format!("a comment that is not shown says \"{}\"", quoted(found.as_str(), 80));
            out.push(RULE.in_document(document, at, because).fix("take the comment out, and see who put it there"));
        }
    }
    out
}

fn open(document: &Document) -> Vec<Finding> {
    let text = &document.prose;
    let mut out = Vec::new();
    for found in INSTRUCTION.find_iter(text) {
        // Not to report each step is quiet, and hides nothing.
        let after = text.get(found.end()..).unwrap_or_default();
        if ABOUT.is_match(line_at(document, found.start())) || EACH.is_match(after) {
            continue;
        }
        let because = format!("the agent is told \"{}\"", quoted(found.as_str(), 80));
        let finding = OPEN.in_document(document, document.place(found.start()), because);
        out.push(finding.fix("say what the agent shall do instead, so that its user agrees"));
    }
    out
}

fn encoded(document: &Document) -> Vec<Finding> {
    let mut out = Vec::new();
    for found in BLOB.find_iter(&document.text) {
        let letters = found.as_str().trim_end_matches('=');
        let bytes = base64::engine::general_purpose::STANDARD_NO_PAD
            .decode(letters.get(..letters.len() / 4 * 4).unwrap_or_default());
        let Some(text) = bytes.ok().and_then(|b| String::from_utf8(b).ok()) else { continue };
        if let Some(said) = INSTRUCTION.find(&text) {
            let because = format!("base64 says \"{}\"", quoted(said.as_str(), 80));
            let finding = RULE.in_document(document, document.place(found.start()), because);
            out.push(finding.fix("take it out, and see who put it there"));
        }
    }
    out
}
