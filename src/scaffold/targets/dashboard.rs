//! What somebody who was told looks at.

use super::Target;

pub(super) const TARGET: Target = Target {
    path: "deploy/grafana/dashboard.json",
    template: include_str!("../../../resources/templates/scaffold/grafana/dashboard.json.j2"),
    when: Target::goes_on,
};
