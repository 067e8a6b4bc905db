//! What the person who is paged needs.

use super::Target;

pub(super) const TARGET: Target =
    Target { path: "RUNBOOK.md", template: include_str!("../../../resources/templates/scaffold/RUNBOOK.md.j2") };
