//! Checks and drills the contract on each change of it.

use super::Target;

pub(super) const TARGET: Target = Target {
    path: ".github/workflows/integration.yaml",
    template: include_str!("../../../resources/templates/scaffold/integration-workflow.yaml.j2"),
};
