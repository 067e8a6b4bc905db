//! The fields of a record, a parameter or a body, as an answer lists them: dotted path, type, and the rules that a value
//! must keep.

use schemars::JsonSchema;
use serde::Serialize;

use crate::base::text;
use crate::model::{Additional, Schema, SchemaId, Schemas, System};
use crate::readers::Around;

/// One field of a record, a parameter or a body.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct FieldOut {
    /// Dotted path; [] marks the items of a list.
    pub path: String,
    /// "string", "integer or null" ...
    pub r#type: String,
    /// Format, limits, enum values, read-only: what a mapping must respect.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub rules: String,
    /// Must be present.
    pub required: bool,
}

/// Most fields listed of one schema; a page shows far fewer.
const MOST: usize = 2_000;
/// Most values of an enumeration that are named.
const VALUES: usize = 24;

/// Levels of a record that are shown: what lies deeper is mostly another entity's.
pub(super) const OF_RECORD: usize = 3;
/// Levels of a request that are shown: whoever sends it has to know them all, and deeper ones are not met in practice.
pub(super) const OF_REQUEST: usize = 6;

/// Fields of a schema, nested ones by dotted path, so many levels deep. `named` is what it is the record of.
pub(super) fn of(system: &System, named: &str, id: SchemaId, levels: usize) -> Vec<FieldOut> {
    let mut walk = Walk { schemas: &system.schemas, levels, path: vec![id], out: Vec::new() };
    // A bare list, as bulk operations take it, and what is no object at all.
    let mut root = id;
    let mut prefix = String::new();
    while let Some(items) = system.schemas.get(root).items {
        prefix.push_str("[]");
        root = items;
        if prefix.len() > 6 {
            break;
        }
    }
    if !prefix.is_empty() {
        let (kind, rules) = describe(&system.schemas, system.schemas.get(id));
        walk.out.push(FieldOut { path: "[]".to_owned(), r#type: kind, rules, required: true });
        prefix.push('.');
    }
    walk.path.push(root);
    walk.collect(named, root, &prefix, 0);
    walk.out
}

struct Walk<'s> {
    schemas: &'s Schemas,
    levels: usize,
    /// Schemas that we are inside of.
    path: Vec<SchemaId>,
    out: Vec<FieldOut>,
}

impl Walk<'_> {
    fn collect(&mut self, named: &str, id: SchemaId, prefix: &str, depth: usize) {
        let around = Around::new(self.schemas, named, id);
        let fields: Vec<(&str, SchemaId)> = around.fields().collect();
        for (name, property) in fields {
            if self.out.len() > MOST {
                return;
            }
            let schema = self.schemas.get(property);
            let required = self.schemas.property(id, name).is_some_and(|(_, r)| r);
            let (kind, mut rules) = describe(self.schemas, schema);
            if let Some(told) = around.judge(name, property) {
                let data =
                    if told.kind.as_str() == "secret" { "secret" } else { &format!("{} data", told.kind.as_str()) };
                rules = join(&rules, data);
            }
            let here = format!("{prefix}{name}");
            let (mut inner, mut mark) = (property, String::new());
            while let Some(items) = self.schemas.get(inner).items.filter(|_| mark.len() < 6) {
                inner = items;
                mark.push_str("[]");
            }
            let has_more = self.schemas.get(inner).name.is_some() || !self.schemas.get(inner).properties.is_empty();
            let has_more = has_more && !self.schemas.properties(inner).is_empty();
            let descends = has_more && depth + 1 < self.levels && !self.path.contains(&inner);
            if has_more && !descends {
                let known = self.schemas.get(inner).name.as_deref();
                let of = known.map(|n| format!(" of {}", text::quoted(n, 60))).unwrap_or_default();
                rules = join(&rules, &format!("fields{of} not shown here"));
            }
            self.out.push(FieldOut { path: here.clone(), r#type: kind, rules, required });
            if descends {
                self.path.push(inner);
                self.collect(name, inner, &format!("{here}{mark}."), depth + 1);
                self.path.pop();
            }
        }
    }
}

fn join(rules: &str, more: &str) -> String {
    if rules.is_empty() { more.to_owned() } else { format!("{rules}; {more}") }
}

/// Type and rules of a schema, for people. A list says what it is a list of.
pub(super) fn describe(schemas: &Schemas, s: &Schema) -> (String, String) {
    let (kind, rules) = match s.items.map(|id| schemas.get(id)) {
        Some(items) => {
            let null = if s.nullable() { " or null" } else { "" };
            let mut all = Vec::new();
            if let Some(n) = s.min_items.filter(|n| *n > 0) {
                all.push(format!("at least {}", text::plural(n, "item")));
            }
            if let Some(n) = s.max_items {
                all.push(format!("at most {}", text::plural(n, "item")));
            }
            if s.unique_items {
                all.push("no two equal".to_owned());
            }
            all.extend(rules(schemas, items));
            all.extend(marks(s));
            (format!("array of {}{null}", items.types), all)
        }
        None => {
            let mut all = rules(schemas, s);
            all.extend(marks(s));
            (s.types.to_string(), all)
        }
    };
    (kind, rules.join("; "))
}

/// What a value must keep to.
fn rules(schemas: &Schemas, s: &Schema) -> Vec<String> {
    let mut rules: Vec<String> = Vec::new();
    if let Some(f) = &s.format {
        rules.push(text::quoted(f, 30));
    }
    if let Some(v) = &s.values {
        let shown: Vec<String> =
            v.iter().take(VALUES).map(|v| v.as_str().map_or_else(|| v.to_string(), |s| text::quoted(s, 40))).collect();
        let more = if v.len() > VALUES { format!("|… ({} in all)", v.len()) } else { String::new() };
        rules.push(format!("one of {}{more}", shown.join("|")));
    }
    if let Some(m) = s.min_length.filter(|m| *m > 1) {
        rules.push(format!("at least {m} characters"));
    }
    if let Some(m) = s.max_length {
        rules.push(format!("at most {m} characters"));
    }
    if let Some(m) = &s.minimum {
        rules.push(format!("{} {m}", if s.exclusive_minimum { "above" } else { "from" }));
    }
    if let Some(m) = &s.maximum {
        rules.push(format!("{} {m}", if s.exclusive_maximum { "below" } else { "up to" }));
    }
    if let Some(m) = &s.multiple_of {
        rules.push(format!("a multiple of {m}"));
    }
    if let Some(p) = &s.pattern {
        rules.push(format!("matches {}", text::quoted(p, 60)));
    }
    if let Some(n) = s.min_properties.filter(|n| *n > 0) {
        rules.push(format!("at least {}", text::plural(n, "property")));
    }
    if let Some(n) = s.max_properties {
        rules.push(format!("at most {}", text::plural(n, "property")));
    }
    for (name, needed) in s.needs.iter().take(VALUES) {
        let needed = text::quoted(&needed.iter().cloned().collect::<Vec<_>>().join(", "), 80);
        rules.push(format!("{} asks for {needed}", text::quoted(name, 40)));
    }
    if let Additional::Of(values) = s.additional {
        rules.push(format!("a map of {}", schemas.get(values).types));
    }
    if s.variants.len() > 1 {
        let apart = s.discriminator.as_deref().map(|d| format!(", told apart by {}", text::quoted(d, 60)));
        let count = text::plural(s.variants.len() as u64, "variant");
        rules.push(format!("one of {count}{}", apart.unwrap_or_default()));
    }
    rules
}

/// What is said of the field itself.
fn marks(s: &Schema) -> Vec<String> {
    let mut marks = Vec::new();
    if let Some(default) = s.default.as_ref().filter(|d| !d.is_null() && !d.is_object() && !d.is_array()) {
        let shown = default.as_str().map_or_else(|| default.to_string(), |s| text::quoted(s, 40));
        if !shown.is_empty() {
            marks.push(format!("default {shown}"));
        }
    }
    for (is, word) in [(s.read_only, "read-only"), (s.write_only, "write-only"), (s.deprecated, "deprecated")] {
        if is {
            marks.push(word.to_owned());
        }
    }
    marks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::readers::read_bytes;

    #[test]
    fn what_a_value_must_keep_is_said_in_full() {
        let text = "openapi: 3.1.0\ninfo: {title: T, version: '1'}\npaths:\n  /a: {post: {operationId: a, requestBody: {content: {application/json: {schema: \
            {type: array, maxItems: 50, items: {$ref: '#/components/schemas/A'}}}}}, responses: {}}}\ncomponents:\n  schemas:\n    A:\n      type: object\n      \
            required: [tags]\n      properties:\n        tags: {type: array, minItems: 1, items: {type: string, enum: [x, y]}}\n        n: {type: integer, exclusiveMinimum: 0, \
            maximum: 9, default: 3}\n        email: {type: string, maxLength: 80}\n        by: {type: object, additionalProperties: {type: integer}}\n        parent: {$ref: '#/components/schemas/A'}\n";
        let system = read_bytes(text.as_bytes(), "t.yaml").system.expect("readable");
        let body = system.operations[0].body.as_ref().and_then(|b| b.schema).expect("a body");
        let lines: Vec<String> = of(&system, "a", body, OF_REQUEST)
            .into_iter()
            .map(|f| format!("{}{}: {} | {}", f.path, if f.required { "!" } else { "" }, f.r#type, f.rules))
            .collect();
        insta::assert_snapshot!(lines.join("\n"), @r"
        []!: array of object | at most 50 items
        [].tags!: array of string | at least 1 item; one of x|y
        [].n: integer | above 0; up to 9; default 3
        [].email: string | at most 80 characters; personal data
        [].by: object | a map of integer
        [].parent: object | fields of A not shown here
        ");
    }
}
