//! One pass at a time, where no flow names an interval.

use super::Target;

pub(super) const TARGET: Target = Target {
    path: "deploy/kubernetes/cronjob.yaml",
    template: include_str!("../../../resources/templates/scaffold/kubernetes/cronjob.yaml.j2"),
    when: Target::ends,
};
