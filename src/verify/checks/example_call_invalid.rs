//! A call that an example shows must be one that the server takes: held against the tool's schema as it is today.

use std::sync::LazyLock;

use jsonschema::error::{TypeKind, ValidationErrorKind};
use regex::Regex;
use serde_json::Value;

use crate::base::pointer;
use crate::base::text::{nearest, quoted};
use crate::base::yaml::{Node, Span};
use crate::finding::{Finding, Location, Severity};
use crate::probe::Tool;
use crate::verify::calls::{self, Call};
use crate::verify::tools::{Known, prefixed, rewritten};
use crate::verify::{Check, Profile, Rule, Subject};

static PLACEHOLDER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?:<[^<>]*>|\$\{[^{}]*\}|\{\{.*\}\}|\{[^{}]*\}|\$[A-Z_]+|\.\.\.|…)$").expect("constant")
});
static CAPITALS: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^[A-Z][A-Z0-9_]*$").expect("a constant pattern"));

/// Findings for one call; the rest is seen after these are mended.
const MOST: usize = 5;

const RULE: Rule = Rule {
    code: "example-call-invalid",
    id: "PI022",
    severity: Severity::Error,
    finds: "A call in a document, an example or an eval does not fit the tool's input schema.",
    source: "an agent copies the example; MCP 2026-07-28, tools: servers validate inputs against inputSchema",
};

pub(super) const CHECK: Check = Check { rules: &[RULE], profile: Profile::Sync, run };

fn run(subject: &Subject<'_>) -> Vec<Finding> {
    let Some(known) = Known::of(subject.facts) else { return Vec::new() };
    let mut out = Vec::new();
    for skill in subject.skills() {
        for call in calls::of(subject, skill).iter().filter(|c| !c.fails) {
            let Some(arguments) = &call.arguments else { continue };
            let name = prefixed(&call.tool, &known).map_or(call.tool.as_str(), |w| w.tool);
            // Of servers that have a tool of this name, one that takes the call is enough.
            let tools: Vec<&Tool> = subject.facts.answered().filter_map(|(_, surface)| surface.tool(name)).collect();
            let mut each = tools.iter().map(|tool| judged(subject, call, tool, arguments));
            let Some(first) = each.next() else { continue };
            if !first.is_empty() && !each.any(|others| others.is_empty()) {
                out.extend(first);
            }
        }
    }
    out
}

fn judged(subject: &Subject<'_>, call: &Call, tool: &Tool, arguments: &Node) -> Vec<Finding> {
    let value = arguments.to_value();
    // An example that is cut short says so.
    if value.as_object().is_some_and(|map| map.keys().any(|k| k.starts_with("...") || k.starts_with('…'))) {
        return Vec::new();
    }
    // A schema that is none, or that lies elsewhere, says nothing.
    let Ok(validator) = jsonschema::validator_for(&tool.input) else { return Vec::new() };
    let mut out = Vec::new();
    for error in validator.iter_errors(&value) {
        let path = error.instance_path().to_string();
        if stands_for_something(error.instance(), error.kind()) {
            continue;
        }
        let judge = Judge { subject, call, tool, arguments, path: &path };
        judge.say(error.kind(), error.instance(), &error.to_string(), &mut out);
        if out.len() >= MOST {
            break;
        }
    }
    if out.is_empty() {
        out.extend(misspelt(subject, call, tool, arguments));
    }
    out.truncate(MOST);
    out
}

/// A placeholder is no value: the agent writes one in its place.
fn stands_for_something(value: &Value, kind: &ValidationErrorKind) -> bool {
    let Some(text) = value.as_str() else { return false };
    if PLACEHOLDER.is_match(text.trim()) {
        return true;
    }
    match kind {
        // `"kind": "HARD"` is a value in the wrong case, `"kind": "KIND"` stands for one.
        ValidationErrorKind::Enum { options } => {
            let options = options.as_array().map(Vec::as_slice).unwrap_or_default();
            CAPITALS.is_match(text) && !options.iter().any(|o| o.as_str().is_some_and(|o| o.eq_ignore_ascii_case(text)))
        }
        _ => CAPITALS.is_match(text),
    }
}

struct Judge<'a> {
    subject: &'a Subject<'a>,
    call: &'a Call,
    tool: &'a Tool,
    arguments: &'a Node,
    /// Pointer to what is wrong.
    path: &'a str,
}

