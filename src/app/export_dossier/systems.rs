//! The systems and operations, with what is known of them.

use serde_json::Value;

use super::super::Call;
use super::super::subject::Compiled;
use crate::base::text;
use crate::contract::Contract;
use crate::model::{Basis, Fact, System};
use crate::scaffold::{FactLine, OperationLine, SystemLine};

/// The systems as they were mapped, where no contract says how they are used.
pub(super) fn mapped_lines(call: &Call<'_>) -> Vec<SystemLine> {
    let mapped = call.facts.systems.iter().map(|(name, seen)| {
        let read = call.app.read_description(&call.app.path(&seen.record.api), &seen.record.api).ok();
        let system = read.as_ref().and_then(|r| r.system.as_ref());
        SystemLine {
            name: name.clone(),
            title: system.map_or_else(|| "its description cannot be read now".to_owned(), |s| s.title.clone()),
            api: seen.record.api.clone(),
            format: system.map(|s| format!("{} {}", s.format, s.format_version)).unwrap_or_default(),
            digest: seen.record.digest.clone(),
            base_url: system
                .and_then(|s| s.servers.first().map(|s| s.url.clone()))
                .unwrap_or_else(|| "none stated".to_owned()),
            auth: "not chosen yet".to_owned(),
            facts: system.map(|s| fact_lines(s)).unwrap_or_default(),
            event: Some(seen.seq),
        }
    });
    mapped.collect()
}

/// A value without the signs of JSON: `requests 50, window_ms 1000`.
fn in_words(value: &Value) -> String {
    match value {
        Value::String(s) => s.clone(),
        Value::Array(list) => list.iter().map(in_words).collect::<Vec<_>>().join(", "),
        Value::Object(all) => {
            let said = all.iter().filter(|(_, v)| !v.is_null() && !matches!(v, Value::String(s) if s.is_empty()));
            let word = |(key, v): (&String, &Value)| match key.as_str() {
                "value" => in_words(v),
                _ => format!("{key} {}", in_words(v)),
            };
            said.map(word).collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    }
}

fn fact_lines(system: &System) -> Vec<FactLine> {
    let line = |f: &Fact| FactLine {
        fact: f.fact.to_owned(),
        value: text::truncate(&in_words(&f.value), 160),
        basis: f.basis_name().to_owned(),
        ground: match &f.basis {
            Basis::Stated { pointer } => pointer.clone(),
            Basis::Inferred { rule, from } => {
                format!("{rule} from {}", from.first().map_or("", String::as_str))
            }
        },
    };
    system.facts.iter().map(line).collect()
}

pub(super) fn system_lines(call: &Call<'_>, compiled: &Compiled, contract: &Contract) -> Vec<SystemLine> {
    contract
        .systems
        .iter()
        .filter_map(|(name, used)| compiled.systems.get(name).map(|s| (name, used, s)))
        .map(|(name, used, system)| SystemLine {
            name: name.clone(),
            title: system.title.clone(),
            api: used.description(),
            format: format!("{} {}", system.format, system.format_version),
            digest: system.digest.as_str().to_owned(),
            base_url: used
                .base_url
                .as_ref()
                .map(|u| u.value.clone())
                .or_else(|| system.servers.first().map(|s| s.url.clone()))
                .unwrap_or_else(|| "none stated".to_owned()),
            auth: used
                .auth
                .as_ref()
                .map_or_else(|| "none".to_owned(), |a| format!("{}, secrets by reference", a.scheme.value)),
            facts: fact_lines(system),
            event: call.facts.systems.get(name).map(|seen| seen.seq),
        })
        .collect()
}

pub(super) fn operation_lines(compiled: &Compiled, contract: &Contract) -> Vec<OperationLine> {
    let mut out: Vec<OperationLine> = Vec::new();
    for flow in contract.flows.values() {
        let list = flow.source.operation.iter().map(|op| (&flow.source.system, "list", op));
        let mut uses: Vec<_> = list.collect();
        uses.extend(flow.target.operations().into_iter().map(|(role, op)| (&flow.target.system, role, op)));
        for (system, role, name) in uses {
            if let Some(op) = compiled.systems.get(system.as_str()).and_then(|s| s.operation(name)) {
                out.push(OperationLine {
                    system: system.value.clone(),
                    id: op.id.clone(),
                    call: format!("{} {}", op.method.as_str(), op.path),
                    role: role.to_owned(),
                    pointer: op.pointer.clone(),
                });
            }
        }
    }
    out.dedup_by(|a, b| a.system == b.system && a.id == b.id && a.role == b.role);
    out
}

#[cfg(test)]
mod tests {
    use super::in_words;

    #[test]
    fn a_value_in_words_says_nothing_of_what_is_not_there() {
        let value = serde_json::json!({"header": "Idempotency-Key", "prefix": null, "note": "", "hours": 24});
        assert_eq!(in_words(&value), "header Idempotency-Key, hours 24");
    }
}
