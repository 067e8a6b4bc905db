//! What belongs together in Kubernetes, and where the image lies.

use super::Target;

pub(super) const TARGET: Target = Target {
    path: "deploy/kubernetes/kustomization.yaml",
    template: include_str!("../../../resources/templates/scaffold/kubernetes/kustomization.yaml.j2"),
    when: Target::always,
};
