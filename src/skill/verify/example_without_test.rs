//! An example without a test is one that stops working unseen.

use super::example_not_named::names;
use super::{Check, Subject};
use crate::base::yaml::Span;
use crate::finding::{Finding, Location};

pub(super) const CHECK: Check =
    Check { code: "example-without-test", finds: "A directory under examples/ is named by no test.", run };

fn run(subject: &Subject<'_>) -> Vec<Finding> {
    subject
        .examples
        .iter()
        .filter(|name| !names(subject.tests, name))
        .map(|name| {
            let at = Location::at(&subject.skill.main().file, Span { line: 1, column: 1 });
            Finding::error(CHECK.code, at, format!("no test names examples/{name}"))
                .fix(format!("add a test that checks and drills examples/{name}"))
        })
        .collect()
}
