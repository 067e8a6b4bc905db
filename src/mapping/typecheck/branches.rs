//! Branches of a union that a mapping reads nothing of.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Context, walk};
use crate::base::text::quoted;
use crate::base::yaml::Spanned;
use crate::mapping::Mapping;
use crate::mapping::path::{Path, Segment};
use crate::mapping::rule::Source;
use crate::model::{SchemaId, Schemas};

/// Branches that are looked at; a union of more is looked at no further.
const MOST: usize = 200;

/// A union, and of each branch whether something of it is read or left out on purpose.
struct Union {
    id: SchemaId,
    branches: Vec<(SchemaId, bool)>,
}

/// Places of a record that rules or `unmapped` name.
struct Named {
    /// Named, or with something inside that is.
    touched: BTreeSet<Vec<Segment>>,
    /// Named as they are, with all that is inside.
    whole: BTreeSet<Vec<Segment>>,
}

/// Rules that read a field of some branches only, while nothing of the others is read or left out on purpose.
pub(super) fn unhandled(cx: &mut Context<'_>, mapping: &Mapping, unmapped: &[Spanned<String>]) {
    let left_out = unmapped.iter().filter_map(|u| Path::parse(u).ok());
    let paths: Vec<Path> = mapping.source_paths().into_iter().chain(left_out).collect();
    let mut named = Named { touched: BTreeSet::new(), whole: BTreeSet::new() };
    for path in &paths {
        let segments = path.segments();
        named.touched.extend((1..=segments.len()).filter_map(|n| segments.get(..n)).map(<[Segment]>::to_vec));
        named.whole.insert(segments.to_vec());
    }
    let mut unions: BTreeMap<&[Segment], Option<Union>> = BTreeMap::new();
    let mut told: BTreeSet<&[Segment]> = BTreeSet::new();
    for rule in &mapping.rules {
        let Source::Path(path) = &rule.source else { continue };
        if rule.settles_absence() {
            continue;
        }
        for depth in 0..path.segments().len().min(16) {
            let (prefix, rest) = path.segments().split_at(depth);
            let Some(field) = rest.first().and_then(Segment::key) else { continue };
            let Some(union) = unions.entry(prefix).or_insert_with(|| union(cx, prefix, &named)) else { continue };
            let schemas = cx.source.0;
            let has = |v: SchemaId| schemas.property(v, field).is_some();
            let everywhere = schemas.get(union.id).properties.contains_key(field);
            if everywhere || told.contains(prefix) || !union.branches.iter().any(|(v, _)| has(*v)) {
                continue;
            }
            let lacking = union.branches.iter().filter(|(v, handled)| !handled && !has(*v));
            let lacking: Vec<String> = lacking.map(|(v, _)| name(schemas, *v)).take(6).collect();
            if lacking.is_empty() {
                continue;
            }
            told.insert(prefix);
            let shown = if prefix.is_empty() { "the record".to_owned() } else { quoted(&shown(prefix), 80) };
            let message = format!(
                "only some branches of {shown} have {}, and no rule reads what {} {} instead",
                quoted(field, 60),
                lacking.join(", "),
                if lacking.len() == 1 { "has" } else { "have" }
            );
            let pointer = schemas.get(union.id).pointer.clone();
            let fix = "add a rule for a field of the branch, or name it in unmapped";
            cx.warning(rule.source_at, "union-branch-unhandled", message, fix);
            cx.resting_on(&pointer);
        }
    }
}

/// The union at a path, where there is one of at least two kinds of objects.
fn union(cx: &Context<'_>, prefix: &[Segment], named: &Named) -> Option<Union> {
    let id = schema_at(cx, prefix)?;
    let schemas = cx.source.0;
    let all = schemas.get(id).variants.iter().copied();
    let objects: Vec<SchemaId> = all.filter(|v| !schemas.properties(*v).is_empty()).take(MOST).collect();
    if objects.len() < 2 {
        return None;
    }
    let copied = (1..=prefix.len()).any(|n| prefix.get(..n).is_some_and(|p| named.whole.contains(p)));
    let mut count: BTreeMap<&str, usize> = BTreeMap::new();
    for branch in &objects {
        schemas.properties(*branch).into_keys().for_each(|name| *count.entry(name).or_default() += 1);
    }
    let handled = |branch: SchemaId| {
        let own: Vec<&str> = schemas
            .properties(branch)
            .into_keys()
            .filter(|n| count.get(n).is_some_and(|c| *c < objects.len()))
            .collect();
        // A branch without fields of its own has nothing to lose.
        own.is_empty()
            || own.iter().any(|name| {
                let here: Vec<Segment> = prefix.iter().cloned().chain([Segment::Key((*name).to_owned())]).collect();
                named.touched.contains(&here)
            })
    };
    let branches = objects.iter().map(|branch| (*branch, copied || handled(*branch))).collect();
    Some(Union { id, branches })
}

fn schema_at(cx: &Context<'_>, prefix: &[Segment]) -> Option<SchemaId> {
    match Path::of(prefix.to_vec()) {
        None => prefix.is_empty().then_some(cx.source.1),
        Some(path) => walk(cx.source.0, cx.source.1, &path).ok()?.id,
    }
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
