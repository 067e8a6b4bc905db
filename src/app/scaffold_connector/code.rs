//! The plans of a contract in the words of the code generators. What no generator writes is refused by name, before anything else is looked at.

use serde_json::{Value, json};

use crate::base::secret::SecretRef;
use crate::connector::{AuthPlan, Call, DeletesPlan, HookPlan, IdPlan, Plan, WritePlan};
use crate::contract::{Drift, Fallback};
use crate::model::{CursorFrom, PageStyle, Pagination, ParamIn, Tell, TellPlace};
use crate::scaffold::code::{self, Connector, Unfit};

/// The connector of these plans.
///
/// # Errors
/// What is not generated in any language.
pub(super) fn connector(plans: &[Plan]) -> Result<Connector, Unfit> {
    let mut systems: Vec<code::System> = Vec::new();
    let mut flows = Vec::new();
    for plan in plans {
        let place = format!("flows.{}", plan.flow);
        let sides = [
            (&plan.source.system, &plan.source.base_url, &plan.source.auth),
            (&plan.target.system, &plan.target.base_url, &plan.target.auth),
        ];
        for (name, base_url, auth) in sides {
            let auth =
                self::auth(auth).ok_or_else(|| unfit(&format!("systems.{name}.auth"), "this way to authenticate"))?;
            let system = code::System { name: name.clone(), env: variable(name), base_url: base_url.clone(), auth };
            if !systems.iter().any(|s| s.name == *name) {
                systems.push(system);
            }
        }
        flows.push((flow(plan, &place)?, plan.mapping.clone()));
    }
    Ok(Connector { systems, flows })
}

fn unfit(place: &str, what: &str) -> Unfit {
    Unfit { place: place.to_owned(), what: what.to_owned(), because: "is not generated as code".to_owned() }
}

/// `billing-eu` begins the variables `BILLING_EU_…`, as drills of programs name them.
fn variable(system: &str) -> String {
    system.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect()
}

fn named(system: &str) -> Value {
    json!({"$name": code::identifier(system).to_uppercase()})
}

fn secret(reference: &SecretRef) -> code::Secret {
    match reference {
        SecretRef::Env(name) => code::Secret { kind: "env", name: name.clone() },
        SecretRef::File(path) => code::Secret { kind: "file", name: path.display().to_string() },
    }
}

fn auth(plan: &AuthPlan) -> Option<code::Auth> {
    let none = code::Auth::default();
    Some(match plan {
        AuthPlan::None => code::Auth { kind: "none", ..none },
        AuthPlan::Bearer(s) => code::Auth { kind: "bearer", secret: Some(secret(s)), ..none },
        AuthPlan::Basic { username, password } => code::Auth {
            kind: "basic",
            username: Some(secret(username)),
            password: password.as_ref().map(secret),
            ..none
        },
        AuthPlan::HeaderKey { name, secret: s } => {
            code::Auth { kind: "header_key", name: Some(name.clone()), secret: Some(secret(s)), ..none }
        }
        AuthPlan::QueryKey { name, secret: s } => {
            code::Auth { kind: "query_key", name: Some(name.clone()), secret: Some(secret(s)), ..none }
        }
        AuthPlan::ClientCredentials { token_url, client_id, client_secret, scopes } => code::Auth {
            kind: "client_credentials",
            token_url: Some(token_url.clone()),
            client_id: Some(secret(client_id)),
            client_secret: Some(secret(client_secret)),
            scopes: (!scopes.is_empty()).then(|| scopes.clone()),
            ..none
        },
        AuthPlan::RefreshToken { token_url, client_id, client_secret, refresh_token, scopes } => code::Auth {
            kind: "refresh_token",
            token_url: Some(token_url.clone()),
            client_id: Some(secret(client_id)),
            client_secret: client_secret.as_ref().map(secret),
            refresh_token: Some(secret(refresh_token)),
            scopes: (!scopes.is_empty()).then(|| scopes.clone()),
            ..none
        },
        _ => return None,
    })
}

fn flow(plan: &Plan, place: &str) -> Result<code::Flow, Unfit> {
    let source = &plan.source;
    let list = source.list.as_ref();
    if list.is_some_and(|l| l.query.is_some()) {
        return Err(unfit(&format!("{place}.source"), "a source that is asked by GraphQL"));
    }
    if list.is_some_and(|l| l.search.is_some()) {
        return Err(unfit(&format!("{place}.source"), "a source that is searched by POST"));
    }
    if crate::lab::bench::write_calls(&plan.target.write).iter().any(|call| call.answers_later) {
        return Err(unfit(&format!("{place}.target"), "a target that answers 202, and does later what it took"));
    }
    let delivery = &plan.delivery;
    let keyed = |call: &Call| call.path.contains('{');
    let refused = [
        (source.file.is_some(), "source.file", "a file as source"),
        (source.feed.is_some(), "source.feed", "changes that are followed by a token"),
        (source.deletes != DeletesPlan::Ignore, "source.deletes", "carrying deletions over"),
        (delivery.drift != Drift::Quarantine, "delivery.drift", "freezing"),
        (delivery.fallback != Fallback::Hold, "delivery.fallback", "spooling or skipping"),
        (
            delivery.connect_ms.or(delivery.first_byte_ms).is_some(),
            "delivery.timeout",
            "a timeout for a part of a request",
        ),
        (
            matches!(&plan.target.write, WritePlan::Put { put, .. } if !keyed(put)),
            "target.put",
            "a put without the key in its path",
        ),
    ];
    if let Some((_, key, what)) = refused.into_iter().find(|(is, ..)| *is) {
        return Err(unfit(&format!("{place}.{key}"), what));
    }
    let retry = &delivery.retry;
    let (changed, since) = source.incremental.clone().unzip();
    Ok(code::Flow {
        name: plan.flow.clone(),
        mapping: format!("map_{}", code::identifier(&plan.flow)),
        source: code::Source {
            system: named(&source.system),
            list: list.map(call),
            key: source.key.clone(),
            items: (!source.items.is_empty()).then(|| source.items.clone()),
            inside: (!source.inside.is_empty()).then(|| source.inside.clone()),
            paging: source.pagination.as_ref().map(|p| paging(p, source.limit)),
            changed,
            since,
            rate: source.rate.as_ref().map(rate),
            webhook: source.webhook.as_ref().map(webhook),
        },
        target: code::Target {
            system: named(&plan.target.system),
            write: write(&plan.target.write),
            rate: plan.target.rate.as_ref().map(rate),
        },
        delivery: code::Delivery {
            attempts: retry.attempts,
            base_ms: retry.base_ms,
            cap_ms: retry.cap_ms,
            timeout_ms: delivery.timeout_ms,
            full_jitter: retry.full_jitter,
            honor_retry_after: retry.honor_retry_after,
            breaker: delivery
                .breaker
                .map(|b| code::Breaker { open_after: b.open_after, probe_every_ms: b.probe_every_ms }),
        },
        every_ms: plan.every_ms,
    })
}

