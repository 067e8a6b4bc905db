//! Errors that come with status 200: `{"ok": false}`, `{"errors": [...]}` and their kin.

use serde_json::{Map, Value};

use crate::base::text::quoted;

/// What kind of error an envelope tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Too many requests.
    Throttled,
    /// Worth another attempt.
    Transient,
    /// The credential is not taken.
    Unauthorized,
    /// The same request will be refused again.
    Refused,
}

/// An error told inside a successful answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Envelope {
    /// Its kind.
    pub kind: Kind,
    /// What it says: quoted and bounded, not yet masked.
    pub says: String,
}

/// What the body holds beside the error that may be in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holds {
    /// Nothing that was asked for.
    Nothing,
    /// Records of a list.
    Records,
    /// The record written, with its key: fields of it may be named `error`, `errors` or `status`.
    Record,
}

/// Looks for an error in the body of a 2xx answer.
pub(super) fn find(body: &Value, holds: Holds) -> Option<Envelope> {
    let map = body.as_object()?;
    let said_no = ["ok", "success"].iter().any(|k| map.get(*k) == Some(&Value::Bool(false)));
    // Next to records, `errors` is a partial answer: what is missing is not known, so it is an error too.
    let errors = holds != Holds::Record
        && map.get("errors").is_some_and(|e| match e {
            Value::Array(items) => !items.is_empty(),
            Value::Object(fields) => !fields.is_empty(),
            Value::String(s) => !s.is_empty(),
            _ => false,
        });
    let error = holds == Holds::Nothing
        && map.get("error").is_some_and(|e| match e {
            Value::String(s) => !s.is_empty(),
            Value::Object(_) | Value::Bool(true) => true,
            _ => false,
        });
    let status = holds == Holds::Nothing
        && map.get("status").and_then(Value::as_str).is_some_and(|s| matches!(s, "error" | "fail" | "failure"));
    (said_no || errors || error || status).then(|| {
        let says = says(map);
        Envelope { kind: kind(&says), says }
    })
}

/// Whether a success says no more than that the credential is not taken, as `{"ok": false, "error": "token_expired"}` does: then
/// nothing was done, and a renewed one may be.
pub(super) fn refuses_credential(body: &[u8]) -> bool {
    /// Nobody needs more room to say so; a page of records is not read twice.
    const MOST: usize = 4096;
    let may = |word: &str| memchr::memmem::find(body, word.as_bytes()).is_some();
    if body.len() > MOST || !(may("false") || may("\"errors\"")) {
        return false;
    }
    let Ok(Value::Object(map)) = serde_json::from_slice(body) else { return false };
    // Whatever else it holds may tell of something that was done.
    const TELLING: [&str; 13] = [
        "ok",
        "success",
        "error",
        "error_code",
        "error_description",
        "code",
        "message",
        "msg",
        "detail",
        "reason",
        "status",
        "needed",
        "provided",
    ];
    let said_no = ["ok", "success"].iter().any(|k| map.get(*k) == Some(&Value::Bool(false)))
        && map.iter().all(|(name, value)| TELLING.contains(&name.as_str()) || value.is_null());
    // GraphQL over HTTP, section 7.1: a request that was not executed has no data at all, and its errors no path.
    let of_a_field = |error: &Value| error.get("path").is_some();
    let not_executed = map.keys().all(|name| matches!(name.as_str(), "errors" | "extensions"))
        && map.get("errors").and_then(Value::as_array).is_some_and(|all| !all.iter().any(of_a_field));
    (said_no || not_executed) && kind(&says(&map)) == Kind::Unauthorized
}

/// Characters that are kept of what an answer says until secrets are taken out of it: many more than anybody is shown,
/// since a secret that is cut in half is not known any more.
pub(super) const SAID: usize = 4096;

/// The words of an error body, wherever they stand: of an envelope, of problem details (RFC 9457), of a vendor.
pub(super) fn says(map: &Map<String, Value>) -> String {
    let mut words: Vec<String> = Vec::new();
    collect(map, &mut words, 0);
    words.dedup();
    quoted(&words.join(": "), SAID)
}

