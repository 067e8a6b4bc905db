//! Where the ledger lies in Kubernetes.

use super::Target;

pub(super) const TARGET: Target = Target {
    path: "deploy/kubernetes/storage.yaml",
    template: include_str!("../../../resources/templates/scaffold/kubernetes/storage.yaml.j2"),
    when: Target::always,
};
