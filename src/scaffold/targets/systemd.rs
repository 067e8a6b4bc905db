//! A unit for a machine without containers.

use super::Target;

pub(super) const TARGET: Target = Target {
    path: "platform-integration.service",
    template: include_str!("../../../resources/templates/scaffold/platform-integration.service.j2"),
    when: Target::always,
};
