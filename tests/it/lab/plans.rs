//! The plans of the two examples, looked up by hand.

use std::collections::BTreeMap;
use std::sync::Arc;

use platform_integration::base::secret::SecretRef;
use platform_integration::connector::{AuthPlan, Call, FixedParam, Plan, SourcePlan, TargetPlan, WritePlan};
use platform_integration::contract::{Contract, Write, parse};
use platform_integration::mapping::compile;
use platform_integration::model::{ParamIn, System};
use platform_integration::readers::read_bytes;

/// A plan and the systems it is about.
pub(crate) type Bench = (Plan, BTreeMap<String, Arc<System>>);

/// The first example.
pub(crate) fn billing_to_crm() -> Bench {
    let env = |name: &str| SecretRef::Env(name.to_owned());
    let crm = AuthPlan::ClientCredentials {
        token_url: "https://api.crm.example/oauth2/token".to_owned(),
        client_id: env("CRM_CLIENT_ID"),
        client_secret: env("CRM_CLIENT_SECRET"),
        scopes: vec!["contacts.read".to_owned(), "contacts.write".to_owned()],
    };
    example("billing-to-crm", |_| {}, AuthPlan::Bearer(env("BILLING_TOKEN")), crm)
}

/// The second example.
pub(crate) fn payments_to_ledger() -> Bench {
    payments_to_ledger_edited(|_| {})
}

/// The second example with a change in its contract.
pub(crate) fn payments_to_ledger_edited(edit: impl FnOnce(&mut String)) -> Bench {
    let env = |name: &str| SecretRef::Env(name.to_owned());
    let ledgerly = AuthPlan::HeaderKey { name: "X-Ledgerly-Key".to_owned(), secret: env("LEDGERLY_KEY") };
    example("payments-to-ledger", edit, AuthPlan::Bearer(env("PAYLINE_KEY")), ledgerly)
}

fn example(name: &str, edit: impl FnOnce(&mut String), source_auth: AuthPlan, target_auth: AuthPlan) -> Bench {
    let dir = format!("{}/examples/{name}", env!("CARGO_MANIFEST_DIR"));
    let file = format!("{dir}/integration.yaml");
    let mut text = std::fs::read_to_string(&file).unwrap();
    edit(&mut text);
    let (contract, findings) = parse(&text, &file);
    let contract = contract.unwrap_or_else(|| panic!("{findings:?}"));
    let systems: BTreeMap<String, Arc<System>> = contract
        .systems
        .iter()
        .map(|(name, used)| {
            let path = format!("{dir}/{}", used.api.value);
            let read = read_bytes(&std::fs::read(&path).unwrap(), &path);
            (name.clone(), Arc::new(read.system.unwrap_or_else(|| panic!("{:?}", read.findings))))
        })
        .collect();
    (plan(&contract, &systems, source_auth, target_auth), systems)
}

fn plan(
    contract: &Contract,
    systems: &BTreeMap<String, Arc<System>>,
    source_auth: AuthPlan,
    target_auth: AuthPlan,
) -> Plan {
    let (name, flow) = contract.flows.first().unwrap();
    let (source, target) = (&systems[&flow.source.system.value], &systems[&flow.target.system.value]);
    let call = |system: &System, operation: &str, params: Vec<FixedParam>| {
        let op = system.operation(operation).unwrap_or_else(|| panic!("no {operation}"));
        Call {
            id: op.id.clone(),
            method: op.method,
            path: op.path.clone(),
            content_type: op.body.as_ref().map_or_else(String::new, |b| b.content_type.clone()),
            params,
        }
    };
    let list = source.operation(&flow.source.operation.value).unwrap();
    let fixed = flow.source.params.iter().map(|(name, value)| FixedParam {
        name: name.value.clone(),
        place: list.parameter(&name.value).map_or(ParamIn::Query, |p| p.place),
        value: value.as_str().unwrap().to_owned(),
    });
    let write = match &flow.target.write {
        Write::Upsert { matching, find, create, update, .. } => WritePlan::Upsert {
            matching: vec![matching.value.clone()],
            find: call(target, &find.value, vec![]),
            find_param: "email".to_owned(),
            find_items: target.operation(&find.value).unwrap().items.clone().unwrap(),
            create: call(target, &create.value, vec![]),
            update: call(target, &update.value, vec![]),
            target_key: "id".to_owned(),
            idempotency: None,
        },
        Write::Create { operation, idempotency, .. } => WritePlan::Create {
            create: call(target, &operation.value, vec![]),
            idempotency: idempotency.as_ref().map(|i| i.value.clone()),
        },
        Write::Put { .. } => unreachable!("no example puts"),
    };
    let (mapping, findings) = compile(&flow.map, &contract.file);
    assert!(findings.is_empty(), "{findings:?}");
    Plan {
        integration: contract.name.value.clone(),
        flow: name.clone(),
        every_ms: flow.source.every_ms,
        source: SourcePlan {
            system: flow.source.system.value.clone(),
            base_url: source.servers[0].url.clone(),
            auth: source_auth,
            list: call(source, &flow.source.operation.value, fixed.collect()),
            key: vec![flow.source.key.value.clone()],
            items: list.items.clone().unwrap(),
            pagination: list.pagination.clone(),
            limit: list.pagination.as_ref().and_then(|p| p.limit_max),
            incremental: flow.source.incremental.as_ref().map(|i| (vec![i.field.value.clone()], i.param.value.clone())),
        },
        target: TargetPlan {
            system: flow.target.system.value.clone(),
            base_url: target.servers[0].url.clone(),
            auth: target_auth,
            write,
            rate: flow.delivery.rate.as_ref().map(|r| r.value),
        },
        mapping,
        delivery: flow.delivery.clone(),
    }
}
