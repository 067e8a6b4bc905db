//! Connectors as code: what is printed parses, says what the mapping language says, and what a language cannot say is refused by name.

use std::path::Path;
use std::process::Command;

use platform_integration::base::yaml::{Limits, parse};
use platform_integration::mapping::{compile, transforms};
use platform_integration::scaffold::code::{self, Connector, Language};
use platform_integration::scaffold::{File, Project};

use crate::cli::{run, stderr, workspace};

/// Transforms that are not generated; each is refused by its name.
const LEFT_OUT: [&str; 4] = ["extract", "strip_html", "language_tag", "e164"];

fn scaffold(example: &str, target: &str) -> (tempfile::TempDir, std::process::Output) {
    let dir = workspace(example);
    let contract = format!("examples/{example}/integration.yaml");
    let out = run(dir.path(), &["scaffold", &contract, "--target", target, "--out", "p"]);
    (dir, out)
}

fn text(dir: &Path, file: &str) -> String {
    std::fs::read_to_string(dir.join("p").join(file)).unwrap_or_else(|e| panic!("{file}: {e}"))
}

/// Every file of the language, by the grammar that editors use.
fn parses(dir: &Path) {
    for entry in walkdir::WalkDir::new(dir).into_iter().map(Result::unwrap).filter(|e| e.file_type().is_file()) {
        let language: tree_sitter::Language = match entry.path().extension().and_then(|e| e.to_str()) {
            Some("py") => tree_sitter_python::LANGUAGE.into(),
            Some("yaml") => {
                let text = std::fs::read_to_string(entry.path()).unwrap();
                parse(&text, Limits::default()).unwrap_or_else(|e| panic!("{}: {e}", entry.path().display()));
                continue;
            }
            _ => continue,
        };
        let mut parser = tree_sitter::Parser::new();
        parser.set_language(&language).unwrap();
        let text = std::fs::read_to_string(entry.path()).unwrap();
        let tree = parser.parse(&text, None).unwrap();
        assert!(!tree.root_node().has_error(), "{}:\n{text}", entry.path().display());
    }
}

#[test]
fn a_plan_and_a_mapping_are_printed_whole_in_python() {
    let mut all = String::new();
    for example in [
        "billing-to-crm",
        "erp-to-shop",
        "issues-to-tickets",
        "payments-to-ledger",
        "stock-to-market",
        "tills-to-books",
    ] {
        let (dir, out) = scaffold(example, "python");
        assert!(out.status.success(), "{example}: {}", stderr(&out));
        parses(&dir.path().join("p"));
        for file in ["connector/plan.py", "connector/mapping.py"] {
            all.push_str(&format!("=== {example}: {file}\n{}\n", text(dir.path(), file)));
        }
        // Only what is used is there.
        let transforms = text(dir.path(), "connector/transforms.py");
        assert_eq!(
            transforms.contains("def minor_to_major"),
            text(dir.path(), "connector/mapping.py").contains("t.minor_to_major")
        );
        assert!(text(dir.path(), ".env.example").lines().all(|l| l.starts_with('#') || l.ends_with('=')));
    }
    insta::assert_snapshot!("python", all);
}

#[test]
fn a_plan_and_a_mapping_are_printed_whole_in_typescript() {
    let mut all = String::new();
    for example in [
        "billing-to-crm",
        "erp-to-shop",
        "issues-to-tickets",
        "payments-to-ledger",
        "stock-to-market",
        "tills-to-books",
    ] {
        let (dir, out) = scaffold(example, "typescript");
        assert!(out.status.success(), "{example}: {}", stderr(&out));
        for file in ["src/plan.ts", "src/mapping.ts"] {
            all.push_str(&format!("=== {example}: {file}\n{}\n", text(dir.path(), file)));
        }
        serde_json::from_str::<serde_json::Value>(&text(dir.path(), "package.json")).unwrap();
        parses(&dir.path().join("p"));
    }
    insta::assert_snapshot!("typescript", all);
}

#[test]
fn what_is_not_generated_is_refused_by_name() {
    let mut said = String::new();
    let (dir, out) = scaffold("people-to-badges", "python");
    assert_eq!(out.status.code(), Some(2));
    assert!(!dir.path().join("p").exists(), "nothing is written");
    said.push_str(&stderr(&out));
    let dir = workspace("billing-to-crm");
    let contract = dir.path().join("examples/billing-to-crm/integration.yaml");
    let text = std::fs::read_to_string(&contract).unwrap();
    let rules = [
        ("{jq: '.email | ascii_downcase'}", "jq"),
        ("{from: email, with: [trim, {extract: '[a-z]+@.+'}]}", "extract"),
        ("{from: email, with: [strip_html]}", "strip_html"),
    ];
    for (rule, name) in rules {
        let changed = text.replace("email: {from: email, with: [trim, lower]} ", &format!("email: {rule} "));
        assert_ne!(changed, text);
        std::fs::write(&contract, changed).unwrap();
        let out = run(
            dir.path(),
            &["scaffold", "examples/billing-to-crm/integration.yaml", "--target", "python", "--out", "p"],
        );
        assert_eq!(out.status.code(), Some(2), "{name}");
        said.push_str(&stderr(&out));
    }
    let dir = tempfile::tempdir().unwrap();
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/lab");
    for file in ["feed/visits.yaml", "deletes/door.yaml"] {
        std::fs::copy(from.join(file), dir.path().join(Path::new(file).file_name().unwrap())).unwrap();
    }
    let contract = std::fs::read_to_string(from.join("feed/integration.yaml")).unwrap();
    std::fs::write(dir.path().join("integration.yaml"), contract.replace("../deletes/", "")).unwrap();
    let out = run(dir.path(), &["scaffold", "integration.yaml", "--target", "typescript", "--out", "p"]);
    assert_eq!(out.status.code(), Some(2));
    said.push_str(&stderr(&out));
    insta::assert_snapshot!("refused", said);
}