fn collect(map: &Map<String, Value>, words: &mut Vec<String>, depth: usize) {
    const TELLING: [&str; 13] = [
        // Of a GraphQL error: its code stands in there, and counts more than its words.
        "extensions",
        "code",
        "error",
        "error_code",
        "type",
        "title",
        "message",
        "msg",
        "detail",
        "reason",
        "error_description",
        "description",
        "errors",
    ];
    for key in TELLING {
        match map.get(key) {
            Some(Value::String(s)) if !s.is_empty() && s != "about:blank" => words.push(s.clone()),
            Some(Value::Object(inner)) if depth < 3 => collect(inner, words, depth + 1),
            Some(Value::Array(items)) if depth < 3 => {
                for item in items.iter().take(3) {
                    match item {
                        Value::String(s) => words.push(s.clone()),
                        Value::Object(inner) => collect(inner, words, depth + 1),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
}

/// The kind, told by its words: nobody standardised the codes.
fn kind(says: &str) -> Kind {
    let plain: String = says.to_lowercase().chars().map(|c| if c.is_alphanumeric() { c } else { ' ' }).collect();
    let any = |phrases: &[&str]| phrases.iter().any(|p| plain.contains(p));
    if any(&["rate limit", "ratelimit", "too many requests", "throttl", "quota exceeded", "slow down"]) {
        Kind::Throttled
    } else if any(&[
        "invalid auth",
        "not authed",
        "token expired",
        "expired token",
        "token revoked",
        "invalid token",
        "unauthor",
        "unauthenticated",
        "invalid api key",
        "account inactive",
        "invalid credentials",
    ]) {
        Kind::Unauthorized
    } else if any(&[
        "temporar",
        "try again",
        "timed out",
        "timeout",
        "unavailable",
        "overload",
        "maintenance",
        "internal error",
        "internal server",
        "server error",
        "service busy",
        "service error",
        "fatal error",
    ]) {
        Kind::Transient
    } else {
        Kind::Refused
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn errors_with_status_200_are_recognised() {
        for (body, kind) in [
            (json!({"ok": false, "error": "ratelimited"}), Kind::Throttled),
            (json!({"success": false, "message": "Too many requests"}), Kind::Throttled),
            (json!({"ok": false, "error": "invalid_auth"}), Kind::Unauthorized),
            (json!({"error": {"code": 17, "message": "Service temporarily unavailable"}}), Kind::Transient),
            (json!({"errors": [{"message": "Field 'x' doesn't exist"}]}), Kind::Refused),
            (
                json!({"errors": [{"message": "Internal server error"}], "data": {"items": [{"id": 1}]}}),
                Kind::Transient,
            ),
            (json!({"status": "error", "reason": "no such list"}), Kind::Refused),
            // GraphQL: the code in the extensions counts, whatever the words are.
            (
                json!({"data": null, "errors": [{"message": "x".repeat(300), "extensions": {"code": "THROTTLED"}}]}),
                Kind::Throttled,
            ),
            (json!({"errors": [{"message": "No.", "extensions": {"code": "UNAUTHENTICATED"}}]}), Kind::Unauthorized),
            (json!({"errors": [{"message": "Oh.", "extensions": {"code": "INTERNAL_SERVER_ERROR"}}]}), Kind::Transient),
            (json!({"errors": [{"message": "Hm.", "extensions": {"code": "BAD_USER_INPUT"}}]}), Kind::Refused),
            (json!({"error": "bad"}), Kind::Refused),
        ] {
            assert_eq!(find(&body, Holds::Nothing).map(|e| e.kind), Some(kind), "{body}");
        }
    }

    #[test]
    fn only_an_answer_that_is_nothing_else_refuses_the_credential() {
        for (refuses, body) in [
            (true, json!({"ok": false, "error": "token_expired"})),
            (true, json!({"success": false, "message": "Unauthorized"})),
            (true, json!({"errors": [{"message": "No.", "extensions": {"code": "UNAUTHENTICATED"}}]})),
            (true, json!({"errors": [{"message": "invalid token"}]})),
            // It may have been done, and what it answers with may not be read.
            (
                false,
                json!({"data": null, "errors": [{"message": "unauthorized to read customer", "path": ["createOrder"]}]}),
            ),
            (false, json!({"errors": [{"message": "invalid token", "path": ["createOrder"]}]})),
            (false, json!({"success": false, "id": 77, "message": "unauthorized to notify owner"})),
            (false, json!({"ok": false, "error": "channel_not_found"})),
            (false, json!({"ok": true, "error": "token_expired"})),
            (false, json!({"id": "j1", "status": "failed", "errors": ["token expired"]})),
            (false, json!({"data": {"a": 1}, "errors": [{"message": "invalid token"}]})),
            (false, json!({"ok": false, "error": "token_expired", "padding": "x".repeat(5000)})),
        ] {
            assert_eq!(refuses_credential(body.to_string().as_bytes()), refuses, "{body}");
        }
    }

    #[test]
    fn an_answer_that_merely_has_such_fields_is_none() {
        for body in [
            json!({"ok": true, "error": null, "errors": [], "data": []}),
            json!({"success": true}),
            json!({"error": ""}),
            json!({"status": "active"}),
            json!([]),
        ] {
            assert_eq!(find(&body, Holds::Nothing), None, "{body}");
        }
        let job = json!({"id": "j1", "status": "error", "error": "disk full", "errors": ["disk full"]});
        assert_eq!(find(&job, Holds::Record), None, "a record about an error is a record");
        assert!(find(&json!({"data": [{"id": 1}], "errors": ["shard 3 is down"]}), Holds::Records).is_some());
    }

    #[test]
    fn the_words_are_found_and_bounded() {
        let body = json!({"errors": [{"title": "Bad", "detail": "x".repeat(5000)}]});
        let said = find(&body, Holds::Nothing).map(|e| e.says).unwrap_or_default();
        assert!(said.starts_with("Bad: xxx") && said.chars().count() == SAID, "{said}");
    }
}
