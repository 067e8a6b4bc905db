//! An image that runs the contract as an ordinary user.

use super::Target;

pub(super) const TARGET: Target = Target {
    path: "Dockerfile",
    template: include_str!("../../../resources/templates/scaffold/Dockerfile.j2"),
    when: Target::always,
};
