//! Of a list of records only the first is read, and written as the first of a list: the lines of an order but one are lost.

use std::collections::BTreeMap;

use super::{Context, walk};
use crate::base::text::{quoted, singular, words};
use crate::base::yaml::Span;
use crate::mapping::Mapping;
use crate::mapping::path::{Path, Segment};
use crate::mapping::rule::Source;
use crate::model::TypeSet;

/// Lists of which one entry is the one that is meant, as a rule: the main address, the first e-mail.
const CHOSEN: [&str; 12] = [
    "address",
    "email",
    "phone",
    "name",
    "contact",
    "image",
    "photo",
    "website",
    "url",
    "link",
    "account",
    "identifier",
];
/// One field may be chosen on purpose; so many of one entry are the entry itself.
const LEAST: usize = 2;

/// Says it once for each pair of lists, at the first rule.
pub(super) fn run(cx: &mut Context<'_>, mapping: &Mapping) {
    let mut pairs: BTreeMap<(String, String), (usize, Span)> = BTreeMap::new();
    for rule in &mapping.rules {
        let Source::Path(path) = &rule.source else { continue };
        let (Some(from), Some(to)) = (first_of(path), first_of(&rule.target)) else { continue };
        let many = |schemas, root, list: &Path| {
            walk(schemas, root, list).is_ok_and(|r| r.kind.types.has(TypeSet::ARRAY) && r.kind.max_items != Some(1))
        };
        if !many(cx.source.0, cx.source.1, &from) || !many(cx.target.0, cx.target.1, &to) {
            continue;
        }
        let chosen = |list: &Path| words(list.leaf()).iter().any(|w| CHOSEN.contains(&singular(w).as_str()));
        if !chosen(&from) && !chosen(&to) {
            pairs.entry((from.to_string(), to.to_string())).or_insert((0, rule.source_at)).0 += 1;
        }
    }
    for ((from, to), (_, at)) in pairs.into_iter().filter(|(_, (count, _))| *count >= LEAST) {
        let (from, to) = (quoted(&from, 80), quoted(&to, 80));
        let message =
            format!("only the first of {from} is written to {to}: a record with more loses them without a word");
        let fix = format!("write {to}: {{each: {from}, map: {{...}}}}, or name the item that is meant in accepted");
        cx.warning(at, "first-item-only", message, fix);
        if let Some(last) = cx.findings.last_mut() {
            last.confidence = 0.7;
        }
    }
}

/// The list whose first item a path leads through; nothing where it leads through none, or through another item.
fn first_of(path: &Path) -> Option<Path> {
    let segments = path.segments();
    let at = segments.iter().position(|s| matches!(s, Segment::Index(_)))?;
    let first = matches!(segments.get(at), Some(Segment::Index(0)));
    // The item itself, not a field of it, is another matter: a list of words.
    Path::of(segments.get(..at)?.to_vec()).filter(|_| first && at + 1 < segments.len())
}
