//! What the kinds cannot see (patterns, bounds, item counts, what a program gives) is tried: generated records go through
//! the mapping, and what comes out is validated. Seeded, so the same contract always gets the same findings.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Context, Kind};
use crate::base::rng::Rng;
use crate::base::text::{quoted, truncate};
use crate::base::yaml::Span;
use crate::mapping::Mapping;
use crate::mapping::kind::Reach;
use crate::mapping::path::Segment;
use crate::mapping::rule::Rule;
use crate::model::narrow::{LEVELS, narrowed};
use crate::model::sample::sample;
use crate::model::shrink::shrink;
use crate::model::{Direction, Facets, Schema, SchemaId, Schemas, TypeSet, extreme, validate};

const ROUNDS: u64 = 64;
/// Of so many of them the edges are tried too.
const EDGED: u64 = 4;
/// Schemas of a record that takes long to make.
const LARGE: usize = 600;
/// More rules than this are not all applied to make one record smaller.
const MANY: usize = 200;
/// Records that are made smaller before they are shown; the others are shown as they were drawn.
const MOST_SHRUNK: usize = 40;
/// Longest record that a finding shows, in characters.
const SHOWN: usize = 300;

/// Records of the source, with the fields that the mapping reads, and the schema that they were made from.
pub(super) struct Records {
    schemas: Schemas,
    id: SchemaId,
    all: Vec<Value>,
}

/// 64 drawn records, and the edges of the first four (least, empty, most, odd); fewer where each is large.
pub(super) fn records<'c>(cx: &'c Context<'_>) -> &'c [Value] {
    &made(cx).all
}

fn made<'c>(cx: &'c Context<'_>) -> &'c Records {
    cx.records.get_or_init(|| {
        let (schemas, id) = narrowed(cx.source.0, cx.source.1, &cx.wanted);
        let rounds = if schemas.len() > LARGE { ROUNDS / 8 } else { ROUNDS };
        let mut all = Vec::new();
        for seed in 0..rounds {
            let record = sample(&schemas, id, &mut Rng::seeded(seed), Direction::Response);
            if seed < EDGED {
                all.extend(extreme::extremes(&schemas, id, &record, Direction::Response));
            }
            all.push(record);
        }
        Records { schemas, id, all }
    })
}

pub(super) fn run(cx: &mut Context<'_>, mapping: &Mapping) {
    if mapping.rules.is_empty() || !mapping.left_out.is_empty() {
        return;
    }
    let flagged: BTreeSet<Span> = cx.findings.iter().map(|f| f.location.at).collect();
    let mut told: BTreeMap<Span, (usize, String, usize)> = BTreeMap::new();
    let mut refused: BTreeMap<String, usize> = BTreeMap::new();
    let mut all = 0;
    // A record that is read whole is open one level earlier.
    let levels = if mapping.reads_all() { LEVELS - 1 } else { LEVELS };
    // Rules by the first name of what they write.
    let mut by_root: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (i, rule) in mapping.rules.iter().enumerate() {
        by_root.entry(rule.target.root()).or_default().push(i);
    }
    for (drawn, record) in records(cx).iter().enumerate() {
        all += 1;
        let out = match mapping.apply(record) {
            Ok(out) => out,
            Err(rejection) => {
                // A record that is rejected never reaches the target.
                *refused.entry(rejection.target).or_default() += 1;
                continue;
            }
        };
        for violation in validate(cx.target.0, cx.target.1, &out, Direction::Request) {
            let tokens = tokens(&violation.pointer);
            let beside = tokens.first().and_then(|root| by_root.get(root.as_str())).into_iter().flatten();
            let mut beside = beside.filter_map(|i| Some((*i, mapping.rules.get(*i)?)));
            let Some(rule) = beside.find(|(_, r)| under(&tokens, r.target.segments())) else { continue };
            // So deep down a generated record is open, and what stands there proves nothing.
            if tokens.len() >= rule.1.target.segments().len() + levels {
                continue;
            }
            if flagged.contains(&rule.1.at) || flagged.contains(&rule.1.source_at) {
                continue;
            }
            told.entry(rule.1.at).or_insert_with(|| (rule.0, violation.because, drawn));
        }
    }
    for (nth, (index, because, drawn)) in told.into_values().enumerate() {
        let (Some(rule), Some(record)) = (mapping.rules.get(index), records(cx).get(drawn).cloned()) else { continue };
        // Among many rules the one in question is tried by itself.
        let alone = Mapping { rules: vec![rule.clone()], ..Mapping::default() };
        let tried = if mapping.rules.len() > MANY { &alone } else { mapping };
        let reason = |r: &Value| {
            let out = tried.apply(r).ok()?;
            let all = validate(cx.target.0, cx.target.1, &out, Direction::Request);
            let own = all.into_iter().filter(|v| within(&v.pointer, rule.target.segments()));
            own.map(|v| v.because).find(|b| sort_of(b) == sort_of(&because))
        };
        let small = if nth < MOST_SHRUNK { shrunk(cx, &record, |r| reason(r).is_some()) } else { record };
        let because = reason(&small).unwrap_or_else(|| because.clone());
        let message =
            format!("a generated record gives a value for target {} that {}", rule.target, quoted(&because, 160));
        cx.warning(rule.source_at, "sample-does-not-fit", message, FIX);
        shown(cx, &small);
    }
    let told: BTreeSet<Span> = cx.findings.iter().map(|f| f.location.at).collect();
    for rule in &mapping.rules {
        if !told.contains(&rule.at)
            && !told.contains(&rule.source_at)
            && !open_text(cx, rule)
            && refused.get(&rule.target.to_string()).is_some_and(|n| *n == all)
        {
            let message = format!("the rule of {} rejects every one of {all} generated records", rule.target);
            let fix = "check the transforms and the table against what the source sends: as it is, every record is dead-lettered";
            cx.error(rule.source_at, "always-rejected", message, fix);
        }
    }
}

