//! Nothing required is left empty, nothing of the source is left out by accident.

use std::collections::BTreeSet;

use super::{Context, Stop, among, walk};
use crate::base::text::{nearest, quoted};
use crate::base::yaml::{Span, Spanned};
use crate::mapping::Mapping;
use crate::mapping::path::{Path, Segment};
use crate::model::{SchemaId, TypeSet};

/// Required target fields that no rule writes. Rules that did not compile count as written: they have been reported.
pub(super) fn required(cx: &mut Context<'_>, mapping: &Mapping, without_rules: Span) {
    let written = Written::of(mapping.rules.iter().map(|r| &r.target).chain(&mapping.left_out));
    let at = mapping.rules.first().map_or(without_rules, |r| r.at);
    for (path, pointer) in missing(cx, &written, cx.target.1, &[], 0) {
        let message = format!("the target requires {}, which no rule writes", quoted(&path, 80));
        cx.error(at, "required-target-unmapped", message, "add a rule for it, a constant if need be");
        cx.resting_on(&pointer);
    }
    let mut lacking = Vec::new();
    companions(cx, &written, cx.target.1, &[], 0, &mut lacking);
    for (path, beside, pointer) in lacking {
        let (path, beside) = (quoted(&path, 80), quoted(&beside, 80));
        let message = format!("the target requires {path} where {beside} is written, and no rule writes it");
        cx.error(
            at,
            "required-target-unmapped",
            message,
            format!("add a rule for {path}, or take out that of {beside}"),
        );
        cx.resting_on(&pointer);
    }
}

/// A field that is written and asks for another beside it (`dependentRequired`), which no rule writes.
fn companions(
    cx: &Context<'_>,
    written: &Written<'_>,
    id: SchemaId,
    prefix: &[Segment],
    depth: usize,
    out: &mut Vec<(String, String, String)>,
) {
    let schema = cx.target.0.get(id);
    if depth > 8 || written.whole.contains(prefix) {
        return;
    }
    let below =
        |name: &str| -> Vec<Segment> { prefix.iter().cloned().chain([Segment::Key(name.to_owned())]).collect() };
    for (name, needed) in schema.needs.iter().filter(|(name, _)| written.touched.contains(below(name).as_slice())) {
        for lacking in needed.iter().map(|n| below(n)).filter(|n| !written.touched.contains(n.as_slice())) {
            out.push((shown(&lacking), shown(&below(name)), schema.pointer.clone()));
        }
    }
    for (name, property) in &schema.properties {
        let here = below(name);
        if written.touched.contains(here.as_slice()) {
            companions(cx, written, *property, &here, depth + 1, out);
        }
    }
}

/// What is written, to be asked for each field of a schema without going through all rules.
struct Written<'m> {
    /// As a rule writes it.
    whole: BTreeSet<&'m [Segment]>,
    /// As a rule writes it, or with something inside that one writes.
    touched: BTreeSet<&'m [Segment]>,
}

impl<'m> Written<'m> {
    fn of(targets: impl Iterator<Item = &'m Path>) -> Self {
        let mut written = Self { whole: BTreeSet::new(), touched: BTreeSet::new() };
        for target in targets {
            let segments = target.segments();
            written.whole.insert(segments);
            written.touched.extend((1..=segments.len()).filter_map(|n| segments.get(..n)));
        }
        written
    }

    /// The items of a list at `prefix` that are written one by one.
    fn indexes(&self, prefix: &[Segment]) -> BTreeSet<usize> {
        let first: Vec<Segment> = prefix.iter().cloned().chain([Segment::Index(0)]).collect();
        let item = |w: &[Segment]| match w.strip_prefix(prefix).and_then(<[Segment]>::first) {
            Some(Segment::Index(i)) => Some(*i),
            _ => None,
        };
        self.touched.range(first.as_slice()..).map_while(|w| item(w)).collect()
    }
}

