//! The mapping against both schemas (law 3). Its findings have the codes of the type checker.

use std::collections::{BTreeMap, BTreeSet};

use super::used::{Role, natural_key};
use super::{Check, Subject};
use crate::base::text::quoted;
use crate::base::yaml::Span;
use crate::finding::{Finding, Location, Severity};
use crate::mapping::{self, Rule};

pub(super) static CHECK: Check = Check {
    code: "mapping-types",
    summary: "The mapping does not fit the schemas: required fields, types, null, values, lengths, formats, units.",
    severity: Severity::Error,
    run,
};

/// What to do where a key is too long: cut, two records could become one.
const KEY_FIX: &str = "the target tells records apart by this field, so it must not be cut: map one that fits, or reject records that \
    do not fit before they are sent";

/// Codes that are about a field of the source, wherever it goes.
const SOURCE_ALONE: [&str; 6] = [
    "unmapped-source-field",
    "unknown-source-field",
    "write-only-source-read",
    "unmapped-does-not-exist",
    "union-branch-unhandled",
    "condition-never-true",
];

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for flow in subject.contract.flows.values() {
        let Some(map) = subject.mappings.get(&flow.name) else { continue };
        let used = subject.used_by(flow);
        let mut seen: BTreeSet<(&'static str, Location, String)> = BTreeSet::new();
        let mut at_place: BTreeMap<Span, &Rule> = BTreeMap::new();
        for rule in map.rules() {
            at_place.entry(rule.at).or_insert(rule);
            at_place.entry(rule.source_at).or_insert(rule);
        }
        let incoming = subject.incoming(flow);
        // Create and update mostly take one schema: asked once.
        let mut asked = BTreeSet::new();
        for (source, write) in incoming.iter().flat_map(|record| {
            let writes = used.iter().filter(|u| matches!(u.role, Role::Create | Role::Put | Role::Update | Role::Bulk));
            writes.map(move |write| ((&record.system.schemas, record.schema), write))
        }) {
            let Some(body) = write.body() else { continue };
            if !asked.insert((std::ptr::from_ref(source.0), source.1, write.system_name.value.as_str(), body)) {
                continue;
            }
            let target = (&write.system.schemas, body);
            let found = mapping::check(map, source, target, &flow.unmapped, &subject.contract.file);
            let key = natural_key(&flow.target.write);
            let keys: Vec<_> =
                map.rules().iter().filter(|r| key.is_some_and(|k| r.target.to_string() == k.value)).collect();
            for mut finding in found {
                if finding.location.at.line == 0 {
                    // Nothing of the map is there to point at.
                    finding.location.at = flow.map_at;
                }
                if finding.code == "too-long" && keys.iter().any(|r| r.source_at == finding.location.at) {
                    finding.fix = KEY_FIX.to_owned();
                }
                if !seen.insert((finding.code, finding.location.clone(), finding.message.clone())) {
                    continue;
                }
                let rule = at_place.get(&finding.location.at);
                let (to, from) = rule.map(|rule| mapping::pointers(rule, source, target)).unwrap_or_default();
                let read = |pointer: &String| format!("{}{pointer}", flow.source.system.value);
                let written = |pointer: &String| format!("{}{pointer}", flow.target.system.value);
                // Both sides, by the names that the contract has for them: as an origin of a constraint is written.
                let own = finding.related.first().cloned();
                finding.related = if SOURCE_ALONE.contains(&finding.code) {
                    own.iter().map(read).collect()
                } else if finding.code == "required-target-unmapped" {
                    own.iter().map(written).collect()
                } else {
                    own.or(to).iter().map(written).chain(from.iter().map(read)).collect()
                };
                if write.role == Role::Update {
                    // The same record is sent to create and to update; what only the second refuses is said so.
                    finding.message.push_str(&format!(" (in {})", quoted(&write.operation.id, 60)));
                }
                out.push(finding);
            }
        }
    }
}