impl Judge<'_> {
    fn say(&self, kind: &ValidationErrorKind, instance: &Value, said: &str, out: &mut Vec<Finding>) {
        let name = quoted(&self.tool.name, 64);
        match kind {
            ValidationErrorKind::Required { property } => {
                let missing = property.as_str().map_or_else(|| property.to_string(), str::to_owned);
                let what = self.what(&missing);
                let known = self.known();
                let given: Vec<&str> =
                    instance.as_object().map(|m| m.keys().map(String::as_str).collect()).unwrap_or_default();
                // A misspelt one is said once, where it stands.
                if let Some(slip) =
                    nearest(&missing, given.iter().copied().filter(|g| !known.contains(&(*g).to_owned())))
                {
                    out.push(self.unknown(slip, &[missing]));
                    return;
                }
                let at = self.arguments.locate(self.path);
                out.push(
                    self.at(at, format!("a call of {name} lacks the required {what}"))
                        .fix(format!("add \"{missing}\"")),
                );
            }
            ValidationErrorKind::AdditionalProperties { unexpected }
            | ValidationErrorKind::UnevaluatedProperties { unexpected } => {
                for extra in unexpected {
                    if !out.iter().any(|f| f.message.contains(&format!("\"{}\"", quoted(extra, 64)))) {
                        out.push(self.unknown(extra, &self.known()));
                    }
                }
            }
            ValidationErrorKind::Type { kind } => {
                let wanted = match kind {
                    TypeKind::Single(one) => one.to_string(),
                    TypeKind::Multiple(several) => {
                        several.iter().map(|t| t.to_string()).collect::<Vec<_>>().join(" or ")
                    }
                };
                out.push(self.value(instance, &format!("must be {wanted}")).fix(format!("pass {wanted}")));
            }
            ValidationErrorKind::Enum { options } => {
                let texts: Vec<String> = options
                    .as_array()
                    .map(|a| a.iter().map(|o| o.as_str().map_or_else(|| o.to_string(), str::to_owned)).collect())
                    .unwrap_or_default();
                let shown = texts.iter().take(8).map(|t| quoted(t, 40)).collect::<Vec<_>>().join(", ");
                let near = instance.as_str().and_then(|t| nearest(t, texts.iter().map(String::as_str)));
                let fix = near.map_or_else(|| format!("pass one of {shown}"), |n| format!("write \"{n}\""));
                out.push(self.value(instance, &format!("must be one of {shown}")).near(near).fix(fix));
            }
            _ => {
                out.push(
                    self.value(instance, &format!("does not fit: {}", quoted(said, 160)))
                        .fix("see the tool's inputSchema"),
                );
            }
        }
    }

    /// The parameters at the place that is judged.
    fn known(&self) -> Vec<String> {
        let mut schema = &self.tool.input;
        for step in self.path.split('/').skip(1) {
            let step = pointer::unescape(step);
            let next = schema.get("properties").and_then(|p| p.get(&step));
            schema = match next.or_else(|| schema.get("items")) {
                Some(next) => next
                    .get("$ref")
                    .and_then(Value::as_str)
                    .and_then(|r| pointer::resolve(&self.tool.input, r))
                    .unwrap_or(next),
                None => return Vec::new(),
            };
        }
        schema.get("properties").and_then(Value::as_object).map(|p| p.keys().cloned().collect()).unwrap_or_default()
    }

    fn what(&self, name: &str) -> String {
        let at = self.path.trim_start_matches('/').replace('/', ".");
        if at.is_empty() {
            format!("argument \"{}\"", quoted(name, 64))
        } else {
            format!("\"{}\" of argument \"{}\"", quoted(name, 64), quoted(&at, 64))
        }
    }

    fn value(&self, instance: &Value, because: &str) -> Finding {
        let at = self.arguments.locate(self.path);
        let name = self.path.trim_start_matches('/').replace('/', ".");
        let shown = quoted(&instance.to_string(), 60);
        let what =
            if name.is_empty() { "its arguments".to_owned() } else { format!("argument \"{}\"", quoted(&name, 64)) };
        self.at(at, format!("in a call of {}, {what} is {shown} and {because}", quoted(&self.tool.name, 64)))
    }

    fn unknown(&self, extra: &str, known: &[String]) -> Finding {
        let parent = pointer_to(self.arguments, self.path);
        let at = parent
            .and_then(|n| n.entries())
            .and_then(|entries| entries.iter().find(|e| e.key == extra))
            .map_or(self.call.tool_at, |e| e.key_at);
        let near: Vec<&str> = known.iter().map(String::as_str).collect();
        let near = nearest(extra, near);
        let fix = near.map_or_else(|| "leave it out".to_owned(), |n| format!("write \"{n}\""));
        let message = format!("{} takes no {}", quoted(&self.tool.name, 64), self.what(extra));
        let found = self.at(at, message).near(near).fix(fix);
        match near {
            Some(near) if strsim::osa_distance(extra, near) <= 2 => {
                rewritten(found, self.subject, &self.call.path, at, extra, near)
            }
            _ => found,
        }
    }

    fn at(&self, at: Span, message: String) -> Finding {
        RULE.at(Location::at(self.subject.project.show(&self.call.path), at), message)
            .because_of(format!("tools/list: {} inputSchema", self.tool.name))
    }
}

fn pointer_to<'n>(node: &'n Node, path: &str) -> Option<&'n Node> {
    path.split('/').skip(1).try_fold(node, |node, step| {
        let step = pointer::unescape(step);
        node.get(&step).or_else(|| node.items()?.get(step.parse::<usize>().ok()?))
    })
}

/// Where the schema is open, an argument that is nearly one that it names is a slip of the pen still, and not an error.
fn misspelt(subject: &Subject<'_>, call: &Call, tool: &Tool, arguments: &Node) -> Vec<Finding> {
    let judge = Judge { subject, call, tool, arguments, path: "" };
    let known = judge.known();
    let entries = arguments.entries().unwrap_or_default();
    let given = |name: &str| entries.iter().any(|e| e.key == name);
    let slip = |e: &&crate::base::yaml::Entry| {
        !known.contains(&e.key)
            && known.iter().any(|k| !given(k) && k.len() > 3 && strsim::osa_distance(k, &e.key) <= 1)
    };
    entries
        .iter()
        .filter(slip)
        .map(|e| Finding { severity: Severity::Warning, confidence: 0.85, ..judge.unknown(&e.key, &known) })
        .collect()
}
