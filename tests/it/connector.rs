//! The connector's outside: plans from real contracts and descriptions, and HTTP over real sockets.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use platform_integration::connector::{
    AuthPlan, HttpTransport, Plan, PlanError, Request, Transport, TransportError, WritePlan, plan,
};
use platform_integration::contract::{self, Contract};
use platform_integration::model::{Method, PageStyle, System};
use platform_integration::{mapping, readers};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

const BILLING: &str = "examples/billing-to-crm";

fn read(path: &str) -> String {
    std::fs::read_to_string(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

fn system(path: &str) -> Arc<System> {
    Arc::new(readers::read_bytes(read(path).as_bytes(), path).system.unwrap())
}

fn parse(text: &str) -> Contract {
    contract::parse(text, "integration.yaml").0.unwrap()
}

/// A plan of an example whose contract was changed in one place.
fn planned(dir: &str, flow: &str, change: (&str, &str), over: &[(&str, &str)]) -> Result<Plan, PlanError> {
    let text = read(&format!("{dir}/integration.yaml"));
    assert!(text.contains(change.0), "{}", change.0);
    let contract = parse(&text.replacen(change.0, change.1, 1));
    let systems = contract
        .systems
        .iter()
        .map(|(name, used)| (name.clone(), system(&format!("{dir}/{}", used.api.value))))
        .collect();
    let over = over.iter().map(|(n, u)| ((*n).to_owned(), (*u).to_owned())).collect();
    let rules = contract.flows.get(flow).map(|f| mapping::compile(&f.map, "integration.yaml").0).unwrap_or_default();
    plan(&contract, flow, &systems, rules, &over)
}

fn billing(change: (&str, &str), over: &[(&str, &str)]) -> Result<Plan, PlanError> {
    planned(BILLING, "contacts", change, over)
}

#[test]
fn the_example_is_planned_from_contract_and_descriptions() {
    let plan = billing(("", ""), &[]).unwrap();
    assert_eq!((plan.integration.as_str(), plan.every_ms), ("billing-to-crm", Some(60_000)));
    let source = &plan.source;
    assert_eq!(
        (source.base_url.as_str(), source.list.as_ref().unwrap().path.as_str()),
        ("https://api.billing.example", "/v1/customers")
    );
    assert_eq!((source.items.join("."), source.key.join("."), source.limit), ("data".into(), "id".into(), Some(100)));
    assert_eq!(source.pagination.as_ref().unwrap().style, PageStyle::Cursor);
    assert!(matches!(&source.auth, AuthPlan::Bearer(r) if r.to_string() == "env:BILLING_TOKEN"));
    let WritePlan::Upsert { find_param, find_items, update, target_key, idempotency, .. } = &plan.target.write else {
        panic!("{:?}", plan.target.write)
    };
    assert_eq!((find_param.as_str(), find_items.join("."), target_key.as_str()), ("email", "results".into(), "id"));
    assert_eq!((update.method, update.path.as_str()), (Method::Patch, "/v2/contacts/{contact_id}"));
    assert_eq!(idempotency.as_deref(), Some("Idempotency-Key"), "the description offers it, so it is used");
    assert_eq!(plan.target.rate.unwrap().requests, 90);
}

#[test]
fn an_overridden_base_takes_the_token_endpoint_with_it() {
    let token_url = |over: &[(&str, &str)]| match billing(("", ""), over).unwrap().target.auth {
        AuthPlan::ClientCredentials { token_url, .. } => token_url,
        other => panic!("{other:?}"),
    };
    assert_eq!(token_url(&[]), "https://api.crm.example/oauth2/token");
    assert_eq!(
        token_url(&[("crm", "http://127.0.0.1:9000/")]),
        "http://127.0.0.1:9000/oauth2/token",
        "the secret for a stand-in does not go to the real system"
    );
}

#[test]
fn the_base_url_is_the_override_then_the_contracts_then_the_descriptions() {
    let in_contract = (
        "api: apis/billing.openapi.yaml ",
        "base_url: https://eu.billing.example/\n    api: apis/billing.openapi.yaml ",
    );
    assert_eq!(billing(in_contract, &[]).unwrap().source.base_url, "https://eu.billing.example");
    let over = [("billing", "http://localhost:1")];
    assert_eq!(billing(in_contract, &over).unwrap().source.base_url, "http://localhost:1");
    let error = billing(("", ""), &[("billing", "localhost:1")]).unwrap_err();
    assert!(matches!(error, PlanError::BadBaseUrl { .. }), "{error}");
}

#[test]
fn a_created_record_carries_its_key_and_its_fixed_parameters() {
    let plan = planned("examples/payments-to-ledger", "entries", ("", ""), &[]).unwrap();
    let WritePlan::Create { idempotency, .. } = &plan.target.write else { panic!("{:?}", plan.target.write) };
    assert_eq!(idempotency.as_deref(), Some("Idempotency-Key"));
    let fixed = &plan.source.list.as_ref().unwrap().params;
    assert_eq!((fixed[0].name.as_str(), fixed[0].value.as_str()), ("Payline-Version", "2026-09-01"));
    assert!(matches!(&plan.target.auth, AuthPlan::HeaderKey { .. }), "{:?}", plan.target.auth);
}

/// The example, planned with descriptions whose text was changed in one place.
fn described(change: (&str, &str)) -> Result<Plan, PlanError> {
    let contract = parse(&read(&format!("{BILLING}/integration.yaml")));
    let mut changed = false;
    let systems = contract
        .systems
        .iter()
        .map(|(name, used)| {
            let text = read(&format!("{BILLING}/{}", used.api.value));
            changed |= text.contains(change.0);
            let text = text.replace(change.0, change.1);
            (name.clone(), Arc::new(readers::read_bytes(text.as_bytes(), &used.api.value).system.unwrap()))
        })
        .collect();
    assert!(changed, "{}", change.0);
    let rules = mapping::compile(&contract.flows["contacts"].map, "integration.yaml").0;
    plan(&contract, "contacts", &systems, rules, &BTreeMap::new())
}

#[test]
fn a_path_that_would_be_glued_to_the_host_is_not_planned() {
    for path in ["@192.0.2.2:18080/v1/customers", ".evil.example/v1/customers", ":8443/v1/customers"] {
        match described(("/v1/customers:", &format!("\"{path}\":"))) {
            Err(PlanError::PathWithoutSlash { path: said, .. }) => assert_eq!(said, path),
            other => panic!("{path}: {other:?}"),
        }
    }
}

#[test]
fn an_address_is_kept_as_it_is_read_and_hides_no_host() {
    let base = |url: &str| {
        let line = format!("base_url: \"{url}\"\n    api: apis/billing.openapi.yaml ");
        billing(("api: apis/billing.openapi.yaml ", &line), &[]).map(|plan| plan.source.base_url)
    };
    assert_eq!(base("http://192.0.2.2\\\\@localhost").unwrap(), "http://192.0.2.2/@localhost");
    assert_eq!(base("https://API.example:443/v1/").unwrap(), "https://api.example/v1");
    for url in
        ["http://127.0.0.1@192.0.2.2:18080", "http://a:b@127.0.0.1", "http://127.0.0.1/?x=", "http://127.0.0.1/#"]
    {
        assert!(matches!(base(url), Err(PlanError::BadBaseUrl { .. })), "{url}");
    }
    let token = |url: &str| match described(("https://api.crm.example/oauth2/token", url)).map(|p| p.target.auth) {
        Ok(AuthPlan::ClientCredentials { token_url, .. }) => Some(token_url),
        Ok(other) => panic!("{other:?}"),
        Err(_) => None,
    };
    let hidden = token("http:192.0.2.2:18080/token?x=://localhost/").unwrap();
    assert_eq!(hidden, "http://192.0.2.2:18080/token?x=://localhost/");
    assert_eq!(token("//192.0.2.2/token").unwrap(), "https://192.0.2.2/token");
    for url in ["http://localhost@192.0.2.2/token", "ftp://localhost/token", "data:localhost"] {
        assert_eq!(token(url), None, "{url}");
    }
}

#[test]
fn what_cannot_be_planned_is_said_with_what_to_do() {
    let said = |change: (&str, &str)| billing(change, &[]).unwrap_err().to_string();
    let mut all: BTreeMap<&str, String> = BTreeMap::new();
    all.insert("operation", said(("operation: listCustomers", "operation: listCustomer")));
    all.insert("scheme", said(("scheme: bearerAuth", "scheme: bearer")));
    all.insert("value", said(("secret: env:BILLING_TOKEN", "secret: sk_live_1")));
    all.insert("client", said(("client_id: env:CRM_CLIENT_ID", "")));
    all.insert("find", said(("match: email", "match: external_id")));
    all.insert("update", said(("update: updateContact", "update: createContact")));
    all.insert("list", said(("operation: listCustomers", "operation: getCustomer")));
    insta::assert_debug_snapshot!(all);
    let none = planned(BILLING, "contact", ("", ""), &[]).unwrap_err().to_string();
    assert_eq!(none, "the contract has no flow contact; did you mean \"contacts\"?");
}

/// Answers every connection with these bytes after it has read the request, then closes.
async fn server(bytes: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut request = vec![0; 4096];
            let _ = socket.read(&mut request).await;
            let _ = socket.write_all(bytes).await;
        }
    });
    format!("http://{address}")
}

