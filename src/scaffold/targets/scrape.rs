//! The job by which Prometheus finds the metrics.

use super::Target;

pub(super) const TARGET: Target = Target {
    path: "deploy/prometheus/scrape.yaml",
    template: include_str!("../../../resources/templates/scaffold/prometheus/scrape.yaml.j2"),
    when: Target::goes_on,
};