#[test]
fn every_transform_is_generated_or_known_to_be_left_out() {
    for transform in transforms::ALL {
        let step = transform.examples[0].step;
        for language in [Language::Python, Language::Typescript] {
            let made = generated(language, &[step]);
            assert_eq!(made.is_err(), LEFT_OUT.contains(&transform.name), "{}: {:?}", transform.name, made.err());
        }
    }
}

fn generated(language: Language, steps: &[&str]) -> Result<Vec<File>, code::CodeError> {
    let rules: String =
        steps.iter().enumerate().map(|(i, s)| format!("t{i}: {{from: value, with: [{s}]}}\n")).collect();
    let node = parse(&rules, Limits::default()).unwrap();
    let (mapping, findings) = compile(node.entries().unwrap(), "x");
    assert_eq!(findings, []);
    let system = serde_json::json!({"$name": "A"});
    let call = code::Call {
        id: "a".to_owned(),
        method: "GET".to_owned(),
        path: "/a".to_owned(),
        content_type: None,
        params: None,
        answers_json: None,
    };
    let flow = code::Flow {
        name: "all".to_owned(),
        mapping: "map_all".to_owned(),
        source: code::Source {
            system: system.clone(),
            list: Some(call.clone()),
            key: vec!["id".to_owned()],
            items: None,
            inside: None,
            paging: None,
            changed: None,
            since: None,
            rate: None,
            webhook: None,
        },
        target: code::Target { system, write: code::Write::Put { put: call, key: None }, rate: None },
        delivery: code::Delivery {
            attempts: 1,
            base_ms: 1,
            cap_ms: 1,
            timeout_ms: 1,
            full_jitter: true,
            honor_retry_after: true,
            breaker: None,
        },
        every_ms: None,
    };
    let auth = code::Auth { kind: "none", ..code::Auth::default() };
    let system =
        code::System { name: "a".to_owned(), env: "A".to_owned(), base_url: "https://a.example".to_owned(), auth };
    let connector = Connector { systems: vec![system], flows: vec![(flow, mapping)] };
    code::code(language, &connector, &project())
}

fn project() -> Project {
    let t = str::to_owned;
    Project {
        name: t("all"),
        why: t("every transform"),
        owner: t("nobody"),
        contract: t("integration.yaml"),
        carried: Vec::new(),
        files: Vec::new(),
        version: t("0"),
        digest: t("sha256:0"),
        flows: Vec::new(),
        secrets: Vec::new(),
        receives: false,
        polls: false,
        hosts: Vec::new(),
        samples: Vec::new(),
        listed: Vec::new(),
        targets: Vec::new(),
    }
}

/// Writes a connector that uses every transform.
fn every_transform(language: Language) -> tempfile::TempDir {
    let known = transforms::ALL.iter().filter(|t| !LEFT_OUT.contains(&t.name));
    let steps: Vec<&str> = known.map(|t| t.examples[0].step).collect();
    let dir = tempfile::tempdir().unwrap();
    for file in generated(language, &steps).unwrap() {
        let path = dir.path().join(&file.path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, file.content).unwrap();
    }
    parses(dir.path());
    dir
}

fn passes(dir: &Path, program: &str, args: &[&str]) {
    let out = Command::new(program).args(args).current_dir(dir).output().unwrap();
    assert!(out.status.success(), "{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
}

/// The examples of every transform, and the policies, run in Python where it has what the tests need; `tests/clients/code.sh` brings it.
#[test]
fn every_transform_does_the_same_in_python() {
    let there = Command::new("python3").args(["-c", "import httpx, pytest, simplejson"]).output();
    let dir = every_transform(Language::Python);
    if !there.is_ok_and(|o| o.status.success()) {
        eprintln!("skipped: python3 has no httpx, pytest and simplejson");
        return;
    }
    let ignored = "--ignore=tests/test_mapping.py"; // there are no samples of this flow
    passes(dir.path(), "python3", &["-m", "pytest", "-q", "-p", "no:cacheprovider", ignored]);
}

/// The same in TypeScript, where `CODE_NODE_MODULES` names a directory with what its package.json wants.
#[cfg(unix)]
#[test]
fn every_transform_does_the_same_in_typescript() {
    let dir = every_transform(Language::Typescript);
    let Some(modules) = std::env::var_os("CODE_NODE_MODULES") else {
        eprintln!("skipped: CODE_NODE_MODULES is not set");
        return;
    };
    std::os::unix::fs::symlink(modules, dir.path().join("node_modules")).unwrap();
    passes(dir.path(), "node", &["node_modules/typescript/bin/tsc"]);
    passes(dir.path(), "node", &["--test", "dist/test/transforms.test.js", "dist/test/policies.test.js"]);
}
