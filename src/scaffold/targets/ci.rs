//! Checks, maps the samples and drills on each change, in GitHub Actions.

use super::Target;

pub(super) const TARGET: Target = Target {
    path: ".github/workflows/integration.yaml",
    template: include_str!("../../../resources/templates/scaffold/integration-workflow.yaml.j2"),
    when: Target::always,
};
