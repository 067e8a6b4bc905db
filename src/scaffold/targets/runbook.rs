//! What the person who is paged needs; its steps are executed by `runbook verify`.

use super::Target;

pub(super) const TARGET: Target = Target {
    path: "RUNBOOK.md",
    template: include_str!("../../../resources/templates/scaffold/RUNBOOK.md.j2"),
    when: Target::always,
};