/// Whether the rule reads a text of which nothing is said: what is drawn for it proves nothing about what it holds.
fn open_text(cx: &Context<'_>, rule: &Rule) -> bool {
    rule.reads().any(|path| {
        let Ok(reached) = super::walk(cx.source.0, cx.source.1, path) else { return true };
        let Some(id) = reached.id else { return true };
        let schema = cx.source.0.get(id);
        let text = reached.kind.types.is_any() || reached.kind.types.has(TypeSet::STRING);
        text && reached.kind.values.is_none() && reached.kind.format.is_none() && schema.pattern.is_none()
    })
}

/// What is wrong, without the numbers: another length of the same fault is the same fault.
fn sort_of(because: &str) -> String {
    because.chars().filter(|c| !c.is_ascii_digit()).take(24).collect()
}

/// A smaller record that shows the same.
pub(super) fn shrunk(cx: &Context<'_>, record: &Value, shows: impl Fn(&Value) -> bool) -> Value {
    let made = made(cx);
    shrink(&made.schemas, made.id, record, Direction::Response, shows)
}

/// The last finding is shown by this generated record.
pub(super) fn shown(cx: &mut Context<'_>, record: &Value) {
    if let Some(last) = cx.findings.last_mut() {
        last.sample = Some(truncate(&record.to_string(), SHOWN));
    }
}

/// What is known of a value from values of its kind that were seen.
pub(super) fn kind_of(outputs: &[Value], optional: bool) -> Kind {
    let present: Vec<&Value> = outputs.iter().filter(|v| !v.is_null()).collect();
    let types = present.iter().map(|v| TypeSet::of(v)).fold(TypeSet::ANY, TypeSet::with);
    let texts = || present.iter().filter_map(|v| v.as_str());
    let format = ["date-time", "date", "email", "uuid", "uri"].into_iter().find(|f| {
        let mut schemas = Schemas::default();
        let id = schemas.push(Schema {
            types: TypeSet::STRING,
            format: Some((*f).to_owned()),
            facets: Facets::default().into(),
            ..Schema::default()
        });
        texts().next().is_some() && present.iter().all(|v| validate(&schemas, id, v, Direction::Response).is_empty())
    });
    let items: Vec<Value> = present.iter().filter_map(|v| v.as_array()).flatten().cloned().collect();
    // Few distinct short words out of many records are a set, like those of an if; anything else is open.
    let mut distinct: Vec<Value> = Vec::new();
    for value in &present {
        if distinct.len() <= 12 && !distinct.contains(value) {
            distinct.push((*value).clone());
        }
    }
    let closed = present.len() >= 32 && distinct.len() <= 8 && distinct.iter().all(|v| !v.is_array() && !v.is_object());
    Kind {
        types,
        nullable: present.len() < outputs.len(),
        optional,
        values: closed.then_some(distinct),
        min_length: texts().map(|s| s.chars().count() as u64).min().unwrap_or(0),
        reach: Reach::Sampled,
        format: format.map(str::to_owned),
        items: (types == TypeSet::ARRAY && !items.is_empty()).then(|| Box::new(kind_of(&items, false))),
        ..Kind::default()
    }
}

pub(super) fn within(pointer: &str, target: &[Segment]) -> bool {
    under(&tokens(pointer), target)
}

fn tokens(pointer: &str) -> Vec<String> {
    pointer.split('/').skip(1).map(crate::base::pointer::unescape).collect()
}

fn under(tokens: &[String], target: &[Segment]) -> bool {
    !tokens.is_empty()
        && tokens.iter().zip(target).all(|(token, segment)| match segment {
            Segment::Key(k) => k == token,
            Segment::Index(i) => token.parse() == Ok(*i),
        })
}

const FIX: &str = "convert the value so that it always fits, or make sure that the source never sends such a one";