async fn send(url: &str) -> Result<platform_integration::connector::Response, TransportError> {
    let request = Request { method: Method::Get, url: url.to_owned(), headers: Vec::new(), body: bytes::Bytes::new() };
    HttpTransport::new().unwrap().send("x", request).await
}

#[tokio::test]
async fn an_answer_arrives_with_its_headers_in_lower_case() {
    let url = server(b"HTTP/1.1 429 Slow\r\nRetry-After: 7\r\nContent-Length: 2\r\n\r\n{}").await;
    let response = send(&format!("{url}/a?b=c%20d")).await.unwrap();
    assert_eq!((response.status, response.header("retry-after"), &response.body[..]), (429, Some("7"), &b"{}"[..]));
}

#[tokio::test]
async fn a_request_arrives_as_it_was_written() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url =
        format!("http://{}/v1/x?updated%5Bgte%5D=2026-01-01T00%3A00%3A00%2B02%3A00", listener.local_addr().unwrap());
    let seen = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut bytes = vec![0; 4096];
        let n = socket.read(&mut bytes).await.unwrap();
        socket.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
        String::from_utf8_lossy(&bytes[..n]).into_owned()
    });
    let request = Request {
        method: Method::Patch,
        url,
        headers: vec![("traceparent".into(), "00-a-b-01".into()), ("content-type".into(), "application/json".into())],
        body: bytes::Bytes::from_static(b"{\"a\":1}"),
    };
    let response = HttpTransport::new().unwrap().send("x", request).await.unwrap();
    assert_eq!((response.status, response.body.len()), (204, 0));
    let seen = seen.await.unwrap();
    assert!(seen.starts_with("PATCH /v1/x?updated%5Bgte%5D=2026-01-01T00%3A00%3A00%2B02%3A00 HTTP/1.1\r\n"), "{seen}");
    assert!(seen.contains("traceparent: 00-a-b-01") && seen.contains("user-agent: platform-integration/"), "{seen}");
    assert!(seen.ends_with("{\"a\":1}"));
}

