//! What comparing big descriptions costs: `cargo run --release --example drift-size -- [MEGABYTES]`. Both are made here,
//! the new one with every fiftieth resource changed; then two that refer to themselves in ways that never meet.
#![allow(clippy::print_stdout, reason = "a measure prints")]
#![allow(clippy::disallowed_methods, reason = "it says how long each step took")]

use std::fmt::Write as _;
use std::time::Instant;

use platform_integration::drift::compare;
use platform_integration::model::System;
use platform_integration::readers;

/// One operation in five, and about this many bytes, come with each resource.
const BYTES_OF_RESOURCE: usize = 4_600;

fn main() {
    let megabytes: usize = std::env::args().nth(1).and_then(|a| a.parse().ok()).unwrap_or(20);
    let resources = megabytes * 1_000_000 / BYTES_OF_RESOURCE;
    println!("| pair | MB each | operations | read both ms | compare ms | changes | breaking | peak MB after |");
    println!("|---|---|---|---|---|---|---|---|");
    measure("the same twice", &wide(resources, false), &wide(resources, false));
    measure("every fiftieth resource changed", &wide(resources, false), &wide(resources, true));
    measure("no name in common", &wide(resources, false), &wide(resources, false).replace("esource", "hing"));
    measure("rings of schemas, 1,009 and 1,013", &ring(1_009, 7), &ring(1_013, 11));
}

fn measure(what: &str, old: &str, new: &str) {
    let begun = Instant::now();
    let (a, b) = (read(old), read(new));
    let read_ms = begun.elapsed().as_millis();
    let begun = Instant::now();
    let changes = compare(&a, &b);
    let compare_ms = begun.elapsed().as_millis();
    println!(
        "| {what} | {:.1} | {} | {read_ms} | {compare_ms} | {} | {} | {} |",
        old.len() as f64 / 1e6,
        a.operations.len(),
        changes.len(),
        changes.iter().filter(|c| c.breaking).count(),
        peak().map_or_else(|| "unknown".to_owned(), |mb| mb.to_string())
    );
}

fn read(text: &str) -> System {
    readers::read_bytes(text.as_bytes(), "made here").system.expect("what is made here is a description")
}

/// Resources with five operations, a schema that refers to itself and to the next one, and a page.
fn wide(resources: usize, changed: bool) -> String {
    let mut paths = String::new();
    let mut schemas = String::new();
    for i in 0..resources {
        let edited = changed && i % 50 == 0;
        let (name, next) = (format!("Resource{i}"), format!("Resource{}", (i + 1) % resources));
        let one = format!(r##"{{"$ref":"#/components/schemas/{name}"}}"##);
        let answer = |schema: &str| {
            format!(r#"{{"200":{{"description":"Ok.","content":{{"application/json":{{"schema":{schema}}}}}}}}}"#)
        };
        let body = format!(r#""requestBody":{{"required":true,"content":{{"application/json":{{"schema":{one}}}}}}}"#);
        let page = format!(
            r#"{{"type":"object","required":["data"],"properties":{{"data":{{"type":"array","items":{one}}},"next_cursor":{{"type":"string"}}}}}}"#
        );
        let limit = if edited { 50 } else { 100 };
        let _ = write!(
            paths,
            r#"{}"/resources{i}":{{"get":{{"operationId":"list{name}","parameters":[{{"name":"cursor","in":"query","schema":{{"type":"string"}}}},{{"name":"limit","in":"query","schema":{{"type":"integer","maximum":{limit}}}}}],"responses":{}}},"post":{{"operationId":"create{name}",{body},"responses":{}}}}},"/resources{i}/{{id}}":{{"parameters":[{{"name":"id","in":"path","required":true,"schema":{{"type":"string"}}}}],"get":{{"operationId":"get{name}","responses":{}}},"patch":{{"operationId":"update{name}",{body},"responses":{}}},"delete":{{"operationId":"delete{name}","responses":{{"204":{{"description":"Gone."}}}}}}}}"#,
            if i == 0 { "" } else { "," },
            answer(&page),
            answer(&one),
            answer(&one),
            answer(&one)
        );
        let mut fields = String::new();
        for f in 0..24 {
            if edited && f == 7 {
                continue;
            }
            let _ = write!(
                fields,
                r#""field_{f}":{{"type":"string","maxLength":{},"description":"What field {f} of resource {i} holds."}},"#,
                40 + f
            );
        }
        let states = if edited { r#""open","shut","held""# } else { r#""open","shut""# };
        let _ = write!(
            schemas,
            r##"{}"{name}":{{"type":"object","required":["id","state"],"properties":{{{fields}"id":{{"type":"string"}},"state":{{"type":"string","enum":[{states}]}},"parent":{one},"next":{{"$ref":"#/components/schemas/{next}"}}}}}}"##,
            if i == 0 { "" } else { "," }
        );
    }
    document(&paths, &schemas)
}

/// Schemas in a ring, each with a chord to another: walked side by side they meet in every combination.
fn ring(size: usize, step: usize) -> String {
    let mut schemas = String::new();
    for i in 0..size {
        let _ = write!(
            schemas,
            r##"{}"Node{size}x{i}":{{"type":"object","properties":{{"next":{{"$ref":"#/components/schemas/Node{size}x{}"}},"far":{{"$ref":"#/components/schemas/Node{size}x{}"}}}}}}"##,
            if i == 0 { "" } else { "," },
            (i + 1) % size,
            (i * step + 1) % size
        );
    }
    let path = format!(
        r##""/ring":{{"get":{{"operationId":"getRing","responses":{{"200":{{"description":"Ok.","content":{{"application/json":{{"schema":{{"$ref":"#/components/schemas/Node{size}x0"}}}}}}}}}}}}}}"##
    );
    document(&path, &schemas)
}

fn document(paths: &str, schemas: &str) -> String {
    format!(
        r#"{{"openapi":"3.0.3","info":{{"title":"Big","version":"1"}},"paths":{{{paths}}},"components":{{"schemas":{{{schemas}}}}}}}"#
    )
}

/// The most memory that this process has held so far, in megabytes; where the system tells it.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|l| l.starts_with("VmHWM:"))?;
    Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? / 1_000)
}
