//! A flag for what is gone that the list never shows set.
//!
//! Soft-deleted records are left out of lists unless they are asked for: Pipedrive, Zendesk (`show_deleted`), Google Calendar
//! (`showDeleted`) and HubSpot (`archived`) have a parameter for it.

use serde_json::Value;

use super::told::{has_word, says};
use super::used::Used;
use super::{Check, Subject};
use crate::base::text::{quoted, words};
use crate::finding::{Finding, Severity};
use crate::model::{ParamIn, Parameter};

pub(super) static CHECK: Check = Check {
    code: "deleted-never-listed",
    summary: "A rule reads the flag for deleted or archived records, and the list leaves such records out unless a parameter asks for them, which \
              nothing does.",
    severity: Severity::Warning,
    run,
};

const GONE: [&str; 6] = ["deleted", "archived", "trashed", "removed", "inactive", "disabled"];
const WITH: [&str; 5] = ["include", "with", "show", "including", "includes"];

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for used in subject.lists() {
        let Some(mapping) = subject.mappings.get(&used.flow.name) else { continue };
        // With events, what is gone is told by them.
        if used.flow.source.webhook.is_some() {
            continue;
        }
        let read = mapping.rules().iter().find_map(|rule| {
            let path = rule.reads().find(|p| has_word(p.leaf(), &GONE))?;
            Some((rule.source_at, path.to_string()))
        });
        let Some((at, path)) = read else { continue };
        let which = words(&path).into_iter().find(|w| GONE.contains(&w.as_str())).unwrap_or_default();
        let Some(param) = used.operation.parameters.iter().find(|p| includes(&used, p, &which)) else { continue };
        let asked = used.flow.source.params.iter().any(|(n, v)| n.value == param.name && *v != Value::Bool(false));
        if asked {
            continue;
        }
        let (name, id) = (quoted(&param.name, 60), quoted(&used.operation.id, 80));
        let message =
            format!("{} is read, and {id} leaves such records out unless {name} asks for them", quoted(&path, 60));
        let fix = format!("add params: {{{name}: true}} to the source, or what it takes");
        out.push(subject.warning(&CHECK, at, message).fix(fix).because_of(&param.pointer));
    }
}

/// Whether a parameter asks for records that are gone too, and is not on by itself.
fn includes(used: &Used<'_>, p: &Parameter, which: &str) -> bool {
    if !matches!(p.place, ParamIn::Query | ParamIn::Variable) || !has_word(&p.name, &GONE) {
        return false;
    }
    let schema = p.schema.map(|id| used.system.schemas.get(id));
    let on = schema.and_then(|s| s.default.as_deref()).is_some_and(|d| *d == Value::Bool(true));
    let named = has_word(&p.name, &WITH) || says(&p.description, &["also those", "include", "as well", "too"]);
    let same = words(&p.name).iter().any(|w| w == which);
    same && named && !on
}
