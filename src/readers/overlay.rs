//! OpenAPI Overlay documents (1.0 and 1.1): a description is corrected by what stands beside it, and no one edits it.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::Value;
use serde_json_path::JsonPath;

use super::decode;
use super::input::Part;
use crate::base::pointer;
use crate::base::text::{plural, quoted};
use crate::base::tree::{Arena, Node, from_json, from_yaml};
use crate::base::yaml::Limits;
use crate::finding::{Finding, Location};
use crate::model::System;

/// Most actions of one overlay.
const MOST_ACTIONS: usize = 2_000;
/// Most places that one action changes.
const MOST_PLACES: usize = 20_000;
/// Most descendant segments (`..`) of one target: each multiplies what is looked at.
const MOST_DESCENTS: usize = 2;
/// Most values that all actions of all overlays add: a copy of a copy doubles with each action.
const MOST_ADDED: usize = 1_000_000;
/// Deepest nesting that an overlay may bring about.
const MOST_DEPTH: usize = 200;
/// Most pointers of changed places that are kept to be told.
const MOST_TOLD: usize = 5_000;

/// An overlay as text.
pub(super) struct Decoded<'b> {
    name: String,
    text: Cow<'b, str>,
}

/// The texts of overlays; one that cannot be read is a finding.
pub(super) fn decoded<'b>(parts: &'b [Part], findings: &mut Vec<Finding>) -> Vec<Decoded<'b>> {
    let mut out = Vec::new();
    for part in parts {
        match &part.bytes {
            Ok(bytes) => {
                if let Some(text) = decode::text(bytes, &part.name, findings) {
                    out.push(Decoded { name: part.name.clone(), text });
                }
            }
            Err(lacking) => {
                let (_, what, _) = lacking.words();
                findings.push(invalid(&part.name, "", format!("the overlay {what}")));
            }
        }
    }
    out
}

fn invalid(name: &str, at: &str, message: impl Into<String>) -> Finding {
    Finding::error("overlay-invalid", Location::pointer(name, format!("#{at}")), message)
        .fix("correct the overlay; the form is that of the OpenAPI Overlay Specification 1.0 and 1.1")
}

/// An overlay is of trees: none applies to a text in a language of its own.
pub(super) fn not_applied(overlays: &[Decoded<'_>], findings: &mut Vec<Finding>) {
    for overlay in overlays {
        let message = "overlays apply to JSON and YAML; this description is in a language of its own";
        findings.push(invalid(&overlay.name, "", message).fix("leave the overlay out"));
    }
}

/// What overlays changed.
#[derive(Debug, Default)]
pub(super) struct Changed {
    /// The overlay, by pointer of the place.
    places: BTreeMap<String, String>,
    /// Places changed, by overlay.
    counts: BTreeMap<String, u64>,
    /// Values added so far.
    added: usize,
}

impl Changed {
    fn mark(&mut self, at: String, overlay: &str) {
        if self.places.len() < MOST_TOLD {
            self.places.insert(at, overlay.to_owned());
        }
    }

    /// The overlay that a place owes what it says, if one does.
    fn by(&self, at: &str) -> Option<&str> {
        // What was changed within a place changed the place.
        let below = format!("{at}/");
        let inside = self.places.range(below.clone()..).next().filter(|(place, _)| place.starts_with(&below));
        if let Some((_, overlay)) = inside.filter(|_| at.len() > 1) {
            return Some(overlay);
        }
        let mut at = at;
        loop {
            if let Some(overlay) = self.places.get(at) {
                return Some(overlay);
            }
            at = at.get(..at.rfind('/')?)?;
        }
    }

    /// Notes: how much each overlay changed, and which facts rest on what one says.
    pub(super) fn told(&self, system: &System, origin: &str) -> Vec<Finding> {
        let mut out = Vec::new();
        for (overlay, count) in &self.counts {
            let message = format!("the overlay {} changed {}", quoted(overlay, 160), plural(*count, "place"));
            out.push(Finding::note(
                "overlay-applied",
                Location { file: origin.to_owned(), ..Location::default() },
                message,
            ));
        }
        for fact in &system.facts {
            let Some(at) = fact.pointer() else { continue };
            if let Some(overlay) = self.by(at) {
                let message = format!("{} rests on what the overlay {} says", fact.fact, quoted(overlay, 160));
                out.push(Finding::note("fact-from-overlay", Location::pointer(origin, at), message));
            }
        }
        out.dedup();
        out
    }
}

/// The description with all overlays applied, one after the other. An action that does nothing is a finding.
pub(super) fn apply<'d>(
    root: Node<'d>,
    overlays: &[Decoded<'_>],
    arena: &'d Arena,
    changed: &mut Changed,
    findings: &mut Vec<Finding>,
) -> Node<'d> {
    let mut value = root.to_value();
    for Decoded { name, text } in overlays {
        let own = Arena::default();
        let json = text.trim_start().starts_with('{').then(|| from_json(text, &own).ok()).flatten();
        let tree = match json {
            Some(tree) => tree,
            None => match from_yaml(text, &own, Limits::default()) {
                Ok(tree) => tree,
                Err(e) => {
                    findings.push(invalid(
                        name,
                        "",
                        format!("the overlay cannot be read: {}", quoted(&e.because, 200)),
                    ));
                    continue;
                }
            },
        };
        let version = match tree.root.get("overlay") {
            Some(Node::Text(v) | Node::Number(v)) => v,
            _ => "",
        };
        if !version.starts_with("1.") {
            findings.push(invalid(name, "/overlay", "the overlay has no version 1.x; it is not applied"));
            continue;
        }
        let actions = tree.root.get("actions").and_then(Node::as_list).unwrap_or_default();
        if actions.is_empty() || actions.len() > MOST_ACTIONS {
            let message =
                format!("the overlay has {}, 1 to {MOST_ACTIONS} are applied", plural(actions.len() as u64, "action"));
            findings.push(invalid(name, "/actions", message));
            continue;
        }
        for (i, action) in actions.iter().enumerate() {
            match act(&mut value, *action, name, changed) {
                Ok(count) => *changed.counts.entry(name.clone()).or_default() += count,
                Err(Idle { below, code, message, fix }) => {
                    let at = Location::pointer(name.clone(), format!("#/actions/{i}{below}"));
                    findings.push(Finding::warning(code, at, message).fix(fix));
                }
            }
        }
    }
    arena.of_value(&value)
}

