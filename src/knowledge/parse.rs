//! Reads one overlay. Everything that is wrong with it is a finding with line and column; a fact with a fault is left out,
//! the others hold.

use serde_json::Value;

use super::keys::{FACTS, Shape};
use super::{Known, Overlay};
use crate::base::clock::Timestamp;
use crate::base::text::{did_you_mean, nearest, quoted};
use crate::base::yaml::{self, Kind, Limits, Node, Span};
use crate::finding::{Ceiling, Confidence, Finding, Location};

/// The version of the format.
pub const API_VERSION: &str = "platform-integration/knowledge/v1";

/// Sure where the file does not say how sure.
const SURE: f64 = 0.80;

const TOP: [&str; 4] = ["apiVersion", "about", "hosts", "facts"];
const FACT: [&str; 7] = ["fact", "value", "says", "source", "checked", "at", "confidence"];

/// The overlay, where it has a version, hosts and facts; and what is wrong with it.
#[must_use]
pub fn parse(text: &str, file: &str) -> (Option<Overlay>, Vec<Finding>) {
    let mut read = Read { file, findings: Vec::new() };
    let root = match yaml::parse(text, Limits { depth: 16, nodes: 20_000 }) {
        Ok(root) => root,
        Err(e) => {
            read.error("knowledge-unreadable", e.at, e.because, "mend the YAML");
            return (None, read.findings);
        }
    };
    let overlay = read.overlay(&root);
    (overlay, read.findings)
}

struct Read<'f> {
    file: &'f str,
    findings: Vec<Finding>,
}

