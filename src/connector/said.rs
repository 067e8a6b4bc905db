//! What the answer to a batch says of one of its records. Nobody standardised it: a status as a number or as a text, a word of
//! success or failure, a code of gRPC, the record itself. What says neither is not taken for done.

use serde_json::Value;

use super::body::scalar;
use super::envelope::{self, Holds, Kind as Told};
use super::retry::{Kind, kind};

/// What an answer says about one record.
pub(super) enum Word {
    /// With the target's key where it is told, and whether the record was made.
    Done(Option<String>, bool),
    /// Failed for now, or nobody can tell: it is sent again.
    Again(String),
    /// Refused.
    Refused(String),
}

/// Words of success, in small letters without what stands between them.
const DONE: [&str; 24] = [
    "ok",
    "okay",
    "success",
    "succeeded",
    "successful",
    "created",
    "updated",
    "upserted",
    "inserted",
    "replaced",
    "modified",
    "saved",
    "stored",
    "written",
    "indexed",
    "imported",
    "accepted",
    "processed",
    "done",
    "completed",
    "unchanged",
    "notmodified",
    "added",
    "queued",
];

/// Words of failure, that no record has as a state of its own right after it was written.
const FAILED: [&str; 22] = [
    "error",
    "errored",
    "fail",
    "failed",
    "failure",
    "rejected",
    "refused",
    "invalid",
    "invalidargument",
    "badrequest",
    "notfound",
    "conflict",
    "denied",
    "permissiondenied",
    "forbidden",
    "unauthorized",
    "unauthenticated",
    "skipped",
    "ignored",
    "aborted",
    "failedprecondition",
    "unprocessableentity",
];

/// Words that turn a sentence into a failure.
const BUT: [&str; 7] = ["not", "cannot", "unable", "locked", "exceeded", "missing", "already"];

/// Words of a failure for now.
const FOR_NOW: [&str; 8] = [
    "throttled",
    "ratelimited",
    "toomanyrequests",
    "unavailable",
    "serviceunavailable",
    "timeout",
    "resourceexhausted",
    "deadlineexceeded",
];

/// Fields that say how it went, in words.
const VERDICTS: [&str; 5] = ["status", "result", "outcome", "state", "code"];

/// Fields that explain a failure, and that few records have for themselves.
const REASONS: [&str; 8] =
    ["message", "msg", "reason", "detail", "error_description", "error_message", "errorMessage", "failure"];

/// What one result says of a record that was sent as this: a field that comes back as it was sent says nothing.
pub(super) fn word(result: &Value, sent: &Value) -> Word {
    let says = result.as_object().map(envelope::says).unwrap_or_default();
    let own = |name: &str| {
        let value = result.get(name).filter(|value| !value.is_null())?;
        (sent.get(name) != Some(value)).then_some(value)
    };
    if let Some(status) = ["status", "status_code", "statusCode", "code"].iter().find_map(|name| status(own(name)?)) {
        let told = if says.is_empty() { format!("status {status}") } else { format!("status {status}: {says}") };
        return match kind(status) {
            Kind::Success => Word::Done(id(result), status == 201),
            Kind::Throttled | Kind::NotDone | Kind::Unknown => Word::Again(told),
            Kind::Redirect | Kind::Unauthorized | Kind::Refused => Word::Refused(told),
        };
    }
    match envelope::find(result, Holds::Nothing) {
        Some(found) if matches!(found.kind, Told::Throttled | Told::Transient) => return Word::Again(found.says),
        Some(found) => return Word::Refused(found.says),
        None => {}
    }
    let verdicts: Vec<(&str, String)> =
        VERDICTS.iter().filter_map(|name| Some((*name, plain(own(name)?.as_str()?)))).collect();
    let any = |words: &[&str]| verdicts.iter().find(|(_, said)| words.contains(&said.as_str()));
    let with = |said: &str| if says.is_empty() { said.to_owned() } else { format!("{said}: {says}") };
    let reason = REASONS.iter().find_map(|name| own(name)?.as_str()).filter(|reason| !reason.is_empty());
    let words: Vec<String> = reason.iter().flat_map(|r| r.split(|c: char| !c.is_alphanumeric())).map(plain).collect();
    let bad = words.iter().any(|w| FAILED.contains(&w.as_str()) || BUT.contains(&w.as_str()));
    let reads_done = !bad && words.iter().any(|w| DONE.contains(&w.as_str()));
    if let Some((_, said)) = any(&FOR_NOW) {
        return Word::Again(with(said));
    }
    // Passed over since the target holds it so.
    let idle = words.iter().any(|w| matches!(w.as_str(), "unchanged" | "changes" | "change" | "already" | "duplicate"));
    if let Some((_, said)) = any(&FAILED) {
        let passed_over = matches!(said.as_str(), "skipped" | "ignored") && idle;
        return if passed_over { Word::Done(id(result), false) } else { Word::Refused(with(said)) };
    }
    let succeeded = ["success", "ok"].iter().any(|name| own(name) == Some(&Value::Bool(true)));
    if succeeded || any(&DONE).is_some() || reads_done {
        return Word::Done(id(result), false);
    }
    // A key that only the target can have given.
    let given = id(result).is_some_and(|id| {
        !sent.as_object().into_iter().flat_map(|o| o.values()).any(|v| scalar(v).as_ref() == Some(&id))
    });
    match (reason, own("code").and_then(Value::as_u64)) {
        // google.rpc.Code: 0 is OK.
        (_, Some(0)) | (None, _) => Word::Done(id(result), false),
        (Some(_), Some(2 | 4 | 8 | 10 | 13 | 14)) if !given => Word::Again(says),
        (Some(_), Some(1..=16)) if !given => Word::Refused(says),
        (Some(_), _) if given && !bad => Word::Done(id(result), false),
        (Some(reason), _) => Word::Again(format!("nobody can tell whether it was written: {reason}")),
    }
}