/// Why an action did nothing.
struct Idle {
    below: &'static str,
    code: &'static str,
    message: String,
    fix: &'static str,
}

impl Idle {
    fn new(below: &'static str, message: impl Into<String>, fix: &'static str) -> Self {
        Self { below, code: "overlay-action-invalid", message: message.into(), fix }
    }
}

/// Does one action; how many places it changed.
fn act(root: &mut Value, action: Node<'_>, overlay: &str, changed: &mut Changed) -> Result<u64, Idle> {
    let text = action.get("target").and_then(Node::as_str);
    let text = text.ok_or_else(|| Idle::new("", "the action has no target", "give a JSONPath: $.info"))?;
    let places = select(root, text, "/target")?;
    if places.is_empty() {
        return Err(Idle {
            below: "/target",
            code: "overlay-target-not-found",
            message: format!("\"{}\" selects nothing in the description", quoted(text, 160)),
            fix: "correct the target, or remove the action: the description may have been corrected",
        });
    }
    if action.get("remove").and_then(Node::as_bool) == Some(true) {
        let mut count = 0;
        // The last first: an item removed moves those behind it.
        for at in places.iter().rev() {
            count += u64::from(remove(root, at));
        }
        if count == 0 {
            return Err(Idle::new("/target", "the top of the description cannot be removed", "select what is to go"));
        }
        return Ok(count);
    }
    let update = match (action.get("update"), action.get("copy").and_then(Node::as_str)) {
        (Some(_), Some(_)) => {
            return Err(Idle::new("", "the action has both update and copy", "make it two actions"));
        }
        (Some(update), None) => update.to_value(),
        (None, Some(from)) => match select(root, from, "/copy")?.as_slice() {
            [one] => root.pointer(one).cloned().unwrap_or_default(),
            several => {
                let message =
                    format!("\"{}\" selects {}, not one", quoted(from, 160), plural(several.len() as u64, "place"));
                return Err(Idle::new("/copy", message, "select the one place to copy"));
            }
        },
        (None, None) => {
            return Err(Idle::new("", "the action has neither update nor copy nor remove", "say what is to change"));
        }
    };
    changed.added = changed.added.saturating_add(size(&update).saturating_mul(places.len()));
    if changed.added > MOST_ADDED {
        return Err(Idle::new("", format!("the overlays add more than {MOST_ADDED} values"), "select fewer places"));
    }
    let deep = places.iter().map(|at| at.matches('/').count()).max().unwrap_or(0) + depth(&update);
    if deep > MOST_DEPTH {
        return Err(Idle::new(
            "",
            format!("the result nests deeper than {MOST_DEPTH} levels"),
            "select what is to change itself",
        ));
    }
    let mut count = 0;
    for at in &places {
        let Some(target) = root.pointer_mut(at) else { continue };
        match (&mut *target, &update) {
            (Value::Object(_), Value::Object(_)) => merge(target, &update, &format!("#{at}"), overlay, changed),
            (Value::Array(items), _) => {
                changed.mark(format!("#{at}/{}", items.len()), overlay);
                items.push(update.clone());
            }
            (Value::Object(_), _) => {
                return Err(Idle::new(
                    "/update",
                    "the target is an object, the update is none",
                    "update it with an object",
                ));
            }
            _ => {
                changed.mark(format!("#{at}"), overlay);
                *target = update.clone();
            }
        }
        count += 1;
    }
    Ok(count)
}

