//! A claim of confidence has one form, so that it can be held to its ceiling.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use crate::base::text::{nearest, quoted};
use crate::finding::{Ceiling, Change, Confidence, Finding, Severity};
use crate::skill::{Document, Skill};
use crate::verify::texts::lines;
use crate::verify::{Check, Profile, Rule, Subject};
use crate::workflow::lookalike::as_read;

static FORM: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^Confidence: ([01]\.\d\d) \(ceiling: ([a-z]+) ([01]\.\d\d)\)").expect("a constant pattern")
});
/// What is left of the form where somebody wrote it from memory: a value, a type, perhaps a ceiling.
static LOOSE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)^confidence[*_]*\s*[:=]?\s*[*_]*\s*([01]?\.\d+|[01])[*_]*\s*[(\[,;-]?\s*ceiling\s*[:=]?\s*([a-z]+)[\s:=]*(?:[01]?\.\d+|[01])?\s*[)\]]?")
        .expect("a constant pattern")
});
/// Where a line claims confidence: at its beginning, marks of lists, quotes and emphasis aside.
static BEGINS: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^[\s>*_#-]*(?:\d+\.\s+)?[*_]*(confidence)\b").expect("a constant pattern"));
/// The form itself, and patterns for it.
static PATTERN: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"X\.XX|Y\.YY|\bTYPE\b|[{}<>\[]|\b0\.0-1|0-100|\.\.\.").expect("a constant pattern"));

const RULE: Rule = Rule {
    code: "confidence-malformed",
    id: "PI040",
    severity: Severity::Error,
    finds: "A confidence line is not in the form of the procedure, where the skill uses that form.",
    source: "the procedure: Confidence: X.XX (ceiling: TYPE Y.YY)",
};

pub(super) const CHECK: Check = Check { rules: &[RULE], profile: Profile::Sync, run };

fn run(subject: &Subject<'_>) -> Vec<Finding> {
    subject.skills().flat_map(of).collect()
}

/// A claim in its form.
pub(super) struct Claim {
    pub(super) value: f64,
    pub(super) kind: Ceiling,
    pub(super) ceiling: f64,
    /// The bytes of the form, what follows it left out.
    pub(super) range: Range<usize>,
}

/// Claims of a document that are in their form, those in blocks of code included.
pub(super) fn claims(document: &Document) -> Vec<Claim> {
    let prose = document.confidence.iter().map(|line| (line.range.start, line.text.as_str()));
    let blocks = document.blocks.iter().flat_map(|b| {
        let lines = b.starts.iter().zip(b.text.lines());
        // A tab that was cut moves the text; then the place would be wrong.
        lines
            .filter(|(at, line)| document.text.get(**at..).is_some_and(|t| t.starts_with(line)))
            .map(|(at, line)| (*at, line))
    });
    prose.chain(blocks).filter_map(|(at, text)| claim(at, text)).collect()
}

fn claim(at: usize, text: &str) -> Option<Claim> {
    let found = FORM.captures(text)?;
    let (all, [value, kind, ceiling]) = found.extract();
    let kind = type_of(kind)?;
    Some(Claim { value: value.parse().ok()?, kind, ceiling: ceiling.parse().ok()?, range: at..at + all.len() })
}

/// One of the six; `unknown` is no type but the lack of one.
fn type_of(name: &str) -> Option<Ceiling> {
    Ceiling::parse(name).filter(|k| *k != Ceiling::Unknown)
}

/// Whether a skill states ceilings: it follows the procedure, or has a line in its form.
pub(super) fn states_ceilings(skill: &Skill) -> bool {
    skill.main().titled(&["Guardrails", "Validation Checklist", "Execution Phases", "Required Artifacts"]).count() >= 3
        || skill.documents.iter().any(|d| d.confidence.iter().any(|c| c.text.contains("ceiling")))
}

fn of(skill: &Skill) -> Vec<Finding> {
    let ceilings = states_ceilings(skill);
    skill
        .documents
        .iter()
        .flat_map(|d| lines(&d.prose).filter_map(move |(at, line)| one(d, at, line, ceilings)))
        .collect()
}

