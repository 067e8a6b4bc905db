//! `skill.lock.json`: what a skill was when somebody last said that it is right. Each file by digest, the version, and
//! what its server's tools promised.
//!
//! ```json
//! {"lock_version": 1, "skill": "demo", "version": "1.0.0",
//!  "files": {"SKILL.md": {"sha256": "…", "size": 12}, "../../examples/a.yaml": {"sha256": "…", "size": 3}},
//!  "server": {"name": "demo", "version": "1.2.0"},
//!  "tools": {"map": {"arguments": {"/name": {"types": ["string"], "required": true}}, "hints": {"readOnly": true}}}}
//! ```

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::probe::{Surface, Tool};
use crate::skill::{Content, Project, Skill};

/// The name of the file, in the skill's directory.
pub const FILE: &str = "skill.lock.json";
/// The form that is written.
pub const FORM: u64 = 1;

/// A lock.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lock {
    /// The form: [`FORM`].
    pub lock_version: u64,
    /// The skill's name.
    pub skill: String,
    /// Its version; empty where it says none.
    #[serde(default)]
    pub version: String,
    /// Its files, and those of its artifacts, by path from the skill's directory.
    pub files: BTreeMap<String, Locked>,
    /// The server that the tools are of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<LockedServer>,
    /// What each tool promised; empty where no server was asked.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tools: BTreeMap<String, Promise>,
}

/// A file, as it was.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Locked {
    /// SHA-256 of its bytes, 64 hex digits; nothing for a link, and for a file too large to be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Its bytes.
    #[serde(default)]
    pub size: u64,
    /// Where it leads, for a symbolic link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
}

/// A server, as it called itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockedServer {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// What callers of a tool rely on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Promise {
    /// Its arguments, by path: `/filter/name`, `/ids/*`.
    #[serde(default)]
    pub arguments: BTreeMap<String, Field>,
    /// Whether it refuses arguments that it does not name.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub closed: bool,
    /// The fields of its structured content, likewise.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub result: BTreeMap<String, Field>,
    /// What it says of its effects, defaults filled in.
    pub hints: Hints,
}

/// One argument or field of a result.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// Its types; empty for any.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub types: BTreeSet<String>,
    /// Whether it must be there, when what holds it is.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub required: bool,
    /// The values that it may have, as JSON; empty for any.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub values: BTreeSet<String>,
}

/// The hints of a tool, with the protocol's defaults for what it does not say.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Hints {
    /// It changes nothing.
    pub read_only: bool,
    /// It may destroy.
    pub destructive: bool,
    /// Calling it twice is calling it once.
    pub idempotent: bool,
    /// It reaches beyond what the server holds.
    pub open_world: bool,
}

impl Lock {
    /// The lock of a skill as it is now.
    #[must_use]
    pub fn of<'s>(project: &Project, skill: &Skill, surfaces: impl IntoIterator<Item = &'s Surface>) -> Self {
        let mut lock = Self {
            lock_version: FORM,
            skill: skill.name().to_owned(),
            version: version_of(skill),
            files: files(project, skill),
            server: None,
            tools: BTreeMap::new(),
        };
        for surface in surfaces {
            if lock.server.is_none() {
                lock.server = Some(LockedServer { name: surface.name.clone(), version: surface.version.clone() });
            }
            for tool in &surface.tools {
                lock.tools.entry(tool.name.clone()).or_insert_with(|| Promise::of(tool));
            }
        }
        lock
    }

    /// As it is written: two blanks of indentation and a line break at the end.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }
}

/// The version that a skill gives itself: `metadata.version`, else `version`.
#[must_use]
pub fn version_of(skill: &Skill) -> String {
    skill.front.as_ref().map(|front| version_in(&front.node)).unwrap_or_default()
}

pub(super) fn version_in(front: &crate::base::yaml::Node) -> String {
    let version = front.get("metadata").and_then(|m| m.get("version")).or_else(|| front.get("version"));
    match version.map(crate::base::yaml::Node::to_value) {
        Some(Value::String(text)) => text,
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    }
}

/// A path as seen from the skill's directory.
pub(super) fn from_skill(skill: &Skill, path: &str) -> String {
    if skill.base.is_empty() {
        return path.to_owned();
    }
    match path.strip_prefix(skill.base.as_str()).and_then(|rest| rest.strip_prefix('/')) {
        Some(inner) => inner.to_owned(),
        None => format!("{}{path}", "../".repeat(skill.base.split('/').count())),
    }
}

