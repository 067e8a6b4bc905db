//! What broken connectors do to a record before and after it is mapped.

use platform_integration::connector::{Plan, WritePlan};
use serde_json::{Number, Value, json};

use super::{Bug, dig, text};

/// The record as the connector takes it.
pub(super) fn taken(bug: Bug, plan: &Plan, record: &Value) -> Value {
    match bug {
        Bug::Doubles => doubled(record),
        Bug::CastsTypes => made_to_fit(plan, record, |_, value| match value {
            Value::String(s) if s == "true" || s == "false" => vec![json!(s == "true")],
            Value::String(s) => s.parse::<Number>().map(Value::Number).into_iter().collect(),
            Value::Number(n) => vec![json!(n.to_string())],
            _ => Vec::new(),
        }),
        Bug::NullIsEmpty => made_to_fit(plan, record, |_, value| if value.is_null() { fillers() } else { Vec::new() }),
        Bug::FillsMissing => {
            let lacking: Vec<String> = heads(plan).filter(|name| record.get(name).is_none()).collect();
            let mut whole = record.clone();
            for name in &lacking {
                whole[name] = Value::Null;
            }
            made_to_fit(plan, &whole, |name, _| if lacking.contains(name) { fillers() } else { Vec::new() })
        }
        Bug::NullObjectPanics => {
            let deep = plan.mapping.reads().filter(|path| path.len() > 1);
            let null = deep.map(|path| path[0].clone()).find(|name| record.get(name).is_some_and(Value::is_null));
            assert!(null.is_none(), "{null:?} is null");
            record.clone()
        }
        _ => record.clone(),
    }
}

/// The mapped record with one text that is wrong.
pub(super) fn spoiled(mapped: &Value) -> Value {
    let mut wrong = mapped.clone();
    let texts = wrong.as_object_mut().into_iter().flat_map(|m| m.values_mut()).filter(|v| v.is_string());
    if let Some(value) = texts.into_iter().nth(1) {
        *value = json!(format!("{}x", text(value)));
    }
    wrong
}

/// What a record holds beside its key and what orders its changes.
pub(super) fn content(plan: &Plan, record: &Value) -> String {
    let mut rest = record.clone();
    for path in [Some(plan.source.key.as_slice()), plan.source.version()].into_iter().flatten() {
        if let (Some(fields), [name]) = (rest.as_object_mut(), path) {
            fields.shift_remove(name);
        }
    }
    rest.to_string()
}

/// The mapped record as the connector writes it.
pub(super) fn written(bug: Bug, plan: &Plan, record: &Value, mapped: &mut Value) {
    match bug {
        Bug::PassesUnknown => {
            let read: Vec<String> = heads(plan).collect();
            for (name, value) in record.as_object().into_iter().flatten() {
                if !read.contains(name) && mapped.get(name).is_none() && name != &plan.source.key[0] {
                    mapped[name] = value.clone();
                }
            }
        }
        Bug::TrustsCase => {
            let WritePlan::Upsert { matching, .. } = &plan.target.write else { return };
            let Some(key) = dig(mapped, matching).map(text) else { return };
            let raw = record.as_object().into_iter().flatten().map(|(_, v)| text(v));
            if let Some(raw) = raw.into_iter().find(|raw| *raw != key && raw.to_lowercase() == key.to_lowercase()) {
                mapped[&matching[0]] = json!(raw);
            }
        }
        Bug::WritesBeside => mapped["written_by"] = json!("sync"),
        Bug::CutsByUnits => {
            for value in mapped.as_object_mut().into_iter().flat_map(|m| m.values_mut()) {
                let Some(text) = value.as_str().filter(|t| t.encode_utf16().count() > 100) else { continue };
                let units: Vec<u16> = text.encode_utf16().take(100).collect();
                *value = json!(String::from_utf16_lossy(&units));
            }
        }
        _ => {}
    }
}

fn heads(plan: &Plan) -> impl Iterator<Item = String> {
    plan.mapping.reads().filter_map(|path| path.into_iter().next())
}

fn fillers() -> Vec<Value> {
    vec![json!(""), json!(0), json!("unknown"), json!("0"), json!("2026-01-01T00:00:00Z")]
}

/// The first change of one field after which the record can be mapped.
fn made_to_fit(plan: &Plan, record: &Value, others: impl Fn(&String, &Value) -> Vec<Value>) -> Value {
    if plan.mapped(record).is_ok() {
        return record.clone();
    }
    for (name, value) in record.as_object().into_iter().flatten() {
        for other in others(name, value) {
            let mut changed = record.clone();
            changed[name] = other;
            if plan.mapped(&changed).is_ok() {
                return changed;
            }
        }
    }
    record.clone()
}

/// Every number went through a double.
fn doubled(value: &Value) -> Value {
    match value {
        Value::Number(n) => {
            let double = n.as_f64().unwrap_or_default();
            let whole = n.as_i64().is_some() || n.as_u64().is_some();
            if whole { json!(double as i64) } else { json!(double) }
        }
        Value::Array(items) => items.iter().map(doubled).collect(),
        Value::Object(map) => {
            map.iter().map(|(n, v)| (n.clone(), doubled(v))).collect::<serde_json::Map<_, _>>().into()
        }
        other => other.clone(),
    }
}

/// Times are written as a clock two hours ahead shows them.
pub(super) fn local(value: &mut Value) {
    if let Value::Object(map) = value {
        for value in map.values_mut() {
            let at = value.as_str().filter(|s| s.len() > 18 && s.contains('T'));
            if let Some(at) = at.and_then(platform_integration::base::clock::Timestamp::parse) {
                *value = Value::String(at.plus_ms(2 * 3_600_000).rfc3339());
            }
        }
    }
}

/// Decimal texts go through a float.
pub(super) fn float(value: &mut Value) {
    if let Value::Object(map) = value {
        for value in map.values_mut() {
            if let Some(number) = value.as_str().filter(|s| s.contains('.')).and_then(|s| s.parse::<f64>().ok()) {
                *value = Value::String(number.to_string());
            }
        }
    }
}
