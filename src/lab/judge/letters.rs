//! Dead letters: exactly those that must be, each once, with the record in it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Evidence, some};
use crate::evidence::DeadState;

/// The letter holds the record. Of one that was asked for by GraphQL, it holds what was asked for: as the source has it,
/// and all that the mapping needs, so that it can be delivered later.
fn carries(e: &Evidence<'_>, payload: &Value, record: &Value) -> bool {
    if !e.bench.plan.source.by_graphql() {
        return payload == record;
    }
    let mapping = &e.bench.plan.mapping;
    part_of(payload, record) && mapping.apply(payload) == mapping.apply(record)
}

fn part_of(part: &Value, whole: &Value) -> bool {
    match (part, whole) {
        (Value::Object(part), Value::Object(whole)) => {
            part.iter().all(|(name, value)| part_of(value, whole.get(name).unwrap_or(&Value::Null)))
        }
        (Value::Array(part), Value::Array(whole)) => {
            part.len() == whole.len() && part.iter().zip(whole).all(|(a, b)| part_of(a, b))
        }
        _ => part == whole,
    }
}

pub(super) fn judge(e: &Evidence<'_>, out: &mut Vec<String>) {
    let waiting: Vec<_> = e.letters.iter().filter(|l| l.state == DeadState::Waiting).collect();
    let mut by_key: BTreeMap<&str, usize> = BTreeMap::new();
    for letter in &waiting {
        *by_key.entry(&letter.key).or_default() += 1;
    }
    for (key, times) in by_key.iter().filter(|(_, n)| **n > 1) {
        out.push(format!("dead letters: {key} lies there {times} times"));
    }
    let keys: BTreeSet<&str> = by_key.keys().copied().collect();
    let lacking: Vec<String> = e
        .expected
        .iter()
        .filter(|x| e.must_be_dead(x) && !keys.contains(x.key.as_str()))
        .map(|x| x.key.clone())
        .collect();
    if !lacking.is_empty() {
        out.push(format!("dead letters: {} should be there and is not: {}", lacking.len(), some(&lacking, 3)));
    }
    for letter in waiting {
        let Some(expected) = e.expected.iter().chain(&e.gone).find(|x| x.key == letter.key) else {
            out.push(format!("dead letters: {} is not a source record", letter.key));
            continue;
        };
        if !e.may_be_dead(expected) {
            out.push(format!(
                "dead letters: {} was given up for no reason ({}: {})",
                letter.key, letter.code, letter.because
            ));
        }
        if !carries(e, &letter.payload, &expected.record) {
            out.push(format!("dead letters: {} does not carry the source record", letter.key));
        }
        if letter.code.is_empty() || letter.because.is_empty() {
            out.push(format!("dead letters: {} carries no reason", letter.key));
        }
        if letter.flow != e.bench.plan.flow {
            out.push(format!("dead letters: {} names the flow {:?}", letter.key, letter.flow));
        }
    }
}
