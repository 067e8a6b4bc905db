//! What must hold before the first request: the contract compiles, its addresses may be reached, its secrets are there, and
//! a person has approved what leaves this machine.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::approvals::{self, Subject};
use super::super::subject::Compiled;
use super::super::{App, No, Refusal};
use super::basis::Basis;
use super::{Options, refused};
use crate::base::address::{self, is_loopback, is_plain};
use crate::base::digest::Digest;
use crate::base::secret::SecretRef;
use crate::connector::{AuthPlan, Plan, SecretSource};
use crate::mapping::transforms;
use crate::model::System;

/// A contract that may run, with the plans of its flows.
pub(in crate::app) struct Ready {
    pub(in crate::app) digest: Digest,
    /// The files that it consists of.
    pub(in crate::app) basis: Basis,
    pub(in crate::app) plans: Vec<Plan>,
    /// The systems as described, by their names in the contract.
    pub(in crate::app) systems: BTreeMap<String, Arc<System>>,
}

/// Compiles the contract, plans its flows, and asks for the approval that a live run needs (`dry`: none). A refusal
/// for want of an approval is recorded, so that it waits in the inbox.
pub(in crate::app) fn ready(app: &App, options: &Options, secrets: &dyn SecretSource, dry: bool) -> Result<Ready, No> {
    if let Some(session) = &options.session {
        app.store.session(session)?;
    }
    let compiled = Compiled::load_with(app, &options.contract, None)?;
    let contract = compiled.sound(&options.contract)?;
    for (name, url) in &options.base_urls {
        if !contract.systems.contains_key(name) {
            let known: Vec<&str> = contract.systems.keys().map(String::as_str).collect();
            return Err(Refusal::new(
                "unknown-system",
                format!("--base-url names {name}, which is no system of the contract"),
                format!("choose one of: {}", known.join(", ")),
            )
            .into());
        }
        if address::parse(url).is_none() {
            // Not shown: what stands before the host may be a password.
            return Err(Refusal::new(
                "bad-argument",
                format!("--base-url gives {name} no plain address: a host, and no user or password before it"),
                format!(
                    "run again with --base-url {name}=http://127.0.0.1:PORT; a credential is named by reference under systems.{name}.auth"
                ),
            )
            .into());
        }
        // An approval is of the addresses that the contract leads to; this one was put before nobody.
        if !is_loopback(url) {
            return Err(Refusal::new(
                "live-override",
                format!("--base-url sends {name} to {url}, which no approval of the contract covers"),
                format!(
                    "write base_url: {url} under systems.{name} in {0}, then platform-integration check {0}",
                    options.contract
                ),
            )
            .into());
        }
    }
    let plans = compiled.plans(contract, options.flow.as_deref(), &options.base_urls)?;
    let mut plans: Vec<Plan> =
        plans.into_iter().map(|plan| Plan { source: plan.source.clone().from_file(&plan.flow), ..plan }).collect();
    can_receive(options, &plans, dry)?;
    // Whoever sits on the way would read the credentials, and could answer as the system.
    if let Some((system, url)) = plans.iter().flat_map(addresses).find(|(_, url)| is_plain(url)) {
        return Err(Refusal::new(
            "plain-http",
            format!("system {system} is at {url}: credentials and records would go over the network unencrypted"),
            format!(
                "give an https address under systems.{system} in {0}, or put something on this machine in between that \
                 speaks TLS; then platform-integration check {0}",
                options.contract
            ),
        )
        .into());
    }
    let mut live: Vec<(&str, &str)> = plans.iter().flat_map(addresses).filter(|(_, url)| !is_loopback(url)).collect();
    let open = options.listen.filter(|addr| !addr.ip().is_loopback()).map(|addr| format!("http://{addr}"));
    live.extend(open.iter().map(|url| ("the receiver", url.as_str())));
    let watched = options.metrics.filter(|addr| !addr.ip().is_loopback()).map(|addr| format!("http://{addr}"));
    live.extend(watched.iter().map(|url| ("the address of the metrics", url.as_str())));
    if !live.is_empty() && !dry {
        let named = options.contract.as_str();
        let subject = Subject { app, contract, compiled: &compiled, named };
        match subject.live_run(&live, options.session.as_deref()) {
            Ok(given) => tracing::info!(by = given.by, place = given.place, "the live run is approved"),
            Err(No::Refusal(refusal)) => {
                refused(app, options, &refusal, approvals::wanted(&subject, &refusal))?;
                return Err(refusal.into());
            }
            Err(other) => return Err(other),
        }
    }
    for plan in &mut plans {
        if let Some(file) = &mut plan.source.file {
            file.path = app.path(&file.path.to_string_lossy());
        }
        // Two integrations may share a store; their ledgers must not meet.
        plan.flow = format!("{}/{}", plan.integration, plan.flow);
    }
    // A missing secret is said before the first request, not by a 401 in the middle.
    for plan in &plans {
        for reference in plan.secret_refs() {
            secrets.resolve(&reference).map_err(|because| {
                Refusal::new(
                    "secret-missing",
                    because,
                    match &reference {
                        SecretRef::Env(name) => format!("export {name}=..., then run again"),
                        SecretRef::File(path) => format!("write the secret to {}, then run again", path.display()),
                    },
                )
            })?;
        }
    }
    well_formed(&plans, secrets)?;
    keyed(&plans, secrets)?;
    let basis = Basis::of(app, &compiled, contract, &options.contract);
    Ok(Ready { digest: contract.digest.clone(), basis, plans, systems: compiled.systems.clone() })
}

