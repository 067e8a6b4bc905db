//! Rules as written and compiled: `target: source.path`, `{from, with, values, else, default}`, `{const}`,
//! `{join, separator, with, default}`.

use std::sync::Arc;

use serde_json::Value;

use super::Mapping;
use super::path::Path;
use super::transforms::{self, Op, Transform};
use crate::base::text::{nearest, quoted};
use crate::base::yaml::{Entry, Kind, Node, Span, Spanned};
use crate::finding::{Finding, Location};

/// One line of `map`.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Where the value goes.
    pub target: Path,
    /// Where the target stands.
    pub at: Span,
    /// Where the value comes from.
    pub source: Source,
    /// Where the source stands.
    pub source_at: Span,
    /// Transforms, in order.
    pub steps: Vec<Step>,
    /// Value table, after the transforms.
    pub values: Option<ValueTable>,
    /// Used where the value is missing or null.
    pub default: Option<Spanned<Value>>,
}

/// Where a value comes from.
#[derive(Debug, Clone)]
pub enum Source {
    /// A field of the record.
    Path(Path),
    /// The same for every record.
    Const(Value),
    /// Several fields as one text.
    Join {
        /// The fields.
        parts: Vec<Path>,
        /// Between them.
        separator: String,
    },
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Path(p) => p.fmt(f),
            Self::Const(_) => f.write_str("const"),
            Self::Join { parts, .. } => {
                f.write_str(&parts.iter().map(ToString::to_string).collect::<Vec<_>>().join(" + "))
            }
        }
    }
}

/// One transform with its argument.
#[derive(Debug, Clone)]
pub struct Step {
    /// What it is.
    pub transform: &'static Transform,
    /// What it does.
    pub op: Arc<dyn Op>,
    /// Where it stands.
    pub at: Span,
    /// As written: `split " "`.
    pub shown: String,
}

/// `values` and `else`.
#[derive(Debug, Clone)]
pub struct ValueTable {
    /// Where it stands.
    pub at: Span,
    /// Source value as text, and target value.
    pub entries: Vec<(Spanned<String>, Value)>,
    /// What to do with a value that the table lacks; nothing written rejects it too.
    pub otherwise: Option<Else>,
}

/// What to do with a value that the table lacks.
#[derive(Debug, Clone, PartialEq)]
pub enum Else {
    /// Dead-letter the record.
    Reject,
    /// Pass the value on.
    Keep,
    /// Use this value.
    Default(Spanned<Value>),
}

impl Rule {
    /// Every source path it reads, those of its transforms included.
    pub fn reads(&self) -> impl Iterator<Item = &Path> {
        let own: Vec<&Path> = match &self.source {
            Source::Path(p) => vec![p],
            Source::Const(_) => Vec::new(),
            Source::Join { parts, .. } => parts.iter().collect(),
        };
        own.into_iter().chain(self.steps.iter().filter_map(|s| s.op.reads()))
    }

    /// One of its transforms has this name.
    #[must_use]
    pub fn has_step(&self, name: &str) -> bool {
        self.steps.iter().any(|s| s.transform.name == name)
    }
}

/// Compiles the entries of `map`; what cannot be compiled is a finding and left out.
#[must_use]
pub fn compile(entries: &[Entry], file: &str) -> (Mapping, Vec<Finding>) {
    let mut c = Compiler { file, findings: Vec::new() };
    let mut rules: Vec<Rule> = Vec::new();
    let mut left_out: Vec<Path> = Vec::new();
    for entry in entries {
        let Some(rule) = c.rule(entry) else {
            left_out.extend(Path::parse(&entry.key));
            continue;
        };
        if let Some(other) = rules.iter().find(|r| r.target.covers(&rule.target) || rule.target.covers(&r.target)) {
            let message = if other.target == rule.target {
                format!("{} is written by two rules, first at {}", c.target(entry), other.at)
            } else {
                format!("{} and {} (at {}) write into each other", c.target(entry), other.target, other.at)
            };
            c.error("duplicate-target", entry.key_at, message, "keep one of the rules");
            continue;
        }
        rules.push(rule);
    }
    (Mapping { rules, left_out }, c.findings)
}

struct Compiler<'a> {
    file: &'a str,
    findings: Vec<Finding>,
}

