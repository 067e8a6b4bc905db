//! From the entries of `map` to rules. What cannot be compiled is a finding and left out; one error hides no other.

mod logic;
mod source;
mod steps;
mod table;

use std::collections::HashMap;

use serde_json::Value;

use super::Mapping;
use super::path::{Path, Segment};
use super::rule::Rule;
use crate::base::digest::Digest;
use crate::base::text::{nearest, quoted, surely};
use crate::base::yaml::{Entry, Kind, Node, Span, Spanned};
use crate::finding::{Finding, Location};

/// Deepest nesting of rules inside rules.
const DEEPEST: usize = 6;

/// Compiles the entries of `map`; what cannot be compiled is a finding and left out.
#[must_use]
pub fn compile(entries: &[Entry], file: &str) -> (Mapping, Vec<Finding>) {
    let mut c = Compiler { file, findings: Vec::new(), depth: 0 };
    let mapping = c.mapping(entries);
    (mapping, c.findings)
}

struct Compiler<'a> {
    file: &'a str,
    findings: Vec<Finding>,
    depth: usize,
}

impl Compiler<'_> {
    fn mapping(&mut self, entries: &[Entry]) -> Mapping {
        let mut rules: Vec<Rule> = Vec::new();
        let mut left_out: Vec<Path> = Vec::new();
        // The first rule that writes a place, and the first that writes something inside it.
        let mut written: HashMap<Vec<Segment>, usize> = HashMap::new();
        let mut touched: HashMap<Vec<Segment>, usize> = HashMap::new();
        for entry in entries {
            let Some(rule) = self.rule(entry) else {
                left_out.extend(Path::parse(&entry.key));
                continue;
            };
            let target = rule.target.segments();
            let around = (1..=target.len()).filter_map(|n| written.get(target.get(..n)?));
            let other = around.chain(touched.get(target)).min().and_then(|i| rules.get(*i));
            if let Some(other) = other {
                let message = if other.target == rule.target {
                    format!("{} is written by two rules, first at {}", quoted(&entry.key, 80), other.at)
                } else {
                    format!("{} and {} (at {}) write into each other", quoted(&entry.key, 80), other.target, other.at)
                };
                self.error("duplicate-target", entry.key_at, message, "keep one of the rules");
                continue;
            }
            for n in 1..target.len() {
                touched.entry(target.get(..n).unwrap_or_default().to_vec()).or_insert(rules.len());
            }
            written.insert(target.to_vec(), rules.len());
            rules.push(rule);
        }
        let written = entries.iter().map(|entry| (entry.key.clone(), entry.value.to_value())).collect();
        let digest = Digest::of_json(&Value::Object(written)).short().to_owned();
        Mapping { rules, left_out, digest }
    }

    fn error(&mut self, code: &'static str, at: Span, message: String, fix: impl Into<String>) {
        self.findings.push(Finding::error(code, Location::at(self.file, at), message).fix(fix));
    }

    /// The last finding is about a name that was surely meant for another.
    fn meant<'n>(&mut self, name: &str, names: impl Iterator<Item = &'n str> + Clone) {
        let near = nearest(name, names.clone()).filter(|near| surely(name, near));
        if names.filter(|n| surely(name, n)).count() == 1
            && let Some(near) = near
            && let Some(last) = self.findings.pop()
        {
            self.findings.push(last.near(Some(near)).word(name, near));
        }
    }

    fn wrong_type(&mut self, target: &str, node: &Node, what: &str, want: &str) {
        let message = format!("{what} of {} must be {want}, is {}", quoted(target, 80), node.kind_name());
        self.error("wrong-type", node.at, message, format!("write {want}"));
    }

    fn path(&mut self, text: &str, at: Span) -> Option<Path> {
        match Path::parse(text) {
            Ok(p) => Some(p),
            Err(because) => {
                let message = format!("the path \"{}\" {because}", quoted(text, 80));
                // `lines[].sku` is how other tools write it.
                let fix = if text.contains("[]") {
                    "write {each: list, take: field} for a field of each item"
                } else {
                    "write a.b, a.list[0].b or \"odd.name\".b"
                };
                self.error("bad-path", at, message, fix);
                None
            }
        }
    }

    fn rule(&mut self, entry: &Entry) -> Option<Rule> {
        let target = self.path(&entry.key, entry.key_at);
        let rule = self.branch(&entry.key, target.as_ref(), entry.key_at, &entry.value);
        target.and(rule)
    }

    /// What stands behind a target, or behind `then` and `otherwise` of a `when`.
    fn branch(&mut self, name: &str, target: Option<&Path>, at: Span, node: &Node) -> Option<Rule> {
        let nowhere = Path::of(vec![Segment::Key("?".to_owned())])?;
        let target = target.unwrap_or(&nowhere).clone();
        let plain = |source, source_at| Rule {
            target: target.clone(),
            at,
            source,
            source_at,
            bare: false,
            steps: Vec::new(),
            values: None,
            default: None,
            required: None,
        };
        match &node.kind {
            Kind::String(text) => {
                self.path(text, node.at).map(|p| Rule { bare: true, ..plain(super::rule::Source::Path(p), node.at) })
            }
            Kind::Map(_) if table::is_in_a_file(node) => None,
            Kind::Map(_) if self.depth >= DEEPEST => {
                let message = format!("the rule of {} nests more than {DEEPEST} rules", quoted(name, 80));
                self.error("bad-rule", node.at, message, "take it apart, or prepare the value at the source");
                None
            }
            Kind::Map(_) => {
                self.depth += 1;
                let source = self.source(name, &target, node);
                self.depth -= 1;
                let (source, source_at) = source?;
                // Read to the end even where the source is wrong: one error hides no other.
                let default = node.get("default").map(|n| Spanned::new(n.to_value(), n.at));
                let required = self.required(name, node);
                let steps = self.steps(name, node, "with");
                let values = self.values(name, node);
                Some(Rule { steps: steps?, values, default, required, ..plain(source?, source_at) })
            }
            _ => {
                self.wrong_type(name, node, "the rule", "a source path or a mapping");
                None
            }
        }
    }

    /// `required: true`: the only value there is, and never beside a default.
    fn required(&mut self, name: &str, node: &Node) -> Option<Span> {
        let given = node.get("required")?;
        if given.to_value() != serde_json::Value::Bool(true) {
            self.wrong_type(name, given, "required", "true; without the key, a value that is missing stays out");
            return None;
        }
        if node.get("default").is_some() {
            let message = format!("the rule of {} has default and required together", quoted(name, 80));
            let fix = "keep default to fill the value in, or required to reject the record";
            self.error("bad-rule", given.at, message, fix);
            return None;
        }
        Some(given.at)
    }

    fn keys(&mut self, name: &str, node: &Node, accepted: &[&str]) {
        for e in node.entries().unwrap_or_default() {
            if accepted.contains(&e.key.as_str()) {
                continue;
            }
            let list = format!("accepted keys: {}", accepted.join(", "));
            let fix = nearest(&e.key, accepted.iter().copied())
                .map_or_else(|| list.clone(), |n| format!("did you mean \"{n}\"? {list}"));
            let message = format!("the rule of {} has no key \"{}\"", quoted(name, 80), quoted(&e.key, 60));
            self.error("unknown-key", e.key_at, message, fix);
            self.meant(&e.key, accepted.iter().copied());
        }
    }

    /// A list of at least one source path.
    fn paths(&mut self, name: &str, value: &Node, what: &str) -> Option<Vec<Path>> {
        let Some(items) = value.items().filter(|i| !i.is_empty()) else {
            self.wrong_type(name, value, what, "a list of at least one source path");
            return None;
        };
        let mut paths = Vec::new();
        for item in items {
            match item.as_str() {
                Some(text) => paths.push(self.path(text, item.at)?),
                None => {
                    self.wrong_type(name, item, &format!("a part of {what}"), "a source path");
                    return None;
                }
            }
        }
        Some(paths)
    }
}
