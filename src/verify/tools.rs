//! Names of tools, in all the ways in which clients write them, and what is near a name.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::base::yaml::Span;
use crate::finding::{Change, Finding};
use crate::skill::Skill;
use crate::verify::Subject;
use crate::verify::facts::{Facts, Server};

/// What is known of all servers that answered.
pub(super) struct Known<'a> {
    facts: &'a Facts,
    /// Names of tools and prompts.
    pub(super) names: BTreeSet<&'a str>,
    /// Names of tools.
    pub(super) tools: Vec<&'a str>,
    /// Words of their schemas: parameters, fields, allowed values. None of them is a tool.
    words: BTreeSet<String>,
    /// Whether each declared server answered, so that what is not here is nowhere.
    pub(super) complete: bool,
}

/// How a name is written.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Written<'t> {
    /// The key of the server before it.
    pub(super) key: Option<&'t str>,
    /// The tool; `*` for all.
    pub(super) tool: &'t str,
}

impl<'a> Known<'a> {
    /// Nothing where no server answered.
    pub(super) fn of(facts: &'a Facts) -> Option<Self> {
        let mut known = Self {
            facts,
            names: BTreeSet::new(),
            tools: Vec::new(),
            words: BTreeSet::new(),
            complete: facts.servers.iter().all(|s| s.answered.is_ok()),
        };
        let mut any = false;
        for (_, surface) in facts.answered() {
            any = true;
            for tool in &surface.tools {
                known.tools.push(&tool.name);
                words(&tool.input, &mut known.words, 0);
                words(tool.output.as_ref().unwrap_or(&Value::Null), &mut known.words, 0);
            }
            known.names.extend(surface.prompts.iter().map(String::as_str));
        }
        known.names.extend(known.tools.iter().copied());
        any.then_some(known)
    }

    /// Whether a name is a parameter, a field or a value of some schema.
    pub(super) fn is_word(&self, name: &str) -> bool {
        self.words.contains(name)
    }

    /// Whether some server that answered is known by this key.
    pub(super) fn has_key(&self, key: &str) -> bool {
        self.facts.servers.iter().filter(|s| s.answered.is_ok()).any(|s| is_key(s, key))
    }

    /// Whether a server is declared under this key, whatever became of it.
    pub(super) fn declared(&self, key: &str) -> bool {
        self.facts.servers.iter().any(|s| is_key(s, key))
    }

    /// Whether the server of this key has the tool.
    pub(super) fn key_has(&self, key: &str, tool: &str) -> bool {
        let of_key = self.facts.servers.iter().filter(|s| is_key(s, key));
        of_key.filter_map(|s| s.answered.as_ref().ok()).any(|surface| surface.tool(tool).is_some())
    }

    /// The tools that are a slip of the pen away.
    pub(super) fn near(&self, name: &str) -> Vec<&'a str> {
        let most = if name.chars().count() < 8 { 1 } else { 2 };
        let mut near: Vec<(usize, &str)> = self
            .tools
            .iter()
            .map(|tool| (strsim::osa_distance(name, tool), *tool))
            .filter(|(distance, _)| *distance <= most)
            .collect();
        near.sort_unstable();
        near.dedup();
        let best = near.first().map(|(d, _)| *d);
        near.into_iter().filter(|(d, _)| Some(*d) == best).map(|(_, tool)| tool).collect()
    }
}

fn is_key(server: &Server, key: &str) -> bool {
    let plain = |text: &str| -> String {
        text.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' || c == '_' { c } else { '_' }).collect()
    };
    let named = |given: &str| !given.is_empty() && (given == key || plain(given) == key);
    named(&server.key) || server.declared_in.is_none() && server.answered.as_ref().is_ok_and(|s| named(&s.name))
}

fn words(schema: &Value, into: &mut BTreeSet<String>, depth: usize) {
    if depth > 12 {
        return;
    }
    match schema {
        Value::Object(map) => {
            for (key, value) in map {
                match (key.as_str(), value) {
                    ("properties" | "$defs" | "definitions", Value::Object(properties)) => {
                        into.extend(properties.keys().cloned());
                    }
                    ("enum" | "required" | "examples", Value::Array(values)) => {
                        into.extend(values.iter().filter_map(Value::as_str).map(str::to_owned));
                    }
                    ("const" | "default", Value::String(value)) => {
                        into.insert(value.clone());
                    }
                    _ => {}
                }
                words(value, into, depth + 1);
            }
        }
        Value::Array(items) => items.iter().for_each(|v| words(v, into, depth + 1)),
        _ => {}
    }
}

