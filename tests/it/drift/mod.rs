//! What changed between two descriptions: every rule is tripped by one edit, and by it alone; what says the same in other
//! words yields nothing.

mod command;
mod corpus;
mod felt;
mod rules;
mod same;
mod sides;

use platform_integration::drift::{Change, compare};
use platform_integration::model::System;
use platform_integration::readers;

/// What edits are tried on.
const BASES: [&str; 4] = ["shop.yaml", "shop.graphql", "bell.asyncapi.yaml", "till.sql"];

fn base(file: &str) -> String {
    let path = crate::cli::repository().join("tests/fixtures/drift").join(file);
    std::fs::read_to_string(path).unwrap()
}

fn system(text: &str) -> System {
    let read = readers::read_bytes(text.as_bytes(), "api");
    read.system.unwrap_or_else(|| panic!("{:?}\n{text}", read.findings))
}

fn drift(old: &str, new: &str) -> Vec<Change> {
    compare(&system(old), &system(new))
}

/// One change a line: what, on which side, how bad, of what.
fn lines(changes: &[Change]) -> String {
    let one = |c: &Change| {
        let kind = if c.breaking { "breaks" } else { "harmless" };
        format!("{} {} {} {kind}: {}\n", c.code, c.side.as_str(), c.severity.as_str(), c.message)
    };
    changes.iter().map(one).collect()
}
