//! Two sources that write one field of one record.

use super::used::natural_key;
use super::{Check, Subject};
use crate::base::text::{quoted, words};
use crate::contract::Flow;
use crate::finding::{Finding, Severity};
use crate::mapping::Rule;
use crate::mapping::rule::Source;

pub(super) static CHECK: Check = Check {
    code: "conflicting-writers",
    summary: "Two flows from different systems write the same field of the records that they find by the same natural key: the last one \
              wins, each time anew.",
    severity: Severity::Warning,
    run,
};

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    let flows: Vec<&Flow> = subject.contract.flows.values().take(200).collect();
    for (i, flow) in flows.iter().enumerate() {
        let found = flows.iter().take(i).find_map(|first| Some((first, contested(subject, first, flow)?)));
        let Some((first, rule)) = found else { continue };
        let message = format!(
            "{} is written from {} here and from {} by {}: the last one wins",
            quoted(&rule.target.to_string(), 60),
            flow.source.system.value,
            first.source.system.value,
            quoted(&first.name, 60)
        );
        let fix = "let one system own the field, and take it out of the other flow";
        out.push(subject.warning(&CHECK, rule.at, message).sure(0.75).fix(fix));
    }
}

/// The first field of the second flow that both fill with data of their own.
fn contested<'a>(subject: &Subject<'a>, first: &'a Flow, second: &'a Flow) -> Option<&'a Rule> {
    let other_source = subject.account(&first.source.system) != subject.account(&second.source.system);
    let same_target = subject.account(&first.target.system) == subject.account(&second.target.system);
    if !other_source || !same_target {
        return None;
    }
    let (mine, theirs) = (natural_key(&second.target.write)?, natural_key(&first.target.write)?);
    let things = subject.things_written(second);
    if mine.value != theirs.value || !subject.things_written(first).iter().any(|t| things.contains(t)) {
        return None;
    }
    let (mappings, key) = (subject.mappings, &mine.value);
    // Two systems number their records each for itself: an id of one is no record of the other.
    let own_numbers = |flow: &Flow| {
        let rule = mappings.get(&flow.name).and_then(|m| m.rules().iter().find(|r| r.target.to_string() == *key));
        rule.is_none_or(|r| match &r.source {
            Source::Path(p) => {
                let last = words(p.leaf()).pop().unwrap_or_default();
                p.to_string() == flow.source.key.value
                    && matches!(last.as_str(), "id" | "uuid" | "guid" | "no" | "number" | "key")
            }
            _ => true,
        })
    };
    if own_numbers(first) || own_numbers(second) {
        return None;
    }
    let theirs = mappings.get(&first.name)?.rules();
    mappings.get(&second.name)?.rules().iter().find(|rule| {
        let constant = |r: &Rule| matches!(r.source, Source::Const(_));
        rule.target.to_string() != *key
            && !constant(rule)
            && theirs.iter().any(|t| t.target == rule.target && !constant(t))
    })
}
