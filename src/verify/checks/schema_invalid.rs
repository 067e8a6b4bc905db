//! A JSON Schema that is none validates nothing, and nobody notices.

use std::sync::LazyLock;

use jsonschema::Validator;
use serde_json::Value;

use super::resource_malformed::is_deliberate;
use crate::base::pointer;
use crate::base::text::{nearest, quoted};
use crate::base::yaml::Node;
use crate::finding::{Finding, Location, Severity};
use crate::skill::Skill;
use crate::verify::formats::{self, Format};
use crate::verify::template::{self, Kind};
use crate::verify::{Check, Profile, Rule, Subject};

const RULE: Rule = Rule {
    code: "schema-invalid",
    id: "PI013",
    severity: Severity::Error,
    finds: "A JSON Schema breaks the rules of its own draft, or refers to a definition that it does not have.",
    source: "JSON Schema, the metaschema of the draft that $schema names; 2020-12 where none is named",
};

pub(super) const CHECK: Check = Check { rules: &[RULE], profile: Profile::Sync, run };

fn run(subject: &Subject<'_>) -> Vec<Finding> {
    subject.skills().flat_map(|skill| of(skill, subject)).collect()
}

fn of(skill: &Skill, subject: &Subject<'_>) -> Vec<Finding> {
    let files = skill.files(&subject.project.tree).filter(|(path, _)| {
        template::kind(path) != Kind::Named
            && !is_deliberate(path)
            && matches!(template::format(path), Some(Format::Json | Format::Yaml))
    });
    files.flat_map(|(path, file)| file.text().map(|text| schema(subject, path, text)).unwrap_or_default()).collect()
}

fn schema(subject: &Subject<'_>, path: &str, text: &str) -> Vec<Finding> {
    let named = path.rsplit('/').next().is_some_and(|n| n.contains(".schema."));
    if !named && !text.contains("json-schema.org/") {
        return Vec::new();
    }
    let Ok(documents) = formats::yaml(text) else { return Vec::new() };
    let [root] = documents.as_slice() else { return Vec::new() };
    let value = root.to_value();
    let draft = value.get("$schema").and_then(Value::as_str).unwrap_or_default();
    // `$schema` of another place says what an instance is held to: this is no schema.
    if !draft.is_empty() && !draft.contains("json-schema.org/") || draft.is_empty() && !named {
        return Vec::new();
    }
    let mut out: Vec<Finding> = Vec::new();
    let place = |pointer: &str| Location::at(subject.project.show(path), root.locate(pointer));
    if let Some(meta) = metaschema(draft) {
        for error in meta.iter_errors(&value).take(5) {
            let pointer = error.instance_path().to_string();
            let because = format!("{} of the schema: {}", shown(&pointer), quoted(&error.to_string(), 160));
            out.push(RULE.at(place(&pointer), because).fix("write what the draft allows there"));
        }
    }
    for (at, name, near) in required(root).into_iter().take(5) {
        let at = Location::at(subject.project.show(path), at);
        let because = format!("{} is required, and the schema describes {}", quoted(&name, 60), quoted(&near, 60));
        let found = RULE.at(at, because).fix(format!("write {near}, or describe {name}")).near(Some(&near));
        out.push(Finding { severity: Severity::Warning, ..found });
    }
    for (at, target) in dangling(root, &value).into_iter().take(5) {
        let keys = definitions(&value);
        let near = nearest(&target, keys.iter().map(String::as_str));
        let fix = near.map_or_else(|| "define it, or refer to what there is".to_owned(), |n| format!("write {n}"));
        let at = Location::at(subject.project.show(path), at);
        out.push(RULE.at(at, format!("{} leads to nothing in this schema", quoted(&target, 120))).fix(fix).near(near));
    }
    out
}

fn shown(pointer: &str) -> &str {
    if pointer.is_empty() { "the top" } else { pointer }
}

