//! A contract in the words of the templates: flows, secrets, addresses, samples.

use std::collections::BTreeSet;
use std::path::Path;

use url::Url;

use super::samples;
use crate::base::secret::SecretRef;
use crate::connector::{AuthPlan, Plan};
use crate::contract::{Contract, Flow, Write};
use crate::scaffold::{FlowLine, HostLine, Project, SecretFile, SecretLine};

/// The contract in the words of the templates.
///
/// `carried` are the files that the contract needs beside itself, `plans` say what is called, `sampled` for which flows there are
/// samples.
pub(super) fn project(contract: &Contract, carried: Vec<String>, plans: &[Plan], sampled: &[String]) -> Project {
    let mut hosts: Vec<HostLine> = Vec::new();
    for url in plans.iter().flat_map(urls).filter_map(|url| Url::parse(url).ok()) {
        if let (Some(name), Some(port)) = (url.host_str(), url.port_or_known_default()) {
            let line = HostLine { name: name.to_owned(), port };
            if !hosts.contains(&line) {
                hosts.push(line);
            }
        }
    }
    let names = |of: fn(&Flow) -> &str| -> Vec<String> {
        let listing = contract.flows.values().filter(|f| f.source.operation.is_some());
        listing.map(|f| of(f).to_owned()).collect::<BTreeSet<_>>().into_iter().collect()
    };
    let (listed, targets) = (names(|f| &f.source.system), names(|f| &f.target.system));
    let (mut secrets, mut secret_files): (Vec<SecretLine>, Vec<SecretFile>) = Default::default();
    let mut secret = |reference: SecretRef, what: String, kept: bool| match reference {
        SecretRef::Env(name) => {
            if !secrets.iter().any(|s| s.name == name) {
                secrets.push(SecretLine { name, what });
            }
        }
        SecretRef::File(path) => {
            let place = Path::new("/integration").join(&path).display().to_string();
            let path = path.display().to_string();
            let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '_' | '.') { c } else { '-' };
            let key = path.trim_matches(['/', '.']).chars().map(plain).collect();
            if !secret_files.iter().any(|s| s.path == path) {
                secret_files.push(SecretFile { path, place, key, what, kept });
            }
        }
    };
    for (name, used) in &contract.systems {
        for (key, value) in used.auth.iter().flat_map(crate::contract::Auth::secrets) {
            if let Some(reference) = SecretRef::parse(value) {
                secret(reference, format!("{name} {key}"), key == "refresh_token");
            }
        }
    }
    for flow in contract.flows.values() {
        for reference in crate::mapping::compile(&flow.map, &contract.file).0.key_refs() {
            secret(reference, format!("{} pseudonyms", flow.name), false);
        }
        let verify = flow.source.webhook.iter().filter_map(|w| w.verify.as_ref());
        for (key, value) in verify.flat_map(|v| v.secrets()) {
            if let Some(reference) = SecretRef::parse(value) {
                secret(reference, format!("{} webhook {key}", flow.source.system.value), false);
            }
        }
    }
    Project {
        name: contract.name.value.clone(),
        why: contract.why.clone(),
        owner: contract.owner.clone(),
        contract: "integration.yaml".to_owned(),
        carried,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        digest: contract.digest.as_str().to_owned(),
        flows: contract.flows.values().map(flow_line).collect(),
        secrets,
        files: secret_files,
        receives: contract.flows.values().any(|f| f.source.webhook.is_some()),
        polls: contract.flows.values().any(|f| f.source.webhook.is_some() || f.source.every_ms.is_some()),
        hosts,
        samples: contract.flows.keys().filter(|f| sampled.contains(f)).map(|f| samples::line(f)).collect(),
        listed,
        targets,
    }
}

/// A flow in words.
pub(in crate::app) fn flow_line(flow: &Flow) -> FlowLine {
    let (writes, protection) = match &flow.target.write {
        Write::Upsert { matching, find, create, update, .. } => (
            format!("{}, {}, {}", find.value, create.value, update.value),
            format!("finds by {} first", matching.value),
        ),
        Write::Put { operation, .. } => (operation.value.clone(), "PUT is idempotent".to_owned()),
        Write::Bulk { operation, key, .. } => {
            (operation.value.clone(), format!("the target finds each record of a batch by {}", key.value))
        }
        Write::Create { operation, idempotency: Some(header), .. } => {
            (operation.value.clone(), format!("one key per effect in {}", header.value))
        }
        Write::Create { operation, duplicates_accepted_by: Some(who), .. } => {
            (operation.value.clone(), format!("duplicates accepted by {}", who.value))
        }
        Write::Create { operation, .. } => (operation.value.clone(), "never sent twice".to_owned()),
    };
    FlowLine {
        name: flow.name.clone(),
        source: flow.source.system.value.clone(),
        reads: reads(flow),
        target: flow.target.system.value.clone(),
        writes,
        every: match (flow.source.every_ms, &flow.source.webhook) {
            (Some(ms), None) => duration(ms),
            (Some(ms), Some(_)) => format!("as sent; swept every {}", duration(ms)),
            (None, Some(_)) => "as sent".to_owned(),
            (None, None) => "once".to_owned(),
        },
        attempts: flow.delivery.retry.attempts,
        rate: flow
            .delivery
            .rate
            .as_ref()
            .map_or_else(|| "unset".to_owned(), |r| format!("{}/{}", r.requests, duration(r.window_ms))),
        protection,
        alert_at: flow.delivery.alert_at,
        freshness: flow.slo.and_then(|s| s.freshness_ms).map_or_else(|| "unset".to_owned(), duration),
        freshness_seconds: flow.slo.and_then(|s| s.freshness_ms).map(|ms| ms.div_ceil(1_000)),
        // Two polls may be missed, and none shorter than what scrapes and restarts take.
        silence_seconds: flow.source.every_ms.map(|ms| (3 * ms).div_ceil(1_000).max(900)),
    }
}

/// The operation that is listed, the event that is sent, or both.
fn reads(flow: &Flow) -> String {
    let event = flow.source.webhook.as_ref().map(|w| format!("webhook {}", w.event.value));
    let list = flow.source.operation.as_ref().map(|o| o.value.clone());
    event.into_iter().chain(list).collect::<Vec<_>>().join(" and ")
}

/// Milliseconds as the contract writes them: `500ms`, `10s`, `5m`, `1h`.
pub(in crate::app) fn duration(ms: u64) -> String {
    match ms {
        0 => "0s".to_owned(),
        m if m % 3_600_000 == 0 => format!("{}h", m / 3_600_000),
        m if m % 60_000 == 0 => format!("{}m", m / 60_000),
        m if m % 1_000 == 0 => format!("{}s", m / 1_000),
        m => format!("{m}ms"),
    }
}

/// Every address that a flow calls.
fn urls(plan: &Plan) -> Vec<&str> {
    let mut all = vec![plan.source.base_url.as_str(), plan.target.base_url.as_str()];
    for part in [&plan.source.auth, &plan.target.auth].into_iter().flat_map(AuthPlan::parts) {
        all.extend(part.token_url());
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_as_they_are_written() {
        assert_eq!([500, 10_000, 300_000, 3_600_000, 1_500].map(duration), ["500ms", "10s", "5m", "1h", "1500ms"]);
    }
}