#[tokio::test]
async fn a_redirect_is_an_answer_like_any_other() {
    let url = server(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n").await;
    assert_eq!(send(&url).await.unwrap().status, 302);
}

#[tokio::test]
async fn an_answer_that_ends_early_is_lost_and_not_short() {
    for bytes in [
        &b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"data\": ["[..],
        &b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"dat\r\n"[..],
        &b"HTTP/1.1 200 O"[..],
        &b""[..],
    ] {
        let error = send(&server(bytes).await).await.unwrap_err();
        assert!(matches!(error, TransportError::Lost(_)), "{error:?}");
    }
}

#[tokio::test]
async fn nobody_there_is_told_apart_from_an_answer_that_was_lost() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/?api_key=s3cr3t", listener.local_addr().unwrap());
    drop(listener);
    let error = send(&url).await.unwrap_err();
    assert!(matches!(error, TransportError::Connect(_)), "{error:?}");
    assert!(!error.to_string().contains("s3cr3t"), "{error}");
}

#[tokio::test]
async fn a_refused_handshake_is_told_apart_and_not_retried() {
    let url = server(b"HTTP/1.1 400 Bad Request\r\n\r\nthis is no TLS").await.replace("http://", "https://");
    let error = send(&url).await.unwrap_err();
    assert!(matches!(error, TransportError::Tls(_)), "{error:?}");
}

#[tokio::test]
async fn an_answer_without_end_does_not_fill_the_memory() {
    let stated = server(b"HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n{").await;
    assert!(matches!(send(&stated).await, Err(TransportError::TooLarge { limit: 67_108_864 })));

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let writer = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let _ = socket.read(&mut [0; 1024]).await;
        socket.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
        let block = vec![b' '; 1 << 20];
        let mut written = 0_u64;
        while written < 1 << 30 && socket.write_all(&block).await.is_ok() {
            written += 1 << 20;
        }
        written
    });
    assert!(matches!(send(&url).await, Err(TransportError::TooLarge { .. })));
    assert!(writer.await.unwrap() < 1 << 28, "the connection was left");
}

#[tokio::test]
async fn dropping_the_request_ends_it() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let gone = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut bytes = [0; 1024];
        while socket.read(&mut bytes).await.is_ok_and(|n| n > 0) {}
    });
    assert!(tokio::time::timeout(Duration::from_millis(200), send(&url)).await.is_err());
    tokio::time::timeout(Duration::from_secs(5), gone).await.unwrap().unwrap();
}
