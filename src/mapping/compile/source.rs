//! Where a rule's value comes from: exactly one of these keys.

use std::sync::Arc;

use super::Compiler;
use crate::base::text::quoted;
use crate::base::yaml::{Node, Span};
use crate::mapping::jq::Program;
use crate::mapping::path::{Path, Segment};
use crate::mapping::rule::{Each, Source};
use crate::mapping::template::Template;

/// Each source with the keys that may stand beside it.
const SOURCES: [(&str, &[&str]); 8] = [
    ("from", &["from", "with", "values", "else", "default", "required"]),
    ("const", &["const"]),
    ("join", &["join", "separator", "with", "default", "required"]),
    ("first_of", &["first_of", "with", "values", "else", "default", "required"]),
    ("template", &["template", "with", "default", "required"]),
    ("when", &["when", "otherwise", "default", "required"]),
    ("each", &["each", "take", "map", "with", "values", "else", "then", "default", "required"]),
    ("jq", &["jq", "with", "values", "else", "default", "required"]),
];

impl Compiler<'_> {
    /// The source of a rule that is a mapping, after its keys were checked; nothing at all where it is no rule.
    pub(super) fn source(&mut self, name: &str, target: &Path, node: &Node) -> Option<(Option<Source>, Span)> {
        let found: Vec<&(&str, &[&str])> = SOURCES.iter().filter(|(k, _)| node.get(k).is_some()).collect();
        let all = SOURCES.map(|(k, _)| k).join(", ");
        let [(kind, accepted)] = found.as_slice() else {
            let message = if found.is_empty() {
                format!("the rule of {} has none of {all}", quoted(name, 80))
            } else {
                let together: Vec<&str> = found.iter().map(|(k, _)| *k).collect();
                format!("the rule of {} has {} together", quoted(name, 80), together.join(" and "))
            };
            self.error("bad-rule", node.at, message, format!("write exactly one of {all}"));
            return None;
        };
        self.keys(name, node, accepted);
        let value = node.get(kind)?;
        let source = match *kind {
            "const" => Some(Source::Const(value.to_value())),
            "from" => match value.as_str() {
                Some(text) => self.path(text, value.at).map(Source::Path),
                None => {
                    self.wrong_type(name, value, "from", "a source path");
                    None
                }
            },
            "join" => self.join(name, node, value),
            "first_of" => self.paths(name, value, "first_of").map(Source::FirstOf),
            "template" => self.template(name, value),
            "when" => self.when(name, target, node, value),
            "each" => self.each(name, node, value),
            _ => self.jq(name, value),
        };
        Some((source, value.at))
    }

    fn join(&mut self, name: &str, node: &Node, value: &Node) -> Option<Source> {
        let separator = match node.get("separator") {
            None => " ".to_owned(),
            Some(n) => match n.as_str() {
                Some(s) => s.to_owned(),
                None => {
                    self.wrong_type(name, n, "separator", "text");
                    return None;
                }
            },
        };
        self.paths(name, value, "join").map(|parts| Source::Join { parts, separator })
    }

    fn template(&mut self, name: &str, value: &Node) -> Option<Source> {
        let Some(text) = value.as_str() else {
            self.wrong_type(name, value, "template", "a text with fields in braces, like \"{last}, {first}\"");
            return None;
        };
        match Template::parse(text) {
            Ok(template) => Some(Source::Template(template)),
            Err(because) => {
                let message = format!("the template of {} {because}", quoted(name, 80));
                self.error("bad-rule", value.at, message, "write fields in braces, like \"{last}, {first}\"");
                None
            }
        }
    }

    fn each(&mut self, name: &str, node: &Node, value: &Node) -> Option<Source> {
        let Some(text) = value.as_str() else {
            self.wrong_type(name, value, "each", "the path of a list");
            return None;
        };
        let list = self.path(text, value.at);
        let take = match node.get("take") {
            None => None,
            Some(n) => match n.as_str() {
                Some(text) => Some(self.path(text, n.at)?),
                None => {
                    self.wrong_type(name, n, "take", "the path of a field of an item");
                    return None;
                }
            },
        };
        let map = match node.get("map") {
            None => None,
            Some(n) => match n.entries() {
                Some(entries) => {
                    self.depth += 1;
                    let map = self.mapping(entries);
                    self.depth -= 1;
                    Some(map)
                }
                None => {
                    self.wrong_type(name, n, "map", "a mapping of target field to rule, for each item");
                    return None;
                }
            },
        };
        if let Some(n) = node.get("map") {
            for other in ["take", "with", "values"] {
                if node.get(other).is_some() {
                    let message = format!("the rule of {} has map and {other} together", quoted(name, 80));
                    self.error(
                        "bad-rule",
                        n.at,
                        message,
                        "map makes objects of the items; put the rest into its rules",
                    );
                }
            }
        }
        let then = self.steps(name, node, "then")?;
        let list = list?;
        let first: Vec<Segment> = list.segments().iter().cloned().chain([Segment::Index(0)]).collect();
        let below = |p: &Path| Path::of(first.iter().cloned().chain(p.segments().iter().cloned()).collect());
        let read = map.iter().flat_map(|m: &crate::mapping::Mapping| m.source_paths()).chain(take.clone());
        let inside = read.filter_map(|p| below(&p)).collect();
        Some(Source::Each(Box::new(Each { list, take, map, then, inside })))
    }

    fn jq(&mut self, name: &str, value: &Node) -> Option<Source> {
        let Some(text) = value.as_str() else {
            self.wrong_type(name, value, "jq", "a jq program in quotes");
            return None;
        };
        match Program::compile(text) {
            Ok(program) => Some(Source::Jq(Arc::new(program))),
            Err(no) => {
                let place =
                    if text.contains('\n') { String::new() } else { format!(" (character {})", no.at.start + 1) };
                let message = format!("the jq program of {} {}{place}", quoted(name, 80), no.because);
                self.error("bad-jq", value.at, message, no.fix);
                None
            }
        }
    }
}
