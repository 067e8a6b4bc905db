//! The kind that a rule ends with: source, transforms, value table, default.

use std::collections::HashSet;

use serde_json::Value;

use super::meaning::{Field, data_like};
use super::{Context, Reached};
use crate::base::text::{nearest, quoted, surely, words};
use crate::base::yaml::Spanned;
use crate::finding::Severity;
use crate::mapping::kind::Kind;
use crate::mapping::measure::{Measure, Measured, Zone};
use crate::mapping::rule::{Else, Rule, Source, Step, ValueTable};
use crate::mapping::transforms;
use crate::model::TypeSet;

const TYPES: [TypeSet; 6] =
    [TypeSet::BOOLEAN, TypeSet::INTEGER, TypeSet::NUMBER, TypeSet::STRING, TypeSet::ARRAY, TypeSet::OBJECT];

/// The single types of a set that `other` does not allow.
pub(super) fn refused(types: TypeSet, other: TypeSet) -> TypeSet {
    TYPES.into_iter().filter(|t| types.has(*t) && !other.allows(*t)).fold(TypeSet::ANY, TypeSet::with)
}

impl Context<'_> {
    /// The kind of the rule's value; nothing where an error makes it pointless to go on.
    pub(super) fn outcome(&mut self, rule: &Rule, target: Option<&Reached>) -> Option<Kind> {
        let kind = match &rule.source {
            Source::Const(_) => return None,
            Source::Path(path) => self.reach_measured(path, rule.source_at, target.map(|t| &t.kind)),
            Source::Join { parts, separator } => {
                let kinds: Vec<Option<Kind>> =
                    parts.iter().map(|p| self.reach_measured(p, rule.source_at, None)).collect();
                kinds.into_iter().collect::<Option<Vec<_>>>().and_then(|kinds| self.joined(rule, &kinds, separator))
            }
            Source::FirstOf(paths) => self.first_of(rule, paths, target.map(|t| &t.kind)),
            Source::Template(template) => self.template(rule, template),
            Source::Jq(program) => self.jq(rule, program),
            Source::When(when) => return self.when(rule, when, target),
            Source::Each(each) => return self.each(rule, each, target),
        };
        self.beside(&rule.steps);
        self.finished(rule, kind?, target)
    }

    /// The paths that steps read beside their input.
    pub(super) fn beside(&mut self, steps: &[Step]) {
        for step in steps {
            if let Some(path) = step.op.reads()
                && let Some(reached) = self.reach_source(path, step.at)
            {
                self.no_currency(step, path, &reached);
                if !reached.kind.optional && !reached.kind.nullable {
                    continue;
                }
                let message = format!("{} needs {path}, which may be missing or null", step.transform.name);
                let fix = "records without it are rejected: map from a field that is always there";
                self.warning(step.at, "optional-into-required", message, fix);
            }
        }
    }

    /// Steps, table and default of a rule, from the kind of its source on.
    pub(super) fn finished(&mut self, rule: &Rule, kind: Kind, target: Option<&Reached>) -> Option<Kind> {
        let mut kind = self.through_steps(rule, &rule.steps, kind)?;
        if let Some(table) = &rule.values {
            kind = self.through_table(rule, table, &kind, target);
        }
        if let Some(default) = &rule.default {
            self.default(rule, default, &kind, target);
        }
        if rule.settles_absence() {
            (kind.nullable, kind.optional) = (false, false);
        }
        Some(kind)
    }

    /// The kind after some steps; nothing where one cannot take what comes to it.
    pub(super) fn through_steps(&mut self, rule: &Rule, steps: &[Step], mut kind: Kind) -> Option<Kind> {
        for step in steps {
            let wrong = refused(kind.types, step.transform.takes);
            if !kind.types.is_any() && !step.transform.takes.is_any() && !wrong.is_any() {
                let message = format!(
                    "{} takes {}, but what comes to it here is {}",
                    step.transform.name, step.transform.takes, kind.types
                );
                let fix = if wrong == TypeSet::ARRAY {
                    "put first or last before it"
                } else {
                    "put a conversion before it, or remove it"
                };
                self.error(step.at, "bad-transform", message, fix);
                return None;
            }
            if self.doubtful(rule, step, &kind) {
                kind.measure = None; // said once; what it measures now is anybody's guess
            }
            self.rejected_values(step, &kind);
            self.cut_id(rule, step, &kind);
            kind = transforms::flow(step.op.as_ref(), &kind);
        }
        Some(kind)
    }

    fn joined(&mut self, rule: &Rule, kinds: &[Kind], separator: &str) -> Option<Kind> {
        let scalar = TypeSet::STRING.with(TypeSet::NUMBER).with(TypeSet::INTEGER).with(TypeSet::BOOLEAN);
        if let Some(bad) = kinds.iter().find(|k| !k.types.is_any() && !refused(k.types, scalar).is_any()) {
            let message = format!("join takes texts and numbers, but one part is {}", bad.types);
            self.error(rule.source_at, "narrowing", message, "name a field inside it, or an item of the list");
            return None;
        }
        let between = separator.chars().count() as u64 * (kinds.len() as u64).saturating_sub(1);
        let longest = |k: &Kind| {
            let text = k.types == TypeSet::STRING;
            k.max_length.filter(|_| text).or_else(|| (k.types == TypeSet::BOOLEAN).then_some(5))
        };
        let sum: Option<u64> = kinds.iter().map(longest).sum();
        // Parts that may be missing or null are left out, with their separator.
        let sure = kinds.iter().filter(|k| !k.optional && !k.nullable);
        let shortest = |k: &Kind| if k.types == TypeSet::STRING { k.min_length } else { 1 };
        let certain = sure.clone().count() as u64;
        let fewest = sure.map(shortest).sum::<u64>() + separator.chars().count() as u64 * certain.saturating_sub(1);
        Some(Kind {
            min_length: fewest,
            optional: kinds.iter().all(|k| k.optional || k.nullable),
            max_length: sum.map(|s| s.saturating_add(between)),
            measure: together(kinds),
            ..Kind::of(TypeSet::STRING)
        })
    }

    pub(super) fn through_table(
        &mut self,
        rule: &Rule,
        table: &ValueTable,
        kind: &Kind,
        target: Option<&Reached>,
    ) -> Kind {
        // What does not fit is said once, at its entry.
        let mut outputs: Vec<Value> = Vec::new();
        for (key, value) in &table.entries {
            if target.is_none_or(|t| self.value(value, key.at, &rule.target, t)) {
                outputs.push(value.clone());
            }
        }
        let mut known = kind.values.clone();
        if kind.types == TypeSet::BOOLEAN && known.is_none() {
            known = Some(vec![Value::Bool(true), Value::Bool(false)]);
        }
        if kind.nullable
            && let Some(values) = &mut known
        {
            values.push(Value::Null);
        }
        let lacking: Option<Vec<Value>> =
            known.as_ref().map(|v| v.iter().filter(|v| table.find(v).is_none()).cloned().collect());
        if let Some(known) = &known {
            self.never_sent(table, known);
        }
        let mut out = Kind::default();
        match (&table.otherwise, lacking) {
            (None, None) => {
                let message = format!("the values of {} are not known, so the table cannot be total", rule.source);
                let fix = "add else: reject, keep or {default: value}";
                self.error(table.at, "enum-value-unmapped", message, fix);
            }
            (None, Some(lacking)) if !lacking.is_empty() => {
                let message = format!("the table has no entry for {}", list(&lacking));
                let fix = "add the entries, or else: reject, keep or {default: value}";
                self.error(table.at, "enum-value-unmapped", message, fix);
            }
            (Some(Else::Keep), None) => return Kind { values: None, schema: None, ..kind.clone() },
            (Some(Else::Keep), Some(lacking)) => {
                out.nullable = lacking.contains(&Value::Null);
                outputs.extend(lacking.into_iter().filter(|v| !v.is_null()));
            }
            (Some(Else::Default(default)), lacking) => {
                let fits = target.is_none_or(|t| self.value(&default.value, default.at, &rule.target, t));
                let whole = lacking.as_ref().is_some_and(Vec::is_empty);
                let which = if whole { "the source adds one day" } else { "the table lacks" };
                let message = format!("a value that {which} becomes the default without a word");
                let fix = "use else: reject, to see new values as dead letters";
                self.add(default.at, Severity::Note, "else-hides-new-values", message, fix);
                if fits {
                    outputs.push(default.value.clone());
                }
            }
            (Some(Else::Reject) | None, _) => {}
        }
        out.optional = kind.optional;
        out.nullable |= outputs.iter().any(Value::is_null);
        outputs.retain(|v| !v.is_null());
        out.types = outputs.iter().map(TypeSet::of).fold(TypeSet::ANY, TypeSet::with);
        out.values = Some(outputs);
        out.measure();
        out
    }

    /// Values that are known to come and that a step cannot take.
    fn rejected_values(&mut self, step: &Step, kind: &Kind) {
        let Some(values) = kind.values.as_ref().filter(|_| step.op.reads().is_none()) else { return };
        let bad: Vec<Value> = values.iter().filter(|v| step.op.apply(v, &Value::Null).is_err()).cloned().collect();
        if bad.is_empty() {
            return;
        }
        let message = format!("{} cannot take {}: such records are rejected", step.transform.name, list(&bad));
        self.warning(step.at, "transform-rejects-value", message, "map the values in a values table instead");
    }

    /// An id that is cut: two records could become one.
    fn cut_id(&mut self, rule: &Rule, step: &Step, kind: &Kind) {
        const IDS: [&str; 8] = ["id", "uuid", "guid", "key", "iban", "sku", "ean", "isbn"];
        let Source::Path(path) = &rule.source else { return };
        if rule.has_step("sha256") || rule.has_step("pseudonym") {
            return; // a part of a hash tells as many ids apart as its length allows
        }
        let Some(most) = step.shown.strip_prefix("truncate ").and_then(|n| n.parse::<u64>().ok()) else { return };
        let id = words(path.leaf()).last().is_some_and(|w| IDS.contains(&w.as_str()));
        let Some(longest) = kind.max_length.filter(|l| id && *l > most) else { return };
        let message =
            format!("{} has up to {longest} characters and is cut to {most}: two ids can become one", rule.source);
        self.warning(
            step.at,
            "id-truncated",
            message,
            "map it to a field that takes the whole id, or add sha256 before the cut",
        );
    }

    /// A default that can never be used, or that reads like data.
    fn default(&mut self, rule: &Rule, default: &Spanned<Value>, kind: &Kind, target: Option<&Reached>) {
        if !kind.optional && !kind.nullable && !kind.types.is_any() {
            let message = format!("the default is never used: {} is always there and never null", rule.source);
            self.add(default.at, Severity::Note, "default-never-used", message, "take the default out");
            return;
        }
        let Some((target, id)) = target.and_then(|t| Some((t, t.id?))) else { return };
        let field = Field::new(self.target.0, id, rule.target.leaf(), &target.kind);
        let Some(like) = data_like(&default.value, &field) else { return };
        let message = format!("the default of target {} reads like {like}", quoted(&rule.target.to_string(), 80));
        let fix = "leave the field out where the source has none, or write a default that shows that it is none";
        self.warning(default.at, "default-looks-like-data", message, fix);
        if let Some(last) = self.findings.last_mut() {
            last.confidence = 0.65;
        }
    }

    /// Entries that can never be used: usually a slip in a value's name.
    fn never_sent(&mut self, table: &ValueTable, known: &[Value]) {
        let names: Vec<String> =
            known.iter().map(|v| v.as_str().map_or_else(|| v.to_string(), str::to_owned)).collect();
        let used: HashSet<usize> = known.iter().filter_map(|v| table.place(v)).collect();
        let sent: HashSet<&str> = names.iter().map(String::as_str).collect();
        for (at, (key, _)) in table.entries.iter().enumerate() {
            if sent.contains(key.value.as_str()) || used.contains(&at) {
                continue;
            }
            let near = nearest(&key.value, self.guesses.among(names.iter().map(String::as_str)));
            let near = near.map_or_else(String::new, |n| format!("did you mean \"{}\"? ", quoted(n, 60)));
            let message = format!("the source never sends \"{}\"", quoted(&key.value, 60));
            self.warning(key.at, "value-never-sent", message, format!("{near}values: {}", list(known)));
            // A slip, where one value alone was surely meant and has no entry of its own.
            let open = |n: &&String| surely(&key.value, n) && !table.entries.iter().any(|(k, _)| k.value == **n);
            let meant: Vec<&String> = names.iter().filter(open).take(2).collect();
            if let [only] = meant.as_slice()
                && let Some(last) = self.findings.pop()
            {
                self.findings.push(last.word(&key.value, only.as_str()));
            }
        }
    }
}

/// What fields measure that are written one after the other: a time that has no zone gets none by its neighbours.
pub(super) fn together(kinds: &[Kind]) -> Option<Box<Measured>> {
    let local = |m: &&Measured| matches!(m.is, Measure::Clock(Zone::Local(_)));
    kinds.iter().filter_map(|k| k.measure.as_deref()).find(local).map(|m| Box::new(m.clone()))
}

/// At most eight values, cleaned: they come from a description.
pub(super) fn list(values: &[Value]) -> String {
    let shown: Vec<String> =
        values.iter().take(8).map(|v| quoted(v.as_str().map_or(&v.to_string(), |s| s), 40)).collect();
    let more = values.len().saturating_sub(8);
    if more > 0 { format!("{} and {more} more", shown.join(", ")) } else { shown.join(", ") }
}
