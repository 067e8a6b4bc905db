//! One side is for trying and the other is for real.

use super::account::host;
use super::{Check, Subject};
use crate::base::text::{quoted, words};
use crate::base::yaml::Span;
use crate::finding::{Finding, Severity};
use crate::model::environment;

pub(super) static CHECK: Check = Check {
    code: "sandbox-base-url",
    summary: "One system of a flow is addressed where things are tried (sandbox, staging, localhost) and the other is not: real records go \
              where nobody looks, or made-up ones among real.",
    severity: Severity::Warning,
    run,
};

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    let mut told: Vec<&str> = Vec::new();
    for flow in subject.contract.flows.values() {
        let (from, to) = (flow.source.system.as_str(), flow.target.system.as_str());
        let sides = [(from, of(subject, from)), (to, of(subject, to))];
        let [(_, Some(a)), (_, Some(b))] = &sides else { continue };
        let (tried, real) = match (a.tried(), b.tried()) {
            (true, false) => ((from, a), to),
            (false, true) => ((to, b), from),
            _ => continue,
        };
        let (name, place) = tried;
        if told.contains(&name) {
            continue;
        }
        told.push(name);
        let message = format!(
            "{name} is addressed at {}, which is for trying ({}), and {real} is not",
            quoted(place.host, 80),
            place.kind.unwrap_or_default()
        );
        let fix = format!(
            "write base_url: the address of {name} that is for real; run --base-url {name}=URL serves for trying"
        );
        out.push(subject.warning(&CHECK, place.at, message).sure(0.8).fix(fix));
    }
}

/// Where a system is addressed.
pub(super) struct Place<'a> {
    /// The clause that says so.
    pub(super) at: Span,
    pub(super) host: &'a str,
    /// Its environment, where something tells.
    pub(super) kind: Option<&'static str>,
}

impl Place<'_> {
    /// Nothing is for real there.
    pub(super) fn tried(&self) -> bool {
        self.kind.is_some_and(|k| k != "production")
    }
}

/// The place of a system, from its base URL, else from the first server of its description.
pub(super) fn of<'a>(subject: &'a Subject<'a>, system: &str) -> Option<Place<'a>> {
    let used = subject.contract.systems.get(system)?;
    let url = subject.url(system)?;
    let host = host(url)?;
    let at = used.base_url.as_ref().map_or(used.api.at, |u| u.at);
    let loopback = crate::base::address::is_loopback(url);
    // `erp.local` is a machine of the own network, and may well be the real one.
    let of_host = words(host).iter().filter(|w| *w != "local").find_map(|w| environment(w));
    let of_path = || {
        let path = url.split_once("://").and_then(|(_, rest)| rest.split_once('/')).map_or("", |(_, path)| path);
        words(path).iter().find_map(|w| environment(w))
    };
    let trimmed = url.trim_end_matches('/');
    let of_description = || {
        let server = subject.systems.get(system)?.servers.iter().find(|s| s.url.trim_end_matches('/') == trimmed)?;
        // A description names several at times ("for production use the other one"): then it tells nothing.
        let said = words(&server.description);
        let kinds: Vec<&'static str> = said.iter().filter_map(|w| environment(w)).collect();
        kinds.first().copied().filter(|first| kinds.iter().all(|k| k == first))
    };
    let kind = if loopback { Some("local") } else { of_host.or_else(of_description).or_else(of_path) };
    Some(Place { at, host, kind })
}
