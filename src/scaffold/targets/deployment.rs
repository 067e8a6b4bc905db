//! One pod that goes on, where some flow polls or receives.

use super::Target;

pub(super) const TARGET: Target = Target {
    path: "deploy/kubernetes/deployment.yaml",
    template: include_str!("../../../resources/templates/scaffold/kubernetes/deployment.yaml.j2"),
    when: Target::goes_on,
};
