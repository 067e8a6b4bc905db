//! Findings as SARIF 2.1.0, for code scanning. <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::app::FindingOut;
use crate::base::digest::Digest;
use crate::finding::Severity;

/// One SARIF log with one run. Each gap, what was not looked at and why, is a notification of the run.
#[must_use]
pub fn sarif(findings: &[FindingOut], gaps: &[String]) -> Value {
    sarif_with(findings, gaps, &[])
}

/// The same, with fingerprints of the findings where they have their own; else they are made of code, file and message.
#[must_use]
pub fn sarif_with(findings: &[FindingOut], gaps: &[String], prints: &[String]) -> Value {
    let level = |s: Severity| s.as_str();
    let mut rules: BTreeMap<&str, Severity> = BTreeMap::new();
    for f in findings {
        let worst = rules.entry(&f.code).or_insert(f.severity);
        *worst = (*worst).max(f.severity);
    }
    let index: BTreeMap<&str, usize> = rules.keys().enumerate().map(|(i, c)| (*c, i)).collect();
    let results: Vec<Value> = findings
        .iter()
        .enumerate()
        .map(|(i, f)| {
            let mut physical = json!({"artifactLocation": {"uri": uri(&f.file)}});
            if f.line > 0 {
                physical["region"] = json!({"startLine": f.line, "startColumn": f.column.max(1)});
            }
            let mut location = json!({"physicalLocation": physical});
            if let Some(pointer) = &f.pointer {
                location["logicalLocations"] = json!([{"fullyQualifiedName": pointer}]);
            }
            let text = if f.fix.is_empty() { f.message.clone() } else { format!("{}. Fix: {}", f.message, f.fix) };
            let made = || Digest::of_bytes(format!("{}\n{}\n{}", f.code, f.file, f.message).as_bytes());
            let print = prints.get(i).cloned().unwrap_or_else(|| made().as_str().to_owned());
            json!({
                "ruleId": f.code, "ruleIndex": index.get(f.code.as_str()), "level": level(f.severity),
                "message": {"text": text}, "locations": [location],
                "partialFingerprints": {"platformIntegration/v1": print},
                "rank": (f.confidence * 100.0).round(),
            })
        })
        .collect();
    let rules: Vec<Value> = rules.into_iter().map(|(code, s)| rule(code, s)).collect();
    let mut run = json!({
        "tool": {"driver": {"name": "platform-integration", "version": env!("CARGO_PKG_VERSION"), "rules": rules}},
        "columnKind": "unicodeCodePoints",
        "results": results,
    });
    if !gaps.is_empty() {
        // SARIF 2.1.0, 3.20.21: conditions that the tool met while it ran, which are no results.
        let told = |gap: &String| json!({"level": "note", "message": {"text": format!("not verified: {gap}")}});
        let notifications: Vec<Value> = gaps.iter().map(told).collect();
        run["invocations"] = json!([{"executionSuccessful": true, "toolExecutionNotifications": notifications}]);
    }
    json!({"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]})
}

/// What a rule is, with what the table of rules says of it where it is one of the verifier's.
fn rule(code: &str, severity: Severity) -> Value {
    let mut out = json!({"id": code, "defaultConfiguration": {"level": severity.as_str()}});
    if let Some(rule) = crate::verify::rule(code) {
        let home = concat!(env!("CARGO_PKG_REPOSITORY"), "/blob/main/docs/verify.md#");
        out["name"] = json!(rule.id);
        out["shortDescription"] = json!({"text": rule.finds});
        out["help"] = json!({"text": format!("{} Where the rule comes from: {}.", rule.finds, rule.source)});
        out["helpUri"] = json!(format!("{home}{code}"));
    }
    out
}

/// A path as a relative reference: below the directory that the run was started in.
fn uri(path: &str) -> String {
    const KEPT: &percent_encoding::AsciiSet =
        &percent_encoding::CONTROLS.add(b' ').add(b'"').add(b'#').add(b'%').add(b'<').add(b'>').add(b'?').add(b'`');
    let path = path.strip_prefix("./").unwrap_or(path);
    percent_encoding::utf8_percent_encode(path, KEPT).to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn what_was_not_looked_at_is_a_notification_of_the_run() {
        let log = super::sarif(&[], &["server a: it needs the network".to_owned()]);
        assert_eq!(
            log["runs"][0]["invocations"],
            json!([{"executionSuccessful": true, "toolExecutionNotifications": [
                {"level": "note", "message": {"text": "not verified: server a: it needs the network"}}
            ]}])
        );
        assert_eq!(super::sarif(&[], &[])["runs"][0].get("invocations"), None);
    }
}
