//! A tool that the skill names must be one that the server lists.

use std::sync::LazyLock;

use regex::Regex;

use crate::base::text::{nearest, quoted};
use crate::base::yaml::{Kind, Span};
use crate::finding::{Finding, Location, Severity};
use crate::skill::{Document, Skill};
use crate::verify::calls;
use crate::verify::tools::{Known, prefixed, rewritten};
use crate::verify::{Check, Profile, Rule, Subject};

static CALLED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?:"tool"\s*:\s*|\bcall_?[tT]ool\(\s*(?:name\s*=\s*)?)["']([A-Za-z][A-Za-z0-9_.-]*)["']"#)
        .expect("a constant pattern")
});
static NAME: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^[a-z][a-z0-9]*(?:[_-][a-z0-9]+)+$|^[a-z]+[a-z0-9]*(?:[A-Z][a-z0-9]+)+$").expect("a constant pattern")
});
static SNAKE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^[a-z][a-z0-9]*(?:_[a-z0-9]+)+$").expect("a constant pattern"));
/// Words around a name that make it a tool: `call X`, `the X tool`, `tool X`.
static BEFORE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(?:call|calls|calling|invoke|invokes|tool|tools:)\s+(?:the\s+)?$").expect("constant")
});
static AFTER: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?i)^\s+(?:mcp\s+)?tool\b").expect("a constant pattern"));

const RULE: Rule = Rule {
    code: "tool-unknown",
    id: "PI020",
    severity: Severity::Error,
    finds: "A document, an example or the front matter names a tool that the server does not list.",
    source: "MCP 2026-07-28, tools: a call of a tool that is not listed is an error; a renamed tool breaks every skill that names it",
};

pub(super) const CHECK: Check = Check { rules: &[RULE], profile: Profile::Sync, run };

fn run(subject: &Subject<'_>) -> Vec<Finding> {
    let Some(known) = Known::of(subject.facts) else { return Vec::new() };
    subject.skills().flat_map(|skill| Of { subject, skill, known: &known }.all()).collect()
}

struct Of<'a> {
    subject: &'a Subject<'a>,
    skill: &'a Skill,
    known: &'a Known<'a>,
}

