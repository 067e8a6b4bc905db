//! Whole contracts with one planted defect each, and correct ones that look suspicious: the first are found at their line,
//! the second pass in silence.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use platform_integration::base::yaml::{self, Node};
use platform_integration::checks::{self, Subject};
use platform_integration::contract;
use platform_integration::finding::{Finding, Severity, tidy};
use platform_integration::mapping;
use platform_integration::model::System;

use crate::contract::shown;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/seeded")
}

/// One change of one file of the base.
struct Change {
    file: String,
    from: String,
    to: String,
}

/// One case: a base, changed, and what must be found.
struct Case {
    file: String,
    defect: String,
    base: String,
    changes: Vec<Change>,
    /// Nothing: the contract is right.
    code: Option<String>,
    /// The finding stands at the first line that holds this text.
    at: String,
    /// Codes that the same slip earns beside it, or at another line.
    also: Vec<String>,
}

fn text(node: &Node, key: &str) -> Option<String> {
    node.get(key).and_then(Node::as_str).map(str::to_owned)
}

fn cases() -> Vec<Case> {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(root().join("cases")).expect("cases").map(|e| e.expect("an entry").path()).collect();
    files.sort();
    let read = |path: &PathBuf| {
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        let node =
            yaml::parse(&std::fs::read_to_string(path).expect("readable"), yaml::Limits::default()).expect(&name);
        let changes = node.get("edits").and_then(Node::items).unwrap_or_default();
        let changes = changes
            .iter()
            .map(|e| Change {
                file: text(e, "in").unwrap_or_else(|| "integration.yaml".to_owned()),
                from: text(e, "from").expect(&name),
                to: text(e, "to").expect(&name),
            })
            .collect();
        let also = node.get("also").and_then(Node::items).unwrap_or_default();
        Case {
            defect: text(&node, "case").expect(&name),
            base: text(&node, "base").expect(&name),
            changes,
            code: text(&node, "code"),
            at: text(&node, "at").unwrap_or_default(),
            also: also.iter().filter_map(Node::as_str).map(str::to_owned).collect(),
            file: name,
        }
    };
    files.iter().map(read).collect()
}

/// The base with the changes of a case; each must be possible.
fn changed(case: &Case, file: &str) -> String {
    let path = root().join(&case.base).join(file);
    let mut text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    for change in case.changes.iter().filter(|c| c.file == file) {
        assert!(text.contains(&change.from), "{}: {file} has no \"{}\"", case.file, change.from);
        text = text.replacen(&change.from, &change.to, 1);
    }
    text
}

/// Parses, compiles and checks as the use cases do.
fn findings(case: &Case) -> (String, Vec<Finding>) {
    let text = changed(case, "integration.yaml");
    let (contract, mut findings) = contract::parse(&text, "integration.yaml");
    if let Some(contract) = &contract {
        let systems: BTreeMap<String, std::sync::Arc<System>> = contract
            .systems
            .iter()
            .map(|(name, used)| {
                let bytes = changed(case, &used.api).into_bytes();
                let read = platform_integration::readers::read_bytes(&bytes, &used.api);
                findings.extend(read.findings.iter().filter(|f| f.severity == Severity::Error).cloned());
                (name.clone(), contract::declared(&std::sync::Arc::new(read.system.expect("a system")), used))
            })
            .collect();
        let systems = systems.iter().map(|(n, s)| (n.clone(), &**s)).collect();
        let mut mappings = BTreeMap::new();
        for (name, flow) in &contract.flows {
            let (mapping, found) = mapping::compile(&flow.map, "integration.yaml");
            findings.extend(found);
            mappings.insert(name.clone(), mapping);
        }
        let confirmed = |_: &str| true;
        let subject =
            Subject { contract, systems: &systems, mappings: &mappings, confirmed: Some(&confirmed), text: &text };
        findings.extend(checks::run(&subject));
    }
    // What a contract relies on without saying so is asked in every case, and is the business of one check.
    findings.retain(|f| f.code != "assumption-unstated");
    tidy(&mut findings);
    (text, findings)
}

fn line_of(text: &str, part: &str) -> u32 {
    let at = text.lines().position(|l| l.contains(part)).unwrap_or_else(|| panic!("no line with \"{part}\""));
    u32::try_from(at + 1).expect("a short file")
}

#[test]
fn each_planted_defect_is_found_at_its_line_and_nothing_else() {
    let mut table = String::from("case | code | line | says\n");
    let mut wrong = String::new();
    let mut planted = 0;
    let known = crate::codes::known();
    for case in cases() {
        let Some(code) = &case.code else { continue };
        let (text, found) = findings(&case);
        for f in &found {
            assert!(known.contains(f.code), "{}: {} is in no table of codes", case.file, f.code);
        }
        let line = line_of(&text, &case.at);
        let hit = found.iter().find(|f| f.code == *code && f.location.at.line == line);
        let others: Vec<Finding> = found
            .iter()
            .filter(|f| {
                let planted = f.code == *code && f.location.at.line == line;
                f.severity != Severity::Note && !planted && !case.also.iter().any(|a| a == f.code)
            })
            .cloned()
            .collect();
        planted += 1;
        match hit {
            Some(f) => table.push_str(&format!("{} | {code} | {line} | {}\n", case.defect, f.message)),
            None => wrong.push_str(&format!("{}: {code} not at {line}:\n{}\n", case.file, shown(&found))),
        }
        if hit.is_some() && !others.is_empty() {
            wrong.push_str(&format!("{}: beside {code}:\n{}\n", case.file, shown(&others)));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(planted >= 60, "{planted}");
    insta::assert_snapshot!(table);
}

#[test]
fn what_only_looks_suspicious_passes() {
    let mut wrong = String::new();
    let mut right = 0;
    for case in cases().into_iter().filter(|c| c.code.is_none()) {
        let (_, found) = findings(&case);
        let said: Vec<Finding> = found.into_iter().filter(|f| f.severity != Severity::Note).collect();
        right += 1;
        if !said.is_empty() {
            wrong.push_str(&format!("{}:\n{}\n", case.file, shown(&said)));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(right >= 20, "{right}");
}

#[test]
fn the_bases_are_right() {
    for base in bases() {
        let case = Case {
            file: base.clone(),
            defect: String::new(),
            base,
            changes: Vec::new(),
            code: None,
            at: String::new(),
            also: Vec::new(),
        };
        let mut found = findings(&case).1;
        // None of them deletes what it made, which is told and no defect.
        found.retain(|f| f.code != "rollback-incomplete");
        assert_eq!(shown(&found), "", "{}", case.base);
    }
}

fn bases() -> BTreeSet<String> {
    cases().into_iter().map(|c| c.base).collect()
}
