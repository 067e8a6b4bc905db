//! How often a machine makes a pass, where no flow names an interval.

use super::Target;

pub(super) const TARGET: Target = Target {
    path: "platform-integration.timer",
    template: include_str!("../../../resources/templates/scaffold/platform-integration.timer.j2"),
    when: Target::ends,
};