/// Why a JSONPath is not tried: evaluating or even parsing it may cost more than any overlay needs. A query is no loop, but
/// each `..`, each list of selectors and each query within a filter multiplies what is looked at.
fn costly(path: &str) -> Option<String> {
    let (mut descents, mut lists, mut filters, mut groups, mut absolute) = (0, 0, 0, 0, 0);
    let (mut quote, mut escaped, mut before) = (None, false, ' ');
    for c in path.chars() {
        if let Some(q) = quote {
            if !escaped && c == q {
                quote = None;
            }
            escaped = !escaped && c == '\\';
            continue;
        }
        match c {
            '\'' | '"' => (quote, escaped) = (Some(c), false),
            '.' if before == '.' => descents += if filters > 0 { MOST_DESCENTS + 1 } else { 1 },
            ',' => lists += 1,
            '?' => filters += 1,
            '(' | '!' => groups += 1,
            '$' if filters > 0 => absolute += 1,
            _ => {}
        }
        before = c;
    }
    let most = |count: usize, most: usize, what: &str| (count > most).then(|| format!("has {what}"));
    most(path.len(), 2_000, "more than 2,000 bytes")
        .or_else(|| most(descents, MOST_DESCENTS, &format!("more than {MOST_DESCENTS} \"..\", or one within a filter")))
        .or_else(|| most(lists, 8, "more than 8 commas"))
        .or_else(|| most(filters, 3, "more than 3 filters"))
        .or_else(|| most(groups, 8, "more than 8 groups"))
        .or_else(|| most(absolute, 0, "a \"$\" within a filter"))
}

/// JSON pointers of what a JSONPath (RFC 9535) selects, in the order of the document.
fn select(root: &Value, path: &str, below: &'static str) -> Result<Vec<String>, Idle> {
    let shown = || quoted(path, 160);
    let wrong = |message: String| Idle::new(below, message, "write a JSONPath as RFC 9535 has it");
    if let Some(because) = costly(path) {
        return Err(wrong(format!("\"{}\" {because}", shown())));
    }
    let parsed = JsonPath::parse(path)
        .map_err(|e| wrong(format!("\"{}\" is no JSONPath: {}", shown(), quoted(&e.to_string(), 160))))?;
    let mut out: Vec<String> = Vec::new();
    let mut seen = std::collections::HashSet::new();
    for node in parsed.query_located(root).iter() {
        let at = node.location().to_json_pointer();
        if seen.insert(at.clone()) {
            out.push(at);
        }
        if out.len() > MOST_PLACES {
            return Err(wrong(format!("\"{}\" selects more than {MOST_PLACES} places", shown())));
        }
    }
    Ok(out)
}

/// How many values there are in one.
fn size(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(size).sum::<usize>(),
        Value::Object(map) => 1 + map.values().map(size).sum::<usize>(),
        _ => 1,
    }
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(map) => 1 + map.values().map(depth).max().unwrap_or(0),
        _ => 1,
    }
}

fn remove(root: &mut Value, at: &str) -> bool {
    let Some((parent, last)) = at.rsplit_once('/') else { return false };
    match root.pointer_mut(parent) {
        Some(Value::Object(map)) => map.shift_remove(&*pointer::unescape(last)).is_some(),
        Some(Value::Array(items)) => match last.parse::<usize>() {
            Ok(i) if i < items.len() => {
                items.remove(i);
                true
            }
            _ => false,
        },
        _ => false,
    }
}