/// The validator of a draft's own rules; nothing for a draft that is not known.
fn metaschema(draft: &str) -> Option<&'static Validator> {
    type Meta = LazyLock<Option<Validator>>;
    static D2020: Meta = LazyLock::new(|| of_meta("https://json-schema.org/draft/2020-12/schema"));
    static D2019: Meta = LazyLock::new(|| of_meta("https://json-schema.org/draft/2019-09/schema"));
    static D7: Meta = LazyLock::new(|| of_meta("http://json-schema.org/draft-07/schema"));
    static D6: Meta = LazyLock::new(|| of_meta("http://json-schema.org/draft-06/schema"));
    static D4: Meta = LazyLock::new(|| of_meta("http://json-schema.org/draft-04/schema"));
    let known: [(&str, &Meta); 5] =
        [("2020-12", &D2020), ("2019-09", &D2019), ("draft-07", &D7), ("draft-06", &D6), ("draft-04", &D4)];
    if draft.is_empty() {
        return D2020.as_ref();
    }
    known.iter().find(|(name, _)| draft.contains(name)).and_then(|(_, meta)| meta.as_ref())
}

fn of_meta(uri: &str) -> Option<Validator> {
    jsonschema::validator_for(&serde_json::json!({"$ref": uri, "$schema": uri})).ok()
}

/// Each `$ref` into the same document that leads nowhere. Where a part has an `$id`, its references start there, and
/// nothing is said.
fn dangling(root: &Node, value: &Value) -> Vec<(crate::base::yaml::Span, String)> {
    let mut out = Vec::new();
    let mut nodes = vec![root];
    while let Some(node) = nodes.pop() {
        if let Some(target) = node.get("$ref").and_then(|r| Some((r.at, r.as_str()?)))
            && let (at, target) = target
            && let Some(fragment) = target.strip_prefix('#').filter(|f| f.is_empty() || f.starts_with('/'))
        {
            let fragment = percent_encoding::percent_decode_str(fragment).decode_utf8_lossy();
            if value.pointer(&fragment).is_none() {
                out.push((at, target.to_owned()));
            }
        }
        let inner = |n: &Node| n.get("$id").is_some_and(|id| id.as_str().is_some_and(|id| !id.starts_with('#')));
        if let Some(entries) = node.entries() {
            // What is given as an example, default or constant is data.
            let parts = entries.iter().filter(|e| !matches!(e.key.as_str(), "examples" | "default" | "const" | "enum"));
            nodes.extend(parts.map(|e| &e.value).filter(|n| !inner(n)));
        }
        nodes.extend(node.items().unwrap_or_default().iter().filter(|n| !inner(n)));
    }
    out
}

/// Each name that is required, and nearly one that is described: a slip of the pen, or a rename by halves.
fn required(root: &Node) -> Vec<(crate::base::yaml::Span, String, String)> {
    let mut out = Vec::new();
    let mut nodes = vec![root];
    while let Some(node) = nodes.pop() {
        if let (Some(described), Some(names)) =
            (node.get("properties").and_then(Node::entries), node.get("required").and_then(Node::items))
        {
            let wanted: Vec<&str> = names.iter().filter_map(Node::as_str).collect();
            for name in names {
                let text = name.as_str().filter(|t| t.len() > 3 && !described.iter().any(|e| e.key == *t));
                let Some(text) = text else { continue };
                let mut free = described.iter().map(|e| e.key.as_str()).filter(|k| !wanted.contains(k));
                if let Some(near) = free.find(|k| strsim::osa_distance(k, text) <= 2) {
                    out.push((name.at, text.to_owned(), near.to_owned()));
                }
            }
        }
        if let Some(entries) = node.entries() {
            let parts = entries.iter().filter(|e| !matches!(e.key.as_str(), "examples" | "default" | "const" | "enum"));
            nodes.extend(parts.map(|e| &e.value));
        }
        nodes.extend(node.items().unwrap_or_default());
    }
    out
}

fn definitions(value: &Value) -> Vec<String> {
    ["$defs", "definitions"]
        .into_iter()
        .filter_map(|key| Some((key, value.get(key)?.as_object()?)))
        .flat_map(|(key, map)| map.keys().map(move |name| format!("#/{key}/{}", pointer::escape(name))))
        .collect()
}
