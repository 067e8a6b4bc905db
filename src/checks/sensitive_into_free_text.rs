//! What is about a person, a payment or health in a text that everybody reads and nobody classifies.

use super::between::plain;
use super::sensitive::{carried, fields, incoming};
use super::told::{Field, says};
use super::used::{Role, Used};
use super::{Check, Subject};
use crate::base::text::{quoted, words};
use crate::finding::{Finding, Severity};
use crate::mapping::Rule;
use crate::model::TypeSet;

pub(super) static CHECK: Check = Check {
    code: "sensitive-into-free-text",
    summary: "A rule writes what is about people, payments or health, or a secret, into a note, tag, log or other free text of the target: \
              where nothing treats it as such.",
    severity: Severity::Warning,
    run,
};

/// Last words of names of free text.
const FREE: [&str; 27] = [
    "note",
    "notes",
    "comment",
    "comments",
    "remark",
    "remarks",
    "memo",
    "message",
    "messages",
    "description",
    "body",
    "text",
    "details",
    "tag",
    "tags",
    "labels",
    "keyword",
    "keywords",
    "log",
    "logs",
    "history",
    "annotation",
    "annotations",
    "metadata",
    "extra",
    "freetext",
    "misc",
];
/// Free text too, but of these names only for what opens something or pays.
const TITLES: [&str; 5] = ["title", "summary", "subject", "reference", "name"];

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for flow in subject.contract.flows.values() {
        let Some(mapping) = subject.mappings.get(&flow.name) else { continue };
        let sensitive = incoming(subject, flow);
        if sensitive.is_empty() {
            continue;
        }
        let used = subject.used_by(flow);
        let writes: Vec<&Used<'_>> =
            used.iter().filter(|u| matches!(u.role, Role::Create | Role::Put | Role::Bulk)).collect();
        for rule in mapping.rules() {
            let Some((path, kind)) = carried(&sensitive, rule) else { continue };
            let Some(pointer) = writes.iter().find_map(|w| free(w, rule, kind, path)) else { continue };
            let (from, target) = (quoted(path, 80), quoted(&rule.target.to_string(), 80));
            let message = format!("{from} is {}, and {target} is free text", described(kind));
            let fix = format!(
                "map it to a field that is made for it, hide it by with: [{{pseudonym: {{key: env:NAME}}}}], or list {from} under unmapped"
            );
            out.push(subject.warning(&CHECK, rule.source_at, message).sure(0.7).fix(fix).because_of(pointer));
        }
    }
}

fn described(kind: &str) -> &'static str {
    match kind {
        "payment" => "payment data",
        "health" => "about health",
        "secret" => "a secret",
        _ => "about a person",
    }
}

/// The place of the target's field, where it is free text and does not say that such data belongs there.
fn free(write: &Used<'_>, rule: &Rule, kind: &str, from: &str) -> Option<String> {
    let path = rule.target.to_string();
    let body = write.body()?;
    let field = Field::of(write.system, body, &path)?;
    let name = words(rule.target.leaf());
    let last = name.last().map_or("", String::as_str);
    let named = FREE.contains(&last) || (TITLES.contains(&last) && matches!(kind, "secret" | "payment"));
    let said = says(field.description(), &["free text", "free-text", "free form", "free-form", "freeform"]);
    let textual = field.kind.types.allows(TypeSet::STRING) || field.kind.types.has(TypeSet::ARRAY);
    if !(named || said) || !textual || field.kind.values.is_some() {
        return None;
    }
    // Where the target says that it holds such things, it was made for them.
    let own: Vec<String> = words(super::told::leaf(from)).into_iter().filter(|w| w.len() > 3).collect();
    let meant = words(field.description()).iter().any(|w| own.contains(w)) || name.iter().any(|w| own.contains(w));
    let known = || fields(write.system, body).iter().any(|s| s.path == plain(&rule.target));
    (!meant && !known()).then(|| field.pointer())
}
