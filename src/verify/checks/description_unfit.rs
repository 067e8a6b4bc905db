//! The description is all that a client reads to decide whether to use the skill.

use std::sync::LazyLock;

use regex::Regex;

use crate::base::text::{thousands, tokens};
use crate::finding::{Finding, Severity};
use crate::skill::Skill;
use crate::verify::{Check, Profile, Rule, Subject};

/// Longest description of the standard, in characters.
const MAX: usize = 1024;
/// What name and description should take of every conversation, in tokens.
const MAX_TOKENS: usize = 100;

/// Words by which a description says when the skill is wanted.
static WHEN: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(?:when|whenever|use (?:this|it|for|to|if|as)|used (?:for|to|by)|trigger\w*|invoke\w*|if (?:the |a )?user|before|after|during|while|for any|must be used|should be used|asks?|wants?|needs?)\b")
        .expect("a constant pattern")
});

const UNFIT: Rule = Rule {
    code: "description-unfit",
    id: "PI003",
    severity: Severity::Error,
    finds: "The description is missing, too long, or holds angle brackets.",
    source: "Agent Skills specification, \"description\": 1 to 1,024 characters; the validators of Anthropic's and OpenAI's skill creators refuse angle brackets",
};

const WITHOUT_WHEN: Rule = Rule {
    code: "description-without-when",
    id: "PI003",
    severity: Severity::Note,
    finds: "The description does not say when to use the skill.",
    source: "Agent Skills specification, \"description\": what the skill does and when to use it",
};

const LONG: Rule = Rule {
    code: "description-over-budget",
    id: "PI005",
    severity: Severity::Note,
    finds: "Name and description take more of every conversation than they should.",
    source: "Agent Skills specification, \"Progressive disclosure\": about 100 tokens, loaded for all skills at startup",
};

pub(super) const CHECK: Check = Check { rules: &[UNFIT, WITHOUT_WHEN, LONG], profile: Profile::Spec, run };

fn run(subject: &Subject<'_>) -> Vec<Finding> {
    subject.skills().filter_map(of).collect()
}

fn of(skill: &Skill) -> Option<Finding> {
    let front = skill.front.as_ref().ok()?;
    let say = |rule: &Rule, because: String, fix: &str| {
        Some(rule.in_document(skill.main(), front.at("description"), because).fix(fix))
    };
    let text = front.text("description").map(str::trim).unwrap_or_default();
    let length = text.chars().count();
    if length == 0 {
        let because = "description is missing, empty or not text".to_owned();
        return say(&UNFIT, because, "say what the skill does and when to use it");
    }
    if length > MAX {
        let because =
            format!("description has {} characters, more than {}", thousands(length as u64), thousands(MAX as u64));
        return say(&UNFIT, because, "shorten it; details belong into the body");
    }
    if text.contains(['<', '>']) {
        let because = "description holds angle brackets, which validators of clients refuse".to_owned();
        return say(&UNFIT, because, "write it without < and >");
    }
    // Of another language than English nothing is said.
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    let english = text.chars().filter(char::is_ascii_alphabetic).count() * 10 >= letters * 9;
    if english && !WHEN.is_match(text) && front.node.get("when_to_use").is_none() {
        let because = "description says what the skill does, and not when to use it".to_owned();
        return say(&WITHOUT_WHEN, because, "add a sentence that begins with \"Use when\"");
    }
    let size = tokens(skill.name()) + tokens(text);
    if size > MAX_TOKENS * 2 {
        let because = format!("name and description take {size} tokens of every conversation; {MAX_TOKENS} are enough");
        return say(&LONG, because, "move details into the body");
    }
    None
}