const PATH_KEYS: [&str; 5] = ["from", "with", "values", "else", "default"];
const JOIN_KEYS: [&str; 4] = ["join", "separator", "with", "default"];

impl Compiler<'_> {
    fn error(&mut self, code: &'static str, at: Span, message: String, fix: impl Into<String>) {
        self.findings.push(Finding::error(code, Location::at(self.file, at), message).fix(fix));
    }

    fn target(&self, entry: &Entry) -> String {
        quoted(&entry.key, 80)
    }

    fn wrong_type(&mut self, entry: &Entry, node: &Node, what: &str, want: &str) {
        let message = format!("{what} of {} must be {want}, is {}", self.target(entry), node.kind_name());
        self.error("wrong-type", node.at, message, format!("write {want}"));
    }

    fn path(&mut self, text: &str, at: Span) -> Option<Path> {
        match Path::parse(text) {
            Ok(p) => Some(p),
            Err(because) => {
                let shown = quoted(text, 80);
                self.error(
                    "bad-path",
                    at,
                    format!("the path \"{shown}\" {because}"),
                    "write a.b, a.list[0].b or \"odd.name\".b",
                );
                None
            }
        }
    }

    fn rule(&mut self, entry: &Entry) -> Option<Rule> {
        let target = self.path(&entry.key, entry.key_at);
        let node = &entry.value;
        let (source, source_at, from) = match &node.kind {
            Kind::String(text) => (self.path(text, node.at).map(Source::Path), node.at, None),
            Kind::Map(_) => {
                let (source, at) = self.source(entry, node)?;
                (source, at, Some(node))
            }
            _ => {
                self.wrong_type(entry, node, "the rule", "a source path or a mapping");
                return None;
            }
        };
        // Read to the end even where source or target are wrong: one error hides no other.
        let (steps, values, default) = match from {
            Some(node) => {
                let default = node.get("default").map(|n| Spanned::new(n.to_value(), n.at));
                (self.steps(entry, node), self.values(entry, node), default)
            }
            None => (Some(Vec::new()), None, None),
        };
        Some(Rule { target: target?, at: entry.key_at, source: source?, source_at, steps: steps?, values, default })
    }

    /// The source of a rule that is a mapping, after its keys were checked; nothing where it is no rule at all.
    fn source(&mut self, entry: &Entry, node: &Node) -> Option<(Option<Source>, Span)> {
        if let Some(jq) = node.get("jq") {
            let message = format!("{} is a jq rule, which this release does not run", self.target(entry));
            self.error("not-in-this-release", jq.at, message, "use from with transforms, values, const or join");
            return None;
        }
        let kinds: Vec<&str> = ["from", "const", "join"].into_iter().filter(|k| node.get(k).is_some()).collect();
        let [kind] = kinds.as_slice() else {
            let message = if kinds.is_empty() {
                format!("the rule of {} has none of from, const, join", self.target(entry))
            } else {
                format!("the rule of {} has {} together", self.target(entry), kinds.join(" and "))
            };
            self.error("bad-rule", node.at, message, "write exactly one of from, const, join");
            return None;
        };
        let accepted: &[&str] = match *kind {
            "from" => &PATH_KEYS,
            "join" => &JOIN_KEYS,
            _ => &["const"],
        };
        self.keys(entry, node, accepted);
        let value = node.get(kind)?;
        let source = match *kind {
            "const" => Some(Source::Const(value.to_value())),
            "from" => match value.as_str() {
                Some(text) => self.path(text, value.at).map(Source::Path),
                None => {
                    self.wrong_type(entry, value, "from", "a source path");
                    None
                }
            },
            _ => self.join(entry, node, value),
        };
        Some((source, value.at))
    }

    fn keys(&mut self, entry: &Entry, node: &Node, accepted: &[&str]) {
        for e in node.entries().unwrap_or_default() {
            if accepted.contains(&e.key.as_str()) {
                continue;
            }
            let list = format!("accepted keys: {}", accepted.join(", "));
            let fix = nearest(&e.key, accepted.iter().copied())
                .map_or_else(|| list.clone(), |n| format!("did you mean \"{n}\"? {list}"));
            let message = format!("the rule of {} has no key \"{}\"", self.target(entry), quoted(&e.key, 60));
            self.error("unknown-key", e.key_at, message, fix);
        }
    }

    fn join(&mut self, entry: &Entry, node: &Node, value: &Node) -> Option<Source> {
        let separator = match node.get("separator") {
            None => " ".to_owned(),
            Some(n) => match n.as_str() {
                Some(s) => s.to_owned(),
                None => {
                    self.wrong_type(entry, n, "separator", "text");
                    return None;
                }
            },
        };
        let Some(items) = value.items().filter(|i| !i.is_empty()) else {
            self.wrong_type(entry, value, "join", "a list of at least one source path");
            return None;
        };
        let mut parts = Vec::new();
        for item in items {
            match item.as_str() {
                Some(text) => parts.push(self.path(text, item.at)?),
                None => {
                    self.wrong_type(entry, item, "a part of join", "a source path");
                    return None;
                }
            }
        }
        Some(Source::Join { parts, separator })
    }

    fn steps(&mut self, entry: &Entry, node: &Node) -> Option<Vec<Step>> {
        let Some(with) = node.get("with") else { return Some(Vec::new()) };
        let Some(items) = with.items() else {
            self.wrong_type(entry, with, "with", "a list of transforms, like [trim, {truncate: 100}]");
            return None;
        };
        // Each one is tried, so that every bad transform of the list is said.
        let steps: Vec<Option<Step>> = items.iter().map(|item| self.step(entry, item)).collect();
        steps.into_iter().collect()
    }

    fn step(&mut self, entry: &Entry, item: &Node) -> Option<Step> {
        let (name, argument) = match &item.kind {
            Kind::String(name) => (name.as_str(), None),
            Kind::Map(entries) if entries.len() == 1 => {
                let e = entries.first()?;
                (e.key.as_str(), Some(&e.value))
            }
            _ => {
                self.wrong_type(entry, item, "a transform", "a name, or {name: argument}");
                return None;
            }
        };
        let Some(transform) = transforms::named(name) else {
            let names: Vec<&str> = transforms::ALL.iter().map(|t| t.name).collect();
            let list = format!("transforms: {}", names.join(", "));
            let fix = nearest(name, names.iter().copied())
                .map_or_else(|| list.clone(), |n| format!("did you mean \"{n}\"? {list}"));
            self.error("unknown-transform", item.at, format!("there is no transform \"{}\"", quoted(name, 60)), fix);
            return None;
        };
        match (transform.compile)(argument) {
            Ok(op) => {
                let shown = argument.map_or_else(
                    || transform.name.to_owned(),
                    |a| format!("{} {}", transform.name, crate::base::text::truncate(&a.to_value().to_string(), 40)),
                );
                Some(Step { transform, op, at: item.at, shown })
            }
            Err(because) => {
                let at = argument.map_or(item.at, |a| a.at);
                self.error(
                    "bad-transform",
                    at,
                    format!("{} {because}", transform.name),
                    format!("write {}", transform.usage),
                );
                None
            }
        }
    }

    fn values(&mut self, entry: &Entry, node: &Node) -> Option<ValueTable> {
        let otherwise = node.get("else").and_then(|n| self.otherwise(entry, n));
        let Some(values) = node.get("values") else {
            if let Some(n) = node.get("else") {
                let message = format!("the rule of {} has else without values", self.target(entry));
                self.error("bad-rule", n.at, message, "add values, or use default for what is missing");
            }
            return None;
        };
        let Some(entries) = values.entries().filter(|e| !e.is_empty()) else {
            self.wrong_type(entry, values, "values", "a mapping of at least one source value to a target value");
            return None;
        };
        let entries = entries.iter().map(|e| (Spanned::new(e.key.clone(), e.key_at), e.value.to_value())).collect();
        Some(ValueTable { at: values.at, entries, otherwise })
    }

    fn otherwise(&mut self, entry: &Entry, node: &Node) -> Option<Else> {
        match &node.kind {
            Kind::String(s) if s == "reject" => return Some(Else::Reject),
            Kind::String(s) if s == "keep" => return Some(Else::Keep),
            Kind::Map(entries) if entries.len() == 1 => {
                if let Some(n) = node.get("default") {
                    return Some(Else::Default(Spanned::new(n.to_value(), n.at)));
                }
            }
            _ => {}
        }
        let message = format!("else of {} is none of reject, keep, {{default: value}}", self.target(entry));
        self.error("bad-rule", node.at, message, "write reject, keep or {default: value}");
        None
    }
}