impl Read<'_> {
    fn error(&mut self, code: &'static str, at: Span, message: impl Into<String>, fix: impl Into<String>) {
        self.findings.push(Finding::error(code, Location::at(self.file, at), message).fix(fix));
    }

    fn keys(&mut self, node: &Node, known: &[&str]) {
        if let Some(twice) = node.duplicate_key() {
            let message = format!("\"{}\" is written twice", quoted(&twice.key, 40));
            self.error("duplicate-key", twice.key_at, message, "keep one of them");
        }
        for entry in node.entries().unwrap_or_default() {
            if !known.contains(&entry.key.as_str()) {
                let near = did_you_mean(&entry.key, known.iter().copied());
                let message = format!("\"{}\" is no key here{near}", quoted(&entry.key, 40));
                let finding = Finding::error("unknown-key", Location::at(self.file, entry.key_at), message)
                    .fix(format!("one of {}", known.join(", ")))
                    .near(nearest(&entry.key, known.iter().copied()));
                self.findings.push(finding);
            }
        }
    }

    fn text<'n>(&mut self, node: &'n Node, key: &str, fix: &str) -> Option<(&'n str, Span)> {
        match node.get(key) {
            None => {
                self.error("missing-key", node.at, format!("\"{key}\" is missing"), fix);
                None
            }
            Some(value) => match value.as_str().map(str::trim).filter(|t| !t.is_empty()) {
                Some(text) => Some((text, value.at)),
                None => {
                    let message = format!("\"{key}\" is {}, text is wanted", value.kind_name());
                    self.error("wrong-type", value.at, message, fix);
                    None
                }
            },
        }
    }

    fn overlay(&mut self, root: &Node) -> Option<Overlay> {
        if root.entries().is_none() {
            let message = format!("the file is {}, a mapping is wanted", root.kind_name());
            self.error("wrong-type", root.at, message, format!("begin with apiVersion: {API_VERSION}"));
            return None;
        }
        self.keys(root, &TOP);
        let version = self.text(root, "apiVersion", API_VERSION);
        if let Some((version, at)) = version.filter(|(v, _)| *v != API_VERSION) {
            let message = format!("apiVersion is \"{}\"", quoted(version, 60));
            self.error("unknown-version", at, message, format!("apiVersion: {API_VERSION}"));
        }
        let about = self.text(root, "about", "about: the platform's name").map(|(t, _)| quoted(t, 80));
        let mut hosts = Vec::new();
        match root.get("hosts").map(|n| (n, n.items())) {
            Some((_, Some(items))) if !items.is_empty() => {
                for item in items {
                    match item.as_str().filter(|h| is_host(h)) {
                        Some(host) => hosts.push(host.to_owned()),
                        None => self.error(
                            "bad-host",
                            item.at,
                            "this is no host",
                            "a name as in api.acme.example, or *.acme.example for all below; no scheme, no path",
                        ),
                    }
                }
            }
            Some((node, _)) => {
                self.error("wrong-type", node.at, "\"hosts\" is no list of hosts", "hosts: [api.acme.example]");
            }
            None => self.error("missing-key", root.at, "\"hosts\" is missing", "hosts: [api.acme.example]"),
        }
        let mut facts = Vec::new();
        match root.get("facts").map(|n| (n, n.items())) {
            Some((_, Some(items))) if !items.is_empty() => {
                facts.extend(items.iter().filter_map(|item| self.fact(item)))
            }
            Some((node, _)) => {
                self.error("wrong-type", node.at, "\"facts\" is no list of facts", "- fact: rate_limit ...")
            }
            None => self.error("missing-key", root.at, "\"facts\" is missing", "facts: a list"),
        }
        let sound = version.is_some_and(|(v, _)| v == API_VERSION) && !hosts.is_empty();
        Some(Overlay { file: self.file.to_owned(), about: about?, hosts, facts }).filter(|_| sound)
    }

    fn fact(&mut self, node: &Node) -> Option<Known> {
        if node.entries().is_none() {
            let message = format!("a fact is a mapping, this is {}", node.kind_name());
            self.error("wrong-type", node.at, message, "- fact: rate_limit, with value, source and checked");
            return None;
        }
        let before = self.findings.len();
        self.keys(node, &FACT);
        let name = self.text(node, "fact", "fact: rate_limit");
        let shape = name.and_then(|(name, at)| {
            let shape = FACTS.iter().find(|(n, _)| *n == name);
            if shape.is_none() {
                let near = did_you_mean(name, FACTS.iter().map(|(n, _)| *n));
                let message = format!("\"{}\" is no fact of a map{near}", quoted(name, 40));
                let all: Vec<&str> = FACTS.iter().map(|(n, _)| *n).collect();
                self.error("unknown-fact", at, message, format!("one of {}", all.join(", ")));
            }
            shape
        });
        match (node.get("value"), shape) {
            (None, _) => {
                self.error("missing-key", node.at, "\"value\" is missing", "value: what is known, shaped as in the map")
            }
            (Some(value), Some((name, keys))) => self.value(value, name, keys),
            _ => {}
        }
        let source = self.text(node, "source", "source: the https address of the page that says so");
        if let Some((_, at)) = source.filter(|(s, _)| !is_page(s)) {
            self.error(
                "bad-source",
                at,
                "the source is no https address",
                "source: https://...: the page that says so",
            );
        }
        let checked = self.text(node, "checked", "checked: the day it was looked at, as 2026-11-26");
        if let Some((text, at)) = checked.filter(|(c, _)| c.len() != 10 || Timestamp::parse(c).is_none()) {
            let message = format!("\"{}\" is no date", quoted(text, 30));
            self.error("bad-date", at, message, "checked: the day it was looked at, as 2026-11-26");
        }
        let at = node.get("at").and_then(|at| {
            let text = at.as_str().filter(|t| t.starts_with("#/"));
            if text.is_none() {
                self.error("bad-pointer", at.at, "\"at\" is no pointer into a description", "at: '#/paths/...'");
            }
            text.map(str::to_owned)
        });
        let mut sure = SURE;
        if let Some(value) = node.get("confidence") {
            let ceiling = Ceiling::Research.value();
            match &value.kind {
                Kind::Number(n) if n.as_f64().is_some_and(|n| (0.0..=ceiling).contains(&n)) => {
                    sure = n.as_f64().unwrap_or(SURE);
                }
                _ => {
                    let fix = format!("a number from 0 to {ceiling:.2}, the ceiling of research");
                    self.error("confidence-over-ceiling", value.at, "the confidence is out of bounds", fix);
                }
            }
        }
        if self.findings.len() > before {
            return None;
        }
        Some(Known {
            fact: shape?.0,
            value: node.get("value")?.to_value(),
            says: node.get("says").and_then(Node::as_str).map(|t| quoted(t, 200)).unwrap_or_default(),
            source: source?.0.to_owned(),
            checked: checked?.0.to_owned(),
            at,
            confidence: Confidence::capped(sure, Ceiling::Research),
            place: node.at,
        })
    }

    fn value(&mut self, value: &Node, fact: &str, keys: &[(&str, Shape)]) {
        if value.entries().is_none() {
            let message = format!("the value of {fact} is a mapping, this is {}", value.kind_name());
            self.error("wrong-type", value.at, message, format!("value: {{{}}}", names(keys)));
            return;
        }
        for (key, shape) in keys {
            let Some(found) = value.get(key) else {
                let message = format!("the value of {fact} has no \"{key}\"");
                self.error("missing-key", value.at, message, format!("value: {{{}}}", names(keys)));
                continue;
            };
            let json = found.to_value();
            let (fits, wanted) = match shape {
                Shape::Text => (json.as_str().is_some(), "text".to_owned()),
                Shape::Count => (json.as_u64().is_some_and(|n| n > 0), "a whole number from 1".to_owned()),
                Shape::Flag => (matches!(json, Value::Bool(_)), "true or false".to_owned()),
                Shape::Word(words) => {
                    (json.as_str().is_some_and(|w| words.contains(&w)), format!("one of {}", words.join(", ")))
                }
            };
            if !fits {
                self.error("wrong-type", found.at, format!("\"{key}\" of {fact} is not {wanted}"), wanted);
            }
        }
    }
}

