//! What a record holds beyond what the run gave it, where the target never showed it: a person may have filled it in.

use serde_json::Value;

use super::super::compare::apart_ms;
use crate::evidence::Undo;

/// When a record was made, and when it was last changed, in the words of those who write letters and digits alone.
const MADE: [&str; 8] =
    ["created", "createdat", "createddate", "createdate", "createdon", "createdtime", "creationdate", "datecreated"];
const CHANGED: [&str; 14] = [
    "updated",
    "updatedat",
    "updateddate",
    "updatedon",
    "updatedtime",
    "dateupdated",
    "lastupdated",
    "lastupdatedat",
    "modified",
    "modifiedat",
    "modifieddate",
    "modifiedon",
    "lastmodified",
    "lastmodifieddate",
];

/// Two times of one creation lie no further apart.
const ONE_MOMENT_MS: i64 = 2_000;

/// Fields that a write may hold, of a record that the run made, which it did not write and which the target did not show:
/// filled in by a person since, or by the target as it was made. None where the record's own times tell that nobody changed
/// it since it was made.
pub(super) fn by_whom_nobody_knows<'w>(writable: &'w [String], line: &Undo, now: &Value) -> Vec<&'w str> {
    let known = |name: &str| [&line.wrote, &line.intends].into_iter().flatten().any(|w| w.get(name).is_some());
    let names: Vec<&str> = writable
        .iter()
        .map(String::as_str)
        .filter(|name| !known(name) && now.get(name).is_some_and(|value| !is_empty(value)))
        .collect();
    if names.is_empty() || as_it_was_made(now) { Vec::new() } else { names }
}

/// As good as nothing: what a system puts into a field that nobody filled in.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Bool(true) => false,
        Value::Number(n) => n.as_f64() == Some(0.0),
        Value::String(s) => s.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.values().all(is_empty),
    }
}

/// The record says when it was made and when it was changed, and it is one moment.
fn as_it_was_made(now: &Value) -> bool {
    let time = |words: &[&str]| {
        now.as_object()?.iter().find_map(|(name, value)| {
            let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
            words.contains(&plain.to_ascii_lowercase().as_str()).then_some(value)
        })
    };
    let apart = time(&MADE).zip(time(&CHANGED)).and_then(|(made, changed)| apart_ms(made, changed));
    apart.is_some_and(|ms| ms <= ONE_MOMENT_MS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock::Timestamp;
    use crate::evidence::UndoAct;
    use serde_json::json;

    fn unknown(now: &Value) -> Vec<String> {
        let line = Undo {
            run: "r-1".into(),
            flow: "f".into(),
            key: "k".into(),
            act: UndoAct::Created,
            target_id: Some("7".into()),
            before: None,
            intends: None,
            wrote: Some(json!({"email": "a@x.example", "name": null})),
            at: Timestamp(1),
            undone: false,
        };
        let writable = ["email", "name", "phone", "tags", "vip", "score", "address"].map(str::to_owned);
        by_whom_nobody_knows(&writable, &line, now).into_iter().map(str::to_owned).collect()
    }

    #[test]
    fn what_the_run_did_not_write_and_nobody_showed_is_named() {
        let now = json!({"id": 7, "email": "a@x.example", "phone": "079", "address": {"city": "Köln"}});
        assert_eq!(unknown(&now), ["phone", "address"]);
    }

    #[test]
    fn what_a_system_puts_into_empty_fields_is_nothing() {
        let now = json!({"phone": "", "tags": [], "vip": false, "score": 0.0, "address": {"city": null}});
        assert!(unknown(&now).is_empty());
    }

    #[test]
    fn a_record_that_says_that_nobody_changed_it_is_as_it_was_made() {
        for (made, changed, fine) in [
            (json!({"CreatedDate": "2026-01-01T10:00:00.000+0000"}), json!("2026-01-01T10:00:01.000+0000"), true),
            (json!({"created_at": "2026-01-01T10:00:00Z"}), json!("2026-01-01T12:00:00+02:00"), true),
            (json!({"created_at": "2026-01-01T10:00:00Z"}), json!("2026-01-01T10:00:07Z"), false),
            (json!({"created": 1_767_261_600}), json!(1_767_261_601), true),
            (json!({"created": 1_767_261_600}), json!(1_767_261_700), false),
            (json!({"created": "yesterday"}), json!("yesterday"), false),
            (json!({"created": "2026-01-01"}), json!("2026-01-01"), false),
            (json!({"created": "2026-01-01T10:00"}), json!("2026-01-01T10:00"), false),
        ] {
            let mut now = made.clone();
            now["phone"] = json!("079");
            now["Last_Modified_Date"] = changed;
            assert_eq!(unknown(&now).is_empty(), fine, "{now}");
        }
    }
}
