//! When somebody is told: gone, breaker open, dead letters, late, silent, paused.

use super::Target;

pub(super) const TARGET: Target = Target {
    path: "deploy/prometheus/alerts.yaml",
    template: include_str!("../../../resources/templates/scaffold/prometheus/alerts.yaml.j2"),
    when: Target::goes_on,
};
