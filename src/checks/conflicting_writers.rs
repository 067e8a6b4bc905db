//! Two sources that write one field of one record.

use super::between::Ends;
use super::{Check, Subject};
use crate::base::text::{quoted, words};
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
    let flows = subject.ends();
    for (i, ends) in flows.iter().enumerate() {
        let found = flows.iter().take(i).find_map(|first| Some((first, contested(first, ends)?)));
        let Some((first, rule)) = found else { continue };
        let message = format!(
            "{} is written from {} here and from {} by {}: the last one wins",
            quoted(&rule.target.to_string(), 60),
            ends.flow.source.system.value,
            first.flow.source.system.value,
            quoted(&first.flow.name, 60)
        );
        let fix = "let one system own the field, and take it out of the other flow";
        out.push(subject.warning(&CHECK, rule.at, message).sure(0.75).fix(fix));
    }
}

/// The first field of the second flow that both fill with data of their own.
fn contested<'a>(first: &Ends<'a>, second: &Ends<'a>) -> Option<&'a Rule> {
    let key = second.key.filter(|k| first.key == Some(k))?;
    let apart = first.from == second.from || first.to != second.to || first.writes.is_disjoint(&second.writes);
    if apart || own_numbers(first, key) || own_numbers(second, key) {
        return None;
    }
    let constant = |r: &Rule| matches!(r.source, Source::Const(_));
    let rules = second.rules.iter().filter(|(target, rule)| {
        target.as_str() != key && !constant(rule) && first.rules.get(*target).is_some_and(|other| !constant(other))
    });
    rules.map(|(_, rule)| *rule).min_by_key(|r| r.at)
}

/// Two systems number their records each for itself: an id of one is no record of the other.
fn own_numbers(ends: &Ends<'_>, key: &str) -> bool {
    ends.rules.get(key).is_none_or(|r| match &r.source {
        Source::Path(p) => {
            let last = words(p.leaf()).pop().unwrap_or_default();
            let numbers = ["id", "uuid", "guid", "no", "number", "key"];
            p.to_string() == ends.flow.source.key.value && numbers.contains(&last.as_str())
        }
        _ => true,
    })
}
