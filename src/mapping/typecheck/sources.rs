//! Kinds of the sources that are more than one path: `first_of`, `template`, `when`, `each`, `jq`.

use serde_json::Value;

use super::outcome::{list, refused, together};
use super::walk::{item_of, walk};
use super::{Context, Kind, Reached, samples, wanted};
use crate::base::text::{Guesses, quoted};
use crate::base::yaml::Span;
use crate::finding::{Finding, Severity};
use crate::mapping::condition::{Condition, Test, same};
use crate::mapping::jq::Program;
use crate::mapping::path::Path;
use crate::mapping::rule::{Each, Rule, Source, When};
use crate::mapping::template::Template;
use crate::model::narrow::Wanted;
use crate::model::{SchemaId, TypeSet};

const SCALAR: TypeSet = TypeSet::STRING.with(TypeSet::NUMBER).with(TypeSet::INTEGER).with(TypeSet::BOOLEAN);

/// It is about a value that may be missing or null.
fn absent(finding: &Finding) -> bool {
    ["optional-into-required", "nullable-into-non-nullable"].contains(&finding.code)
}

impl Context<'_> {
    pub(super) fn first_of(&mut self, rule: &Rule, paths: &[Path], like: Option<&Kind>) -> Option<Kind> {
        let kinds: Vec<Option<Kind>> = paths.iter().map(|p| self.reach_measured(p, rule.source_at, like)).collect();
        let kinds = kinds.into_iter().collect::<Option<Vec<Kind>>>()?;
        let sure = kinds.iter().position(|k| !k.optional && !k.nullable && !k.types.is_any());
        if let Some(sure) = sure.filter(|i| i + 1 < paths.len())
            && let Some(path) = paths.get(sure)
        {
            let message = format!("{path} is always there, so what follows it in first_of is never used");
            self.warning(rule.source_at, "never-reached", message, "put it last, or remove what follows it");
        }
        // What follows one that is always there never comes.
        let possible = sure.and_then(|i| kinds.get(..=i)).unwrap_or(&kinds);
        Some(Kind { optional: sure.is_none(), ..Kind::either(possible) })
    }

    pub(super) fn template(&mut self, rule: &Rule, template: &Template) -> Option<Kind> {
        let fields: Vec<Option<Kind>> =
            template.fields().map(|p| self.reach_measured(p, rule.source_at, None)).collect();
        let fields = fields.into_iter().collect::<Option<Vec<Kind>>>()?;
        if let Some(bad) = fields.iter().find(|k| !k.types.is_any() && !refused(k.types, SCALAR).is_any()) {
            let message = format!("a template takes texts and numbers, but one field is {}", bad.types);
            self.error(rule.source_at, "narrowing", message, "name a field inside it, or an item of the list");
            return None;
        }
        let longest = |k: &Kind| match k.types {
            TypeSet::STRING => k.max_length,
            TypeSet::BOOLEAN => Some(5),
            _ => None,
        };
        let sum: Option<u64> = fields.iter().map(longest).sum();
        let text = |k: &Kind| if k.types == TypeSet::STRING { k.min_length } else { 1 };
        Some(Kind {
            optional: fields.iter().any(|k| k.optional || k.nullable),
            min_length: fields.iter().map(text).sum::<u64>().saturating_add(template.fixed_length()),
            max_length: sum.map(|s| s.saturating_add(template.fixed_length())),
            measure: together(&fields),
            ..Kind::of(TypeSet::STRING)
        })
    }

    /// Each case is held against the target on its own; what remains is whether any holds.
    pub(super) fn when(&mut self, rule: &Rule, when: &When, target: Option<&Reached>) -> Option<Kind> {
        let before = self.findings.len();
        for case in &when.cases {
            self.condition(&case.condition, case.at);
            let asked = self.findings.len();
            self.value_of(&case.then, target);
            let there = match case.condition.test() {
                Test::Present(there) => *there,
                Test::Is(values) => !values.contains(&Value::Null),
                Test::Above(_) | Test::Below(_) => true,
                Test::IsNot(_) => false,
            };
            if there && matches!(&case.then.source, Source::Path(path) if path == case.condition.field()) {
                // What the case has asked for is there and not null.
                let own: Vec<Finding> = self.findings.split_off(asked);
                self.findings.extend(own.into_iter().filter(|f| !absent(f)));
            }
        }
        if let Some(otherwise) = &when.otherwise {
            self.value_of(otherwise, target);
        }
        if rule.settles_absence() {
            // What a case lacks, the default gives; or the record is rejected, and says so.
            let own: Vec<Finding> = self.findings.split_off(before);
            self.findings.extend(own.into_iter().filter(|f| !absent(f)));
        } else if when.otherwise.is_none() && target.is_some_and(|t| t.required) && !self.total(when) {
            let message =
                format!("no case of {} may hold, but the target requires it", quoted(&rule.target.to_string(), 80));
            self.error(
                rule.source_at,
                "optional-into-required",
                message,
                "add otherwise, a default, or required: true",
            );
        }
        None
    }

    /// The cases ask one field, and name all values that it can have.
    fn total(&self, when: &When) -> bool {
        let Some(first) = when.cases.first() else { return false };
        let field = first.condition.field();
        let Ok(reached) = walk(self.source.0, self.source.1, field) else { return false };
        let named: Vec<&Value> = when
            .cases
            .iter()
            .filter(|c| c.condition.field() == field)
            .filter_map(|c| if let Test::Is(values) = c.condition.test() { Some(values) } else { None })
            .flatten()
            .collect();
        let known = reached.kind.values.as_ref().filter(|_| !reached.kind.optional && !reached.kind.nullable);
        known.is_some_and(|known| known.iter().all(|v| named.iter().any(|n| same(n, v))))
    }

    /// The field exists, and the values that are asked for can come.
    fn condition(&mut self, condition: &Condition, at: Span) {
        let Some(reached) = self.reach_source(condition.field(), at) else { return };
        let (Test::Is(values) | Test::IsNot(values)) = condition.test() else { return };
        let fits = |v: &Value| match (&reached.kind.values, v) {
            (_, Value::Null) => reached.kind.takes_null(),
            (Some(known), v) => known.iter().any(|k| same(k, v)),
            (None, v) => reached.kind.types.allows(TypeSet::of(v)),
        };
        let odd: Vec<Value> = values.iter().filter(|v| !fits(v)).cloned().collect();
        if odd.is_empty() {
            return;
        }
        let field = quoted(&condition.field().to_string(), 80);
        let (said, fix) = match &reached.kind.values {
            Some(known) => ("is never", format!("values: {}", list(known))),
            None => ("is of a type that is never", format!("{field} is {}", reached.kind.types)),
        };
        let message = format!("{field} {said} {}, so the case is decided before it is asked", list(&odd));
        self.warning(at, "condition-never-true", message, fix);
        self.resting_on(&reached.pointer);
    }

    pub(super) fn each(&mut self, rule: &Rule, each: &Each, target: Option<&Reached>) -> Option<Kind> {
        let reached = self.reach_source(&each.list, rule.source_at)?;
        if !reached.kind.types.is_any() && !reached.kind.types.has(TypeSet::ARRAY) {
            let message = format!("each takes a list, but {} is {}", each.list, reached.kind.types);
            self.error(rule.source_at, "narrowing", message, "use from, or name the list");
            return None;
        }
        let source_item = reached.id.and_then(|id| item_of(self.source.0, id));
        let target_item = target.and_then(|t| t.id).and_then(|id| item_of(self.target.0, id));
        let mut shorter = false;
        let item = match (&each.map, source_item) {
            (Some(map), Some(source)) => {
                if let Some(target) = target_item.filter(|_| each.then.is_empty()) {
                    self.inside(source, target, wanted(map), |cx| cx.rules(map, rule.source_at));
                }
                Some(Kind::of(TypeSet::OBJECT))
            }
            (None, Some(source)) => {
                let taken = match &each.take {
                    None => Kind::from_schema(self.source.0, source),
                    Some(path) => {
                        self.inside(source, self.target.1, Wanted::default(), |cx| {
                            cx.reach_source(path, rule.source_at)
                        })?
                        .kind
                    }
                };
                self.beside(&rule.steps);
                let mut taken = taken;
                let name = each.take.as_ref().unwrap_or(&each.list).leaf();
                let like = target.and_then(|t| t.kind.items.as_deref());
                Self::measure(self.source.0, taken.schema, name, &mut taken, like);
                let finished = self.each_item(rule, taken)?;
                // An item without a value is left out.
                shorter = finished.optional;
                Some(Kind { optional: false, ..finished })
            }
            (_, None) => None,
        };
        let min_items = if shorter { 0 } else { reached.kind.min_items };
        let max_items = reached.kind.max_items;
        let as_is = each.take.is_none() && each.map.is_none() && rule.steps.is_empty() && rule.values.is_none();
        let unique = reached.kind.unique && as_is;
        let list = Kind { items: item.map(Box::new), min_items, max_items, unique, ..Kind::of(TypeSet::ARRAY) };
        let list = reached.kind.around(list);
        self.beside(&each.then);
        let mut kind = self.through_steps(rule, &each.then, list)?;
        if rule.settles_absence() {
            (kind.nullable, kind.optional) = (false, false);
        }
        Some(kind)
    }

    /// The same with an item in the place of the record; its findings are ours.
    fn inside<T>(
        &mut self,
        source: SchemaId,
        target: SchemaId,
        wanted: Wanted,
        look: impl FnOnce(&mut Context<'_>) -> T,
    ) -> T {
        let mut inside = Context::new((self.source.0, source), (self.target.0, target), self.file, wanted);
        inside.guesses = std::mem::replace(&mut self.guesses, Guesses::new(0));
        let seen = look(&mut inside);
        self.guesses = inside.guesses;
        self.findings.append(&mut inside.findings);
        seen
    }

    fn each_item(&mut self, rule: &Rule, kind: Kind) -> Option<Kind> {
        let mut kind = self.through_steps(rule, &rule.steps, kind)?;
        if let Some(table) = &rule.values {
            kind = self.through_table(rule, table, &kind, None);
        }
        Some(kind)
    }

    /// What a program gives is known from generated records alone.
    pub(super) fn jq(&mut self, rule: &Rule, program: &Program) -> Option<Kind> {
        let reached: Vec<bool> =
            program.reads().iter().map(|p| self.reach_source(p, rule.source_at).is_some()).collect();
        if reached.contains(&false) {
            return None;
        }
        let (mut outputs, mut optional, mut failed) = (Vec::new(), false, None);
        let records = samples::records(self);
        let all = records.len();
        let mut failures = 0;
        for record in records {
            match program.run(record) {
                Ok(Some(value)) => outputs.push(value),
                Ok(None) => optional = true,
                Err(fault) => {
                    failures += 1;
                    let costly = fault.code == "jq-too-costly";
                    failed.get_or_insert((fault, record.clone()));
                    if costly {
                        break; // one is enough, and each takes its time
                    }
                }
            }
        }
        if let Some((fault, record)) = failed {
            let again = |r: &Value| program.run(r).is_err_and(|f| f.code == fault.code);
            let costly = fault.code == "jq-too-costly";
            let record = if costly { record } else { samples::shrunk(self, &record, again) };
            let name = quoted(&rule.target.to_string(), 80);
            let (does, fix) = match fault.code {
                "jq-too-costly" => {
                    ("exceeds its budget of steps and memory on", "write it so that it looks at each value once")
                }
                "jq-many-values" => {
                    ("gives more than one value for", "collect them in [ ], or take one with first(...)")
                }
                _ => ("ends with an error on", "make it total with ? and //; records like this one are dead-lettered"),
            };
            let some =
                if costly { "a generated record".to_owned() } else { format!("{failures} of {all} generated records") };
            let message = format!("the jq program of {name} {does} {some}");
            let sometimes = fault.code == "jq-failed" && failures < all;
            let severity = if sometimes { Severity::Warning } else { Severity::Error };
            self.add(rule.source_at, severity, fault.code, message, fix);
            samples::shown(self, &record);
        }
        if outputs.is_empty() && failures > 0 {
            return None; // what it would give is not known
        }
        Some(samples::kind_of(&outputs, optional))
    }
}