fn names(keys: &[(&str, Shape)]) -> String {
    keys.iter().map(|(key, _)| format!("{key}: ...")).collect::<Vec<_>>().join(", ")
}

fn is_host(host: &str) -> bool {
    let name = host.strip_prefix("*.").unwrap_or(host);
    let label = |l: &str| {
        !l.is_empty() && l.len() <= 63 && l.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    name.contains('.') && name.len() <= 253 && name.split('.').all(label)
}

fn is_page(source: &str) -> bool {
    source.strip_prefix("https://").is_some_and(|rest| {
        rest.contains('.') && rest.len() <= 400 && !rest.contains(|c: char| c.is_whitespace() || c.is_control())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "apiVersion: platform-integration/knowledge/v1\nabout: Acme\nhosts: [api.acme.example]\nfacts:\n  \
        - fact: rate_limit\n    value: {requests: 100, window_ms: 10000}\n    source: https://acme.example/limits\n    \
        checked: 2026-11-26\n";

    #[test]
    fn a_sound_file_has_no_finding() {
        let (overlay, findings) = parse(GOOD, "a.knowledge.yaml");
        assert_eq!(findings, Vec::new());
        let fact = &overlay.expect("an overlay").facts[0];
        assert_eq!((fact.fact, fact.confidence.value(), fact.place.line), ("rate_limit", 0.80, 5));
    }

    #[test]
    fn each_fault_is_named_at_its_place() {
        for (from, to, code, at) in [
            ("knowledge/v1", "knowledge/v9", "unknown-version", "1:13"),
            ("about: Acme", "abuot: Acme", "unknown-key", "2:1"),
            ("about: Acme", "about: Acme\nabout: Acme", "duplicate-key", "3:1"),
            ("[api.acme.example]", "[https://api.acme.example]", "bad-host", "3:9"),
            ("[api.acme.example]", "[]", "wrong-type", "3:8"),
            ("rate_limit\n", "rate_limits\n", "unknown-fact", "5:11"),
            ("requests: 100, ", "", "missing-key", "6:12"),
            ("requests: 100", "requests: many", "wrong-type", "6:23"),
            ("https://acme", "acme", "bad-source", "7:13"),
            ("2026-11-26", "26.11.2026", "bad-date", "8:14"),
            ("checked: 2026-11-26", "checked: 2026-11-26\n    confidence: 0.9", "confidence-over-ceiling", "9:17"),
            ("checked: 2026-11-26", "checked: 2026-11-26\n    at: /paths", "bad-pointer", "9:9"),
            ("facts:", "facts: {", "knowledge-unreadable", ""),
        ] {
            assert!(GOOD.contains(from), "{from}");
            let (_, findings) = parse(&GOOD.replacen(from, to, 1), "a.knowledge.yaml");
            let found = findings.iter().any(|f| f.code == code && (at.is_empty() || f.location.at.to_string() == at));
            assert!(found, "{code} at {at}: {findings:#?}");
        }
    }
}
