//! A fenced block of data is what an agent copies. One that does not parse is copied all the same.

use crate::base::text::quoted;
use crate::base::yaml::Span;
use crate::finding::{Finding, Location, Severity};
use crate::skill::{Block, Document, Mark, Skill};
use crate::verify::formats::{self, Format, Malformed};
use crate::verify::{Check, Profile, Rule, Subject, template};

const RULE: Rule = Rule {
    code: "block-malformed",
    id: "PI013",
    severity: Severity::Error,
    finds: "A fenced block of JSON, YAML or TOML does not parse. An error where it is marked static or run, else a warning.",
    source: "an agent copies a block as it stands",
};

pub(super) const CHECK: Check = Check { rules: &[RULE], profile: Profile::Sync, run };

fn run(subject: &Subject<'_>) -> Vec<Finding> {
    subject.skills().flat_map(of).collect()
}

fn of(skill: &Skill) -> Vec<Finding> {
    skill.documents.iter().flat_map(|d| d.blocks.iter().filter_map(|b| block(d, b))).collect()
}

fn block(document: &Document, block: &Block) -> Option<Finding> {
    let format = match block.language.to_ascii_lowercase().as_str() {
        "json" => Format::Json,
        "jsonl" | "ndjson" => Format::JsonLines,
        "yaml" | "yml" => Format::Yaml,
        "toml" => Format::Toml,
        _ => return None,
    };
    let held = match block.mark {
        Some(Mark::Static | Mark::Run { .. }) => true,
        Some(Mark::Skip { .. }) => return None,
        Some(Mark::Malformed { .. }) | None => false,
    };
    let malformed = reads(format, &block.text).err().filter(|m| !m.beyond_us)?;
    if !held
        && (template::kind(&document.path) != template::Kind::Not
            || is_sketch(format, &block.text)
            || shows_a_fault(document, block)
            || is_choice(format, &block.text)
            || reads_as_part(format, &block.text))
    {
        return None;
    }
    let line = block.at.line.saturating_add(malformed.at.line.saturating_sub(1));
    let at = Location::at(&document.file, Span { line, column: malformed.at.column });
    let because = format!("the block does not parse as {}: {}", format.as_str(), quoted(&malformed.because, 120));
    let finding = RULE.at(at, because).fix("mend it; what is left out on purpose is written ... or in a block of text");
    Some(if held { finding } else { Finding { severity: Severity::Warning, ..finding } })
}

fn reads(format: Format, text: &str) -> Result<(), Malformed> {
    if text.trim().is_empty() {
        return Ok(());
    }
    match format {
        // Several answers after one another are often shown in one block; comments explain.
        Format::Json => {
            formats::json_stream(text).or_else(|e| formats::json_stream(&formats::relaxed(text)).map_err(|_| e))
        }
        // Front matter with what follows it is a document, not data.
        Format::Yaml if text.starts_with("---\n") && text.matches("\n---\n").count() == 1 => {
            let front = text.get(4..).and_then(|t| t.split_once("\n---\n")).map_or(text, |(front, _)| front);
            formats::read(format, &format!("\n{front}"))
        }
        _ => formats::read(format, text),
    }
}

/// Whether something is left out or to be filled in, so that nobody takes it for the thing itself.
fn is_sketch(format: Format, text: &str) -> bool {
    let marks = ["...", "…", "{{", "${", "<%", "{%", "YOUR_", "[[", "->", "=>", "→", "│", "├"];
    if marks.iter().any(|m| text.contains(m)) || template::has_statements(text) {
        return true;
    }
    // `<name>`, `[name]` in the place of a value; `a | b` for one of them; two spellings of one line.
    let holes = text.lines().any(|line| {
        let line = line.trim();
        line.contains('<') && line.contains('>')
            || line.contains(" | ")
            || line.starts_with('#') && format == Format::Json
    });
    holes
        || text
            .lines()
            .any(|l| l.starts_with(['+', '-']) && !l.starts_with("- ") && !l.starts_with("---") && l.len() > 1)
}

/// Whether it shows one thing and then the other, or members apart from each other with a comment on each.
fn is_choice(format: Format, text: &str) -> bool {
    let starts = |line: &&str, words: &[&str]| {
        let comment = line.trim_start().trim_start_matches(['#', '/', ' ']).to_lowercase();
        line.trim_start().starts_with(['#', '/']) && words.iter().any(|w| comment.starts_with(w))
    };
    if format == Format::Json {
        let first = text.lines().map(str::trim).find(|l| !l.is_empty() && !l.starts_with("//"));
        return text.contains("//") && first.is_some_and(|l| l.starts_with('"') && l.contains("\":"));
    }
    text.lines().filter(|l| starts(l, &["option ", "option:", "or ", "or:", "either", "alternative"])).count() > 0
}

/// Whether it is there to show how not to do it.
fn shows_a_fault(document: &Document, block: &Block) -> bool {
    const WORDS: [&str; 18] = [
        "bad",
        "wrong",
        "incorrect",
        "invalid",
        "malformed",
        "broken",
        "error",
        "fail",
        "don't",
        "do not",
        "never",
        "avoid",
        "anti",
        "❌",
        "✗",
        "before",
        "instead of",
        "not valid",
    ];
    let first = usize::try_from(block.at.line.saturating_sub(5)).unwrap_or(0);
    let last = usize::try_from(block.at.line.saturating_sub(1)).unwrap_or(0);
    let before = document.text.lines().skip(first).take(last.saturating_sub(first)).collect::<Vec<_>>().join("\n");
    let near = format!("{before}\n{}", block.text).to_lowercase();
    WORDS.iter().any(|w| near.contains(w))
}

/// Whether it is a part of something: `"key": value` without the braces around it, a list without its brackets.
fn reads_as_part(format: Format, text: &str) -> bool {
    if format != Format::Json {
        return false;
    }
    let inner = text.trim().trim_end_matches(',');
    ["{}", "[]"].iter().any(|b| {
        let (open, close) = b.split_at(1);
        formats::json_stream(&formats::relaxed(&format!("{open}{inner}\n{close}"))).is_ok()
    })
}