fn one(document: &Document, at: usize, line: &str, ceilings: bool) -> Option<Finding> {
    let raw = document.text.get(at..at + line.len())?;
    let shown = quoted(line, 80);
    if !line.is_ascii() && !line.to_lowercase().contains("confidence") {
        let read = as_read(line);
        let disguised = BEGINS.is_match(&read.to_lowercase()) && read.contains("ceiling") && read.contains(':');
        return disguised.then(|| {
            let because = format!("\"{shown}\" is a confidence line in letters that only look like it");
            RULE.in_document(document, document.place(at), because).fix("write it in plain letters")
        });
    }
    let lower = line.to_ascii_lowercase();
    let found = BEGINS.captures(&lower)?.get(1)?;
    let text = raw.get(found.start()..)?.trim_end();
    let start = at + found.start();
    let after = lower.get(found.end()..)?.trim_start_matches(['*', '_', ' ']);
    let claimed = after.starts_with([':', '=']) || LOOSE.is_match(text);
    if !claimed || PATTERN.is_match(text) || claim(start, text).is_some() {
        return None;
    }
    let rest = after.trim_start_matches([':', '=', ' ', '*', '_']);
    let short = rest.split_whitespace().count() <= 3;
    let behind = rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    let ends = behind.trim_start_matches('%');
    let number = behind.len() < rest.len() && (ends.is_empty() || ends.starts_with([' ', '(', ',', '*']));
    let ceiling = (number && after.contains("ceiling")) || rest.starts_with("(ceiling");
    // Without a ceiling it is a claim of the procedure only where the skill states ceilings, and it claims a degree.
    let degree = short && (number || DEGREES.iter().any(|d| rest.starts_with(d)));
    if !(ceiling || LOOSE.is_match(text) || (ceilings && degree && after.starts_with(':'))) {
        return None;
    }
    let form = FORM_LIKE.captures(text);
    if let Some(kind) = form.as_ref().and_then(|c| c.get(1)).map(|m| m.as_str()).filter(|k| type_of(k).is_none()) {
        let names = Ceiling::ALL.map(Ceiling::as_str).into_iter().filter(|n| *n != "unknown");
        let near = nearest(kind, names);
        let because = format!("{} is no type of claim", quoted(kind, 40));
        return Some(RULE.in_document(document, document.place(start), because).fix(fix()).near(near));
    }
    let because = format!("\"{}\" is not of the form \"Confidence: X.XX (ceiling: TYPE Y.YY)\"", quoted(text, 80));
    let mut finding = RULE.in_document(document, document.place(start), because).fix(fix());
    if let Some(loose) = LOOSE.captures(text)
        && let (Some(kind), Ok(value)) =
            (type_of(&loose[2].to_ascii_lowercase()), format!("0{}", &loose[1]).trim_start_matches("00").parse::<f64>())
        && let Some(all) = loose.get(0)
    {
        let value = if loose[1].starts_with('1') { 1.0 } else { value };
        let with = Confidence::capped(value, kind).to_string();
        let near = with.clone();
        let change = Change::Replace { from: start, to: start + all.len(), with };
        finding = finding.fix(format!("write {near}")).near(Some(&near)).edit(&document.path, change);
    }
    Some(finding)
}

/// Degrees in words, which have no ceiling to be held to.
const DEGREES: [&str; 8] = ["high", "medium", "low", "very", "certain", "moderate", "full", "none"];

/// The type in what has the shape of the form.
static FORM_LIKE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)^confidence[*_]*\s*:\s*\S+\s+\(ceiling:\s*([a-z-]+)\s").expect("a constant pattern")
});

fn fix() -> String {
    let types: Vec<&str> = Ceiling::ALL.iter().filter(|c| **c != Ceiling::Unknown).map(|c| c.as_str()).collect();
    format!("write two digits each and one of {}", types.join(", "))
}
