//! Branches of a union that a mapping reads nothing of.

use serde_json::Value;

use super::{Context, walk};
use crate::base::text::quoted;
use crate::base::yaml::Spanned;
use crate::mapping::Mapping;
use crate::mapping::path::{Path, Segment};
use crate::mapping::rule::Source;
use crate::model::{SchemaId, Schemas};

/// Rules that read a field of some branches only, while nothing of the others is read or left out on purpose.
pub(super) fn unhandled(cx: &mut Context<'_>, mapping: &Mapping, unmapped: &[Spanned<String>]) {
    let read: Vec<Path> = mapping.source_paths();
    let left_out: Vec<Path> = unmapped.iter().filter_map(|u| Path::parse(u).ok()).collect();
    let mut told: Vec<&[Segment]> = Vec::new();
    for rule in &mapping.rules {
        let Source::Path(path) = &rule.source else { continue };
        if rule.default.is_some() {
            continue;
        }
        for depth in 0..path.segments().len() {
            let (prefix, rest) = path.segments().split_at(depth);
            let Some(field) = rest.first().and_then(Segment::key) else { continue };
            let Some(union) = schema_at(cx, prefix) else { continue };
            let schemas = cx.source.0;
            let schema = schemas.get(union);
            if schema.variants.len() < 2 || schema.properties.contains_key(field) || told.contains(&prefix) {
                continue;
            }
            let objects = || schema.variants.iter().filter(|v| !schemas.properties(**v).is_empty());
            let has = |v: SchemaId| schemas.property(v, field).is_some();
            if !objects().any(|v| has(*v)) {
                continue;
            }
            let handled = |v: SchemaId| {
                let own = own_fields(schemas, v, schema.variants.as_slice());
                own.is_empty()
                    || own.iter().any(|name| {
                        let here: Vec<Segment> =
                            prefix.iter().cloned().chain([Segment::Key((*name).to_owned())]).collect();
                        let touches = |p: &Path| p.segments().starts_with(&here);
                        let whole = |p: &Path| !p.segments().is_empty() && here.starts_with(p.segments());
                        read.iter().any(|p| touches(p) || (whole(p) && p.segments().len() <= prefix.len()))
                            || left_out.iter().any(|p| touches(p) || whole(p))
                    })
            };
            let lacking: Vec<String> =
                objects().filter(|v| !has(**v) && !handled(**v)).map(|v| name(schemas, *v)).take(6).collect();
            if lacking.is_empty() {
                continue;
            }
            told.push(prefix);
            let union = if prefix.is_empty() { "the record".to_owned() } else { quoted(&shown(prefix), 80) };
            let message = format!(
                "only some branches of {union} have {field}, and no rule reads what {} {} instead",
                lacking.join(", "),
                if lacking.len() == 1 { "has" } else { "have" }
            );
            let fix = "add a rule for a field of the branch, or name it in unmapped";
            cx.warning(rule.source_at, "union-branch-unhandled", message, fix);
            cx.resting_on(&cx.source.0.get(schema_at(cx, prefix).unwrap_or(cx.source.1)).pointer.clone());
        }
    }
}

fn schema_at(cx: &Context<'_>, prefix: &[Segment]) -> Option<SchemaId> {
    match Path::of(prefix.to_vec()) {
        None => prefix.is_empty().then_some(cx.source.1),
        Some(path) => walk(cx.source.0, cx.source.1, &path).ok()?.id,
    }
}

/// Fields that this branch has and another lacks.
fn own_fields<'s>(schemas: &'s Schemas, id: SchemaId, all: &[SchemaId]) -> Vec<&'s str> {
    let objects = || all.iter().filter(|v| !schemas.properties(**v).is_empty());
    let shared = |name: &str| objects().all(|v| schemas.property(*v, name).is_some());
    schemas.properties(id).into_keys().filter(|n| !shared(n)).collect()
}

/// A branch by its component, or by the value that tells it apart.
fn name(schemas: &Schemas, id: SchemaId) -> String {
    let schema = schemas.get(id);
    if let Some(name) = &schema.name {
        return quoted(name, 40);
    }
    let told = schemas.properties(id).values().find_map(|p| match schemas.get(p).values.as_deref() {
        Some([Value::String(only)]) => Some(quoted(only, 40)),
        _ => None,
    });
    told.unwrap_or_else(|| "another branch".to_owned())
}

fn shown(segments: &[Segment]) -> String {
    Path::of(segments.to_vec()).map_or_else(String::new, |p| p.to_string())
}