/// Objects are merged key by key, lists are joined, anything else is replaced. No deeper than the overlay nests, which
/// its parser bounds.
fn merge(target: &mut Value, update: &Value, at: &str, overlay: &str, changed: &mut Changed) {
    match (target, update) {
        (Value::Object(target), Value::Object(update)) => {
            for (key, value) in update {
                let below = pointer::join(at, key);
                match target.get_mut(key) {
                    Some(there) => merge(there, value, &below, overlay, changed),
                    None => {
                        target.insert(key.clone(), value.clone());
                        changed.mark(below, overlay);
                    }
                }
            }
        }
        (Value::Array(target), Value::Array(update)) => {
            for value in update {
                changed.mark(format!("{at}/{}", target.len()), overlay);
                target.push(value.clone());
            }
        }
        (target, update) => {
            *target = update.clone();
            changed.mark(at.to_owned(), overlay);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn applied(description: &Value, overlay: &str) -> (Value, Vec<String>) {
        let (arena, mut findings, mut changed) = (Arena::default(), Vec::new(), Changed::default());
        let overlays = [Decoded { name: "fix.yaml".to_owned(), text: overlay.into() }];
        let root = apply(arena.of_value(description), &overlays, &arena, &mut changed, &mut findings).to_value();
        (root, findings.iter().map(|f| format!("{} {}", f.code, f.location)).collect())
    }

    fn with(actions: &str) -> String {
        format!("overlay: 1.1.0\ninfo: {{title: t, version: '1'}}\nactions:\n{actions}")
    }

    #[test]
    fn each_action_does_what_the_specification_says() {
        let root = json!({"info": {"title": "a"}, "servers": [{"url": "x"}, {"url": "y"}], "paths": {"/a/b": {"get": {"tags": ["t"]}}}});
        let (out, said) = applied(
            &root,
            &with(
                "- {target: $.info, update: {title: b, x-new: {y: 1}}}\n\
                 - {target: \"$.servers[?@.url == 'x']\", remove: true}\n\
                 - {target: $.servers, update: {url: z}}\n\
                 - {target: \"$.paths['/a/b'].get\", update: {tags: [u], deprecated: true}}\n\
                 - {target: $.paths, update: {/c: {}}}\n\
                 - {target: \"$.paths['/c']\", copy: \"$.paths['/a/b']\"}\n\
                 - {target: $.info.title, update: c}\n",
            ),
        );
        let get = json!({"tags": ["t", "u"], "deprecated": true});
        let expected = json!({"info": {"title": "c", "x-new": {"y": 1}}, "servers": [{"url": "y"}, {"url": "z"}],
            "paths": {"/a/b": {"get": get}, "/c": {"get": get}}});
        assert_eq!((out, said), (expected, vec![]));
    }

    #[test]
    fn a_target_that_multiplies_is_not_tried() {
        for path in [
            "$..*..*..*".to_owned(),
            "$..[?$..*]".to_owned(),
            "$..[?@..*]".to_owned(),
            "$[?$.paths.*]".to_owned(),
            format!("${}", "[*,*,*]".repeat(20)),
            format!("$[?{}@.a{}]", "(".repeat(900), ")".repeat(900)),
            format!("$[?{}@.a]", "!".repeat(900)),
            format!("${}", "[?@".repeat(100)),
        ] {
            assert!(costly(&path).is_some(), "{path}");
        }
        for path in [
            "$.paths.*.*",
            "$..[?@.deprecated == true]",
            "$.paths['/a,b?(c)']['get','put','post','delete','options','head','patch','trace'].parameters[?@.name == '$..x']",
        ] {
            assert_eq!(costly(path), None, "{path}");
        }
    }

    #[test]
    fn an_action_that_does_nothing_is_told_with_its_place() {
        let root = json!({"info": {}});
        let (out, said) = applied(
            &root,
            &with(
                "- {target: $.none, remove: true}\n- {target: 'info', update: {}}\n- {target: $, remove: true}\n\
                 - {target: $.info}\n- {update: {}}\n- {target: $..*..*..*, update: 1}\n- {target: $.info, update: 1}\n\
                 - {target: $.info, copy: $.nothing}\n- {target: $.info, copy: $.info, update: {}}\n",
            ),
        );
        assert_eq!(out, root);
        assert_eq!(
            said,
            [
                "overlay-target-not-found fix.yaml#/actions/0/target",
                "overlay-action-invalid fix.yaml#/actions/1/target",
                "overlay-action-invalid fix.yaml#/actions/2/target",
                "overlay-action-invalid fix.yaml#/actions/3",
                "overlay-action-invalid fix.yaml#/actions/4",
                "overlay-action-invalid fix.yaml#/actions/5/target",
                "overlay-action-invalid fix.yaml#/actions/6/update",
                "overlay-action-invalid fix.yaml#/actions/7/copy",
                "overlay-action-invalid fix.yaml#/actions/8",
            ]
        );
        let bomb = with(&"- {target: $.info, copy: $}\n".repeat(40));
        let (_, said) = applied(&json!({"info": {}, "b": [1, 2, 3]}), &bomb);
        assert!(said.iter().any(|s| s.starts_with("overlay-action-invalid")), "{said:?}");
        for (text, code) in [
            ("overlay: 2.0.0\nactions: [{target: $, remove: true}]\n", "overlay-invalid fix.yaml#/overlay"),
            ("overlay: 1.0.0\nactions: []\n", "overlay-invalid fix.yaml#/actions"),
            ("{", "overlay-invalid fix.yaml#"),
        ] {
            assert_eq!(applied(&root, text).1, [code], "{text}");
        }
    }
}