impl Of<'_> {
    fn all(&self) -> Vec<Finding> {
        let mut out = Vec::new();
        let calls = calls::of(self.subject, self.skill);
        for call in &calls {
            out.extend(self.called(&call.path, call.tool_at, &call.tool, call.sure));
        }
        for document in &self.skill.documents {
            for block in &document.blocks {
                for (i, line) in block.text.lines().enumerate() {
                    let line_number = block.at.line.saturating_add(u32::try_from(i).unwrap_or(u32::MAX));
                    // What was read as a call has been judged.
                    if calls.iter().any(|c| c.path == document.path && c.tool_at.line == line_number) {
                        continue;
                    }
                    for found in CALLED.captures_iter(line).filter_map(|c| c.get(1)) {
                        let before = line.get(..found.start()).unwrap_or_default().chars().count();
                        let column = block.at.column.saturating_add(u32::try_from(before).unwrap_or(0));
                        let at = Span { line: line_number, column };
                        out.extend(self.called(&document.path, at, found.as_str(), true));
                    }
                }
            }
            self.spans(document, &mut out);
        }
        self.allowed(&mut out);
        out
    }

    /// A name in the place of a call.
    fn called(&self, path: &str, at: Span, name: &str, sure: bool) -> Option<Finding> {
        if let Some(written) = prefixed(name, self.known) {
            return self.with_key(path, at, name, written.key, written.tool);
        }
        if self.known.names.contains(name) {
            return None;
        }
        let near = self.known.near(name);
        // A client's own tools (Read, Bash) are no server's; where some server is not known, it may have this one.
        let ours =
            sure && self.known.complete && name.starts_with(|c: char| c.is_ascii_lowercase()) && is_identifier(name);
        (ours || !near.is_empty()).then(|| self.finding(path, at, name, name, &near))
    }

    fn with_key(&self, path: &str, at: Span, whole: &str, key: Option<&str>, tool: &str) -> Option<Finding> {
        let key = key?;
        if tool == "*" || tool.contains('*') {
            return None;
        }
        if self.known.has_key(key) {
            return (!self.known.key_has(key, tool))
                .then(|| self.finding(path, at, whole, tool, &self.known.near(tool)));
        }
        // A server that is declared and did not answer may have it; one that nobody declares is the user's own.
        if self.known.declared(key) {
            return None;
        }
        // A key that is nobody's, with a tool that is ours or nearly so, is our server misspelt or renamed.
        let ours: Vec<&str> = self.subject.facts.answered().map(|(server, _)| server.key.as_str()).collect();
        let meant = nearest(key, ours.iter().copied())
            .filter(|meant| self.known.names.contains(tool) && strsim::osa_distance(key, meant) <= 2)?;
        let message = format!("no server is declared as {}, which {} names", quoted(key, 40), quoted(whole, 100));
        let found = RULE
            .at(Location::at(self.subject.project.show(path), at), message)
            .fix(format!("write {}", whole.replacen(key, meant, 1)))
            .near(Some(meant));
        Some(rewritten(found, self.subject, path, at, whole, &whole.replacen(key, meant, 1)))
    }

    fn spans(&self, document: &Document, out: &mut Vec<Finding>) {
        let lines: Vec<&str> = document.text.lines().collect();
        for span in &document.spans {
            let text = span.text.as_str();
            // `tool(a, b)` is a call, `tool()` is one too.
            let name = text.split_once('(').map_or(text, |(name, _)| name);
            let (path, at) = (document.path.as_str(), span.at);
            if let Some(written) = prefixed(name, self.known) {
                out.extend(self.with_key(path, at, name, written.key, written.tool));
                continue;
            }
            if let Some((key, tool)) =
                name.split_once([':', '/']).filter(|(key, tool)| self.known.has_key(key) && SNAKE.is_match(tool))
            {
                out.extend(self.with_key(path, at, name, Some(key), tool));
                continue;
            }
            if !NAME.is_match(name) || self.known.names.contains(name) || self.known.is_word(name) {
                continue;
            }
            let near = self.known.near(name);
            let line =
                at.line.checked_sub(1).and_then(|l| lines.get(usize::try_from(l).ok()?)).copied().unwrap_or_default();
            if self.is_defined(name) {
                continue;
            }
            if !near.is_empty() || self.known.complete && SNAKE.is_match(name) && self.is_listed(&lines, at) {
                out.push(self.finding(path, at, name, name, &near));
            } else if self.known.complete && SNAKE.is_match(name) && is_called(line, at, text) {
                // It may be a tool of a server that the user has, and nobody declares.
                let found = self.finding(path, at, name, name, &near);
                out.push(Finding { severity: Severity::Warning, confidence: 0.7, ..found });
            }
        }
    }

    /// Whether the name stands first in a row or item whose neighbours are tools.
    fn is_listed(&self, lines: &[&str], at: Span) -> bool {
        let Some(here) = usize::try_from(at.line).ok().and_then(|l| l.checked_sub(1)) else { return false };
        let first = |line: &str| -> Option<String> {
            let line = line.trim_start();
            let rest =
                line.strip_prefix('|').or_else(|| line.strip_prefix("- ")).or_else(|| line.strip_prefix("* "))?;
            let rest = rest.trim_start().trim_start_matches("**").strip_prefix('`')?;
            Some(rest.split('`').next()?.split('(').next()?.to_owned())
        };
        let item = |line: &str| line.trim_start().starts_with(['|', '-', '*']) || line.starts_with("  ");
        let Some(own) = lines.get(here).and_then(|l| first(l)) else { return false };
        // Only the first code of the line is what the line is about.
        let line = lines.get(here).copied().unwrap_or_default();
        let before: String = line.chars().take(usize::try_from(at.column).unwrap_or(1).saturating_sub(2)).collect();
        if before.contains('`') {
            return false;
        }
        let up = lines.iter().take(here).rev().take_while(|l| item(l));
        let down = lines.iter().skip(here + 1).take_while(|l| item(l));
        let neighbours: Vec<String> = up.chain(down).filter_map(|l| first(l)).filter(|n| *n != own).collect();
        let tools = neighbours.iter().filter(|n| self.known.names.contains(n.as_str())).count();
        tools >= 2 && tools * 4 >= neighbours.len() * 3
    }

    /// Whether something in the project is called so: a function of a script is no tool.
    fn is_defined(&self, name: &str) -> bool {
        let code = ["py", "js", "ts", "mjs", "rs", "sh", "go", "rb", "sql", "yaml", "yml"];
        let data = ["", "json", "jsonl", "text", "txt", "markdown", "md", "mermaid"];
        let blocks = self.skill.documents.iter().flat_map(|d| &d.blocks);
        let mut blocks = blocks.filter(|b| !data.contains(&b.language.to_lowercase().as_str()));
        blocks.any(|b| b.text.contains(name))
            || self.subject.project.tree.iter().any(|(path, file)| {
                path.rsplit_once('.').is_some_and(|(_, ext)| code.contains(&ext))
                    && self.skill.owns(path)
                    && file.text().is_some_and(|text| text.contains(name))
            })
    }

    fn allowed(&self, out: &mut Vec<Finding>) {
        let Ok(front) = &self.skill.front else { return };
        let Some(node) = front.node.get("allowed-tools") else { return };
        let main = self.skill.main();
        let texts: Vec<String> = match &node.kind {
            Kind::String(text) => vec![text.clone()],
            Kind::Seq(items) => items.iter().filter_map(|i| i.as_str()).map(str::to_owned).collect(),
            _ => return,
        };
        let from = usize::try_from(front.at("allowed-tools").line).unwrap_or(1).saturating_sub(1);
        let until = usize::try_from(front.body_line).unwrap_or(usize::MAX);
        for token in texts.iter().flat_map(|t| t.split([' ', ',', '\n', '\t'])).filter(|t| !t.is_empty()) {
            // `mcp__key` alone allows all of a server.
            let name = token.split_once('(').map_or(token, |(name, _)| name);
            let place =
                main.text.lines().enumerate().skip(from).take(until.saturating_sub(from)).find_map(|(i, line)| {
                    let column = line.get(..word(line, name)?)?.chars().count();
                    Some(Span { line: u32::try_from(i + 1).ok()?, column: u32::try_from(column + 1).ok()? })
                });
            let at = place.unwrap_or(node.at);
            if let Some(written) = prefixed(name, self.known) {
                out.extend(self.with_key(&main.path, at, name, written.key, written.tool));
            } else if SNAKE.is_match(name) && !self.known.names.contains(name) {
                let near = self.known.near(name);
                if !near.is_empty() {
                    out.push(self.finding(&main.path, at, name, name, &near));
                }
            }
        }
    }

    /// `whole` is as written, `tool` the name in it.
    fn finding(&self, path: &str, at: Span, whole: &str, tool: &str, near: &[&str]) -> Finding {
        let likely = near.first().copied().or_else(|| nearest(tool, self.known.tools.iter().copied()));
        let message = if whole == tool {
            format!("the server has no tool {}", quoted(tool, 64))
        } else {
            format!("the server has no tool {}, which {} names", quoted(tool, 64), quoted(whole, 128))
        };
        let fix = likely
            .map_or_else(|| "name a tool of tools/list".to_owned(), |n| format!("write {}", whole.replace(tool, n)));
        let found = RULE.at(Location::at(self.subject.project.show(path), at), message).fix(fix).near(likely);
        match near {
            [one] => rewritten(found, self.subject, path, at, whole, &whole.replace(tool, one)),
            _ => found,
        }
    }
}

fn is_identifier(name: &str) -> bool {
    name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
}

/// Whether the words around a span call it.
fn is_called(line: &str, at: Span, text: &str) -> bool {
    let column = usize::try_from(at.column).unwrap_or(1).saturating_sub(1);
    let before: String = line.chars().take(column).collect();
    let before = before.trim_end_matches('`');
    let after: String = line.chars().skip(column + text.chars().count()).collect();
    BEFORE.is_match(before) || AFTER.is_match(after.trim_start_matches('`'))
}

/// Where a word stands in a line, not as a part of a longer one.
fn word(line: &str, name: &str) -> Option<usize> {
    let part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    line.match_indices(name).map(|(i, _)| i).find(|i| {
        let before = line.get(..*i).and_then(|t| t.chars().next_back());
        let after = line.get(i + name.len()..).and_then(|t| t.chars().next());
        !before.is_some_and(part) && !after.is_some_and(part)
    })
}