fn webhook(hook: &HookPlan) -> code::Webhook {
    let (id_header, id_field) = match &hook.id {
        IdPlan::Header(name) => (Some(name.clone()), None),
        IdPlan::Field(path) => (None, Some(path.clone())),
    };
    let tell = |tell: &Tell| {
        let (place, name) = match &tell.place {
            TellPlace::Header(name) => ("header", name),
            TellPlace::Field(name) => ("field", name),
        };
        code::Tell { place, name: name.clone(), values: tell.values.clone() }
    };
    code::Webhook {
        event: hook.event.clone(),
        path: hook.path.clone(),
        signing: code::Signing {
            scheme: hook.signing.scheme.as_str(),
            header: hook.signing.header.clone(),
            secrets: hook.secrets.iter().map(secret).collect(),
            base64: hook.signing.base64.then_some(true),
            prefix: hook.signing.prefix.clone(),
            timestamp: hook.signing.timed.as_ref().map(|t| t.header.clone()),
            signed: hook.signing.timed.as_ref().map(|t| t.signed.clone()),
            tolerance_ms: hook.signing.tolerance_ms,
        },
        id_header,
        id_field,
        record: (!hook.record.is_empty()).then(|| hook.record.clone()),
        version: hook.version.clone(),
        tells: (!hook.tells.is_empty()).then(|| hook.tells.iter().map(tell).collect()),
    }
}

fn rate(rate: &crate::contract::Rate) -> code::Rate {
    code::Rate { requests: rate.requests, window_ms: rate.window_ms }
}

fn call(call: &Call) -> code::Call {
    let params: Vec<code::Param> = call
        .params
        .iter()
        .map(|p| code::Param {
            name: p.name.clone(),
            place: match p.place {
                ParamIn::Path => "path",
                ParamIn::Header => "header",
                _ => "query",
            },
            value: p.value.clone(),
        })
        .collect();
    code::Call {
        id: call.id.clone(),
        method: call.method.as_str().to_owned(),
        path: call.path.clone(),
        content_type: (call.content_type != "application/json").then(|| call.content_type.clone()),
        params: (!params.is_empty()).then_some(params),
        answers_json: call.answers_json.then_some(true),
    }
}

fn paging(pagination: &Pagination, limit: Option<u64>) -> code::Paging {
    let (next, last_item) = match &pagination.next {
        Some(CursorFrom::Body(path)) => (Some(path.clone()), None),
        Some(CursorFrom::LastItem(field)) => (None, Some(field.clone())),
        None => (None, None),
    };
    code::Paging {
        style: match pagination.style {
            PageStyle::Cursor => "cursor",
            PageStyle::Page => "page",
            PageStyle::Offset => "offset",
            PageStyle::LinkHeader => "link_header",
            PageStyle::LinkBody => "link_body",
        },
        param: pagination.param.clone(),
        limit_param: pagination.limit_param.clone(),
        limit,
        next,
        last_item,
        more: pagination.more.clone(),
        total: pagination.total.clone(),
        first_page: (pagination.first_page != 1).then_some(pagination.first_page),
    }
}

fn write(write: &WritePlan) -> code::Write {
    match write {
        WritePlan::Upsert {
            matching,
            find,
            find_param,
            find_items,
            find_pages,
            create,
            update,
            target_key,
            idempotency,
        } => code::Write::Upsert {
            r#match: matching.clone(),
            find: call(find),
            find_param: find_param.clone(),
            find_items: find_items.clone(),
            create: call(create),
            update: call(update),
            target_key: target_key.clone(),
            find_paging: find_pages.as_ref().map(|p| paging(p, p.limit_max)),
            idempotency: idempotency.clone(),
        },
        WritePlan::Put { put, key } => code::Write::Put { put: call(put), key: key.clone() },
        WritePlan::Bulk { write, records, results, key, result_key, size } => code::Write::Bulk {
            write: call(write),
            records: records.clone(),
            results: results.clone(),
            key: key.clone(),
            size: *size,
            result_key: result_key.clone(),
        },
        WritePlan::Create { create, idempotency } => {
            code::Write::Create { create: call(create), idempotency: idempotency.clone() }
        }
    }
}
