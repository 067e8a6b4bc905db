//! An idempotency key in a form that the target does not take.
//!
//! The connector's keys are derived, `pi-` and 40 hexadecimal digits, so that a lost ledger leads to the same key. Some targets
//! bound their length, or take a UUID alone (the Idempotency-Key draft of the IETF leaves both to the server).

use serde_json::json;

use super::used::Role;
use super::{Check, Subject};
use crate::base::text::quoted;
use crate::contract::Write;
use crate::finding::{Finding, Severity};
use crate::model::{Direction, ParamIn, validate};

pub(super) static CHECK: Check = Check {
    code: "idempotency-key-refused",
    summary: "The header for the idempotency key takes another form than the connector's keys have: each write is refused, or keys are cut and \
              mixed up.",
    severity: Severity::Error,
    run,
};

/// As the connector writes them: the first 40 digits of a digest.
const KEY: &str = "pi-0123456789abcdef0123456789abcdef01234567";

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for used in subject.used().into_iter().filter(|u| u.role == Role::Create) {
        let (Write::Create { idempotency, .. } | Write::Upsert { idempotency, .. }) = &used.flow.target.write else {
            continue;
        };
        // Where the contract names none, the one that the description states is sent.
        let stated = used.operation.idempotency.as_ref().map(|i| i.header.as_str());
        let Some(header) = idempotency.as_ref().map(|h| h.as_str()).or(stated) else { continue };
        let Some(p) = used
            .operation
            .parameters
            .iter()
            .find(|p| p.place == ParamIn::Header && p.name.eq_ignore_ascii_case(header))
        else {
            continue;
        };
        let by_schema = p.schema.and_then(|id| {
            let found = validate(&used.system.schemas, id, &json!(KEY), Direction::Request);
            found.into_iter().next().map(|v| v.without_value())
        });
        let own = p.schema.map_or("", |id| used.system.schemas.get(id).description.as_str());
        let Some(because) = by_schema.or_else(|| by_words(&p.description)).or_else(|| by_words(own)) else { continue };
        let at = idempotency.as_ref().map_or(used.name.at, |h| h.at);
        let message = format!(
            "{} of {} does not take the connector's keys, {} characters like {KEY}: {}",
            quoted(&p.name, 60),
            quoted(&used.operation.id, 80),
            KEY.len(),
            quoted(&because, 120)
        );
        let fix =
            "use upsert with a natural key, or another header that takes the key; or write this connector in code";
        out.push(subject.error(&CHECK, at, message).fix(fix).because_of(&p.pointer));
    }
}

/// What a description requires of keys, where that rules ours out.
fn by_words(told: &str) -> Option<String> {
    let told = told.to_lowercase();
    let must = [
        "must be a uuid",
        "must be a valid uuid",
        "must be a v4 uuid",
        "must be a uuid v4",
        "has to be a uuid",
        "must be a guid",
    ];
    if let Some(phrase) = must.iter().find(|m| told.contains(*m)) {
        return Some(format!("it {phrase}"));
    }
    let marks = ["at most ", "up to ", "maximum of ", "maximum length of ", "no longer than ", "max ", "limited to "];
    marks.iter().find_map(|m| {
        let (_, rest) = told.split_once(m)?;
        let mut parts = rest.split_whitespace();
        let most: usize = parts.next()?.trim_matches(|c: char| !c.is_ascii_digit()).parse().ok()?;
        let noun = parts.next()?.starts_with("char");
        (noun && most < KEY.len()).then(|| format!("it has {most} characters at most"))
    })
}

#[cfg(test)]
mod tests {
    use super::by_words;

    #[test]
    fn only_what_is_required_counts() {
        for (text, refused) in [
            ("A key of at most 36 characters.", true),
            ("At most 64 characters; remembered for a day.", false),
            ("Must be a UUID.", true),
            ("Any unique value; a v4 UUID is a good choice.", false),
            ("Up to 24 hours.", false),
        ] {
            assert_eq!(by_words(text).is_some(), refused, "{text}");
        }
    }
}
