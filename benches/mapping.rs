//! What mapping a record costs beside jq on the same records, and what checking a large contract costs beyond reading its
//! descriptions: `cargo bench --bench mapping`. Records are of 2 KB with 15 mapped fields; both read JSON Lines and write
//! JSON Lines on one core. jq is measured where it is installed, its start apart. Least of some rounds, both in turn.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a bench measures real time and prints"
)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::hint::black_box;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use platform_integration::base::yaml::{Limits, parse};
use platform_integration::checks::{self, Subject};
use platform_integration::contract;
use platform_integration::mapping::{self, Mapping};
use platform_integration::model::{Direction, SchemaId, System, validate};
use platform_integration::readers::read_bytes;
use serde_json::Value;

const RECORDS: usize = 50_000;
const ROUNDS: usize = 5;

/// The rules, and the same in jq.
const RULES: &str = r#"
id: id
email: {from: email, with: [trim, lower]}
first_name: {from: name, with: [trim, {split: " "}, first, {truncate: 100}]}
last_name: {from: name, with: [trim, {split: " "}, last, {truncate: 100}]}
balance: {from: balance, with: [{minor_to_major: currency}]}
currency: currency
stage: {from: status, values: {active: customer, trialing: lead, canceled: churned}, else: reject}
origin: {const: billing}
city: address.city
street: {join: [address.street, address.number]}
created_at: {from: created, with: [{epoch_to_datetime: seconds}]}
tags: {each: tags, with: [lower]}
phone: {first_of: [mobile, phone]}
lines: {each: lines, map: {sku: sku, quantity: qty}}
active: {from: active, with: [to_string]}
"#;
const JQ: &str = r#"{id, email: (.email | ascii_downcase), first_name: (.name | split(" ") | first), last_name: (.name | split(" ") | last),
balance: ((.balance / 100) | tostring), currency, stage: ({active: "customer", trialing: "lead", canceled: "churned"}[.status]),
origin: "billing", city: .address.city, street: "\(.address.street) \(.address.number)", created_at: (.created | todate),
tags: [.tags[] | ascii_downcase], phone: (.mobile // .phone), lines: [.lines[] | {sku, quantity: .qty}], active: (.active | tostring)}"#;

fn main() {
    if std::env::args().any(|a| a == "--test") {
        return;
    }
    println!("Measured on {}.\n", machine());
    records();
    check();
}

fn machine() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|l| l.strip_prefix("model name")).unwrap_or("an unnamed CPU");
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    format!("{}, {cores} cores, {}", model.trim_start_matches([' ', '\t', ':']), std::env::consts::OS)
}

fn record(i: usize) -> String {
    let note = "lorem ipsum dolor sit amet ".repeat(52);
    format!(
        r#"{{"id":"cus_{i:08}","email":" Ada.{i}@Example.com","name":"Ada King Lovelace","balance":{},"currency":"USD","status":"active","address":{{"street":"Main Street","number":{},"city":"London","zip":"12345"}},"created":{},"tags":["A","B","C"],"mobile":null,"phone":"+15550100","lines":[{{"sku":"a-1","qty":2}},{{"sku":"b-2","qty":1}}],"active":true,"note":"{note}","n":[1,2,3,4,5]}}"#,
        i * 7,
        i % 200,
        1_790_812_800 + i
    )
}

fn mapping_of(text: &str) -> Mapping {
    let node = parse(text, Limits::default()).unwrap();
    let (mapping, findings) = mapping::compile(node.entries().unwrap(), "bench");
    assert!(findings.is_empty(), "{findings:?}");
    mapping
}

fn target() -> (System, SchemaId) {
    let text = r#"{"openapi":"3.1.0","info":{"title":"t","version":"1"},"paths":{"/c":{"post":{"operationId":"create","requestBody":{"content":{"application/json":{"schema":{
        "type":"object","required":["id","email"],"additionalProperties":false,"properties":{
        "id":{"type":"string","maxLength":40},"email":{"type":"string","format":"email","maxLength":254},"first_name":{"type":"string","maxLength":100},"last_name":{"type":"string","maxLength":100},
        "balance":{"type":"string","pattern":"^-?[0-9]+(\\.[0-9]{1,3})?$"},"currency":{"type":"string","minLength":3,"maxLength":3},"stage":{"enum":["customer","lead","churned"]},
        "origin":{"type":"string"},"city":{"type":"string"},"street":{"type":"string"},"created_at":{"type":"string","format":"date-time"},"tags":{"type":"array","items":{"type":"string"}},
        "phone":{"type":"string"},"lines":{"type":"array","items":{"type":"object","properties":{"sku":{"type":"string"},"quantity":{"type":"integer"}}}},"active":{"type":"string"}}}}}},"responses":{"201":{"description":"ok"}}}}}}"#;
    let system = read_bytes(text.as_bytes(), "target.json").system.unwrap();
    let body = system.operation("create").unwrap().body.as_ref().unwrap().schema.unwrap();
    (system, body)
}