/// A status of HTTP, as a number or as a text.
fn status(value: &Value) -> Option<u16> {
    let number = value.as_u64().or_else(|| value.as_str()?.trim().parse().ok())?;
    u16::try_from(number).ok().filter(|s| (100..600).contains(s))
}

/// `INVALID_ARGUMENT`, `invalid-argument` and `InvalidArgument` are one word.
fn plain(word: &str) -> String {
    word.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn id(result: &Value) -> Option<String> {
    result.get("id").and_then(scalar)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn said(result: &Value, sent: &Value) -> String {
        match word(result, sent) {
            Word::Done(Some(id), made) => format!("done {id}{}", if made { ", made" } else { "" }),
            Word::Done(None, _) => "done".to_owned(),
            Word::Again(_) => "again".to_owned(),
            Word::Refused(_) => "refused".to_owned(),
        }
    }

    #[test]
    fn each_result_speaks_for_itself() {
        for (result, wanted) in [
            (json!({"sku": "a", "status": 201, "id": 7}), "done 7, made"),
            (json!({"status": 204}), "done"),
            (json!({"sku": "a", "result": "updated"}), "done"),
            (json!({"status": 422, "error": {"code": "invalid", "message": "no such tax"}}), "refused"),
            (json!({"status": 409}), "refused"),
            (json!({"status": 401}), "refused"),
            (json!({"status": "rejected", "reason": "blocked"}), "refused"),
            (json!({"ok": false, "error": "no such tax"}), "refused"),
            (json!({"status": 429}), "again"),
            (json!({"status": 503}), "again"),
            (json!({"success": false, "message": "temporarily unavailable"}), "again"),
            // JSON:API: the status of an error is a text.
            (json!({"id": "b", "status": "422", "message": "no such tax"}), "refused"),
            (json!({"id": "b", "status": "200"}), "done b"),
            (json!({"id": "c", "status": "skipped", "message": "record is locked"}), "refused"),
            (json!({"id": "d", "status": "not_found"}), "refused"),
            (json!({"id": "e", "status": "INVALID_ARGUMENT"}), "refused"),
            (json!({"id": "e", "status": "RESOURCE_EXHAUSTED"}), "again"),
            // google.rpc.Status
            (json!({"id": "f", "code": 3, "message": "bad amount", "status": null}), "refused"),
            (json!({"id": "f", "code": 14, "message": "try later"}), "again"),
            (json!({"code": 0, "message": ""}), "done"),
            (json!({"id": "g", "message": "record is locked"}), "again"),
            (json!({"id": "g", "message": "not updated"}), "again"),
            (json!({"id": "g", "message": "Product updated."}), "done g"),
            (json!({"id": 5, "code": 1, "message": "success"}), "done 5"),
            (json!({"id": 12, "message": "gespeichert"}), "done 12"),
            (json!({"sku": "a", "message": "gespeichert"}), "again"),
            (json!({"sku": "a", "status": "skipped", "message": "no changes"}), "done"),
            (json!({"sku": "a", "success": true, "message": "queued for review"}), "done"),
            // The record itself, with a state of its own.
            (json!({"id": 7, "sku": "a", "status": "active", "name": "Nail"}), "done 7"),
            (json!({"sku": "a"}), "done"),
        ] {
            assert_eq!(
                said(&result, &json!({"sku": "a", "ids": ["x"], "b": "b", "f": "f", "g": "g"})),
                wanted,
                "{result}"
            );
        }
    }

    #[test]
    fn what_comes_back_as_it_was_sent_says_nothing_of_how_it_went() {
        let sent = json!({"sku": "a", "state": "invalid", "message": "Handle with care", "code": 3});
        assert_eq!(said(&sent, &sent), "done");
        let mut refused = sent.clone();
        refused["status"] = json!("failed");
        assert_eq!(said(&refused, &sent), "refused");
    }
}
