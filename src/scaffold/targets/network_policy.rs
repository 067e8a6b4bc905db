//! Who may talk to the pod, and whom it may talk to.

use super::Target;

pub(super) const TARGET: Target = Target {
    path: "deploy/kubernetes/network-policy.yaml",
    template: include_str!("../../../resources/templates/scaffold/kubernetes/network-policy.yaml.j2"),
    when: Target::always,
};