fn records() {
    let mut lines = String::new();
    for i in 0..RECORDS {
        lines.push_str(&record(i));
        lines.push('\n');
    }
    let size = lines.len() / RECORDS;
    let mapping = mapping_of(RULES);
    let (system, body) = target();
    let ours = || {
        let mut out = String::with_capacity(lines.len() / 3);
        for line in lines.lines() {
            let value: Value = serde_json::from_str(line).unwrap();
            let mapped = mapping.apply(&value).unwrap();
            assert!(validate(&system.schemas, body, &mapped, Direction::Request).is_empty());
            let _ = writeln!(out, "{mapped}");
        }
        black_box(out).len()
    };
    let dir = tempfile::tempdir().unwrap();
    let (all, one) = (dir.path().join("all.jsonl"), dir.path().join("one.jsonl"));
    std::fs::write(&all, &lines).unwrap();
    std::fs::write(&one, record(0)).unwrap();
    let jq = |file: &std::path::Path| {
        let from = Instant::now();
        let done = Command::new("jq").args(["-c", JQ]).arg(file).stdout(Stdio::null()).status();
        done.is_ok_and(|s| s.success()).then(|| from.elapsed())
    };
    let (mut best, mut theirs, mut start) = (Duration::MAX, Duration::MAX, Duration::MAX);
    for _ in 0..ROUNDS {
        let from = Instant::now();
        ours();
        best = best.min(from.elapsed());
        if let (Some(whole), Some(empty)) = (jq(&all), jq(&one)) {
            (theirs, start) = (theirs.min(whole), start.min(empty));
        }
    }
    let minute = |d: Duration| RECORDS as f64 / d.as_secs_f64() * 60.0 / 1e6;
    println!("| {RECORDS} records of {size} bytes, 15 fields | millions a minute, one core |\n|---|---|");
    println!("| read, mapped, held against the target's schema, written | {:.2} |", minute(best));
    if theirs == Duration::MAX {
        println!("\njq is not installed here.");
    } else {
        let theirs = theirs.saturating_sub(start);
        println!("| jq, the same fields, no schema, its start taken off | {:.2} |", minute(theirs));
        println!("\nRatio: {:.1} times as many as jq.", theirs.as_secs_f64() / best.as_secs_f64());
    }
}

/// A description of about ten megabytes: many entities, and one with 50 fields.
fn description(name: &str) -> String {
    let mut schemas = String::new();
    for i in 0..9_000 {
        let fields: String = (0..10)
            .map(|f| {
                format!(
                    r#""field_{f}":{{"type":"string","maxLength":{},"description":"Field {f} of entity {i}."}},"#,
                    20 + f
                )
            })
            .collect();
        let _ =
            write!(schemas, r#""Entity{i}":{{"type":"object","properties":{{{}"id":{{"type":"string"}}}}}},"#, fields);
    }
    let fields: String = (0..50).map(|f| format!(r#""f{f}":{{"type":"string","maxLength":50}},"#)).collect();
    format!(
        r##"{{"openapi":"3.1.0","info":{{"title":"{name}","version":"1"}},"servers":[{{"url":"https://{name}.example"}}],"paths":{{"/things":{{"get":{{"operationId":"list","parameters":[{{"name":"page","in":"query","schema":{{"type":"integer"}}}}],"responses":{{"200":{{"description":"ok","content":{{"application/json":{{"schema":{{"type":"array","items":{{"$ref":"#/components/schemas/Thing"}}}}}}}}}}}}}},"post":{{"operationId":"create","parameters":[{{"name":"Idempotency-Key","in":"header","schema":{{"type":"string"}}}}],"requestBody":{{"content":{{"application/json":{{"schema":{{"$ref":"#/components/schemas/Thing"}}}}}}}},"responses":{{"201":{{"description":"ok"}}}}}}}}}},"components":{{"schemas":{{{schemas}"Thing":{{"type":"object","required":["id"],"properties":{{{fields}"id":{{"type":"string","maxLength":50}}}}}}}}}}}}"##
    )
}

fn check() {
    let (source, target) = (description("source"), description("target"));
    let size = source.len() as f64 / 1e6;
    let read = |name: &str, text: &str| read_bytes(text.as_bytes(), name).system.unwrap();
    let from = Instant::now();
    let (source, target) = (read("source.json", &source), read("target.json", &target));
    let reading = from.elapsed();
    let mut text = String::from(
        "apiVersion: platform-integration/v1\nname: bench\nwhy: To measure\nowner: bench\nsystems:\n  a: {api: source.json}\n  b: {api: target.json}\nflows:\n",
    );
    for flow in 0..10 {
        let _ = write!(
            text,
            "  flow{flow}:\n    source: {{system: a, operation: list, key: id}}\n    target: {{system: b, create: {{operation: create, idempotency: {{header: Idempotency-Key}}}}}}\n    map:\n      id: id\n"
        );
        for f in 0..49 {
            let _ = writeln!(text, "      f{f}: {{from: f{f}, with: [trim]}}");
        }
    }
    let systems: BTreeMap<String, &System> = [("a".to_owned(), &source), ("b".to_owned(), &target)].into();
    let mut best = Duration::MAX;
    let mut rules = 0;
    for _ in 0..ROUNDS * 4 {
        let from = Instant::now();
        let (contract, _) = contract::parse(&text, "integration.yaml");
        let contract = contract.unwrap();
        let mappings: BTreeMap<String, Mapping> =
            contract.flows.iter().map(|(n, f)| (n.clone(), mapping::compile(&f.map, "integration.yaml").0)).collect();
        rules = mappings.values().map(|m| m.rules().len()).sum();
        let found = checks::run(&Subject {
            contract: &contract,
            systems: &systems,
            mappings: &mappings,
            confirmed: None,
            text: &text,
        });
        black_box(found);
        best = best.min(from.elapsed());
    }
    println!("\n| a contract of 10 flows and {rules} rules, two descriptions of {size:.0} MB | |\n|---|---|");
    println!("| reading both | {:.0} ms |", reading.as_secs_f64() * 1e3);
    println!("| checking, reading taken off | {:.1} ms |", best.as_secs_f64() * 1e3);
}
