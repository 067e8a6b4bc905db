//! Where metrics are scraped and webhooks arrive.

use super::Target;

pub(super) const TARGET: Target = Target {
    path: "deploy/kubernetes/service.yaml",
    template: include_str!("../../../resources/templates/scaffold/kubernetes/service.yaml.j2"),
    when: Target::goes_on,
};