/// Keys that a mapping cannot use are said now, not by a run that ends before its first record.
fn keyed(plans: &[Plan], secrets: &dyn SecretSource) -> Result<(), No> {
    let known = |r: &SecretRef| secrets.resolve(r).is_ok_and(|secret| secret.expose() == transforms::TEST_KEY);
    for plan in plans {
        let everybody = plan.mapping.key_refs().into_iter().find(known);
        let unfit = plan.mapping.keyed(|r| secrets.resolve(r)).err().map(|error| error.to_string());
        let told =
            everybody.map(|r| format!("{r} is the test key of the documentation, which everybody knows")).or(unfit);
        if let Some(because) = told {
            let shortest = transforms::SHORTEST_KEY;
            return Err(Refusal::new(
                "secret-malformed",
                because,
                format!("make a key of at least {shortest} bytes, as openssl rand -hex {shortest} does, and keep it: another key gives other pseudonyms"),
            )
            .into());
        }
    }
    Ok(())
}

/// Who waits for events says where; who says where waits for events.
fn can_receive(options: &Options, plans: &[Plan], dry: bool) -> Result<(), No> {
    let hooked = plans.iter().find(|p| p.source.webhook.is_some());
    match (hooked, options.listen) {
        (None, Some(addr)) => Err(Refusal::new(
            "nothing-to-receive",
            format!("--listen {addr} has nobody to listen for: no flow of the run has a webhook"),
            format!("leave it out: platform-integration run {} --watch", options.contract),
        )
        .into()),
        (Some(plan), None) if options.watch && !dry => Err(Refusal::new(
            "nowhere-to-receive",
            format!("flow {} receives webhooks, and --watch alone opens no address for them", plan.flow),
            format!("platform-integration run {} --listen 127.0.0.1:8788", options.contract),
        )
        .into()),
        _ => Ok(()),
    }
}

/// A secret that no signature can be made with is said now, not to a sender later.
fn well_formed(plans: &[Plan], secrets: &dyn SecretSource) -> Result<(), No> {
    for hook in plans.iter().filter_map(|p| p.source.webhook.as_ref()) {
        for reference in &hook.secrets {
            let fits = secrets.resolve(reference).is_ok_and(|secret| hook.signing.takes(secret.expose()));
            if !fits {
                return Err(Refusal::new(
                    "secret-malformed",
                    format!(
                        "{reference} is no secret of {}: that is base64, after whsec_ where the sender writes it so",
                        hook.signing.scheme.as_str()
                    ),
                    format!("put the secret that the sender shows into {reference}, unchanged; then run again"),
                )
                .into());
            }
        }
    }
    for plan in plans {
        let (source, target) = (&plan.source, &plan.target);
        let source = source.list.is_some().then_some(&source.auth);
        for part in source.into_iter().chain([&target.auth]).flat_map(AuthPlan::parts) {
            let (AuthPlan::Bearer(reference)
            | AuthPlan::HeaderKey { secret: reference, .. }
            | AuthPlan::CookieKey { secret: reference, .. }) = part
            else {
                continue;
            };
            // RFC 9110 section 5.5: no field value holds one.
            if secrets.resolve(reference).is_ok_and(|secret| secret.expose().contains(char::is_control)) {
                return Err(Refusal::new(
                    "secret-malformed",
                    format!(
                        "{reference} holds a line break or another control character, and no header can carry that"
                    ),
                    format!("put the secret into {reference} without what stands around it; then run again"),
                )
                .into());
            }
        }
    }
    Ok(())
}

/// Every address a flow sends to, by the system it belongs to; where tokens come from is one of them.
fn addresses(plan: &Plan) -> Vec<(&str, &str)> {
    let (source, target) = (&plan.source, &plan.target);
    let mut out = vec![(target.system.as_str(), target.base_url.as_str())];
    // Nothing is sent to a source that only sends.
    if source.list.is_some() {
        out.insert(0, (&source.system, &source.base_url));
    }
    for (system, auth) in [(&source.system, &source.auth), (&target.system, &target.auth)] {
        out.extend(auth.token_url().map(|url| (system.as_str(), url)));
    }
    out
}

/// `billing at https://api.billing.example, with env:BILLING_TOKEN`, one line a system: where a run goes and which
/// secrets it takes along, by their names.
pub(super) fn reaches(plans: &[Plan]) -> Vec<String> {
    let mut out = Vec::new();
    for plan in plans {
        let (source, target) = (&plan.source, &plan.target);
        if let Some(hook) = &source.webhook {
            let secrets: Vec<String> = hook.secrets.iter().map(ToString::to_string).collect();
            let line = format!(
                "{} sends {} to {}, verified with {}",
                source.system,
                hook.event,
                hook.path,
                secrets.join(", ")
            );
            if !out.contains(&line) {
                out.push(line);
            }
        }
        let keys: Vec<String> = plan.mapping.key_refs().iter().map(ToString::to_string).collect();
        if !keys.is_empty() {
            let line = format!("pseudonyms of flow {} are made with {}", plan.flow, keys.join(", "));
            if !out.contains(&line) {
                out.push(line);
            }
        }
        for (system, url, auth) in
            [(&source.system, &source.base_url, &source.auth), (&target.system, &target.base_url, &target.auth)]
        {
            if url.is_empty() {
                continue;
            }
            let token = auth.token_url().map_or_else(String::new, |url| format!(" and {url}"));
            let secrets: Vec<String> = auth.secret_refs().into_iter().map(ToString::to_string).collect();
            let with = if secrets.is_empty() {
                "without credentials".to_owned()
            } else {
                format!("with {}", secrets.join(", "))
            };
            let line = format!("{system} at {url}{token}, {with}");
            if !out.contains(&line) {
                out.push(line);
            }
        }
    }
    out
}
