//! Our own skill: what it says is so, what it promises is there, and what is served is what lies on the disk.

mod documents;
mod evals;
mod matrix;
mod served;
mod walks;

use std::path::PathBuf;

pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

pub(crate) fn text(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

pub(crate) fn yaml(path: &str) -> serde_json::Value {
    use platform_integration::base::yaml::{Limits, parse};
    parse(&text(path), Limits { depth: 64, nodes: 100_000 }).unwrap_or_else(|e| panic!("{path}: {e:?}")).into_value()
}

/// The integrations among the examples.
pub(crate) fn integrations() -> Vec<String> {
    let mut found: Vec<String> = std::fs::read_dir(root().join("examples"))
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| p.join("integration.yaml").is_file())
        .map(|p| p.file_name().unwrap().to_string_lossy().into_owned())
        .collect();
    found.sort();
    assert!(found.len() >= 2);
    found
}

/// What a schema of ours has against a value.
pub(crate) fn misfits(schema: &str, value: &serde_json::Value) -> Vec<String> {
    let schema: serde_json::Value = serde_json::from_str(&text(schema)).unwrap();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    validator.iter_errors(value).map(|e| format!("{}: {e}", e.instance_path())).collect()
}
