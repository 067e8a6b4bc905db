//! What a contract says of a thing can make a change of it worse or better than it is for others.

use serde_json::Value;

use crate::base::text::quoted;
use crate::contract::{Contract, Flow, Paginate};
use crate::drift::change::{Change, Side};
use crate::finding::Severity;
use crate::mapping::rule::{Else, Rule};
use crate::model::Operation;

fn calmed(change: &mut Change, because: &str) {
    (change.severity, change.breaking) = (Severity::Note, false);
    change.message.push_str(because);
}

fn worse(change: &mut Change, because: &str) {
    (change.severity, change.breaking) = (Severity::Error, true);
    change.message.push_str(because);
}

/// By the rule that reads the field.
pub(super) fn by_rule(change: &mut Change, rule: &Rule) {
    if change.code == "enum-value-added"
        && let Some(table) = &rule.values
    {
        let known = table.entries.iter().any(|(from, _)| from.value == change.detail);
        match &table.otherwise {
            _ if known => (change.severity, change.breaking) = (Severity::Note, false),
            None | Some(Else::Reject) => {
                let shown = quoted(&change.detail, 60);
                worse(change, &format!(": the value table lacks {shown}, such records are rejected"));
                change.fix = format!("add {shown} to the value table, or say what becomes of others with else");
            }
            Some(Else::Keep | Else::Default(_)) => {}
        }
    }
    if change.code == "property-removed" && change.side == Side::Response && rule.default.is_none() {
        // Others may do without it; this rule reads it.
        worse(change, "");
    }
    let absent = change.side == Side::Response
        && matches!(change.code, "nullability-changed" | "property-became-optional")
        && change.breaking;
    if absent && rule.default.as_ref().is_some_and(|d| d.value != Value::Null) {
        calmed(change, "; the rule has a default");
    }
}

/// By what the contract says of calls of the system.
pub(super) fn by_contract(
    change: &mut Change,
    contract: &Contract,
    system: &str,
    flow: &Flow,
    new: Option<&Operation>,
) {
    let auth = contract.systems.get(system).and_then(|s| s.auth.as_ref());
    match change.code {
        "operation-id-changed" => {
            // The contract names it so: it no longer compiles.
            worse(change, "");
        }
        "auth-required" if auth.is_some() => calmed(change, "; the contract authenticates"),
        "scope-added" if auth.is_some_and(|a| a.scopes.iter().any(|s| s.value == change.detail)) => {
            calmed(change, "; the contract asks for it already");
        }
        "rate-limit-lowered" if flow.target.system.value == system => {
            let Some(now) = new.and_then(|o| o.rate_limit.as_ref()) else { return };
            let Some(rate) = &flow.delivery.rate else { return };
            let own = rate.value.requests as f64 * 1000.0 / rate.value.window_ms.max(1) as f64;
            if own <= now.per_second() {
                calmed(change, "; delivery.rate stays under it");
            } else {
                worse(change, "; delivery.rate is above it");
            }
        }
        "page-size-lowered" => {
            let Paginate::Explicit(pages) = &flow.source.paginate else { return };
            let most = new.and_then(|o| o.pagination.as_ref()).and_then(|p| p.limit_max);
            match (pages.limit, most) {
                (Some(asked), Some(most)) if asked <= most => calmed(change, "; the contract asks for no more"),
                (Some(_), Some(_)) => worse(change, "; the contract asks for more"),
                _ => {}
            }
        }
        _ => {}
    }
}
