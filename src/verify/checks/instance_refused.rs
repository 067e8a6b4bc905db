//! A file that says which schema it is held to, or lies beside the schema of its name, fits it.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use super::is_deliberate;
use crate::base::text::quoted;
use crate::base::yaml::Node;
use crate::finding::{Finding, Location, Severity};
use crate::skill::{Skill, Tree, resolve};
use crate::verify::formats::{self, Format};
use crate::verify::paths::{dir_of, name_of};
use crate::verify::template::{self, Kind};
use crate::verify::{Check, Profile, Rule, Subject, texts};

/// The line by which editors are told of a YAML file's schema.
static MODELINE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?m)^#\s*yaml-language-server:\s*\$schema=(\S+)").expect("a constant pattern"));

/// The most that is said of one file.
const MOST: usize = 4;

const RULE: Rule = Rule {
    code: "instance-refused",
    id: "PI013",
    severity: Severity::Error,
    finds: "A data file breaks the schema that it names, or the one of its own name that lies beside it.",
    source: "JSON Schema 2020-12; the procedure: contracts are schemas, and examples keep them",
};

pub(super) const CHECK: Check = Check { rules: &[RULE], profile: Profile::Sync, run };

fn run(subject: &Subject<'_>) -> Vec<Finding> {
    subject.skills().flat_map(|skill| of(skill, subject)).collect()
}

fn of(skill: &Skill, subject: &Subject<'_>) -> Vec<Finding> {
    let tree = &subject.project.tree;
    let mut out = Vec::new();
    for (path, file) in skill.files(tree) {
        if template::kind(path) == Kind::Named || is_deliberate(path) || texts::is_fixture(path) || is_schema(path) {
            continue;
        }
        let Some(format @ (Format::Json | Format::Yaml)) = template::format(path) else { continue };
        let Some(text) = file.text() else { continue };
        if template::has_statements(text) {
            continue;
        }
        let Ok(documents) = formats::yaml(text) else { continue };
        let [root] = documents.as_slice() else { continue };
        let Some(schema) = schema_of(tree, path, text, root, format) else { continue };
        let Some(rules) = tree.text(&schema).and_then(|t| formats::yaml(t).ok()) else { continue };
        let [rules] = rules.as_slice() else { continue };
        // What it refers to elsewhere is not fetched: then nothing is said.
        let Ok(validator) = jsonschema::validator_for(&rules.to_value()) else { continue };
        let mut value = root.to_value();
        let closed = validator.is_valid(&value);
        if !closed && let Value::Object(map) = &mut value {
            // The key that names the schema need not be a part of it.
            map.remove("$schema");
        }
        for error in validator.iter_errors(&value).take(MOST) {
            let pointer = error.instance_path().to_string();
            let at = if pointer.is_empty() { "the file".to_owned() } else { quoted(&pointer, 80) };
            let because = format!("{at} does not fit {}: {}", name_of(&schema), quoted(&error.to_string(), 160));
            let place = Location::at(subject.project.show(path), root.locate(&pointer));
            out.push(RULE.at(place, because).fix(format!("write what {schema} allows, or allow it there")));
        }
    }
    out
}

fn is_schema(path: &str) -> bool {
    name_of(path).contains(".schema.")
}

/// The schema of a file: the one that it names, else the one of its name in the same directory.
fn schema_of(tree: &Tree, path: &str, text: &str, root: &Node, format: Format) -> Option<String> {
    let local = |named: &str| {
        let plain = named.split('#').next().unwrap_or(named);
        let outside = plain.contains("://") || plain.starts_with('/') || plain.is_empty();
        resolve(dir_of(path), plain).filter(|p| !outside && tree.has(p))
    };
    if let Some(named) = root.get("$schema").and_then(Node::as_str) {
        return local(named);
    }
    if format == Format::Yaml
        && let Some(named) = MODELINE.captures(text).and_then(|c| c.get(1))
    {
        return local(named.as_str());
    }
    let (stem, _) = path.rsplit_once('.')?;
    ["json", "yaml", "yml"].into_iter().map(|e| format!("{stem}.schema.{e}")).find(|s| tree.has(s))
}