/// Paths and pointers of what lacks below `prefix`.
fn missing(
    cx: &Context<'_>,
    written: &Written<'_>,
    id: SchemaId,
    prefix: &[Segment],
    depth: usize,
) -> Vec<(String, String)> {
    let schemas = cx.target.0;
    let schema = schemas.get(id);
    let mut out = Vec::new();
    if depth > 8 || written.whole.contains(prefix) {
        return out; // the whole object comes from one rule, which is compared on its own
    }
    for (name, property) in schemas.properties(id) {
        let here: Vec<Segment> = prefix.iter().cloned().chain([Segment::Key(name.to_owned())]).collect();
        let inside = written.touched.contains(here.as_slice());
        let read_only = schemas.get(property).read_only;
        if inside {
            out.extend(missing(cx, written, property, &here, depth + 1));
        } else if schema.required.contains(name) && !read_only {
            out.push((shown(&here), schemas.get(property).pointer.clone()));
        }
    }
    for name in schema.required.iter().filter(|n| schemas.property(id, n).is_none()) {
        let here: Vec<Segment> = prefix.iter().cloned().chain([Segment::Key(name.clone())]).collect();
        if !written.touched.contains(here.as_slice()) {
            out.push((shown(&here), schema.pointer.clone()));
        }
    }
    if let Some(items) = schema.items {
        for i in written.indexes(prefix) {
            let here: Vec<Segment> = prefix.iter().cloned().chain([Segment::Index(i)]).collect();
            out.extend(missing(cx, written, items, &here, depth + 1));
        }
    }
    // One variant that is fed is enough; where none is, the nearest one is named.
    let variants = schema.variants.iter().map(|v| {
        let named: Vec<(String, String)> = schemas
            .get(*v)
            .required
            .iter()
            .filter(|n| !schemas.property(*v, n).is_some_and(|(p, _)| schemas.get(p).read_only))
            .map(|n| prefix.iter().cloned().chain([Segment::Key(n.clone())]).collect::<Vec<_>>())
            .filter(|here| !written.touched.contains(here.as_slice()))
            .map(|here| (shown(&here), schemas.get(*v).pointer.clone()))
            .collect();
        named
    });
    out.extend(variants.min_by_key(Vec::len).unwrap_or_default());
    out.sort();
    out.dedup_by(|a, b| a.0 == b.0);
    out
}

/// The path with the first item of each list that it leads through.
fn items_of(cx: &Context<'_>, path: Path) -> Path {
    let mut out: Vec<Segment> = Vec::new();
    for segment in path.segments() {
        if let Segment::Key(_) = segment
            && let Some(above) = Path::of(out.clone())
            && walk(cx.source.0, cx.source.1, &above).is_ok_and(|r| r.kind.types == TypeSet::ARRAY)
        {
            out.push(Segment::Index(0));
        }
        out.push(segment.clone());
    }
    Path::of(out).unwrap_or(path)
}

fn shown(segments: &[Segment]) -> String {
    let mut out = String::new();
    for segment in segments {
        match segment {
            Segment::Key(k) if out.is_empty() => out.push_str(k),
            Segment::Key(k) => out.push_str(&format!(".{k}")),
            Segment::Index(i) => out.push_str(&format!("[{i}]")),
        }
    }
    out
}

/// Source fields that are neither mapped nor left out on purpose, and `unmapped` entries that make no sense.
pub(super) fn unmapped(cx: &mut Context<'_>, mapping: &Mapping, unmapped: &[Spanned<String>]) {
    let read = mapping.source_paths();
    let inside: BTreeSet<&[Segment]> =
        read.iter().flat_map(|r| (1..=r.segments().len()).filter_map(|n| r.segments().get(..n))).collect();
    let mut left_out: BTreeSet<String> = BTreeSet::new();
    for entry in unmapped {
        // `lines[].sku` is how other tools write it, and `lines.sku` says as much.
        let path = match Path::parse(&entry.replace("[]", "[0]")) {
            Ok(path) => items_of(cx, path),
            Err(because) => {
                let message = format!("the unmapped path \"{}\" {because}", quoted(entry, 60));
                cx.error(entry.at, "unmapped-does-not-exist", message, "write a source path");
                continue;
            }
        };
        left_out.insert(path.root().to_owned());
        match walk(cx.source.0, cx.source.1, &path) {
            Err(Stop::Unknown { name, of, .. }) => {
                let fields = cx.source.0.properties(of);
                let near = nearest(&name, cx.guesses.among(fields.keys()));
                let message = format!("unmapped names \"{}\", which the source does not have", quoted(entry, 60));
                cx.error(entry.at, "unmapped-does-not-exist", message, among(near, &fields));
            }
            Err(Stop::NotInside { .. }) => {
                let message = format!("unmapped names \"{}\", which the source does not have", quoted(entry, 60));
                cx.error(entry.at, "unmapped-does-not-exist", message, "remove it");
            }
            Ok(_) if inside.contains(path.segments()) => {
                let message = format!("{} is in unmapped, but a rule reads it", quoted(entry, 60));
                cx.warning(entry.at, "unmapped-but-mapped", message, "remove it from unmapped");
            }
            Ok(_) => {}
        }
    }
    if !mapping.left_out.is_empty() || mapping.reads_all() {
        return; // what a broken rule, or a program over the whole record, would read is not known
    }
    let at = mapping.rules.first().map_or(Span::default(), |r| r.at);
    let roots: BTreeSet<&str> = read.iter().map(Path::root).collect();
    let forgotten: Vec<(String, String)> = cx
        .source
        .0
        .properties(cx.source.1)
        .into_iter()
        .filter(|(name, id)| !cx.source.0.get(*id).write_only && !roots.contains(name) && !left_out.contains(*name))
        .map(|(name, id)| (quoted(name, 60), cx.source.0.get(id).pointer.clone()))
        .collect();
    for (name, pointer) in forgotten {
        let message = format!("the source field {name} is neither mapped nor in unmapped");
        cx.warning(at, "unmapped-source-field", message, "map it, or add it to unmapped");
        cx.resting_on(&pointer);
    }
}