/// The files of a skill as a lock holds them; not the lock itself.
pub(super) fn files(project: &Project, skill: &Skill) -> BTreeMap<String, Locked> {
    let own = skill.path(FILE);
    let mut out = BTreeMap::new();
    for (path, file) in skill.files(&project.tree).filter(|(path, _)| *path != own) {
        let digest = || project.tree.digest(path).and_then(|d| Some(d.as_str().strip_prefix("sha256:")?.to_owned()));
        let locked = match &file.content {
            Content::Text(text) => Locked { sha256: digest(), size: text.len() as u64, link: None },
            Content::Binary(bytes) => Locked { sha256: digest(), size: bytes.len() as u64, link: None },
            Content::TooLarge(size) => Locked { sha256: digest(), size: *size, link: None },
            Content::Link(target) => Locked { sha256: None, size: 0, link: Some(target.clone()) },
            Content::Unreadable(_) => continue,
        };
        out.insert(from_skill(skill, path), locked);
    }
    out
}

impl Promise {
    /// What a tool promises as it is listed.
    #[must_use]
    pub fn of(tool: &Tool) -> Self {
        let hint = |key: &str| tool.annotations.get(key).and_then(Value::as_bool);
        let read_only = hint("readOnlyHint").unwrap_or(false);
        let fields = |schema: &Value| {
            let mut out = BTreeMap::new();
            walk(schema, schema, "", 0, &mut out);
            out
        };
        Self {
            arguments: fields(&tool.input),
            closed: tool.input.get("additionalProperties") == Some(&Value::Bool(false)),
            result: tool.output.as_ref().map(fields).unwrap_or_default(),
            hints: Hints {
                read_only,
                // The two mean something only for a tool that changes anything.
                destructive: !read_only && hint("destructiveHint").unwrap_or(true),
                idempotent: read_only || hint("idempotentHint").unwrap_or(false),
                open_world: hint("openWorldHint").unwrap_or(true),
            },
        }
    }
}

/// How deep a schema is followed: a circle of references ends there.
const DEPTH: usize = 6;
/// How many fields of one tool are kept.
const FIELDS: usize = 500;

fn walk(root: &Value, schema: &Value, at: &str, depth: usize, out: &mut BTreeMap<String, Field>) {
    if depth > DEPTH {
        return;
    }
    let schema = resolve(root, schema);
    for part in branches(schema) {
        walk(root, part, at, depth + 1, out);
    }
    let required: BTreeSet<&str> =
        schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    for (name, field) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
        if out.len() >= FIELDS {
            return;
        }
        let path = format!("{at}/{}", crate::base::pointer::escape(name));
        let mut found = shape(root, field, 0);
        found.required = required.contains(name.as_str());
        out.entry(path.clone()).or_insert(found);
        walk(root, field, &path, depth + 1, out);
    }
    if let Some(items) = schema.get("items").filter(|i| i.is_object()) {
        walk(root, items, &format!("{at}/*"), depth + 1, out);
    }
}

fn branches(schema: &Value) -> impl Iterator<Item = &Value> {
    ["anyOf", "oneOf", "allOf"].into_iter().filter_map(|key| schema.get(key)?.as_array()).flatten()
}

fn resolve<'v>(root: &'v Value, schema: &'v Value) -> &'v Value {
    let mut schema = schema;
    for _ in 0..DEPTH {
        let target = schema.get("$ref").and_then(Value::as_str).and_then(|r| r.strip_prefix('#'));
        match target.and_then(|pointer| root.pointer(pointer)) {
            Some(next) => schema = next,
            None => break,
        }
    }
    schema
}

/// The types and values of one field, whatever branches it has.
fn shape(root: &Value, schema: &Value, depth: usize) -> Field {
    let schema = resolve(root, schema);
    let mut field = Field::default();
    match schema.get("type") {
        Some(Value::String(one)) => {
            field.types.insert(one.clone());
        }
        Some(Value::Array(many)) => field.types.extend(many.iter().filter_map(Value::as_str).map(str::to_owned)),
        _ => {}
    }
    if let Some(values) = schema.get("enum").and_then(Value::as_array) {
        field.values.extend(values.iter().map(Value::to_string));
    }
    field.values.extend(schema.get("const").map(Value::to_string));
    let alternatives: Vec<&Value> =
        ["anyOf", "oneOf"].into_iter().filter_map(|key| schema.get(key)?.as_array()).flatten().collect();
    if field.types.is_empty() && !alternatives.is_empty() && depth < DEPTH {
        let shapes: Vec<Field> = alternatives.iter().map(|a| shape(root, a, depth + 1)).collect();
        // One branch that takes anything takes anything.
        if shapes.iter().all(|s| !s.types.is_empty() || !s.values.is_empty()) {
            field.types.extend(shapes.iter().flat_map(|s| s.types.clone()));
        }
        let closed = |s: &Field| !s.values.is_empty() || s.types.iter().all(|t| t == "null") && !s.types.is_empty();
        if shapes.iter().all(closed) {
            field.values.extend(shapes.iter().flat_map(|s| s.values.clone()));
            if shapes.iter().any(|s| s.values.is_empty()) {
                field.values.insert("null".to_owned());
            }
        }
    }
    field
}