/// Takes a name apart: `mcp__KEY__tool`, `mcp__plugin_NAME_KEY__tool`. Other forms are told apart by the keys that are
/// declared.
pub(super) fn prefixed<'t>(text: &'t str, known: &Known<'_>) -> Option<Written<'t>> {
    let rest = text.strip_prefix("mcp__")?;
    let (server, tool) = rest.split_once("__")?;
    if tool.is_empty() {
        return None;
    }
    if let Some(plugin) = server.strip_prefix("plugin_") {
        // The name of a plugin may hold an underscore itself: the key that is declared decides.
        let tail = |(i, _): (usize, &str)| plugin.get(i + 1..);
        let key = plugin.match_indices('_').filter_map(tail).find(|key| known.declared(key));
        let key = key.or_else(|| plugin.rsplit_once('_').map(|(_, key)| key))?;
        return Some(Written { key: Some(key), tool });
    }
    Some(Written { key: Some(server), tool })
}

/// The byte at which a line and column of a text stand.
pub(super) fn byte_of(text: &str, at: Span) -> Option<usize> {
    let line = usize::try_from(at.line).ok()?.checked_sub(1)?;
    let start = if line == 0 { 0 } else { text.match_indices('\n').nth(line - 1)?.0 + 1 };
    let column = usize::try_from(at.column).ok()?.checked_sub(1)?;
    let rest = text.get(start..)?.split('\n').next()?;
    let within = if column == 0 { 0 } else { rest.char_indices().nth(column).map_or(rest.len(), |(i, _)| i) };
    Some(start + within)
}

/// `finding` with the change that writes `with` where `from` stands at this place; as it is where it does not stand there.
pub(super) fn rewritten(
    finding: Finding,
    subject: &Subject<'_>,
    path: &str,
    at: Span,
    from: &str,
    with: &str,
) -> Finding {
    let found = subject.project.tree.text(path).and_then(|text| {
        let byte = byte_of(text, at)?;
        let byte = if text.get(byte..)?.starts_with(from) { byte } else { byte + 1 };
        text.get(byte..)?.starts_with(from).then_some(byte)
    });
    match found {
        Some(byte) => finding.edit(path, Change::Replace { from: byte, to: byte + from.len(), with: with.to_owned() }),
        None => finding,
    }
}

/// Whether a server is the skill's own, so that the skill answers for its tools: the user named it, its program lies in the
/// project, or the documents name half of its tools at least.
pub(super) fn is_own(subject: &Subject<'_>, skill: &Skill, server: &Server) -> bool {
    let Ok(surface) = &server.answered else { return false };
    if server.declared_in.is_none() {
        return true;
    }
    let ours =
        subject.facts.program.as_ref().is_some_and(|p| server.command.first().is_some_and(|c| base(c) == p.name));
    let inside = server.command.iter().any(|word| {
        let below = word.trim_start_matches("./");
        below.contains(['/', '.'])
            && (subject.project.tree.has(below) || subject.project.root.join(below).is_file())
            && !below.starts_with('/')
    });
    let named = surface.tools.iter().filter(|t| is_named(skill, &t.name)).count();
    ours || inside || (named > 0 && named * 2 >= surface.tools.len())
}

fn base(command: &str) -> &str {
    command.rsplit(['/', '\\']).next().unwrap_or(command).trim_end_matches(".exe")
}

/// Whether some document names the tool: in code, or anywhere where it can be no other word.
pub(super) fn is_named(skill: &Skill, tool: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || (c == '-' && tool.contains('-'));
    let within = |text: &str| {
        text.match_indices(tool).any(|(i, _)| {
            let before = text.get(..i).and_then(|t| t.chars().next_back());
            let after = text.get(i + tool.len()..).and_then(|t| t.chars().next());
            let prefix = text.get(..i).is_some_and(|t| t.ends_with("__"));
            (prefix || !before.is_some_and(is_part)) && !after.is_some_and(is_part)
        })
    };
    let plain = tool.contains(['_', '-', '.']) || tool.chars().skip(1).any(char::is_uppercase);
    skill.documents.iter().any(|d| if plain { within(&d.text) } else { d.code().any(|(code, _)| within(code)) })
}
